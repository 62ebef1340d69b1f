//! What was measured, while it is measured: histograms and counts, one set for each worker and no lock; added up
//! without loss when the load is over. Pure: times come from outside.

mod figures;
mod reasons;
mod silence;
mod validity;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::wire::{Failure, Kind};

pub use figures::{Cpu, Figures, Span};
pub use reasons::{Reasons, Sentence};
pub use silence::{Silence, Stretch};
pub use validity::{AFTER_REFUSAL, Absent, Busy, Generator};

/// Of one tick, in nanoseconds.
pub const TICK: u64 = 100;
/// Ten minutes of ticks; what took longer is recorded as that.
const LONGEST: u64 = 6_000_000_000;

/// From one tick to ten minutes at three significant digits: 190 KB, of which only touched pages are resident.
#[expect(
    clippy::expect_used,
    reason = "these bounds are lawful, and nothing else can fail"
)]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("lawful bounds")
}

fn ticks(duration: Duration) -> u64 {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    (nanos.saturating_add(TICK / 2) / TICK).clamp(1, LONGEST)
}

/// Of one subject.
#[derive(Clone, Debug)]
pub struct Tally {
    /// From when it was due, without our own lateness.
    pub response: Histogram<u64>,
    /// The least that it may have been: requests that we sent late in one go waited for each other at the service.
    pub least: Histogram<u64>,
    /// From when it was sent.
    pub service: Histogram<u64>,
    pub failed: BTreeMap<Kind, u64>,
}

/// How long a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    pub response: Duration,
    /// What of it our own lateness may have caused.
    pub ours: Duration,
    pub service: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            response: histogram(),
            least: histogram(),
            service: histogram(),
            failed: BTreeMap::new(),
        }
    }
}

impl Tally {
    pub fn succeeded(&self) -> u64 {
        self.response.len()
    }

    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    pub fn all(&self) -> u64 {
        self.succeeded() + self.failures()
    }

    /// How long it may take until the next request succeeds, if all is as ever.
    fn usual(&self, counted: Duration) -> Duration {
        let succeeded = u32::try_from(self.succeeded()).unwrap_or(u32::MAX).max(1);
        let response = |share| quantile(&self.response, share).unwrap_or_default();
        [
            Duration::from_millis(500),
            (counted / succeeded).saturating_mul(20),
            response(0.5).saturating_mul(4),
            response(0.95),
        ]
        .into_iter()
        .max()
        .unwrap_or_default()
    }

    fn take(&mut self, took: Took) {
        self.response.saturating_record(ticks(took.response));
        let least = took.response.saturating_sub(took.ours);
        self.least.saturating_record(ticks(least));
        self.service.saturating_record(ticks(took.service));
    }

    fn add(&mut self, other: &Self) {
        // Histograms of the same bounds always add.
        self.response.add(&other.response).ok();
        self.least.add(&other.least).ok();
        self.service.add(&other.service).ok();
        for (kind, count) in &other.failed {
            *self.failed.entry(*kind).or_default() += count;
        }
    }
}

/// What became of the arrivals of an open load in its counted phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    pub due: u64,
    pub sent: u64,
    /// Begun more than a millisecond behind their time, for whatever reason.
    pub late: u64,
    pub dropped: u64,
}

/// Everything that one worker, or all of them, counted in one level.
#[derive(Clone, Debug)]
pub struct Record {
    /// By place: see `Figures::place`.
    tallies: Vec<Tally>,
    /// From when an arrival was due to when we dealt with it.
    pub lag: Histogram<u64>,
    pub arrived: Arrived,
    /// Requests that this machine could not send: no port, no file handle. They are no requests of any subject.
    pub unable: u64,
    /// Requests sent again because their connection had ended before the service could look at them.
    pub resent: u64,
    /// How long answers were looked at, and how much of that was in a thread aside.
    pub checking: Duration,
    pub aside: Duration,
    /// Of all requests, counted or not: what is counted is cut out of it by time.
    pub silence: Silence,
    pub reasons: Reasons,
}

impl Record {
    pub fn new(places: usize) -> Self {
        Self {
            tallies: vec![Tally::default(); places],
            lag: histogram(),
            arrived: Arrived::default(),
            unable: 0,
            resent: 0,
            checking: Duration::ZERO,
            aside: Duration::ZERO,
            silence: Silence::default(),
            reasons: Reasons::default(),
        }
    }

    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    pub fn succeed(&mut self, place: usize, took: Took) {
        if let Some(tally) = self.tallies.get_mut(place) {
            tally.take(took);
        }
    }

