//! One thread of a level: its own runtime, its own users, its own book. Others hear of it every quarter of a second
//! and at its end.

use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use super::closed::Life;
use super::ground::{Common, Ground};
use super::line::{Line, Shared};
use super::open::{Pool, Terms};
use super::user::User;
use crate::load::pace::{Moment, thread_cpu, thread_waited};
use crate::load::plan::Plan;
use crate::load::record::{Recent, Record, Stretch};
use crate::load::scenario::{Closed, Protocol};
use crate::load::wire::{Failure, Kind};

/// What one thread of several has to do.
pub struct Share {
    pub common: Common,
    pub thread: usize,
    pub of: usize,
    pub work: Work,
}

#[derive(Clone)]
pub enum Work {
    Closed(Closed),
    Open {
        plan: Plan,
        start: Moment,
        max_users: usize,
        spans: Vec<Option<usize>>,
    },
}

/// What it found.
pub struct Done {
    pub record: Record,
    /// When the last counted request ended.
    pub last: Moment,
    /// CPU time of the thread and the time that passed, both over the counted stretch.
    pub cpu: Duration,
    pub span: Duration,
    /// How long the thread wanted to run and got no core, over the same stretch.
    pub waited: Duration,
    /// When the thread did not run although it had to look after its users.
    pub gaps: Vec<Stretch>,
}

/// So many connects of one thread at once: a service's queue holds some hundreds.
const AT_THE_DOOR: usize = 100;
/// Threads that look through large answers, for each worker.
const LOOKING_ASIDE: usize = 1;
const REPORT: Duration = Duration::from_millis(250);
/// A thread that comes so much later than it has to was not merely waiting for a core.
const ABSENT: Duration = Duration::from_millis(250);

/// Returns when the level is over and drained.
pub fn work(share: &Share, reports: &Sender<Recent>) -> anyhow::Result<Done> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(LOOKING_ASIDE)
        .build_local(LocalOptions::default())
        .context("start a worker's runtime")?;
    runtime.block_on(async {
        let ground = Rc::new(Ground::new(share.common.clone()));
        let mut crew = Crew::start(share, &ground);
        let (meter, gaps) = Watchman::new(share, reports).keep(&ground, &crew).await;
        crew.end().await?;
        let mut book = ground.book.borrow_mut();
        if let Some(pool) = &crew.pool {
            drop(book);
            pool.give_up();
            book = ground.book.borrow_mut();
        }
        for place in ground.seats.under_way() {
            let failure = Failure::new(Kind::Unfinished, "under way when the run ended");
            book.record.fail(place, &failure);
        }
        Ok(Done {
            record: std::mem::replace(&mut book.record, Record::new(0)),
            last: book.last,
            cpu: meter.cpu(),
            span: meter.span(),
            waited: meter.waited(),
            gaps,
        })
    })
}

/// Everybody who sends.
struct Crew {
    lives: Vec<JoinHandle<()>>,
    dispatcher: Option<JoinHandle<std::io::Result<()>>>,
    pool: Option<Rc<Pool>>,
}

impl Crew {
    fn start(share: &Share, ground: &Rc<Ground>) -> Self {
        match &share.work {
            Work::Closed(closed) => Self {
                lives: lives(share, closed, ground),
                dispatcher: None,
                pool: None,
            },
            Work::Open {
                plan,
                start,
                max_users,
                spans,
            } => {
                let terms = Terms {
                    max_users: *max_users,
                    spans: spans.clone(),
                    patience: share.common.scenario.timeout,
                };
                let pool = Pool::new(Rc::clone(ground), terms);
                let (thread, of) = share.common.scenario.share.thread(share.thread, share.of);
                let arrivals = plan.shard(thread, of);
                let seats = Rc::clone(ground);
                let lines = Lines::new(share.common.scenario.protocol);
                let new_user = move || User::new(Rc::clone(&seats), lines.next(), 0);
                let dispatch = Rc::clone(&pool).dispatch(arrivals, *start, new_user);
                Self {
                    lives: Vec::new(),
                    dispatcher: Some(spawn_local(dispatch)),
                    pool: Some(pool),
                }
            }
        }
    }

    /// Whether nobody will send any more by himself.
    fn is_done(&self) -> bool {
        self.dispatcher.as_ref().is_none_or(JoinHandle::is_finished)
            && self.lives.iter().all(JoinHandle::is_finished)
    }

    /// Stops those who still send or wait; an error of the timer is the run's.
    async fn end(&mut self) -> anyhow::Result<()> {
        self.lives.iter().for_each(JoinHandle::abort);
        if let Some(dispatcher) = self.dispatcher.take() {
            dispatcher.abort();
            if let Ok(dispatched) = dispatcher.await {
                dispatched.context("wait for the next request's time")?;
            }
        }
        Ok(())
    }
}

fn lives(share: &Share, closed: &Closed, ground: &Rc<Ground>) -> Vec<JoinHandle<()>> {
    let door = Rc::new(Semaphore::new(AT_THE_DOOR));
    let lines = Lines::new(share.common.scenario.protocol);
    let users = closed.users.get();
    (share.thread..users)
        .step_by(share.of)
        .map(|number| {
            let id = u64::try_from(number).unwrap_or_default();
            let global = share.common.scenario.share.global(id);
            let seed = share.common.scenario.seed.wrapping_add(global);
            let delay = closed.spawn_rate.map_or(Duration::ZERO, |rate| {
                let place = u32::try_from(number).unwrap_or(u32::MAX);
                Duration::try_from_secs_f64(f64::from(place) / rate).unwrap_or_default()
            });
            let life = Life {
                user: User::new(Rc::clone(ground), lines.next(), seed),
                delay,
                together: closed.spawn_rate.is_none(),
                thinking: thinking(share, closed, id),
                first: id,
                stride: u64::try_from(users).unwrap_or(1),
                think: closed.think,
                door: Rc::clone(&door),
            };
            spawn_local(life.live())
        })
        .collect()
}

