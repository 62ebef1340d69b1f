//! Both sides of a series and its change, in the unit in which people read them.

use std::borrow::Cow;

use super::comparison::{Change, Side};
use super::question::Question;
use super::readings::values;
use crate::model::{Better, Measurement, Series};

/// Where a side lies, and what its runs of the newest session say, which costs a sorting of their samples.
#[derive(Clone, Copy)]
pub(super) struct Centred<'a> {
    pub centre: f64,
    pub values: &'a [f64],
}

/// Both sides in the unit of the series.
pub(super) fn sides(
    question: &Question<'_>,
    base: Centred<'_>,
    current: Centred<'_>,
) -> (Side, Side) {
    let side = |measurements: &[&Measurement], centre: f64, values: Vec<f64>| Side {
        value: centre,
        runs: measurements.len(),
        values,
        observations: measurements
            .iter()
            .map(|m| m.evidence.observations())
            .sum::<Option<u64>>(),
    };
    let compared_with = question.compared_with();
    let of_base = match &compared_with {
        Cow::Borrowed(_) => base.values.to_vec(),
        Cow::Owned(with_history) => values(with_history, question.series),
    };
    (
        side(&compared_with, base.centre, of_base),
        side(
            &question.pair.current,
            current.centre,
            current.values.to_vec(),
        ),
    )
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
