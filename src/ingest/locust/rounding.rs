//! How Locust rounds response times before it counts them: `StatsEntry._log_response_time` of `locust/stats.py`.

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
}
