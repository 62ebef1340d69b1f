//! One series, measured on both sides: what is known before the gate decides.

use super::absolute;
use super::advice;
use super::comparison::Weighed;
use super::comparison::{Assumption, Cause, Change, Drift, Method, Side};
use super::effect::{self, Effect, Prepared, Typical};
use super::errors::ErrorShift;
use super::exact::is_exact;
use super::levels::{Levels, levels};
use super::observations::{Carried, carried};
use super::outcome::{self, Adjusted, Decision, Position, Stakes};
use super::policy::{Decide, Limits, Quantity};
use super::question::Question;
use super::readings::{Readings, readings, values};
use super::scale::Scale;
use super::shown::{ratio, sides};
use super::weighed::weigh;
use super::{Doubt, Outcome};
use crate::model::{Better, Series};
use crate::stats::order;

/// Rounding in the last digits makes no difference.
const SAME: f64 = 1.0 + 1e-9;
/// So many runs a side that all lie beyond all of the other side are certain, whatever the unit.
const SEPARATED_RUNS: usize = 5;

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub baseline: Option<Side>,
    pub current: Option<Side>,
    /// A reason that stands in for numbers.
    pub cause: Option<Cause>,
    pub carried: Carried,
    pub drift: Option<Drift>,
    /// As they were compared, where they have logarithms: for the anchor.
    pub log_levels: Option<Levels>,
    /// The step at which the tool rounds.
    pub step: f64,
    finding: Finding,
}

#[derive(Clone, Debug)]
enum Finding {
    Apart(Outcome),
    /// A test over runs; its effect is known once the gate has said what sessions add.
    Runs(Box<Tested>),
    Errors(Box<(ErrorShift, Option<Effect>)>),
    Exact(Values),
}

/// A series whose runs are tested, on its scale.
#[derive(Clone, Debug)]
struct Tested {
    prepared: Prepared,
    effect: Option<Effect>,
    scale: Scale,
    step: f64,
    /// On the linear scale, the smallest change that counts.
    least: Option<f64>,
    /// All current runs are worse than all of the baseline, five a side; or better.
    separated: Option<Direction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Worse,
    Better,
}

/// The values of both sides in the series' own unit and direction.
#[derive(Clone, Copy, Debug)]
struct Values {
    base: f64,
    current: f64,
}

impl Values {
    /// How much worse the current side is, in the unit.
    fn worse_by(self, series: &Series) -> f64 {
        match series.better {
            Better::Lower => self.current - self.base,
            Better::Higher => self.base - self.current,
        }
    }

    /// The same as a logarithm, where both have one.
    fn log_worse_by(self, series: &Series) -> Option<f64> {
        let log = (self.current / self.base).ln();
        (self.base > 0.0 && self.current > 0.0).then_some(match series.better {
            Better::Lower => log,
            Better::Higher => -log,
        })
    }
}

pub(super) fn measure(question: &Question<'_>) -> Measured {
    let mut measured = measure_numbers(question);
    measured.carried = carried(question);
    if let Carried::Never(cause) | Carried::NoLonger(cause) = &measured.carried {
        measured.cause = Some(cause.clone());
    }
    measured
}

fn measure_numbers(question: &Question<'_>) -> Measured {
    let Question { series, pair, .. } = question;
    let (base, current) = (
        readings(&pair.base, series),
        readings(&pair.current, series),
    );
    if base.values.is_empty() || current.values.is_empty() {
        let vanished = current.values.is_empty();
        let cause = if vanished {
            Cause::Vanished { renamed_to: None }
        } else {
            Cause::Appeared { renamed_from: None }
        };
        let outcome = if vanished {
            Outcome::Missing
        } else {
            Outcome::New
        };
        return Measured::one_sided(question, (&base.values, &current.values), outcome, cause);
    }
    if let Some(cause) = pair.mismatch() {
        return Measured::apart(question, cause);
    }
    if let Some(shift) = ErrorShift::of(question) {
        let (baseline, current) = sides(question, shift.base.rate(), shift.current.rate());
        return Measured::with(baseline, current, Finding::Errors(Box::new((shift, None))));
    }
    let mut measured = if is_exact(question) || all_zero(&base, &current) {
        exactly(question, &base, &current)
    } else {
        tested(question, &base, &current)
    };
    let (present, runs) = (current.values.len(), question.layout.current.len());
    measured.cause = (present < runs).then_some(Cause::Incomplete { present, runs });
    measured.step = base.step.max(current.step);
    measured
}

