//! How far a series moved towards worse, and how sure that is, on the scale on which it is judged: logarithms of
//! times and sizes, arcsines of shares, the numbers themselves where they may be zero or negative.

use std::borrow::Cow;

use super::comparison::{Assumption, Method};
use super::guard::{FEWEST_GUARDED, FULL_RUNS, RankGuard};
use super::levels::{Levels, SessionLevels, SidesBySession, SpreadFallback};
use crate::stats::{launches, location, order, spread, student};
use launches::LaunchSpread;
use spread::{Neighbours, Variance};

/// Two sessions differ by at least this share of what runs of one session differ by, where nothing is known of them:
/// what moves runs moves sessions too.
const ASSUMED_SESSION_SHARE: f64 = 0.5;
/// Until so many sessions are known, the spread between them is never taken below what is assumed.
const SESSIONS_TO_KNOW: usize = 6;
/// From so many earlier sessions on they tell what a single run does.
const SESSIONS_TO_PREDICT: usize = 5;
/// Degrees of freedom of an assumed spread: enough that a series that became 2.3 times as slow fails in a gate of ten.
const ASSUMED_TAIL_DF: f64 = 5.0;
/// With one or two runs a side, one of them may have been disturbed. Disturbances are rarer and larger than the spread of
/// a few earlier runs shows (on real suites one run in a thousand takes twice as long). So the assumed spread is
/// multiplied by this factor and has this many degrees of freedom, and each earlier run adds less than one.
const BAD_MOMENT: f64 = 1.5;
const BAD_MOMENT_DF: f64 = 2.0;
const SEEN_DF: f64 = 0.3;
/// The interval that is shown and that `unchanged` is read from.
pub(super) const CONFIDENCE: f64 = 0.95;

/// What a series of a gate learned, or what is typical of all of them: medians of what each of them learned.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Typical {
    /// The variance that a session adds.
    pub session: Option<f64>,
    /// The variance that a launch adds.
    pub launch: Option<f64>,
}

impl Typical {
    /// The same variances where the unit is so many times as large.
    pub fn in_units_of(self, size: f64) -> Self {
        let scaled = |variance: f64| variance / (size * size);
        Self {
            session: self.session.map(scaled),
            launch: self.launch.map(scaled),
        }
    }
}

/// The levels of a series with their spread, before the gate is asked what sessions add.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    levels: Levels,
    within: spread::Within,
    method: Method,
    assumed: Vec<Assumption>,
    /// What its own neighbouring sessions say.
    neighbours: Option<Neighbours>,
    /// What its own launches say of the variance that a launch adds.
    launches: Option<LaunchSpread>,
    /// Degrees of freedom of earlier sessions, which more runs of today do not add to.
    prior_df: f64,
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
    /// One-sided.
    pub p_worse: f64,
    pub p_better: f64,
    /// What the ranks of the runs alone say; certain where there are too few to ask.
    pub ranks: RankGuard,
    pub low: f64,
    pub high: f64,
    pub method: Method,
    pub assumed: Vec<Assumption>,
    pub spread: KnownSpread,
}

/// What is known of the spread, to say how many runs would be enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownSpread {
    pub run: Variance,
    /// Of the sessions of both sides together.
    pub between: Variance,
    pub prior_df: f64,
    pub is_assumed: bool,
    /// Of the baseline and now.
    pub runs: (usize, usize),
}

impl Prepared {
    pub fn new(levels: Levels) -> Self {
        let history: Vec<&[f64]> = levels.history.iter().map(|h| h.values.as_slice()).collect();
        let newest = levels.base.len().min(levels.current.len());
        let fewest = levels.compared_with().len().min(levels.current.len());
        let groups = spread::Groups {
            judged: &[&levels.base, &levels.current],
            history: &history,
            floor: levels.floor,
            outliers: if newest >= FULL_RUNS {
                spread::Outliers::Bounded
            } else {
                spread::Outliers::InFull
            },
        };
        let seen = spread::within(&groups);
        let prior_df: f64 = history
            .iter()
            .map(|h| count(h) - 1.0)
            .sum::<f64>()
            .min(spread::MOST_PRIOR_DF);
        let mut prepared = Self {
            neighbours: None,
            launches: None,
            within: seen,
            method: Method::Runs,
            assumed: Vec::new(),
            prior_df,
            levels,
        };
        prepared.fill_in(fewest);
        prepared.neighbours = prepared.neighbours();
        prepared.launches = prepared.launch_spread();
        prepared
    }

    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What the runs cannot show by themselves is assumed.
    fn fill_in(&mut self, fewest: usize) {
        let spans = self.levels.sessions == SidesBySession::BaseSpansSessions;
        if spans {
            self.within = prediction_spread(&self.levels.base, self.least_of_nights());
            self.method = Method::Prediction;
        }
        match self.levels.fallback {
            SpreadFallback::Prior(prior) if self.prior_df <= 0.0 && !spans => {
                let seen = self.within.variance;
                let df = seen.df + prior.df;
                let value = (seen.df * seen.value + prior.df * prior.value) / df;
                self.within.variance = Variance {
                    value: value.max(self.levels.floor.powi(2)),
                    df,
                };
            }
            SpreadFallback::RunSpread(assumed) if spans && fewest < FEWEST_GUARDED => {
                self.assumed.push(Assumption::RunSpread { spread: assumed });
                self.within = moderated(self.within, assumed);
            }
            SpreadFallback::RunSpread(assumed) if !spans && fewest < FULL_RUNS => {
                self.bound_few(assumed, fewest);
            }
            SpreadFallback::Prior(_) | SpreadFallback::RunSpread(_) => {}
        }
    }

