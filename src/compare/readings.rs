//! The numbers of a series on both sides: one a run, in one unit, as logarithms towards worse.

use super::effect::{HistoryLogs, Logs};
use super::measured::Question;
use crate::model::{Better, Measurement, Quantile, Series, Statistic};
use crate::stats::{order, reading};

/// Assumed of runs of one build where nothing is known: a tenth, and twice that for the tail.
const ASSUMED_RUN_SPREAD: f64 = 0.10;
const ASSUMED_TAIL_SPREAD: f64 = 0.20;

/// Readings of one side, in the unit of the series.
pub(super) struct Readings {
    pub values: Vec<f64>,
    /// The step at which the tool rounded.
    pub step: f64,
    /// What chance inside a run explains by itself, of the runs that tell.
    pub inner_spreads: Vec<f64>,
}

pub(super) fn readings(side: &[&Measurement], series: &Series) -> Readings {
    let mut readings = Readings {
        values: Vec::with_capacity(side.len()),
        step: 0.0,
        inner_spreads: Vec::new(),
    };
    for measurement in side {
        let factor = factor(measurement, series);
        let found = reading::read_with_spread(&measurement.evidence, series.statistic);
        if let Some((found, spread)) = found {
            readings.values.push(found.value * factor);
            readings.step = readings.step.max(found.resolution * factor);
            readings.inner_spreads.extend(spread);
        }
    }
    readings
}

/// The same where the numbers alone are asked for.
pub(super) fn values(side: &[&Measurement], series: &Series) -> Vec<f64> {
    side.iter()
        .filter_map(|measurement| {
            let found = reading::read(&measurement.evidence, series.statistic)?;
            Some(found.value * factor(measurement, series))
        })
        .collect()
}

fn factor(measurement: &Measurement, series: &Series) -> f64 {
    measurement.unit.factor_to(&series.unit).unwrap_or(f64::NAN)
}

pub(super) fn logs(question: &Question<'_>, base: &Readings, current: &Readings) -> Logs {
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
        let mut values = values(measurements, series);
        values.retain(|v| *v > 0.0);
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
    let inner = [base.inner_spreads.as_slice(), &current.inner_spreads].concat();
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

/// A logarithm towards worse, back as the value that was measured.
pub(super) fn value(series: &Series, log: f64) -> f64 {
    match series.better {
        Better::Lower => log.exp(),
        Better::Higher => (-log).exp(),
    }
}

pub(super) fn assumed_spread(statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Quantile(q) if q >= Quantile::P95 => ASSUMED_TAIL_SPREAD,
        Statistic::Max => ASSUMED_TAIL_SPREAD,
        _ => ASSUMED_RUN_SPREAD,
    }
}
