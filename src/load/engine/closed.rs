//! The closed model: a fixed number of users, each of which waits for its response before it goes on.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use super::connection::ConnectionHandles;
use super::context::ThreadContext;
use super::user::{Iteration, User};
use crate::load::clock::Moment;
use crate::load::http::FailureKind;
use crate::load::plan::Plan;
use crate::load::record::AFTER_REFUSAL;
use crate::load::scenario::{Closed, Pause, Scenario, assigned};

/// How many users of one thread connect at once. A service's queue holds some hundreds.
const CONNECTING_AT_ONCE: usize = 100;

/// One user of a closed level.
struct ClosedUser {
    user: User,
    /// How long after the start of the level it comes.
    delay: Duration,
    /// Whether it waits until all other users are there.
    begins_with_others: bool,
    /// How long it then waits before its first iteration, as if it were thinking already. Without it, users that begin
    /// at the same time would send at the same time from then on.
    initial_think: Duration,
    /// Its number among all users of all machines.
    number: u64,
    /// Its first iteration and the distance between two of its own, where users do not share one count.
    first: u64,
    stride: u64,
    think: Pause,
    /// Shared by the users of the thread, so that ten thousand of them do not connect at once.
    connect_permits: Rc<Semaphore>,
}

/// When users that come and go are there.
#[derive(Clone)]
pub struct Stages {
    pub plan: Plan,
    pub start: Moment,
    /// The span in which each stage is counted.
    pub spans: Vec<Option<usize>>,
}

/// Starts those users of a level that belong to one thread: every `of`-th from the `thread`-th on.
pub fn start(
    (closed, stages): (&Closed, Option<&Stages>),
    context: &Rc<ThreadContext>,
    (thread, of): (usize, usize),
) -> Vec<JoinHandle<()>> {
    let scenario = &context.level.scenario;
    let stages = stages.cloned().map(Rc::new);
    let connect_permits = Rc::new(Semaphore::new(CONNECTING_AT_ONCE));
    let connections = ConnectionHandles::new(scenario);
    let users = closed.users.get();
    let classes = classes(scenario, users);
    (thread..users)
        .step_by(of)
        .map(|number| {
            let first = u64::try_from(number).unwrap_or_default();
            let global = scenario.share.global(first);
            let seed = scenario.seed.wrapping_add(global);
            let delay = closed.spawn_rate.map_or(Duration::ZERO, |rate| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                Duration::try_from_secs_f64(f64::from(number) / rate).unwrap_or_default()
            });
            let class = usize::try_from(global).ok();
            let class = class.and_then(|number| classes.get(number).copied());
            let user = User::new(Rc::clone(context), connections.next(), seed);
            let user = ClosedUser {
                user: user.of_class(class),
                delay,
                begins_with_others: closed.spawn_rate.is_none(),
                initial_think: initial_think(context, closed, (class, global)),
                number: global,
                first,
                stride: u64::try_from(users).unwrap_or(1),
                think: closed.think,
                connect_permits: Rc::clone(&connect_permits),
            };
            match &stages {
                None => spawn_local(user.run()),
                Some(stages) => spawn_local(user.run_in_stages(Rc::clone(stages))),
            }
        })
        .collect()
}

/// The class of each user of all machines; none where there are no classes.
fn classes(scenario: &Scenario, users: usize) -> Vec<usize> {
    if scenario.classes.is_empty() {
        return Vec::new();
    }
    let (_, machines) = scenario.share.parts();
    assigned(&scenario.classes, users.saturating_mul(machines))
}

/// Spreads the first iterations of any number of users evenly over the time for which they think in one iteration:
/// each begins at another part of it, by the golden ratio.
fn initial_think(
    context: &ThreadContext,
    closed: &Closed,
    (class, user): (Option<usize>, u64),
) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let flow = context.level.script.flow(class, user);
    let steps = flow.into_iter().flat_map(|flow| &flow.steps);
    let pauses = steps.map(|step| step.think).chain([closed.think]);
    let whole: Duration = pauses.map(|pause| (pause.low + pause.high) / 2).sum();
    let user = f64::from(u32::try_from(user).unwrap_or(u32::MAX));
    whole.mul_f64((user * GOLDEN).fract())
}

impl ClosedUser {
    async fn run(mut self) {
        let context = Rc::clone(&self.user.context);
        let control = &context.level.control;
        if self.delay > Duration::ZERO {
            sleep(self.delay).await;
        }
        self.come(&context).await;
        control.one_more_ready();
        if self.begins_with_others {
            let has_begun = || context.now() >= control.begin();
            self.user.sender.deadline.until(has_begun).await;
        }
        if self.initial_think > Duration::ZERO {
            sleep(self.initial_think).await;
        }
        let mut own = self.first;
        let mut now = context.now();
        while !control.is_over(now) {
            let is_counted = control.is_counted(now);
            if is_counted && !control.take_ticket() {
                break;
            }
            let iteration = Iteration {
                number: context.level.scenario.share.global(control.number(own)),
                due: now,
                start: now,
                own_delay: Duration::ZERO,
                span: is_counted.then_some(0),
            };
            now = self.take(&context, iteration).await;
            own += self.stride;
        }
    }

    /// Iterates whenever a stage has room for it, and is away otherwise.
    async fn run_in_stages(mut self, stages: Rc<Stages>) {
        let context = Rc::clone(&self.user.context);
        let control = &context.level.control;
        let (mut is_here, mut is_new) = (false, true);
        let mut own = self.first;
        let mut now = context.now();
        while !control.is_over(now) {
            let at = now.since(stages.start);
            let Some((when, stage)) = stages.plan.presence(self.number, at) else {
                break;
            };
            let when = stages.start.plus(when);
            if when > now {
                if std::mem::replace(&mut is_here, false) {
                    self.user.leave();
                }
                sleep(when.since(now)).await;
                now = context.now();
                continue;
            }
            if !std::mem::replace(&mut is_here, true) {
                self.come(&context).await;
                if std::mem::replace(&mut is_new, false) && self.initial_think > Duration::ZERO {
                    sleep(self.initial_think).await;
                }
                now = context.now();
                continue;
            }
            let iteration = Iteration {
                number: context.level.scenario.share.global(control.number(own)),
                due: now,
                start: now,
                own_delay: Duration::ZERO,
                span: stages.spans.get(stage).copied().flatten(),
            };
            now = self.take(&context, iteration).await;
            own += self.stride;
        }
        self.user.leave();
    }

    /// Connects, and takes what it takes once.
    async fn come(&mut self, context: &ThreadContext) {
        if let Ok(_permit) = self.connect_permits.acquire().await {
            // A user that cannot connect tries again with its first request, which then counts as failed.
            self.user.connect().await.ok();
        }
        let now = context.now();
        let once = Iteration {
            number: self.number,
            due: now,
            start: now,
            own_delay: Duration::ZERO,
            span: None,
        };
        // The same holds for what it does once.
        Box::pin(self.user.prepare(once)).await;
    }

    /// Takes an iteration and pauses behind it. Returns when the next one may begin.
    async fn take(&mut self, context: &ThreadContext, iteration: Iteration) -> Moment {
        let end = self.user.run(iteration).await;
        let mut now = end.at;
        if let Some(FailureKind::Connect | FailureKind::Tls | FailureKind::Local) = end.failed {
            sleep(AFTER_REFUSAL).await;
            now = context.now();
        }
        if self.think.high > Duration::ZERO {
            self.user.pause(self.think).await;
            now = context.now();
        }
        now
    }
}
