//! The growth of memory over a run, from a bounded number of readings.

use std::time::Duration;

use crate::stats::order;

/// The largest number of readings that are kept, evenly spread over the run.
const KEPT: usize = 512;

/// Readings of memory, in hours and bytes, each with the number of the life that the service was in.
#[derive(Clone, Debug)]
pub(super) struct MemoryTrend {
    points: Vec<(f64, f64, usize)>,
    /// One of this many readings is kept.
    stride: usize,
    seen: usize,
    /// How often it began anew: memory that a restart gave back is no growth below nothing.
    life: usize,
}

impl Default for MemoryTrend {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            stride: 1,
            seen: 0,
            life: 0,
        }
    }
}

impl MemoryTrend {
    pub(super) fn add(&mut self, at: Duration, bytes: u64) {
        if self.seen.is_multiple_of(self.stride) {
            #[expect(clippy::cast_precision_loss, reason = "memory is below 2^53 bytes")]
            self.points
                .push((at.as_secs_f64() / 3600.0, bytes as f64, self.life));
        }
        self.seen += 1;
        if self.points.len() > KEPT {
            let mut nth = 0;
            self.points.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
            self.stride *= 2;
        }
    }

    /// What is watched has ended, and something else is there in its place.
    pub(super) fn begin_anew(&mut self) {
        self.life += 1;
    }

    /// The growth in bytes per hour: the median slope between any two readings of one life (Theil and Sen), which a
    /// spike does not change.
    pub(super) fn growth(&self) -> Option<f64> {
        let slopes: Vec<f64> = self
            .points
            .iter()
            .enumerate()
            .flat_map(|(at, (x, y, life))| {
                let later = self.points.iter().skip(at + 1);
                later
                    .take_while(move |(_, _, other)| other == life)
                    .map(move |(later, more, _)| (more - y) / (later - x))
            })
            .filter(|slope| slope.is_finite())
            .collect();
        order::median(&slopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_the_line_behind_spikes_and_steps() {
        let mut trend = MemoryTrend::default();
        for second in 0..3600 {
            let spike = if second % 10 == 3 { 50_000_000 } else { 0 };
            trend.add(
                Duration::from_secs(second),
                1_000_000 + second * 100 + spike,
            );
        }
        let growth = trend.growth().unwrap();
        assert!((growth / 360_000.0 - 1.0).abs() < 0.01, "{growth}");
        assert!(trend.points.len() <= KEPT);
        assert!(trend.points.last().unwrap().0 > 0.99);
    }

    #[test]
    fn a_restart_gives_memory_back_and_hides_no_growth() {
        let mut trend = MemoryTrend::default();
        for second in 0..7200 {
            if second % 1200 == 0 && second > 0 {
                trend.begin_anew();
            }
            trend.add(
                Duration::from_secs(second),
                1_000_000 + second % 1200 * 1000,
            );
        }
        let growth = trend.growth().unwrap();
        assert!((growth / 3_600_000.0 - 1.0).abs() < 0.01, "{growth}");
    }

    #[test]
    fn memory_that_stands_still_does_not_grow_and_that_falls_grows_less_than_nothing() {
        let mut still = MemoryTrend::default();
        let mut falling = MemoryTrend::default();
        for second in 0..60 {
            still.add(Duration::from_secs(second), 5 << 20);
            falling.add(Duration::from_secs(second), (5 << 20) - second * 1024);
        }
        assert_eq!(still.growth(), Some(0.0));
        assert!(falling.growth().unwrap() < 0.0);
        assert_eq!(MemoryTrend::default().growth(), None);
    }
}
