//! What all threads of a level share: when the level begins, is counted and ends. One thread writes it; all read it
//! before each request.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::load::clock::{Clock, Moment};

/// A flag that ends a run early: no request is sent any more, and those under way have a second to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(std::sync::Arc<AtomicBool>);

impl Stop {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A moment that any thread may set.
#[derive(Debug)]
struct SharedMoment(AtomicU64);

impl SharedMoment {
    fn get(&self) -> Moment {
        Moment::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, moment: Moment) {
        self.0.store(moment.nanos(), Ordering::Relaxed);
    }
}

/// When a level begins to send, begins to count, and ends.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub begin: Moment,
    pub count_from: Moment,
    pub until: Moment,
    /// How long requests that are under way at the end may take.
    pub drain: Duration,
}

#[derive(Debug)]
pub struct Control {
    pub clock: Clock,
    begin: SharedMoment,
    count_from: SharedMoment,
    until: SharedMoment,
    drain_by: SharedMoment,
    go: AtomicBool,
    ready: AtomicUsize,
    /// The number of counted iterations that may still begin.
    tickets: AtomicU64,
    limited: bool,
    /// The number of iterations that have begun, counted or not, where iterations are limited.
    begun: AtomicU64,
}

impl Control {
    /// Before `schedule` is called nothing is counted and nothing ends. Without a limit, iterations begin until the
    /// time is over.
    pub fn new(clock: Clock, iterations: Option<u64>) -> Self {
        let never = || SharedMoment(AtomicU64::new(Moment::NEVER.nanos()));
        Self {
            clock,
            begin: never(),
            count_from: never(),
            until: never(),
            drain_by: never(),
            go: AtomicBool::new(false),
            ready: AtomicUsize::new(0),
            tickets: AtomicU64::new(iterations.unwrap_or(u64::MAX)),
            limited: iterations.is_some(),
            begun: AtomicU64::new(0),
        }
    }

    pub fn schedule(&self, schedule: &Schedule) {
        self.until.set(schedule.until);
        self.drain_by.set(schedule.until.plus(schedule.drain));
        self.count_from.set(schedule.count_from);
        self.begin.set(schedule.begin);
        self.go.store(true, Ordering::Release);
    }

    /// Ends the level now.
    pub fn end(&self, drain: Duration) {
        let now = self.clock.now();
        self.until.set(self.until.get().min(now));
        self.drain_by.set(self.drain_by.get().min(now.plus(drain)));
        self.go.store(true, Ordering::Release);
    }

    /// Whether it is known when the level begins.
    pub fn is_scheduled(&self) -> bool {
        self.go.load(Ordering::Acquire)
    }

    /// When users that begin together begin.
    pub fn begin(&self) -> Moment {
        self.begin.get()
    }

    pub fn count_from(&self) -> Moment {
        self.count_from.get()
    }

    pub fn is_counted(&self, now: Moment) -> bool {
        now >= self.count_from.get()
    }

    pub fn until(&self) -> Moment {
        self.until.get()
    }

    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.until.get()
    }

    pub fn drain_by(&self) -> Moment {
        self.drain_by.get()
    }

    /// Whether one more counted iteration may begin; takes its ticket.
    pub fn take_ticket(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        !self.limited
            || self
                .tickets
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_ok()
    }

    /// The number of the iteration that begins now. Where iterations are limited, all users share one count, so that
    /// the same iterations are sent whichever user is the fastest; else each user has a count of its own.
    pub fn number(&self, own: u64) -> u64 {
        match self.limited {
            true => self.begun.fetch_add(1, Ordering::Relaxed),
            false => own,
        }
    }

    pub fn one_more_ready(&self) {
        self.ready.fetch_add(1, Ordering::Relaxed);
    }

    pub fn ready(&self) -> usize {
        self.ready.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_in_the_middle_is_not_put_off_by_the_schedule() {
        let control = Control::new(Clock::start(), None);
        assert!(!control.is_over(control.clock.now()));
        let now = control.clock.now();
        control.schedule(&Schedule {
            begin: now,
            count_from: now,
            until: now.plus(Duration::from_secs(60)),
            drain: Duration::from_secs(10),
        });
        assert!(control.is_counted(now) && !control.is_over(control.clock.now()));
        control.end(Duration::from_secs(1));
        let now = control.clock.now();
        assert!(control.is_over(now) && control.drain_by() <= now.plus(Duration::from_secs(1)));
    }

    #[test]
    fn tickets_are_as_many_as_were_asked_for() {
        let control = Control::new(Clock::start(), Some(3));
        assert_eq!((0..5).filter(|_| control.take_ticket()).count(), 3);
        assert_eq!([control.number(7), control.number(7)], [0, 1]);
        let control = Control::new(Clock::start(), None);
        assert!((0..5).all(|_| control.take_ticket()));
        assert_eq!([control.number(7), control.number(9)], [7, 9]);
    }
}
