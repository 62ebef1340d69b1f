//! `vitest bench --outputJson`.

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Sheet, Spread, of_several};
use crate::model::evidence::Moments;
use crate::model::{Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "vitest",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "vitest's benchmarks (`vitest bench --outputJson`)",
        recognise: |head| {
            head.has_keys(&["files"])
                && head.text().contains("\"groups\"")
                && head.text().contains("\"benchmarks\"")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p50 from version 2 on, p75, p99, p99.5, p99.9) and the mean",
            resolution: "none",
            lost: "its version, the samples, why a benchmark failed",
            tested: "1.6, 2.1, 3.2, 4.1",
        },
    }],
};

#[derive(Deserialize)]
struct Output {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    full_name: String,
    benchmarks: Vec<Benchmark>,
}

/// In milliseconds. A benchmark that threw has a rank and no mean.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Benchmark {
    name: String,
    mean: Option<f64>,
    median: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p75: Option<f64>,
    p99: Option<f64>,
    p995: Option<f64>,
    p999: Option<f64>,
    sample_count: Option<u64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)?;
    let mut sheet = Sheet::new("vitest", None);
    for group in output.files.iter().flat_map(|file| &file.groups) {
        for benchmark in &group.benchmarks {
            let subject = format!("{} > {}", group.full_name, benchmark.name);
            if benchmark.mean.is_none() {
                sheet.warn(format!("`{subject}` failed: it is left out"));
                continue;
            }
            let points = [
                (0.5, benchmark.median),
                (0.75, benchmark.p75),
                (0.99, benchmark.p99),
                (0.995, benchmark.p995),
                (0.999, benchmark.p999),
            ];
            let evidence = Spread {
                points: points
                    .into_iter()
                    .filter_map(|(share, ms)| Some((share, ms?, 0.0)))
                    .collect(),
                n: of_several(benchmark.sample_count).with_context(|| format!("`{subject}`"))?,
                moments: Moments {
                    mean: benchmark.mean,
                    min: benchmark.min,
                    max: benchmark.max,
                },
            }
            .evidence()
            .with_context(|| format!("`{subject}`"))?;
            sheet.time(&subject, &Unit::new("ms"), Ok(evidence))?;
        }
    }
    if sheet.is_empty() {
        return Err(anyhow!("no benchmark was measured")).hint("look at what vitest printed");
    }
    sheet.run()
}
