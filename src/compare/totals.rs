//! What a workload did as a whole, for the list of tests: the mean over its current runs.

use crate::model::{Matched, Measurement, MetricName, Quantile, Role, Run, Statistic, Unit};
use crate::stats::reading;

/// A number in its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub value: f64,
    pub unit: Unit,
}

/// Of the subject that sums up the others, else of the only subject; what the runs do not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    pub mean: Option<Figure>,
    pub p95: Option<Figure>,
    /// The share of failed requests.
    pub errors: Option<f64>,
    pub throughput: Option<Figure>,
}

impl Totals {
    pub(super) fn of(matched: &Matched<'_>) -> Self {
        let runs: Vec<&Run> = matched.current.runs().collect();
        let timed = |statistic| {
            mean_of(&runs, MetricName::LATENCY, statistic)
                .or_else(|| mean_of(&runs, MetricName::TIME, statistic))
        };
        Self {
            mean: timed(Statistic::Mean),
            p95: timed(Statistic::Quantile(Quantile::P95)),
            errors: mean_of(&runs, MetricName::ERRORS, Statistic::Rate).map(|found| found.value),
            throughput: mean_of(&runs, MetricName::THROUGHPUT, Statistic::Value),
        }
    }
}

/// `None` where one of the runs does not tell it: a mean over some of them would be of another work.
fn mean_of(runs: &[&Run], metric: &str, statistic: Statistic) -> Option<Figure> {
    let unit = total(runs.first()?, metric)?.unit.clone();
    let (mut sum, mut count) = (0.0, 0.0);
    for run in runs {
        let measured = total(run, metric)?;
        let found = reading::read(&measured.evidence, statistic)?;
        sum += found.value * measured.unit.factor_to(&unit)?;
        count += 1.0;
    }
    let value = sum / count;
    value.is_finite().then_some(Figure { value, unit })
}

/// The measurement of the total, or of the only subject that has the metric.
fn total<'r>(run: &'r Run, metric: &str) -> Option<&'r Measurement> {
    let of_metric = || {
        let subjects = run.subjects.iter();
        subjects.filter_map(|(_, metrics)| {
            let mut metrics = metrics.iter();
            metrics.find(|(name, _)| name.as_str() == metric)
        })
    };
    only(of_metric().filter(|(_, measured)| measured.role == Role::Total))
        .or_else(|| only(of_metric()))
        .map(|(_, measured)| measured)
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    found.next().filter(|_| found.next().is_none())
}
