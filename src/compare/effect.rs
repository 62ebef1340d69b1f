//! How far a series moved towards worse, and how sure that is, on the scale on which it is judged: logarithms of
//! times and sizes, arcsines of shares, the numbers themselves where they may be zero or negative.

use super::comparison::{Assumption, Method};
use crate::stats::{launches, location, ranks, spread, student};
use launches::LaunchSpread;
use spread::{Neighbours, Variance};

/// From so many runs a side on the runs themselves tell how much they differ.
const FULL_RUNS: usize = 5;
/// Two sessions differ by at least this share of what runs of one session differ by, where nothing is known of them:
/// what moves runs moves sessions too.
const ASSUMED_SESSION_SHARE: f64 = 0.5;
/// Until so many sessions are known, the spread between them is never taken below what is assumed.
const SESSIONS_TO_KNOW: usize = 6;
/// From so many earlier sessions on they tell what a single run does.
const SESSIONS_TO_PREDICT: usize = 5;
/// What the plain rank guard lets pass by chance, at the most.
const LOOSEST_GUARD: f64 = 0.02;
/// And with few runs, so many times the least that their ranks can give: one run or two may be out of place.
const PLACES: f64 = 4.0;
/// Where the spread is assumed, its tails are too: enough for 2.5 times as slow to fail in a gate of ten.
const ASSUMED_TAIL_DF: f64 = 5.0;
/// One or two runs a side may have met a bad moment, and those are rarer and larger than the spread of a handful
/// of earlier runs tells (on real suites one run in a thousand doubles): so much more than the assumed spread
/// stands in, with so many degrees of freedom, and each run seen tells less than one.
const BAD_MOMENT: f64 = 1.5;
const BAD_MOMENT_DF: f64 = 2.0;
const SEEN_DF: f64 = 0.3;
/// From so many runs a side the rank guard has something to say.
const FEWEST_GUARDED: usize = 3;
/// A quantile of the t distribution is asked for at most so many sizes of a side.
const MOST_RUNS: u32 = 1000;
/// What is promised of the number of runs needed, and of the smallest change that would be found.
const SETTLED: f64 = 0.9;
const FOUND: f64 = 0.8;
/// The interval that is shown and that `unchanged` is read from.
pub(super) const CONFIDENCE: f64 = 0.95;

/// The runs of one series on the scale on which they are judged, with up as worse.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    pub base: Vec<f64>,
    pub current: Vec<f64>,
    /// Oldest first.
    pub history: Vec<SessionLevels>,
    /// The base measured the same build as the newest session of the history.
    pub base_as_history: bool,
    pub sides: Sides,
    /// Which start of the program each run of base and current is from, where that is known of all of them.
    pub launches: Option<[Vec<u32>; 2]>,
    /// The spread of one run is never taken to be smaller.
    pub floor: f64,
    pub unseen: Unseen,
    /// Assumed of two sessions of which nothing is known, a session.
    pub assumed_between: f64,
}

#[derive(Clone, Debug)]
pub(super) struct SessionLevels {
    pub values: Vec<f64>,
    pub same_build_as_previous: bool,
}

/// In which sessions the two sides were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sides {
    /// Both in one, in turns.
    OneSession,
    Apart,
    /// The base is many sessions of one run each.
    BaseSpansSessions,
}

/// What is typical of the series of a gate: medians of what each of them learned.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Typical {
    /// The variance that a session adds.
    pub session: Option<f64>,
    /// The variance that a launch adds.
    pub launch: Option<f64>,
}

/// What stands in for a spread that the runs cannot show.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unseen {
    /// Below five runs a side single runs are taken to differ by this at least.
    RunSpread(f64),
    /// Without a history the variance of the runs is moderated by this one.
    Prior(Variance),
}

