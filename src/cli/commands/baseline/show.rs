//! `perfgate baseline show`: what a baseline holds, workload by workload and machine by machine.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde::Serialize;

use crate::cli::Env;
use crate::cli::args::{InspectFormat, ShowArgs};
use crate::cli::commands::gate::document::{commits, started};
use crate::cli::output::Output;
use crate::cli::settings::baseline_path;
use crate::cli::settings::baseline_path::Located;
use crate::cli::settings::{Settings, Typed};
use crate::cli::values::show_percent;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::model::{
    Baseline, Evidence, History, Quantile, Run, Series, Statistic, Workload, WorkloadKey,
};
use crate::stats::{order, reading};
use crate::store;
use crate::text::sanitize;

pub(crate) fn run(args: ShowArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = Settings::load(Typed::from(args.file), env)?;
    let path = match baseline_path::located(settings.baseline.as_ref(), env)? {
        Located::Found(path) => path,
        Located::Missing(path) => {
            return Err(anyhow!("read {}: it does not exist", path.display())).hint(format!(
                "create it: perfgate baseline update --baseline {} RESULT...",
                path.display()
            ));
        }
    };
    let shown = Shown::of(path.display().to_string(), &store::read(&path)?);
    output.result(&match args.format {
        InspectFormat::Text => shown.text(),
        InspectFormat::Json => sanitize::json(&serde_json::to_string_pretty(&shown)?) + "\n",
    });
    Ok(output.finish(Exit::Pass))
}