    /// Few runs show less than what single runs do: never less than what is assumed of those, or what a history of
    /// five sessions shows of them.
    fn bound_few(&mut self, assumed: f64, fewest: usize) {
        if self.levels.history.len() >= SESSIONS_TO_PREDICT && self.prior_df > 0.0 {
            let single = self.single_runs_of_history();
            if single.variance.value > self.within.variance.value {
                self.within = single;
            }
            if fewest < FEWEST_GUARDED {
                self.assumed.push(Assumption::RunSpread { spread: assumed });
                self.within = moderated(self.within, assumed);
            }
            return;
        }
        let floor = assumed.powi(2).max(self.levels.floor.powi(2));
        if self.within.variance.df <= 0.0 || self.within.variance.value < floor {
            self.assumed.push(Assumption::RunSpread { spread: assumed });
            self.method = Method::AssumedSpread;
            self.within.variance = Variance {
                value: floor,
                df: ASSUMED_TAIL_DF,
            };
        }
    }

    /// What a single run of an earlier session lay from the centre of its session.
    fn single_runs_of_history(&self) -> spread::Within {
        let residuals: Vec<f64> = self
            .levels
            .history
            .iter()
            .filter(|h| h.values.len() > 1)
            .flat_map(|h| {
                let centre = order::median(&h.values).unwrap_or(0.0);
                let stretch = (count(&h.values) / (count(&h.values) - 1.0)).sqrt();
                h.values.iter().map(move |v| (v - centre) * stretch)
            })
            .collect();
        let mut single = prediction_spread(&residuals, self.levels.floor);
        single.variance.df = single.variance.df.min(spread::MOST_PRIOR_DF);
        single
    }

    /// The least that single runs of different sessions are taken to differ by.
    fn least_of_nights(&self) -> f64 {
        if self.levels.base.len() < SESSIONS_TO_KNOW {
            self.levels.floor.max(self.levels.assumed_between)
        } else {
            self.levels.floor
        }
    }

    /// Neighbouring sessions, those of the baseline's own machine up to the base and those of other machines.
    fn neighbours(&self) -> Option<Neighbours> {
        if self.levels.sessions != SidesBySession::Apart {
            return None;
        }
        let session = |values: &[f64], same_build_as_previous| {
            Some(spread::Session {
                centre: location::huber(values, self.within.scale)?,
                same_build_as_previous,
                runs: values.len(),
            })
        };
        let of = |earlier: &[SessionLevels]| -> Vec<spread::Session> {
            let each = earlier.iter();
            each.filter_map(|e| session(&e.values, e.same_build_as_previous))
                .collect()
        };
        let mut own = of(&self.levels.history);
        own.extend(session(&self.levels.base, self.levels.base_as_history));
        let others = self.levels.on_other_machines.iter().map(|m| of(m));
        let machines: Vec<Vec<spread::Session>> = [own].into_iter().chain(others).collect();
        spread::between_sessions(&machines, self.within.variance.value)
    }

    /// Launches tell where both sides have two or more of them, and fewer than runs.
    fn launch_spread(&self) -> Option<LaunchSpread> {
        let [base, current] = self.levels.launches.as_ref()?;
        (self.levels.sessions == SidesBySession::InOneSession).then_some(())?;
        launches::spread([(&self.levels.base, base), (&self.levels.current, current)])
    }

    /// What the launches of both sides add to the variance of the difference of the centres. The spread of the runs
    /// about their centre holds the launch of each run; what is added is that runs of one launch share theirs.
    fn shared_launches(&self, typical: Option<f64>) -> Variance {
        let nothing = Variance {
            value: 0.0,
            df: f64::INFINITY,
        };
        self.launches.map_or(nothing, |own| {
            let moderated = own.moderated(typical.unwrap_or(own.value));
            scaled(moderated, own.shared)
        })
    }

    /// The variance that one session adds. `typical` is the median of what the series of the gate learned.
    fn between(&self, typical: Option<f64>, assumed: &mut Vec<Assumption>) -> Variance {
        let least = self.levels.assumed_between;
        let known = self.levels.history.len() + 1 >= SESSIONS_TO_KNOW;
        let Some(neighbours) = self.neighbours else {
            let run_spread = self.within.variance.value.sqrt();
            let is_assumed = self.method == Method::AssumedSpread;
            let share = if is_assumed {
                0.0
            } else {
                ASSUMED_SESSION_SHARE
            };
            let spread = least.max(share * run_spread);
            // What is assumed of single runs holds a small assumption as well.
            let hidden = is_assumed && spread < ASSUMED_SESSION_SHARE / 2.0 * run_spread;
            if hidden {
                return Variance {
                    value: 0.0,
                    df: f64::INFINITY,
                };
            }
            assumed.push(Assumption::SessionSpread { spread });
            return Variance {
                value: spread.powi(2),
                df: f64::INFINITY,
            };
        };
        let learned = neighbours.moderated(typical.unwrap_or(neighbours.value));
        if known && neighbours.same_build || learned.value >= least.powi(2) {
            return learned;
        }
        assumed.push(Assumption::SessionSpread { spread: least });
        Variance {
            value: least.powi(2),
            df: learned.df,
        }
    }

