//! The record of a level: histograms and counts, one set for each worker without locks, added up without loss when the
//! load is over. Pure: times come from outside.

mod away;
mod course;
mod events;
mod figures;
mod reasons;
mod silence;
mod sliced;
mod validity;
mod whole;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::http::{Failure, FailureKind};

pub use events::{EventTally, EventTimes};
pub use figures::{Figures, PhaseTime, Span};
pub use reasons::{FailureMessage, Reasons};
pub use silence::{Silence, TimeRange};
pub use sliced::Sliced;
pub use validity::{AFTER_REFUSAL, GeneratorHealth, Saturation, Stalls};
pub use whole::WholeTally;

/// The resolution of recorded times, in nanoseconds.
pub const TICK: u64 = 100;
/// Ten minutes in ticks. Longer times are recorded as ten minutes.
const LONGEST: u64 = 6_000_000_000;

/// The times of a server that are told apart, of one subject.
const MOST_SERVER_TIMES: usize = 32;

/// An empty histogram, from one tick to ten minutes at three significant digits: 190 KB, of which only touched pages
/// are resident.
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

/// What was measured of one subject in one span.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The response times, from when a request was due to its last byte, without perfgate's own lateness.
    pub response: Histogram<u64>,
    /// The shortest response times that are possible: requests that perfgate sent late and together waited for each
    /// other at the service.
    pub least: Histogram<u64>,
    /// The service times, from when a request was sent.
    pub service: Histogram<u64>,
    pub failed: BTreeMap<FailureKind, u64>,
    pub bytes: Bytes,
    pub phases: Phases,
    /// The times that the server told, by metric.
    pub server: BTreeMap<String, Histogram<u64>>,
    /// When events came, where answers were streams of them.
    pub events: Option<Box<EventTally>>,
}

/// The parts that the times of the requests that succeeded are made of, as sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Opening connections, and how many were opened.
    pub connect: Duration,
    pub connections: u64,
    /// From when a request was sent to the head of its answer, and from there to its last byte.
    pub first_byte: Duration,
    pub body: Duration,
    /// The number of requests whose answer's head has a time.
    pub told: u64,
}

impl Phases {
    /// Those that there were, each by what it is called: its sum, and of how many.
    fn means(self) -> impl Iterator<Item = (&'static str, Duration, u64)> {
        [
            ("connect", self.connect, self.connections),
            ("first_byte", self.first_byte, self.told),
            ("body", self.body, self.told),
        ]
        .into_iter()
        .filter(|(_, _, count)| *count > 0)
    }

    fn add(&mut self, other: Self) {
        self.connect += other.connect;
        self.connections += other.connections;
        self.first_byte += other.first_byte;
        self.body += other.body;
        self.told += other.told;
    }
}

/// What went over the wire for the requests that succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    pub sent: u64,
    pub received: u64,
    /// Of these the bodies of answers.
    pub bodies: u64,
}

impl Bytes {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.bodies += other.bodies;
    }
}

/// What one request and its answer held beside the time they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchanged {
    pub bytes: Bytes,
    pub phases: Phases,
    /// Times that the server told.
    pub server: Vec<(String, Duration)>,
}

/// How long a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimes {
    pub response: Duration,
    /// How much of the response time perfgate's own lateness may have caused.
    pub own_delay: Duration,
    pub service: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            response: histogram(),
            least: histogram(),
            service: histogram(),
            failed: BTreeMap::new(),
            bytes: Bytes::default(),
            phases: Phases::default(),
            server: BTreeMap::new(),
            events: None,
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

    /// How long it may take until the next request succeeds, as long as the service answers as usual.
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

    fn take(&mut self, times: RequestTimes) {
        self.response.saturating_record(ticks(times.response));
        let least = times.response.saturating_sub(times.own_delay);
        self.least.saturating_record(ticks(least));
        self.service.saturating_record(ticks(times.service));
    }

    fn exchanged(&mut self, exchanged: &Exchanged) {
        self.bytes.add(exchanged.bytes);
        self.phases.add(exchanged.phases);
        for (metric, time) in &exchanged.server {
            if let Some(known) = self.server.get_mut(metric) {
                known.saturating_record(ticks(*time));
            } else if self.server.len() < MOST_SERVER_TIMES {
                let mut times = histogram();
                times.saturating_record(ticks(*time));
                self.server.insert(metric.clone(), times);
            }
        }
    }

    fn add(&mut self, other: &Self) {
        // Histograms with the same bounds can always be added.
        self.response.add(&other.response).ok();
        self.least.add(&other.least).ok();
        self.service.add(&other.service).ok();
        for (kind, count) in &other.failed {
            *self.failed.entry(*kind).or_default() += count;
        }
        self.bytes.add(other.bytes);
        self.phases.add(other.phases);
        for (metric, times) in &other.server {
            let mine = self.server.entry(metric.clone()).or_insert_with(histogram);
            mine.add(times).ok();
        }
        if let Some(events) = &other.events {
            self.events.get_or_insert_default().add(events);
        }
    }
}

/// The arrivals of an open load in its counted phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArrivalCounts {
    pub due: u64,
    pub sent: u64,
    /// Arrivals that began more than a millisecond after they were due, for whatever reason.
    pub late: u64,
    pub dropped: u64,
}