/// Spreads the first iterations of users evenly over the time that they think in one, however many they are: each
/// begins at another part of it, by the golden ratio.
fn thinking(share: &Share, closed: &Closed, user: u64) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let user = share.common.scenario.share.global(user);
    let flow = share.common.script.flow(user);
    let steps = flow.into_iter().flat_map(|flow| &flow.steps);
    let pauses = steps.map(|step| step.think).chain([closed.think]);
    let whole: Duration = pauses.map(|pause| (pause.low + pause.high) / 2).sum();
    let user = f64::from(u32::try_from(user).unwrap_or(u32::MAX));
    whole.mul_f64((user * GOLDEN).fract())
}

/// Lines for new users: each its own, or so many of them to one connection.
struct Lines {
    protocol: Protocol,
    shared: std::cell::RefCell<(usize, Rc<Shared>)>,
}

impl Lines {
    fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            shared: std::cell::RefCell::default(),
        }
    }

    fn next(&self) -> Line {
        match self.protocol {
            Protocol::Http1 => Line::Http1(None),
            Protocol::Http2 { streams } => {
                let mut shared = self.shared.borrow_mut();
                if shared.0 >= streams.get() {
                    *shared = Default::default();
                }
                shared.0 += 1;
                Line::Http2 {
                    shared: Rc::clone(&shared.1),
                    mine: None,
                }
            }
        }
    }
}

/// The readings of a thread's clocks at both ends of the counted stretch.
#[derive(Clone, Copy, Default)]
struct Meter {
    from: Option<Reading>,
    to: Option<Reading>,
}

#[derive(Clone, Copy)]
struct Reading {
    at: Moment,
    cpu: Duration,
    waited: Duration,
}

impl Reading {
    fn at(at: Moment) -> Self {
        Self {
            at,
            cpu: thread_cpu(),
            waited: thread_waited(),
        }
    }
}

impl Meter {
    fn between(&self, grown: impl Fn(Reading, Reading) -> Duration) -> Duration {
        let ends = self.from.zip(self.to);
        ends.map_or(Duration::ZERO, |(from, to)| grown(from, to))
    }

    fn cpu(&self) -> Duration {
        self.between(|from, to| to.cpu.saturating_sub(from.cpu))
    }

    fn waited(&self) -> Duration {
        self.between(|from, to| to.waited.saturating_sub(from.waited))
    }

    fn span(&self) -> Duration {
        self.between(|from, to| to.at.since(from.at))
    }
}

/// Looks after a thread while its users work: deadlines, reports, the end.
struct Watchman<'a> {
    share: &'a Share,
    reports: &'a Sender<Recent>,
    look: Duration,
}

impl<'a> Watchman<'a> {
    fn new(share: &'a Share, reports: &'a Sender<Recent>) -> Self {
        let shortest = share.common.script.timeouts().min().unwrap_or_default();
        Self {
            share,
            reports,
            look: (shortest / 20).clamp(Duration::from_millis(1), Duration::from_millis(20)),
        }
    }

    async fn keep(&self, ground: &Rc<Ground>, crew: &Crew) -> (Meter, Vec<Stretch>) {
        let control = &self.share.common.control;
        let mut ticks = interval(self.look);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut meter = Meter::default();
        let mut begun = false;
        let mut reported = control.clock.now();
        let (mut gaps, mut looked) = (Vec::new(), reported);
        loop {
            ticks.tick().await;
            let now = control.clock.now();
            if now.since(looked) > self.look + ABSENT {
                let start = Moment::default();
                gaps.push(Stretch {
                    from: looked.since(start),
                    until: now.since(start),
                });
            }
            looked = now;
            ground.seats.sweep(now);
            if let Some(pool) = &crew.pool {
                pool.sweep(now);
            }
            if !begun && control.is_scheduled() {
                begun = true;
                // In time: users that wait for each other are asleep until then.
                let ground = Rc::clone(ground);
                spawn_local(async move { ground.begin().await });
            }
            if meter.from.is_none() && control.is_counted(now) {
                meter.from = Some(Reading::at(now));
            }
            if meter.to.is_none() && control.is_over(now) {
                meter.to = Some(Reading::at(now));
            }
            if now.since(reported) >= REPORT {
                reported = now;
                self.report(ground);
            }
            if is_over(control, ground, crew, now) {
                break;
            }
        }
        meter.to = meter.to.or_else(|| Some(Reading::at(control.clock.now())));
        self.report(ground);
        (meter, gaps)
    }

    fn report(&self, ground: &Ground) {
        let recent = std::mem::take(&mut ground.book.borrow_mut().recent);
        // Nobody listens any more only where the run has failed.
        self.reports.send(recent).ok();
    }
}

fn is_over(control: &super::control::Control, ground: &Ground, crew: &Crew, now: Moment) -> bool {
    if now >= control.drain_by() {
        return true;
    }
    // Users that think will not send again behind the end.
    let quiet = ground.seats.is_quiet();
    match &crew.pool {
        Some(pool) => {
            (crew.is_done() || control.is_over(now)) && pool.is_done(control.until()) && quiet
        }
        None => crew.is_done() || (control.is_over(now) && quiet),
    }
}
