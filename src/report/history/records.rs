//! One record a line, flat: `kind` is `point`, `change` or `ratio`. What a series is called stands in each.

use serde::Serialize;

use crate::history::{Change, History, Point, RatioHistory, RatioPoint, SeriesHistory};
use crate::text::sanitize;

#[derive(Serialize)]
struct Record<'a, T> {
    kind: &'a str,
    series: String,
    subject: &'a str,
    metric: &'a str,
    statistic: String,
    unit: &'a str,
    better: &'a str,
    workload: Option<&'a str>,
    environment: Option<&'a str>,
    #[serde(flatten)]
    of: T,
}

#[derive(Serialize)]
struct PointRecord<'a> {
    commit: &'a str,
    recorded_in: &'a str,
    date: String,
    session: Option<&'a str>,
    value: f64,
    runs: usize,
}

#[derive(Serialize)]
struct ChangeRecord<'a> {
    strength: &'a str,
    detectors: String,
    direction: &'a str,
    last_before_commit: &'a str,
    last_before_date: String,
    first_after_commit: &'a str,
    first_after_date: String,
    before: f64,
    after: f64,
    size_of: &'a str,
    size: f64,
    size_low: f64,
    size_high: f64,
    confidence: f64,
}

#[derive(Serialize)]
struct RatioRecord<'a> {
    commit: &'a str,
    base: &'a str,
    recorded_in: &'a str,
    date: String,
    session: Option<&'a str>,
    ratio: f64,
    chained: f64,
    runs: usize,
    base_runs: usize,
}

pub fn ndjson(history: &History) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    let mut push = |line: String| {
        text.push_str(&sanitize::json(&line));
        text.push('\n');
    };
    for series in &history.series {
        for point in &series.points {
            push(record(series, "point", PointRecord::of(point))?);
        }
        for change in &series.changes {
            push(record(series, "change", ChangeRecord::of(change))?);
        }
    }
    for ratios in &history.ratios {
        for point in &ratios.points {
            push(ratio(ratios, point)?);
        }
    }
    Ok(text)
}

fn record(
    series: &SeriesHistory,
    kind: &str,
    of: impl Serialize,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Record {
        kind,
        series: series.name(),
        subject: &series.subject,
        metric: &series.metric,
        statistic: series.statistic.to_string(),
        unit: series.unit.as_str(),
        better: series.better.as_str(),
        workload: series.workload.as_deref(),
        environment: series.environment.as_deref(),
        of,
    })
}

/// A ratio has no unit.
fn ratio(ratios: &RatioHistory, point: &RatioPoint) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Record {
        kind: "ratio",
        series: ratios.name(),
        subject: &ratios.subject,
        metric: &ratios.metric,
        statistic: ratios.statistic.to_string(),
        unit: "",
        better: ratios.better.as_str(),
        workload: ratios.workload.as_deref(),
        environment: point.environment.as_deref(),
        of: RatioRecord {
            commit: &point.commit,
            base: &point.base,
            recorded_in: &point.recorded_in,
            date: point.date.0.to_string(),
            session: point.session.as_deref(),
            ratio: point.ratio,
            chained: point.chained,
            runs: point.runs,
            base_runs: point.base_runs,
        },
    })
}

impl<'a> PointRecord<'a> {
    fn of(point: &'a Point) -> Self {
        Self {
            commit: &point.commit,
            recorded_in: &point.recorded_in,
            date: point.date.0.to_string(),
            session: point.session.as_deref(),
            value: point.value,
            runs: point.runs,
        }
    }
}

impl<'a> ChangeRecord<'a> {
    fn of(change: &'a Change) -> Self {
        let detectors: Vec<&str> = change.detectors.iter().map(|d| d.as_str()).collect();
        Self {
            strength: change.strength.as_str(),
            detectors: detectors.join(" "),
            direction: change.direction.as_str(),
            last_before_commit: &change.last_before.commit,
            last_before_date: change.last_before.date.0.to_string(),
            first_after_commit: &change.first_after.commit,
            first_after_date: change.first_after.date.0.to_string(),
            before: change.before,
            after: change.after,
            size_of: change.size.of.as_str(),
            size: change.size.value,
            size_low: change.size.low,
            size_high: change.size.high,
            confidence: change.size.confidence,
        }
    }
}
