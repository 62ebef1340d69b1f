//! Finds every series on both sides and says why a pair cannot be compared.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Cause;
use super::sittings::Layout;
use crate::model::{
    Better, Evidence, Measurement, MetricName, Quantile, Role, Run, Statistic, Subject, Unit,
};

/// One metric of one subject, as the runs of both sides hold it.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub subject: Subject,
    pub metric: MetricName,
    pub base: Vec<&'a Measurement>,
    pub current: Vec<&'a Measurement>,
    /// Per earlier sitting.
    pub history: Vec<Vec<&'a Measurement>>,
}

impl<'a> Pair<'a> {
    /// The measurement that says unit, direction and role: the newest of the current side, else of the base.
    pub fn sample(&self) -> Option<&'a Measurement> {
        self.current.last().or(self.base.last()).copied()
    }

    /// All statistics that one of the sides carries.
    pub fn statistics(&self) -> BTreeSet<Statistic> {
        let typical = self.metric.as_str() == MetricName::TIME;
        let of = |m: &&Measurement| {
            let statistics = m.evidence.statistics();
            // An estimate or a single figure of a time is that of its typical case.
            if typical && statistics == [Statistic::Value] {
                vec![Statistic::Quantile(Quantile::P50)]
            } else {
                statistics
            }
        };
        self.base.iter().chain(&self.current).flat_map(of).collect()
    }

    /// The percentiles of which only those of single names are known, on either side.
    pub fn percentiles_of_single_names(&self) -> BTreeSet<Statistic> {
        let of = |m: &&Measurement| match &m.evidence {
            Evidence::Quantiles(quantiles) => quantiles.of_single_names().to_vec(),
            _ => Vec::new(),
        };
        let all = self.base.iter().chain(&self.current).flat_map(of);
        let known = self.statistics();
        all.map(Statistic::Quantile)
            .filter(|statistic| !known.contains(statistic))
            .collect()
    }

    /// The mean stands in for the percentiles of a latency where a side tells none: those of several names that were
    /// put together, those of a history whose start was left out.
    pub fn mean_stands_in(&self, statistic: Statistic) -> bool {
        let tells = |m: &&Measurement| {
            let statistics = m.evidence.statistics();
            statistics
                .iter()
                .any(|s| matches!(s, Statistic::Quantile(_)))
        };
        let lacks = |side: &[&Measurement]| !side.is_empty() && !side.iter().any(tells);
        statistic == Statistic::Mean
            && self.metric.as_str() == MetricName::LATENCY
            && (lacks(&self.base) || lacks(&self.current))
    }

    pub fn role(&self) -> Role {
        self.base
            .iter()
            .chain(&self.current)
            .map(|m| m.role)
            .max()
            .unwrap_or_default()
    }

    /// Why the two sides are not the same thing.
    pub fn mismatch(&self) -> Option<Cause> {
        let (base, current) = (self.base.last()?, self.current.last()?);
        if base.better != current.better {
            return Some(Cause::DirectionsDiffer {
                baseline: base.better,
                current: current.better,
            });
        }
        if base.unit.factor_to(&current.unit).is_none() {
            return Some(Cause::UnitsDiffer {
                baseline: base.unit.clone(),
                current: current.unit.clone(),
            });
        }
        let counts = |m: &Measurement| matches!(m.evidence, Evidence::Proportion(_));
        (counts(base) != counts(current)).then(|| Cause::KindsDiffer {
            baseline: base.evidence.kind(),
            current: current.evidence.kind(),
        })
    }

    /// The direction that the tool gave, and the unit of the current side.
    pub fn direction_and_unit(&self) -> (Better, Unit) {
        self.sample().map_or((Better::Lower, Unit::none()), |m| {
            (m.better, m.unit.clone())
        })
    }
}

/// All pairs, in the order of their names.
pub(super) fn pairs<'a>(layout: &Layout<'a>) -> Vec<Pair<'a>> {
    let mut found: BTreeMap<(&Subject, &MetricName), Pair<'a>> = BTreeMap::new();
    let mut collect = |run: &'a Run, put: &dyn Fn(&mut Pair<'a>, &'a Measurement), known: bool| {
        for (subject, metrics) in &run.subjects {
            for (metric, measurement) in metrics {
                if known {
                    if let Some(pair) = found.get_mut(&(subject, metric)) {
                        put(pair, measurement);
                    }
                    continue;
                }
                let pair = found.entry((subject, metric)).or_insert_with(|| Pair {
                    subject: subject.clone(),
                    metric: metric.clone(),
                    base: Vec::new(),
                    current: Vec::new(),
                    history: vec![Vec::new(); layout.history.len()],
                });
                put(pair, measurement);
            }
        }
    };
    for run in &layout.base {
        collect(run, &|pair, m| pair.base.push(m), false);
    }
    for run in &layout.current {
        collect(run, &|pair, m| pair.current.push(m), false);
    }
    for (index, sitting) in layout.history.iter().enumerate() {
        for run in &sitting.runs {
            // A series that only the history knows is gone for good, not missing today.
            collect(
                run,
                &|pair, m| {
                    if let Some(slot) = pair.history.get_mut(index) {
                        slot.push(m);
                    }
                },
                true,
            );
        }
    }
    found.into_values().collect()
}

/// A reason that holds for every series: the sides come from different tools or workloads.
pub(super) fn provenance_mismatch(layout: &Layout<'_>) -> Option<Cause> {
    let (base, current) = (layout.base.last()?, layout.current.last()?);
    let tool = |run: &Run| run.provenance.tool.as_ref().map(|t| t.name.clone());
    if let (Some(baseline), Some(current)) = (tool(base), tool(current))
        && baseline != current
    {
        return Some(Cause::ToolsDiffer { baseline, current });
    }
    let scenario = |run: &Run| run.provenance.scenario.clone();
    if let (Some(baseline), Some(current)) = (scenario(base), scenario(current))
        && baseline != current
    {
        return Some(Cause::ScenariosDiffer { baseline, current });
    }
    None
}
