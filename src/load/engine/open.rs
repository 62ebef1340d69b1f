//! The open model: each arrival is handed to an idle user the moment it is due; where all are busy another user
//! comes, and where there may be no more the arrival waits, which is part of its latency.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::ground::Ground;
use super::user::{Turn, User};
use crate::load::pace::{Moment, Timer};
use crate::load::plan::Due;
use crate::load::wire::{Failure, Kind};

/// Behind its time by more than this an arrival is late.
const LATE: Duration = Duration::from_millis(1);

/// All users of one thread, and what waits for them.
pub struct Pool {
    ground: Rc<Ground>,
    /// The one that was busy last is the next to work: few connections do most of the work, and are warm.
    idle: RefCell<Vec<Rc<Desk>>>,
    backlog: RefCell<VecDeque<Waiting>>,
    users: Cell<usize>,
    /// Arrivals that were given to a user who has not yet woken.
    handed: Cell<usize>,
    /// When the arrival is due that is awaited.
    next: Cell<Moment>,
    max_users: usize,
    /// Of each phase: where it is counted.
    spans: Vec<Option<usize>>,
    /// How long an arrival waits for a user.
    patience: Duration,
}

#[derive(Clone, Copy)]
struct Waiting {
    due: Moment,
    /// When it was dealt with: later than it was due by what is our own lateness.
    dealt: Moment,
    /// Whether it was due already when the one before it was dealt with, so that both were sent in one go.
    bunched: bool,
    iteration: u64,
    span: Option<usize>,
}

/// Where a user finds its next arrival.
#[derive(Default)]
struct Desk {
    inbox: Cell<Option<Waiting>>,
    waker: RefCell<Option<Waker>>,
}

/// How large a pool may get, and what it counts.
pub struct Terms {
    pub max_users: usize,
    pub spans: Vec<Option<usize>>,
    pub patience: Duration,
}

impl Pool {
    pub fn new(ground: Rc<Ground>, terms: Terms) -> Rc<Self> {
        Rc::new(Self {
            ground,
            idle: RefCell::default(),
            backlog: RefCell::default(),
            users: Cell::new(0),
            handed: Cell::new(0),
            next: Cell::default(),
            max_users: terms.max_users,
            spans: terms.spans,
            patience: terms.patience,
        })
    }

    /// Whether everything that is due before the end has been begun.
    pub fn is_done(&self, end: Moment) -> bool {
        self.next.get() >= end && self.handed.get() == 0 && self.backlog.borrow().is_empty()
    }

    /// Hands out every arrival at its time. `start` is that of the level.
    pub async fn dispatch(
        self: Rc<Self>,
        arrivals: impl Iterator<Item = Due>,
        start: Moment,
        new_user: impl Fn() -> User,
    ) -> std::io::Result<()> {
        let control = &self.ground.common.control;
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
            let waiting = Waiting {
                due,
                dealt: now,
                bunched,
                iteration: arrival.number,
                span: self.spans.get(arrival.phase).copied().flatten(),
            };
            if waiting.span.is_some() {
                self.ground.book.borrow_mut().record.arrived.due += 1;
            }
            self.hand_out(waiting, now, &new_user);
        }
        self.next.set(Moment::NEVER);
        Ok(())
    }

    fn hand_out(self: &Rc<Self>, waiting: Waiting, now: Moment, new_user: &impl Fn() -> User) {
        if let Some(desk) = self.idle.borrow_mut().pop() {
            desk.inbox.set(Some(waiting));
            self.handed.set(self.handed.get() + 1);
            if let Some(waker) = &*desk.waker.borrow() {
                waker.wake_by_ref();
            }
        } else if self.users.get() < self.max_users {
            self.users.set(self.users.get() + 1);
            let desk = Rc::new(Desk::default());
            desk.inbox.set(Some(waiting));
            self.handed.set(self.handed.get() + 1);
            let user = new_user();
            tokio::task::spawn_local(Rc::clone(self).work(user, desk));
        } else {
            if waiting.span.is_some() {
                let mut book = self.ground.book.borrow_mut();
                book.record.lag(now.since(waiting.due));
            }
            self.backlog.borrow_mut().push_back(waiting);
        }
    }

    async fn work(self: Rc<Self>, mut user: User, desk: Rc<Desk>) {
        loop {
            let (waiting, waited) = match self.next_waiting() {
                Some(waiting) => (waiting, true),
                None => {
                    let waiting = self.next_due(&desk).await;
                    self.handed.set(self.handed.get().saturating_sub(1));
                    (waiting, false)
                }
            };
            let start = self.ground.now();
            // A wait for a user is the service's; that its user woke late is ours.
            let due = if waited { waiting.dealt } else { start };
            if waiting.span.is_some() {
                let behind = start.since(waiting.due);
                let mut book = self.ground.book.borrow_mut();
                book.record.arrived.sent += 1;
                book.record.arrived.late += u64::from(behind > LATE);
                if !waited {
                    book.record.lag(behind);
                }
            }
            let turn = Turn {
                iteration: waiting.iteration,
                due,
                start,
                ours: match waiting.bunched {
                    true => due.since(waiting.due),
                    false => Duration::ZERO,
                },
                span: waiting.span,
            };
            user.turn(turn).await;
        }
    }

    /// One that waits for a user and has not lost patience.
    fn next_waiting(&self) -> Option<Waiting> {
        let mut backlog = self.backlog.borrow_mut();
        while let Some(waiting) = backlog.pop_front() {
            let now = self.ground.now();
            if now.since(waiting.due) <= self.patience {
                return Some(waiting);
            }
            self.drop_one(&waiting);
        }
        None
    }

    async fn next_due(&self, desk: &Rc<Desk>) -> Waiting {
        // A new user comes with its first.
        if let Some(waiting) = desk.inbox.take() {
            return waiting;
        }
        self.idle.borrow_mut().push(Rc::clone(desk));
        poll_fn(|context| match desk.inbox.take() {
            Some(waiting) => Poll::Ready(waiting),
            None => {
                let mut waker = desk.waker.borrow_mut();
                if !waker
                    .as_ref()
                    .is_some_and(|known| known.will_wake(context.waker()))
                {
                    *waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
        })
        .await
    }

    /// Those whose time has passed while every user was busy.
    pub fn sweep(&self, now: Moment) {
        let mut backlog = self.backlog.borrow_mut();
        while let Some(waiting) = backlog.front() {
            if now.since(waiting.due) <= self.patience {
                break;
            }
            self.drop_one(waiting);
            backlog.pop_front();
        }
    }

    /// Everything that still waits.
    pub fn give_up(&self) {
        let backlog = std::mem::take(&mut *self.backlog.borrow_mut());
        backlog.iter().for_each(|waiting| self.drop_one(waiting));
    }

    fn drop_one(&self, waiting: &Waiting) {
        let flow = self.ground.common.script.flow(waiting.iteration);
        let first = flow.and_then(|flow| flow.steps.first());
        let subject = first.map_or(0, |step| step.subject);
        let place = self.ground.place(waiting.span, subject);
        if place.is_some() {
            self.ground.book.borrow_mut().record.arrived.dropped += 1;
        }
        let what = "due, and never sent: the service held every user";
        let failure = Failure::new(Kind::Dropped, what);
        self.ground
            .fail(place, &failure, waiting.due, self.ground.now());
    }
}
