//! What a subject did during a level: whether it got slower or failed more often while the load was the same, how long
//! it was away, and how soon it was back after a spike. Pure.

use std::time::Duration;

use crate::model::course::{Courses, LatencyCourse};
use crate::model::timeline::Slice;
use crate::stats::trend::{self, Point, Share};

use super::super::validity::as_f64;
use super::super::{Sliced, TimeRange};

/// A shorter time shows how a service begins. Five seconds that were asked for may be cut by a hair.
const SHORTEST_S: f64 = 4.9;
/// The most points of which a course is made.
const BLOCKS: usize = 60;
/// The requests behind a point: a median of fewer is an anecdote.
const PER_BLOCK: u64 = 20;
/// A point that so few requests have is left out.
const FEWEST: u64 = 5;
/// Smaller ones are no outage but part of the rate of errors.
const DOWN: f64 = 3.0;
/// How likely it may be that failures of a given share follow each other by chance for that long.
const BY_CHANCE: f64 = 0.01;
/// How near to the level before a spike is near enough.
const BACK: f64 = 1.1;
/// Over how much time a latency is taken, when it is asked whether it is back.
const LOOK_S: f64 = 0.5;

/// The slices of one subject in the parts of the counted time that belong to one span.
pub(super) struct Behaviour {
    slice_s: f64,
    slices: Vec<Slice>,
    /// In seconds from when counting began.
    when: Vec<(f64, f64)>,
}

/// A time without success, in seconds; it began so long after counting had begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outage {
    pub(super) from: f64,
    pub(super) seconds: f64,
}

impl Behaviour {
    /// `origin` is when counting began.
    pub(super) fn new(sliced: &Sliced, when: &[TimeRange], origin: Duration) -> Self {
        let (slice_s, slices) = sliced.slices();
        let from_origin = |time: Duration| time.saturating_sub(origin).as_secs_f64();
        let when = when
            .iter()
            .map(|range| (from_origin(range.from), from_origin(range.until)));
        Self {
            slice_s,
            slices,
            when: when.collect(),
        }
    }

    fn length(&self) -> f64 {
        self.when.iter().map(|(from, until)| until - from).sum()
    }

    /// The slices of the span, each with the counted time before its middle.
    fn counted(&self) -> impl Iterator<Item = (f64, &Slice)> {
        self.slices.iter().filter_map(|slice| {
            let middle = (as_f64(slice.index as u64) + 0.5) * self.slice_s;
            let mut before = 0.0;
            for (from, until) in &self.when {
                if (*from..*until).contains(&middle) {
                    return Some((before + middle - from, slice));
                }
                before += until - from;
            }
            None
        })
    }

    /// When, from the beginning of counting, so much of the span had passed.
    fn moment(&self, counted: f64) -> f64 {
        let mut left = counted;
        for (from, until) in &self.when {
            if left <= until - from {
                return from + left;
            }
            left -= until - from;
        }
        self.when.last().map_or(counted, |(_, until)| *until)
    }

    fn successes(&self) -> u64 {
        self.counted()
            .map(|(_, slice)| slice.successes.total())
            .sum()
    }

    /// Parts of equal length, each with its place between 0 and 1.
    fn blocks(&self, most: usize) -> Vec<(f64, Slice)> {
        let (length, whole) = (self.length(), self.length() / self.slice_s);
        let most = (0..most.min(BLOCKS)).rev().map(|n| n + 1);
        let Some(count) = most.into_iter().find(|n| as_f64(*n as u64) <= whole) else {
            return Vec::new();
        };
        let count_f = as_f64(count as u64);
        let mut blocks: Vec<(f64, Slice)> = (0..count)
            .map(|n| ((as_f64(n as u64) + 0.5) / count_f, Slice::default()))
            .collect();
        for (at, slice) in self.counted() {
            let place = blocks.iter_mut().rev();
            let mut before = place.skip_while(|(middle, _)| middle - 0.5 / count_f > at / length);
            if let Some((_, block)) = before.next() {
                block.errors += slice.errors;
                block.successes.add(&slice.successes);
            }
        }
        blocks
    }

