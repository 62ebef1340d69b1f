//! tinybench's tasks as JSON (`JSON.stringify(bench.tasks.map(({name, result}) => ({name, result})))`), of version 2 and later.

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Sheet, Spread, of_several, whole};
use crate::model::evidence::Moments;
use crate::model::{Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "tinybench",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "tinybench's tasks",
        recognise: |head| {
            head.has_keys(&["name", "result"])
                && (head.text().contains("\"samplesCount\"")
                    || head.text().contains("\"totalTime\"")
                    || head.text().contains("\"hz\""))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p50, p75, p99, p99.5, p99.9; version 2 has no p50) and the mean",
            resolution: "none",
            lost: "its version, the samples, why a task failed",
            tested: "6",
        },
    }],
};

#[derive(Deserialize)]
struct Task {
    name: String,
    result: Option<Outcome>,
}

/// Version 2 puts the numbers here, later ones into `latency`.
#[derive(Deserialize)]
struct Outcome {
    latency: Option<Statistics>,
    #[serde(flatten)]
    flat: Statistics,
}

/// In milliseconds.
#[derive(Deserialize)]
struct Statistics {
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p50: Option<f64>,
    p75: Option<f64>,
    p99: Option<f64>,
    p995: Option<f64>,
    p999: Option<f64>,
    #[serde(rename = "samplesCount")]
    samples_count: Option<f64>,
    df: Option<f64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let tasks: Vec<Task> = json::lenient(text)?;
    let mut sheet = Sheet::new("tinybench", None);
    for task in &tasks {
        let numbers = task
            .result
            .as_ref()
            .map(|result| result.latency.as_ref().unwrap_or(&result.flat));
        let Some(numbers) = numbers.filter(|numbers| numbers.mean.is_some()) else {
            sheet.warn(format!("`{}` failed: it is left out", task.name));
            continue;
        };
        let evidence = numbers
            .spread()
            .and_then(Spread::evidence)
            .with_context(|| format!("`{}`", task.name))?;
        sheet.time(&task.name, &Unit::new("ms"), Ok(evidence))?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("no task was measured")).hint("look at what the benchmark printed");
    }
    sheet.run()
}

impl Statistics {
    fn spread(&self) -> anyhow::Result<Spread> {
        let points = [
            (0.5, self.p50),
            (0.75, self.p75),
            (0.99, self.p99),
            (0.995, self.p995),
            (0.999, self.p999),
        ];
        let samples = self.samples_count.or(self.df.map(|df| df + 1.0));
        Ok(Spread {
            points: points
                .into_iter()
                .filter_map(|(share, ms)| Some((share, ms?, 0.0)))
                .collect(),
            n: of_several(samples.and_then(whole))?,
            moments: Moments {
                mean: self.mean,
                min: self.min,
                max: self.max,
            },
        })
    }
}
