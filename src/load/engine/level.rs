//! One level of the matrix, from its first connection to its result: threads are started, told when counting begins and
//! ends, listened to, and added up.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::abort::AbortWatch;
use super::closed::Stages;
use super::context::LevelContext;
use super::control::{Control, Schedule, Stop};
use super::progress::{LevelStage, Progress};
use super::script::Script;
use super::thread::{self as worker, ThreadJob, ThreadResult, Work};
use crate::load::clock::{Clock, Moment, slept};
use crate::load::http::dial::Dialer;
use crate::load::plan::Plan;
use crate::load::record::{
    Figures, PhaseTime, Recent, Record, Saturation, Span, Stalls, Tally, TimeRange,
};
use crate::load::scenario::{Closed, Level, Load, Open, PerHost, Scenario, Until};
use crate::load::template::Values;

/// What all levels of a run share.
pub struct LevelInput<'a> {
    pub scenario: &'a Arc<Scenario>,
    pub script: &'a Arc<Script>,
    pub dialers: &'a Arc<PerHost<Dialer>>,
    pub stop: &'a Stop,
    /// What the setup of the run captured.
    pub given: &'a Arc<Values>,
}

/// What was measured in a level.
pub struct LevelResult {
    pub figures: Figures,
    pub record: Record,
    /// CPU time over counted time, in cores.
    pub cpu: f64,
    /// How long the level was counted.
    pub counted: Duration,
    pub partial: bool,
    /// Why the level was ended early by the scenario itself.
    pub aborted: Option<String>,
    pub stalls: Stalls,
    /// The saturation of the worker that had the least time left.
    pub saturation: Saturation,
    /// The number of users of a closed level.
    pub users: Option<u64>,
}

/// A level under way.
pub struct RunningLevel {
    control: Arc<Control>,
    threads: Vec<JoinHandle<anyhow::Result<ThreadResult>>>,
    reports: Receiver<Recent>,
    /// How long the machine had slept when the level began.
    slept: Duration,
    /// How long requests that are under way at the end may take.
    drain: Duration,
    pub progress: Progress,
    stop: Stop,
    /// The plan of an open level, or of one in stages, and its start.
    plan: Option<(Plan, Moment)>,
    /// The users of a closed level, which is scheduled once they are all there.
    closed: Option<Closed>,
    warmup: Duration,
    figures: Figures,
    /// When somebody asked to stop.
    stopped: Option<Moment>,
    abort: Option<AbortWatch>,
    aborted: Option<String>,
}

/// Time between the decision to begin and the begin, in which threads start and users hear of it.
const AHEAD: Duration = Duration::from_millis(50);
/// How long requests that are under way may take once somebody asked to stop.
const DRAIN_AFTER_STOP: Duration = Duration::from_secs(1);
/// A machine that slept for less has only set its clock.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);

