//! The evidence of a run under its new names.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::Decision;
use super::template::masked;
use super::{Merged, Settled, Sides, endpoints};
use crate::model::evidence::{Distribution, Proportion, Samples};
use crate::model::joined::{self, Summary, Weighted};
use crate::model::run::Metrics;
use crate::model::unsettled::{Counts, Reasons, Remarks};
use crate::model::{Evidence, Measurement, MetricName, Quantile, Run, Subject, Unsettled};

/// How many observations of a metric each name had in the baseline, where both sides have the name.
#[derive(Debug, Default)]
pub(super) struct Weights {
    of: BTreeMap<(Subject, MetricName), BTreeMap<Subject, u64>>,
}

impl Weights {
    pub(super) fn of(
        sides: &Sides<'_>,
        decision: &Decision,
        named_by_tool: &dyn Fn(&Run) -> bool,
    ) -> Self {
        let counted = |runs: &[&mut Run]| {
            let mut counted: BTreeMap<(Subject, MetricName), BTreeMap<Subject, u64>> =
                BTreeMap::new();
            for run in runs.iter().filter(|run| named_by_tool(run)) {
                for subject in endpoints(run) {
                    let name = decision.name(subject);
                    for (metric, measured) in run.subjects.get(subject).into_iter().flatten() {
                        let n = measured.evidence.observations().unwrap_or(0);
                        *counted
                            .entry((name.clone(), metric.clone()))
                            .or_default()
                            .entry(subject.clone())
                            .or_default() += n;
                    }
                }
            }
            counted
        };
        let current = counted(&sides.current);
        let mut of = counted(&sides.baseline);
        of.retain(|(name, metric), shares| {
            // A stored run that holds the endpoint itself does not tell what it was made of.
            if shares.contains_key(name) {
                return false;
            }
            let there = current.get(&(name.clone(), metric.clone()));
            shares.retain(|subject, n| {
                *n > 0 && there.is_some_and(|there| there.contains_key(subject))
            });
            shares.len() > 1
        });
        Self { of }
    }

    /// How much each observation of each part counts.
    fn each(&self, name: &Subject, metric: &MetricName, parts: &[Part<'_>]) -> Vec<f64> {
        let Some(shares) = self.of.get(&(name.clone(), metric.clone())) else {
            return vec![1.0; parts.len()];
        };
        let share = |part: &Part<'_>| shares.get(part.subject).copied();
        let n = |part: &Part<'_>| part.measured.evidence.observations().unwrap_or(0);
        let shared = || parts.iter().filter(|part| share(part).is_some());
        let in_run: u64 = shared().map(n).sum();
        let in_baseline: u64 = shared().filter_map(share).sum();
        let weight = |part: &Part<'_>| {
            let Some(share) = share(part).filter(|_| n(part) > 0) else {
                return 1.0;
            };
            // Exactly one where the shares are equal.
            float(u128::from(share) * u128::from(in_run))
                / float(u128::from(n(part)) * u128::from(in_baseline))
        };
        parts.iter().map(weight).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more digits")]
fn float(n: u128) -> f64 {
    n as f64
}

/// One metric of one of the subjects that are put together.
#[derive(Clone, Copy)]
struct Part<'a> {
    subject: &'a Subject,
    measured: &'a Measurement,
    counts: Option<&'a Counts>,
}

pub(super) fn rename(run: &mut Run, decision: &Decision, weights: &Weights, settled: &mut Settled) {
    let details = run.unsettled.take().unwrap_or_default();
    let mut groups: BTreeMap<&Subject, Vec<&Subject>> = BTreeMap::new();
    for subject in endpoints(run) {
        let group = groups.entry(decision.name(subject)).or_default();
        group.push(subject);
    }
    if groups
        .iter()
        .all(|(name, members)| members.as_slice() == [*name])
    {
        return;
    }
    let mut subjects = BTreeMap::new();
    for (name, members) in groups {
        let metrics = match members.as_slice() {
            [one] => run.subjects.get(*one).cloned().unwrap_or_default(),
            several => {
                let endpoint = Endpoint {
                    name,
                    run,
                    members: several,
                    details: &details,
                    weights,
                };
                let merged = settled.merged.entry(name.clone()).or_default();
                endpoint.metrics(merged)
            }
        };
        if !metrics.is_empty() {
            subjects.insert(name.clone(), metrics);
        }
    }
    let endpoints: BTreeSet<Subject> = endpoints(run).cloned().collect();
    // The sums over all keep their names.
    run.subjects
        .retain(|subject, _| !endpoints.contains(subject));
    run.subjects.append(&mut subjects);
    retell(run, &details.remarks, decision);
}

/// Several subjects of a run that become one.
struct Endpoint<'a> {
    name: &'a Subject,
    run: &'a Run,
    members: &'a [&'a Subject],
    details: &'a Unsettled,
    weights: &'a Weights,
}