/// The levels of a series with their spread, before the gate is asked what sessions add.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    levels: Levels,
    within: spread::Within,
    method: Method,
    assumed: Vec<Assumption>,
    /// What its own neighbouring sessions say.
    pub neighbours: Option<Neighbours>,
    /// What its own launches say of the variance that a launch adds.
    pub launches: Option<LaunchSpread>,
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
    pub ranks: Ranks,
    pub low: f64,
    pub high: f64,
    pub method: Method,
    pub assumed: Vec<Assumption>,
    spread: KnownSpread,
}

/// What is known of the spread, to say how many runs would be enough.
#[derive(Clone, Copy, Debug)]
struct KnownSpread {
    run: Variance,
    /// Of the two sessions together.
    between: Variance,
    prior_df: f64,
    is_assumed: bool,
}

/// How many runs a side would settle a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// Nothing is known of the spread: so many are the next step.
    FirstStep(u32),
    Runs(u32),
    /// What sessions differ by hides the limit from any number of runs.
    OneSession,
    /// More than anybody measures.
    TooMany,
}

impl Prepared {
    pub fn new(levels: Levels) -> Self {
        let history: Vec<&[f64]> = levels.history.iter().map(|h| h.values.as_slice()).collect();
        let fewest = levels.base.len().min(levels.current.len());
        let groups = spread::Groups {
            judged: &[&levels.base, &levels.current],
            history: &history,
            floor: levels.floor,
            outliers: if fewest >= FULL_RUNS {
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

    /// What the runs cannot show by themselves is assumed.
    fn fill_in(&mut self, fewest: usize) {
        let spans = self.levels.sides == Sides::BaseSpansSessions;
        if spans {
            self.within = prediction_spread(&self.levels.base, self.least_of_nights());
            self.method = Method::Prediction;
        }
        match self.levels.unseen {
            Unseen::Prior(prior) if self.prior_df <= 0.0 && !spans => {
                let seen = self.within.variance;
                let df = seen.df + prior.df;
                let value = (seen.df * seen.value + prior.df * prior.value) / df;
                self.within.variance = Variance {
                    value: value.max(self.levels.floor.powi(2)),
                    df,
                };
            }
            Unseen::RunSpread(assumed) if spans && fewest < FEWEST_GUARDED => {
                self.assumed.push(Assumption::RunSpread(assumed));
                self.within = moderated(self.within, assumed);
            }
            Unseen::RunSpread(assumed) if !spans && fewest < FULL_RUNS => {
                self.bound_few(assumed, fewest);
            }
            Unseen::Prior(_) | Unseen::RunSpread(_) => {}
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
                self.assumed.push(Assumption::RunSpread(assumed));
                self.within = moderated(self.within, assumed);
            }
            return;
        }
        let floor = assumed.powi(2).max(self.levels.floor.powi(2));
        if self.within.variance.df <= 0.0 || self.within.variance.value < floor {
            self.assumed.push(Assumption::RunSpread(assumed));
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
                let centre = crate::stats::order::median(&h.values).unwrap_or(0.0);
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

    fn neighbours(&self) -> Option<Neighbours> {
        if self.levels.sides != Sides::Apart {
            return None;
        }
        let history = self
            .levels
            .history
            .iter()
            .map(|h| (h.values.as_slice(), h.same_build_as_previous));
        let base = (self.levels.base.as_slice(), self.levels.base_as_history);
        let sessions: Vec<spread::Session> = history
            .chain([base])
            .filter_map(|(values, same_build_as_previous)| {
                Some(spread::Session {
                    centre: location::huber(values, self.within.scale)?,
                    same_build_as_previous,
                    runs: values.len(),
                })
            })
            .collect();
        spread::between_sessions(&sessions, self.within.variance.value)
    }

    /// Launches tell where both sides have two or more of them, and fewer than runs.
    fn launch_spread(&self) -> Option<LaunchSpread> {
        let [base, current] = self.levels.launches.as_ref()?;
        (self.levels.sides == Sides::OneSession).then_some(())?;
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
            assumed.push(Assumption::SessionSpread(spread));
            return Variance {
                value: spread.powi(2),
                df: f64::INFINITY,
            };
        };
        let learned = neighbours.moderated(typical.unwrap_or(neighbours.value));
        if known && neighbours.same_build || learned.value >= least.powi(2) {
            return learned;
        }
        assumed.push(Assumption::SessionSpread(least));
        Variance {
            value: least.powi(2),
            df: learned.df,
        }
    }

    /// Where the two sides lie, whatever sessions add.
    pub fn centres(&self) -> [Option<f64>; 2] {
        [&self.levels.base, &self.levels.current]
            .map(|side| location::huber(side, self.within.scale))
    }

    /// `typical` are the medians of what the series of the gate learned.
    pub fn effect(&self, typical: Typical) -> Option<Effect> {
        let levels = &self.levels;
        let base = location::huber(&levels.base, self.within.scale)?;
        let current = location::huber(&levels.current, self.within.scale)?;
        let mut assumed = self.assumed.clone();
        let (n_base, n_current) = (count(&levels.base), count(&levels.current));
        let variance = self.within.variance;
        let nothing = Variance {
            value: 0.0,
            df: f64::INFINITY,
        };
        let (inside, between) = match levels.sides {
            // What is known is the spread of single runs of different sessions, so the current one counts as one.
            Sides::BaseSpansSessions => (scaled(variance, 1.0 / n_base + 1.0), nothing),
            Sides::OneSession => {
                let inside = scaled(variance, 1.0 / n_base + 1.0 / n_current);
                (inside, self.shared_launches(typical.launch))
            }
            Sides::Apart => {
                let between = scaled(self.between(typical.session, &mut assumed), 2.0);
                (scaled(variance, 1.0 / n_base + 1.0 / n_current), between)
            }
        };
        let mut error = spread::add(&[inside, between]);
        if self.method == Method::AssumedSpread {
            error.df = error.df.min(ASSUMED_TAIL_DF);
        }
        if levels.sides == Sides::OneSession && between.value > 0.0 {
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
            ranks: Ranks::of(levels, p_worse, p_better),
            low: shift - reach,
            high: shift + reach,
            method: self.method,
            spread: KnownSpread {
                run: variance,
                between,
                prior_df: self.prior_df,
                is_assumed: assumed
                    .iter()
                    .any(|a| matches!(a, Assumption::RunSpread(_))),
            },
            assumed,
        })
    }
}

impl Effect {
    /// The same with the interval at another confidence.
    pub fn at_confidence(&self, confidence: f64) -> Self {
        let reach = student::quantile(f64::midpoint(1.0, confidence), self.df) * self.error;
        Self {
            low: self.shift - reach,
            high: self.shift + reach,
            ..self.clone()
        }
    }

    /// The smallest shift that would be found in four of five cases at this level, where the estimate has to exceed the
    /// limit as well. The spread is an estimate itself, and its own scatter is a part of the answer.
    pub fn detectable(&self, level: f64, limit: f64) -> f64 {
        let critical = student::quantile(1.0 - level, self.df);
        let scatter = (1.0 + critical * critical / (2.0 * self.df)).sqrt();
        let found = student::quantile(FOUND, self.df) * scatter * self.error;
        (critical * self.error).max(limit) + found
    }

    /// The smallest number of runs a side for which a change of the size of the limit is so many errors large that it is
    /// found at this level in nine of ten cases, and its absence shown.
    pub fn needed(&self, level: f64, limit: f64) -> Needed {
        if self.spread.is_assumed {
            return Needed::FirstStep(u32::try_from(FULL_RUNS).unwrap_or(u32::MAX));
        }
        let enough = |runs: u32| {
            let n = f64::from(runs);
            let run = Variance {
                value: 2.0 * self.spread.run.value / n,
                df: 2.0 * (n - 1.0) + self.spread.prior_df,
            };
            let error = spread::add(&[run, self.spread.between]);
            let errors =
                student::quantile(1.0 - level, error.df) + student::quantile(SETTLED, error.df);
            error.value <= (limit / errors).powi(2)
        };
        let fewest = u32::try_from(FULL_RUNS).unwrap_or(u32::MAX);
        if enough(fewest) {
            return Needed::Runs(fewest);
        }
        if !enough(MOST_RUNS) {
            return if self.spread.between.value > 0.0 && !enough(u32::MAX) {
                Needed::OneSession
            } else {
                Needed::TooMany
            };
        }
        let (mut short, mut long) = (fewest, MOST_RUNS);
        // Halving a thousand takes ten steps.
        for _ in 0..u32::BITS {
            let middle = u32::midpoint(short, long);
            if middle == short {
                break;
            }
            if enough(middle) {
                long = middle;
            } else {
                short = middle;
            }
        }
        Needed::Runs(long)
    }
}

/// One-sided chances of the ranks, exact whatever the shape of the noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranks {
    worse: Guard,
    better: Guard,
}

/// What the ranks say of one direction.
#[derive(Clone, Copy, Debug)]
struct Guard {
    /// All ranks as they are, with the smallest chance that so many runs can give.
    plain: Option<(f64, f64)>,
    /// Ranks above the middle tied at the middle.
    lower_half: Option<(f64, f64)>,
}

impl Guard {
    const UNASKED: Self = Self {
        plain: None,
        lower_half: None,
    };
    const REFUSED: Self = Self {
        plain: Some((1.0, 0.0)),
        lower_half: None,
    };

