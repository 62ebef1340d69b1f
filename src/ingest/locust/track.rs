//! One endpoint through a history: its totals at the end of the warm-up and now, and the percentiles
//! of its windows.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use super::endpoint::{Endpoint, Latency};
use super::rounding;
use super::table::KeptCell;
use crate::model::evidence::Moments;
use crate::model::{Point, Quantile, Role, Subject};
use crate::stats::order;

/// Cumulative counts at one row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub requests: u64,
    pub failures: u64,
}

/// Cumulative figures in the last row, which are numbers once it is known to be the last.
#[derive(Clone, Debug, Default)]
pub(super) struct Cumulated {
    pub mean: KeptCell,
    pub min: KeptCell,
    pub max: KeptCell,
}

/// The same as numbers; extremes only where nothing is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub mean_ms: f64,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

/// How often each value occurred. Locust rounds to two digits, so that there are few.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows {
    /// The latest value and how often in a row it came: neighbouring windows share nine of ten seconds.
    latest: Option<(u64, u64)>,
    earlier: Vec<(u64, u64)>,
}

impl Windows {
    pub(super) fn add(&mut self, ms: u64) {
        match &mut self.latest {
            Some((value, times)) if *value == ms => *times += 1,
            latest => {
                if let Some((value, times)) = latest.replace((ms, 1)) {
                    count(&mut self.earlier, value, times);
                }
            }
        }
    }

    fn median(&self) -> Option<f64> {
        let mut counts = self.earlier.clone();
        if let Some((value, times)) = self.latest {
            count(&mut counts, value, times);
        }
        let (values, times): (Vec<f64>, Vec<f64>) = counts
            .iter()
            .map(|&(ms, times)| (ms as f64, times as f64))
            .unzip();
        order::weighted_quantile(&values, &times, 0.5)
    }

    fn latest(&self) -> Option<f64> {
        self.latest.map(|(ms, _)| bounded(ms) as f64)
    }
}

fn count(counts: &mut Vec<(u64, u64)>, ms: u64, times: u64) {
    let ms = bounded(ms);
    match counts.binary_search_by_key(&ms, |(value, _)| *value) {
        Ok(at) => {
            if let Some((_, count)) = counts.get_mut(at) {
                *count += times;
            }
        }
        Err(at) => counts.insert(at, (ms, times)),
    }
}

/// On Locust's own grid (two digits; beyond 100 s three, so that its whole seconds stay whole up to
/// 1,000 s): a foreign file must not fill memory.
fn bounded(ms: u64) -> u64 {
    let step = match ms {
        0..100 => return ms,
        100..1_000 => 10,
        1_000..10_000 => 100,
        10_000..1_000_000 => 1_000,
        _ => 10_u64.pow(ms.ilog10() - 2),
    };
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

/// What holds for every endpoint of a history.
pub(super) struct Report<'a> {
    pub quantiles: &'a [Quantile],
    pub percentiles: Percentiles,
    pub seconds: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Track {
    pub subject: Subject,
    pub role: Role,
    before: Totals,
    sum_before_ms: f64,
    last: Totals,
    pub cumulated: Cumulated,
    windows: Vec<Windows>,
}

impl Track {
    pub(super) fn new(subject: Subject, role: Role, percentiles: usize) -> Self {
        Self {
            subject,
            role,
            before: Totals::default(),
            sum_before_ms: 0.0,
            last: Totals::default(),
            cumulated: Cumulated::default(),
            windows: vec![Windows::default(); percentiles],
        }
    }

    pub(super) fn last(&self) -> Totals {
        self.last
    }

    pub(super) fn warm_up(&mut self, totals: Totals, mean_ms: f64) {
        self.before = totals;
        self.sum_before_ms = mean_ms * totals.requests as f64;
        self.last = totals;
    }

    pub(super) fn measure(&mut self, totals: Totals) {
        self.last = totals;
    }

    /// Locust set the totals to zero: nothing of them lies before what is measured.
    pub(super) fn restart(&mut self) {
        self.before = Totals::default();
        self.sum_before_ms = 0.0;
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
        figures: Figures,
        report: &Report<'_>,
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
        let sum = figures.mean_ms * last.requests as f64 - self.sum_before_ms;
        let mean = sum / requests as f64;
        // Rounding of the two products may leave a hair below zero, and no more.
        if !mean.is_finite() || mean < -1e-6 * figures.mean_ms.max(1.0) {
            bail!(
                "the average response times of `{}` contradict each other",
                self.subject
            );
        }
        let points = self.points(report);
        let latency = (mean > 0.0).then_some(Latency {
            points,
            n: requests,
            moments: Moments {
                mean: Some(mean),
                min: figures.min,
                max: figures.max,
            },
            counts: None,
        });
        Ok(Some(Endpoint {
            subject: self.subject,
            role: self.role,
            requests,
            failures,
            latency,
            requests_per_second: Some(requests as f64 / report.seconds as f64),
        }))
    }

    fn points(&self, report: &Report<'_>) -> BTreeMap<Quantile, Point> {
        let value = |windows: &Windows| match report.percentiles {
            Percentiles::Sliding => windows.median(),
            Percentiles::Cumulative => windows.latest(),
            Percentiles::CumulativeWithWarmup => None,
        };
        report
            .quantiles
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
        assert!(windows.earlier.len() < 10_000, "{}", windows.earlier.len());
    }

    #[test]
    fn what_locust_rounded_stays_as_it_is() {
        for ms in [0, 1, 99, 100, 990, 1_000, 9_900, 58_000, 123_000] {
            assert_eq!(bounded(ms), ms);
        }
        assert_eq!(bounded(u64::MAX), 18_400_000_000_000_000_000);
    }
}
