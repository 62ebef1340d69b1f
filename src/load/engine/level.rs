//! One level of the matrix from its first connection to its figures: threads are started, told when counting begins
//! and ends, listened to, and added up.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::control::{Control, Schedule, Stop};
use super::ground::Common;
use super::progress::{Phase, Progress};
use super::script::Script;
use super::worker::{self, Done, Share, Work};
use crate::load::pace::{Clock, Moment, slept};
use crate::load::plan::Plan;
use crate::load::record::{Absent, Busy, Cpu, Figures, Record, Span, Stretch, Tally};
use crate::load::scenario::{Closed, Level, Load, Open, Scenario, Until};
use crate::load::wire::dial::Dialer;

/// What a level needs beside its own words.
pub struct Setting<'a> {
    pub scenario: &'a Arc<Scenario>,
    pub script: &'a Arc<Script>,
    pub dialer: &'a Arc<Dialer>,
    pub stop: &'a Stop,
}

/// What came of a level.
pub struct Measured {
    pub figures: Figures,
    pub record: Record,
    pub cpu: Cpu,
    /// From where counting began to where it ended.
    pub counted: Duration,
    pub partial: bool,
    pub absent: Absent,
    /// Of the worker that had the least time left.
    pub busy: Busy,
    /// How many there were, where they wait for answers.
    pub users: Option<u64>,
}

/// A level under way.
pub struct Running {
    control: Arc<Control>,
    threads: Vec<JoinHandle<anyhow::Result<Done>>>,
    reports: Receiver<crate::load::record::Recent>,
    /// How long the machine had slept when the level began.
    slept: Duration,
    /// How long what is under way at the end may take.
    drain: Duration,
    pub progress: Progress,
    stop: Stop,
    /// Of an open load: its own end. A closed one is scheduled when its users are there.
    plan: Option<(Plan, Moment)>,
    closed: Option<Closed>,
    warmup: Duration,
    figures: Figures,
    stopped: Option<Moment>,
}

/// Time for threads to start and users to hear of it.
const AHEAD: Duration = Duration::from_millis(50);
/// For what is under way when somebody asked to stop.
const IN_HASTE: Duration = Duration::from_secs(1);

impl Running {
    pub fn start(setting: &Setting<'_>, level: &Level) -> anyhow::Result<Self> {
        let Setting {
            scenario,
            script,
            dialer,
            stop,
        } = setting;
        let iterations = match &level.load {
            Load::Closed(closed) => match closed.until {
                Until::Iterations(count) => Some(count),
                Until::For(_) => None,
            },
            Load::Open(_) => None,
        };
        let control = Arc::new(Control::new(Clock::start(), iterations));
        let longest = script.timeouts().max().unwrap_or(scenario.timeout);
        let drain = longest.max(scenario.timeout) * 2 + Duration::from_millis(200);
        let threads = threads(scenario, &level.load);
        let mut plan = None;
        let (work, spans) = match &level.load {
            Load::Closed(closed) => (Work::Closed(closed.clone()), vec![whole()]),
            Load::Open(open) => {
                let whole_plan = Plan::new(open, scenario.warmup, scenario.seed);
                let start = control.clock.now().plus(AHEAD);
                let (from, _) = whole_plan.counted();
                control.schedule(&Schedule {
                    begin: start,
                    count_from: start.plus(from),
                    until: start.plus(whole_plan.duration()),
                    drain,
                });
                let (places, spans) = spans(&whole_plan);
                plan = Some((whole_plan.clone(), start));
                let work = Work::Open {
                    plan: whole_plan,
                    start,
                    max_users: open.max_users.get(),
                    spans: places,
                };
                (work, spans)
            }
        };
        let figures = script.figures(level.prefix.clone(), spans, plan.is_some());
        let common = Common {
            scenario: Arc::clone(scenario),
            script: Arc::clone(script),
            figures: Arc::new(figures.clone()),
            dialer: Arc::clone(dialer),
            control: Arc::clone(&control),
        };
        let (sender, reports) = channel();
        let threads: anyhow::Result<Vec<_>> = (0..threads)
            .map(|thread| {
                let share = Share {
                    common: common.clone(),
                    thread,
                    of: threads,
                    work: portion(&work, thread, threads),
                };
                let sender = sender.clone();
                thread::Builder::new()
                    .name(format!("load {thread}"))
                    .spawn(move || worker::work(&share, &sender))
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
            closed: match &level.load {
                Load::Closed(closed) => Some(closed.clone()),
                Load::Open(_) => None,
            },
            warmup: scenario.warmup,
            figures,
            stopped: None,
        })
    }

    /// To be called some times a second, until it says that all threads have ended.
    pub fn look(&mut self) -> Phase {
        while let Ok(recent) = self.reports.try_recv() {
            self.progress.hear(&recent);
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
            self.control.end(IN_HASTE);
        }
        let phase = self.phase();
        self.progress.note(phase, self.elapsed(), self.remaining());
        phase
    }

    fn phase(&self) -> Phase {
        let now = self.control.clock.now();
        if self.threads.iter().all(JoinHandle::is_finished) {
            Phase::Over
        } else if self.control.is_over(now) {
            Phase::Draining
        } else if self.control.is_counted(now) {
            Phase::Counting
        } else if now >= self.control.begin() {
            Phase::WarmingUp
        } else {
            Phase::Starting
        }
    }