    fn of(lower: &[f64], upper: &[f64]) -> Self {
        let fewest = lower.len().min(upper.len());
        let sizes = (lower.len(), upper.len());
        let plain = || {
            let least = ranks::smallest_tail(sizes.0, sizes.1);
            (ranks::rank_sum_upper_tail(lower, upper), least)
        };
        let lower_half = || {
            let least = ranks::smallest_lower_half_tail(sizes.0, sizes.1);
            (ranks::lower_half_tail(lower, upper), least)
        };
        Self {
            plain: (fewest != FULL_RUNS).then(plain),
            lower_half: (fewest >= FULL_RUNS).then(lower_half),
        }
    }

    /// Where the runs suffice the ranks have to keep the level by themselves; few runs are asked for as much as
    /// they can give, so that no shape of the noise makes a finding of its own.
    fn passes(self, level: f64) -> bool {
        let within = |p: f64, allowed: f64| p <= allowed * (1.0 + 1e-9);
        let plain = self.plain.is_some_and(|(p, least)| {
            let few = (PLACES * least).min(LOOSEST_GUARD);
            within(p, level.max(few).max(least))
        });
        let lower_half = self
            .lower_half
            .is_some_and(|(p, least)| within(p, level.max(least)));
        let unasked = self.plain.is_none() && self.lower_half.is_none();
        unasked || plain || lower_half
    }
}

impl Ranks {
    /// The guard is costly for many runs and only ever takes a finding back: where there is none it is not asked.
    fn of(levels: &Levels, p_worse: f64, p_better: f64) -> Self {
        let few = levels.base.len().min(levels.current.len()) < FEWEST_GUARDED;
        let asked = |p: f64, lower: &[f64], upper: &[f64]| {
            if few {
                Guard::UNASKED
            } else if p < 0.05 {
                Guard::of(lower, upper)
            } else {
                Guard::REFUSED
            }
        };
        Self {
            worse: asked(p_worse, &levels.base, &levels.current),
            better: asked(p_better, &levels.current, &levels.base),
        }
    }

    pub fn say_worse(self, level: f64) -> bool {
        self.worse.passes(level)
    }

    pub fn say_better(self, level: f64) -> bool {
        self.better.passes(level)
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
