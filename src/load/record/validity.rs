//! Whether the load generator itself was what was measured. Then the run says nothing about the service.

use std::time::Duration;

use super::{ArrivalCounts, quantile};
use hdrhistogram::Histogram;

/// How the load generator did in one level.
#[derive(Clone, Copy, Debug)]
pub struct GeneratorHealth<'a> {
    pub lag: &'a Histogram<u64>,
    /// The response times of all requests.
    pub response: &'a Histogram<u64>,
    /// The shortest response times that are possible without perfgate's own lateness.
    pub least: &'a Histogram<u64>,
    pub arrivals: ArrivalCounts,
    /// The number of requests that this machine could not send, and why it could not send the first.
    pub unable: (u64, &'a str),
    /// How long the generator itself did not run.
    pub stalls: Stalls,
    pub counted: Duration,
    /// The number of counted requests, whether they succeeded or failed.
    pub requests: u64,
    /// The saturation of the worker that had the least time left.
    pub saturation: Saturation,
    /// The number of users of a closed level.
    pub users: Option<u64>,
}

/// How long a user waits whose connection was refused, so that a service that is gone does not get a million requests
/// per second.
pub const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// How long a worker did not run although it was due: suspended, asleep, or without a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    pub longest: Duration,
    pub all: Duration,
}

impl Stalls {
    pub fn add(&mut self, time: Duration) {
        self.longest = self.longest.max(time);
        self.all += time;
    }

    /// The worse of two workers of one level.
    pub fn worse(self, other: Self) -> Self {
        Self {
            longest: self.longest.max(other.longest),
            all: self.all.max(other.all),
        }
    }
}

/// A stall of this length means that perfgate was suspended. Responses that came meanwhile are not the service's time.
const SUSPENDED: Duration = Duration::from_secs(1);
/// The share of the counted time that all stalls together may take.
const STALLED_SHARE: f64 = 0.05;
/// How busy a worker was, and how long responses waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Saturation {
    /// The share of the time in which it ran or waited for a core.
    pub share: f64,
    /// How long a response waited, on average, until the worker read it.
    pub wait: Duration,
}

