//! How many observations a statistic needs before it can be judged.

use super::comparison::Cause;
use super::question::Question;
use crate::model::{Evidence, Measurement, MetricName, Run, Series, Statistic};

/// A median, a mean or a rate needs at least this many requests.
const FEWEST: u64 = 20;
/// What is said of the course of a run over time needs as many requests as ten medians.
const FEWEST_OF_COURSE: u64 = 200;

/// What the number of observations allows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Carried {
    Enough,
    /// The baseline had too few as well: shown, never judged.
    Never(Cause),
    /// The baseline had enough and the current runs have not: that is a finding of its own.
    NoLonger(Cause),
}

/// The least number holds for what load tools say of single requests: latencies, and the throughput of a subject whose
/// requests are counted. A benchmark's samples are repetitions inside one run, and there the run is the unit.
///
/// And whether the current runs hold enough, whatever the baseline holds.
pub(super) fn carried(question: &Question<'_>) -> (Carried, bool) {
    let Question {
        series,
        pair,
        layout,
        ..
    } = question;
    let Some(need) = needed(series) else {
        return (Carried::Enough, true);
    };
    let (baseline, current) = (
        observed(series, &pair.base, &layout.base),
        observed(series, &pair.current, &layout.current),
    );
    let short = |have: Option<u64>| have.filter(|have| *have < need);
    let too_few = |have| Cause::TooFewObservations { have, need };
    let carried = match (short(baseline), short(current)) {
        (None, None) => Carried::Enough,
        (None, Some(have)) if baseline.is_some() => Carried::NoLonger(too_few(have)),
        (None, Some(have)) | (Some(have), None) => Carried::Never(too_few(have)),
        (Some(before), Some(now)) => Carried::Never(too_few(before.min(now))),
    };
    (carried, short(current).is_none())
}

/// The observations of a typical run of one side, where they are counted.
fn observed(series: &Series, of_series: &[&Measurement], runs: &[&Run]) -> Option<u64> {
    let of_their_own = [
        MetricName::LATENCY,
        MetricName::FIRST_EVENT,
        MetricName::BETWEEN_EVENTS,
    ];
    if of_their_own.contains(&series.metric.as_str()) {
        typical(inside(of_series))
    } else {
        typical(runs.iter().filter_map(|run| counted(run, series)))
    }
}

fn needed(series: &Series) -> Option<u64> {
    match (series.metric.as_str(), series.statistic) {
        (
            MetricName::LATENCY | MetricName::FIRST_EVENT | MetricName::BETWEEN_EVENTS,
            Statistic::Quantile(q),
        ) => Some(q.needed_observations()),
        (MetricName::LATENCY, Statistic::Mean) | (MetricName::THROUGHPUT, _) => Some(FEWEST),
        (
            MetricName::LATENCY_TREND | MetricName::STEP | MetricName::ERRORS_TREND,
            Statistic::Value,
        ) => Some(FEWEST_OF_COURSE),
        _ => None,
    }
}

fn inside<'a>(side: &'a [&Measurement]) -> impl Iterator<Item = u64> + 'a {
    side.iter().filter_map(|m| m.evidence.observations())
}

/// The requests of the subject in one run, where the run counts them.
fn counted(run: &Run, series: &Series) -> Option<u64> {
    let metrics = run.subjects.get(&series.subject)?;
    let of = |metric: &str| match &metrics.get(metric)?.evidence {
        Evidence::Estimate(_) | Evidence::Value(_) => None,
        evidence => evidence.observations(),
    };
    of(MetricName::LATENCY).max(of(MetricName::ERRORS))
}

fn typical(counts: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts: Vec<u64> = counts.collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}
