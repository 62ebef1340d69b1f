//! The runs of one series as levels: numbers on the scale on which they are judged, with up as worse.

use std::borrow::Cow;

use super::question::Question;
use super::readings::{Readings, launches, values};
use super::scale::Scale;
use crate::model::{Measurement, Quantile, Statistic};
use crate::stats::order;
use crate::stats::spread::Variance;

/// Runs of one build are assumed to differ by a tenth where nothing is known of them, and tails by twice that.
const ASSUMED_RUN_SPREAD: f64 = 0.10;
const ASSUMED_TAIL_SPREAD: f64 = 0.20;
/// The standard deviation of runs is never taken to be smaller than this.
const SPREAD_FLOOR: f64 = 0.002;

#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// Of the newest session of the baseline.
    pub base: Vec<f64>,
    pub current: Vec<f64>,
    /// The sessions before the base, oldest first.
    pub history: Vec<SessionLevels>,
    /// How many of the newest sessions of the history measured the build of the base; they are compared with as well.
    pub history_in_base: usize,
    /// The base measured the same build as the newest session of the history.
    pub base_as_history: bool,
    /// Sessions of the same work on other machines, machine by machine, oldest first.
    pub on_other_machines: Vec<Vec<SessionLevels>>,
    pub sessions: SidesBySession,
    /// Which start of the program each run of base and current is from, where that is known of all of them.
    pub launches: Option<[Vec<u32>; 2]>,
    /// The spread of one run is never taken to be smaller.
    pub floor: f64,
    pub fallback: SpreadFallback,
    /// What the levels of two sessions are assumed to differ by, a session, where nothing is known of them.
    pub assumed_between: f64,
}

#[derive(Clone, Debug)]
pub(super) struct SessionLevels {
    pub values: Vec<f64>,
    pub same_build_as_previous: bool,
}

/// In which sessions the two sides were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SidesBySession {
    /// Both in one, in turns; or what sessions differ by is what the series is to tell.
    InOneSession,
    Apart,
    /// The base is many sessions of one run each.
    BaseSpansSessions,
}

/// The spread that is used where there are too few runs to measure it.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpreadFallback {
    /// Below five runs a side single runs are taken to differ by this at least.
    RunSpread(f64),
    /// Without a history the variance of the runs is moderated by this one.
    Prior(Variance),
}

impl Levels {
    /// The sessions that are compared with, oldest first: those of the history that measured the build of the base, and
    /// the base.
    pub fn base_sessions(&self) -> impl Iterator<Item = &[f64]> {
        let skip = self.history.len().saturating_sub(self.history_in_base);
        let earlier = self.history.iter().skip(skip);
        let earlier = earlier.map(|session| session.values.as_slice());
        earlier.chain([self.base.as_slice()])
    }

    /// All runs that are compared with.
    pub fn compared_with(&self) -> Cow<'_, [f64]> {
        match self.history_in_base {
            0 => Cow::Borrowed(&self.base),
            _ => Cow::Owned(self.base_sessions().flatten().copied().collect()),
        }
    }
}

impl SidesBySession {
    pub fn of(question: &Question<'_>) -> Self {
        let layout = question.layout;
        if layout.base_spans_sessions {
            Self::BaseSpansSessions
        } else if layout.one_session || question.is_control() {
            Self::InOneSession
        } else {
            Self::Apart
        }
    }
}

/// The earlier sessions of a series, as far as they hold it.
pub(super) struct History {
    pub sessions: Vec<SessionLevels>,
    pub in_base: usize,
    pub base_as_history: bool,
    pub on_other_machines: Vec<Vec<SessionLevels>>,
}

impl History {
    /// `levels` turns the measurements of one session into levels.
    pub fn of(question: &Question<'_>, levels: impl Fn(&[&Measurement]) -> Vec<f64>) -> Self {
        let Question {
            series,
            pair,
            layout,
            ..
        } = question;
        let own = layout.history.iter().zip(&pair.history);
        let own = own.map(|(session, measurements)| (session.commit(), levels(measurements)));
        let (sessions, newest_build) = neighbours(own);
        let first_in_base = layout
            .history
            .len()
            .saturating_sub(question.history_in_base());
        let in_base = pair.history.iter().skip(first_in_base);
        let on_other_machines = layout.on_other_machines.iter().map(|machine| {
            let each = machine.iter().map(|session| {
                let of_series = session.runs.iter().filter_map(|run| {
                    let metrics = run.subjects.get(&series.subject)?;
                    metrics.get(&series.metric)
                });
                let measurements: Vec<&Measurement> = of_series.collect();
                (session.commit(), levels(&measurements))
            });
            neighbours(each).0
        });
        Self {
            in_base: in_base.filter(|of| !levels(of).is_empty()).count(),
            base_as_history: newest_build.is_some() && newest_build == layout.base_commit(),
            on_other_machines: on_other_machines.filter(|m| m.len() > 1).collect(),
            sessions,
        }
    }
}

/// The sessions that hold the series, and the build of the newest of them.
fn neighbours<'a>(
    sessions: impl Iterator<Item = (Option<&'a str>, Vec<f64>)>,
) -> (Vec<SessionLevels>, Option<&'a str>) {
    let mut previous = None;
    let mut found = Vec::new();
    for (build, values) in sessions.filter(|(_, values)| !values.is_empty()) {
        found.push(SessionLevels {
            values,
            same_build_as_previous: build.is_some() && build == previous,
        });
        previous = build;
    }
    (found, previous)
}

/// The levels of times, sizes and other single numbers.
pub(super) fn levels(
    question: &Question<'_>,
    base: &Readings,
    current: &Readings,
    scale: Scale,
) -> Levels {
    let series = question.series;
    let turned = |values: &[f64]| -> Vec<f64> {
        let usable = |v: &&f64| v.is_finite() && (scale != Scale::Log || **v > 0.0);
        let usable = values.iter().filter(usable);
        usable.map(|v| scale.level(series, *v)).collect()
    };
    let history = History::of(question, |of| turned(&values(of, series)));
    let typical = order::median(&base.values).unwrap_or(1.0);
    let inner = [base.inner_spreads.as_slice(), &current.inner_spreads].concat();
    let inner = order::median(&inner).unwrap_or(0.0);
    let half_step = base.step.max(current.step) / 2.0;
    Levels {
        base: turned(&base.values),
        current: turned(&current.values),
        history: history.sessions,
        history_in_base: history.in_base,
        base_as_history: history.base_as_history,
        on_other_machines: history.on_other_machines,
        sessions: SidesBySession::of(question),
        launches: launches(question),
        floor: scale
            .share(SPREAD_FLOOR.max(inner))
            .max(scale.distance(half_step, typical)),
        fallback: SpreadFallback::RunSpread(scale.share(assumed_spread(series.statistic))),
        assumed_between: scale.share(question.assumed_between),
    }
}

fn assumed_spread(statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Quantile(q) if q >= Quantile::P95 => ASSUMED_TAIL_SPREAD,
        // A low quantile or a minimum is steadier than the middle, where it is not luck.
        Statistic::Max => ASSUMED_TAIL_SPREAD,
        _ => ASSUMED_RUN_SPREAD,
    }
}
