//! Runs of a machine that the baseline does not know, held against those of another machine because the policy asks
//! for it. What moved may be the machine: a regression is at most possible.

use super::comparison::{Doubt, Outcome};
use super::layout::Layout;
use super::outcome::Decision;
use super::pairs::Pair;
use super::readings::values;
use super::scale::Scale;
use crate::model::{Measurement, Series};
use crate::stats::order;

/// Two machines of which nothing is known may differ by as much.
const LEAST_NOISE: f64 = 0.25;

/// How far machines differ in this series, as a logarithm: the widest difference that the baseline knows.
pub(super) fn noise(series: &Series, pair: &Pair<'_>, layout: &Layout<'_>) -> f64 {
    let mut centres = Vec::new();
    for workload in &layout.elsewhere {
        let measured: Vec<&Measurement> = workload
            .reference()
            .base
            .iter()
            .filter_map(|run| run.subjects.get(&pair.subject)?.get(&pair.metric))
            .collect();
        let logs: Vec<f64> = values(&measured, series)
            .into_iter()
            .filter(|value| *value > 0.0)
            .map(|value| Scale::Log.level(series, value))
            .collect();
        centres.extend(order::median(&logs));
    }
    let most = centres.iter().copied().reduce(f64::max);
    let least = centres.iter().copied().reduce(f64::min);
    let widest = most.zip(least).map_or(0.0, |(most, least)| most - least);
    widest.max(LEAST_NOISE.ln_1p())
}

/// What is left of a decision where `noise` may be the machine's. `shift` and `limit` are logarithms towards worse.
pub(super) fn eased(decision: Decision, shift: Option<f64>, noise: f64, limit: f64) -> Decision {
    let Some(shift) = shift else {
        return Decision {
            outcome: match decision.outcome {
                Outcome::Regressed => Outcome::Inconclusive(Doubt::Possible),
                Outcome::Improved => Outcome::Inconclusive(Doubt::NoSignal),
                other => other,
            },
            ..decision
        };
    };
    let outcome = if shift > noise.max(limit) {
        Outcome::Inconclusive(Doubt::Possible)
    } else if shift + noise < limit {
        Outcome::Unchanged
    } else {
        Outcome::Inconclusive(Doubt::NoSignal)
    };
    Decision {
        outcome,
        cause: None,
        detectable: Some((noise + limit).exp_m1()),
        // More runs on this machine do not say what the other one does.
        needed: None,
    }
}
