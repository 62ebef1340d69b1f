//! What else moved where something regressed: a likely cause. Nothing here changes an outcome.
//!
//! Covariates are compared as all series are, with an error allowance of their own, so that what is named is certain.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::{Change, Comparison, Judgement, Outcome};
use super::policy::{Decide, Limits, Origin, Severity};
use crate::model::{MetricName, Series, Statistic, Subject, Unit};

/// What moved by less explains no regression that anybody asks about.
const LEAST: f64 = 0.05;
/// What is divided by the requests holds a part of those that were under way when counting began and ended, and of a slower
/// service they are a larger share.
const LEAST_PER_REQUEST: f64 = 0.10;
/// What is counted for a request changes by whole ones.
const LEAST_COUNT: f64 = 0.25;
/// A reader takes in no more, and the first of them are the largest.
const MOST: usize = 12;
/// Metrics that other roles have and that explain as well: their names and units.
const EXPLAINING: [(&str, &str); 4] = [
    ("response_size", "B"),
    ("cpu_time", "s"),
    ("system_time", "s"),
    ("page_faults", ""),
];
/// Where the time of a request went, which is no cause by itself.
const PHASES: [&str; 3] = ["connect", "first_byte", "body"];
const CPU: &str = "cpu_per_request";
const RUN_DELAY: &str = "run_delay";
/// What comes with any request that takes longer: it tells more of how than of why.
const SIGNS: [&str; 3] = [RUN_DELAY, "context_switches", "page_faults"];
const COUNTED: &str = "_per_request";

/// What moved together with the regressions of one workload.
#[derive(Clone, Debug, PartialEq)]
pub struct LikelyCauses {
    pub workload: usize,
    /// First what the latency rose by itself, then the largest; where the time of a request went comes last.
    pub moved: Vec<Moved>,
    /// The latency of a request rose by more than twice what the service worked longer for it, and by a larger share: it
    /// waits.
    pub waits: bool,
    /// So many things were looked at.
    pub compared: usize,
}

/// One thing that is certainly not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    pub subject: String,
    pub metric: String,
    pub unit: String,
    pub baseline: f64,
    pub current: f64,
    /// `null` from or to zero.
    pub change: Option<Change>,
}

/// What a covariate has to exceed to be named.
pub(super) fn limits(series: &Series) -> Limits {
    Limits {
        max_regression: match series.unit.as_str() {
            "/req" => LEAST_COUNT,
            unit if unit.ends_with("/req") => LEAST_PER_REQUEST,
            _ => LEAST,
        },
        severity: Severity::Off,
        decide: Decide::Certain,
        from: Origin::new("a likely cause"),
        ..Limits::default()
    }
}

/// For each workload in which something regressed, what else is certainly not what it was.
pub fn likely_causes(judgement: &Judgement) -> Vec<LikelyCauses> {
    let regressed = |c: &&Comparison| c.gated && c.outcome == Outcome::Regressed;
    let targets: Vec<&Comparison> = judgement.comparisons.iter().filter(regressed).collect();
    let workloads: BTreeSet<usize> = targets.iter().map(|c| c.workload).collect();
    let causes = workloads.into_iter().map(|workload| {
        let of_it = |c: &&Comparison| c.workload == workload;
        let targets: Vec<&Comparison> = targets.iter().copied().filter(of_it).collect();
        of_workload(judgement, workload, &targets)
    });
    causes
        .filter(|causes| causes.waits || !causes.moved.is_empty())
        .collect()
}

fn of_workload(judgement: &Judgement, workload: usize, targets: &[&Comparison]) -> LikelyCauses {
    let loaded: BTreeSet<&Subject> = judgement
        .comparisons
        .iter()
        .filter(|c| [MetricName::LATENCY, MetricName::TIME].contains(&c.series.metric.as_str()))
        .map(|c| &c.series.subject)
        .collect();
    let is_target = |c: &Comparison| targets.iter().any(|t| t.series.subject == c.series.subject);
    // The same once more is no cause of it.
    let only_cpu = targets.iter().all(|t| t.series.metric.as_str() == "cpu");
    let itself = |c: &Comparison| targets.iter().any(|target| target.series == c.series);
    let others = judgement
        .comparisons
        .iter()
        .filter(|c| explains(c) && !itself(c));
    // Where the service itself is what regressed, any of its endpoints may be why.
    let of_the_whole = !targets.iter().any(|t| loaded.contains(&t.series.subject));
    let candidates: Vec<&Comparison> = judgement
        .covariates
        .iter()
        .chain(others)
        .filter(|c| c.workload == workload)
        .filter(|c| !only_cpu || c.series.metric.as_str() != CPU)
        // What an endpoint did explains that endpoint, what the service did explains all of them.
        .filter(|c| is_target(c) || of_the_whole || !loaded.contains(&c.series.subject))
        .collect();
    let mut certain: Vec<&Comparison> = candidates.iter().copied().filter(|c| moved(c)).collect();
    let latency = least_rise(targets);
    certain.sort_by(|a, b| {
        let by_size = || size(b).total_cmp(&size(a));
        let by_name = || a.series.cmp(&b.series);
        Rank::of(a, latency)
            .cmp(&Rank::of(b, latency))
            .then_with(by_size)
            .then_with(by_name)
    });
    let cpu = |c: &&&Comparison| c.series.metric.as_str() == CPU;
    let waits = candidates.iter().any(|c| cpu(&c))
        && candidates
            .iter()
            .filter(cpu)
            .all(|c| is_too_little(c, latency, targets));
    LikelyCauses {
        workload,
        moved: certain
            .into_iter()
            .take(MOST)
            .filter_map(Moved::of)
            .collect(),
        waits,
        compared: candidates.len(),
    }
}

