//! CPU time as a second witness of the time of a command: on a busy machine it differs far less from run to run.

use crate::compare::{Change, Comparison, Doubt, Judgement, Outcome};
use crate::model::MetricName;
use crate::text::sanitize;

/// What a command computed with, beside the time that passed.
pub const CPU_TIME: &str = "cpu_time";

/// Where the time of a command got worse and its CPU time did not, for whoever reads the verdict.
pub fn notes(judgement: &Judgement) -> Vec<String> {
    let got_worse = |c: &&Comparison| {
        c.series.metric.as_str() == MetricName::TIME
            && matches!(
                c.outcome,
                Outcome::Regressed | Outcome::Inconclusive(Doubt::Possible)
            )
    };
    let comparisons = judgement.comparisons.iter();
    comparisons
        .filter(got_worse)
        .filter_map(|time| {
            let cpu = cpu_time(judgement, time)?.change?;
            let wall = time.change?;
            // It may be within the limit, and cannot be as much as the time got worse by.
            let differs = cpu.low < 1.0 + time.limits.max_regression && cpu.high < wall.low;
            differs.then(|| {
                format!(
                    "the time of {} got worse by {} and its CPU time by {}: the machine was busy, or it waits more",
                    sanitize::inline(time.series.subject.as_str()),
                    shown(wall),
                    shown(cpu)
                )
            })
        })
        .collect()
}

fn cpu_time<'a>(judgement: &'a Judgement, time: &Comparison) -> Option<&'a Comparison> {
    judgement.comparisons.iter().find(|c| {
        c.series.metric.as_str() == CPU_TIME
            && c.series.subject == time.series.subject
            && c.workload == time.workload
    })
}

fn shown(change: Change) -> String {
    let percent = |ratio: f64| 100.0 * (ratio - 1.0);
    format!(
        "{:+.1} % ({:+.1} to {:+.1})",
        percent(change.ratio),
        percent(change.low),
        percent(change.high)
    )
}