impl RunningLevel {
    pub fn start(input: &LevelInput<'_>, level: &Level) -> anyhow::Result<Self> {
        let LevelInput {
            scenario,
            script,
            dialers,
            stop,
            given,
        } = input;
        let closed = match &level.load {
            Load::Closed(closed) => Some(closed),
            Load::Open(_) => None,
        };
        let iterations = closed.and_then(|closed| match closed.until {
            Until::Iterations(count) => Some(count),
            Until::For(_) => None,
        });
        let control = Arc::new(Control::new(Clock::start(), iterations));
        let longest = script.timeouts().max().unwrap_or(scenario.timeout);
        let drain = longest.max(scenario.timeout) * 2 + Duration::from_millis(200);
        let of = threads(scenario, &level.load);
        let plan = match &level.load {
            Load::Open(open) => Some(Plan::new(open, scenario.warmup, scenario.seed)),
            Load::Closed(closed) if closed.stages.is_empty() => None,
            Load::Closed(closed) => Some(Plan::of_stages(&closed.stages, scenario.warmup)),
        };
        let plan = plan.map(|plan| {
            let start = control.clock.now().plus(AHEAD);
            let (from, _) = plan.counted();
            control.schedule(&Schedule {
                begin: start,
                count_from: start.plus(from),
                until: start.plus(plan.duration()),
                drain,
            });
            (plan, start)
        });
        let (phase_spans, spans) = match &plan {
            Some((plan, _)) => spans(plan),
            None => (Vec::new(), vec![Span::default()]),
        };
        let work = |thread: usize| match &level.load {
            Load::Closed(closed) => {
                let stages = plan.as_ref().map(|(plan, start)| Stages {
                    plan: plan.clone(),
                    start: *start,
                    spans: phase_spans.clone(),
                });
                Some(Work::Closed(closed.clone(), stages))
            }
            Load::Open(open) => plan.as_ref().map(|(plan, start)| Work::Open {
                plan: plan.clone(),
                start: *start,
                max_users: users_of(thread, of, open.max_users.get()),
                spans: phase_spans.clone(),
            }),
        };
        let figures = script.figures(level.prefix.clone(), spans, closed.is_none());
        let context = LevelContext {
            scenario: Arc::clone(scenario),
            script: Arc::clone(script),
            figures: Arc::new(figures.clone()),
            dialers: Arc::clone(dialers),
            control: Arc::clone(&control),
            given: Arc::clone(given),
        };
        let (sender, reports) = channel();
        let threads: anyhow::Result<Vec<_>> = (0..of)
            .filter_map(|thread| Some((thread, work(thread)?)))
            .map(|(thread, work)| {
                let level = context.clone();
                let job = ThreadJob {
                    level,
                    thread,
                    of,
                    work,
                };
                let sender = sender.clone();
                thread::Builder::new()
                    .name(format!("load {thread}"))
                    .spawn(move || worker::run(&job, &sender))
                    .context("start a worker thread")
            })
            .collect();
        Ok(Self {
            slept: slept(),
            control,
            threads: threads?,
            reports,
            drain,
            progress: Progress::new(level.prefix.clone()),
            stop: (*stop).clone(),
            plan,
            closed: closed.cloned(),
            warmup: scenario.warmup,
            figures,
            stopped: None,
            abort: scenario.abort.map(AbortWatch::new),
            aborted: None,
        })
    }

    /// Moves the level on and says where it stands. Has to be called several times a second, until the stage is `Over`.
    pub fn poll(&mut self) -> LevelStage {
        let elapsed = self.elapsed();
        while let Ok(recent) = self.reports.try_recv() {
            if let Some(abort) = &mut self.abort {
                abort.add(elapsed, &recent);
            }
            self.progress.add(&recent);
        }
        if let Some(closed) = &self.closed
            && !self.control.is_scheduled()
            && self.control.ready() >= closed.users.get()
        {
            let begin = self.control.clock.now().plus(AHEAD);
            let count_from = begin.plus(self.warmup);
            let until = match closed.until {
                Until::For(duration) => count_from.plus(duration),
                Until::Iterations(_) => Moment::NEVER,
            };
            self.control.schedule(&Schedule {
                begin,
                count_from,
                until,
                drain: self.drain,
            });
        }
        if self.stop.is_asked() && self.stopped.is_none() {
            self.stopped = Some(self.control.clock.now());
            self.control.end(DRAIN_AFTER_STOP);
        }
        if let Some(abort) = &mut self.abort
            && self.aborted.is_none()
            && !self.control.is_over(self.control.clock.now())
            && let Some(why) = abort.verdict(elapsed)
        {
            self.aborted = Some(why);
            self.control.end(DRAIN_AFTER_STOP);
        }
        let stage = self.stage();
        self.progress.note(stage, self.elapsed(), self.remaining());
        stage
    }

    fn stage(&self) -> LevelStage {
        let now = self.control.clock.now();
        if self.threads.iter().all(JoinHandle::is_finished) {
            LevelStage::Over
        } else if self.control.is_over(now) {
            LevelStage::Draining
        } else if self.control.is_counted(now) {
            LevelStage::Counting
        } else if now >= self.control.begin() {
            LevelStage::WarmingUp
        } else {
            LevelStage::Starting
        }
    }

