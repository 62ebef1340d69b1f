//! What a sequence of looks asks of a tested series, beside its outcome at a fixed number of runs.

use super::comparison::{Comparison, Judgement, Outcome};
use super::effect::Effect;
use super::judge::{accept, acceptances, leave_latency_of_failing_subjects};
use super::outcome::{Position, level};
use super::policy::{Decide, Limits, Policy, Severity};

/// Which of several looks at growing data is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How many series share the error allowance, where an earlier look has counted them.
    pub family: Option<usize>,
    /// An end of the interval at this doubt has to exclude twice the limit where a series is unchanged: .05 is the
    /// interval that is shown.
    pub doubt: f64,
}

impl Look {
    /// The only one there is.
    pub const ONLY: Self = Self {
        family: None,
        doubt: 0.05,
    };
}

/// A tested series, weighed in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    pub worse: Direction,
    pub better: Direction,
    /// The end of the interval at the doubt that the look asks for excludes twice the limit.
    pub twice_excluded: bool,
}

/// What the runs say of a change in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Direction {
    /// The estimate is beyond all that is tolerated.
    pub beyond: bool,
    /// One-sided, of this series alone.
    pub p: f64,
    /// The ranks of the runs agree at the level of one series of the gate.
    pub ranks_agree: bool,
}

impl Weighed {
    pub(super) fn new(effect: &Effect, position: &Position, family: usize) -> Self {
        let level = level(family);
        let certain = !position.never_certain;
        Self {
            worse: Direction {
                beyond: position.worse,
                p: effect.p_worse,
                ranks_agree: certain && effect.ranks.say_worse(level),
            },
            better: Direction {
                beyond: position.better,
                p: effect.p_better,
                ranks_agree: certain && effect.ranks.say_better(level),
            },
            twice_excluded: position.ruled_out,
        }
    }

    /// Only what is decided by certainty is looked at again.
    pub(super) fn of_limits(self, limits: &Limits) -> Option<Self> {
        (limits.decide == Decide::Certain).then_some(self)
    }
}

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