#[derive(Debug, PartialEq, Serialize)]
struct Shown {
    path: String,
    environments: Vec<ShownEnvironment>,
    anchor: Option<ShownAnchor>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ShownEnvironment {
    environment: Option<String>,
    /// What tells it from the other work that the baseline holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<String>,
    source: Option<String>,
    tool: Option<String>,
    /// What was asked of the load tool.
    load: BTreeMap<String, String>,
    runs: usize,
    sessions: usize,
    commits: Vec<String>,
    oldest: Option<String>,
    newest: Option<String>,
    series: Vec<ShownSeries>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ShownSeries {
    subject: String,
    metric: String,
    statistic: String,
    unit: String,
    /// The median of the newest session.
    latest: f64,
    runs: usize,
    /// From the lowest to the highest median of a session, over the middle one; absent with one session.
    #[serde(skip_serializing_if = "Option::is_none")]
    spread: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ShownAnchor {
    label: String,
    budget: f64,
    runs: usize,
    commits: Vec<String>,
}

impl Shown {
    fn of(path: String, baseline: &Baseline) -> Self {
        let history = History::of(&baseline.runs);
        let keys: Vec<&WorkloadKey> = history.workloads.iter().map(|w| &w.key).collect();
        let environments = history
            .workloads
            .iter()
            .map(|workload| ShownEnvironment::of(workload, &keys));
        Self {
            path,
            environments: environments.collect(),
            anchor: baseline.anchor.as_ref().map(|anchor| ShownAnchor {
                label: anchor.label.clone(),
                budget: anchor.budget,
                runs: anchor.runs.len(),
                commits: commits(&anchor.runs),
            }),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |content: String| {
            text.push_str(&content);
            text.push('\n');
        };
        line(sanitize::line(&self.path));
        if self.environments.is_empty() {
            line("  no runs".to_owned());
        }
        for environment in &self.environments {
            let name = environment.environment.as_deref();
            line(format!(
                "  {}",
                sanitize::line(&match &environment.workload {
                    Some(workload) =>
                        format!("{workload}: {}", name.unwrap_or("no environment recorded")),
                    None => name.unwrap_or("no environment recorded").to_owned(),
                })
            ));
            let mut facts = format!(
                "    runs {}, sessions {}, commits {}",
                environment.runs,
                environment.sessions,
                environment.commits.len()
            );
            if let (Some(oldest), Some(newest)) = (&environment.oldest, &environment.newest) {
                facts.push_str(&format!(", {oldest} to {newest}"));
            }
            line(facts);
            for series in &environment.series {
                let name = format!("{} {}.{}", series.subject, series.metric, series.statistic);
                let spread = series.spread.map_or(String::new(), |spread| {
                    format!("  spread {}", show_percent((spread * 1e3).round() / 1e3))
                });
                line(format!(
                    "    {}  {} {}{spread}",
                    sanitize::line(&name),
                    (series.latest * 1e3).round() / 1e3,
                    sanitize::line(&series.unit)
                ));
            }
        }
        match &self.anchor {
            Some(anchor) => line(format!(
                "  anchor {}: runs {}, budget {}",
                sanitize::line(&anchor.label),
                anchor.runs,
                show_percent(anchor.budget)
            )),
            None => line("  no anchor".to_owned()),
        }
        text
    }
}

impl ShownEnvironment {
    fn of(workload: &Workload<'_>, all: &[&WorkloadKey]) -> Self {
        let runs: Vec<Run> = workload.runs().cloned().collect();
        let key = &workload.key;
        // What the machines are called is said anyway.
        let work = key.anywhere();
        let others: Vec<WorkloadKey> = all.iter().map(|other| other.anywhere()).collect();
        let others: Vec<&WorkloadKey> = others.iter().filter(|other| **other != work).collect();
        Self {
            environment: key.environment.clone(),
            workload: (!others.is_empty()).then(|| work.label(&others)),
            source: key.source.clone(),
            tool: key.tool.clone(),
            load: key
                .load
                .terms
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            runs: runs.len(),
            sessions: workload.sessions.len(),
            commits: commits(&runs),
            oldest: started(&runs).min().map(|at| at.to_string()),
            newest: started(&runs).max().map(|at| at.to_string()),
            series: series(workload),
        }
    }
}

fn series(workload: &Workload<'_>) -> Vec<ShownSeries> {
    // Medians session by session, newest last.
    let mut medians: BTreeMap<Series, Vec<f64>> = BTreeMap::new();
    let mut counts: BTreeMap<Series, usize> = BTreeMap::new();
    for session in &workload.sessions {
        let mut values: BTreeMap<Series, Vec<f64>> = BTreeMap::new();
        for (series, value) in session.runs.iter().flat_map(|run| read(run)) {
            *counts.entry(series.clone()).or_default() += 1;
            values.entry(series).or_default().push(value);
        }
        for (series, values) in values {
            medians
                .entry(series)
                .or_default()
                .extend(order::median(&values));
        }
    }
    let shown = medians.into_iter().filter_map(|(series, medians)| {
        let runs = counts.get(&series).copied().unwrap_or_default();
        Some(ShownSeries {
            subject: series.subject.to_string(),
            metric: series.metric.to_string(),
            statistic: series.statistic.to_string(),
            unit: series.unit.to_string(),
            latest: *medians.last()?,
            runs,
            spread: spread(medians),
        })
    });
    shown.collect()
}

/// The statistics that are usually judged, as far as the evidence has them.
fn read(run: &Run) -> Vec<(Series, f64)> {
    let usual = |statistic: &Statistic| match statistic {
        Statistic::Quantile(quantile) => {
            [Quantile::P50, Quantile::P95, Quantile::P99].contains(quantile)
        }
        Statistic::Value | Statistic::Rate => true,
        Statistic::Mean | Statistic::Max | Statistic::Min => false,
    };
    let mut read = Vec::new();
    for (subject, metrics) in &run.subjects {
        for (metric, measured) in metrics {
            let evidence: &Evidence = &measured.evidence;
            for statistic in evidence.statistics().into_iter().filter(usual) {
                let series = Series {
                    subject: subject.clone(),
                    metric: metric.clone(),
                    statistic,
                    unit: measured.unit.clone(),
                    better: measured.better,
                };
                let value = reading::read(evidence, statistic).map(|read| read.value);
                read.extend(value.map(|value| (series, value)));
            }
        }
    }
    read
}

fn spread(mut medians: Vec<f64>) -> Option<f64> {
    medians.sort_by(f64::total_cmp);
    let (low, high) = (*medians.first()?, *medians.last()?);
    let several = medians.len() > 1;
    let middle = order::median(&medians)?;
    (several && middle > 0.0).then(|| (high - low) / middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_between_sessions_and_one_session_has_none() {
        assert_eq!(spread(vec![10.0]), None);
        assert_eq!(spread(vec![10.0, 12.0, 11.0]), Some(2.0 / 11.0));
        assert_eq!(spread(vec![0.0, 0.0]), None);
    }

    #[test]
    fn an_empty_baseline_is_told_as_such() {
        let shown = Shown::of("main.json".to_owned(), &Baseline::default());
        assert_eq!(shown.text(), "main.json\n  no runs\n  no anchor\n");
    }
}
