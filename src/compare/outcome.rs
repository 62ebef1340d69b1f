//! What a shift means, once all series of the gate share the error allowance.

use super::advice::Needed;
use super::comparison::{Cause, Doubt, Method, Outcome};
use super::effect::Effect;
use super::policy::{Decide, Limits};

/// The family level: a gate of unchanged code fails at most this often, as far as the noise is what it seems.
pub(super) const FAMILY_LEVEL: f64 = 0.01;
/// What is estimated beyond the limit is possible where it is this unlikely by chance.
const POSSIBLE_LEVEL: f64 = 0.05;
/// Where the spread of single runs is assumed, chance is a guess: 20 % slower with one run a side is worth measuring
/// again.
const POSSIBLE_LEVEL_ASSUMED: f64 = 0.15;

/// The outcome of one series, with what else is said about it.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub outcome: Outcome,
    pub cause: Option<Cause>,
    pub detectable: Option<f64>,
    pub needed: Option<Needed>,
}

/// Adjusted chances of one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adjusted {
    pub worse: f64,
    pub better: f64,
}

/// What is asked of one series in its gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stakes {
    pub adjusted: Adjusted,
    /// The level of this series by itself.
    pub level: f64,
    pub decide: Decide,
}

impl Stakes {
    pub fn new(adjusted: Adjusted, family: usize, limits: &Limits) -> Self {
        Self {
            adjusted,
            level: level(family),
            decide: limits.decide,
        }
    }
}

/// The level at which one of so many series is tested by itself.
#[expect(clippy::cast_precision_loss, reason = "a gate has few series")]
pub(super) fn level(family: usize) -> f64 {
    FAMILY_LEVEL / family.max(1) as f64
}

/// Where the estimate and its interval lie, seen from the limits.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// The estimate is worse than all that is tolerated, relative and absolute.
    pub worse: bool,
    pub better: bool,
    /// Twice of what is tolerated is ruled out.
    pub ruled_out: bool,
    /// However sure it is, it is no more than possible.
    pub never_certain: bool,
    pub cause: Option<Cause>,
}

/// The outcome by certainty: tried in the order regressed, improved, possible, unchanged, no signal.
pub(super) fn decide(effect: &Effect, position: &Position, stakes: &Stakes) -> Outcome {
    if stakes.decide == Decide::Limit {
        return by_limit(position);
    }
    let possible = if effect.method == Method::AssumedSpread {
        POSSIBLE_LEVEL_ASSUMED
    } else {
        POSSIBLE_LEVEL
    };
    let sure = |adjusted: f64, ranks: bool| adjusted <= FAMILY_LEVEL && ranks;
    let worse = sure(stakes.adjusted.worse, effect.ranks.say_worse(stakes.level));
    let better = sure(
        stakes.adjusted.better,
        effect.ranks.say_better(stakes.level),
    );
    if position.worse && worse && !position.never_certain {
        Outcome::Regressed
    } else if position.better && better && !position.never_certain {
        Outcome::Improved
    } else if position.worse && effect.p_worse < possible {
        Outcome::Inconclusive(Doubt::Possible)
    } else if position.ruled_out {
        Outcome::Unchanged
    } else {
        Outcome::Inconclusive(Doubt::NoSignal)
    }
}

/// The outcome by the estimate alone, as fixed thresholds have it.
pub(super) fn by_limit(position: &Position) -> Outcome {
    if position.worse {
        Outcome::Regressed
    } else if position.better {
        Outcome::Improved
    } else {
        Outcome::Unchanged
    }
}

impl Decision {
    pub fn of(outcome: Outcome, cause: Option<Cause>) -> Self {
        Self {
            outcome,
            cause,
            detectable: None,
            needed: None,
        }
    }
}
