//! mitata's JSON (`run({format: 'json'})`).

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Sheet, Spread};
use crate::model::evidence::Moments;
use crate::model::{Evidence, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "mitata",
    class: ToolClass::Benchmark,
    forms: &[Form {
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
    }],
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
