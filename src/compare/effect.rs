//! How far a series moved towards worse, and how sure that is. Everything here is in logarithms, with up as worse.

use super::comparison::{Assumption, Method};
use crate::stats::{location, ranks, spread, student};
use spread::Variance;

/// A standard deviation below which no spread is believed.
const SPREAD_FLOOR: f64 = 0.002;
/// Assumed of two sittings of which nothing is known, a sitting: at least so much, and at least half of what runs
/// of one sitting differ by, for what moves runs moves sittings too.
const ASSUMED_SESSION_SPREAD: f64 = 0.01;
const ASSUMED_SESSION_SHARE: f64 = 0.5;
/// What the rank guard lets pass by chance, at the most.
const LOOSEST_GUARD: f64 = 0.02;
/// And with few runs, so many times the least that their ranks can give: one run or two may be out of place.
const PLACES: f64 = 4.0;
/// Where the spread is assumed, its tails are too: enough for a ten-fold slowdown to fail in any gate, and for a
/// doubled one to be measured again.
const ASSUMED_TAIL_DF: f64 = 5.0;
/// One or two runs a side may have met a bad moment, and those are rarer and larger than the spread of a handful
/// of earlier runs tells (on real suites one run in a thousand doubles): so much more than the assumed spread
/// stands in, with so many degrees of freedom, and each run seen tells less than one.
const BAD_MOMENT: f64 = 1.5;
const BAD_MOMENT_DF: f64 = 2.0;
const SEEN_DF: f64 = 0.3;
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
    /// What the ranks of the runs alone say; certain where there are too few to ask.
    pub ranks: Ranks,
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
                df: ASSUMED_TAIL_DF,
            };
            (spread::Within { variance, ..within }, Method::AssumedSpread)
        };
        let within = if few && method != Method::AssumedSpread {
            assumed.push(Assumption::RunSpread(logs.assumed_spread));
            moderated(within, logs.assumed_spread)
        } else {
            within
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
        let p_worse = student::upper_tail(t, error.df);
        let p_better = student::upper_tail(-t, error.df);
        let ranks = if few {
            Ranks::unasked()
        } else {
            Ranks::of(logs, p_worse, p_better)
        };
        Some(Self {
            base,
            current,
            shift,
            error: standard_error,
            df: error.df,
            run_spread: within.variance.value.sqrt(),
            p_worse,
            p_better,
            ranks,
            low: shift - reach,
            high: shift + reach,
            method,
            assumed,
        })
    }

    /// The smallest shift that would be found in four of five cases at this level.
    pub fn detectable(&self, level: f64, decision_floor: f64) -> f64 {
        let four_of_five = student::quantile(0.8, self.df) * self.error;
        let found = student::quantile(1.0 - level, self.df) * self.error;
        found.max(decision_floor) + four_of_five
    }
}

/// One-sided chances of the ranks, exact whatever the shape of the noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranks {
    worse: f64,
    better: f64,
    least: f64,
}

impl Ranks {
    fn unasked() -> Self {
        Self {
            worse: 0.0,
            better: 0.0,
            least: 1.0,
        }
    }

    /// The guard is costly for many runs and only ever takes a finding back: where there is none it is not asked.
    fn of(logs: &Logs, p_worse: f64, p_better: f64) -> Self {
        let asked = |p: f64, lower: &[f64], upper: &[f64]| {
            if p < 0.05 {
                ranks::rank_sum_upper_tail(lower, upper)
            } else {
                1.0
            }
        };
        Self {
            worse: asked(p_worse, &logs.base, &logs.current),
            better: asked(p_better, &logs.current, &logs.base),
            least: ranks::smallest_tail(logs.base.len(), logs.current.len()),
        }
    }

    /// Where the runs suffice the ranks have to keep the level by themselves; few runs are asked for as much as
    /// they can give, so that no shape of the noise makes a finding of its own.
    fn allowed(self, level: f64) -> f64 {
        let few = (PLACES * self.least).min(LOOSEST_GUARD);
        level.max(few).max(self.least) * (1.0 + 1e-9)
    }

    pub fn say_worse(self, level: f64) -> bool {
        self.worse <= self.allowed(level)
    }

    pub fn say_better(self, level: f64) -> bool {
        self.better <= self.allowed(level)
    }
}

/// What is known of the spread of single runs, with the possibility of a bad moment beside it.
fn moderated(within: spread::Within, assumed: f64) -> spread::Within {
    let seen = within.variance.df * SEEN_DF;
    let df = seen + BAD_MOMENT_DF;
    let bad = (BAD_MOMENT * assumed).powi(2);
    let value = (seen * within.variance.value + BAD_MOMENT_DF * bad) / df;
    spread::Within {
        variance: Variance { value, df },
        ..within
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
        let run_spread = within.variance.value.sqrt();
        let spread = ASSUMED_SESSION_SPREAD.max(ASSUMED_SESSION_SHARE * run_spread);
        assumed.push(Assumption::SessionSpread(spread));
        Variance {
            value: spread.powi(2),
            df: f64::INFINITY,
        }
    })
}

/// The spread of single runs about their centre, for predicting one more: the largest of the median absolute
/// deviation, that of successive differences, and the standard deviation, inflated for few runs.
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
    let centre = base.iter().sum::<f64>() / n;
    let squares: f64 = base.iter().map(|v| (v - centre).powi(2)).sum();
    let scale = scale.max((squares / (n - 1.0).max(1.0)).sqrt()).max(floor);
    spread::Within {
        scale,
        variance: Variance {
            value: scale * scale,
            df: n,
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
