//! JMH's JSON (`-rf json`).

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::quantity;
use crate::ingest::sheet::{Figure, Sheet};
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "jmh",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "JMH's JSON (`-rf json`)",
        recognise: |head| {
            head.has_keys(&["benchmark", "mode"])
                && (head.has_keys(&["jmhVersion"]) || head.text().contains("\"primaryMetric\""))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "samples, one per iteration of each fork; with mode `sample` each observation with its count",
            resolution: "none",
            lost: "benchmarks that threw are missing",
            tested: "1.37",
        },
    }],
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Result {
    jmh_version: Option<String>,
    benchmark: String,
    mode: String,
    threads: Option<u64>,
    forks: Option<u64>,
    measurement_iterations: Option<u64>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    primary_metric: Score,
    #[serde(default)]
    secondary_metrics: BTreeMap<String, Score>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Score {
    /// `"NaN"` as text where there is none.
    score: Value,
    score_unit: String,
    raw_data: Option<Vec<Vec<Value>>>,
    raw_data_histogram: Option<Vec<Vec<Counted>>>,
}

/// What one iteration observed: values, and how often each.
type Counted = Vec<(f64, f64)>;

fn parse(text: &str) -> anyhow::Result<Run> {
    let results: Vec<Result> = json::lenient(text)?;
    let version = results.first().and_then(|first| first.jmh_version.clone());
    let mut sheet = Sheet::new("jmh", version.as_deref());
    for (number, result) in (1..).zip(&results) {
        let subject = result.subject();
        result
            .record(&subject, &mut sheet)
            .with_context(|| format!("result {number} (`{subject}`)"))?;
    }
    sheet.run()
}

impl Result {
    fn subject(&self) -> String {
        let mut told: Vec<String> = self
            .params
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            })
            .collect();
        if let Some(threads) = self.threads.filter(|threads| *threads != 1) {
            told.push(format!("threads={threads}"));
        }
        if told.is_empty() {
            self.benchmark.clone()
        } else {
            format!("{} ({})", self.benchmark, told.join(", "))
        }
    }

    fn record(&self, subject: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let unit = self.primary_metric.score_unit.as_str();
        let (metric, unit, better) = match (self.mode.as_str(), unit.split_once('/')) {
            ("thrpt", Some((_, _))) => (MetricName::THROUGHPUT, Unit::new(unit), Better::Higher),
            (mode, Some((time, _))) => {
                let Some(unit) = quantity::time_unit(time) else {
                    bail!("`{unit}` is no unit of time");
                };
                let metric = match mode {
                    "avgt" => MetricName::TIME,
                    "sample" => "sample_time",
                    "ss" => "cold_time",
                    other => bail!("`{other}` is no mode of JMH's"),
                };
                (metric, unit, Better::Lower)
            }
            (_, None) => bail!("`{unit}` is no unit of JMH's"),
        };
        let figure = Figure {
            subject,
            metric,
            unit,
            better,
            role: Role::Outcome,
        };
        sheet.put(figure, Ok(self.primary_metric.evidence()?))?;
        if let (Some(iterations), Some(held)) = (
            self.measurement_iterations,
            self.primary_metric.iterations(),
        ) {
            // Without a fork it is measured once, in the process of the runner.
            let said = self.forks.unwrap_or(1).max(1).saturating_mul(iterations);
            sheet.holds(subject, (held, said), "iterations")?;
        }
        for (name, score) in &self.secondary_metrics {
            // One without a number, such as that of a profiler which found nothing.
            let Ok(evidence) = score.evidence() else {
                continue;
            };
            // Percentiles of mode `sample`, which stand in the histogram too.
            if name.starts_with("p0.") || name.starts_with("p1.") {
                continue;
            }
            // Older versions put a dot in front.
            let name = name.trim_start_matches('\u{b7}');
            let metric = if self.mode == "avgt" {
                name.to_owned()
            } else {
                format!("{name} ({})", self.mode)
            };
            let figure = Figure {
                subject,
                metric: &metric,
                unit: Unit::new(score.score_unit.trim_end_matches("/op")),
                better: Better::Lower,
                role: Role::Fixed,
            };
            sheet.put(figure, Ok(evidence))?;
        }
        Ok(())
    }
}

impl Score {
    /// How many iterations of all forks are told one by one.
    fn iterations(&self) -> Option<usize> {
        match (&self.raw_data_histogram, &self.raw_data) {
            (Some(forks), _) => Some(forks.iter().map(Vec::len).sum()),
            (None, Some(forks)) => Some(forks.iter().map(Vec::len).sum()),
            (None, None) => None,
        }
    }

    fn evidence(&self) -> anyhow::Result<Evidence> {
        if let Some(forks) = &self.raw_data_histogram {
            let counted: Vec<(f64, f64)> = forks.iter().flatten().flatten().copied().collect();
            let (values, counts) = counted.into_iter().filter(|(_, n)| *n > 0.0).unzip();
            return Ok(Evidence::weighted_samples(values, Some(counts))?);
        }
        let values: Vec<f64> = self
            .raw_data
            .iter()
            .flatten()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        if !values.is_empty() {
            return Ok(Evidence::samples(values)?);
        }
        let score = self
            .score
            .as_f64()
            .context("it has neither a score nor `rawData`")?;
        Ok(Evidence::value(score)?)
    }
}