    pub fn fail(&mut self, place: usize, failure: &Failure) {
        if let Some(tally) = self.tallies.get_mut(place) {
            match failure.kind {
                Kind::Local => self.unable += 1,
                kind => *tally.failed.entry(kind).or_default() += 1,
            }
            self.reasons.note(place, failure);
        }
    }

    pub fn lag(&mut self, lag: Duration) {
        self.lag.saturating_record(ticks(lag));
    }

    /// What another worker counted in the same level.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            mine.add(theirs);
        }
        self.lag.add(&other.lag).ok();
        self.arrived.due += other.arrived.due;
        self.arrived.sent += other.arrived.sent;
        self.arrived.late += other.arrived.late;
        self.arrived.dropped += other.arrived.dropped;
        self.unable += other.unable;
        self.resent += other.resent;
        self.checking += other.checking;
        self.aside += other.aside;
        self.silence.add(&other.silence);
        self.reasons.add(&other.reasons);
    }
}

/// The time at or below which this share of the values lies; `None` of an empty histogram.
pub fn quantile(histogram: &Histogram<u64>, share: f64) -> Option<Duration> {
    (!histogram.is_empty()).then(|| {
        Duration::from_nanos(
            histogram
                .value_at_quantile(share)
                .min(LONGEST)
                .saturating_mul(TICK),
        )
    })
}

/// What happened since the last look, for the progress line.
#[derive(Clone, Debug)]
pub struct Recent {
    pub response: Histogram<u64>,
    pub done: u64,
    pub errors: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            response: histogram(),
            done: 0,
            errors: 0,
        }
    }
}

impl Recent {
    pub fn succeed(&mut self, response: Duration) {
        self.done += 1;
        self.response.saturating_record(ticks(response));
    }

    pub fn fail(&mut self) {
        self.done += 1;
        self.errors += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.errors += other.errors;
        self.response.add(&other.response).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(micros: u64) -> Took {
        let time = Duration::from_micros(micros);
        Took {
            response: time,
            ours: Duration::ZERO,
            service: time / 2,
        }
    }

    #[test]
    fn percentiles_agree_with_the_truth_to_three_digits() {
        let mut record = Record::new(1);
        for micros in (1..=100_000).rev() {
            record.succeed(0, took(micros));
        }
        let tally = &record.tallies()[0];
        for (share, micros) in [(0.5, 50_000.0), (0.95, 95_000.0), (0.999, 99_900.0)] {
            let response = quantile(&tally.response, share).unwrap().as_secs_f64() * 1e6;
            let service = quantile(&tally.service, share).unwrap().as_secs_f64() * 1e6;
            assert!(
                (response / micros - 1.0).abs() < 1e-3,
                "{share}: {response}"
            );
            assert!(
                (service * 2.0 / micros - 1.0).abs() < 1e-3,
                "{share}: {service}"
            );
        }
    }

    #[test]
    fn workers_added_up_hold_exactly_what_one_would() {
        let mut one = Record::new(2);
        let mut workers = [Record::new(2), Record::new(2), Record::new(2)];
        let failure = Failure::new(Kind::Status, "500 Internal Server Error");
        for n in 0..3_000_usize {
            let micros = (n * n) as u64;
            for record in [&mut one, &mut workers[n % 3]] {
                record.lag(Duration::from_micros(micros));
                record.arrived.due += 1;
                if n % 7 == 0 {
                    record.fail(n % 2, &failure);
                } else {
                    record.succeed(n % 2, took(micros));
                }
            }
        }
        let mut sum = Record::new(2);
        workers.iter().for_each(|worker| sum.add(worker));
        for (a, b) in one.tallies().iter().zip(sum.tallies()) {
            assert_eq!((&a.response, &a.service), (&b.response, &b.service));
            assert_eq!(a.failed, b.failed);
        }
        assert_eq!((one.lag, one.arrived), (sum.lag, sum.arrived));
        assert_eq!(one.reasons, sum.reasons);
    }

    #[test]
    fn what_is_beyond_the_bounds_is_kept_at_them() {
        let mut record = Record::new(1);
        for response in [Duration::ZERO, Duration::from_secs(3600)] {
            let service = response;
            let ours = Duration::ZERO;
            record.succeed(
                0,
                Took {
                    response,
                    ours,
                    service,
                },
            );
        }
        let response = &record.tallies()[0].response;
        assert_eq!(response.len(), 2);
        assert_eq!(response.min(), 1);
        assert_eq!(quantile(response, 1.0), Some(Duration::from_secs(600)));
    }
}