impl Endpoint<'_> {
    fn metrics(&self, merged: &mut Merged) -> Metrics {
        let each = || {
            self.members
                .iter()
                .filter_map(|m| self.run.subjects.get(*m))
        };
        let metrics: BTreeSet<&MetricName> = each().flat_map(|of| of.keys()).collect();
        let mut all = Metrics::default();
        for metric in metrics {
            let parts = self.parts(metric);
            let Some(first) = parts.first().map(|part| part.measured) else {
                continue;
            };
            let alike = |part: &Part<'_>| {
                (&part.measured.unit, part.measured.better) == (&first.unit, first.better)
            };
            let joined = if parts.iter().all(alike) {
                self.joined(metric, first, &parts)
            } else {
                None
            };
            let Some(joined) = joined else {
                merged.left_out.insert(metric.to_string());
                continue;
            };
            if !joined.percentiles {
                let lost = merged.without_percentiles.entry(metric.to_string());
                lost.or_default().extend(percentiles(&parts));
            }
            let measured = Measurement {
                evidence: joined.evidence,
                ..first.clone()
            };
            all.insert(metric.clone(), measured);
        }
        all
    }

    fn parts(&self, metric: &MetricName) -> Vec<Part<'_>> {
        let latency = metric.as_str() == MetricName::LATENCY;
        let parts = self.members.iter().filter_map(|subject| {
            Some(Part {
                subject,
                measured: self.run.subjects.get(*subject)?.get(metric)?,
                counts: self.details.counts.get(*subject).filter(|_| latency),
            })
        });
        parts.collect()
    }

    fn joined(
        &self,
        metric: &MetricName,
        first: &Measurement,
        parts: &[Part<'_>],
    ) -> Option<Joined> {
        let weights = self.weights.each(self.name, metric, parts);
        match &first.evidence {
            Evidence::Proportion(_) => {
                let mut shares = all(parts, |e| match e {
                    Evidence::Proportion(share) => Some(*share),
                    _ => None,
                })?;
                shares.extend(self.without(metric));
                whole(joined::proportions(shares.into_iter()))
            }
            Evidence::Value(_) => {
                let values = all(parts, |e| match e {
                    Evidence::Value(value) => Some(*value),
                    _ => None,
                })?;
                // Rates over one time add up; of another single number nobody knows what it stands for.
                let is_rate = first.unit.as_str().ends_with("/s");
                is_rate.then(|| whole(Evidence::value(values.into_iter().sum())))?
            }
            Evidence::Histogram(_) => all(parts, |e| match e {
                Evidence::Histogram(one) => Some(&**one),
                _ => None,
            })
            .and_then(|all| {
                whole(joined::histograms(&weighted::<Distribution>(
                    &all, &weights,
                )))
            })
            .or_else(|| summary(parts, &weights)),
            Evidence::Samples(_) => all(parts, |e| match e {
                Evidence::Samples(one) => Some(one),
                _ => None,
            })
            .and_then(|all| whole(joined::samples(&weighted::<Samples>(&all, &weights))))
            .or_else(|| summary(parts, &weights)),
            Evidence::Quantiles(_) => counted(parts, &weights).or_else(|| summary(parts, &weights)),
            Evidence::Estimate(_) => None,
        }
    }

    /// A kind of error that a subject does not mention did not occur among its requests.
    fn without(&self, metric: &MetricName) -> Vec<Proportion> {
        if !metric.as_str().starts_with("errors_") {
            return Vec::new();
        }
        let without = self.members.iter().filter_map(|subject| {
            let metrics = self.run.subjects.get(*subject)?;
            let errors = metrics.get(MetricName::ERRORS)?;
            match &errors.evidence {
                Evidence::Proportion(share) if !metrics.contains_key(metric) => Some(share.none()),
                _ => None,
            }
        });
        without.collect()
    }
}

