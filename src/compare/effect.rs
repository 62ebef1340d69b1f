//! How far a series moved towards worse, and how sure that is. Everything here is in logarithms, with up as worse.

use super::comparison::{Assumption, Method};
use crate::stats::{location, ranks, spread, student};
use spread::Variance;

/// A standard deviation below which no spread is believed.
const SPREAD_FLOOR: f64 = 0.002;
/// Assumed of two sittings of which nothing is known, a sitting.
const ASSUMED_SESSION_SPREAD: f64 = 0.01;
/// What the rank guard lets pass by chance; with few runs a side, the least it can give.
const GUARD: f64 = 0.02;
/// From so many runs a side the rank guard has something to say.
const FEWEST_GUARDED: usize = 3;
/// The interval that is shown and that `unchanged` and `improved` are read from.
pub(super) const CONFIDENCE: f64 = 0.95;

/// The runs of one series, as logarithms with up as worse.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs {
    pub base: Vec<f64>,
    pub current: Vec<f64>,
    /// Oldest first, with the build.
    pub history: Vec<HistoryLogs>,
    /// Base stands for sittings of one run each.
    pub base_spans_sittings: bool,
    pub one_sitting: bool,
    /// Half the step at which the tool rounds, relative.
    pub half_step: f64,
    /// What chance inside a run explains by itself.
    pub inner_spread: f64,
    /// The spread to assume where there is one run a side and no history.
    pub assumed_spread: f64,
}

#[derive(Clone, Debug)]
pub(super) struct HistoryLogs {
    pub values: Vec<f64>,
    pub same_build_as_previous: bool,
}

/// The shift of a series and all that is known about it.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub base: f64,
    pub current: f64,
    pub shift: f64,
    /// Standard error of the shift.
    pub error: f64,
    pub df: f64,
    /// Spread of one run, for how many would be needed.
    pub run_spread: f64,
    /// One-sided.
    pub p_worse: f64,
    pub p_better: f64,
    /// Whether the ranks of the runs agree that it is worse, or better.
    pub ranks_worse: bool,
    pub ranks_better: bool,
    pub low: f64,
    pub high: f64,
    pub method: Method,
    pub assumed: Vec<Assumption>,
}

impl Effect {
    pub fn of(logs: &Logs) -> Option<Self> {
        let floor = SPREAD_FLOOR.max(logs.half_step).max(logs.inner_spread);
        let history: Vec<&[f64]> = logs.history.iter().map(|h| h.values.as_slice()).collect();
        let groups = spread::Groups {
            judged: &[&logs.base, &logs.current],
            history: &history,
            floor,
        };
        let within = spread::within(&groups);
        let few = logs.base.len().min(logs.current.len()) < FEWEST_GUARDED;
        let known = within.variance.df > 0.0;
        let mut assumed = Vec::new();
        let (within, method) = if logs.base_spans_sittings {
            (prediction_spread(&logs.base, floor), Method::Prediction)
        } else if known {
            (within, Method::Runs)
        } else {
            assumed.push(Assumption::RunSpread(logs.assumed_spread));
            let value = logs.assumed_spread.max(floor).powi(2);
            let variance = Variance {
                value,
                df: f64::INFINITY,
            };
            (spread::Within { variance, ..within }, Method::AssumedSpread)
        };
        let base = location::huber(&logs.base, within.scale)?;
        let current = location::huber(&logs.current, within.scale)?;
        let error = if logs.base_spans_sittings {
            // What is known is the spread of single runs of different sittings, so the current sitting counts as one.
            scaled(within.variance, 1.0 / count(&logs.base) + 1.0)
        } else {
            let sides = 1.0 / count(&logs.base) + 1.0 / count(&logs.current);
            let inside = scaled(within.variance, sides);
            if logs.one_sitting || method == Method::AssumedSpread {
                inside
            } else {
                let between = between(logs, &within, &mut assumed);
                spread::add(&[inside, scaled(between, 2.0)])
            }
        };
        let shift = current - base;
        let standard_error = error.value.sqrt();
        let t = shift / standard_error;
        let reach = student::quantile(f64::midpoint(1.0, CONFIDENCE), error.df) * standard_error;
        let worse = || ranks::rank_sum_upper_tail(&logs.base, &logs.current);
        let better = || ranks::rank_sum_upper_tail(&logs.current, &logs.base);
        let least = ranks::smallest_tail(logs.base.len(), logs.current.len());
        let allowed = GUARD.max(least * (1.0 + 1e-9));
        let p_worse = student::upper_tail(t, error.df);
        let p_better = student::upper_tail(-t, error.df);
        // The guard is costly for many runs and only ever takes a finding back.
        let asked = |p: f64| p < 0.05;
        Some(Self {
            base,
            current,
            shift,
            error: standard_error,
            df: error.df,
            run_spread: within.variance.value.sqrt(),
            p_worse,
            p_better,
            ranks_worse: few || (asked(p_worse) && worse() <= allowed),
            ranks_better: few || (asked(p_better) && better() <= allowed),
            low: shift - reach,
            high: shift + reach,
            method,
            assumed,
        })
    }

    /// The smallest shift that would be found in four of five cases at this level.
    pub fn detectable(&self, level: f64, decision_floor: f64) -> f64 {
        let found = student::quantile(1.0 - level, self.df) + student::quantile(0.8, self.df);
        let above_floor = decision_floor + student::quantile(0.8, self.df) * self.error;
        (found * self.error).max(above_floor)
    }
}

/// What a sitting adds: learned from neighbours of one build, else assumed and said.
fn between(logs: &Logs, within: &spread::Within, assumed: &mut Vec<Assumption>) -> Variance {
    let sittings: Vec<spread::Sitting> = logs
        .history
        .iter()
        .filter_map(|h| {
            Some(spread::Sitting {
                centre: location::huber(&h.values, within.scale)?,
                same_build_as_previous: h.same_build_as_previous,
                runs: h.values.len(),
            })
        })
        .collect();
    spread::between_sittings(&sittings, within.variance.value).unwrap_or_else(|| {
        assumed.push(Assumption::SessionSpread(ASSUMED_SESSION_SPREAD));
        Variance {
            value: ASSUMED_SESSION_SPREAD.powi(2),
            df: f64::INFINITY,
        }
    })
}

/// The spread of single runs about their centre, for predicting one more: the larger of the median absolute
/// deviation and that of successive differences, inflated for few runs.
fn prediction_spread(base: &[f64], floor: f64) -> spread::Within {
    let centre = crate::stats::order::median(base).unwrap_or(0.0);
    let deviations: Vec<f64> = base.iter().map(|v| v - centre).collect();
    let steps: Vec<f64> = base
        .windows(2)
        .filter_map(|w| Some((w.last()? - w.first()?) / 2.0_f64.sqrt()))
        .collect();
    let n = count(base);
    let mad = |residuals: &[f64]| location::scale_of_residuals(residuals).unwrap_or(0.0);
    let scale = mad(&deviations).max(mad(&steps)) * (1.0 + 1.5 / n);
    let scale = scale.max(floor);
    let df = (0.6 * n).max(1.0);
    spread::Within {
        scale,
        variance: Variance {
            value: scale * scale,
            df,
        },
    }
}

fn scaled(variance: Variance, by: f64) -> Variance {
    Variance {
        value: variance.value * by,
        df: variance.df,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
fn count(values: &[f64]) -> f64 {
    values.len().max(1) as f64
}
