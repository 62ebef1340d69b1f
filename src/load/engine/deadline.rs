//! Deadlines without timers: each user has a slot for its deadline, and one sweep over all slots every few milliseconds
//! wakes the users whose deadline has passed. A timer for each request would cost more than the rest of its bookkeeping.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::load::clock::Moment;
use crate::load::http::{Failure, FailureKind};

/// The deadline of one user, and what it is doing.
pub struct DeadlineSlot {
    deadline: Cell<Moment>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    is_busy: Cell<bool>,
    /// The tally in which the request under way would be counted.
    tally: Cell<Option<usize>>,
}

impl DeadlineSlot {
    fn new() -> Self {
        Self {
            deadline: Cell::new(Moment::NEVER),
            expired: Cell::new(false),
            waker: RefCell::new(None),
            is_busy: Cell::new(false),
            tally: Cell::new(None),
        }
    }

    /// Marks the start of a request, with its tally if the request is counted. The request is under way until `end`.
    pub fn begin(&self, tally: Option<usize>) {
        self.is_busy.set(true);
        self.tally.set(tally);
    }

    /// Marks the end of a request.
    pub fn end(&self) {
        self.is_busy.set(false);
        self.tally.set(None);
    }

    /// Runs a future to its end or to the deadline. At the deadline the future is dropped and the result is a timeout.
    pub async fn within<T>(
        &self,
        deadline: Moment,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut future = pin!(future);
        self.expired.set(false);
        self.deadline.set(deadline);
        let result = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending if self.expired.get() => {
                Poll::Ready(Err(Failure::new(FailureKind::Timeout, "no answer")))
            }
            Poll::Pending => {
                self.remember(context);
                Poll::Pending
            }
        })
        .await;
        self.deadline.set(Moment::NEVER);
        result
    }

    /// Waits until the condition holds; it is tested whenever the slot is woken.
    pub async fn until(&self, condition: impl Fn() -> bool) {
        poll_fn(|context| {
            if condition() {
                return Poll::Ready(());
            }
            self.remember(context);
            Poll::Pending
        })
        .await;
    }

    fn remember(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match &mut *waker {
            Some(known) if known.will_wake(context.waker()) => {}
            other => *other = Some(context.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// The deadline slots of all users of one thread.
#[derive(Default)]
pub struct DeadlineSlots(RefCell<Vec<Rc<DeadlineSlot>>>);

impl DeadlineSlots {
    /// Adds a slot for a new user.
    pub fn add(&self) -> Rc<DeadlineSlot> {
        let slot = Rc::new(DeadlineSlot::new());
        self.0.borrow_mut().push(Rc::clone(&slot));
        slot
    }

    /// Wakes the users whose deadline has passed.
    pub fn sweep(&self, now: Moment) {
        for slot in self.0.borrow().iter() {
            if slot.deadline.get() <= now {
                slot.deadline.set(Moment::NEVER);
                slot.expired.set(true);
                slot.wake();
            }
        }
    }

    pub fn wake_all(&self) {
        self.0.borrow().iter().for_each(|slot| slot.wake());
    }

    /// Whether no request is under way, counted or not.
    pub fn is_quiet(&self) -> bool {
        let slots = self.0.borrow();
        slots.iter().all(|slot| !slot.is_busy.get())
    }

    /// The tallies of all counted requests that are under way.
    pub fn under_way(&self) -> Vec<usize> {
        let slots = self.0.borrow();
        slots.iter().filter_map(|slot| slot.tally.get()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::clock::Clock;
    use std::future::pending;
    use std::time::Duration;

    #[tokio::test(flavor = "current_thread")]
    async fn a_future_is_given_up_at_its_deadline_and_not_before() {
        let clock = Clock::start();
        let slots = DeadlineSlots::default();
        let slot = slots.add();
        let deadline = clock.now().plus(Duration::from_millis(5));
        let endless = slot.within(deadline, pending::<Result<(), Failure>>());
        let sweeping = async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                slots.sweep(clock.now());
            }
        };
        tokio::select! {
            result = endless => assert_eq!(result.unwrap_err().kind, FailureKind::Timeout),
            () = sweeping => unreachable!(),
        }
        assert!(clock.now() >= deadline);
        assert_eq!(slot.within(deadline, async { Ok(7) }).await, Ok(7));
    }

    #[test]
    fn only_requests_that_would_be_counted_are_seen_under_way() {
        let slots = DeadlineSlots::default();
        let (a, b) = (slots.add(), slots.add());
        a.begin(Some(3));
        b.begin(None);
        assert_eq!(slots.under_way(), [3]);
        a.end();
        assert!(slots.under_way().is_empty());
    }
}