/// The evidence of all parts, and whether it still tells percentiles where those of one did.
struct Joined {
    evidence: Evidence,
    percentiles: bool,
}

fn whole<E>(evidence: Result<Evidence, E>) -> Option<Joined> {
    Some(Joined {
        evidence: evidence.ok()?,
        percentiles: true,
    })
}

/// What `kind` takes of each part; `None` where it does not take one.
fn all<'a, T>(parts: &[Part<'a>], kind: impl Fn(&'a Evidence) -> Option<T>) -> Option<Vec<T>> {
    let each = parts.iter().map(|part| kind(&part.measured.evidence));
    each.collect()
}

fn weighted<'a, T>(pieces: &[&'a T], weights: &[f64]) -> Vec<Weighted<'a, T>> {
    let pairs = pieces.iter().zip(weights);
    pairs
        .map(|(piece, weight)| Weighted {
            piece: *piece,
            weight: *weight,
        })
        .collect()
}

/// Percentiles of which the tool gives the counts behind them.
fn counted(parts: &[Part<'_>], weights: &[f64]) -> Option<Joined> {
    let counts: Option<Vec<&Counts>> = parts.iter().map(|part| part.counts).collect();
    let counts = joined::counts(&weighted::<Counts>(&counts?, weights));
    let points = percentiles(parts)
        .into_iter()
        .filter_map(|quantile| Some((quantile, counts.percentile(quantile.fraction())?)));
    let of_all = summary_of(parts, weights)?;
    whole(Evidence::quantiles(points, of_all.n, of_all.moments))
}

/// The percentiles that any of the parts tells.
fn percentiles(parts: &[Part<'_>]) -> BTreeSet<Quantile> {
    let of = |part: &Part<'_>| match &part.measured.evidence {
        Evidence::Quantiles(quantiles) => quantiles.points().keys().copied().collect(),
        Evidence::Samples(_) | Evidence::Histogram(_) => Quantile::USUAL.to_vec(),
        Evidence::Estimate(_) | Evidence::Proportion(_) | Evidence::Value(_) => Vec::new(),
    };
    parts.iter().flat_map(of).collect()
}

/// What is left where the percentiles of each name are all that is known: the mean, and the extremes.
fn summary(parts: &[Part<'_>], weights: &[f64]) -> Option<Joined> {
    let of_all = summary_of(parts, weights)?;
    Some(Joined {
        evidence: Evidence::quantiles([], of_all.n, of_all.moments).ok()?,
        percentiles: false,
    })
}

fn summary_of(parts: &[Part<'_>], weights: &[f64]) -> Option<Summary> {
    let summaries = all(parts, Summary::of)?;
    let pieces: Vec<&Summary> = summaries.iter().collect();
    Some(joined::summaries(&weighted::<Summary>(&pieces, weights)))
}

/// Where one side has lost the percentiles of an endpoint, neither is asked for them: the mean of both stands in.
/// They stay where every current run and a run of the baseline tell them.
pub fn level(sides: &mut Sides<'_>, settled: &Settled) {
    for (name, merged) in &settled.merged {
        for (metric, lost) in &merged.without_percentiles {
            let held = |runs: &[&mut Run]| -> Vec<bool> {
                let measured = runs.iter().filter_map(|run| found(run, name, metric));
                measured.map(|m| tells_percentiles(&m.evidence)).collect()
            };
            let (before, now) = (held(&sides.baseline), held(&sides.current));
            if before.contains(&true) && !now.contains(&false) {
                continue;
            }
            for run in sides.runs_mut() {
                let measured = run.subjects.get_mut(name);
                if let Some(measured) = measured.and_then(|m| m.get_mut(metric.as_str()))
                    && let Some(all) = Summary::of(&measured.evidence)
                    && let Ok(evidence) = Evidence::without_percentiles(
                        all.n,
                        all.moments,
                        lost.iter().copied().collect(),
                    )
                {
                    measured.evidence = evidence;
                }
            }
        }
    }
}

fn found<'r>(run: &'r Run, name: &Subject, metric: &str) -> Option<&'r Measurement> {
    run.subjects.get(name)?.get(metric)
}

fn tells_percentiles(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Quantiles(quantiles) => !quantiles.points().is_empty(),
        Evidence::Samples(_) | Evidence::Histogram(_) => true,
        Evidence::Estimate(_) | Evidence::Proportion(_) | Evidence::Value(_) => false,
    }
}

