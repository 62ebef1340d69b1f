//! How long publishing may take in all, waits and slow answers together. Time and sleep are handed in, so that
//! nothing has to wait to be tried.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// What a user is made to wait at most, where nothing else is said.
pub const USUAL: Duration = Duration::from_secs(90);

/// Where a limit is hit and the server does not say for how long.
const UNSAID: Duration = Duration::from_secs(60);

pub type Sleep<'a> = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()>>> + 'a;

/// How long publishing may take in all, and how much of it is spent.
pub struct RetryBudget<'a> {
    all: Duration,
    spent: Cell<Duration>,
    sleep: &'a Sleep<'a>,
    now: &'a dyn Fn() -> SystemTime,
}

impl<'a> RetryBudget<'a> {
    pub fn new(all: Duration, sleep: &'a Sleep<'a>, now: &'a dyn Fn() -> SystemTime) -> Self {
        Self {
            all,
            spent: Cell::new(Duration::ZERO),
            sleep,
            now,
        }
    }

    pub(super) fn left(&self) -> Duration {
        self.all.saturating_sub(self.spent.get())
    }

    /// One request may take a quarter of all: after one that hangs there is time for another try.
    pub(super) fn for_a_request(&self) -> Duration {
        self.left().min(self.all / 4)
    }

    pub(super) fn spend(&self, time: Duration) {
        self.spent.set(self.spent.get().saturating_add(time));
    }

    /// Waits, if that much is left; answers whether it did.
    pub(super) async fn wait(&self, time: Duration) -> bool {
        if time > self.left() {
            return false;
        }
        self.spend(time);
        (self.sleep)(time).await;
        true
    }

    /// How long a rate limit asks for: `retry-after`, else the time at which the window opens anew, else a minute.
    pub(super) fn asked(&self, header: impl Fn(&str) -> Option<u64>) -> Duration {
        if let Some(seconds) = header("retry-after") {
            return Duration::from_secs(seconds);
        }
        let Some(reset) = header("x-ratelimit-reset") else {
            return UNSAID;
        };
        let now = (self.now)()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        // One more: clocks differ.
        Duration::from_secs(reset.saturating_add(1)).saturating_sub(now)
    }
}

/// How long to wait before the n-th repetition of what a server failed to do.
pub(super) fn pause(repetition: u32) -> Duration {
    Duration::from_millis(500 * 2_u64.pow(repetition.min(6)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn waits_are_as_long_as_the_server_asks_and_never_longer_than_all() {
        let slept = RefCell::new(Vec::new());
        let sleep = |time: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
            slept.borrow_mut().push(time);
            Box::pin(std::future::ready(()))
        };
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let budget = RetryBudget::new(USUAL, &sleep, &now);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();

        let none = |_: &str| None;
        let reset = |name: &str| (name == "x-ratelimit-reset").then_some(1_020);
        let after = |name: &str| (name == "retry-after").then_some(7);
        assert_eq!(budget.asked(none), Duration::from_secs(60));
        assert_eq!(budget.asked(reset), Duration::from_secs(21));
        assert_eq!(budget.asked(after), Duration::from_secs(7));

        assert!(runtime.block_on(budget.wait(Duration::from_secs(60))));
        assert!(!runtime.block_on(budget.wait(Duration::from_secs(60))));
        budget.spend(Duration::from_secs(25));
        assert_eq!(budget.for_a_request(), Duration::from_secs(5));
        assert_eq!(slept.into_inner(), [Duration::from_secs(60)]);
    }
}