    /// How long it takes until the stage may change.
    pub fn next_change(&self) -> Duration {
        let now = self.control.clock.now();
        let ahead = [
            self.control.begin(),
            self.control.count_from(),
            self.control.until(),
        ];
        let waits = ahead.map(|moment| moment.since(now));
        let next = waits
            .into_iter()
            .filter(|wait| *wait > Duration::ZERO)
            .min();
        next.unwrap_or(AHEAD / 5).max(Duration::from_millis(1))
    }

    fn elapsed(&self) -> Duration {
        self.control.clock.now().since(Moment::default())
    }

    fn remaining(&self) -> Option<Duration> {
        let until = self.control.until();
        (until != Moment::NEVER).then(|| until.since(self.control.clock.now()))
    }

    /// Ends the level at once, without a result.
    pub fn abandon(self) {
        self.control.end(Duration::ZERO);
        for thread in self.threads {
            thread.join().ok();
        }
    }

    /// Adds up what the threads measured. Waits for threads that have not ended.
    pub fn finish(mut self) -> anyhow::Result<LevelResult> {
        let mut record = Record::new(self.figures.tally_count());
        let mut cpu = 0.0;
        let mut last = Moment::default();
        let mut gaps = Vec::new();
        let mut saturation = Saturation::default();
        let users = self.closed.as_ref().map(|closed| closed.users.get());
        let users = users.and_then(|users| u32::try_from(users).ok());
        for thread in self.threads {
            let result = thread.join();
            let result =
                result.map_err(|_| anyhow!("a worker thread ended by a fault of perfgate"))??;
            record.add(&result.record);
            last = last.max(result.last);
            gaps.push(result.gaps);
            if result.span > Duration::ZERO {
                cpu += result.cpu.as_secs_f64() / result.span.as_secs_f64();
                let requests = result.record.tallies().iter().map(Tally::all).sum();
                let wanted = result.cpu + result.waited;
                let own = Saturation::of(wanted, result.span, requests, users);
                saturation = saturation.worse(own);
            }
        }
        let from = self.control.count_from();
        let until = match self.control.until() {
            Moment::NEVER => last,
            until => until,
        };
        let counting = time_range(from, until);
        let counted = match (&self.plan, from) {
            (None, Moment::NEVER) => Duration::ZERO,
            (_, from) => until.since(from),
        };
        match &self.plan {
            Some((plan, start)) => {
                let ran = until.since(*start);
                let start = start.since(Moment::default());
                set_times(&mut self.figures.spans, plan, start, ran);
                self.figures.phases = phase_times(&self.figures.spans, plan, start, ran);
            }
            None => {
                self.figures.spans = vec![Span {
                    name: None,
                    counted,
                    when: vec![counting],
                    steady: self.closed.as_ref().is_some_and(is_steady),
                }];
            }
        }
        let mut stalls = gaps
            .iter()
            .map(|gaps| stalls_within(gaps, counting))
            .fold(Stalls::default(), Stalls::worse);
        let slept = slept().saturating_sub(self.slept);
        if slept > SHORTEST_SLEEP {
            stalls.add(slept);
        }
        if !counted.is_zero() {
            cpu += record.aside.as_secs_f64() / counted.as_secs_f64();
        }
        Ok(LevelResult {
            figures: self.figures,
            record,
            cpu,
            counted,
            partial: self.stopped.is_some() || self.aborted.is_some(),
            aborted: self.aborted,
            stalls,
            saturation,
            users: users.map(u64::from),
        })
    }
}

/// The time between two moments, from the start of the level; empty where the first never came.
fn time_range(from: Moment, until: Moment) -> TimeRange {
    let start = Moment::default();
    let until = until.since(start);
    TimeRange {
        from: from.since(start).min(until),
        until,
    }
}

/// The parts of a worker's gaps that lie in the counted time.
fn stalls_within(gaps: &[TimeRange], counting: TimeRange) -> Stalls {
    let mut stalls = Stalls::default();
    for gap in gaps {
        let inside = TimeRange {
            from: gap.from.max(counting.from),
            until: gap.until.min(counting.until),
        };
        stalls.add(inside.length());
    }
    stalls
}

