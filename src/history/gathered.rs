//! What is kept of each run: where it comes from, and one number for each series that is usually judged.

use std::collections::HashMap;

use super::filter::HistoryFilter;
use crate::model::{MetricName, Quantile, Role, Run, Series, Statistic};
use crate::stats::reading;

/// The commit that brought a run into the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub commit: String,
    pub date: jiff::Timestamp,
}

/// Runs in the order in which the baseline got them.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Without what they measured.
    pub(super) runs: Vec<Run>,
    pub(super) readings: Vec<Vec<SeriesValue>>,
    pub(super) recorded: Vec<Recorded>,
    pub(super) series: Vec<Series>,
    known: HashMap<Series, usize>,
    /// The place of each commit that was asked for, an ancestor before its descendants.
    pub(super) order: HashMap<String, usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesValue {
    pub series: usize,
    pub value: f64,
}

impl Gathered {
    /// A run that is invalid says nothing of the system under test.
    pub fn add(&mut self, mut run: Run, recorded: Recorded) {
        if run.provenance.invalid.is_some() {
            return;
        }
        let readings = readings(&run);
        let readings = readings
            .into_iter()
            .map(|(series, value)| {
                let next = self.series.len();
                let index = *self.known.entry(series.clone()).or_insert(next);
                if index == next {
                    self.series.push(series);
                }
                SeriesValue {
                    series: index,
                    value,
                }
            })
            .collect();
        run.subjects.clear();
        run.warnings.clear();
        self.runs.push(run);
        self.readings.push(readings);
        self.recorded.push(recorded);
    }

    /// Says which commit came before which.
    pub fn put_in_order(&mut self, order: HashMap<String, usize>) {
        self.order = order;
    }

    pub(super) fn is_asked(&self, index: usize, filter: &HistoryFilter) -> bool {
        let Some((pattern, series)) = filter.series.as_ref().zip(self.series.get(index)) else {
            return true;
        };
        pattern.matches(&series.to_string()) || pattern.matches(series.subject.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// The numbers of a run that are judged where no rule asks for others.
pub(super) fn readings(run: &Run) -> Vec<(Series, f64)> {
    let mut read = Vec::new();
    for (subject, metrics) in &run.subjects {
        for (metric, measured) in metrics {
            if measured.role != Role::Outcome {
                continue;
            }
            let evidence = &measured.evidence;
            let observations = evidence.observations();
            let statistics = evidence.statistics().into_iter();
            for statistic in statistics.filter(|s| is_usual(metric, *s, observations)) {
                let Some(found) = reading::read(evidence, statistic) else {
                    continue;
                };
                let series = Series {
                    subject: subject.clone(),
                    metric: metric.clone(),
                    statistic,
                    unit: measured.unit.clone(),
                    better: measured.better,
                };
                if found.value.is_finite() {
                    read.push((series, found.value));
                }
            }
        }
    }
    read
}

/// Of a distribution the median, and of latencies the tail as far as their number carries it.
fn is_usual(metric: &MetricName, statistic: Statistic, observations: Option<u64>) -> bool {
    match statistic {
        Statistic::Quantile(Quantile::P50) => true,
        Statistic::Quantile(quantile) => {
            metric.as_str() == MetricName::LATENCY
                && [Quantile::P95, Quantile::P99].contains(&quantile)
                && observations.is_none_or(|n| n >= quantile.needed_observations())
        }
        Statistic::Value | Statistic::Rate => true,
        Statistic::Mean | Statistic::Max | Statistic::Min => false,
    }
}
