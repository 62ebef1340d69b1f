//! One series, measured on both sides: what is known before the gate decides.

use super::comparison::{Assumption, Cause, Change, Drift, Method, Side};
use super::effect::{self, Effect, Logs};
use super::errors::ErrorShift;
use super::exact::is_exact;
use super::judge::{ratio, sides};
use super::layout::Layout;
use super::observations::{Carried, carried};
use super::outcome::{self, Adjusted, Decision, Shown};
use super::pairs::Pair;
use super::policy::Limits;
use super::readings::{Readings, logs, readings, value, values};
use super::{Doubt, Outcome};
use crate::model::Series;
use crate::stats::order;

/// One series of a pair, with what is asked of it.
pub(super) struct Question<'a> {
    pub series: &'a Series,
    pub pair: &'a Pair<'a>,
    pub layout: &'a Layout<'a>,
    pub limits: &'a Limits,
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub baseline: Option<Side>,
    pub current: Option<Side>,
    /// A reason that stands in for numbers.
    pub cause: Option<Cause>,
    pub carried: Carried,
    pub drift: Option<Drift>,
    /// Logarithms of the current runs towards worse, for the anchor.
    pub current_logs: Vec<f64>,
    finding: Finding,
}

#[derive(Clone, Debug)]
enum Finding {
    Apart(Outcome),
    Effect { effect: Box<Effect>, shown: Shown },
    Errors(ErrorShift),
    Exact { shift: f64, too_small: bool },
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
    if let Some(shift) = ErrorShift::of(pair, question.limits) {
        let (baseline, current) = sides(pair, shift.base.rate(), shift.current.rate());
        return Measured::with(baseline, current, Finding::Errors(shift));
    }
    let exact = is_exact(question);
    let smallest = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    if smallest(&base.values) <= 0.0 || smallest(&current.values) <= 0.0 {
        let (b, c) = (smallest(&base.values), smallest(&current.values));
        if exact && b.total_cmp(&c).is_eq() {
            let (baseline, current) = sides(pair, b, c);
            return Measured::with(
                baseline,
                current,
                Finding::Exact {
                    shift: 0.0,
                    too_small: false,
                },
            );
        }
        return Measured::apart(
            question,
            Cause::NotPositive {
                baseline: b,
                current: c,
            },
        );
    }
    let logs = logs(question, &base, &current);
    let mut measured = if exact {
        exactly(question, &logs)
    } else {
        statistically(question, &logs, &base, &current)
    };
    measured.current_logs = logs.current;
    let (present, runs) = (current.values.len(), question.layout.current.len());
    let incomplete = (present < runs).then_some(Cause::Incomplete { present, runs });
    measured.cause = incomplete;
    measured
}

fn exactly(question: &Question<'_>, logs: &Logs) -> Measured {
    let Question {
        series,
        pair,
        limits,
        ..
    } = question;
    // Sessions of other builds may hold other counts: the newest is what the current runs are compared with.
    let base = logs.base.last().copied().unwrap_or(0.0);
    let current = order::median(&logs.current).unwrap_or(0.0);
    let (baseline, current_side) = sides(pair, value(series, base), value(series, current));
    let difference = (current_side.value - baseline.value).abs();
    let least = limits
        .min_delta
        .as_ref()
        .and_then(|q| q.in_unit(&series.unit));
    let too_small = least.is_some_and(|least| difference <= least);
    let finding = Finding::Exact {
        shift: current - base,
        too_small,
    };
    Measured::with(baseline, current_side, finding)
}

fn statistically(
    question: &Question<'_>,
    logs: &Logs,
    base: &Readings,
    current: &Readings,
) -> Measured {
    let Question { series, pair, .. } = question;
    let Some(effect) = Effect::of(logs) else {
        return Measured::apart(question, Cause::Numbers);
    };
    let (baseline, current_side) = sides(
        pair,
        value(series, effect.base),
        value(series, effect.current),
    );
    let shown = Shown {
        base: baseline.value,
        current: current_side.value,
        step: base.step.max(current.step),
    };
    Measured::with(
        baseline,
        current_side,
        Finding::Effect {
            effect: Box::new(effect),
            shown,
        },
    )
}

