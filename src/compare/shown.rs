//! Both sides of a series and its change, in the unit in which people read them.

use super::comparison::{Change, Side};
use super::question::Question;
use super::readings::values;
use crate::model::{Better, Measurement, Series};

/// Both sides in the unit of the series.
pub(super) fn sides(question: &Question<'_>, base: f64, current: f64) -> (Side, Side) {
    let side = |measurements: &[&Measurement], value: f64| Side {
        value,
        runs: measurements.len(),
        values: values(measurements, question.series),
        observations: measurements
            .iter()
            .map(|m| m.evidence.observations())
            .sum::<Option<u64>>(),
    };
    let pair = question.pair;
    let compared_with = question.compared_with();
    (side(&compared_with, base), side(&pair.current, current))
}

/// A change in logarithms towards worse, as the ratio of what was measured.
pub(super) fn ratio(series: &Series, shift: (f64, f64, f64), confidence: f64) -> Change {
    let (shift, low, high) = shift;
    let (ratio, low, high) = match series.better {
        Better::Lower => (shift.exp(), low.exp(), high.exp()),
        Better::Higher => ((-shift).exp(), (-high).exp(), (-low).exp()),
    };
    Change {
        ratio,
        low,
        high,
        confidence,
    }
}
