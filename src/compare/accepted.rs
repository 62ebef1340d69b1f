//! What follows from the outcomes of all series together: accepted regressions, the latency of what fails, and which rules
//! and acceptances nothing needed.

use std::collections::BTreeSet;

use super::comparison::{
    Cause, Comparison, Doubt, Judgement, Outcome, UnmatchedRule, UnusedAcceptance,
};
use super::policy::{Origin, Policy, Severity, selects};
use super::rules::{self, Reach};
use crate::model::{MetricName, Series, Subject};
use crate::text::nearest::near_pattern;

/// The judgement with the outcomes that a sequence of looks came to, and with all that follows from an outcome:
/// acceptances, and the latency of subjects of which more requests fail.
pub fn with_outcomes(
    mut judgement: Judgement,
    outcome: impl Fn(&Comparison) -> Option<Outcome>,
    policy: &Policy,
    today: jiff::civil::Date,
) -> Judgement {
    let mut used = vec![false; policy.acceptances.len()];
    for comparison in &mut judgement.comparisons {
        if let Some(outcome) = outcome(comparison) {
            comparison.outcome = outcome;
        }
        comparison.accepted = None;
        comparison.severity = if comparison.gated {
            comparison.limits.severity
        } else {
            Severity::Off
        };
        accept(comparison, policy, today, &mut used);
    }
    leave_latency_of_failing_subjects(&mut judgement.comparisons);
    let seen: Vec<_> = judgement
        .comparisons
        .iter()
        .map(|c| c.series.clone())
        .collect();
    judgement.unused = acceptances(policy, today, &used, &seen).1;
    judgement
}

/// An accepted regression stays visible and no longer fails, sure or not. An acceptance is needed as long as a series
/// that it covers did worse, or could have.
pub(super) fn accept(
    c: &mut Comparison,
    policy: &Policy,
    today: jiff::civil::Date,
    used: &mut [bool],
) {
    let possible = c.outcome == Outcome::Inconclusive(Doubt::Possible);
    let open = matches!(c.outcome, Outcome::Regressed | Outcome::Inconclusive(_));
    if !open || !c.gated {
        return;
    }
    let Some(change) = c.change else { return };
    let worse_by = change.towards_worse(c.series.better) - 1.0;
    for (index, accepted) in rules::acceptances(policy, &c.series, today) {
        if let Some(slot) = used.get_mut(index) {
            *slot = true;
        }
        let covers = worse_by <= accepted.up_to && c.accepted.is_none();
        if covers && (c.outcome == Outcome::Regressed || possible && worse_by > 0.0) {
            c.accepted = Some(accepted);
            c.severity = c.severity.min(Severity::Warn);
        }
    }
}

/// Where more requests fail than before, the speed of the others says nothing.
pub(super) fn leave_latency_of_failing_subjects(comparisons: &mut [Comparison]) {
    let failing: BTreeSet<(usize, Subject)> = comparisons
        .iter()
        .filter(|c| c.gated && c.series.metric.as_str() == MetricName::ERRORS)
        .filter(|c| c.outcome == Outcome::Regressed)
        .map(|c| (c.workload, c.series.subject.clone()))
        .collect();
    for c in comparisons
        .iter_mut()
        .filter(|c| failing.contains(&(c.workload, c.series.subject.clone())))
    {
        let timed = [MetricName::LATENCY, MetricName::TIME].contains(&c.series.metric.as_str());
        if timed && c.baseline.is_some() && c.current.is_some() {
            c.outcome = Outcome::Incomparable;
            c.cause = Some(Cause::ErrorsRose);
            c.accepted = None;
            c.runs_needed = None;
            c.one_session_needed = false;
        }
    }
}

pub(super) fn acceptances(
    policy: &Policy,
    today: jiff::civil::Date,
    used: &[bool],
    seen: &[Series],
) -> (Vec<UnmatchedRule>, Vec<UnusedAcceptance>) {
    let mut unmatched = Vec::new();
    let mut unused = Vec::new();
    for (acceptance, used) in policy.acceptances.iter().zip(used) {
        let pattern = format!("{} {}", acceptance.subject, acceptance.metric);
        let matches = |s: &Series| selects(&acceptance.subject, &acceptance.metric, s, true);
        if !seen.iter().any(matches) {
            unmatched.push(UnmatchedRule {
                from: acceptance.from.clone(),
                pattern,
                nearest: None,
                kind: "accept",
            });
        } else if !used {
            let expired = acceptance.until < today;
            unused.push(UnusedAcceptance {
                acceptance: acceptance.clone(),
                expired,
            });
        }
    }
    (unmatched, unused)
}

pub(super) fn rules_without_series<'a>(
    policy: &'a Policy,
    reached: &'a [Reach],
) -> impl Iterator<Item = UnmatchedRule> + 'a {
    policy
        .rules
        .iter()
        .zip(reached)
        .filter(|(_, reach)| !reach.any)
        .map(|(rule, _)| {
            let pattern = format!("{} {}", rule.subject, rule.metric);
            UnmatchedRule {
                from: rule.from.clone(),
                pattern,
                nearest: None,
                kind: "rule",
            }
        })
}

/// Names of series that are to be judged alone, and are not there.
pub(super) fn names_without_series<'a>(
    policy: &'a Policy,
    seen: &'a [Series],
) -> impl Iterator<Item = UnmatchedRule> + 'a {
    let is_there = |name: &String| seen.iter().any(|series| series.to_string() == *name);
    let missing = policy.only.iter().filter(move |name| !is_there(name));
    missing.map(|name| UnmatchedRule {
        from: Origin::new("--only"),
        pattern: name.clone(),
        nearest: None,
        kind: "series",
    })
}

/// For as many as anybody reads: the search costs the number of series each.
pub(super) fn name_nearest(unmatched: &mut [UnmatchedRule], seen: &[Series]) {
    const READ: usize = 10;
    if unmatched.is_empty() {
        return;
    }
    let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
    for rule in unmatched.iter_mut().take(READ) {
        rule.nearest =
            near_pattern(&rule.pattern, names.iter().map(String::as_str)).map(str::to_owned);
    }
}
