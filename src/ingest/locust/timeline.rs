//! The clock of a history: when load began, where the warm-up ends, when the last request was seen.

use std::time::Duration;

use anyhow::{anyhow, bail};

use crate::hint::WithHint;

/// Over how many seconds Locust's history takes a percentile: `CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`
/// of `locust/stats.py`.
pub(super) const WINDOW: u64 = 10;

#[derive(Debug)]
pub(super) struct Timeline {
    warmup: Duration,
    /// The last second without a request, or the first row where there is none such.
    origin: Option<u64>,
    loaded: bool,
    now: u64,
    previous: u64,
    /// The last row that belongs to the warm-up; what is measured comes after.
    measured_from: u64,
    /// The last second in which a total grew.
    busy_until: u64,
}

/// Which part of the measurement a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowPhase {
    /// Its totals are what has to be taken off.
    Warmup,
    /// Its totals count, but its window of percentiles still reaches into the warm-up.
    Settling,
    Measured,
}

impl Timeline {
    pub(super) fn new(warmup: Option<Duration>) -> Self {
        Self {
            warmup: warmup.unwrap_or_default(),
            origin: None,
            loaded: false,
            now: 0,
            previous: 0,
            measured_from: 0,
            busy_until: 0,
        }
    }

    /// A row's second, and how many requests its endpoint had made by then.
    pub(super) fn advance(&mut self, second: u64, requests: u64) -> anyhow::Result<RowPhase> {
        if second + WINDOW < self.now {
            let back = self.now - second;
            return Err(anyhow!("column `Timestamp`: time goes back by {back} s"))
                .hint("is this the history of more than one run?");
        }
        // A clock that was set back a little must not lengthen or shorten anything.
        if second > self.now {
            self.previous = self.now;
            self.now = second;
        }
        if self.origin.is_none() || (!self.loaded && requests == 0) {
            self.origin = Some(self.now);
            self.measured_from = self.now;
            self.busy_until = self.now;
        }
        self.loaded |= requests > 0;
        let origin = self.origin.unwrap_or(self.now);
        if Duration::from_secs(self.now - origin) <= self.warmup {
            self.measured_from = self.now;
            return Ok(RowPhase::Warmup);
        }
        // Without a warm-up there is nothing that a window must not reach into.
        if self.warmup.is_zero() || self.now >= self.measured_from + WINDOW {
            Ok(RowPhase::Measured)
        } else {
            Ok(RowPhase::Settling)
        }
    }

    pub(super) fn saw_requests(&mut self) {
        self.busy_until = self.now;
    }

    /// Locust set its totals to zero after the previous row.
    pub(super) fn restart(&mut self) {
        self.measured_from = self.measured_from.max(self.previous);
    }

    pub(super) fn origin(&self) -> u64 {
        self.origin.unwrap_or_default()
    }

    /// Seconds from the end of the warm-up to the last request.
    pub(super) fn measured_seconds(&self) -> anyhow::Result<u64> {
        if !self.loaded {
            bail!("no request was made");
        }
        match self.busy_until.checked_sub(self.measured_from) {
            Some(seconds) if seconds > 0 => Ok(seconds),
            _ if self.warmup.is_zero() => bail!("it holds less than a second of load"),
            _ => {
                let lasted = self.now - self.origin();
                let warmup = self.warmup.as_secs_f64();
                Err(anyhow!("no request was made after the warm-up of {warmup} s: the history lasts {lasted} s"))
                    .hint("shorten --warmup, or let Locust run for longer (`--run-time`)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_is_counted_from_the_last_second_without_load() {
        let mut timeline = Timeline::new(Some(Duration::from_secs(2)));
        for idle in 100..105 {
            assert_eq!(timeline.advance(idle, 0).unwrap(), RowPhase::Warmup);
        }
        let phases: Vec<RowPhase> = (105..118)
            .map(|second| timeline.advance(second, 9).unwrap())
            .collect();
        assert_eq!(phases[..2], [RowPhase::Warmup; 2]);
        assert_eq!(phases[2..11], [RowPhase::Settling; 9]);
        assert_eq!(phases[11..], [RowPhase::Measured; 2]);
    }

    #[test]
    fn a_second_run_in_the_file_is_refused_and_a_corrected_clock_is_not() {
        let mut timeline = Timeline::new(None);
        timeline.advance(1_000, 1).unwrap();
        assert!(timeline.advance(998, 2).is_ok());
        assert!(timeline.advance(900, 3).is_err());
    }
}