    /// When there may next be something to see.
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

    /// Ends it now, and waits for nothing.
    pub fn abandon(self) {
        self.control.end(Duration::ZERO);
        for thread in self.threads {
            thread.join().ok();
        }
    }

    /// Adds up what the threads found; waits for those that have not ended.
    pub fn finish(mut self) -> anyhow::Result<Measured> {
        let mut record = Record::new(self.figures.places());
        let mut cpu = Cpu::default();
        let mut last = Moment::default();
        let mut gaps = Vec::new();
        let mut busy = Busy::default();
        let users = self.closed.as_ref().map(|closed| closed.users.get());
        let users = users.and_then(|users| u32::try_from(users).ok());
        for thread in self.threads {
            let done = thread.join();
            let done =
                done.map_err(|_| anyhow!("a worker thread ended by a fault of perfgate"))??;
            record.add(&done.record);
            last = last.max(done.last);
            gaps.push(done.gaps);
            if done.span > Duration::ZERO {
                let share = done.cpu.as_secs_f64() / done.span.as_secs_f64();
                cpu.all += share;
                let requests = done.record.tallies().iter().map(Tally::all).sum();
                busy = busy.worse(Busy::of(done.cpu + done.waited, done.span, requests, users));
            }
        }
        let from = self.control.count_from();
        let until = match self.control.until() {
            Moment::NEVER => last,
            until => until,
        };
        let counted = match &self.plan {
            Some((plan, start)) => {
                let ran = until.since(*start);
                let start = start.since(Moment::default());
                cut(&mut self.figures.spans, plan, start, ran);
                until.since(from)
            }
            None => {
                let counted = match from {
                    Moment::NEVER => Duration::ZERO,
                    from => until.since(from),
                };
                self.figures.spans = vec![Span {
                    counted,
                    when: vec![within(from, until)],
                    ..whole()
                }];
                counted
            }
        };
        let counting = within(from, until);
        let mut absent = gaps
            .iter()
            .map(|gaps| absent(gaps, counting))
            .fold(Absent::default(), Absent::worse);
        let slept = slept().saturating_sub(self.slept);
        if slept > ASLEEP {
            absent.add(slept);
        }
        if !counted.is_zero() {
            cpu.all += record.aside.as_secs_f64() / counted.as_secs_f64();
        }
        Ok(Measured {
            figures: self.figures,
            record,
            cpu,
            counted,
            partial: self.stopped.is_some(),
            absent,
            busy,
            users: users.map(u64::from),
        })
    }
}

/// A machine that sleeps for less has only set its clock.
const ASLEEP: Duration = Duration::from_millis(100);

/// A counted time that never began is none.
fn within(from: Moment, until: Moment) -> Stretch {
    let start = Moment::default();
    let until = until.since(start);
    Stretch {
        from: from.since(start).min(until),
        until,
    }
}

/// What of a worker's gaps lies in the counted time.
fn absent(gaps: &[Stretch], counting: Stretch) -> Absent {
    let mut absent = Absent::default();
    for gap in gaps {
        let inside = Stretch {
            from: gap.from.max(counting.from),
            until: gap.until.min(counting.until),
        };
        absent.add(inside.length());
    }
    absent
}

fn whole() -> Span {
    Span {
        name: None,
        counted: Duration::ZERO,
        when: Vec::new(),
    }
}

/// Where each phase is counted; phases of one name together.
fn spans(plan: &Plan) -> (Vec<Option<usize>>, Vec<Span>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut places = Vec::new();
    for phase in plan.phases() {
        if !phase.counted {
            places.push(None);
            continue;
        }
        let known = spans.iter().position(|span| span.name == phase.name);
        places.push(Some(known.unwrap_or_else(|| {
            spans.push(Span {
                name: phase.name.clone(),
                ..whole()
            });
            spans.len() - 1
        })));
    }
    (places, spans)
}

/// When each span really was, where the level began at `start` and ended after `ran`.
fn cut(spans: &mut [Span], plan: &Plan, start: Duration, ran: Duration) {
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
            span.when.push(Stretch {
                from,
                until: from + inside,
            });
        }
    }
}

/// The part of the work that is one thread's.
fn portion(work: &Work, thread: usize, of: usize) -> Work {
    let mut mine = work.clone();
    if let Work::Open { max_users, .. } = &mut mine {
        let extra = usize::from(thread < *max_users % of);
        *max_users = (*max_users / of + extra).max(1);
    }
    mine
}

/// Half of the cores where nobody said: the service is often on the same machine. Fewer where the load is small: each
/// thread that idles disturbs.
fn threads(scenario: &Scenario, load: &Load) -> usize {
    if let Some(threads) = scenario.threads {
        return threads.get();
    }
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let useful = match load {
        Load::Closed(closed) => closed.users.get().div_ceil(16),
        Load::Open(open) => (1..=64)
            .find(|threads| peak(open) <= f64::from(*threads) * 20_000.0)
            .and_then(|threads| usize::try_from(threads).ok())
            .unwrap_or(64)
            .min(open.max_users.get()),
    };
    (cores / 2).clamp(1, useful.max(1))
}

fn peak(open: &Open) -> f64 {
    let rates = open.phases.iter().map(|phase| phase.from.max(phase.to));
    rates.fold(0.0, f64::max)
}