impl Measured {
    fn with(baseline: Side, current: Side, finding: Finding) -> Self {
        Self {
            baseline: Some(baseline),
            current: Some(current),
            cause: None,
            carried: Carried::Enough,
            drift: None,
            current_logs: Vec::new(),
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
        let (b, c) = sides(question.pair, base.unwrap_or(0.0), current.unwrap_or(0.0));
        Self {
            baseline: base.map(|_| b),
            current: current.map(|_| c),
            cause: Some(cause),
            carried: Carried::Enough,
            drift: None,
            current_logs: Vec::new(),
            finding: Finding::Apart(outcome),
        }
    }

    /// Both sides are there and are not the same thing.
    pub fn apart(question: &Question<'_>, cause: Cause) -> Self {
        let series = question.series;
        let pair = question.pair;
        let (base, current) = (values(&pair.base, series), values(&pair.current, series));
        Self::one_sided(question, (&base, &current), Outcome::Incomparable, cause)
    }

    /// The chances of this series alone, where it was tested.
    pub fn chances(&self) -> Option<Adjusted> {
        if self.carried != Carried::Enough {
            return None;
        }
        match &self.finding {
            Finding::Effect { effect, .. } => Some(Adjusted {
                worse: effect.p_worse,
                better: effect.p_better,
            }),
            Finding::Errors(shift) => Some(Adjusted {
                worse: shift.p_worse,
                better: shift.p_better,
            }),
            Finding::Exact { .. } | Finding::Apart(_) => None,
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
        let mut decision = match &self.finding {
            Finding::Apart(outcome) => Decision {
                outcome: *outcome,
                cause: Cause::Numbers,
                detectable: None,
                runs_needed: None,
            },
            Finding::Effect { effect, shown } => {
                outcome::of_effect(effect, adjusted, limits, (series, *shown, family))
            }
            Finding::Errors(shift) => outcome::of_errors(shift, adjusted),
            Finding::Exact { shift, too_small } => outcome::of_exact(*shift, limits, *too_small),
        };
        if let Some(cause) = &self.cause {
            decision.cause = cause.clone();
        }
        let both = !matches!(decision.outcome, Outcome::Missing | Outcome::New);
        match self.carried {
            // Where requests dry up, what is left of them cannot clear the series.
            Carried::NoLonger(_) if both => {
                decision.outcome = Outcome::Inconclusive(Doubt::Suspect);
                decision.runs_needed = None;
            }
            Carried::Never(_) if decision.outcome == Outcome::Regressed => {
                decision.outcome = Outcome::Inconclusive(Doubt::Suspect);
            }
            _ => {}
        }
        decision
    }

    pub fn change(&self, series: &Series) -> Option<Change> {
        match &self.finding {
            Finding::Effect { effect, .. } => Some(ratio(
                series,
                (effect.shift, effect.low, effect.high),
                effect::CONFIDENCE,
            )),
            Finding::Exact { shift, .. } => {
                Some(ratio(series, (*shift, *shift, *shift), effect::CONFIDENCE))
            }
            Finding::Errors(shift) => {
                let base = shift.base.rate();
                let of = |difference: f64| (base + difference) / base;
                (base > 0.0).then(|| Change {
                    ratio: of(shift.difference.estimate),
                    low: of(shift.difference.low).max(0.0),
                    high: of(shift.difference.high),
                    confidence: effect::CONFIDENCE,
                })
            }
            Finding::Apart(_) => None,
        }
    }

    /// How far it moved, as a logarithm towards worse, where the numbers have one.
    pub fn shift(&self) -> Option<f64> {
        match &self.finding {
            Finding::Effect { effect, .. } => Some(effect.shift),
            Finding::Exact { shift, .. } => Some(*shift),
            Finding::Errors(_) | Finding::Apart(_) => None,
        }
    }

    pub fn method(&self) -> Method {
        match &self.finding {
            Finding::Effect { effect, .. } => effect.method,
            Finding::Errors(_) => Method::Proportion,
            Finding::Exact { .. } => Method::Exact,
            Finding::Apart(_) => Method::None,
        }
    }

    pub fn assumed(&self) -> Vec<Assumption> {
        match &self.finding {
            Finding::Effect { effect, .. } => effect.assumed.clone(),
            _ => Vec::new(),
        }
    }
}
