//! The numbers of a series on both sides: one a run, in one unit, as levels on the scale on which they are judged.

use super::effect::{Levels, SessionLevels, Sides, Unseen};
use super::layout::Layout;
use super::measured::Question;
use crate::model::{Better, Measurement, Quantile, Run, Series, Statistic};
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

/// The scale on which a series is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Logarithms: twice as slow and half as fast are the same distance.
    Log,
    /// The numbers themselves, where they may be zero or negative; the size is that of the larger side.
    Linear { size: f64 },
}

impl Scale {
    /// A level on this scale, with up as worse.
    pub fn level(self, series: &Series, value: f64) -> f64 {
        let up = match self {
            Self::Log => value.ln(),
            Self::Linear { .. } => value,
        };
        match series.better {
            Better::Lower => up,
            Better::Higher => -up,
        }
    }

    /// A level back as the value that was measured.
    pub fn value(self, series: &Series, level: f64) -> f64 {
        let up = match series.better {
            Better::Lower => level,
            Better::Higher => -level,
        };
        match self {
            Self::Log => up.exp(),
            Self::Linear { .. } => up,
        }
    }

    /// A share of the values, as a distance on this scale.
    fn share(self, share: f64) -> f64 {
        match self {
            Self::Log => share,
            Self::Linear { size } => share * size,
        }
    }

    /// An absolute distance, seen from a typical value.
    fn distance(self, distance: f64, typical: f64) -> f64 {
        match self {
            Self::Log => distance / typical,
            Self::Linear { .. } => distance,
        }
    }
}

/// A standard deviation of runs below which none is believed.
const SPREAD_FLOOR: f64 = 0.002;

pub(super) fn levels(
    question: &Question<'_>,
    base: &Readings,
    current: &Readings,
    scale: Scale,
) -> Levels {
    let Question {
        series,
        pair,
        layout,
        ..
    } = question;
    let turned = |values: &[f64]| -> Vec<f64> {
        let usable = values.iter().filter(|v| scale != Scale::Log || **v > 0.0);
        usable.map(|v| scale.level(series, *v)).collect()
    };
    let mut history = Vec::new();
    let mut previous: Option<&str> = None;
    for (session, measurements) in layout.history.iter().zip(&pair.history) {
        let build = session.commit();
        let values = turned(&values(measurements, series));
        if values.is_empty() {
            continue;
        }
        history.push(SessionLevels {
            values,
            same_build_as_previous: build.is_some() && build == previous,
        });
        previous = build;
    }
    let typical = order::median(&base.values).unwrap_or(1.0);
    let inner = [base.inner_spreads.as_slice(), &current.inner_spreads].concat();
    let inner = order::median(&inner).unwrap_or(0.0);
    let half_step = base.step.max(current.step) / 2.0;
    Levels {
        base: turned(&base.values),
        current: turned(&current.values),
        history,
        base_as_history: previous.is_some() && previous == layout.base_commit(),
        sides: Sides::of(layout),
        launches: launches(question),
        floor: scale
            .share(SPREAD_FLOOR.max(inner))
            .max(scale.distance(half_step, typical)),
        unseen: Unseen::RunSpread(scale.share(assumed_spread(series.statistic))),
        assumed_between: scale.share(question.assumed_between),
    }
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

impl Sides {
    pub fn of(layout: &Layout<'_>) -> Self {
        if layout.base_spans_sittings {
            Self::BaseSpansSessions
        } else if layout.one_sitting {
            Self::OneSession
        } else {
            Self::Apart
        }
    }
}

pub(super) fn assumed_spread(statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Quantile(q) if q >= Quantile::P95 => ASSUMED_TAIL_SPREAD,
        // A low quantile or a minimum is steadier than the middle, where it is not luck.
        Statistic::Max => ASSUMED_TAIL_SPREAD,
        _ => ASSUMED_RUN_SPREAD,
    }
}
