//! Deadlines without timers: each user has a seat, and one sweep of all seats every few milliseconds wakes those that
//! waited too long. A timer for each request would cost more than the rest of its bookkeeping.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::load::pace::Moment;
use crate::load::wire::{Failure, Kind};

/// What the sweep knows of one user.
pub struct Seat {
    deadline: Cell<Moment>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    is_busy: Cell<bool>,
    /// Where the request under way would be counted.
    under_way: Cell<Option<usize>>,
}

impl Seat {
    fn new() -> Self {
        Self {
            deadline: Cell::new(Moment::NEVER),
            expired: Cell::new(false),
            waker: RefCell::new(None),
            is_busy: Cell::new(false),
            under_way: Cell::new(None),
        }
    }

    /// Between two of these a request is under way; a place where it is counted.
    pub fn begin(&self, place: Option<usize>) {
        self.is_busy.set(true);
        self.under_way.set(place);
    }

    pub fn end(&self) {
        self.is_busy.set(false);
        self.under_way.set(None);
    }

    /// What the future says, or that it took too long; then it is dropped in its middle.
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
                Poll::Ready(Err(Failure::new(Kind::Timeout, "no answer in time")))
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

    /// Waits until a sweep finds it so.
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

/// All seats of one thread.
#[derive(Default)]
pub struct Seats(RefCell<Vec<Rc<Seat>>>);

impl Seats {
    pub fn take(&self) -> Rc<Seat> {
        let seat = Rc::new(Seat::new());
        self.0.borrow_mut().push(Rc::clone(&seat));
        seat
    }

    /// Wakes those whose time is over.
    pub fn sweep(&self, now: Moment) {
        for seat in self.0.borrow().iter() {
            if seat.deadline.get() <= now {
                seat.deadline.set(Moment::NEVER);
                seat.expired.set(true);
                seat.wake();
            }
        }
    }

    pub fn wake_all(&self) {
        self.0.borrow().iter().for_each(|seat| seat.wake());
    }

    /// Whether no request is under way, counted or not.
    pub fn is_quiet(&self) -> bool {
        let seats = self.0.borrow();
        seats.iter().all(|seat| !seat.is_busy.get())
    }

    /// The places of all counted requests under way.
    pub fn under_way(&self) -> Vec<usize> {
        let seats = self.0.borrow();
        seats
            .iter()
            .filter_map(|seat| seat.under_way.get())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::pace::Clock;
    use std::future::pending;
    use std::time::Duration;

    #[tokio::test(flavor = "current_thread")]
    async fn what_takes_too_long_is_given_up_and_what_does_not_is_not() {
        let clock = Clock::start();
        let seats = Seats::default();
        let seat = seats.take();
        let deadline = clock.now().plus(Duration::from_millis(5));
        let endless = seat.within(deadline, pending::<Result<(), Failure>>());
        let sweeping = async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                seats.sweep(clock.now());
            }
        };
        tokio::select! {
            result = endless => assert_eq!(result.unwrap_err().kind, Kind::Timeout),
            () = sweeping => unreachable!(),
        }
        assert!(clock.now() >= deadline);
        assert_eq!(seat.within(deadline, async { Ok(7) }).await, Ok(7));
    }

    #[test]
    fn only_requests_that_would_be_counted_are_seen_under_way() {
        let seats = Seats::default();
        let (a, b) = (seats.take(), seats.take());
        a.begin(Some(3));
        b.begin(None);
        assert_eq!(seats.under_way(), [3]);
        a.end();
        assert!(seats.under_way().is_empty());
    }
}
