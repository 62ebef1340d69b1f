//! Where a change lies, seen from the limits of its series.

use super::absolute;
use super::advice;
use super::comparison::{Cause, Outcome};
use super::effect::{Effect, Prepared};
use super::errors::ErrorShift;
use super::levels::Levels;
use super::outcome::{self, Decision, Position, Stakes};
use super::policy::{Decide, Limits};
use super::readings::Readings;
use super::scale::Scale;
use crate::model::{Better, Series};
use crate::stats::order;

/// Rounding in the last digits makes no difference.
const SAME: f64 = 1.0 + 1e-9;
/// With at least this many runs a side, all of one side beyond all of the other is certain, whatever the unit.
const SEPARATED_RUNS: usize = 5;

/// A series whose runs are tested, on its scale.
#[derive(Clone, Debug)]
pub(super) struct Tested {
    pub prepared: Prepared,
    pub effect: Option<Effect>,
    pub scale: Scale,
    pub step: f64,
    /// On the linear scale, the smallest change that counts.
    pub least: Option<f64>,
    /// All current runs are worse than all of the baseline, five a side; or better.
    pub separated: Option<Direction>,
    /// A side has fewer runs than are certain by themselves.
    pub few: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Worse,
    Better,
}

/// The values of both sides in the series' own unit and direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    pub base: f64,
    pub current: f64,
}

impl Values {
    /// How much worse the current side is, in the unit.
    pub fn worse_by(self, series: &Series) -> f64 {
        match series.better {
            Better::Lower => self.current - self.base,
            Better::Higher => self.base - self.current,
        }
    }

    /// The same as a logarithm, where both have one.
    pub fn log_worse_by(self, series: &Series) -> Option<f64> {
        let log = (self.current / self.base).ln();
        (self.base > 0.0 && self.current > 0.0).then_some(match series.better {
            Better::Lower => log,
            Better::Higher => -log,
        })
    }
}

/// Logarithms wherever every run has one.
pub(super) fn scale(series: &Series, base: &Readings, current: &Readings) -> Scale {
    let all = || base.values.iter().chain(&current.values);
    if !absolute::has_no_ratio(series) && all().all(|v| *v > 0.0) {
        return Scale::Log;
    }
    let centre = |values: &[f64]| order::median(values).unwrap_or(0.0).abs();
    let size = centre(&base.values).max(centre(&current.values));
    // Where both centres are zero, the runs that are not say how large it is.
    let largest = all().fold(0.0, |most: f64, v| most.max(v.abs()));
    Scale::Linear {
        size: if size > 0.0 { size } else { largest },
    }
}

pub(super) fn few(levels: &Levels) -> bool {
    levels.compared_with().len().min(levels.current.len()) < SEPARATED_RUNS
}

pub(super) fn separated(levels: &Levels) -> Option<Direction> {
    if few(levels) {
        return None;
    }
    let base = levels.compared_with();
    let ends = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    };
    let (base, current) = (ends(&base), ends(&levels.current));
    if current.0 > base.1 {
        Some(Direction::Worse)
    } else if current.1 < base.0 {
        Some(Direction::Better)
    } else {
        None
    }
}

impl Tested {
    pub fn position(&self, series: &Series, limits: &Limits) -> Option<(&Effect, Position)> {
        let effect = self.effect.as_ref()?;
        Some((effect, self.seen_from(series, limits, effect)))
    }

    pub fn seen_from(&self, series: &Series, limits: &Limits, effect: &Effect) -> Position {
        let values = Values {
            base: self.scale.value(series, effect.base),
            current: self.scale.value(series, effect.current),
        };
        match self.scale {
            Scale::Log => self.by_ratio(series, limits, effect, values),
            Scale::Linear { size } => self.by_size(series, limits, effect, (values, size)),
        }
    }

    fn by_ratio(
        &self,
        series: &Series,
        limits: &Limits,
        effect: &Effect,
        values: Values,
    ) -> Position {
        let high = Values {
            base: values.base,
            current: self.scale.value(series, effect.base + effect.high),
        };
        let difference = values.worse_by(series).abs();
        let in_step = self.step > 0.0 && difference <= self.step * SAME;
        let mut position = relative(series, limits, (values, effect.shift));
        if in_step && (position.worse || position.better) {
            position = Position {
                worse: false,
                better: false,
                cause: Some(Cause::WithinResolution { step: self.step }),
                ..position
            };
        }
        let least = min_delta(limits, series).unwrap_or(0.0);
        position.ruled_out = effect.high < (2.0 * limits.max_regression).ln_1p()
            || high.worse_by(series) < 2.0 * least;
        position
    }

