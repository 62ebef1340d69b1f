//! The growth of memory over a run, from a bounded number of readings.

use std::time::Duration;

use crate::model::Evidence;
use crate::model::evidence::Estimate;
use crate::stats::{kendall, order};

/// The largest number of troughs that are kept, evenly spread over the run.
const KEPT: usize = 512;

/// The parts of the time whose lowest readings are compared: few, so that each holds the end of a collection.
const PARTS: usize = 12;
/// Where what is watched began anew, each of its lives has some parts, up to so many of all.
const PARTS_OF_A_LIFE: usize = 4;
const MOST_PARTS: usize = 48;

/// How sure it has to be that memory grew at all.
const CONFIDENCE: f64 = 0.99;

/// The lowest of some readings that follow each other. Where a collector lets memory rise and fall, the low points tell
/// what is held.
#[derive(Clone, Copy, Debug)]
struct Trough {
    hours: f64,
    bytes: f64,
    /// The number of the life that the service was in: memory that a restart gave back is no growth below nothing.
    life: usize,
}

impl Trough {
    fn lower(self, other: Self) -> Self {
        if other.bytes < self.bytes {
            other
        } else {
            self
        }
    }
}

/// Readings of memory, as troughs.
#[derive(Clone, Debug)]
pub(super) struct MemoryTrend {
    troughs: Vec<Trough>,
    /// Of so many readings one trough is kept.
    width: usize,
    /// How many readings the last trough is of.
    filled: usize,
    life: usize,
}

impl Default for MemoryTrend {
    fn default() -> Self {
        Self {
            troughs: Vec::new(),
            width: 1,
            filled: 0,
            life: 0,
        }
    }
}

impl MemoryTrend {
    pub(super) fn add(&mut self, at: Duration, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "memory is below 2^53 bytes")]
        let now = Trough {
            hours: at.as_secs_f64() / 3600.0,
            bytes: bytes as f64,
            life: self.life,
        };
        match self.troughs.last_mut() {
            Some(last) if self.filled < self.width && last.life == now.life => {
                *last = last.lower(now);
                self.filled += 1;
            }
            _ => {
                self.troughs.push(now);
                self.filled = 1;
            }
        }
        if self.troughs.len() > KEPT {
            self.halve();
        }
    }

    /// Puts neighbours together. Of two lives the later goes on.
    fn halve(&mut self) {
        let pairs = self.troughs.chunks(2);
        self.troughs = pairs
            .filter_map(|pair| {
                let last = *pair.last()?;
                let first = *pair.first()?;
                Some(if first.life == last.life {
                    first.lower(last)
                } else {
                    last
                })
            })
            .collect();
        self.width *= 2;
    }

    /// What is watched has ended, and something else is there in its place.
    pub(super) fn begin_anew(&mut self) {
        self.life += 1;
    }

    /// The growth in bytes per hour: the median slope between the lowest readings of some parts of the time, inside
    /// one life (Theil and Sen), with its interval (Sen). Zero where the interval holds it.
    pub(super) fn growth(&self) -> Option<Growth> {
        let lives = self.parts();
        let mut slopes = Vec::new();
        for life in &lives {
            for (at, first) in life.iter().enumerate() {
                let later = life.iter().skip(at + 1);
                slopes.extend(later.map(|it| (it.bytes - first.bytes) / (it.hours - first.hours)));
            }
        }
        slopes.retain(|slope| slope.is_finite());
        let slope = order::median(&slopes)?;
        slopes.sort_by(f64::total_cmp);
        let lengths = lives.iter().map(Vec::len);
        let (low, high) = kendall::sen_interval(&slopes, lengths, CONFIDENCE)
            // Too few parts to be sure of anything.
            .unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let (least, most) = slopes.first().zip(slopes.last())?;
        let sure = low > 0.0 || high < 0.0;
        Some(Growth {
            point: if sure { slope } else { 0.0 },
            low: low.max(least.min(0.0)),
            high: high.min(most.max(0.0)),
        })
    }

    /// The lowest reading of each part of the time, life by life.
    fn parts(&self) -> Vec<Vec<Trough>> {
        let (Some(first), Some(last)) = (self.troughs.first(), self.troughs.last()) else {
            return Vec::new();
        };
        let parts = (PARTS_OF_A_LIFE * (self.life + 1)).clamp(PARTS, MOST_PARTS);
        #[expect(clippy::cast_precision_loss, reason = "at most 48")]
        let parts = parts as f64;
        let length = (last.hours - first.hours) / parts;
        let part_of = |trough: &Trough| {
            let part = (trough.hours - first.hours) / length;
            (part.floor().min(parts - 1.0), trough.life)
        };
        let parts = self.troughs.chunk_by(|a, b| part_of(a) == part_of(b));
        let lowest: Vec<Trough> = parts
            .filter_map(|part| part.iter().copied().reduce(Trough::lower))
            .collect();
        let lives = lowest.chunk_by(|a, b| a.life == b.life);
        lives.map(<[Trough]>::to_vec).collect()
    }
}

