//! Finds every series on both sides and says why a pair cannot be compared.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::{Cause, LeftOut};
use super::layout::Layout;
use crate::model::unit::Dimension;
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
    /// Per earlier session.
    pub history: Vec<Vec<&'a Measurement>>,
    /// Measurements that are not the same thing as the others, by side.
    pub left_out: Vec<LeftOut>,
    /// Another role than the one that the tool gave, beside the other metrics of the runs.
    pub judged_as: Option<Role>,
}

/// What measurements have to agree in to be of one thing: what the unit measures, which direction is better, whether
/// it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sort<'a> {
    unit: &'a str,
    higher: bool,
    counted: bool,
}

impl<'a> Sort<'a> {
    fn of(measurement: &'a Measurement) -> Self {
        Self {
            unit: match measurement.unit.dimension() {
                Dimension::Time(_) => "time",
                Dimension::Bytes(_) => "bytes",
                Dimension::Other => measurement.unit.as_str(),
            },
            higher: measurement.better == Better::Higher,
            counted: matches!(measurement.evidence, Evidence::Proportion(_)),
        }
    }

    /// The one that most of a side are of; of several such the first in their order.
    fn usual(side: &[&'a Measurement]) -> Option<Self> {
        let mut counts: BTreeMap<Self, usize> = BTreeMap::new();
        for measurement in side {
            *counts.entry(Self::of(measurement)).or_default() += 1;
        }
        let most = counts.values().copied().max()?;
        counts
            .into_iter()
            .find(|(_, count)| *count == most)
            .map(|(sort, _)| sort)
    }
}

impl<'a> Pair<'a> {
    /// The measurement that says unit and direction: one in the usual unit of the current side, else of the base.
    pub fn sample(&self) -> Option<&'a Measurement> {
        let side = if self.current.is_empty() {
            &self.base
        } else {
            &self.current
        };
        let first = side.first()?;
        if side
            .iter()
            .all(|measurement| measurement.unit == first.unit)
        {
            return Some(first);
        }
        let mut counts: BTreeMap<&Unit, (usize, &'a Measurement)> = BTreeMap::new();
        for measurement in side {
            counts
                .entry(&measurement.unit)
                .or_insert((0, measurement))
                .0 += 1;
        }
        let most = counts.values().map(|(count, _)| *count).max()?;
        counts
            .into_values()
            .find(|(count, _)| *count == most)
            .map(|(_, measurement)| measurement)
    }

    /// Leaves out the measurements of single runs that are not the same thing as the others: in another unit that
    /// does not convert, of the other direction, of another kind.
    fn leave_out_strangers(&mut self) {
        if self.are_all_alike() {
            return;
        }
        let Some(current) = Sort::usual(&self.current).or_else(|| Sort::usual(&self.base)) else {
            return;
        };
        let is_current = |m: &&Measurement| Sort::of(m) == current;
        let base = if self.base.iter().any(is_current) {
            Some(current.clone())
        } else {
            Sort::usual(&self.base)
        };
        let mut left_out = Vec::new();
        let sides = [
            (&mut self.base, base, true),
            (&mut self.current, Some(current.clone()), false),
        ];
        for (side, sort, of_baseline) in sides {
            let Some(sort) = sort else { continue };
            let of = side.len();
            let (kept, strangers): (Vec<&Measurement>, Vec<&Measurement>) =
                side.iter().copied().partition(|m| Sort::of(m) == sort);
            if let Some((stranger, usual)) = strangers.first().zip(kept.first()) {
                let (before, now) = if of_baseline {
                    (stranger, usual)
                } else {
                    (usual, stranger)
                };
                if let Some(because) = difference(before, now) {
                    left_out.push(LeftOut {
                        of_baseline,
                        runs: strangers.len(),
                        of,
                        because,
                    });
                }
            }
            *side = kept;
        }
        for session in &mut self.history {
            session.retain(|m| Sort::of(m) == current);
        }
        self.left_out = left_out;
    }

    /// What nearly every pair is.
    fn are_all_alike(&self) -> bool {
        let of_history = self.history.iter().flatten();
        let mut all = self.base.iter().chain(&self.current).chain(of_history);
        let Some(first) = all.next() else {
            return true;
        };
        let counted = |m: &Measurement| matches!(m.evidence, Evidence::Proportion(_));
        all.all(|m| {
            m.unit == first.unit && m.better == first.better && counted(m) == counted(first)
        })
    }

