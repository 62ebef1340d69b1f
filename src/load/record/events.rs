//! When the events of streams came.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{histogram, ticks};
use crate::model::MetricName;

/// Of the streams that succeeded, of one subject.
#[derive(Clone, Debug)]
pub struct EventTally {
    /// From when a request was sent to its first event.
    pub first: Histogram<u64>,
    /// From each event to the next one of its stream.
    pub between: Histogram<u64>,
}

/// When the events of one stream came.
#[derive(Clone, Copy, Debug)]
pub struct EventTimes<'a> {
    /// Nothing where there was none.
    pub first: Option<Duration>,
    pub between: &'a [Duration],
}

impl Default for EventTally {
    fn default() -> Self {
        Self {
            first: histogram(),
            between: histogram(),
        }
    }
}

impl EventTally {
    pub fn take(&mut self, times: EventTimes<'_>) {
        if let Some(first) = times.first {
            self.first.saturating_record(ticks(first));
        }
        for time in times.between {
            self.between.saturating_record(ticks(*time));
        }
    }

    /// Each with the metric that it is.
    pub fn each(&self) -> [(&'static str, &Histogram<u64>); 2] {
        [
            (MetricName::FIRST_EVENT, &self.first),
            (MetricName::BETWEEN_EVENTS, &self.between),
        ]
    }

    pub fn add(&mut self, other: &Self) {
        // Histograms with the same bounds can always be added.
        self.first.add(&other.first).ok();
        self.between.add(&other.between).ok();
    }
}
