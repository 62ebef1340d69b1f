//! What all users of one thread share: the prepared scenario, the way to the service, and the statistics they add to.
//! Nothing here is locked, because nothing here leaves its thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::deadline::DeadlineSlots;
use super::script::Script;
use super::trace::{Event, Trace};
use crate::load::clock::{Moment, Timer};
use crate::load::http::dial::Dialer;
use crate::load::http::{Failure, FailureKind, OutgoingRequest};
use crate::load::record::{EventTimes, Exchanged, Figures, Recent, Record, RequestTimes};
use crate::load::scenario::{Destination, PerHost, Scenario};
use crate::load::template::Values;

/// What every thread of a level is given.
#[derive(Clone)]
pub struct LevelContext {
    pub scenario: Arc<Scenario>,
    pub script: Arc<Script>,
    pub figures: Arc<Figures>,
    pub dialers: Arc<PerHost<Dialer>>,
    pub control: Arc<Control>,
    /// What the setup of the run captured.
    pub given: Arc<Values>,
}

/// What every user of a thread is given.
pub struct ThreadContext {
    pub level: LevelContext,
    pub deadlines: DeadlineSlots,
    pub stats: RefCell<ThreadStats>,
    /// Where somebody looks at what is sent; a load has none.
    pub trace: Option<Trace>,
}

/// What one thread has measured so far.
pub struct ThreadStats {
    pub record: Record,
    /// Results since the last progress report.
    pub recent: Recent,
    /// When the last counted request ended.
    pub last: Moment,
}

/// The thread in which a response was examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExaminedBy {
    /// The thread of the user who sent the request.
    Worker,
    /// A helper thread, whose CPU time is not part of the worker's.
    Helper,
}

impl ThreadContext {
    pub fn new(level: LevelContext) -> Self {
        let record = Record::new(level.figures.tally_count());
        Self {
            level,
            deadlines: DeadlineSlots::default(),
            stats: RefCell::new(ThreadStats {
                record,
                recent: Recent::default(),
                last: Moment::default(),
            }),
            trace: None,
        }
    }

    /// Keeps what happened, where somebody looks.
    pub fn trace(&self, event: impl FnOnce() -> Event) {
        if let Some(trace) = &self.trace {
            trace.push(event());
        }
    }

    /// Keeps a request, where somebody looks.
    pub fn trace_sent(&self, request: &OutgoingRequest, to: Destination) {
        self.trace(|| {
            let origin = match to {
                Destination::Base => None,
                host => Some(self.level.scenario.addresses().of(host).origin()),
            };
            Event::Sent(request.clone(), origin)
        });
    }

    pub fn now(&self) -> Moment {
        self.level.control.clock.now()
    }

    /// Waits for the moment at which users may begin, and wakes them.
    pub async fn wake_users_at_begin(&self) {
        let control = &self.level.control;
        if let Ok(timer) = Timer::new(control.clock) {
            timer.until(control.begin()).await.ok();
        }
        self.deadlines.wake_all();
    }

    /// The index of the tally in which a subject is counted during a span; `None` where the span is not counted.
    pub fn tally(&self, span: Option<usize>, subject: usize) -> Option<usize> {
        span.map(|span| self.level.figures.tally_index(span, subject))
    }

    /// Adds a flow that is measured as a whole, and that took so long, or failed.
    pub fn whole(&self, span: Option<usize>, flow: Option<usize>, took: Option<Duration>) {
        if let (Some(span), Some(flow)) = (span, flow) {
            let index = self.level.figures.whole_index(span, flow);
            self.stats.borrow_mut().record.whole(index, took);
        }
    }

    /// Adds the time for which a response was examined.
    pub fn examined(&self, time: Duration, by: ExaminedBy) {
        let mut stats = self.stats.borrow_mut();
        stats.record.checking += time;
        if by == ExaminedBy::Helper {
            stats.record.aside += time;
        }
    }

    /// Records what a counted request and its answer held.
    pub fn exchanged(&self, tally: Option<usize>, exchanged: &Exchanged) {
        if let Some(tally) = tally {
            self.stats.borrow_mut().record.exchanged(tally, exchanged);
        }
    }

    /// Records when the events of a counted answer came.
    pub fn events(&self, tally: Option<usize>, times: EventTimes<'_>) {
        if let Some(tally) = tally {
            self.stats.borrow_mut().record.events(tally, times);
        }
    }

    /// When a counted request ended, on the time axis of the timeline; what ends after the load does so at its end.
    pub fn since_counting(&self, end: Moment) -> Duration {
        let control = &self.level.control;
        let last = control.until().nanos().saturating_sub(1);
        end.min(Moment::from_nanos(last))
            .since(control.count_from())
    }

    /// Adds a success. Without a tally it is not counted, but still part of the progress line.
    pub fn succeed(&self, tally: Option<usize>, times: RequestTimes, end: Moment) {
        self.trace(|| Event::Succeeded(times.service));
        let mut stats = self.stats.borrow_mut();
        let at = end.since(Moment::default());
        stats.recent.succeed(times.response);
        stats
            .record
            .silence
            .succeed(at.saturating_sub(times.response), at);
        if let Some(tally) = tally {
            stats.record.succeed(tally, times);
            let at = self.since_counting(end);
            stats.record.ended(tally, at, Some(times.response));
            stats.last = end;
        }
    }

    /// Adds a failure. A request that this machine could not send says nothing about the service, so it is no part of
    /// the progress line and of the outages.
    pub fn fail(&self, tally: Option<usize>, failure: &Failure, from: Moment, end: Moment) {
        self.trace(|| Event::Failed(failure.clone()));
        let mut stats = self.stats.borrow_mut();
        if failure.kind != FailureKind::Local {
            let at = |moment: Moment| moment.since(Moment::default());
            stats.recent.fail();
            stats.record.silence.fail(at(from), at(end));
        }
        if let Some(tally) = tally {
            stats.record.fail(tally, failure);
            if failure.kind != FailureKind::Local {
                let at = self.since_counting(end);
                stats.record.ended(tally, at, None);
            }
            stats.last = end;
        }
    }
}