/// Everything that one worker, or all of them together, counted in one level.
#[derive(Clone, Debug)]
pub struct Record {
    /// The tallies, by `Figures::tally_index`.
    tallies: Vec<Tally>,
    /// What ended when, by the same index.
    sliced: Vec<Sliced>,
    /// What flows took as a whole, by `Figures::whole_index`; none where it is not asked for.
    wholes: Vec<WholeTally>,
    /// The times from when an arrival was due to when it was dispatched.
    pub lag: Histogram<u64>,
    pub arrivals: ArrivalCounts,
    /// The number of requests that this machine could not send, as it had no port or no file handle. They do not count
    /// as requests of a subject.
    pub unable: u64,
    /// The number of requests that were sent again because their connection had ended before the service could look at
    /// them.
    pub resent: u64,
    /// The time for which responses were examined, and how much of it in a helper thread.
    pub checking: Duration,
    pub aside: Duration,
    /// When requests succeeded and failed, including those that are not counted: what is counted is cut out by time.
    pub silence: Silence,
    pub reasons: Reasons,
}

impl Record {
    pub fn new(tally_count: usize) -> Self {
        Self {
            tallies: vec![Tally::default(); tally_count],
            sliced: vec![Sliced::default(); tally_count],
            wholes: Vec::new(),
            lag: histogram(),
            arrivals: ArrivalCounts::default(),
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

    pub fn sliced(&self) -> &[Sliced] {
        &self.sliced
    }

    /// Adds to the timeline when a request ended, which took so long where it succeeded.
    pub fn ended(&mut self, tally_index: usize, at: Duration, response: Option<Duration>) {
        if let Some(sliced) = self.sliced.get_mut(tally_index) {
            match response {
                Some(response) => sliced.succeed(at, response),
                None => sliced.fail(at),
            }
        }
    }

    pub fn succeed(&mut self, tally_index: usize, times: RequestTimes) {
        if let Some(tally) = self.tallies.get_mut(tally_index) {
            tally.take(times);
        }
    }

    pub fn exchanged(&mut self, tally_index: usize, exchanged: &Exchanged) {
        if let Some(tally) = self.tallies.get_mut(tally_index) {
            tally.exchanged(exchanged);
        }
    }

    pub fn events(&mut self, tally_index: usize, times: EventTimes<'_>) {
        if let Some(tally) = self.tallies.get_mut(tally_index) {
            tally.events.get_or_insert_default().take(times);
        }
    }

    pub fn fail(&mut self, tally_index: usize, failure: &Failure) {
        if let Some(tally) = self.tallies.get_mut(tally_index) {
            match failure.kind {
                FailureKind::Local => self.unable += 1,
                kind => *tally.failed.entry(kind).or_default() += 1,
            }
            self.reasons.note(tally_index, failure);
        }
    }

    pub fn lag(&mut self, lag: Duration) {
        self.lag.saturating_record(ticks(lag));
    }

    /// Adds what another worker counted in the same level.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            mine.add(theirs);
        }
        for (mine, theirs) in self.sliced.iter_mut().zip(&other.sliced) {
            mine.add(theirs);
        }
        self.add_wholes(other);
        self.lag.add(&other.lag).ok();
        self.arrivals.due += other.arrivals.due;
        self.arrivals.sent += other.arrivals.sent;
        self.arrivals.late += other.arrivals.late;
        self.arrivals.dropped += other.arrivals.dropped;
        self.unable += other.unable;
        self.resent += other.resent;
        self.checking += other.checking;
        self.aside += other.aside;
        self.silence.add(&other.silence);
        self.reasons.add(&other.reasons);
    }
}

/// The time that this share of the values does not exceed; `None` where the histogram is empty.
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

/// The results since the last report, for the progress line.
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

    fn times(micros: u64) -> RequestTimes {
        let time = Duration::from_micros(micros);
        RequestTimes {
            response: time,
            own_delay: Duration::ZERO,
            service: time / 2,
        }
    }

    #[test]
    fn percentiles_agree_with_the_truth_to_three_digits() {
        let mut record = Record::new(1);
        for micros in (1..=100_000).rev() {
            record.succeed(0, times(micros));
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
        let failure = Failure::new(FailureKind::Status, "500 Internal Server Error");
        for n in 0..3_000_usize {
            let micros = (n * n) as u64;
            for record in [&mut one, &mut workers[n % 3]] {
                record.lag(Duration::from_micros(micros));
                record.arrivals.due += 1;
                if n % 7 == 0 {
                    record.fail(n % 2, &failure);
                } else {
                    record.succeed(n % 2, times(micros));
                }
            }
        }
        let mut sum = Record::new(2);
        workers.iter().for_each(|worker| sum.add(worker));
        for (a, b) in one.tallies().iter().zip(sum.tallies()) {
            assert_eq!((&a.response, &a.service), (&b.response, &b.service));
            assert_eq!(a.failed, b.failed);
        }
        assert_eq!((one.lag, one.arrivals), (sum.lag, sum.arrivals));
        assert_eq!(one.reasons, sum.reasons);
    }

    #[test]
    fn what_is_beyond_the_bounds_is_kept_at_them() {
        let mut record = Record::new(1);
        for response in [Duration::ZERO, Duration::from_secs(3600)] {
            let service = response;
            let own_delay = Duration::ZERO;
            record.succeed(
                0,
                RequestTimes {
                    response,
                    own_delay,
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
