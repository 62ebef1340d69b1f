//! The open model: each arrival is handed to an idle user the moment it is due. Where all users are busy, another user
//! is added; where there may be no more, the arrival waits, and its wait is part of its response time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::context::ThreadContext;
use super::user::{Iteration, User};
use crate::load::clock::{Moment, Timer};
use crate::load::http::{Failure, FailureKind};
use crate::load::plan::Due;

/// An iteration that begins later than this after it was due counts as late.
const LATE: Duration = Duration::from_millis(1);

/// All users of one thread, and the arrivals that wait for them.
pub struct Pool {
    context: Rc<ThreadContext>,
    /// The mailboxes of idle users. The user that was busy last gets the next arrival: few connections do most of the
    /// work, and they are warm.
    idle: RefCell<Vec<Rc<Mailbox>>>,
    backlog: RefCell<VecDeque<Arrival>>,
    users: Cell<usize>,
    /// The number of arrivals that were given to a user who has not woken yet.
    handed: Cell<usize>,
    /// When the next arrival is due.
    next: Cell<Moment>,
    limits: PoolLimits,
}

/// How large a pool may get, how long an arrival may wait, and what is counted.
pub struct PoolLimits {
    pub max_users: usize,
    /// The span in which each phase is counted.
    pub spans: Vec<Option<usize>>,
    pub max_wait: Duration,
}

/// An arrival that is due.
#[derive(Clone, Copy)]
struct Arrival {
    due: Moment,
    /// When the dispatcher came to it. It comes later than due by perfgate's own lateness.
    dispatched: Moment,
    /// Whether it was already due when the dispatcher came to the arrival before it, so that both were sent together.
    bunched: bool,
    iteration: u64,
    span: Option<usize>,
}

/// Where a user receives its next arrival.
#[derive(Default)]
struct Mailbox {
    arrival: Cell<Option<Arrival>>,
    waker: RefCell<Option<Waker>>,
}

impl Pool {
    pub fn new(context: Rc<ThreadContext>, limits: PoolLimits) -> Rc<Self> {
        Rc::new(Self {
            context,
            idle: RefCell::default(),
            backlog: RefCell::default(),
            users: Cell::new(0),
            handed: Cell::new(0),
            next: Cell::default(),
            limits,
        })
    }

    /// Whether everything that is due before the end has begun.
    pub fn is_done(&self, end: Moment) -> bool {
        self.next.get() >= end && self.handed.get() == 0 && self.backlog.borrow().is_empty()
    }

    /// Hands out every arrival at its time, counted from `start`, the start of the level.
    pub async fn dispatch(
        self: Rc<Self>,
        arrivals: impl Iterator<Item = Due>,
        start: Moment,
        new_user: impl Fn() -> User,
    ) -> std::io::Result<()> {
        let control = &self.context.level.control;
        let timer = Timer::new(control.clock)?;
        let mut now = control.clock.now();
        for arrival in arrivals {
            let due = start.plus(arrival.at);
            self.next.set(due);
            let bunched = due <= now;
            if due > now {
                now = timer.until(due).await?;
            }
            if control.is_over(due) {
                break;
            }
            let arrival = Arrival {
                due,
                dispatched: now,
                bunched,
                iteration: arrival.number,
                span: self.limits.spans.get(arrival.phase).copied().flatten(),
            };
            if arrival.span.is_some() {
                self.context.stats.borrow_mut().record.arrivals.due += 1;
            }
            self.hand_out(arrival, now, &new_user);
        }
        self.next.set(Moment::NEVER);
        Ok(())
    }

    fn hand_out(self: &Rc<Self>, arrival: Arrival, now: Moment, new_user: &impl Fn() -> User) {
        if let Some(mailbox) = self.idle.borrow_mut().pop() {
            mailbox.arrival.set(Some(arrival));
            self.handed.set(self.handed.get() + 1);
            if let Some(waker) = &*mailbox.waker.borrow() {
                waker.wake_by_ref();
            }
        } else if self.users.get() < self.limits.max_users {
            self.users.set(self.users.get() + 1);
            let mailbox = Rc::new(Mailbox::default());
            mailbox.arrival.set(Some(arrival));
            self.handed.set(self.handed.get() + 1);
            tokio::task::spawn_local(Rc::clone(self).work(new_user(), mailbox));
        } else {
            if arrival.span.is_some() {
                let mut stats = self.context.stats.borrow_mut();
                stats.record.lag(now.since(arrival.due));
            }
            self.backlog.borrow_mut().push_back(arrival);
        }
    }

