//! One chosen metric over a run: the growth of a counter since counting began, or the last value of a gauge. Pure.

use std::collections::BTreeMap;

use super::selector::Selector;
use crate::load::counter;
use crate::load::exposition::Sample;
use crate::load::scenario::MetricKind;

#[derive(Clone, Debug)]
pub(super) struct TrackedMetric {
    selector: Selector,
    kind: MetricKind,
    /// The last value of each sample, by its labels.
    last: Option<BTreeMap<String, f64>>,
    grown: f64,
    resets: usize,
    /// Of the sums of what matched at each look: their number, their sum and the highest.
    looks: f64,
    sum: f64,
    highest: f64,
}

impl TrackedMetric {
    pub(super) fn new(selector: Selector, kind: MetricKind) -> Self {
        Self {
            selector,
            kind,
            last: None,
            grown: 0.0,
            resets: 0,
            looks: 0.0,
            sum: 0.0,
            highest: f64::NEG_INFINITY,
        }
    }

    pub(super) fn selector(&self) -> &Selector {
        &self.selector
    }

    pub(super) fn begin_counting(&mut self) {
        self.grown = 0.0;
        self.resets = 0;
        (self.looks, self.sum, self.highest) = (0.0, 0.0, f64::NEG_INFINITY);
        self.add_level();
    }

    /// Counts what matches now for the mean and the maximum.
    fn add_level(&mut self) {
        if let Some(level) = self.level() {
            self.looks += 1.0;
            self.sum += level;
            self.highest = self.highest.max(level);
        }
    }

    /// The sum of what matched at the last look.
    fn level(&self) -> Option<f64> {
        let last = self.last.as_ref().filter(|last| !last.is_empty())?;
        Some(last.values().sum())
    }

    /// The mean of a gauge over all looks since counting began.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.kind == MetricKind::Gauge && self.looks > 0.0).then(|| self.sum / self.looks)
    }

    /// The highest value of a gauge at a look since counting began.
    pub(super) fn highest(&self) -> Option<f64> {
        (self.kind == MetricKind::Gauge && self.looks > 0.0).then_some(self.highest)
    }

    pub(super) fn take(&mut self, samples: &[Sample<'_>]) {
        let before = self.last.take();
        let mut now = BTreeMap::new();
        for sample in samples.iter().filter(|sample| self.selector.takes(sample)) {
            if sample.value.is_finite() {
                now.insert(key(sample), sample.value);
            }
        }
        for (key, value) in &now {
            // The first value of a series that was there before is not counted. A series that appears later began at
            // zero.
            let Some(before) = &before else { continue };
            let last = before.get(key).copied().unwrap_or(0.0);
            self.grown += counter::growth(last, *value);
            let fell = self.kind == MetricKind::Counter && counter::has_fallen(last, *value);
            self.resets += usize::from(fell);
        }
        self.last = Some(now);
        self.add_level();
    }

    /// The value of the metric; `None` for a gauge that is not there.
    pub(super) fn value(&self) -> Option<f64> {
        match self.kind {
            MetricKind::Counter => self.last.as_ref().map(|_| self.grown),
            MetricKind::Gauge => self.level(),
        }
    }

    /// Whether the counter was reset since counting began.
    pub(super) fn was_reset(&self) -> bool {
        self.resets > 0
    }
}

/// A key of the labels in any order.
fn key(sample: &Sample<'_>) -> String {
    let mut labels: Vec<String> = sample
        .labels
        .iter()
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    labels.sort();
    labels.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::exposition;

    fn tracked(kind: MetricKind, selector: &str) -> TrackedMetric {
        TrackedMetric::new(Selector::parse(selector).unwrap(), kind)
    }

    fn take(tracked: &mut TrackedMetric, text: &str) {
        let samples: Vec<Sample<'_>> = exposition::samples(text).map(Result::unwrap).collect();
        tracked.take(&samples);
    }

    #[test]
    fn a_counter_is_its_growth_from_the_beginning_of_counting() {
        let mut hits = tracked(MetricKind::Counter, "hits");
        take(&mut hits, "hits{code=\"200\"} 100\n");
        take(&mut hits, "hits{code=\"200\"} 150\n");
        hits.begin_counting();
        take(&mut hits, "hits{code=\"200\"} 160\nhits{code=\"500\"} 3\n");
        assert_eq!(hits.value(), Some(13.0));
        assert!(!hits.was_reset());
    }

    #[test]
    fn a_counter_that_began_anew_counts_from_nothing_and_says_so() {
        let mut hits = tracked(MetricKind::Counter, "hits");
        take(&mut hits, "hits{a=\"1\"} 100\nhits{a=\"2\"} 100\n");
        hits.begin_counting();
        // The fall would be hidden in the sum.
        take(&mut hits, "hits{a=\"2\"} 300\nhits{a=\"1\"} 7\n");
        assert_eq!(hits.value(), Some(207.0));
        assert!(hits.was_reset());
    }

    #[test]
    fn a_series_that_went_and_came_again_began_at_nothing() {
        let mut hits = tracked(MetricKind::Counter, "hits");
        take(&mut hits, "hits 100\n");
        take(&mut hits, "");
        take(&mut hits, "hits 120\n");
        assert_eq!(hits.value(), Some(120.0));
    }

    #[test]
    fn a_gauge_is_the_sum_of_what_matches_at_last() {
        let mut depth = tracked(MetricKind::Gauge, "depth");
        assert_eq!(depth.value(), None);
        take(&mut depth, "depth{q=\"a\"} 9\ndepth{q=\"b\"} 1\n");
        take(
            &mut depth,
            "depth{q=\"a\"} 2\ndepth{q=\"b\"} 3\ndepth{q=\"c\"} NaN\n",
        );
        assert_eq!(depth.value(), Some(5.0));
        assert_eq!((depth.mean(), depth.highest()), (Some(7.5), Some(10.0)));
        assert!(!depth.was_reset());
        depth.begin_counting();
        assert_eq!((depth.mean(), depth.highest()), (Some(5.0), Some(5.0)));
        take(&mut depth, "other 1\n");
        assert_eq!(depth.value(), None);
    }
}