fn all_zero(base: &Readings, current: &Readings) -> bool {
    let zero = |values: &[f64]| values.iter().all(|v| v.abs() <= 0.0);
    zero(&base.values) && zero(&current.values)
}

fn exactly(question: &Question<'_>, base: &Readings, current: &Readings) -> Measured {
    let values = Values {
        // Sessions of other builds may hold other counts: the newest is what the current runs are compared with.
        base: base.values.last().copied().unwrap_or(0.0),
        current: order::median(&current.values).unwrap_or(0.0),
    };
    let (baseline, current_side) = sides(question, values.base, values.current);
    Measured::with(baseline, current_side, Finding::Exact(values))
}

fn tested(question: &Question<'_>, base: &Readings, current: &Readings) -> Measured {
    let series = question.series;
    let scale = scale(series, base, current);
    let step = base.step.max(current.step);
    let levels = levels(question, base, current, scale);
    let log_levels = (scale == Scale::Log).then(|| levels.clone());
    let separated = separated(&levels);
    let prepared = Prepared::new(levels);
    let [before, after] = prepared
        .centres()
        .map(|centre| centre.map_or(f64::NAN, |level| scale.value(series, level)));
    let (baseline, current_side) = sides(question, before, after);
    let tested = Tested {
        prepared,
        effect: None,
        scale,
        step,
        least: (scale != Scale::Log)
            .then(|| absolute::least(series, question.limits, step))
            .flatten(),
        separated,
    };
    let mut measured = Measured::with(baseline, current_side, Finding::Runs(Box::new(tested)));
    measured.log_levels = log_levels;
    measured
}

