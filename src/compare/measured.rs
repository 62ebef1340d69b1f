//! One series, measured on both sides: what is known before the gate decides.

use super::absolute;
use super::comparison::{Assumption, Cause, Change, Doubt, Drift, Method, Outcome, Side, Weighed};
use super::effect::{self, Effect, Prepared, Typical};
use super::errors::ErrorShift;
use super::exact::is_exact;
use super::levels::{Levels, levels};
use super::observations::{Carried, carried};
use super::outcome::{self, Adjusted, Decision, Stakes};
use super::policy::{Limits, Quantity};
use super::question::Question;
use super::readings::{Readings, readings, values};
use super::scale::Scale;
use super::shown::{Centred, ratio, sides};
use super::tested::{Tested, Values, exact_outcome, few, of_errors, scale, separated};
use super::weighed::weigh;
use crate::model::Series;
use crate::stats::order;

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct MeasuredSeries {
    pub baseline: Option<Side>,
    pub current: Option<Side>,
    /// A reason that stands in for numbers.
    pub cause: Option<Cause>,
    pub carried: Carried,
    /// The current runs alone hold enough observations for a budget.
    pub carries_now: bool,
    /// It is worse in either direction, and the one it went was chosen by its runs.
    pub both_ways: bool,
    pub drift: Option<Drift>,
    /// The step at which the tool rounds.
    pub step: f64,
    finding: Finding,
}

/// Series of one scale, which learn from each other what sessions and launches add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Judged on logarithms, as most series are.
    Times,
    /// Error rates, by shares of what they are.
    Errors,
}

#[derive(Clone, Debug)]
enum Finding {
    Apart(Outcome),
    /// A test over runs; its effect is known once the gate has said what sessions add.
    Runs(Box<Tested>),
    Errors(Box<(ErrorShift, Option<Effect>)>),
    Exact(Values),
}

pub(super) fn measure(question: &Question<'_>) -> MeasuredSeries {
    let mut measured = measure_numbers(question);
    (measured.carried, measured.carries_now) = carried(question);
    if let Carried::Never(cause) | Carried::NoLonger(cause) = &measured.carried {
        measured.cause = Some(cause.clone());
    }
    measured
}

