//! Which statistic of a benchmark or an endpoint differs less from run to run than the median that is judged, by the
//! baseline's own runs: on machines with bursts of noise the fast runs agree where the typical ones do not.

use crate::compare::{Comparison, Judgement};
use crate::model::{
    Baseline, History, Measurement, MetricName, Quantile, Run, Series, Statistic, Workload,
};
use crate::stats::{reading, spread};

/// Runs of the other statistic differ by this share at most: a quarter of the runs shows the same change then.
const STEADIER: f64 = 0.5;
/// With fewer degrees of freedom such a difference is chance too often: three sessions of five runs have so many.
const FEWEST_DF: f64 = 12.0;

/// A series whose median hides its limit, and what its runs agree on better.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steadier {
    pub(super) series: Series,
    /// By how much its runs differ.
    pub(super) spread: f64,
    pub(super) statistic: Statistic,
    pub(super) steadier: f64,
}

/// Of the medians that can fail and cannot show twice what is tolerated of them.
pub(super) fn steadier(
    baseline: &Baseline,
    judgement: &Judgement,
    can_fail: impl Fn(&Comparison) -> bool,
) -> Vec<Steadier> {
    let history = History::of(&baseline.runs);
    let median = Statistic::Quantile(Quantile::P50);
    let hides_its_limit = |one: &&Comparison| {
        let twice = 2.0 * one.limits.max_regression;
        one.series.statistic == median && one.detectable.is_none_or(|sees| sees > twice)
    };
    let judged = judgement.comparisons.iter().filter(|one| can_fail(one));
    let found = judged.filter(hides_its_limit).filter_map(|one| {
        let key = &judgement.workloads.get(one.workload)?.key;
        let workload = history.workloads.iter().find(|w| w.key == *key)?;
        of_series(workload, &one.series)
    });
    found.collect()
}

fn of_series(workload: &Workload<'_>, series: &Series) -> Option<Steadier> {
    let of = |statistic| between_runs(workload, series, statistic);
    let spread = of(series.statistic)?;
    let others = candidates(series).filter_map(|statistic| Some((statistic, of(statistic)?)));
    let (statistic, steadier) = others.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (steadier <= STEADIER * spread).then(|| Steadier {
        series: series.clone(),
        spread,
        statistic,
        steadier,
    })
}

/// Below the median, the nearest first. The fastest answer of a service may be one that did nothing.
fn candidates(series: &Series) -> impl Iterator<Item = Statistic> {
    let below = Quantile::ON_REQUEST.into_iter().rev();
    let below = below
        .filter(|q| *q < Quantile::P50)
        .map(Statistic::Quantile);
    let fastest = (series.metric.as_str() == MetricName::TIME).then_some(Statistic::Min);
    below.chain(fastest)
}

/// The standard deviation of runs of one session, as a share of them, over all sessions.
fn between_runs(workload: &Workload<'_>, series: &Series, statistic: Statistic) -> Option<f64> {
    let (mut squares, mut df) = (0.0, 0.0);
    for session in &workload.sessions {
        let measured = session.runs.iter().filter_map(|run| of_run(run, series));
        let values: Option<Vec<f64>> = measured.map(|one| value(one, series, statistic)).collect();
        let values = values?;
        if let Some(variance) = spread::relative_variance(&values) {
            #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
            let own = values.len() as f64 - 1.0;
            squares += own * variance;
            df += own;
        }
    }
    (df >= FEWEST_DF).then(|| (squares / df).sqrt())
}

fn of_run<'r>(run: &'r Run, series: &Series) -> Option<&'r Measurement> {
    run.subjects.get(&series.subject)?.get(&series.metric)
}

/// `None` where the run does not carry the statistic.
fn value(measured: &Measurement, series: &Series, statistic: Statistic) -> Option<f64> {
    if let Statistic::Quantile(q) = statistic
        && series.metric.as_str() == MetricName::LATENCY
        && measured.evidence.observations()? < q.needed_observations()
    {
        return None;
    }
    let factor = measured.unit.factor_to(&series.unit)?;
    Some(reading::read(&measured.evidence, statistic)?.value * factor)
}
