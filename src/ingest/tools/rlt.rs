//! The JSON of benchmarks written with the Rust library rlt (`-o json`), and the baselines that it saves.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "rlt",
    class: ToolClass::Load,
    forms: &[Form {
        what: "rlt's JSON",
        recognise: |head| {
            head.has_keys(&["summary", "status", "errors"])
                && head.text().contains("\"success_ratio\"")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p10 to p99.99)",
            resolution: "three digits",
            lost: "the address, failures inside the latency; the version, but in saved baselines",
            tested: "0.5.0",
        },
    }],
};

#[derive(Deserialize)]
struct Output {
    metadata: Option<Metadata>,
    summary: Summary,
    /// Missing where nothing was answered.
    latency: Option<Latencies>,
    #[serde(default)]
    status: BTreeMap<String, u64>,
    #[serde(default)]
    errors: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Metadata {
    rlt_version: Option<String>,
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct Summary {
    total_time: f64,
    concurrency: Option<u64>,
    iters: Iterations,
}

#[derive(Deserialize)]
struct Iterations {
    total: u64,
    rate: f64,
}

/// In seconds.
#[derive(Deserialize)]
struct Latencies {
    stats: Stats,
    percentiles: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Stats {
    min: f64,
    max: f64,
    mean: f64,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::document(text)?;
    let metadata = output.metadata.as_ref();
    let mut sheet = Sheet::new("rlt", metadata.and_then(|m| m.rlt_version.as_deref()));
    let at = metadata.and_then(|m| m.created_at.as_deref());
    sheet.provenance().started_at = at.and_then(|at| at.parse().ok());
    sheet.lasted(output.summary.total_time);
    if let Some(concurrency) = output.summary.concurrency {
        sheet.asked("concurrency", concurrency);
    }
    let unanswered: u64 = output.errors.values().sum();
    for (error, n) in output.errors.iter().take(3) {
        sheet.warn(format!("{n} iterations failed with {}", shortened(error)));
    }
    let completed = output.summary.iters.total;
    if completed == 0 && unanswered == 0 {
        return Err(anyhow!("no iteration was made")).hint("look at what the benchmark printed");
    }
    let bad = output
        .status
        .iter()
        .filter(|(status, _)| !status.starts_with("Success"));
    let bad: u64 = bad.map(|(_, n)| n).sum();
    if !output.status.is_empty() {
        let sum = output.status.values().copied();
        let sum = sum.fold(0, u64::saturating_add);
        agree(("the sum of `status`", sum), ("`iters.total`", completed))?;
    }
    let latency = match &output.latency {
        None => Latency::Absent,
        Some(latencies) => {
            let ms = |seconds: f64| seconds * 1e3;
            let points = latencies.percentiles.iter().filter_map(|(key, seconds)| {
                let percent: f64 = key.strip_prefix('p')?.parse().ok()?;
                Some((percent / 100.0, ms(*seconds), 0.0))
            });
            let spread = Spread {
                points: points.collect(),
                n: completed,
                moments: Moments {
                    mean: Some(ms(latencies.stats.mean)),
                    min: Some(ms(latencies.stats.min)),
                    max: Some(ms(latencies.stats.max)),
                },
            };
            Latency::All(Times::ms(spread.evidence()?))
        }
    };
    sheet.requests(Requests {
        subject: ALL_REQUESTS,
        role: Role::Outcome,
        requests: completed.saturating_add(unanswered),
        failures: bad.min(completed).saturating_add(unanswered),
        latency,
        throughput: Some(Throughput::outcome(output.summary.iters.rate)),
    })?;
    sheet.run()
}
