//! Whether the generator itself was what was measured: then the run says nothing about the service.

use std::time::Duration;

use super::{Arrived, quantile};
use hdrhistogram::Histogram;

/// How the generator did, in one level.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    pub lag: &'a Histogram<u64>,
    /// Of all requests, from when they were due.
    pub response: &'a Histogram<u64>,
    pub arrived: Arrived,
    /// Requests that this machine could not send, and why the first of them was not.
    pub unable: (u64, &'a str),
    /// For how long the generator itself did not run.
    pub absent: Absent,
    pub counted: Duration,
    /// Requests counted, whatever became of them.
    pub requests: u64,
    /// Of the busiest worker thread, as a share of one core.
    pub busiest: f64,
    /// Where they wait for each other's answers.
    pub users: Option<u64>,
}

/// A user whose connection was refused waits so long: a service that is gone is not asked a million times a second.
pub const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// For how long a worker did not run although it had to: suspended, asleep, or without a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    pub longest: Duration,
    pub all: Duration,
}

impl Absent {
    pub fn add(&mut self, time: Duration) {
        self.longest = self.longest.max(time);
        self.all += time;
    }

    /// Of two workers of one level the one that did worse.
    pub fn worse(self, other: Self) -> Self {
        Self {
            longest: self.longest.max(other.longest),
            all: self.all.max(other.all),
        }
    }
}

/// Who was away for so long was suspended, and what came in meanwhile is not the service's time.
const SUSPENDED: Duration = Duration::from_secs(1);
/// Of the counted time.
const ABSENT_SHARE: f64 = 0.05;
/// A worker busier than this has no time left to be exact.
const BUSY: f64 = 0.95;
/// So much lateness of our own is below what anybody judges, however fast the service is.
const LAG: Duration = Duration::from_millis(1);
const LAG_SHARE: f64 = 0.10;
/// So much of what was due has to be sent.
const SENT: f64 = 0.99;

