//! Controls: series that no change of the code can touch. Where one got slower, the machine did, and what else got
//! worse against the baseline may be the machine as well.

use std::collections::BTreeSet;

use super::comparison::{Cause, Comparison, ControlState, Doubt, Outcome, RefusedControl};
use super::policy::SeriesRole;
use crate::model::{Better, MetricName, Subject};

/// A change of the code has to be certain to be so many times as large as that of the control.
const TIMES_THE_CONTROL: f64 = 2.0;
/// What a load tool measures of a service: an endpoint of the service under test moves with the code.
const OF_REQUESTS: [&str; 3] = [
    MetricName::LATENCY,
    MetricName::ERRORS,
    MetricName::THROUGHPUT,
];
/// What is recorded of the service itself.
const OF_THE_SERVICE: [&str; 4] = ["cpu", "rss", "rss_peak", "outage"];

/// Says how each control moved, and takes back what the machine may have done. `in_turns` tells of each workload whether
/// both sides met the same machine.
pub(super) fn apply(comparisons: &mut [Comparison], in_turns: &[bool]) {
    let met_one_machine = |c: &Comparison| in_turns.get(c.workload).copied().unwrap_or(false);
    let mut slowest: Option<f64> = None;
    for c in comparisons.iter_mut().filter(|c| is_control(c)) {
        let state = state(c, met_one_machine(c));
        c.control = Some(state);
        if state == ControlState::Worse {
            let by = c.change.map_or(0.0, |change| worse(c, change.ratio) - 1.0);
            slowest = Some(slowest.map_or(by, |most: f64| most.max(by)));
        }
    }
    let Some(by) = slowest else { return };
    let taken_back = |c: &&mut Comparison| !is_control(c) && !met_one_machine(c);
    for c in comparisons.iter_mut().filter(taken_back) {
        let least = 1.0 + TIMES_THE_CONTROL * by;
        let errors = c.series.metric.as_str() == MetricName::ERRORS;
        let beyond = low(c).is_some_and(|low| low > least);
        if c.gated && c.outcome == Outcome::Regressed && !errors && !beyond {
            c.outcome = Outcome::Inconclusive(Doubt::Possible);
            c.cause = Some(Cause::ControlMoved { by });
        }
        let better = c.series.better;
        if let Some(drift) = c.drift.as_mut().filter(|drift| drift.broken) {
            let low = match better {
                Better::Lower => drift.change.low,
                Better::Higher => drift.change.high.recip(),
            };
            drift.broken = low > least;
        }
    }
}

fn is_control(c: &Comparison) -> bool {
    c.limits.role == SeriesRole::Control
}

/// Moved: the interval excludes no change, and the estimate is beyond the limit.
fn state(c: &Comparison, met_one_machine: bool) -> ControlState {
    match c.outcome {
        Outcome::Missing => return ControlState::Missing,
        Outcome::New | Outcome::Incomparable => return ControlState::NotCompared,
        _ if met_one_machine => return ControlState::Held,
        _ => {}
    }
    let (Some(change), Some(low), Some(high)) = (c.change, low(c), high(c)) else {
        return ControlState::Held;
    };
    let limit = 1.0 + c.limits.max_regression;
    let estimate = worse(c, change.ratio);
    if low > 1.0 && estimate > limit {
        ControlState::Worse
    } else if high < 1.0 && estimate < limit.recip() {
        ControlState::Better
    } else {
        ControlState::Held
    }
}

/// A ratio as times worse, whatever the direction.
fn worse(c: &Comparison, ratio: f64) -> f64 {
    match c.series.better {
        Better::Lower => ratio,
        Better::Higher => ratio.recip(),
    }
}

/// The lower end of the interval, as times worse.
fn low(c: &Comparison) -> Option<f64> {
    let change = c.change?;
    Some(match c.series.better {
        Better::Lower => change.low,
        Better::Higher => change.high.recip(),
    })
}

fn high(c: &Comparison) -> Option<f64> {
    let change = c.change?;
    Some(match c.series.better {
        Better::Lower => change.high,
        Better::Higher => change.low.recip(),
    })
}

/// Controls that the code under test can touch, as far as their names tell: what is recorded of the service, and
/// endpoints of a load that has other endpoints which are judged.
pub(super) fn refused(comparisons: &[Comparison]) -> Vec<RefusedControl> {
    let metric = |c: &Comparison, of: &[&str]| of.contains(&c.series.metric.as_str());
    let judged: BTreeSet<(usize, &Subject)> = comparisons
        .iter()
        .filter(|c| c.gated && metric(c, &OF_REQUESTS))
        .map(|c| (c.workload, &c.series.subject))
        .collect();
    let shares_a_service = |c: &Comparison| {
        let other =
            |judged: &(usize, &Subject)| judged.0 == c.workload && judged.1 != &c.series.subject;
        metric(c, &OF_REQUESTS) && judged.iter().any(other)
    };
    comparisons
        .iter()
        .filter(|c| is_control(c))
        .filter(|c| metric(c, &OF_THE_SERVICE) || shares_a_service(c))
        .map(|c| RefusedControl {
            from: c.limits.from.clone(),
            series: c.series.to_string(),
        })
        .collect()
}
