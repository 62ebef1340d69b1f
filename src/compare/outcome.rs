//! What a shift means, once all series of the gate share the error allowance.

use super::comparison::{Assumption, Cause, Doubt, Outcome};
use super::effect::Effect;
use super::errors::ErrorShift;
use super::policy::Limits;
use crate::model::Series;

/// The family level: a gate of unchanged code fails at most this often, as far as the noise is what it seems.
pub(super) const FAMILY_LEVEL: f64 = 0.01;
/// What the number of needed runs is worked out for: a level of one in a thousand found in nine of ten cases.
const Z_LEVEL_AND_POWER: f64 = 4.37;
/// With one run a side nothing is known of the spread: so many a side are the next step.
const FIRST_STEP_RUNS: u32 = 5;
const MOST_RUNS: f64 = 1000.0;

/// The outcome of one series, with what else is said about it.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub outcome: Outcome,
    pub cause: Cause,
    pub detectable: Option<f64>,
    pub runs_needed: Option<u32>,
}

/// Adjusted chances of one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adjusted {
    pub worse: f64,
    pub better: f64,
}

/// The values of both sides in the series' own unit and direction, and the step at which the tool rounds them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub base: f64,
    pub current: f64,
    pub step: f64,
}

pub(super) fn of_effect(
    effect: &Effect,
    adjusted: Adjusted,
    limits: &Limits,
    shown: (&Series, Shown, usize),
) -> Decision {
    let (series, shown, family) = shown;
    let limit = limits.max_regression.ln_1p();
    // To find a true change of the size of the limit, the estimate need not exceed it: half of it, surely.
    let floor = limit / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "a gate has few series")]
    let level = FAMILY_LEVEL / family.max(1) as f64;
    let detectable = effect.detectable(level, floor);
    let difference = (shown.current - shown.base).abs();
    let within_step = shown.step > 0.0 && difference <= shown.step * (1.0 + 1e-9);
    let min_delta = limits
        .min_delta
        .as_ref()
        .and_then(|q| q.in_unit(&series.unit));
    let too_small = min_delta.is_some_and(|least| difference <= least);
    let worse =
        adjusted.worse <= FAMILY_LEVEL && effect.ranks.say_worse(level) && effect.shift > floor;
    let better =
        adjusted.better <= FAMILY_LEVEL && effect.ranks.say_better(level) && effect.shift < -floor;
    let numbers = |outcome| (outcome, Cause::Numbers);
    let (outcome, cause) = if within_step && (worse || better || effect.shift.abs() > floor) {
        let blind = effect.high >= limit;
        let outcome = if blind {
            Outcome::Inconclusive(Doubt::Weak)
        } else {
            Outcome::Unchanged
        };
        (outcome, Cause::WithinResolution { step: shown.step })
    } else if worse && too_small {
        (Outcome::Unchanged, Cause::BelowMinDelta)
    } else if worse {
        numbers(Outcome::Regressed)
    } else if better {
        numbers(Outcome::Improved)
    } else if effect.high < limit {
        numbers(Outcome::Unchanged)
    } else if too_small && effect.shift > floor {
        (Outcome::Inconclusive(Doubt::Weak), Cause::BelowMinDelta)
    } else if effect.shift > floor {
        numbers(Outcome::Inconclusive(Doubt::Suspect))
    } else {
        let most = limits.max_detectable.map(f64::ln_1p);
        let blind = most.is_some_and(|most| detectable > most);
        numbers(Outcome::Inconclusive(if blind {
            Doubt::Suspect
        } else {
            Doubt::Weak
        }))
    };
    let open = matches!(outcome, Outcome::Inconclusive(_));
    Decision {
        outcome,
        cause,
        detectable: Some(detectable.exp_m1()),
        runs_needed: open.then(|| runs_needed(effect, limit)),
    }
}

/// About `2 (4.37 s / T)^2` a side, and never fewer than the rank guard needs.
fn runs_needed(effect: &Effect, limit: f64) -> u32 {
    if effect
        .assumed
        .iter()
        .any(|a| matches!(a, Assumption::RunSpread(_)))
    {
        return FIRST_STEP_RUNS;
    }
    let runs = 2.0 * (Z_LEVEL_AND_POWER * effect.run_spread / limit).powi(2);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 3..=1000"
    )]
    let runs = runs.ceil().clamp(3.0, MOST_RUNS) as u32;
    runs
}

pub(super) fn of_errors(shift: &ErrorShift, adjusted: Adjusted) -> Decision {
    let outcome = if adjusted.worse <= FAMILY_LEVEL && shift.material(true) {
        Outcome::Regressed
    } else if adjusted.better <= FAMILY_LEVEL && shift.material(false) {
        Outcome::Improved
    } else if shift.material(true) && shift.p_worse < 0.05 {
        Outcome::Inconclusive(Doubt::Suspect)
    } else if shift.difference.high < shift.limit {
        Outcome::Unchanged
    } else {
        Outcome::Inconclusive(Doubt::Weak)
    };
    Decision {
        outcome,
        cause: Cause::Numbers,
        detectable: None,
        runs_needed: None,
    }
}

/// Counts that repeat to the last digit: no spread is assumed, the limit applies to the value itself.
pub(super) fn of_exact(shift: f64, limits: &Limits, too_small: bool) -> Decision {
    let limit = limits.max_regression.ln_1p();
    let (outcome, cause) = if shift > limit && too_small {
        (Outcome::Unchanged, Cause::BelowMinDelta)
    } else if shift > limit {
        (Outcome::Regressed, Cause::Numbers)
    } else if shift < -limit {
        (Outcome::Improved, Cause::Numbers)
    } else {
        (Outcome::Unchanged, Cause::Numbers)
    };
    Decision {
        outcome,
        cause,
        detectable: Some(limits.max_regression),
        runs_needed: None,
    }
}