    fn by_size(
        &self,
        series: &Series,
        limits: &Limits,
        effect: &Effect,
        (values, size): (Values, f64),
    ) -> Position {
        let both = values.base > 0.0 && values.current > 0.0;
        let relative = if both && !absolute::has_no_ratio(series) {
            limits.max_regression * values.base
        } else {
            0.0
        };
        let tolerated = self.least.map_or(relative, |least| least.max(relative));
        let step = if self.step > 0.0 {
            self.step * SAME
        } else {
            0.0
        };
        let least = tolerated.max(step);
        let falls_to_zero = values.base > 0.0 && values.current <= 0.0;
        // A single run whose machine got slower in its course looks the same.
        let of_one_run = self.few
            && absolute::certain_alone(series).is_some_and(|size| effect.shift.abs() < size);
        let unknown = self.least.is_none() && relative <= 0.0;
        let doubled = if unknown {
            2.0 * limits.max_regression * size
        } else {
            2.0 * tolerated
        };
        let worse = effect.shift > least;
        let direction = if worse {
            Direction::Worse
        } else {
            Direction::Better
        };
        Position {
            worse,
            better: effect.shift < -least,
            ruled_out: effect.high < doubled,
            never_certain: of_one_run
                || (unknown && !falls_to_zero && self.separated != Some(direction)),
            cause: None,
        }
    }
}

fn min_delta(limits: &Limits, series: &Series) -> Option<f64> {
    limits
        .min_delta
        .as_ref()
        .and_then(|q| q.in_unit(&series.unit))
}

/// Where a change lies, seen from the relative and the absolute limit: both have to be exceeded.
fn relative(series: &Series, limits: &Limits, (values, shift): (Values, f64)) -> Position {
    let limit = limits.max_regression.ln_1p() * SAME;
    let difference = values.worse_by(series).abs();
    let too_small = min_delta(limits, series).is_some_and(|least| difference <= least * SAME);
    let beyond = shift.abs() > limit;
    Position {
        worse: shift > limit && !too_small,
        better: shift < -limit && !too_small,
        ruled_out: shift <= limit,
        never_certain: false,
        cause: if beyond && too_small {
            Some(Cause::BelowMinDelta)
        } else {
            None
        },
    }
}

pub(super) fn of_errors(shift: &ErrorShift, effect: &Effect) -> Position {
    Position {
        worse: shift.material(true),
        better: shift.material(false),
        ruled_out: shift.rise_is_ruled_out(effect),
        never_certain: false,
        cause: None,
    }
}

/// Counts that repeat to the last digit: no spread is assumed, the limit applies to the values themselves.
pub(super) fn exact_outcome(
    series: &Series,
    limits: &Limits,
    values: Values,
) -> (Outcome, Option<Cause>) {
    let position = match values.log_worse_by(series) {
        Some(shift) => relative(series, limits, (values, shift)),
        None => {
            let worse_by = values.worse_by(series);
            let least = absolute::least(series, limits, 0.0).unwrap_or(0.0);
            Position {
                worse: worse_by > least,
                better: worse_by < -least,
                ruled_out: worse_by <= least,
                never_certain: false,
                cause: None,
            }
        }
    };
    (outcome::by_limit(&position), position.cause)
}

impl Tested {
    pub fn decision(&self, series: &Series, limits: &Limits, stakes: &Stakes) -> Decision {
        let Some((effect, position)) = self.position(series, limits) else {
            return Decision::of(Outcome::Incomparable, None);
        };
        let outcome = outcome::decide(effect, &position, stakes);
        let mut decision = Decision::of(outcome, position.cause);
        if self.scale != Scale::Log {
            return decision;
        }
        let limit = limits.max_regression.ln_1p();
        decision.detectable = Some(advice::detectable(effect, stakes.level, limit).exp_m1());
        let open = matches!(outcome, Outcome::Inconclusive(_)) && stakes.decide == Decide::Certain;
        decision.needed = open.then(|| advice::needed(effect, stakes.level, limit));
        decision
    }
}
