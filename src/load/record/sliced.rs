//! What ended when, for the timeline of a run. There is one for each tally of each worker; they add up without loss.
//! Pure: times are counted from when counting began.
//!
//! Each request costs a logarithm and an increment: only the slice under way is a table, and it is packed when the next
//! one begins.

use std::time::Duration;

use crate::model::timeline::{BUCKETS, FINEST_MS, Latencies, MOST_SLICES, Slice, folded, in_order};

#[derive(Clone, Debug)]
pub struct Sliced {
    /// In nanoseconds; doubled whenever a level is too long for the number of slices.
    length: u64,
    /// Slices that are over. What ended late may have a slice of its own behind them.
    over: Vec<Slice>,
    now: usize,
    errors: u64,
    counts: Box<[u32; BUCKETS]>,
    /// The buckets in use: from the first to before the second.
    used: (u16, u16),
}

const UNUSED: (u16, u16) = (u16::MAX, 0);

impl Default for Sliced {
    fn default() -> Self {
        Self {
            length: FINEST_MS * 1_000_000,
            over: Vec::new(),
            now: 0,
            errors: 0,
            counts: Box::new([0; BUCKETS]),
            used: UNUSED,
        }
    }
}

impl Sliced {
    pub fn succeed(&mut self, at: Duration, response: Duration) {
        self.go_to(at);
        let bucket = Latencies::bucket(response.as_secs_f64() * 1e6);
        if let Some(count) = self.counts.get_mut(usize::from(bucket)) {
            *count = count.saturating_add(1);
        }
        self.used = (self.used.0.min(bucket), self.used.1.max(bucket + 1));
    }

    pub fn fail(&mut self, at: Duration) {
        self.go_to(at);
        self.errors += 1;
    }

    /// Adds what another worker saw at the same time.
    pub fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        other.pack();
        self.pack();
        while self.length < other.length {
            self.fold();
        }
        while other.length < self.length {
            other.fold();
        }
        let mine = std::mem::take(&mut self.over);
        self.over = in_order(mine.into_iter().chain(other.over));
    }

    /// The length of a slice in seconds, and the slices in order.
    pub fn slices(&self) -> (f64, Vec<Slice>) {
        let mut all = self.clone();
        all.pack();
        let length = Duration::from_nanos(all.length).as_secs_f64();
        (length, in_order(all.over))
    }

    fn go_to(&mut self, at: Duration) {
        let mut slice = self.index(at);
        if slice == self.now {
            return;
        }
        self.pack();
        while slice >= MOST_SLICES {
            self.fold();
            slice = self.index(at);
        }
        self.now = slice;
    }

    fn index(&self, at: Duration) -> usize {
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX / 2);
        usize::try_from(nanos / self.length).unwrap_or(usize::MAX)
    }

    fn pack(&mut self) {
        let (from, to) = std::mem::replace(&mut self.used, UNUSED);
        let used = self.counts.get_mut(usize::from(from)..usize::from(to));
        let counts = (from..=u16::MAX).zip(used.unwrap_or_default());
        let taken = counts.map(|(bucket, count)| (bucket, u64::from(std::mem::take(count))));
        let successes = Latencies::of(taken);
        let errors = std::mem::take(&mut self.errors);
        if errors > 0 || !successes.is_empty() {
            self.over.push(Slice {
                index: self.now,
                errors,
                successes,
            });
        }
    }

    fn fold(&mut self) {
        self.length *= 2;
        self.now /= 2;
        self.over = folded(std::mem::take(&mut self.over));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_long_level_has_longer_slices_and_never_more() {
        let mut sliced = Sliced::default();
        (0..7_200).for_each(|second| sliced.succeed(ms(second * 1_000), ms(3)));
        sliced.fail(ms(7_199_999));
        let (length, slices) = sliced.slices();
        assert!((length - 12.8).abs() < 1e-9 && slices.len() == 563);
        assert_eq!(slices.iter().map(Slice::requests).sum::<u64>(), 7_201);
        assert_eq!(slices[562].errors, 1);
    }

    proptest! {
        #[test]
        fn workers_added_up_saw_what_one_would(
            requests in prop::collection::vec((0_u64..200_000, 0_u64..900, any::<bool>(), 0_usize..3), 0..80)
        ) {
            let mut one = Sliced::default();
            let mut workers = [Sliced::default(), Sliced::default(), Sliced::default()];
            for (at, times, well, worker) in requests {
                for sliced in [&mut one, &mut workers[worker]] {
                    match well {
                        true => sliced.succeed(ms(at), ms(times)),
                        false => sliced.fail(ms(at)),
                    }
                }
            }
            let mut sum = Sliced::default();
            workers.iter().for_each(|worker| sum.add(worker));
            prop_assert_eq!(one.slices(), sum.slices());
        }
    }
}
