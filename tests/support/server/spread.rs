//! Latencies whose quantiles are known before anybody measures them.

use std::time::Duration;

/// A latency for each request number, such that of any thousand requests in a row the quantiles are those that were
/// said, with straight lines between them.
#[derive(Clone, Debug)]
pub(crate) struct Spread(Vec<(f64, Duration)>);

impl Spread {
    /// Shares from 0 to 1 in rising order, each with the latency that so many do not exceed.
    pub(crate) fn new(anchors: &[(f64, Duration)]) -> Self {
        assert!(anchors.len() > 1 && anchors.is_sorted());
        assert!(anchors[0].0 == 0.0 && anchors[anchors.len() - 1].0 == 1.0);
        Self(anchors.to_vec())
    }

    /// What the request of this number takes; neighbours differ.
    pub(crate) fn of(&self, number: u64) -> Duration {
        // 617 and 1000 have no divisor in common: each of the thousand is met once.
        let rank = u32::try_from(number % 1000 * 617 % 1000).unwrap();
        self.quantile((f64::from(rank) + 0.5) / 1000.0)
    }

    /// The truth.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let upper = self.0.partition_point(|(known, _)| *known < share).max(1);
        let ((low, from), (high, to)) = (self.0[upper - 1], self.0[upper]);
        let part = (share - low) / (high - low);
        from + (to - from).mul_f64(part.clamp(0.0, 1.0))
    }
}
