//! Which throughput of a load run is judged: once a run, for the rate of each subject follows how often it is asked for.

use std::collections::BTreeSet;

use super::pairs::Pair;
use crate::model::{MetricName, Role, Subject};

/// The tool's own total is judged where there is one, and the rates of its parts are shown. One that falls to nothing
/// is a finding all the same.
pub(super) fn choose(pairs: &mut [Pair<'_>]) {
    let requested: BTreeSet<Subject> = pairs
        .iter()
        .filter(|pair| [MetricName::LATENCY, MetricName::ERRORS].contains(&pair.metric.as_str()))
        .map(|pair| pair.subject.clone())
        .collect();
    let of_load = |pair: &Pair<'_>| {
        pair.metric.as_str() == MetricName::THROUGHPUT && requested.contains(&pair.subject)
    };
    let is_total = |pair: &Pair<'_>| {
        let both = !pair.base.is_empty() && !pair.current.is_empty();
        of_load(pair) && pair.role() == Role::Total && both
    };
    let totals = pairs.iter().filter(|pair| is_total(pair)).count();
    if totals != 1 {
        return;
    }
    for pair in pairs.iter_mut().filter(|pair| of_load(pair)) {
        match pair.role() {
            Role::Total => pair.judged_as = Some(Role::Outcome),
            Role::Outcome => pair.judged_as = Some(Role::Fixed),
            Role::Fixed | Role::Covariate => {}
        }
    }
}
