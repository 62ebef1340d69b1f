//! The numbers of a series: one a run, in one unit.

use super::question::Question;
use crate::model::{Measurement, Run, Series};
use crate::stats::reading;

/// Readings of one side, in the unit of the series.
pub(super) struct Readings {
    pub values: Vec<f64>,
    /// The step at which the tool rounded.
    pub step: f64,
    /// The standard error that each run has from the observations inside it, for the runs that tell it.
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

/// The values alone.
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

/// The launch of every run of both sides, where each run tells it and holds the metric.
pub(super) fn launches(question: &Question<'_>) -> Option<[Vec<u32>; 2]> {
    let of = |runs: &[&Run], measurements: &[&Measurement]| -> Option<Vec<u32>> {
        let told = runs.iter().map(|run| run.provenance.launch);
        (runs.len() == measurements.len()).then(|| told.collect())?
    };
    let (layout, pair) = (question.layout, question.pair);
    Some([
        of(&layout.base, &pair.base)?,
        of(&layout.current, &pair.current)?,
    ])
}