    /// What a user does until it is stopped: it takes arrivals from the backlog, else from its mailbox.
    async fn work(self: Rc<Self>, mut user: User, mailbox: Rc<Mailbox>) {
        loop {
            let (arrival, has_waited) = match self.next_from_backlog() {
                Some(arrival) => (arrival, true),
                None => {
                    let arrival = self.next_from_mailbox(&mailbox).await;
                    self.handed.set(self.handed.get().saturating_sub(1));
                    (arrival, false)
                }
            };
            let start = self.context.now();
            // That an arrival waited for a user is the service's time; that its user woke late is perfgate's.
            let due = match has_waited {
                true => arrival.dispatched,
                false => start,
            };
            if arrival.span.is_some() {
                let behind = start.since(arrival.due);
                let mut stats = self.context.stats.borrow_mut();
                stats.record.arrivals.sent += 1;
                stats.record.arrivals.late += u64::from(behind > LATE);
                if !has_waited {
                    stats.record.lag(behind);
                }
            }
            let iteration = Iteration {
                number: arrival.iteration,
                due,
                start,
                own_delay: match arrival.bunched {
                    true => due.since(arrival.due),
                    false => Duration::ZERO,
                },
                span: arrival.span,
            };
            user.run(iteration).await;
        }
    }

    /// The first arrival of the backlog that has not waited too long. Those before it are dropped.
    fn next_from_backlog(&self) -> Option<Arrival> {
        let mut backlog = self.backlog.borrow_mut();
        while let Some(arrival) = backlog.pop_front() {
            if !self.has_waited_too_long(&arrival, self.context.now()) {
                return Some(arrival);
            }
            self.drop_arrival(&arrival);
        }
        None
    }

    async fn next_from_mailbox(&self, mailbox: &Rc<Mailbox>) -> Arrival {
        // A new user finds its first arrival there already.
        if let Some(arrival) = mailbox.arrival.take() {
            return arrival;
        }
        self.idle.borrow_mut().push(Rc::clone(mailbox));
        poll_fn(|task| match mailbox.arrival.take() {
            Some(arrival) => Poll::Ready(arrival),
            None => {
                let mut waker = mailbox.waker.borrow_mut();
                if !waker
                    .as_ref()
                    .is_some_and(|known| known.will_wake(task.waker()))
                {
                    *waker = Some(task.waker().clone());
                }
                Poll::Pending
            }
        })
        .await
    }

    fn has_waited_too_long(&self, arrival: &Arrival, now: Moment) -> bool {
        now.since(arrival.due) > self.limits.max_wait
    }

    /// Drops the arrivals of the backlog that have waited too long.
    pub fn sweep(&self, now: Moment) {
        let mut backlog = self.backlog.borrow_mut();
        while let Some(arrival) = backlog.front() {
            if !self.has_waited_too_long(arrival, now) {
                break;
            }
            self.drop_arrival(arrival);
            backlog.pop_front();
        }
    }

    /// Drops the whole backlog.
    pub fn give_up(&self) {
        let backlog = std::mem::take(&mut *self.backlog.borrow_mut());
        backlog
            .iter()
            .for_each(|arrival| self.drop_arrival(arrival));
    }

    /// Records an arrival as a failure of the first step of its flow.
    fn drop_arrival(&self, arrival: &Arrival) {
        let flow = self.context.level.script.flow(None, arrival.iteration);
        let first = flow.and_then(|flow| flow.steps.first());
        let subject = first.map_or(0, |step| step.subject);
        let tally = self.context.tally(arrival.span, subject);
        if tally.is_some() {
            self.context.stats.borrow_mut().record.arrivals.dropped += 1;
        }
        let what = "due, and never sent: the service held every user";
        let failure = Failure::new(FailureKind::Dropped, what);
        self.context
            .fail(tally, &failure, arrival.due, self.context.now());
    }
}
