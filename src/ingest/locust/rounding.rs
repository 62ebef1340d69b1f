//! How Locust rounds response times before it counts them, and how it reads a percentile off the counts.
//!
//! Both are `StatsEntry._log_response_time` and `calculate_response_time_percentile` of `locust/stats.py`.

use crate::model::Point;

/// The step at which Locust rounds a response time of this many milliseconds.
pub(super) fn step(ms: f64) -> f64 {
    match ms {
        ms if ms < 100.0 => 1.0,
        ms if ms < 1_000.0 => 10.0,
        ms if ms < 10_000.0 => 100.0,
        _ => 1_000.0,
    }
}

pub(super) fn point(ms: f64) -> Point {
    Point {
        value: ms,
        resolution: step(ms),
    }
}

/// How often each rounded response time occurred, slowest first, and how many requests there were.
pub(super) struct Counted<'a> {
    pub slowest_first: &'a [(f64, u64)],
    pub requests: u64,
}

impl Counted<'_> {
    /// The fastest time beyond which at most a share of `1 - fraction` lies, the share of requests
    /// rounded as Locust rounds it: down.
    pub(super) fn percentile(&self, fraction: f64) -> Option<f64> {
        let rest_allowed = (self.requests as f64 * fraction).trunc();
        let mut rest = self.requests;
        self.slowest_first.iter().find_map(|&(ms, count)| {
            rest = rest.saturating_sub(count);
            (rest as f64 <= rest_allowed).then_some(ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_two_significant_digits() {
        let steps = [
            0.0, 99.0, 100.0, 990.0, 1_000.0, 9_900.0, 10_000.0, 250_000.0,
        ]
        .map(step);
        let written: Vec<String> = steps.iter().map(f64::to_string).collect();
        assert_eq!(
            written,
            ["1", "1", "10", "10", "100", "100", "1000", "1000"]
        );
    }

    #[test]
    fn a_percentile_is_read_from_the_slow_end() {
        let counted = Counted {
            slowest_first: &[(100.0, 1), (20.0, 4), (10.0, 5)],
            requests: 10,
        };
        // Of ten requests, five took 10 ms: the median is still the upper of the middle two.
        assert_eq!(counted.percentile(0.5), Some(20.0));
        assert_eq!(counted.percentile(0.49), Some(10.0));
        assert_eq!(counted.percentile(0.9), Some(100.0));
        assert_eq!(counted.percentile(0.89), Some(20.0));
    }
}
