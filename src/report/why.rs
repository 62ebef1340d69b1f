//! The words of one comparison: what changed, by how much, and why it counts or does not.

use super::because::{because, beside};
use super::change::{amount, change, has_no_ratio, rates, relative, words};
use super::entry::Entry;
use super::sentence::Sentence;
use super::targets;
use super::units;
use crate::compare::{
    Accepted, Assumption, BudgetCheck, Change, Doubt, Drift, LeftOut, OutcomeName,
};

/// The whole of it in one sentence: `22.6 % slower (17 % to 28 %), limit 10 % and 2 ms`.
pub(super) fn why(entry: &Entry) -> Sentence {
    let mut parts = vec![judged(entry)];
    parts.extend(entry.cause.as_ref().map(|cause| because(entry, cause)));
    parts.extend(others(entry));
    parts.extend(notable_drift(entry).map(|drift| drifted(entry, drift)));
    if !entry.gated {
        parts.push(Sentence::new("not gated"));
    }
    parts.extend(entry.assumed.iter().map(assumption));
    Sentence::join(parts, "; ")
}

/// The change and what it is held against, where the numbers tell.
fn judged(entry: &Entry) -> Sentence {
    let change = match rates(entry) {
        Some(rates) => rates,
        None => change(entry),
    };
    if change.is_empty() || entry.cause.is_some() {
        return change;
    }
    let limits = limits(entry);
    let against = |words: &'static str| {
        if limits.is_empty() {
            Sentence::default()
        } else {
            Sentence::new(words).then(limits.clone())
        }
    };
    match (entry.outcome, entry.doubt) {
        (OutcomeName::Regressed, _) => change.then(against(", limit ")),
        (OutcomeName::Unchanged, _) => change.then(against(", within the limit of ")),
        (OutcomeName::Inconclusive, Some(Doubt::NoSignal)) => {
            Sentence::new("no sign of a change: ").then(change)
        }
        (OutcomeName::Inconclusive, _) => change
            .own(", possible and not certain")
            .then(against("; limit ")),
        _ => change,
    }
}

/// What decided on a row: its budget, where the change did not. `before` stands before a limit of change.
pub(super) fn deciding_limit(
    entry: &Entry,
    before: &'static str,
    between: &'static str,
) -> Sentence {
    let moved = matches!(entry.outcome, OutcomeName::Regressed | OutcomeName::Missing);
    if let Some(budget) = targets::decisive(entry).filter(|_| !moved) {
        return targets::allowed(entry, budget);
    }
    let limits = Sentence::join(each_limit(entry), between);
    // Where there is nothing to compare with, no limit of change was held against anything.
    if limits.is_empty() || entry.outcome == OutcomeName::New {
        return Sentence::default();
    }
    Sentence::new(before).then(limits)
}

/// `10 % and 2 ms`; for a share in points, the smallest rise that counts where no rule names another.
pub(super) fn limits(entry: &Entry) -> Sentence {
    Sentence::join(each_limit(entry), " and ")
}

/// The relative limit and the absolute one, those that there are.
pub(super) fn each_limit(entry: &Entry) -> impl Iterator<Item = Sentence> {
    let relative =
        (!entry.is_rate() && !has_no_ratio(entry)).then(|| units::limit(entry.rule.max_regression));
    let least = entry.is_rate().then_some(crate::compare::LEAST_RISE);
    let absolute = entry.rule.min_delta.filter(|delta| *delta > 0.0).or(least);
    let absolute = absolute.map(|delta| {
        if entry.is_rate() {
            Sentence::new(format!("{} points", units::points(delta)))
        } else {
            amount(entry, delta)
        }
    });
    relative.map(Sentence::new).into_iter().chain(absolute)
}

/// What the numbers alone do not say, worst first.
pub(super) fn notes(entry: &Entry) -> Vec<Sentence> {
    let drift = notable_drift(entry).map(|drift| drifted(entry, drift));
    notes_of_this_change(entry)
        .into_iter()
        .chain(drift)
        .collect()
}

/// The same without what happened since the anchor, which is no work of this change.
pub(super) fn notes_of_this_change(entry: &Entry) -> Vec<Sentence> {
    let cause = entry.cause.as_ref().and_then(|cause| beside(entry, cause));
    cause.into_iter().chain(others(entry)).collect()
}

/// Broken, or with more than half of its budget used up.
pub(super) fn notable_drift(entry: &Entry) -> Option<&Drift> {
    entry.drift.as_ref().filter(|drift| is_notable(drift))
}