    /// What its own sessions and launches say.
    pub fn learned(&self) -> Typical {
        Typical {
            session: self.neighbours.map(|neighbours| neighbours.value),
            launch: self.launches.map(|launches| launches.value),
        }
    }

    /// Where the two sides lie, whatever sessions add.
    pub fn centres(&self) -> [Option<f64>; 2] {
        let current = location::huber(&self.levels.current, self.within.scale);
        [self.base_centre(), current]
    }

    /// The mean of the centres of the sessions that are compared with, each with the weight of its runs.
    fn base_centre(&self) -> Option<f64> {
        let (mut sum, mut runs) = (0.0, 0.0);
        for session in self.levels.base_sessions() {
            sum += count(session) * location::huber(session, self.within.scale)?;
            runs += count(session);
        }
        (runs > 0.0).then(|| sum / runs)
    }

    /// What is left of the variance that a session adds in the mean over the sessions of the base: one over their
    /// number, where they hold as many runs each.
    fn base_session_share(&self) -> f64 {
        let runs: Vec<f64> = self.levels.base_sessions().map(count).collect();
        let all: f64 = runs.iter().sum();
        runs.iter().map(|n| (n / all).powi(2)).sum()
    }

    /// `typical` are the medians of what the series of the gate learned.
    pub fn effect(&self, typical: Typical) -> Option<Effect> {
        let levels = &self.levels;
        let [Some(base), Some(current)] = self.centres() else {
            return None;
        };
        let compared_with = levels.compared_with();
        let mut assumed = self.assumed.clone();
        let (n_base, n_current) = (count(&compared_with), count(&levels.current));
        let variance = self.within.variance;
        let nothing = Variance {
            value: 0.0,
            df: f64::INFINITY,
        };
        let (inside, between) = match levels.sessions {
            // What is known is the spread of single runs of different sessions, so the current one counts as one.
            SidesBySession::BaseSpansSessions => (scaled(variance, 1.0 / n_base + 1.0), nothing),
            SidesBySession::InOneSession => {
                let inside = scaled(variance, 1.0 / n_base + 1.0 / n_current);
                (inside, self.shared_launches(typical.launch))
            }
            SidesBySession::Apart => {
                let sessions = self.base_session_share() + 1.0;
                let between = scaled(self.between(typical.session, &mut assumed), sessions);
                (scaled(variance, 1.0 / n_base + 1.0 / n_current), between)
            }
        };
        let mut error = spread::add(&[inside, between]);
        if self.method == Method::AssumedSpread {
            error.df = error.df.min(ASSUMED_TAIL_DF);
        }
        if levels.sessions == SidesBySession::InOneSession && between.value > 0.0 {
            // Launches and not runs carry the degrees of freedom.
            error.df = error.df.min(between.df);
        }
        let shift = current - base;
        let standard_error = error.value.sqrt();
        let t = shift / standard_error;
        let reach = student::quantile(f64::midpoint(1.0, CONFIDENCE), error.df) * standard_error;
        let p_worse = student::upper_tail(t, error.df);
        let p_better = student::upper_tail(-t, error.df);
        Some(Effect {
            base,
            current,
            shift,
            error: standard_error,
            df: error.df,
            p_worse,
            p_better,
            ranks: RankGuard::of(&compared_with, &levels.current, p_worse, p_better),
            low: shift - reach,
            high: shift + reach,
            method: self.method,
            spread: KnownSpread {
                run: variance,
                between,
                prior_df: self.prior_df,
                is_assumed: assumed
                    .iter()
                    .any(|a| matches!(a, Assumption::RunSpread { .. })),
                runs: (compared_with.len(), levels.current.len()),
            },
            assumed,
        })
    }
}

impl Effect {
    /// The same with the interval at another confidence.
    pub fn at_confidence(&self, confidence: f64) -> Cow<'_, Self> {
        if confidence.total_cmp(&CONFIDENCE).is_eq() {
            return Cow::Borrowed(self);
        }
        let reach = student::quantile(f64::midpoint(1.0, confidence), self.df) * self.error;
        Cow::Owned(Self {
            low: self.shift - reach,
            high: self.shift + reach,
            ..self.clone()
        })
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

/// The spread of single runs about their centre, for predicting one more: the largest of the median absolute
/// deviation, that of successive differences, and the standard deviation, inflated for few runs.
fn prediction_spread(base: &[f64], floor: f64) -> spread::Within {
    let centre = order::median(base).unwrap_or(0.0);
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
