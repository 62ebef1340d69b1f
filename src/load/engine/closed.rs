//! The closed model: a fixed number of users, each of which waits for its response before it goes on.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use super::connection::ConnectionHandles;
use super::context::ThreadContext;
use super::user::{Iteration, User};
use crate::load::http::FailureKind;
use crate::load::record::AFTER_REFUSAL;
use crate::load::scenario::{Closed, Pause};

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
    /// Its first iteration and the distance between two of its own, where users do not share one count.
    first: u64,
    stride: u64,
    think: Pause,
    /// Shared by the users of the thread, so that ten thousand of them do not connect at once.
    connect_permits: Rc<Semaphore>,
}

/// Starts those users of a level that belong to one thread: every `of`-th from the `thread`-th on.
pub fn start(
    closed: &Closed,
    context: &Rc<ThreadContext>,
    (thread, of): (usize, usize),
) -> Vec<JoinHandle<()>> {
    let scenario = &context.level.scenario;
    let connect_permits = Rc::new(Semaphore::new(CONNECTING_AT_ONCE));
    let connections = ConnectionHandles::new(scenario);
    let users = closed.users.get();
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
            let user = ClosedUser {
                user: User::new(Rc::clone(context), connections.next(), seed),
                delay,
                begins_with_others: closed.spawn_rate.is_none(),
                initial_think: initial_think(context, closed, global),
                first,
                stride: u64::try_from(users).unwrap_or(1),
                think: closed.think,
                connect_permits: Rc::clone(&connect_permits),
            };
            spawn_local(user.run())
        })
        .collect()
}

/// Spreads the first iterations of any number of users evenly over the time for which they think in one iteration:
/// each begins at another part of it, by the golden ratio.
fn initial_think(context: &ThreadContext, closed: &Closed, user: u64) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let flow = context.level.script.flow(user);
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
        if let Ok(_permit) = self.connect_permits.acquire().await {
            // A user that cannot connect tries again with its first request, which then counts as failed.
            self.user.connect().await.ok();
        }
        let now = context.now();
        let once = Iteration {
            number: context.level.scenario.share.global(self.first),
            due: now,
            start: now,
            own_delay: Duration::ZERO,
            span: None,
        };
        // The same holds for what it does once.
        Box::pin(self.user.prepare(once)).await;
        control.one_more_ready();
        if self.begins_with_others {
            let has_begun = || context.now() >= control.begin();
            self.user.deadline.until(has_begun).await;
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
            let end = self.user.run(iteration).await;
            own += self.stride;
            now = end.at;
            if let Some(FailureKind::Connect | FailureKind::Tls | FailureKind::Local) = end.failed {
                sleep(AFTER_REFUSAL).await;
                now = context.now();
            }
            if self.think.high > Duration::ZERO {
                self.user.pause(self.think).await;
                now = context.now();
            }
        }
    }
}
