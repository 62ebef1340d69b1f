//! mitata's JSON (`run({format: 'json'})`), and its text.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity::PrintedTime;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Sheet, Spread};
use crate::ingest::{json, quantity};
use crate::model::evidence::{Estimate, Moments};
use crate::model::{Evidence, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "mitata",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "mitata's JSON",
            recognise: |head| {
                head.has_keys(&["layout", "benchmarks"])
                    || head.has_keys(&["benchmarks", "context"])
                        && head.text().contains("\"alias\"")
                        && head.text().contains("\"runs\"")
            },
            read: Read::Whole(parse),
            facts: Facts {
                evidence: "quantiles (p25, p50, p75, p99, p99.9) and the mean; samples where they are written",
                resolution: "none",
                lost: "its version",
                tested: "1.0",
            },
        },
        Form {
            what: "mitata's text",
            recognise: |head| {
                head.lines()
                    .any(|line| line.starts_with("benchmark ") && line.contains(" avg (min … max)"))
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "an estimate (the mean) with the interval that its rounding leaves",
                resolution: "0.01 of the unit that it prints",
                lost: "its version, how often each ran, so every percentile: prefer its JSON",
                tested: "1.0",
            },
        },
    ],
};

#[derive(Deserialize)]
struct Output {
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Benchmark {
    alias: String,
    runs: Vec<Execution>,
}

#[derive(Deserialize)]
struct Execution {
    name: Option<String>,
    #[serde(default)]
    args: BTreeMap<String, Value>,
    stats: Option<Stats>,
    error: Option<Value>,
}

/// In nanoseconds.
#[derive(Deserialize)]
struct Stats {
    avg: f64,
    min: f64,
    max: f64,
    p25: f64,
    p50: f64,
    p75: f64,
    p99: f64,
    p999: f64,
    ticks: Option<u64>,
    samples: Option<Vec<f64>>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)?;
    let mut sheet = Sheet::new("mitata", None);
    for benchmark in &output.benchmarks {
        for run in &benchmark.runs {
            let subject = run.subject(&benchmark.alias);
            let Some(stats) = &run.stats else {
                let message = run
                    .error
                    .as_ref()
                    .and_then(|error| error.get("message"))
                    .and_then(Value::as_str);
                sheet.warn(format!(
                    "`{subject}` failed ({}): it is left out",
                    shortened(message.unwrap_or("no message"))
                ));
                continue;
            };
            let evidence = stats.evidence().with_context(|| format!("`{subject}`"))?;
            sheet
                .time(&subject, &Unit::new("ns"), Ok(evidence))
                .with_context(|| format!("`{subject}`"))?;
        }
    }
    if sheet.is_empty() {
        return Err(anyhow!("no benchmark was measured")).hint("look at what mitata printed");
    }
    sheet.run()
}

impl Execution {
    /// The name, with the arguments that it does not hold already.
    fn subject(&self, alias: &str) -> String {
        let name = self.name.as_deref().unwrap_or(alias);
        let hidden: Vec<String> = self
            .args
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) => (key, text.clone()),
                other => (key, other.to_string()),
            })
            .filter(|(_, value)| !name.contains(value.as_str()))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if hidden.is_empty() {
            name.to_owned()
        } else {
            format!("{name} ({})", hidden.join(", "))
        }
    }
}

impl Stats {
    fn evidence(&self) -> anyhow::Result<Evidence> {
        if let Some(samples) = self.samples.as_ref().filter(|samples| !samples.is_empty()) {
            return Ok(Evidence::samples(samples.clone())?);
        }
        let points = [
            (0.25, self.p25),
            (0.5, self.p50),
            (0.75, self.p75),
            (0.99, self.p99),
            (0.999, self.p999),
        ];
        Spread {
            points: points
                .into_iter()
                .map(|(share, ns)| (share, ns, 0.0))
                .collect(),
            n: self.ticks.filter(|n| *n > 0).unwrap_or(1),
            moments: Moments {
                mean: Some(self.avg),
                min: Some(self.min),
                max: Some(self.max),
            },
        }
        .evidence()
    }
}

/// `NAME  3.19 µs/iter  2.29 µs █`, the mean first; then a line with `(min … max)`.
fn text(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("mitata", None);
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some((name, message)) = line.split_once("  error: ") {
            sheet.warn(format!(
                "`{}` failed ({}): it is left out",
                name.trim(),
                shortened(message)
            ));
            continue;
        }
        let Some((before, after)) = line.split_once("/iter") else {
            continue;
        };
        let place = || format!("line {number}");
        let (name, mean) = last_time(before).with_context(place)?;
        let (_, range) = lines.next().with_context(place).hint(CUT)?;
        if !range.trim_start().starts_with('(') || !after.starts_with(' ') {
            return Err(anyhow!("line {}: it is no `(min … max)`", number + 1)).hint(CUT);
        }
        // How often it ran is not told, and a quantile of an unknown number is not judged.
        let half = mean.step_ns / 2.0;
        let estimate = Estimate {
            point: mean.ns,
            low: (mean.ns - half).max(0.0),
            high: mean.ns + half,
            confidence: 0.95,
        };
        sheet
            .time(name, &Unit::new("ns"), Evidence::estimate(estimate))
            .with_context(place)?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("no benchmark was measured")).hint("look at what mitata printed");
    }
    sheet.run()
}

const CUT: &str = "the output may be cut short";

/// The number and the unit that a text begins with.
fn first_time(text: &str) -> anyhow::Result<PrintedTime> {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let words = words.join(" ");
    quantity::time(&words).with_context(|| format!("`{words:.40}` is no time"))
}

/// A name, and the number and the unit behind it.
fn last_time(text: &str) -> anyhow::Result<(&str, PrintedTime)> {
    let text = text.trim();
    let (rest, _) = text.rsplit_once(' ').context("it has no time")?;
    let (name, _) = rest.trim_end().rsplit_once(' ').context("it has no name")?;
    let time = text.get(name.len()..).unwrap_or_default();
    Ok((name.trim(), first_time(time)?))
}
