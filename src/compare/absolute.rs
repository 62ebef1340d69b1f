//! How large a change has to be where it has no ratio: from or to zero, and of what may be negative.

use super::policy::Limits;
use crate::model::unit::Dimension;
use crate::model::{MetricName, Series, Unit};

/// A handful of events may be chance.
const COUNTS: f64 = 5.0;
/// A tenth of a point of a percentage.
const PERCENT: f64 = 0.1;
/// Below a millisecond a latency is nothing that a person or a service waits for.
const LATENCY_NS: f64 = 1e6;
/// Without any success.
const OUTAGE_NS: f64 = 1e9;
/// In an hour.
const GROWTH_BYTES: f64 = 1_048_576.0;
/// An increase by this many percent: two and a half times what it was.
const TREND_ALONE: f64 = 150.0;
/// Until the latency after a spike is what it was.
const RECOVERY_NS: f64 = 2e9;

/// The smallest change that counts, in the unit of the series: what the rules say, else what its unit means to people.
/// `None` where nothing is known of the unit.
pub(super) fn least(series: &Series, limits: &Limits, step: f64) -> Option<f64> {
    let asked = limits
        .min_delta
        .as_ref()
        .and_then(|q| q.in_unit(&series.unit));
    asked.or_else(|| usual(series).map(|least| least.max(step)))
}

/// From which size on a change of a course is certain in one run alone: a machine that is shared makes smaller ones.
pub(super) fn certain_alone(series: &Series) -> Option<f64> {
    let of_latency = [MetricName::LATENCY_TREND, MetricName::STEP];
    let is_one = of_latency.contains(&series.metric.as_str()) && series.unit.as_str() == "%";
    is_one.then_some(TREND_ALONE)
}

fn usual(series: &Series) -> Option<f64> {
    let unit = series.unit.as_str();
    match (series.metric.as_str(), series.unit.dimension()) {
        (MetricName::LATENCY_TREND | MetricName::STEP, _) if unit == "%" => {
            return Some(MetricName::LEAST_TREND);
        }
        (MetricName::ERRORS_TREND, _) if unit == "%" => {
            return Some(MetricName::LEAST_ERRORS_TREND);
        }
        (MetricName::RECOVERY, Dimension::Time(ns)) => return Some(RECOVERY_NS / ns),
        _ => {}
    }
    match series.unit.dimension() {
        Dimension::Time(ns) if is_outage(series) => Some(OUTAGE_NS / ns),
        Dimension::Time(ns) => Some(LATENCY_NS / ns),
        _ if unit == "%" => Some(PERCENT),
        _ if unit.is_empty() && !is_rate(series) => Some(COUNTS),
        _ => match Unit::new(unit.strip_suffix("/h")?).dimension() {
            Dimension::Bytes(bytes) => Some(GROWTH_BYTES / bytes),
            Dimension::Time(_) | Dimension::Other => None,
        },
    }
}

fn is_outage(series: &Series) -> bool {
    [MetricName::OUTAGE, MetricName::OUTAGE_LONGEST].contains(&series.metric.as_str())
}

fn is_rate(series: &Series) -> bool {
    series.metric.as_str() == MetricName::THROUGHPUT
}

/// Whether values of this metric are zero or negative where all is well, so that its ratio means nothing.
pub(super) fn has_no_ratio(series: &Series) -> bool {
    let name = series.metric.as_str();
    name.ends_with("growth") || name.ends_with("drift") || is_of_course(series)
}

/// What a run says of its own course.
pub(super) fn is_of_course(series: &Series) -> bool {
    let unit = match series.unit.dimension() {
        Dimension::Time(_) => "s",
        _ => series.unit.as_str(),
    };
    match series.metric.as_str() {
        MetricName::LATENCY_TREND | MetricName::ERRORS_TREND | MetricName::STEP => unit == "%",
        MetricName::RECOVERY => unit == "s",
        _ => false,
    }
}