impl Generator<'_> {
    /// One sentence, or `None` where the numbers are the service's.
    pub fn invalid(&self) -> Option<String> {
        self.away()
            .or_else(|| self.short())
            .or_else(|| self.busy())
            .or_else(|| self.late())
    }

    /// What a reader should know of a run that is valid.
    pub fn warning(&self) -> Option<String> {
        self.unsent().filter(|_| self.invalid().is_none())
    }

    fn away(&self) -> Option<String> {
        let Absent { longest, all } = self.absent;
        let is_long = longest >= SUSPENDED || all > self.counted.mul_f64(ABSENT_SHARE);
        (is_long && !all.is_zero()).then(|| {
            format!(
                "perfgate itself did not run for {:.1} s of {:.1} s: was it suspended, or was there no core for it?",
                all.as_secs_f64(),
                self.counted.as_secs_f64()
            )
        })
    }

    fn busy(&self) -> Option<String> {
        (self.busiest > BUSY).then(|| {
            format!(
                "the load generator was the bottleneck: a worker thread used {:.0} % of a core",
                self.busiest * 100.0
            )
        })
    }

    fn late(&self) -> Option<String> {
        let lag = quantile(self.lag, 0.99)?;
        let response = quantile(self.response, 0.99).unwrap_or_default();
        let share = response.mul_f64(LAG_SHARE);
        (lag > LAG.max(share)).then(|| {
            format!(
                "the load generator was late: at p99 requests began {:.2} ms after they were due, and took {:.2} ms",
                lag.as_secs_f64() * 1e3,
                response.as_secs_f64() * 1e3
            )
        })
    }

    fn short(&self) -> Option<String> {
        let (unable, _) = self.unable;
        let is_short = as_f64(unable) > (1.0 - SENT) * as_f64(self.asked());
        self.unsent()
            .filter(|_| is_short || self.lost() > 1.0 - SENT)
    }

    fn unsent(&self) -> Option<String> {
        let (unable, why) = self.unable;
        (unable > 0).then(|| {
            format!(
                "this machine could not send {unable} of {} requests: {why}",
                self.asked()
            )
        })
    }

    fn asked(&self) -> u64 {
        let (unable, _) = self.unable;
        self.arrived.due.max(self.requests + unable)
    }

    /// The share of their time that users lost: one that cannot send waits before it tries again.
    fn lost(&self) -> f64 {
        let (unable, _) = self.unable;
        let Some(users) = self.users.filter(|_| !self.counted.is_zero()) else {
            return 0.0;
        };
        let time = self.counted.as_secs_f64() * as_f64(users);
        as_f64(unable) * AFTER_REFUSAL.as_secs_f64() / time
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 do not occur"
)]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::{histogram, ticks};
    use super::*;

    fn generator<'a>(lag: &'a Histogram<u64>, response: &'a Histogram<u64>) -> Generator<'a> {
        Generator {
            lag,
            response,
            arrived: Arrived {
                due: 1000,
                sent: 1000,
                ..Arrived::default()
            },
            unable: (0, ""),
            absent: Absent::default(),
            counted: Duration::from_secs(10),
            requests: 1000,
            busiest: 0.4,
            users: None,
        }
    }

    fn all_at(millis: f64) -> Histogram<u64> {
        let mut all = histogram();
        all.record_n(ticks(Duration::from_secs_f64(millis / 1e3)), 1000)
            .unwrap();
        all
    }

    #[test]
    fn lateness_matters_beside_what_was_measured() {
        let late = all_at(3.0);
        assert_eq!(generator(&late, &all_at(50.0)).invalid(), None);
        let why = generator(&late, &all_at(20.0)).invalid().unwrap();
        assert!(why.contains("3.00 ms") && why.contains("20.0"), "{why}");
        assert_eq!(generator(&all_at(0.9), &all_at(0.1)).invalid(), None);
        assert_eq!(generator(&histogram(), &all_at(0.1)).invalid(), None);
    }

    #[test]
    fn a_worker_without_time_left_makes_no_run() {
        let (lag, response) = (histogram(), all_at(1.0));
        let busy = Generator {
            busiest: 0.97,
            ..generator(&lag, &response)
        };
        assert!(busy.invalid().unwrap().contains("97 % of a core"));
    }

    #[test]
    fn requests_that_we_could_not_send_are_our_failure_and_dropped_ones_are_not() {
        let (lag, response) = (histogram(), all_at(1.0));
        let mut generator = generator(&lag, &response);
        generator.arrived.dropped = 500;
        assert_eq!(generator.invalid(), None);
        generator.unable = (9, "no free port");
        assert_eq!(generator.invalid(), None);
        let told = "this machine could not send 9 of 1009 requests: no free port";
        assert_eq!(generator.warning().as_deref(), Some(told));
        generator.unable = (11, "no free port");
        let why = generator.invalid().unwrap();
        assert!(why.contains("11 of 1011 requests: no free port"), "{why}");
        // Ten users that each wait a tenth of a second, nine times, lost a hundredth of ten seconds.
        generator.unable = (9, "no free port");
        generator.users = Some(10);
        assert_eq!(generator.invalid(), None);
        generator.counted = Duration::from_secs(5);
        assert!(generator.invalid().is_some());
    }

    #[test]
    fn a_generator_that_did_not_run_measured_itself() {
        let (lag, response) = (histogram(), all_at(1.0));
        let absent = |millis: &[u64], counted: u64| {
            let mut absent = Absent::default();
            millis
                .iter()
                .for_each(|ms| absent.add(Duration::from_millis(*ms)));
            Generator {
                absent,
                counted: Duration::from_secs(counted),
                ..generator(&lag, &response)
            }
            .invalid()
        };
        let why = absent(&[3000], 300).unwrap();
        assert!(why.contains("did not run for 3.0 s of 300.0 s"), "{why}");
        assert_eq!(absent(&[300, 300], 30), None);
        assert!(absent(&[300; 6], 30).is_some());
        assert_eq!(absent(&[], 30), None);
    }
}