fn measure_numbers(question: &Question<'_>) -> MeasuredSeries {
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
        return MeasuredSeries::one_sided(
            question,
            (&base.values, &current.values),
            outcome,
            cause,
        );
    }
    if let Some(cause) = pair.mismatch() {
        return MeasuredSeries::apart(question, cause);
    }
    if let Some(shift) = ErrorShift::of(question) {
        let of = |centre, values| Centred { centre, values };
        let (baseline, current) = sides(
            question,
            of(shift.base.rate(), &base.values),
            of(shift.current.rate(), &current.values),
        );
        return MeasuredSeries::with(baseline, current, Finding::Errors(Box::new((shift, None))));
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

fn exactly(question: &Question<'_>, base: &Readings, current: &Readings) -> MeasuredSeries {
    let values = Values {
        // Sessions of other builds may hold other counts: the newest is what the current runs are compared with.
        base: base.values.last().copied().unwrap_or(0.0),
        current: order::median(&current.values).unwrap_or(0.0),
    };
    let of = |centre, values| Centred { centre, values };
    let (baseline, current_side) = sides(
        question,
        of(values.base, &base.values),
        of(values.current, &current.values),
    );
    MeasuredSeries::with(baseline, current_side, Finding::Exact(values))
}

fn tested(question: &Question<'_>, base: &Readings, current: &Readings) -> MeasuredSeries {
    let series = question.series;
    let scale = scale(series, base, current);
    let step = base.step.max(current.step);
    let levels = levels(question, base, current, scale);
    let (separated, few) = (separated(&levels), few(&levels));
    let prepared = Prepared::new(levels);
    let [before, after] = prepared
        .centres()
        .map(|centre| centre.map_or(f64::NAN, |level| scale.value(series, level)));
    let of = |centre, values| Centred { centre, values };
    let (baseline, current_side) = sides(
        question,
        of(before, &base.values),
        of(after, &current.values),
    );
    let tested = Tested {
        prepared,
        effect: None,
        scale,
        step,
        least: (scale != Scale::Log)
            .then(|| absolute::least(series, question.limits, step))
            .flatten(),
        separated,
        few,
    };
    MeasuredSeries::with(baseline, current_side, Finding::Runs(Box::new(tested)))
}

impl MeasuredSeries {
    fn with(baseline: Side, current: Side, finding: Finding) -> Self {
        Self {
            baseline: Some(baseline),
            current: Some(current),
            cause: None,
            carried: Carried::Enough,
            carries_now: true,
            both_ways: false,
            drift: None,
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
        let of = |centre: Option<f64>, values| Centred {
            centre: centre.unwrap_or(0.0),
            values,
        };
        let (b, c) = sides(question, of(base, values.0), of(current, values.1));
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

    /// As they were compared, where they have logarithms: for the anchor.
    pub fn log_levels(&self) -> Option<&Levels> {
        match &self.finding {
            Finding::Runs(tested) if tested.scale == Scale::Log => Some(tested.prepared.levels()),
            _ => None,
        }
    }

    /// Something on one side and nothing on the other.
    pub fn fell_to_nothing(&self) -> bool {
        let value = |side: &Option<Side>| side.as_ref().map(|side| side.value);
        value(&self.baseline).is_some_and(|v| v > 0.0)
            && value(&self.current).is_some_and(|v| v <= 0.0)
    }

    /// What this series says of sessions and launches, where it is one of these.
    pub fn learned(&self, family: Family) -> Typical {
        match (&self.finding, family) {
            (Finding::Runs(tested), Family::Times) if tested.scale == Scale::Log => {
                tested.prepared.learned()
            }
            (Finding::Errors(errors), Family::Errors) => {
                let (shift, _) = &**errors;
                shift.prepared.learned().in_units_of(shift.size)
            }
            _ => Typical::default(),
        }
    }

    /// Works out the effect, once the gate has said what is typical of its sessions and launches.
    pub fn settle(&mut self, typical: impl Fn(Family) -> Typical) {
        match &mut self.finding {
            Finding::Runs(tested) => {
                let typical = if tested.scale == Scale::Log {
                    typical(Family::Times)
                } else {
                    Typical::default()
                };
                tested.effect = tested.prepared.effect(typical);
            }
            Finding::Errors(errors) => {
                let (shift, effect) = &mut **errors;
                let typical = typical(Family::Errors).in_units_of(shift.size.recip());
                *effect = shift.prepared.effect(typical);
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
            worse: self.of_both_ways(effect.p_worse),
            better: self.of_both_ways(effect.p_better),
        })
    }

    /// The chance of one direction, where the runs have chosen it.
    fn of_both_ways(&self, p: f64) -> f64 {
        match self.both_ways {
            true => (2.0 * p).min(1.0),
            false => p,
        }
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
        let mut weighed = weigh(&wider, &position, family, limits)?;
        weighed.worse.p = self.of_both_ways(weighed.worse.p);
        weighed.better.p = self.of_both_ways(weighed.better.p);
        Some(weighed)
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
                        (base > 0.0 && !absolute::has_no_ratio(series)).then(|| Change {
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
            Finding::Runs(tested) => {
                let assumed = self.effect().map(|e| e.assumed.clone());
                let assumed = assumed.unwrap_or_default().into_iter();
                let as_share = |distance| tested.scale.as_share(distance);
                assumed
                    .map(|one| match one {
                        Assumption::RunSpread { spread } => Assumption::RunSpread {
                            spread: as_share(spread),
                        },
                        Assumption::SessionSpread { spread } => Assumption::SessionSpread {
                            spread: as_share(spread),
                        },
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
