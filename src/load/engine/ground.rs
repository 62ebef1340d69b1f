//! What all users of one thread stand on: the script, the way to the service, and the book they write in. No locks.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::script::Script;
use super::seat::Seats;
use crate::load::pace::{Moment, Timer};
use crate::load::record::{Figures, Recent, Record, Took};
use crate::load::scenario::Scenario;
use crate::load::wire::dial::Dialer;
use crate::load::wire::{Failure, Kind};

/// The same for every thread of a level.
#[derive(Clone)]
pub struct Common {
    pub scenario: Arc<Scenario>,
    pub script: Arc<Script>,
    pub figures: Arc<Figures>,
    pub dialer: Arc<Dialer>,
    pub control: Arc<Control>,
}

pub struct Ground {
    pub common: Common,
    pub seats: Seats,
    pub book: RefCell<Book>,
}

/// What one thread wrote down.
pub struct Book {
    pub record: Record,
    pub recent: Recent,
    /// When the last counted request ended.
    pub last: Moment,
}

/// Where an answer was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// In the thread of its user.
    Here,
    /// In another, whose CPU time is not that of a worker.
    Aside,
}

impl Ground {
    pub fn new(common: Common) -> Self {
        let record = Record::new(common.figures.places());
        Self {
            common,
            seats: Seats::default(),
            book: RefCell::new(Book {
                record,
                recent: Recent::default(),
                last: Moment::default(),
            }),
        }
    }

    pub fn now(&self) -> Moment {
        self.common.control.clock.now()
    }

    /// Wakes all users when they may send.
    pub async fn begin(&self) {
        let control = &self.common.control;
        if let Ok(timer) = Timer::new(control.clock) {
            timer.until(control.begin()).await.ok();
        }
        self.seats.wake_all();
    }

    pub fn place(&self, span: Option<usize>, subject: usize) -> Option<usize> {
        span.map(|span| self.common.figures.place(span, subject))
    }

    /// How long an answer was looked at.
    pub fn checked(&self, time: Duration, which: Checked) {
        let mut book = self.book.borrow_mut();
        book.record.checking += time;
        if which == Checked::Aside {
            book.record.aside += time;
        }
    }

    /// A place of `None` is not counted, and still shown as progress.
    pub fn succeed(&self, place: Option<usize>, took: Took, end: Moment) {
        let mut book = self.book.borrow_mut();
        let at = end.since(Moment::default());
        book.recent.succeed(took.response);
        book.record
            .silence
            .succeed(at.saturating_sub(took.response), at);
        if let Some(place) = place {
            book.record.succeed(place, took);
            book.last = end;
        }
    }

    /// What this machine could not send says nothing about the service.
    pub fn fail(&self, place: Option<usize>, failure: &Failure, from: Moment, end: Moment) {
        let mut book = self.book.borrow_mut();
        if failure.kind != Kind::Local {
            let at = |moment: Moment| moment.since(Moment::default());
            book.recent.fail();
            book.record.silence.fail(at(from), at(end));
        }
        if let Some(place) = place {
            book.record.fail(place, failure);
            book.last = end;
        }
    }
}