/// How fast memory grew, in bytes per hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    pub(super) point: f64,
    low: f64,
    high: f64,
}

impl Growth {
    /// As evidence, in units of so many bytes.
    pub(super) fn evidence(self, unit: f64) -> Option<Evidence> {
        let estimate = Estimate {
            point: self.point / unit,
            low: self.low / unit,
            high: self.high / unit,
            confidence: CONFIDENCE,
        };
        Evidence::estimate(estimate).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    /// A repeatable stand-in for chance, from 0 to 1.
    fn chance(n: u64) -> f64 {
        let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        f64::from(u32::try_from((mixed ^ (mixed >> 29)) >> 40).unwrap()) / f64::from(1 << 24)
    }

    fn watched(seconds: u64, every: usize, mib: impl Fn(f64) -> f64) -> MemoryTrend {
        let mut trend = MemoryTrend::default();
        for second in (0..seconds).step_by(every) {
            let at = Duration::from_secs(second);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive and small"
            )]
            trend.add(at, (mib(at.as_secs_f64()) * MIB) as u64);
        }
        assert!(trend.troughs.len() <= KEPT);
        trend
    }

    #[test]
    fn growth_is_that_of_the_line_behind_spikes_and_steps() {
        let trend = watched(3600, 1, |second| {
            let spike = if second % 10.0 == 3.0 { 50.0 } else { 0.0 };
            1.0 + second / 3600.0 + spike
        });
        let growth = trend.growth().unwrap();
        assert!((growth.point / MIB - 1.0).abs() < 0.01, "{growth:?}");
        assert!(growth.low > 0.0 && growth.low <= growth.point && growth.point <= growth.high);
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
        assert!(
            (growth.point / 3_600_000.0 - 1.0).abs() < 0.02,
            "{growth:?}"
        );
    }

    #[test]
    fn memory_that_stands_still_does_not_grow_and_that_falls_grows_less_than_nothing() {
        let still = watched(60, 1, |_| 5.0);
        let falling = watched(60, 1, |second| 5.0 - second / 1024.0);
        assert_eq!(still.growth().unwrap().point.abs(), 0.0);
        assert!(falling.growth().unwrap().high < 0.0);
        assert_eq!(MemoryTrend::default().growth(), None);
        // Three readings show nothing, however they rise.
        let short = watched(3, 1, |second| second);
        assert_eq!(short.growth().unwrap().point.abs(), 0.0);
    }

    /// A service of 200 MiB whose collector lets memory rise by 50 and takes it back, each time to about the same.
    fn collected(seed: u64, period: f64, leak_per_hour: f64) -> impl Fn(f64) -> f64 {
        move |second| {
            let (mut start, mut tooth) = (-chance(seed) * period, 0_u64);
            loop {
                tooth += 1;
                let length = period * (0.7 + 0.6 * chance(seed * 7919 + tooth * 31));
                if start + length > second {
                    let low = 199.5 + chance(seed * 104_729 + tooth * 17);
                    let grown = leak_per_hour * second / 3600.0;
                    return low + grown + 50.0 * (second - start) / length;
                }
                start += length;
            }
        }
    }

    #[test]
    fn a_sawtooth_of_twenty_hours_is_no_leak_and_two_percent_a_day_beside_it_is_one() {
        let hour = 3600.0;
        let (mut claimed, mut trials) = (0, 0);
        for seed in 0..10 {
            for period in [0.2, 1.0, 3.0, 7.0] {
                trials += 1;
                let growth = watched(72_000, 60, collected(seed, period * hour, 0.0)).growth();
                claimed += usize::from(growth.unwrap().point != 0.0);
            }
        }
        assert!(claimed <= 1, "{claimed} of {trials} sawtooths called leaks");
        let mut found = 0;
        for seed in 0..10 {
            let leaking = collected(seed, 0.2 * hour, 4.0 / 24.0);
            let growth = watched(86_400, 60, leaking).growth().unwrap();
            found += usize::from(growth.low > 0.0);
        }
        assert!(found >= 9, "{found} of 10 leaks found");
    }

    #[test]
    fn a_leak_of_one_percent_a_day_is_found_in_a_day_and_one_of_a_mebibyte_a_minute_in_ten_minutes()
    {
        let noisy = |seed: u64, leak: f64| {
            move |second: f64| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "positive and small"
                )]
                let noise = chance(seed * 1_000_003 + second as u64);
                200.0 + noise + leak * second / 3600.0
            }
        };
        for seed in 0..10 {
            let day = watched(86_400, 10, noisy(seed, 2.0 / 24.0)).growth();
            assert!(day.unwrap().low > 0.0, "{seed}: {day:?}");
            let minutes = watched(600, 1, noisy(seed, 60.0)).growth().unwrap();
            assert!((minutes.point / MIB - 60.0).abs() < 6.0, "{minutes:?}");
            let none = watched(600, 1, noisy(seed, 0.0)).growth().unwrap();
            assert!(none.point.abs() / MIB < 6.0, "{none:?}");
        }
    }
}
