//! What a sequence of looks asks of a tested series, beside its outcome at a fixed number of runs.

use super::comparison::{Direction, Weighed};
use super::effect::Effect;
use super::outcome::{Position, level};
use super::policy::{Decide, Limits};

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

/// `None` for what is not decided by certainty: only that is looked at again.
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