/// Logarithms wherever every run has one.
fn scale(series: &Series, base: &Readings, current: &Readings) -> Scale {
    let all = || base.values.iter().chain(&current.values);
    if !absolute::may_be_negative(series) && all().all(|v| *v > 0.0) {
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

fn separated(levels: &Levels) -> Option<Direction> {
    let base = levels.compared_with();
    if base.len().min(levels.current.len()) < SEPARATED_RUNS {
        return None;
    }
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
    fn position(&self, series: &Series, limits: &Limits) -> Option<(&Effect, Position)> {
        let effect = self.effect.as_ref()?;
        Some((effect, self.seen_from(series, limits, effect)))
    }

    fn seen_from(&self, series: &Series, limits: &Limits, effect: &Effect) -> Position {
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
        let relative = if both && !absolute::may_be_negative(series) {
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
            never_certain: unknown && !falls_to_zero && self.separated != Some(direction),
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

impl Measured {
    fn with(baseline: Side, current: Side, finding: Finding) -> Self {
        Self {
            baseline: Some(baseline),
            current: Some(current),
            cause: None,
            carried: Carried::Enough,
            drift: None,
            log_levels: None,
            step: 0.0,
            finding,
        }
    }

    fn one_sided(
        question: &Question<'_>,
        values: (&[f64], &[f64]),
        outcome: Outcome,
        cause: Cause,
    ) -> Self {
        let (base, current) = (order::median(values.0), order::median(values.1));
        let (b, c) = sides(question, base.unwrap_or(0.0), current.unwrap_or(0.0));
        let mut measured = Self::with(b, c, Finding::Apart(outcome));
        measured.baseline = measured.baseline.filter(|_| base.is_some());
        measured.current = measured.current.filter(|_| current.is_some());
        measured.cause = Some(cause);
        measured
    }

    /// Both sides are there and are not the same thing.
    pub fn apart(question: &Question<'_>, cause: Cause) -> Self {
        let series = question.series;
        let pair = question.pair;
        let (base, current) = (values(&pair.base, series), values(&pair.current, series));
        Self::one_sided(question, (&base, &current), Outcome::Incomparable, cause)
    }

    /// Something on one side and nothing on the other.
    pub fn fell_to_nothing(&self) -> bool {
        let value = |side: &Option<Side>| side.as_ref().map(|side| side.value);
        value(&self.baseline).is_some_and(|v| v > 0.0)
            && value(&self.current).is_some_and(|v| v <= 0.0)
    }

    /// What the neighbouring sessions of this series say of the variance that a session adds, on the scale that most
    /// series share.
    pub fn learned_between(&self) -> Option<f64> {
        match &self.finding {
            Finding::Runs(tested) if tested.scale == Scale::Log => {
                tested.prepared.neighbours.map(|n| n.value)
            }
            _ => None,
        }
    }

    /// The same of the variance that a launch adds.
    pub fn learned_launches(&self) -> Option<f64> {
        match &self.finding {
            Finding::Runs(tested) if tested.scale == Scale::Log => {
                tested.prepared.launches.map(|launches| launches.value)
            }
            _ => None,
        }
    }

    /// Works out the effect, once the gate has said what is typical of its sessions and launches.
    pub fn settle(&mut self, typical: Typical) {
        match &mut self.finding {
            Finding::Runs(tested) => {
                let typical = if tested.scale == Scale::Log {
                    typical
                } else {
                    Typical::default()
                };
                tested.effect = tested.prepared.effect(typical);
            }
            Finding::Errors(errors) => {
                errors.1 = errors.0.prepared.effect(Typical::default());
            }
            Finding::Apart(_) | Finding::Exact(_) => {}
        }
    }

    fn effect(&self) -> Option<&Effect> {
        match &self.finding {
            Finding::Runs(tested) => tested.effect.as_ref(),
            Finding::Errors(errors) => errors.1.as_ref(),
            Finding::Apart(_) | Finding::Exact(_) => None,
        }
    }

    /// The chances of this series alone, where it was tested.
    pub fn chances(&self) -> Option<Adjusted> {
        if self.carried != Carried::Enough {
            return None;
        }
        self.effect().map(|effect| Adjusted {
            worse: effect.p_worse,
            better: effect.p_better,
        })
    }

    /// How far it moved, as a logarithm towards worse, where the numbers have one.
    pub fn shift(&self, series: &Series) -> Option<f64> {
        match &self.finding {
            Finding::Runs(tested) if tested.scale == Scale::Log => {
                tested.effect.as_ref().map(|effect| effect.shift)
            }
            Finding::Exact(values) => values.log_worse_by(series),
            Finding::Runs(_) | Finding::Errors(_) | Finding::Apart(_) => None,
        }
    }

    pub fn decide(
        &self,
        series: &Series,
        limits: &Limits,
        adjusted: Option<Adjusted>,
        family: usize,
    ) -> Decision {
        let adjusted = adjusted.unwrap_or(Adjusted {
            worse: 1.0,
            better: 1.0,
        });
        let stakes = Stakes::new(adjusted, family, limits);
        let mut decision = self.by_numbers(series, limits, &stakes);
        if self.cause.is_some() {
            decision.cause.clone_from(&self.cause);
        }
        let both = !matches!(decision.outcome, Outcome::Missing | Outcome::New);
        match self.carried {
            // Where requests dry up, what is left of them cannot clear the series.
            Carried::NoLonger(_) if both => {
                decision.outcome = Outcome::Inconclusive(Doubt::Possible);
                decision.needed = None;
            }
            Carried::Never(_) if decision.outcome == Outcome::Regressed => {
                decision.outcome = Outcome::Inconclusive(Doubt::Possible);
            }
            _ => {}
        }
        decision
    }

    fn by_numbers(&self, series: &Series, limits: &Limits, stakes: &Stakes) -> Decision {
        match &self.finding {
            Finding::Apart(outcome) => Decision::of(*outcome, None),
            Finding::Exact(values) => {
                let (outcome, cause) = exact_outcome(series, limits, *values);
                Decision {
                    detectable: Some(limits.max_regression),
                    ..Decision::of(outcome, cause)
                }
            }
            Finding::Runs(tested) => tested.decision(series, limits, stakes),
            Finding::Errors(errors) => {
                let (shift, effect) = &**errors;
                let Some(effect) = effect else {
                    return Decision::of(Outcome::Incomparable, None);
                };
                let position = of_errors(shift, effect);
                let outcome = outcome::decide(effect, &position, stakes);
                Decision::of(outcome, None)
            }
        }
    }

    /// For a sequence of looks, where the series is one that is tested.
    pub fn weighed(
        &self,
        series: &Series,
        limits: &Limits,
        (family, doubt): (usize, f64),
    ) -> Option<Weighed> {
        self.chances()?;
        let wider = self.effect()?.at_confidence(1.0 - doubt);
        let position = match &self.finding {
            Finding::Runs(tested) => tested.seen_from(series, limits, &wider),
            Finding::Errors(errors) => of_errors(&errors.0, &wider),
            Finding::Apart(_) | Finding::Exact(_) => return None,
        };
        weigh(&wider, &position, family, limits)
    }

    pub fn change(&self, series: &Series) -> Option<Change> {
        match &self.finding {
            Finding::Runs(tested) => {
                let effect = tested.effect.as_ref()?;
                let ends = (effect.shift, effect.low, effect.high);
                match tested.scale {
                    Scale::Log => Some(ratio(series, ends, effect::CONFIDENCE)),
                    Scale::Linear { .. } => {
                        let base = tested.scale.value(series, effect.base);
                        let at =
                            |shift: f64| tested.scale.value(series, effect.base + shift) / base;
                        let (one, other) = (at(effect.low), at(effect.high));
                        (base > 0.0 && !absolute::may_be_negative(series)).then(|| Change {
                            ratio: at(effect.shift).max(0.0),
                            low: one.min(other).max(0.0),
                            high: one.max(other).max(0.0),
                            confidence: effect::CONFIDENCE,
                        })
                    }
                }
            }
            Finding::Exact(values) => {
                let ratio = values.current / values.base;
                (values.base > 0.0).then_some(Change {
                    ratio,
                    low: ratio,
                    high: ratio,
                    confidence: effect::CONFIDENCE,
                })
            }
            Finding::Errors(errors) => {
                let (shift, effect) = &**errors;
                let difference = shift.difference(effect.as_ref()?);
                let base = shift.base.rate();
                let of = |difference: f64| (base + difference) / base;
                (base > 0.0).then(|| Change {
                    ratio: of(difference.estimate),
                    low: of(difference.low).max(0.0),
                    high: of(difference.high),
                    confidence: effect::CONFIDENCE,
                })
            }
            Finding::Apart(_) => None,
        }
    }

    /// The absolute limit that was applied where there is no ratio and no rule names one.
    pub fn absolute_limit(&self, series: &Series) -> Option<Quantity> {
        let Finding::Runs(tested) = &self.finding else {
            return None;
        };
        tested.least.map(|value| Quantity {
            value,
            unit: series.unit.clone(),
        })
    }

    pub fn method(&self) -> Method {
        match &self.finding {
            Finding::Runs(tested) => tested.effect.as_ref().map_or(Method::None, |e| e.method),
            Finding::Errors(_) => Method::Proportion,
            Finding::Exact(_) => Method::Exact,
            Finding::Apart(_) => Method::None,
        }
    }

    pub fn assumed(&self) -> Vec<Assumption> {
        match &self.finding {
            Finding::Runs(_) => self.effect().map(|e| e.assumed.clone()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

fn of_errors(shift: &ErrorShift, effect: &Effect) -> Position {
    Position {
        worse: shift.material(true),
        better: shift.material(false),
        ruled_out: shift.rise_is_ruled_out(effect),
        never_certain: false,
        cause: None,
    }
}

/// Counts that repeat to the last digit: no spread is assumed, the limit applies to the values themselves.
fn exact_outcome(series: &Series, limits: &Limits, values: Values) -> (Outcome, Option<Cause>) {
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
    fn decision(&self, series: &Series, limits: &Limits, stakes: &Stakes) -> Decision {
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
