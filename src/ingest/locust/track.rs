//! One endpoint through a history: its totals at the end of the warm-up and now, and the percentiles
//! of its windows.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use super::endpoint::{Endpoint, Latency};
use super::rounding;
use crate::model::evidence::Moments;
use crate::model::{Point, Quantile, Role, Subject};

/// Cumulative figures at one row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub requests: u64,
    pub failures: u64,
    pub mean_ms: f64,
}

impl Totals {
    fn sum_ms(self) -> f64 {
        self.mean_ms * self.requests as f64
    }
}

/// How often each value occurred. Locust rounds to two digits, so that there are few.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows {
    counts: Vec<(u64, u64)>,
    latest: usize,
}

impl Windows {
    pub(super) fn add(&mut self, ms: u64) {
        let ms = bounded(ms);
        // Neighbouring windows share nine of ten seconds, and mostly their value.
        if let Some((value, count)) = self.counts.get_mut(self.latest)
            && *value == ms
        {
            *count += 1;
            return;
        }
        self.latest = match self.counts.binary_search_by_key(&ms, |(value, _)| *value) {
            Ok(at) => {
                if let Some((_, count)) = self.counts.get_mut(at) {
                    *count += 1;
                }
                at
            }
            Err(at) => {
                self.counts.insert(at, (ms, 1));
                at
            }
        };
    }

    fn at(&self, rank: u64) -> Option<f64> {
        let mut below = 0;
        self.counts.iter().find_map(|&(ms, count)| {
            below += count;
            (rank < below).then_some(ms as f64)
        })
    }

    fn median(&self) -> Option<f64> {
        let n: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let upper = self.at(n / 2)?;
        let lower = self.at(n.saturating_sub(1) / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    fn latest(&self) -> Option<f64> {
        self.counts.get(self.latest).map(|(ms, _)| *ms as f64)
    }
}

/// On Locust's own grid (two digits; beyond 100 s three, so that its whole seconds stay whole up to
/// 1,000 s): a foreign file must not fill memory.
fn bounded(ms: u64) -> u64 {
    let most = if ms < 100_000 { 100 } else { 1_000 };
    let mut step = 1;
    while ms / step >= most {
        step *= 10;
    }
    ms.saturating_add(step / 2) / step * step
}

/// What the percentiles of a history mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percentiles {
    /// Of the last ten seconds: `--csv-full-history`.
    Sliding,
    /// Of everything up to the row, the warm-up with it.
    Cumulative,
    CumulativeWithWarmup,
}

#[derive(Clone, Debug)]
pub(super) struct Track {
    pub subject: Subject,
    pub role: Role,
    before: Totals,
    last: Totals,
    min: Option<f64>,
    max: Option<f64>,
    windows: Vec<Windows>,
}

impl Track {
    pub(super) fn new(subject: Subject, role: Role, percentiles: usize) -> Self {
        Self {
            subject,
            role,
            before: Totals::default(),
            last: Totals::default(),
            min: None,
            max: None,
            windows: vec![Windows::default(); percentiles],
        }
    }

    pub(super) fn last(&self) -> Totals {
        self.last
    }

    pub(super) fn warm_up(&mut self, totals: Totals) {
        self.before = totals;
        self.last = totals;
    }

    pub(super) fn measure(&mut self, totals: Totals) {
        self.last = totals;
    }

    /// Locust set the totals to zero: nothing of them lies before what is measured.
    pub(super) fn restart(&mut self) {
        self.before = Totals::default();
    }

    pub(super) fn extremes(&mut self, min: Option<f64>, max: Option<f64>) {
        self.min = min;
        self.max = max;
    }

    /// The percentiles of one row, in the order of their columns.
    pub(super) fn window(&mut self, row: &[Option<u64>]) {
        for (windows, ms) in self.windows.iter_mut().zip(row) {
            if let Some(ms) = ms {
                windows.add(*ms);
            }
        }
    }

    /// What was measured after the warm-up; `None` where no request was made in it.
    pub(super) fn finish(
        self,
        quantiles: &[Quantile],
        percentiles: Percentiles,
        seconds: u64,
    ) -> anyhow::Result<Option<Endpoint>> {
        let (before, last) = (self.before, self.last);
        let requests = last.requests.checked_sub(before.requests);
        let failures = last.failures.checked_sub(before.failures);
        let (requests, failures) = requests
            .zip(failures)
            .filter(|(requests, failures)| failures <= requests)
            .with_context(|| format!("the totals of `{}` contradict each other", self.subject))?;
        if requests == 0 {
            return Ok(None);
        }
        let mean = (last.sum_ms() - before.sum_ms()) / requests as f64;
        // Rounding of the two products may leave a hair below zero, and no more.
        if !mean.is_finite() || mean < -1e-6 * last.mean_ms.max(1.0) {
            bail!(
                "the average response times of `{}` contradict each other",
                self.subject
            );
        }
        let points = self.points(quantiles, percentiles);
        let latency = (mean > 0.0).then_some(Latency {
            points,
            n: requests,
            moments: Moments {
                mean: Some(mean),
                min: self.min,
                max: self.max,
            },
        });
        Ok(Some(Endpoint {
            subject: self.subject,
            role: self.role,
            requests,
            failures,
            latency,
            requests_per_second: Some(requests as f64 / seconds as f64),
        }))
    }

    fn points(
        &self,
        quantiles: &[Quantile],
        percentiles: Percentiles,
    ) -> BTreeMap<Quantile, Point> {
        let value = |windows: &Windows| match percentiles {
            Percentiles::Sliding => windows.median(),
            Percentiles::Cumulative => windows.latest(),
            Percentiles::CumulativeWithWarmup => None,
        };
        quantiles
            .iter()
            .zip(&self.windows)
            .filter_map(|(quantile, windows)| Some((*quantile, rounding::point(value(windows)?))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_windows_is_that_of_their_sorted_values() {
        let mut windows = Windows::default();
        for ms in [30, 10, 10, 40, 30, 20] {
            windows.add(ms);
        }
        assert_eq!(windows.median(), Some(25.0));
        assert_eq!(windows.latest(), Some(20.0));
        windows.add(40);
        assert_eq!(windows.median(), Some(30.0));
        assert_eq!(Windows::default().median(), None);
    }

    #[test]
    fn any_number_of_foreign_values_takes_bounded_memory() {
        let mut windows = Windows::default();
        for ms in 0..300_000 {
            windows.add(ms * ms * 7_919);
        }
        assert!(windows.counts.len() < 10_000, "{}", windows.counts.len());
    }

    #[test]
    fn what_locust_rounded_stays_as_it_is() {
        for ms in [0, 1, 99, 100, 990, 1_000, 9_900, 58_000, 123_000] {
            assert_eq!(bounded(ms), ms);
        }
        assert_eq!(bounded(u64::MAX), 18_400_000_000_000_000_000);
    }
}
