//! What happened when during a run: slices of equal length, and in each the requests, the errors and a coarse histogram
//! of latencies of every subject. It is bounded, whatever the length of the run.
//!
//! A reader draws a curve from [`Timeline::slices`]: [`Slice::start`], [`Slice::latency`], [`Slice::requests`]. What was
//! looked at now and then, such as the memory of a service, has a [`Gauge`].

use std::collections::BTreeMap;

use super::{MetricName, Subject, Unit};

/// The most slices of a timeline. Where more are needed, neighbours become one.
pub const MOST_SLICES: usize = 600;
/// The length of a slice in a short run.
pub const FINEST_MS: u64 = 100;
/// The number of buckets for a doubling of the latency: each is 7 % wide.
const PER_DOUBLING: f64 = 10.0;
/// Enough for 20 minutes; what is slower is in the last one.
pub const BUCKETS: usize = 304;
/// The bucket of successes whose latency is not known one by one, as where a tool only counts them.
pub const UNTOLD: u16 = 304;

/// The time axis counts from when the first request was counted. Levels follow each other without a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The length of each slice, in seconds.
    pub slice_s: f64,
    /// Subjects as they are called in the run. Slices in order; those in which a subject had no request are left out.
    pub subjects: BTreeMap<Subject, Vec<Slice>>,
    /// What was looked at now and then, by the subject and the name that it has here.
    pub gauges: BTreeMap<Subject, BTreeMap<MetricName, Gauge>>,
}

/// A value that was looked at now and then: of each slice with a look in it the mean of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    pub unit: Unit,
    /// By the index of the slice, in order.
    pub values: Vec<(usize, f64)>,
}

/// What ended in one slice of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Counted from 0: it begins at `index` times the length of a slice.
    pub index: usize,
    pub errors: u64,
    pub successes: Latencies,
}

/// Latencies in buckets: how many fell into which, in the order of the buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies(Vec<(u16, u64)>);

impl Latencies {
    /// The bucket of a latency.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of buckets by the clamp"
    )]
    pub fn bucket(micros: f64) -> u16 {
        let last = BUCKETS as f64 - 1.0;
        let place = micros.max(1.0).log2() * PER_DOUBLING;
        place.clamp(0.0, last) as u16
    }

    /// Where a bucket begins, in milliseconds; it ends where the next one begins.
    pub fn lower_ms(bucket: u16) -> f64 {
        (f64::from(bucket) / PER_DOUBLING).exp2() / 1e3
    }

    /// From buckets with their counts in any order.
    pub fn of(counts: impl IntoIterator<Item = (u16, u64)>) -> Self {
        let mut all = Self::default();
        all.extend(counts);
        all
    }

    pub fn counts(&self) -> &[(u16, u64)] {
        &self.0
    }

    /// A number of successes of which nothing more is known.
    pub fn untold(count: u64) -> Self {
        Self::of([(UNTOLD, count)])
    }

    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    fn told(&self) -> impl Iterator<Item = (u16, u64)> {
        let all = self.0.iter().copied();
        all.filter(|(bucket, _)| *bucket < UNTOLD)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, other: &Self) {
        self.extend(other.0.iter().copied());
    }

    fn extend(&mut self, counts: impl IntoIterator<Item = (u16, u64)>) {
        for (bucket, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            match self.0.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
                Ok(at) => {
                    if let Some((_, own)) = self.0.get_mut(at) {
                        *own = own.saturating_add(count);
                    }
                }
                Err(at) => self.0.insert(at, (bucket, count)),
            }
        }
    }

    /// The latency, in milliseconds, that this share does not exceed: within a bucket as if its values were spread
    /// evenly on a scale of ratios.
    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total = self.told().map(|(_, count)| count).sum::<u64>() as f64;
        let wanted = share.clamp(0.0, 1.0) * total;
        let mut before = 0.0;
        for (bucket, count) in self.told() {
            let count = count as f64;
            if before + count >= wanted {
                let inside = ((wanted - before) / count).clamp(0.0, 1.0);
                let width = (inside / PER_DOUBLING).exp2();
                return Some(Self::lower_ms(bucket) * width);
            }
            before += count;
        }
        None
    }
}

impl Slice {
    pub fn requests(&self) -> u64 {
        self.errors + self.successes.total()
    }

