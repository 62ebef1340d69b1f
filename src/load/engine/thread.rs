//! One thread of a level: its own runtime, its own users, its own statistics. It reports its progress every quarter of
//! a second, and its result at the end.

use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use super::closed::{self, Stages};
use super::connection::ConnectionHandles;
use super::context::{LevelContext, ThreadContext};
use super::open::{Pool, PoolLimits};
use super::user::User;
use crate::load::clock::{Moment, thread_cpu, thread_waited};
use crate::load::http::{Failure, FailureKind};
use crate::load::plan::Plan;
use crate::load::record::{Recent, Record, TimeRange};
use crate::load::scenario::Closed;

/// What one thread of several has to do.
pub struct ThreadJob {
    pub level: LevelContext,
    pub thread: usize,
    pub of: usize,
    pub work: Work,
}

#[derive(Clone)]
pub enum Work {
    Closed(Closed, Option<Stages>),
    Open {
        plan: Plan,
        start: Moment,
        max_users: usize,
        spans: Vec<Option<usize>>,
    },
}

/// What one thread has measured.
pub struct ThreadResult {
    pub record: Record,
    /// When the last counted request ended.
    pub last: Moment,
    /// The thread's CPU time during the counted time.
    pub cpu: Duration,
    /// The length of the counted time.
    pub span: Duration,
    /// How long the thread was ready to run during the counted time, but had no core.
    pub waited: Duration,
    /// When the thread did not run although its monitor was due.
    pub gaps: Vec<TimeRange>,
}

/// The number of helper threads of each worker, which examine large responses.
const HELPERS: usize = 1;
const REPORT_INTERVAL: Duration = Duration::from_millis(250);
/// A monitor that is this late was not merely waiting for a core.
const STALL: Duration = Duration::from_millis(250);

/// Runs one thread's part of a level, until the level is over and drained.
pub fn run(job: &ThreadJob, reports: &Sender<Recent>) -> anyhow::Result<ThreadResult> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(HELPERS)
        .build_local(LocalOptions::default())
        .context("start a worker's runtime")?;
    runtime.block_on(async {
        let context = Rc::new(ThreadContext::new(job.level.clone()));
        let mut tasks = ThreadTasks::start(job, &context);
        let (clocks, gaps) = ThreadMonitor::new(job, reports).run(&context, &tasks).await;
        tasks.stop().await?;
        if let Some(pool) = &tasks.pool {
            pool.give_up();
        }
        let mut stats = context.stats.borrow_mut();
        for tally in context.deadlines.under_way() {
            let failure = Failure::new(FailureKind::Unfinished, "under way when the run ended");
            stats.record.fail(tally, &failure);
            let at = context.since_counting(context.now());
            stats.record.ended(tally, at, None);
        }
        Ok(ThreadResult {
            record: std::mem::replace(&mut stats.record, Record::new(0)),
            last: stats.last,
            cpu: clocks.cpu,
            span: clocks.at.since(Moment::default()),
            waited: clocks.waited,
            gaps,
        })
    })
}

/// The tasks of one thread that send requests.
struct ThreadTasks {
    closed_users: Vec<JoinHandle<()>>,
    dispatcher: Option<JoinHandle<std::io::Result<()>>>,
    pool: Option<Rc<Pool>>,
}

impl ThreadTasks {
    fn start(job: &ThreadJob, context: &Rc<ThreadContext>) -> Self {
        let scenario = &job.level.scenario;
        match &job.work {
            Work::Closed(closed, stages) => Self {
                closed_users: closed::start(
                    (closed, stages.as_ref()),
                    context,
                    (job.thread, job.of),
                ),
                dispatcher: None,
                pool: None,
            },
            Work::Open {
                plan,
                start,
                max_users,
                spans,
            } => {
                let limits = PoolLimits {
                    max_users: *max_users,
                    spans: spans.clone(),
                    max_wait: scenario.timeout,
                };
                let pool = Pool::new(Rc::clone(context), limits);
                let (thread, of) = scenario.share.thread(job.thread, job.of);
                let arrivals = plan.shard(thread, of);
                let context = Rc::clone(context);
                let connections = ConnectionHandles::new(scenario);
                let new_user = move || User::new(Rc::clone(&context), connections.next(), 0);
                let dispatch = Rc::clone(&pool).dispatch(arrivals, *start, new_user);
                Self {
                    closed_users: Vec::new(),
                    dispatcher: Some(spawn_local(dispatch)),
                    pool: Some(pool),
                }
            }
        }
    }

