//! One series, measured on both sides: what is known before the gate decides.

use super::comparison::{Assumption, Cause, Change, Drift, Method, Side};
use super::effect::{self, Effect, HistoryLogs, Logs};
use super::errors::ErrorShift;
use super::judge::{ratio, sides};
use super::outcome::{self, Adjusted, Decision, Shown};
use super::pairs::Pair;
use super::policy::Limits;
use super::sittings::Layout;
use super::{Doubt, Outcome};
use crate::model::unit::Dimension;
use crate::model::{Better, Evidence, Measurement, MetricName, Quantile, Series, Statistic};
use crate::stats::{order, reading};

/// Assumed of runs of one build where nothing is known: a tenth, and twice that for the tail.
const ASSUMED_RUN_SPREAD: f64 = 0.10;
const ASSUMED_TAIL_SPREAD: f64 = 0.20;

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

/// Readings of one side, in the unit of the series.
struct Readings {
    values: Vec<f64>,
    step: f64,
}

fn readings(side: &[&Measurement], series: &Series) -> Readings {
    let mut readings = Readings {
        values: Vec::with_capacity(side.len()),
        step: 0.0,
    };
    for measurement in side {
        let factor = measurement.unit.factor_to(&series.unit).unwrap_or(f64::NAN);
        if let Some(found) = reading::read(&measurement.evidence, series.statistic) {
            readings.values.push(found.value * factor);
            readings.step = readings.step.max(found.resolution * factor);
        }
    }
    readings
}

pub(super) fn measure(question: &Question<'_>) -> Measured {
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
    let exact = is_exact(pair, series, &base.values, &current.values);
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
    measured.cause = too_few_observations(pair, series);
    measured
}

fn exactly(question: &Question<'_>, logs: &Logs) -> Measured {
    let Question {
        series,
        pair,
        limits,
        ..
    } = question;
    let base = order::median(&logs.base).unwrap_or(0.0);
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

/// A logarithm towards worse, back as the value that was measured.
fn value(series: &Series, log: f64) -> f64 {
    match series.better {
        Better::Lower => log.exp(),
        Better::Higher => (-log).exp(),
    }
}

fn logs(question: &Question<'_>, base: &Readings, current: &Readings) -> Logs {
    let Question {
        series,
        pair,
        layout,
        ..
    } = question;
    let turned =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|v| towards_worse(series, *v)).collect() };
    let mut history = Vec::new();
    let mut previous: Option<&str> = None;
    for (sitting, measurements) in layout.history.iter().zip(&pair.history) {
        let build = sitting.commit();
        let values: Vec<f64> = readings(measurements, series)
            .values
            .into_iter()
            .filter(|v| *v > 0.0)
            .collect();
        if values.is_empty() {
            continue;
        }
        let same = build.is_some() && build == previous;
        history.push(HistoryLogs {
            values: turned(&values),
            same_build_as_previous: same,
        });
        previous = build;
    }
    let typical = order::median(&base.values).unwrap_or(1.0);
    let inner: Vec<f64> = pair
        .base
        .iter()
        .chain(&pair.current)
        .filter_map(|m| reading::inner_spread(&m.evidence, series.statistic))
        .collect();
    Logs {
        base: turned(&base.values),
        current: turned(&current.values),
        history,
        base_spans_sittings: layout.base_spans_sittings,
        one_sitting: layout.one_sitting,
        half_step: base.step.max(current.step) / 2.0 / typical,
        inner_spread: order::median(&inner).unwrap_or(0.0),
        assumed_spread: assumed_spread(series.statistic),
    }
}

pub(super) fn towards_worse(series: &Series, value: f64) -> f64 {
    match series.better {
        Better::Lower => value.ln(),
        Better::Higher => -value.ln(),
    }
}

fn assumed_spread(statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Quantile(q) if q >= Quantile::P95 => ASSUMED_TAIL_SPREAD,
        Statistic::Max => ASSUMED_TAIL_SPREAD,
        _ => ASSUMED_RUN_SPREAD,
    }
}

/// Counts that tools give to the last digit: exact where every run of a side agrees.
fn is_exact(pair: &Pair<'_>, series: &Series, base: &[f64], current: &[f64]) -> bool {
    const COUNTS: [&str; 4] = ["instructions", "allocations", "allocated", "size"];
    let timed = matches!(series.unit.dimension(), Dimension::Time(_))
        || series.unit.as_str().ends_with("/s")
        || [
            MetricName::LATENCY,
            MetricName::TIME,
            MetricName::THROUGHPUT,
        ]
        .contains(&series.metric.as_str());
    let single = |m: &&Measurement| matches!(m.evidence, Evidence::Value(_));
    if timed || !pair.base.iter().chain(&pair.current).all(single) {
        return false;
    }
    let agree = |values: &[f64]| {
        values
            .windows(2)
            .all(|w| matches!(w, [a, b] if a.total_cmp(b).is_eq()))
    };
    let repeated = base.len() > 1 || COUNTS.contains(&series.metric.as_str());
    repeated && agree(base) && agree(current)
}

/// A tail quantile of too few requests is shown and not gated.
fn too_few_observations(pair: &Pair<'_>, series: &Series) -> Option<Cause> {
    let Statistic::Quantile(q) = series.statistic else {
        return None;
    };
    if q <= Quantile::P50 {
        return None;
    }
    let need = q.needed_observations();
    let typical = |side: &[&Measurement]| {
        let mut counts: Vec<u64> = side
            .iter()
            .filter_map(|m| m.evidence.observations())
            .collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied()
    };
    let have = [typical(&pair.base), typical(&pair.current)]
        .into_iter()
        .flatten()
        .min()?;
    (have < need).then_some(Cause::TooFewObservations { have, need })
}

impl Measured {
    fn with(baseline: Side, current: Side, finding: Finding) -> Self {
        Self {
            baseline: Some(baseline),
            current: Some(current),
            cause: None,
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
            drift: None,
            current_logs: Vec::new(),
            finding: Finding::Apart(outcome),
        }
    }

    /// Both sides are there and are not the same thing.
    pub fn apart(question: &Question<'_>, cause: Cause) -> Self {
        let series = question.series;
        let own = |side: &[&Measurement]| readings(side, series).values;
        let (base, current) = (own(&question.pair.base), own(&question.pair.current));
        Self::one_sided(question, (&base, &current), Outcome::Incomparable, cause)
    }

    /// The chances of this series alone, where it was tested.
    pub fn chances(&self) -> Option<Adjusted> {
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
            if matches!(cause, Cause::TooFewObservations { .. })
                && decision.outcome == Outcome::Regressed
            {
                decision.outcome = Outcome::Inconclusive(Doubt::Suspect);
            }
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