/// The sentences of a run about its subjects, with their names and numbers of now.
fn retell(run: &mut Run, remarks: &Remarks, decision: &Decision) {
    let before: BTreeSet<String> = remarks.sentences().into_iter().collect();
    let (mut kept, mut at) = (Vec::new(), None);
    for warning in std::mem::take(&mut run.warnings) {
        if before.contains(&warning) {
            at.get_or_insert(kept.len());
        } else {
            kept.push(warning);
        }
    }
    let now = renamed(remarks, decision, &run.subjects).sentences();
    let at = at.unwrap_or(kept.len());
    kept.splice(at..at, now);
    run.warnings = kept;
}

fn renamed(remarks: &Remarks, decision: &Decision, there: &BTreeMap<Subject, Metrics>) -> Remarks {
    let mut now = Remarks {
        reasons: reasons(&remarks.reasons, decision),
        ..Remarks::default()
    };
    for (subject, (failed, of)) in &remarks.failed_in_latency {
        let name = decision.name(subject).clone();
        let sums = now.failed_in_latency.entry(name).or_default();
        *sums = (sums.0.saturating_add(*failed), sums.1.saturating_add(*of));
    }
    for (subject, n) in &remarks.untimed {
        let name = decision.name(subject).clone();
        let is_timed = |metrics: &Metrics| metrics.contains_key(MetricName::LATENCY);
        if !there.get(&name).is_some_and(is_timed) {
            let sum = now.untimed.entry(name).or_default();
            *sum = sum.saturating_add(*n);
        }
    }
    let idle = remarks.idle.iter().map(|subject| decision.name(subject));
    now.idle = idle
        .filter(|name| !there.contains_key(*name))
        .cloned()
        .collect();
    now
}

fn reasons(before: &Reasons, decision: &Decision) -> Reasons {
    let mut now = Reasons {
        file: before.file.clone(),
        ..Reasons::default()
    };
    for (subject, failures) in &before.failures {
        let sum = now
            .failures
            .entry(decision.name(subject).clone())
            .or_default();
        *sum = sum.saturating_add(*failures);
    }
    for (subject, messages) in &before.of {
        let name = decision.name(subject);
        let of = now.of.entry(name.clone()).or_default();
        for (message, times) in messages {
            let message = if name == subject {
                message.clone()
            } else {
                masked(message)
            };
            let sum = of.entry(message).or_default();
            *sum = sum.saturating_add(*times);
        }
    }
    now
}