    /// Whether no task will begin another iteration.
    fn is_done(&self) -> bool {
        self.dispatcher.as_ref().is_none_or(JoinHandle::is_finished)
            && self.closed_users.iter().all(JoinHandle::is_finished)
    }

    /// Stops the tasks that still send or wait. An error of the dispatcher's timer is an error of the run.
    async fn stop(&mut self) -> anyhow::Result<()> {
        self.closed_users.iter().for_each(JoinHandle::abort);
        if let Some(dispatcher) = self.dispatcher.take() {
            dispatcher.abort();
            if let Ok(dispatched) = dispatcher.await {
                dispatched.context("wait for the next request's time")?;
            }
        }
        Ok(())
    }
}

/// The clocks of a thread: the time, its CPU time, and the time that it waited for a core.
#[derive(Clone, Copy, Default)]
struct ThreadClocks {
    at: Moment,
    cpu: Duration,
    waited: Duration,
}

impl ThreadClocks {
    fn read(at: Moment) -> Self {
        Self {
            at,
            cpu: thread_cpu(),
            waited: thread_waited(),
        }
    }

    /// How far the clocks went on between two readings.
    fn since(self, earlier: Self) -> Self {
        Self {
            at: Moment::default().plus(self.at.since(earlier.at)),
            cpu: self.cpu.saturating_sub(earlier.cpu),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }
}

/// Looks after a thread while its users work: deadlines, progress reports, the end.
struct ThreadMonitor<'a> {
    job: &'a ThreadJob,
    reports: &'a Sender<Recent>,
    tick: Duration,
}

impl<'a> ThreadMonitor<'a> {
    fn new(job: &'a ThreadJob, reports: &'a Sender<Recent>) -> Self {
        let shortest = job.level.script.timeouts().min().unwrap_or_default();
        Self {
            job,
            reports,
            tick: (shortest / 20).clamp(Duration::from_millis(1), Duration::from_millis(20)),
        }
    }

    /// Runs until the level is over and drained. Returns how far the thread's clocks went on during the counted time,
    /// and when the thread did not run.
    async fn run(
        &self,
        context: &Rc<ThreadContext>,
        tasks: &ThreadTasks,
    ) -> (ThreadClocks, Vec<TimeRange>) {
        let control = &self.job.level.control;
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut from, mut to) = (None, None);
        let mut has_begun = false;
        let mut reported = control.clock.now();
        let (mut gaps, mut ticked) = (Vec::new(), reported);
        loop {
            ticks.tick().await;
            let now = control.clock.now();
            if now.since(ticked) > self.tick + STALL {
                let start = Moment::default();
                gaps.push(TimeRange {
                    from: ticked.since(start),
                    until: now.since(start),
                });
            }
            ticked = now;
            context.deadlines.sweep(now);
            if let Some(pool) = &tasks.pool {
                pool.sweep(now);
            }
            if !has_begun && control.is_scheduled() {
                has_begun = true;
                // A timer, not this loop, wakes the users in time.
                let context = Rc::clone(context);
                spawn_local(async move { context.wake_users_at_begin().await });
            }
            if from.is_none() && control.is_counted(now) {
                from = Some(ThreadClocks::read(now));
            }
            if to.is_none() && control.is_over(now) {
                to = Some(ThreadClocks::read(now));
            }
            if now.since(reported) >= REPORT_INTERVAL {
                reported = now;
                self.report(context);
            }
            if self.is_over(context, tasks, now) {
                break;
            }
        }
        let to = to.unwrap_or_else(|| ThreadClocks::read(control.clock.now()));
        self.report(context);
        let clocks = from.map_or_else(ThreadClocks::default, |from| to.since(from));
        (clocks, gaps)
    }

    fn report(&self, context: &ThreadContext) {
        let recent = std::mem::take(&mut context.stats.borrow_mut().recent);
        // The receiver is gone only where the run has failed.
        self.reports.send(recent).ok();
    }

    fn is_over(&self, context: &ThreadContext, tasks: &ThreadTasks, now: Moment) -> bool {
        let control = &self.job.level.control;
        if now >= control.drain_by() {
            return true;
        }
        // After the end, users that think do not send again.
        let is_quiet = context.deadlines.is_quiet();
        let is_past_end = control.is_over(now);
        match &tasks.pool {
            Some(pool) => {
                (tasks.is_done() || is_past_end) && pool.is_done(control.until()) && is_quiet
            }
            None => tasks.is_done() || (is_past_end && is_quiet),
        }
    }
}
