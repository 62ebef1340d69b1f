//! gungraun (which was iai-callgrind): `summary.json` of `--save-summary=json`, and the lines of `--output-format=json`.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{Figure, Sheet};
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "gungraun",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "gungraun's summary (`--save-summary=json`, `--output-format=json`)",
        recognise: |head| {
            head.has_keys(&["benchmark_exe", "benchmark_file", "module_path", "profiles"])
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "one value each: instructions are judged; cycles, hits and misses are shown",
            resolution: "none: counts are exact",
            lost: "its version",
            tested: "0.20",
        },
    }],
};

#[derive(Deserialize)]
struct Summary {
    module_path: String,
    id: Option<String>,
    started_at: Option<String>,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    tool: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    /// Tools other than Callgrind have metrics of another shape.
    metrics: Value,
}

#[derive(Deserialize)]
struct Metric {
    values: Values,
}

#[derive(Deserialize)]
struct Values {
    new: Option<f64>,
}

/// Callgrind's names, and ours.
const METRICS: [(&str, &str); 5] = [
    ("Ir", "instructions"),
    ("EstimatedCycles", "estimated_cycles"),
    ("L1hits", "l1_hits"),
    ("LLhits", "ll_hits"),
    ("RamHits", "ram_hits"),
];

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("gungraun", None);
    // One document, or one a line: both are a stream of values.
    let summaries = serde_json::Deserializer::from_str(text).into_iter::<Summary>();
    for (number, summary) in (1..).zip(summaries) {
        let summary = summary
            .map_err(|error| anyhow!("benchmark {number}: {error}"))
            .hint(
                "the file may be cut short, or of a version of gungraun that writes another schema",
            )?;
        let subject = match &summary.id {
            Some(id) => format!("{} {id}", summary.module_path),
            None => summary.module_path.clone(),
        };
        if sheet.provenance().started_at.is_none() {
            let at = summary.started_at.as_deref();
            sheet.provenance().started_at = at.and_then(|at| at.parse().ok());
        }
        for profile in &summary.profiles {
            if profile.tool == "Callgrind" {
                profile
                    .record(&subject, &mut sheet)
                    .with_context(|| format!("benchmark {number} (`{subject}`)"))?;
            }
        }
    }
    sheet.run()
}

impl Profile {
    fn record(&self, subject: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let metrics: BTreeMap<String, Metric> =
            serde_json::from_value(self.data.total.metrics.clone())
                .map_err(|error| anyhow!("its metrics: {error}"))?;
        for (name, metric) in METRICS {
            let Some(value) = metrics.get(name).and_then(|metric| metric.values.new) else {
                continue;
            };
            let figure = Figure {
                subject,
                metric,
                unit: Unit::none(),
                better: Better::Lower,
                // The caches are simulated, and their hits follow from where memory happened to lie.
                role: if name == "Ir" {
                    Role::Outcome
                } else {
                    Role::Fixed
                },
            };
            sheet.put(figure, Evidence::value(value))?;
        }
        Ok(())
    }
}
