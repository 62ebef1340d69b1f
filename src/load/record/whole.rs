//! What several requests took as a whole: all of a flow. It sums up what its steps are measured by, so none of it is an
//! outcome of its own.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::figures::milliseconds;
use super::validity::as_f64;
use super::{Figures, Record, Span, histogram, ticks};
use crate::model::{Better, Evidence, EvidenceError, Measurement, MetricName, Run};

/// Flows of one name in one span.
#[derive(Clone, Debug)]
pub struct WholeTally {
    /// How long those took of which every step succeeded, without pauses.
    pub time: Histogram<u64>,
    pub failed: u64,
}

impl Default for WholeTally {
    fn default() -> Self {
        Self {
            time: histogram(),
            failed: 0,
        }
    }
}

impl WholeTally {
    fn add(&mut self, other: &Self) {
        // Histograms with the same bounds can always be added.
        self.time.add(&other.time).ok();
        self.failed += other.failed;
    }
}

impl Record {
    /// Adds a flow that came to its end after so long, or that failed.
    pub fn whole(&mut self, index: usize, took: Option<Duration>) {
        if self.wholes.len() <= index {
            self.wholes.resize_with(index + 1, WholeTally::default);
        }
        if let Some(tally) = self.wholes.get_mut(index) {
            match took {
                Some(took) => tally.time.saturating_record(ticks(took)),
                None => tally.failed += 1,
            }
        }
    }

    pub(super) fn add_wholes(&mut self, other: &Self) {
        if self.wholes.len() < other.wholes.len() {
            let wanted = other.wholes.len();
            self.wholes.resize_with(wanted, WholeTally::default);
        }
        for (mine, theirs) in self.wholes.iter_mut().zip(&other.wholes) {
            mine.add(theirs);
        }
    }
}

impl Figures {
    /// The index of the tally of a flow in a span.
    pub fn whole_index(&self, span: usize, flow: usize) -> usize {
        span * self.wholes.len() + flow
    }

    pub(super) fn write_wholes(
        &self,
        (number, span): (usize, &Span),
        record: &Record,
        run: &mut Run,
    ) -> Result<(), EvidenceError> {
        for (flow, name) in self.wholes.iter().enumerate() {
            let Some(tally) = record.wholes.get(self.whole_index(number, flow)) else {
                continue;
            };
            let done = tally.time.len();
            let mut put = |metric: &str, unit: &str, better, evidence| {
                let measurement = Measurement::fixed(unit, better, evidence);
                let subject = self.subject(Some(span), name);
                run.insert(subject, MetricName::new(metric), measurement);
            };
            if done + tally.failed == 0 {
                continue;
            }
            if let Some(time) = milliseconds(&tally.time)? {
                put(MetricName::FLOW_TIME, "ms", Better::Lower, time);
            }
            let errors = Evidence::proportion(tally.failed, done + tally.failed)?;
            put(MetricName::FLOW_ERRORS, "", Better::Lower, errors);
            if span.counted > Duration::ZERO {
                let rate = Evidence::value(as_f64(done) / span.counted.as_secs_f64())?;
                put(MetricName::FLOW_RATE, "iterations/s", Better::Higher, rate);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_met_other_flows_are_added_up() {
        let millis = Duration::from_millis;
        let (mut one, mut other) = (Record::new(0), Record::new(0));
        one.whole(0, Some(millis(5)));
        other.whole(2, None);
        other.whole(0, Some(millis(7)));
        one.add(&other);
        let counts: Vec<(u64, u64)> = one
            .wholes
            .iter()
            .map(|tally| (tally.time.len(), tally.failed))
            .collect();
        assert_eq!(counts, [(2, 0), (0, 0), (0, 1)]);
    }
}