    /// In seconds on the time axis.
    #[expect(clippy::cast_precision_loss, reason = "at most 600")]
    pub fn start(&self, timeline: &Timeline) -> f64 {
        self.index as f64 * timeline.slice_s
    }

    /// In milliseconds, to a few percent; `None` where no request succeeded whose latency is known.
    pub fn latency(&self, share: f64) -> Option<f64> {
        self.successes.quantile(share)
    }

    fn add(&mut self, other: &Self) {
        self.errors = self.errors.saturating_add(other.errors);
        self.successes.add(&other.successes);
    }
}

/// Puts slices with the same index together, and all in order.
pub fn in_order(slices: impl IntoIterator<Item = Slice>) -> Vec<Slice> {
    let mut all: BTreeMap<usize, Slice> = BTreeMap::new();
    for slice in slices {
        let index = slice.index;
        let empty = || Slice {
            index,
            ..Slice::default()
        };
        all.entry(index).or_insert_with(empty).add(&slice);
    }
    all.into_values().collect()
}

/// Makes one of two neighbours.
pub fn folded(slices: impl IntoIterator<Item = Slice>) -> Vec<Slice> {
    in_order(slices.into_iter().map(|slice| Slice {
        index: slice.index / 2,
        ..slice
    }))
}

impl Gauge {
    fn fold(&mut self) {
        self.scale(0.5);
    }

    /// Moves each value to so many times its index; those that meet become their mean.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "indexes are small, and beyond any run they saturate"
    )]
    fn scale(&mut self, factor: f64) {
        let mut scaled: Vec<(usize, f64, f64)> = Vec::with_capacity(self.values.len());
        for (index, value) in std::mem::take(&mut self.values) {
            let index = (index as f64 * factor + 1e-9) as usize;
            match scaled.last_mut().filter(|(last, ..)| *last == index) {
                Some((_, sum, count)) => {
                    *sum += value;
                    *count += 1.0;
                }
                None => scaled.push((index, value, 1.0)),
            }
        }
        let mean = |(index, sum, count): (usize, f64, f64)| (index, short(sum / count));
        self.values = scaled.into_iter().map(mean).collect();
    }

    /// Adds what followed, or what another machine saw at the same time: of two the higher.
    fn add(&mut self, other: Self) {
        let mut all: BTreeMap<usize, f64> = self.values.iter().copied().collect();
        for (index, value) in other.values {
            let own = all.entry(index).or_insert(value);
            *own = own.max(value);
        }
        self.values = all.into_iter().collect();
    }
}