    pub(super) fn courses(&self) -> Courses {
        if self.length() < SHORTEST_S {
            return Courses {
                latency: LatencyCourse::Steady,
                errors: 0.0,
            };
        }
        Courses {
            latency: self.latency(),
            errors: self.errors(),
        }
    }

    fn latency(&self) -> LatencyCourse {
        let blocks = usize::try_from(self.successes() / PER_BLOCK).unwrap_or(usize::MAX);
        let points: Vec<Point> = self
            .blocks(blocks)
            .iter()
            .filter(|(_, block)| block.successes.total() >= FEWEST)
            .filter_map(|(at, block)| {
                let value = block.latency(0.5)?.ln();
                Some(Point { at: *at, value })
            })
            .collect();
        let at = |share: f64| self.moment(share * self.length());
        trend::latency(&points, at)
    }

    /// By how many points the share of errors rose over the time, where it is certain.
    fn errors(&self) -> f64 {
        let blocks = self.blocks(BLOCKS);
        let asked = blocks.iter().filter(|(_, block)| block.requests() > 0);
        let shares = asked.map(|(at, block)| Share {
            at: *at,
            count: as_f64(block.errors),
            of: as_f64(block.requests()),
        });
        let shares: Vec<Share> = shares.collect();
        trend::rise_of_share(&shares).unwrap_or(0.0) * 100.0
    }

    /// The times in which this subject was asked and never succeeded; not those in which failures follow each other by
    /// chance.
    pub(super) fn outages(&self) -> Vec<Outage> {
        let requests: f64 = self.counted().map(|(_, s)| as_f64(s.requests())).sum();
        let errors: f64 = self.counted().map(|(_, s)| as_f64(s.errors)).sum();
        if errors <= 0.0 {
            return Vec::new();
        }
        let whole = Outage {
            from: self.moment(0.0),
            seconds: self.length(),
        };
        if errors >= requests {
            return vec![whole];
        }
        let by_chance = (BY_CHANCE / requests).ln() / (errors / requests).ln();
        let need = by_chance.max(DOWN);
        let mut found = Vec::new();
        let (mut begun, mut failed) = (None, 0.0);
        let beginning = |at: f64| at - self.slice_s / 2.0;
        let all = self
            .counted()
            .map(|(at, slice)| (beginning(at), Some(slice)));
        for (at, slice) in all.chain([(self.length(), None)]) {
            if let Some(slice) = slice.filter(|slice| slice.successes.is_empty()) {
                begun.get_or_insert(at);
                failed += as_f64(slice.errors);
                continue;
            }
            if let Some(begun) = begun.take().filter(|_| failed >= need) {
                found.push(Outage {
                    from: self.moment(begun),
                    seconds: at - begun,
                });
            }
            failed = 0.0;
        }
        found
    }

    /// The median of the whole time.
    pub(super) fn level(&self) -> Option<f64> {
        let mut all = Slice::default();
        self.counted()
            .for_each(|(_, s)| all.successes.add(&s.successes));
        (all.successes.total() >= PER_BLOCK).then(|| all.latency(0.5))?
    }

    /// How many seconds it took until the latency was back at a level; all of them where it never was.
    pub(super) fn recovery(&self, level: f64) -> Option<f64> {
        let length = self.length();
        let rate = as_f64(self.successes()) / length;
        let look = LOOK_S.max(as_f64(PER_BLOCK) / rate).max(self.slice_s);
        let looks = (1..=10_000_u32).take_while(|n| f64::from(*n) * look <= length);
        let count = looks.last()? as usize;
        let mut windows = vec![Slice::default(); count];
        for (at, slice) in self.counted() {
            let before = (1..=windows.len()).find(|n| at < as_f64(*n as u64) * look);
            if let Some(window) = before.and_then(|n| windows.get_mut(n - 1)) {
                window.successes.add(&slice.successes);
            }
        }
        let is_back = |window: &Slice| window.latency(0.5).is_some_and(|ms| ms <= level * BACK);
        let pairs = windows.windows(2).position(|pair| pair.iter().all(is_back));
        Some(pairs.map_or(length, |place| as_f64(place as u64) * look))
    }
}