    /// All statistics that one of the sides carries, in their order.
    pub fn statistics(&self) -> Vec<Statistic> {
        let value = |m: &&Measurement| matches!(m.evidence, Evidence::Value(_));
        let only_values = self.base.iter().chain(&self.current).all(value);
        let typical = self.metric.as_str() == MetricName::TIME && !only_values;
        let mut all = Vec::new();
        let mut of_observations = false;
        for measurement in self.base.iter().chain(&self.current) {
            // Every run of observations carries the same.
            if matches!(
                measurement.evidence,
                Evidence::Samples(_) | Evidence::Histogram(_)
            ) && std::mem::replace(&mut of_observations, true)
            {
                continue;
            }
            let statistics = measurement.evidence.statistics();
            // An estimate of a time is that of its typical case, and so is a single figure beside samples of the other
            // side.
            if typical && statistics == [Statistic::Value] {
                all.push(Statistic::Quantile(Quantile::P50));
            } else {
                all.extend(statistics);
                all.extend(measurement.evidence.statistics_on_request());
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The percentiles of which only those of single names are known, on either side.
    pub fn percentiles_of_single_names(&self) -> BTreeSet<Statistic> {
        let of = |m: &&Measurement| match &m.evidence {
            Evidence::Quantiles(quantiles) => quantiles.of_single_names().to_vec(),
            _ => Vec::new(),
        };
        let all: Vec<Quantile> = self.base.iter().chain(&self.current).flat_map(of).collect();
        if all.is_empty() {
            return BTreeSet::new();
        }
        let known = self.statistics();
        all.into_iter()
            .map(Statistic::Quantile)
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
        if let Some(role) = self.judged_as {
            return role;
        }
        self.base
            .iter()
            .chain(&self.current)
            .map(|m| m.role)
            .max()
            .unwrap_or_default()
    }

    /// Why the two sides are not the same thing.
    pub fn mismatch(&self) -> Option<Cause> {
        difference(self.base.first()?, self.current.first()?)
    }

    /// The direction that the tool gave, and the unit of the current side.
    pub fn direction_and_unit(&self) -> (Better, Unit) {
        self.sample().map_or((Better::Lower, Unit::none()), |m| {
            (m.better, m.unit.clone())
        })
    }
}

/// Why two measurements are not of the same thing.
fn difference(base: &Measurement, current: &Measurement) -> Option<Cause> {
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
        baseline: base.evidence.kind().to_owned(),
        current: current.evidence.kind().to_owned(),
    })
}

/// A run with fewer subjects, of so many series that are known, is looked up one by one.
const WORTH_A_WALK: usize = 8;

/// All pairs, in the order of their names.
pub(super) fn pairs<'a>(layout: &Layout<'a>) -> Vec<Pair<'a>> {
    let mut found: BTreeMap<(&Subject, &MetricName), Pair<'a>> = BTreeMap::new();
    let mut collect = |run: &'a Run, put: &dyn Fn(&mut Pair<'a>, &'a Measurement), known: bool| {
        let all = run.subjects.iter().flat_map(|(subject, metrics)| {
            let each = metrics.iter();
            each.map(move |(metric, measurement)| ((subject, metric), measurement))
        });
        let mut new = Vec::new();
        if run.subjects.len() >= found.len() / WORTH_A_WALK {
            // Runs of one work hold the same series, and both are in order: one walk finds them all.
            let mut pairs = found.iter_mut().peekable();
            for (key, measurement) in all {
                while pairs.next_if(|(known, _)| **known < key).is_some() {}
                match pairs.next_if(|(known, _)| **known == key) {
                    Some((_, pair)) => put(pair, measurement),
                    None => new.push((key, measurement)),
                }
            }
        } else {
            for (key, measurement) in all {
                match found.get_mut(&key) {
                    Some(pair) => put(pair, measurement),
                    None => new.push((key, measurement)),
                }
            }
        }
        if known {
            return;
        }
        let pair = |((subject, metric), measurement): ((&'a Subject, &'a MetricName), _)| {
            let mut pair = Pair {
                subject: subject.clone(),
                metric: metric.clone(),
                base: Vec::new(),
                current: Vec::new(),
                history: vec![Vec::new(); layout.history.len()],
                left_out: Vec::new(),
                judged_as: None,
            };
            put(&mut pair, measurement);
            ((subject, metric), pair)
        };
        let new = new.into_iter().map(pair);
        // All at once they need no search.
        if found.is_empty() {
            found = new.collect();
        } else {
            found.extend(new);
        }
    };
    for run in &layout.base {
        collect(run, &|pair, m| pair.base.push(m), false);
    }
    for run in &layout.current {
        collect(run, &|pair, m| pair.current.push(m), false);
    }
    for (index, session) in layout.history.iter().enumerate() {
        for run in &session.runs {
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
    let mut pairs: Vec<Pair<'a>> = found.into_values().collect();
    for pair in &mut pairs {
        pair.leave_out_strangers();
    }
    pairs
}
