//! From gathered runs to the points of each series: one for each build of each session, apart for each workload and
//! machine.

use std::collections::BTreeMap;

use super::builds::builds;
use super::course::{course, direction};
use super::document::{AnchorSaid, Drift, History, OfHistory, Point, SCHEMA, SeriesHistory, Time};
use super::filter::HistoryFilter;
use super::gathered::{Gathered, readings};
use crate::model::{self, Anchor, Digest, WorkloadKey};
use crate::stats::order;

/// The level of today is that of so many of the newest points.
const NEWEST: usize = 5;

impl Gathered {
    /// Everything that is known of the series that were asked for.
    pub fn history(
        &self,
        mut of: OfHistory,
        filter: &HistoryFilter,
        anchor: Option<&Anchor>,
    ) -> History {
        of.since = filter.since.map(Time);
        of.anchor = anchor.map(|anchor| AnchorSaid {
            label: anchor.label.clone(),
            budget: anchor.budget,
        });
        let history = model::History::of(&self.runs);
        let keys: Vec<WorkloadKey> = history.workloads.iter().map(|w| w.key.anywhere()).collect();
        let label = |key: &WorkloadKey| {
            let work = key.anywhere();
            let others: Vec<&WorkloadKey> = keys.iter().filter(|other| **other != work).collect();
            (!others.is_empty()).then(|| work.label(&others))
        };
        let mut series = Vec::new();
        for workload in &history.workloads {
            let key = &workload.key;
            if !filter.takes_environment(key) {
                continue;
            }
            let label = label(key);
            for (index, line) in self.lines(workload, filter) {
                series.extend(self.of_series(index, line, (key, &label), anchor));
            }
        }
        series.sort_by(|a: &SeriesHistory, b| {
            let order = |s: &SeriesHistory| {
                let statistic = s.statistic.to_string();
                (
                    s.environment.clone(),
                    s.workload.clone(),
                    s.subject.clone(),
                    s.metric.clone(),
                    statistic,
                )
            };
            order(a).cmp(&order(b))
        });
        History {
            schema: SCHEMA.to_owned(),
            history: of,
            series,
            ratios: self.ratios(&history, filter, &label),
        }
    }

    /// The points of each series of a workload, with the sessions that they are.
    fn lines(
        &self,
        workload: &model::Workload<'_>,
        filter: &HistoryFilter,
    ) -> BTreeMap<usize, Line> {
        let mut places = workload.places();
        let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
        for (place, session) in workload.sessions.iter().enumerate() {
            let runs: Vec<usize> = places.by_ref().take(session.runs.len()).collect();
            for build in builds(session, &runs) {
                let Some(mut point) = build.point(self, session) else {
                    continue;
                };
                point.environment = workload.key.environment.clone();
                if filter.since.is_some_and(|since| point.date.0 < since) {
                    continue;
                }
                for (index, values) in build.values(self) {
                    if !self.is_asked(index, filter) {
                        continue;
                    }
                    let Some(value) = order::median(&values) else {
                        continue;
                    };
                    let line = lines.entry(index).or_default();
                    line.places.push(place);
                    line.points.push(Point {
                        value,
                        runs: values.len(),
                        ..point.clone()
                    });
                }
            }
        }
        lines
    }

    fn of_series(
        &self,
        index: usize,
        line: Line,
        (key, label): (&WorkloadKey, &Option<String>),
        anchor: Option<&Anchor>,
    ) -> Option<SeriesHistory> {
        let series = self.series.get(index)?;
        let found = course(
            &line.points,
            &line.places,
            series.better,
            seed(&line.points),
        );
        let mut history = SeriesHistory {
            subject: series.subject.to_string(),
            metric: series.metric.to_string(),
            statistic: series.statistic,
            unit: series.unit.clone(),
            better: series.better,
            workload: label.clone(),
            environment: key.environment.clone(),
            points: line.points,
            gaps: found.gaps,
            changes: found.changes,
            trend: found.trend,
            drift: None,
        };
        history.drift = anchor.and_then(|anchor| drift(&history, series, key, anchor));
        Some(history)
    }
}

#[derive(Default)]
struct Line {
    points: Vec<Point>,
    /// Which session of the workload each point is.
    places: Vec<usize>,
}

/// From the values: the same series has the same random orders on every machine.
fn seed(points: &[Point]) -> u64 {
    let mut digest = Digest::new("perfgate.history seed 1");
    for point in points {
        digest.field(&point.value.to_bits().to_le_bytes());
    }
    u64::from_str_radix(&digest.short(), 16).unwrap_or(0)
}

fn drift(
    history: &SeriesHistory,
    series: &model::Series,
    key: &WorkloadKey,
    anchor: &Anchor,
) -> Option<Drift> {
    let of_work = anchor
        .runs
        .iter()
        .filter(|run| WorkloadKey::of(run).fits(key));
    let values: Vec<f64> = of_work
        .flat_map(readings)
        .filter(|(other, _)| other == series)
        .map(|(_, value)| value)
        .collect();
    let anchor_value = order::median(&values).filter(|value| *value > 0.0)?;
    let settled = history.strong().last();
    let since = settled.map_or(0, |change| change.first_after.point);
    let newest: Vec<f64> = history
        .points
        .iter()
        .skip(since)
        .rev()
        .take(NEWEST)
        .map(|point| point.value)
        .collect();
    let now = order::median(&newest)?;
    Some(Drift {
        anchor: anchor.label.clone(),
        anchor_value,
        now,
        relative: now / anchor_value - 1.0,
        direction: direction(now - anchor_value, series.better),
        budget: anchor.budget,
    })
}