fn explains(c: &Comparison) -> bool {
    let known = (c.series.metric.as_str(), c.series.unit.as_str());
    let typical = matches!(c.series.statistic, Statistic::Value);
    typical && EXPLAINING.contains(&known)
}

/// More than before, certainly; of a counter of the service also less: a cache that is not hit any more.
fn moved(c: &Comparison) -> bool {
    let counter = c.series.metric.as_str() != CPU && c.series.metric.as_str().ends_with(COUNTED);
    match c.outcome {
        Outcome::Regressed => true,
        Outcome::Improved => counter,
        _ => false,
    }
}

/// How large the change is, whichever way; from or to zero it is larger than any other.
fn size(c: &Comparison) -> f64 {
    c.change
        .map_or(f64::INFINITY, |change| change.ratio.ln().abs())
}

/// What is named before what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Time of the service itself that is at least half of what the latency rose by.
    Explains,
    /// What the service did, or did more often.
    Did,
    Sign,
    Phase,
}

impl Rank {
    fn of(c: &Comparison, latency: Option<f64>) -> Self {
        let metric = c.series.metric.as_str();
        let half = latency.map(|latency| latency / 2.0);
        let is_time = [CPU, RUN_DELAY].contains(&metric);
        if is_time && rise(c).zip(half).is_some_and(|(rise, half)| rise >= half) {
            Self::Explains
        } else if PHASES.contains(&metric) {
            Self::Phase
        } else if SIGNS.contains(&metric) {
            Self::Sign
        } else {
            Self::Did
        }
    }
}

/// By how many milliseconds it rose, for a request where it is of one.
fn rise(c: &Comparison) -> Option<f64> {
    let unit = c.series.unit.as_str();
    let unit = Unit::new(unit.strip_suffix("/req").unwrap_or(unit));
    let factor = unit.factor_to(&Unit::new("ms"))?;
    Some((c.current.as_ref()?.value - c.baseline.as_ref()?.value) * factor)
}

/// By how many milliseconds the latency rose, at the least.
fn least_rise(targets: &[&Comparison]) -> Option<f64> {
    latencies(targets).filter_map(rise).reduce(f64::min)
}

fn latencies<'c>(targets: &[&'c Comparison]) -> impl Iterator<Item = &'c Comparison> {
    let all = targets.iter().copied();
    all.filter(|c| c.series.metric.as_str() == MetricName::LATENCY)
}

/// Whether the processor time of a request rose by less than half of what its latency did, at the most, and by a smaller
/// factor: where requests queue for a processor, each waits for the time of several.
fn is_too_little(cpu: &Comparison, latency: Option<f64>, targets: &[&Comparison]) -> bool {
    let at_most = cpu.change.zip(cpu.baseline.as_ref());
    let Some(((change, base), latency)) = at_most.zip(latency) else {
        return false;
    };
    let is_smaller = latencies(targets)
        .filter_map(|c| c.change)
        .all(|latency| change.ratio < latency.ratio);
    // Its unit is milliseconds a request.
    let most = change.high().map(|high| base.value * (high - 1.0));
    is_smaller && most.is_some_and(|most| most < latency / 2.0)
}

impl Moved {
    fn of(c: &Comparison) -> Option<Self> {
        Some(Self {
            subject: c.series.subject.to_string(),
            metric: c.series.metric.to_string(),
            unit: c.series.unit.to_string(),
            baseline: c.baseline.as_ref()?.value,
            current: c.current.as_ref()?.value,
            change: c.change.filter(|change| change.ratio.is_finite()),
        })
    }
}
