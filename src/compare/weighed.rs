//! What a sequence of looks asks of a tested series, beside its outcome at a fixed number of runs.

use super::comparison::{Direction, Weighed};
use super::effect::Effect;
use super::outcome::{Position, level};
use super::policy::{Decide, Limits};

/// One interim look of a sequential test: what is there is judged, and more runs may follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How many series share the error allowance, where an earlier look has counted them.
    pub family: Option<usize>,
    /// The error level of the interval that has to exclude twice the limit before a series is called unchanged. 0.05
    /// gives the interval that reports show.
    pub doubt: f64,
}

impl Look {
    /// The look of a gate that looks once.
    pub const ONLY: Self = Self {
        family: None,
        doubt: 0.05,
    };
}

/// `None` for a series that is not decided by certainty: a later look does not test it again.
pub(super) fn weigh(
    effect: &Effect,
    position: &Position,
    family: usize,
    limits: &Limits,
) -> Option<Weighed> {
    let level = level(family);
    let certain = !position.never_certain;
    (limits.decide == Decide::Certain).then(|| Weighed {
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
    })
}
