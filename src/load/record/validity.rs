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
    /// The least that they may have taken, had we not been late.
    pub least: &'a Histogram<u64>,
    pub arrived: Arrived,
    /// Requests that this machine could not send, and why the first of them was not.
    pub unable: (u64, &'a str),
    /// For how long the generator itself did not run.
    pub absent: Absent,
    pub counted: Duration,
    /// Requests counted, whatever became of them.
    pub requests: u64,
    /// Of the worker that had the least time left.
    pub busy: Busy,
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
/// How busy a worker was, and what that cost the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busy {
    /// The part of the time in which it ran or waited for a core.
    pub share: f64,
    /// How long an answer waited on average until the worker came to it.
    pub wait: Duration,
}

impl Busy {
    /// A worker that wanted a core for `own` of `span`. One that is busy for a share r of its time lets an answer wait
    /// for r / (1 - r) of the time that it spends on one; no longer than for the answers of all its other users.
    pub fn of(own: Duration, span: Duration, requests: u64, users: Option<u32>) -> Self {
        let share = own.as_secs_f64() / span.as_secs_f64().max(f64::MIN_POSITIVE);
        let each = own.as_secs_f64() / as_f64(requests.max(1));
        let queue = share.min(FULL) / (1.0 - share.min(FULL));
        let most = users.map_or(f64::INFINITY, |users| f64::from(users.saturating_sub(1)));
        Self {
            share,
            wait: Duration::try_from_secs_f64(each * queue.min(most)).unwrap_or(Duration::MAX),
        }
    }

    pub fn worse(self, other: Self) -> Self {
        if other.share > self.share {
            other
        } else {
            self
        }
    }
}

/// Beyond this a queue is as long as it may be.
const FULL: f64 = 0.999;
/// A worker busier than this has no time left to be exact.
const BUSY: f64 = 0.95;
/// So much of a latency may be ours: less than what anybody judges.
const OURS: f64 = 0.10;
/// Or so much, however fast the service is.
const LITTLE: Duration = Duration::from_micros(50);

/// Whether our lateness can have changed what this share of the requests did not exceed.
pub(super) fn is_changed(
    response: &Histogram<u64>,
    least: &Histogram<u64>,
    share: f64,
) -> Option<Duration> {
    let response = quantile(response, share)?;
    let ours = response.saturating_sub(quantile(least, share)?);
    (ours > LITTLE.max(response.mul_f64(OURS))).then_some(ours)
}

/// So much of what was due has to be sent.
const SENT: f64 = 0.99;

impl Generator<'_> {
    /// One sentence, or `None` where the numbers are the service's.
    pub fn invalid(&self) -> Option<String> {
        self.away()
            .or_else(|| self.short())
            .or_else(|| self.busy().filter(|_| self.is_bottleneck()))
            .or_else(|| self.late())
    }

    /// What a reader should know of a run that is valid.
    pub fn warning(&self) -> Option<String> {
        let told = self.unsent().or_else(|| self.busy());
        told.filter(|_| self.invalid().is_none())
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
        (self.busy.share > BUSY).then(|| {
            format!(
                "the load generator had no time left: a worker thread ran or waited for a core for {:.0} % of the time, and answers waited {:.2} ms for it, {:.0} % of the median",
                self.busy.share.min(1.0) * 100.0,
                self.busy.wait.as_secs_f64() * 1e3,
                self.cost() * 100.0
            )
        })
    }

    fn is_bottleneck(&self) -> bool {
        self.busy.share > BUSY && self.cost() > OURS
    }

    /// What a busy worker cost, as a part of the median.
    fn cost(&self) -> f64 {
        let median = quantile(self.response, 0.5).unwrap_or_default();
        self.busy.wait.as_secs_f64() / median.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn late(&self) -> Option<String> {
        let ours = is_changed(self.response, self.least, 0.5)?;
        let lag = quantile(self.lag, 0.5).unwrap_or_default();
        Some(format!(
            "the load generator was late: half of the requests began {:.2} ms or more after they were due, several in one go, which may be {:.2} ms of the median",
            lag.as_secs_f64() * 1e3,
            ours.as_secs_f64() * 1e3
        ))
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
            least: response,
            arrived: Arrived {
                due: 1000,
                sent: 1000,
                ..Arrived::default()
            },
            unable: (0, ""),
            absent: Absent::default(),
            counted: Duration::from_secs(10),
            requests: 1000,
            busy: Busy::default(),
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
    fn lateness_matters_where_it_can_have_changed_what_is_judged() {
        let (lag, response, least) = (all_at(3.0), all_at(50.0), all_at(47.0));
        let judged = |response, least| {
            let generator = Generator {
                least,
                ..generator(&lag, response)
            };
            generator.invalid()
        };
        assert_eq!(judged(&response, &least), None);
        let (fast, faster) = (all_at(4.0), all_at(1.0));
        let why = judged(&fast, &faster).unwrap();
        assert!(
            why.contains("3.00 ms or more") && why.contains("be 3.00 ms"),
            "{why}"
        );
        // Late, and never in one go: nothing waited for anything.
        assert_eq!(judged(&fast, &fast), None);
        assert_eq!(judged(&histogram(), &histogram()), None);
    }

    #[test]
    fn a_worker_without_time_left_voids_what_it_can_have_changed() {
        let (lag, response) = (histogram(), all_at(1.0));
        let busy = |share: f64, wait: u64| Generator {
            busy: Busy {
                share,
                wait: Duration::from_micros(wait),
            },
            ..generator(&lag, &response)
        };
        let why = busy(0.97, 300).invalid().unwrap();
        assert!(
            why.contains("97 % of the time") && why.contains("30 % of the median"),
            "{why}"
        );
        assert_eq!(busy(0.97, 50).invalid(), None);
        assert!(
            busy(0.97, 50)
                .warning()
                .unwrap()
                .contains("5 % of the median")
        );
        assert_eq!(busy(0.90, 300).invalid(), None);
        assert_eq!(busy(0.90, 300).warning(), None);
    }

    #[test]
    fn a_busy_worker_costs_no_more_than_the_answers_of_its_other_users() {
        let second = Duration::from_secs(1);
        // A hundred microseconds each, half of the time: as long again.
        let half = Busy::of(second / 2, second, 5_000, Some(50));
        assert!(half.wait.abs_diff(Duration::from_micros(100)) < Duration::from_micros(1));
        let full = Busy::of(second, second, 10_000, Some(5));
        assert!(full.wait.abs_diff(Duration::from_micros(400)) < Duration::from_micros(1));
        assert_eq!(
            Busy::of(second, second, 10_000, Some(1)).wait,
            Duration::ZERO
        );
        assert!(Busy::of(second, second, 10_000, None).wait > Duration::from_millis(50));
        assert_eq!(Busy::default().worse(half), half);
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