impl Saturation {
    /// The saturation of a worker that ran or waited for a core during `own` of `span`. A worker that is busy for a
    /// share r of its time lets a response wait for r / (1 - r) of the time that it spends on one, but no longer than
    /// it takes for all its other users.
    pub fn of(own: Duration, span: Duration, requests: u64, users: Option<u32>) -> Self {
        let share = own.as_secs_f64() / span.as_secs_f64().max(f64::MIN_POSITIVE);
        let each = own.as_secs_f64() / as_f64(requests.max(1));
        let queue = share.min(FULL_SHARE) / (1.0 - share.min(FULL_SHARE));
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

/// The share at which the queue is as long as it can be.
const FULL_SHARE: f64 = 0.999;
/// The share above which a worker has no time left to be exact.
const BUSY_SHARE: f64 = 0.95;
/// The share of a latency that may be perfgate's own; it is less than what a gate judges.
const OWN_SHARE: f64 = 0.10;
/// The part of a latency that may be perfgate's own, however fast the service is.
const OWN_TIME: Duration = Duration::from_micros(50);

/// How much of a quantile may be perfgate's own lateness, if that is too much.
pub(super) fn is_changed(
    response: &Histogram<u64>,
    least: &Histogram<u64>,
    share: f64,
) -> Option<Duration> {
    let response = quantile(response, share)?;
    let own_delay = response.saturating_sub(quantile(least, share)?);
    (own_delay > OWN_TIME.max(response.mul_f64(OWN_SHARE))).then_some(own_delay)
}

/// The share of due requests that has to be sent.
const SENT_SHARE: f64 = 0.99;

impl GeneratorHealth<'_> {
    /// Why the run is invalid; `None` where the numbers are the service's.
    pub fn invalid(&self) -> Option<String> {
        self.stalled()
            .or_else(|| self.short())
            .or_else(|| self.busy().filter(|_| self.is_bottleneck()))
            .or_else(|| self.late())
    }

    /// A warning about a valid run.
    pub fn warning(&self) -> Option<String> {
        let told = self.unsent().or_else(|| self.busy());
        told.filter(|_| self.invalid().is_none())
    }

    fn stalled(&self) -> Option<String> {
        let Stalls { longest, all } = self.stalls;
        let is_long = longest >= SUSPENDED || all > self.counted.mul_f64(STALLED_SHARE);
        (is_long && !all.is_zero()).then(|| {
            format!(
                "perfgate itself did not run for {:.1} s of {:.1} s: was it suspended, or was there no core for it?",
                all.as_secs_f64(),
                self.counted.as_secs_f64()
            )
        })
    }

    fn busy(&self) -> Option<String> {
        let cost = self.cost()?;
        (self.saturation.share > BUSY_SHARE).then(|| {
            format!(
                "the load generator had no time left: a worker thread ran or waited for a core for {:.0} % of the time, and answers waited {:.2} ms for it, {:.0} % of the median",
                self.saturation.share.min(1.0) * 100.0,
                self.saturation.wait.as_secs_f64() * 1e3,
                cost * 100.0
            )
        })
    }

    fn is_bottleneck(&self) -> bool {
        self.saturation.share > BUSY_SHARE && self.cost().is_some_and(|cost| cost > OWN_SHARE)
    }

    /// The time that responses waited for the worker, as a share of the median; nothing where no request succeeded, as
    /// there is no median that it could have changed.
    fn cost(&self) -> Option<f64> {
        let median = quantile(self.response, 0.5)?;
        Some(self.saturation.wait.as_secs_f64() / median.as_secs_f64())
    }

    fn late(&self) -> Option<String> {
        let own_delay = is_changed(self.response, self.least, 0.5)?;
        let lag = quantile(self.lag, 0.5).unwrap_or_default();
        Some(format!(
            "the load generator was late: half of the requests began {:.2} ms or more after they were due, several in one go, which may be {:.2} ms of the median",
            lag.as_secs_f64() * 1e3,
            own_delay.as_secs_f64() * 1e3
        ))
    }

    fn short(&self) -> Option<String> {
        let (unable, _) = self.unable;
        let is_short = as_f64(unable) > (1.0 - SENT_SHARE) * as_f64(self.asked());
        self.unsent()
            .filter(|_| is_short || self.lost() > 1.0 - SENT_SHARE)
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
        self.arrivals.due.max(self.requests + unable)
    }

    /// The share of their time that users lost, because a user that cannot send waits before it tries again.
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

    fn generator<'a>(lag: &'a Histogram<u64>, response: &'a Histogram<u64>) -> GeneratorHealth<'a> {
        GeneratorHealth {
            lag,
            response,
            least: response,
            arrivals: ArrivalCounts {
                due: 1000,
                sent: 1000,
                ..ArrivalCounts::default()
            },
            unable: (0, ""),
            stalls: Stalls::default(),
            counted: Duration::from_secs(10),
            requests: 1000,
            saturation: Saturation::default(),
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
            let generator = GeneratorHealth {
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
        // Requests that are late but never together do not wait for each other.
        assert_eq!(judged(&fast, &fast), None);
        assert_eq!(judged(&histogram(), &histogram()), None);
    }

    #[test]
    fn a_worker_without_time_left_voids_what_it_can_have_changed() {
        let (lag, response) = (histogram(), all_at(1.0));
        let busy = |share: f64, wait: u64| GeneratorHealth {
            saturation: Saturation {
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
        // Where every request failed there is no median.
        let nothing = histogram();
        let failed = GeneratorHealth {
            response: &nothing,
            ..busy(0.97, 300)
        };
        assert_eq!((failed.invalid(), failed.warning()), (None, None));
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
        // Each takes a hundred microseconds, and the worker is busy half of the time: responses wait as long again.
        let half = Saturation::of(second / 2, second, 5_000, Some(50));
        assert!(half.wait.abs_diff(Duration::from_micros(100)) < Duration::from_micros(1));
        let full = Saturation::of(second, second, 10_000, Some(5));
        assert!(full.wait.abs_diff(Duration::from_micros(400)) < Duration::from_micros(1));
        assert_eq!(
            Saturation::of(second, second, 10_000, Some(1)).wait,
            Duration::ZERO
        );
        assert!(Saturation::of(second, second, 10_000, None).wait > Duration::from_millis(50));
        assert_eq!(Saturation::default().worse(half), half);
    }

    #[test]
    fn requests_that_we_could_not_send_are_our_failure_and_dropped_ones_are_not() {
        let (lag, response) = (histogram(), all_at(1.0));
        let mut generator = generator(&lag, &response);
        generator.arrivals.dropped = 500;
        assert_eq!(generator.invalid(), None);
        generator.unable = (9, "no free port");
        assert_eq!(generator.invalid(), None);
        let told = "this machine could not send 9 of 1009 requests: no free port";
        assert_eq!(generator.warning().as_deref(), Some(told));
        generator.unable = (11, "no free port");
        let why = generator.invalid().unwrap();
        assert!(why.contains("11 of 1011 requests: no free port"), "{why}");
        // Ten users that each wait nine times for a tenth of a second lose 9 of 100 seconds.
        generator.unable = (9, "no free port");
        generator.users = Some(10);
        assert_eq!(generator.invalid(), None);
        generator.counted = Duration::from_secs(5);
        assert!(generator.invalid().is_some());
    }

    #[test]
    fn a_generator_that_did_not_run_measured_itself() {
        let (lag, response) = (histogram(), all_at(1.0));
        let stalls = |millis: &[u64], counted: u64| {
            let mut stalls = Stalls::default();
            millis
                .iter()
                .for_each(|ms| stalls.add(Duration::from_millis(*ms)));
            GeneratorHealth {
                stalls,
                counted: Duration::from_secs(counted),
                ..generator(&lag, &response)
            }
            .invalid()
        };
        let why = stalls(&[3000], 300).unwrap();
        assert!(why.contains("did not run for 3.0 s of 300.0 s"), "{why}");
        assert_eq!(stalls(&[300, 300], 30), None);
        assert!(stalls(&[300; 6], 30).is_some());
        assert_eq!(stalls(&[], 30), None);
    }
}