/// Nothing but its drift is wrong with it.
pub(super) fn only_drifted(entry: &Entry) -> bool {
    let over = entry.broken_budget().is_some();
    let bad = matches!(entry.outcome, OutcomeName::Regressed | OutcomeName::Missing);
    entry.drift.as_ref().is_some_and(|drift| drift.broken) && !over && !bad
}

/// What a row says beside its change and its cause.
fn others(entry: &Entry) -> Vec<Sentence> {
    let budget = entry.broken_budget().and_then(|b| over_budget(entry, b));
    let left_out = entry.left_out.iter().map(|left| left_out(entry, left));
    left_out
        .map(Some)
        .chain([budget, entry.accepted.as_ref().map(accepted), settle(entry)])
        .flatten()
        .collect()
}

/// `1 of 5 baseline runs is left out: the units differ: …`
fn left_out(entry: &Entry, left: &LeftOut) -> Sentence {
    let side = if left.of_baseline {
        "baseline"
    } else {
        "current"
    };
    let is = if left.runs == 1 { "is" } else { "are" };
    let words = format!(
        "{} of {} {side} runs {is} left out",
        units::count(left.runs),
        units::count(left.of)
    );
    Sentence::new(words)
        .own(", because ")
        .then(because(entry, &left.because))
}

/// `85.0 ms is over the budget of 80 ms`
fn over_budget(entry: &Entry, budget: &BudgetCheck) -> Option<Sentence> {
    let value = budget.value?;
    let (side, limit) = match (budget.least, budget.most) {
        (Some(least), Some(_)) if value < least => (" is below the ", least),
        (_, Some(most)) => (" is over the ", most),
        (Some(least), None) => (" is below the ", least),
        (None, None) => return None,
    };
    let is_band = budget.least.is_some() && budget.most.is_some();
    let scale = entry.scale([value, limit]);
    let value = scale.write(value).own(side);
    Some(match is_band {
        true => value.own("expected ").then(targets::allowed(entry, budget)),
        false => value.own("budget of ").then(amount(entry, limit)),
    })
}

fn is_notable(drift: &Drift) -> bool {
    let ratio = drift.change.ratio;
    drift.broken || (ratio.max(1.0 / ratio) - 1.0) * 2.0 > drift.budget
}

/// `16.3 % slower since v1.4, more than the drift budget of 15 %`
fn drifted(entry: &Entry, drift: &Drift) -> Sentence {
    let since = Sentence::new(" since ").foreign(&drift.anchor);
    moved_since(entry, drift, since)
}

/// `16.3 % slower, more than the drift budget of 15 %`, where the anchor is named already.
pub(super) fn drifted_by(entry: &Entry, drift: &Drift) -> Sentence {
    moved_since(entry, drift, Sentence::default())
}

fn moved_since(entry: &Entry, drift: &Drift, since: Sentence) -> Sentence {
    let unbounded = Change {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        ..drift.change
    };
    let moved = relative(unbounded, words(entry));
    let verb = if drift.broken {
        ", more than the drift budget of "
    } else {
        ", of a drift budget of "
    };
    moved.then(since).own(verb).own(units::limit(drift.budget))
}

fn accepted(accepted: &Accepted) -> Sentence {
    let told = Sentence::new(format!(
        "accepted up to {} until {}",
        units::limit(accepted.up_to),
        accepted.until
    ));
    if accepted.reason.is_empty() {
        return told;
    }
    told.own(": ").foreign(&accepted.reason)
}

/// What would settle it, or what this evidence could have shown.
fn settle(entry: &Entry) -> Option<Sentence> {
    if entry.cause.is_some() {
        return None;
    }
    let doubt = entry.doubt?;
    let advice = if entry.one_session_needed {
        Some(
            "what sessions differ by hides the limit: measure both sides in one session".to_owned(),
        )
    } else {
        entry
            .runs_needed
            .map(|runs| format!("about {} runs a side would settle it", units::count(runs)))
    };
    let words = match (doubt, advice, entry.detectable) {
        (Doubt::Possible, Some(advice), _) => advice,
        (Doubt::Possible, None, Some(size)) => {
            format!(
                "this evidence settles changes above {}",
                units::coarse(size)
            )
        }
        (Doubt::NoSignal, _, Some(size)) => {
            format!(
                "a change below {} would not have shown",
                units::coarse(size)
            )
        }
        _ => return None,
    };
    Some(Sentence::new(words))
}

fn assumption(assumption: &Assumption) -> Sentence {
    Sentence::new(match assumption {
        Assumption::RunSpread { spread } => format!(
            "assumes that runs of one build differ by {}",
            units::limit(*spread)
        ),
        Assumption::SessionSpread { spread } => {
            format!("assumes that sessions differ by {}", units::limit(*spread))
        }
    })
}
