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
    pub unable: u64,
    /// Requests counted, whatever became of them.
    pub requests: u64,
    /// Of the busiest worker thread, as a share of one core.
    pub busiest: f64,
}

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
        self.busy().or_else(|| self.late()).or_else(|| self.short())
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
        let asked = self.arrived.due.max(self.requests);
        (as_f64(self.unable) > (1.0 - SENT) * as_f64(asked)).then(|| {
            format!(
                "this machine could not send {} of {asked} requests: no free port or file handle",
                self.unable
            )
        })
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
            unable: 0,
            requests: 1000,
            busiest: 0.4,
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
        generator.unable = 11;
        assert!(generator.invalid().unwrap().contains("11 of 1000"));
    }
}