/// The spans of a plan, and for each phase the span in which it is counted. Phases of one name are one span.
fn spans(plan: &Plan) -> (Vec<Option<usize>>, Vec<Span>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut phase_spans = Vec::new();
    for phase in plan.phases() {
        if !phase.counted {
            phase_spans.push(None);
            continue;
        }
        let known = spans.iter().position(|span| span.name == phase.name);
        phase_spans.push(Some(known.unwrap_or_else(|| {
            spans.push(Span {
                name: phase.name.clone(),
                ..Span::default()
            });
            spans.len() - 1
        })));
    }
    for span in &mut spans {
        let own = || {
            plan.phases()
                .iter()
                .filter(|p| p.counted && p.name == span.name)
        };
        let rates = own().flat_map(|phase| [phase.from, phase.to]);
        let (low, high) = rates.fold((f64::MAX, 0.0_f64), |(low, high), rate| {
            (low.min(rate), high.max(rate))
        });
        let length: Duration = own().map(|phase| phase.duration).sum();
        span.steady = low >= high && length >= SHOWS_A_COURSE;
    }
    (phase_spans, spans)
}

/// A shorter load shows how the service begins, and not what it does over time.
const SHOWS_A_COURSE: Duration = Duration::from_secs(5);

/// The users of a closed level are all there from when counting begins.
fn is_steady(closed: &Closed) -> bool {
    match closed.until {
        Until::For(duration) => duration >= SHOWS_A_COURSE,
        Until::Iterations(_) => true,
    }
}

/// The phases of a plan that began at `start` and ran for `ran`.
fn phase_times(spans: &[Span], plan: &Plan, start: Duration, ran: Duration) -> Vec<PhaseTime> {
    let mut at = Duration::ZERO;
    let mut times = Vec::new();
    for phase in plan.phases() {
        let span = spans.iter().position(|span| span.name == phase.name);
        let until = (at + phase.duration).min(ran);
        times.push(PhaseTime {
            span: span.filter(|_| phase.counted),
            when: TimeRange {
                from: start + at.min(until),
                until: start + until,
            },
            from: phase.from,
            to: phase.to,
        });
        at += phase.duration;
    }
    times
}

/// Sets when each span was counted in a level that began at `start` and ran for `ran`.
fn set_times(spans: &mut [Span], plan: &Plan, start: Duration, ran: Duration) {
    let mut at = Duration::ZERO;
    for phase in plan.phases() {
        let inside = ran.saturating_sub(at).min(phase.duration);
        let from = start + at;
        at += phase.duration;
        let mut named = spans.iter_mut();
        if phase.counted
            && let Some(span) = named.find(|span| span.name == phase.name)
        {
            span.counted += inside;
            span.when.push(TimeRange {
                from,
                until: from + inside,
            });
        }
    }
}

/// How many of all users one thread may have: at least one.
fn users_of(thread: usize, of: usize, all: usize) -> usize {
    let extra = usize::from(thread < all % of);
    (all / of + extra).max(1)
}

/// The number of worker threads. Unless the scenario says it, half of the cores are used, because the service is often
/// on the same machine; and fewer where the load is small, because each idle thread disturbs.
fn threads(scenario: &Scenario, load: &Load) -> usize {
    if let Some(threads) = scenario.threads {
        return threads.get();
    }
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let useful = match load {
        Load::Closed(closed) => closed.users.get().div_ceil(16),
        Load::Open(open) => (1..=64)
            .find(|threads| highest_rate(open) <= f64::from(*threads) * 20_000.0)
            .and_then(|threads| usize::try_from(threads).ok())
            .unwrap_or(64)
            .min(open.max_users.get()),
    };
    (cores / 2).clamp(1, useful.max(1))
}

fn highest_rate(open: &Open) -> f64 {
    let rates = open.phases.iter().map(|phase| phase.from.max(phase.to));
    rates.fold(0.0, f64::max)
}