/// As exact as a picture can be, so that a file of hours of looks stays small.
pub fn short(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

impl Timeline {
    /// Of a run that has seen nothing yet.
    pub fn new(slice_s: f64) -> Self {
        Self {
            slice_s,
            subjects: BTreeMap::new(),
            gauges: BTreeMap::new(),
        }
    }

    pub fn slices(&self, subject: &str) -> &[Slice] {
        self.subjects.get(subject).map_or(&[], Vec::as_slice)
    }

    pub fn is_empty(&self) -> bool {
        self.length() == 0
    }

    /// The gauges of a subject.
    pub fn gauges(&self, subject: &str) -> impl Iterator<Item = (&MetricName, &Gauge)> {
        self.gauges.get(subject).into_iter().flatten()
    }

    /// How many slices reach to the end of the last one.
    pub fn length(&self) -> usize {
        let requests = self.subjects.values().filter_map(|slices| slices.last());
        let looks = self.gauges.values().flat_map(BTreeMap::values);
        let looks = looks.filter_map(|gauge| gauge.values.last());
        let last = requests.map(|slice| slice.index);
        let last = last.chain(looks.map(|(index, _)| *index)).max();
        last.map_or(0, |index| index + 1)
    }

    /// With other names for its subjects.
    #[must_use]
    pub fn renamed(self, name: impl Fn(&Subject) -> String) -> Self {
        let new = |subject: &Subject| Subject::new(name(subject));
        let subjects = self.subjects.into_iter().map(|(old, all)| (new(&old), all));
        let gauges = self.gauges.into_iter().map(|(old, all)| (new(&old), all));
        Self {
            slice_s: self.slice_s,
            subjects: subjects.collect(),
            gauges: gauges.collect(),
        }
    }

    /// Doubles the length of its slices.
    pub fn fold(&mut self) {
        self.slice_s *= 2.0;
        for slices in self.subjects.values_mut() {
            *slices = folded(std::mem::take(slices));
        }
        for gauge in self.gauges.values_mut().flat_map(BTreeMap::values_mut) {
            gauge.fold();
        }
    }

    /// Puts its looks into slices of another length.
    fn look_in(&mut self, slice_s: f64) {
        let factor = self.slice_s / slice_s;
        for gauge in self.gauges.values_mut().flat_map(BTreeMap::values_mut) {
            gauge.scale(factor);
        }
        self.slice_s = slice_s;
    }

    /// Adds what followed, or what another machine saw, `offset_s` seconds later. `None` where the lengths of the slices
    /// have nothing to do with each other.
    pub fn add(&mut self, mut other: Self, offset_s: f64) -> Option<()> {
        let nearly = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6;
        let doublings = (self.slice_s / other.slice_s).log2();
        if (doublings - doublings.round()).abs() > 1e-6 {
            // Looks are of a moment, and lie in slices of any length; requests are counted in theirs.
            if other.subjects.is_empty() {
                other.look_in(self.slice_s);
            } else if self.subjects.is_empty() {
                self.look_in(other.slice_s);
            }
        }
        while self.slice_s < other.slice_s && !nearly(self.slice_s, other.slice_s) {
            self.fold();
        }
        while other.slice_s < self.slice_s && !nearly(self.slice_s, other.slice_s) {
            other.fold();
        }
        if !nearly(self.slice_s, other.slice_s) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and beyond any run it saturates"
        )]
        let offset = (offset_s.max(0.0) / self.slice_s - 1e-6).ceil() as usize;
        for (subject, slices) in other.subjects {
            let own = self.subjects.entry(subject).or_default();
            let later = slices.into_iter().map(|slice| Slice {
                index: slice.index.saturating_add(offset),
                ..slice
            });
            *own = in_order(std::mem::take(own).into_iter().chain(later));
        }
        for (subject, gauges) in other.gauges {
            let own = self.gauges.entry(subject).or_default();
            for (metric, mut gauge) in gauges {
                for (index, _) in &mut gauge.values {
                    *index = index.saturating_add(offset);
                }
                match own.get_mut(&metric) {
                    Some(known) => known.add(gauge),
                    None => drop(own.insert(metric, gauge)),
                }
            }
        }
        self.shorten();
        Some(())
    }

    /// Fewer slices, until they are few enough. Many subjects and gauges share the room of sixteen.
    pub fn shorten(&mut self) {
        let gauges = self.gauges.values().map(BTreeMap::len).sum::<usize>();
        let share = 16 * MOST_SLICES / (self.subjects.len() + gauges).max(16);
        let most = share.clamp(MOST_SLICES / 10, MOST_SLICES);
        while self.length() > most {
            self.fold();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(index: usize, micros: &[f64], errors: u64) -> Slice {
        let successes = Latencies::of(micros.iter().map(|one| (Latencies::bucket(*one), 1)));
        Slice {
            index,
            errors,
            successes,
        }
    }

    fn timeline(slice_s: f64, slices: Vec<Slice>) -> Timeline {
        Timeline {
            slice_s,
            subjects: [(Subject::new("GET /"), slices)].into(),
            gauges: BTreeMap::new(),
        }
    }

    fn gauge(slice_s: f64, values: Vec<(usize, f64)>) -> Timeline {
        let unit = Unit::new("MiB");
        let rss = (MetricName::new("rss"), Gauge { unit, values });
        Timeline {
            gauges: [(Subject::new("shop"), [rss].into())].into(),
            ..Timeline::new(slice_s)
        }
    }

    fn values(timeline: &Timeline) -> &[(usize, f64)] {
        let (_, rss) = timeline.gauges("shop").next().unwrap();
        &rss.values
    }

    #[test]
    fn gauges_are_folded_to_their_mean_and_follow_each_other_and_of_two_machines_the_higher_is_kept()
     {
        let mut looks = gauge(0.1, vec![(0, 10.0), (1, 20.0), (5, 7.0)]);
        looks.fold();
        assert_eq!(values(&looks), [(0, 15.0), (2, 7.0)]);
        looks.add(gauge(0.2, vec![(0, 3.0)]), 1.0).unwrap();
        assert_eq!(values(&looks), [(0, 15.0), (2, 7.0), (5, 3.0)]);
        looks
            .add(gauge(0.2, vec![(0, 30.0), (2, 1.0)]), 0.0)
            .unwrap();
        assert_eq!(values(&looks), [(0, 30.0), (2, 7.0), (5, 3.0)]);
        assert_eq!((looks.length(), looks.is_empty()), (6, false));
        let mut long = gauge(0.1, (0..5_000).map(|at| (at, 0.123_456_789)).collect());
        long.shorten();
        assert!(long.length() <= MOST_SLICES && values(&long)[3] == (3, 0.12346));
    }

    #[test]
    fn looks_of_a_watch_and_seconds_of_a_tool_are_on_one_axis() {
        let seconds = timeline(1.0, vec![slice(0, &[9.0], 0), slice(2, &[9.0], 0)]);
        let looks = || gauge(0.1, vec![(3, 1.0), (9, 3.0), (10, 4.0), (30, 5.0)]);
        let mut watched = looks();
        watched.add(seconds.clone(), 1.5).unwrap();
        assert_eq!(values(&watched), [(0, 2.0), (1, 4.0), (3, 5.0)]);
        let starts = watched.slices("GET /").iter().map(|s| s.start(&watched));
        assert_eq!(starts.collect::<Vec<_>>(), [2.0, 4.0]);
        let mut tool = seconds;
        tool.add(looks(), 0.0).unwrap();
        assert_eq!(values(&tool), [(0, 2.0), (1, 4.0), (3, 5.0)]);
        assert!((tool.slice_s - 1.0).abs() < 1e-9);
    }

    #[test]
    fn successes_of_unknown_latency_are_counted_and_have_no_quantile() {
        let mut slice = slice(0, &[1_000.0], 1);
        slice.successes.add(&Latencies::untold(8));
        assert_eq!(slice.requests(), 10);
        assert!((slice.latency(1.0).unwrap() - 1.0).abs() < 0.1);
        assert_eq!(Latencies::untold(8).quantile(0.5), None);
    }

    #[test]
    fn a_quantile_of_buckets_is_within_a_few_percent_of_the_truth() {
        let all: Vec<f64> = (1..=2_000).map(|n| f64::from(n) * 10.0).collect();
        let latencies = slice(0, &all, 0).successes;
        for (share, ms) in [(0.01, 0.2), (0.5, 10.0), (0.99, 19.8), (1.0, 20.0)] {
            let read = latencies.quantile(share).unwrap();
            assert!((read / ms - 1.0).abs() < 0.06, "{share}: {read}");
        }
        assert_eq!(Latencies::default().quantile(0.5), None);
        for (micros, bucket) in [(0.0, 0), (1.0, 0), (2.0, 10), (1e12, 303)] {
            assert_eq!(Latencies::bucket(micros), bucket, "{micros}");
        }
    }

    #[test]
    fn slices_are_merged_until_they_are_few_enough_and_nothing_is_lost() {
        let all = (0..5_000).map(|index| slice(index, &[1_500.0], 1));
        let mut long = timeline(0.1, all.collect());
        long.shorten();
        assert!((long.slice_s - 1.6).abs() < 1e-9 && long.length() <= MOST_SLICES);
        let requests = long
            .slices("GET /")
            .iter()
            .map(Slice::requests)
            .sum::<u64>();
        assert_eq!(requests, 10_000);
    }

    #[test]
    fn levels_follow_each_other_and_machines_are_added() {
        let one = timeline(0.1, vec![slice(0, &[1_000.0], 0), slice(9, &[1_000.0], 0)]);
        let mut levels = one.clone();
        levels
            .add(timeline(0.2, vec![slice(0, &[9.0], 2)]), 1.0)
            .unwrap();
        let starts = levels.slices("GET /").iter().map(|s| s.start(&levels));
        assert_eq!(starts.collect::<Vec<_>>(), [0.0, 0.8, 1.0]);
        let mut machines = one.clone();
        machines.add(one, 0.0).unwrap();
        assert_eq!(machines.slices("GET /")[1].requests(), 2);
        assert_eq!(machines.add(timeline(0.15, Vec::new()), 0.0), None);
    }
}
