//! fortio's JSON (`-json`), of HTTP and of gRPC.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times};
use crate::ingest::{endpoint, json};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "fortio",
    class: ToolClass::Load,
    forms: &[Form {
        what: "fortio's JSON",
        recognise: |head| {
            head.has_keys(&["RunType", "DurationHistogram"])
                || head.has_keys(&["RunType", "RequestedQPS", "ActualQPS"])
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (those of `-p`; p50, p75, p90, p99, p99.9 by default)",
            resolution: "the width of the bucket that holds the quantile (1 to 5 ms with the default `-r 0.001`); the mean is exact",
            lost: "failures inside the latency",
            tested: "1.63.7",
        },
    }],
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    run_type: Option<String>,
    start_time: Option<String>,
    #[serde(rename = "RequestedQPS")]
    requested_qps: Option<String>,
    #[serde(rename = "ActualQPS")]
    actual_qps: f64,
    /// In ns, unlike every other time.
    actual_duration: f64,
    num_threads: Option<u64>,
    version: Option<String>,
    duration_histogram: Durations,
    errors_duration_histogram: Option<Counted>,
    #[serde(default)]
    ret_codes: BTreeMap<String, u64>,
    #[serde(rename = "URL")]
    url: Option<String>,
    destination: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Counted {
    count: u64,
}

/// In seconds.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Durations {
    count: u64,
    min: f64,
    max: f64,
    avg: f64,
    data: Option<Vec<Bucket>>,
    percentiles: Option<Vec<Percentile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bucket {
    start: f64,
    end: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Percentile {
    percentile: f64,
    value: f64,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::document(text)?;
    let durations = &output.duration_histogram;
    let mut sheet = Sheet::new("fortio", output.version.as_deref());
    sheet.provenance().started_at = output.start_time.as_deref().and_then(|at| at.parse().ok());
    sheet.lasted(output.actual_duration / 1e9);
    if let Some(threads) = output.num_threads {
        sheet.asked("connections", threads);
    }
    let rate = output
        .requested_qps
        .as_deref()
        .and_then(|qps| qps.parse::<f64>().ok())
        .filter(|qps| *qps > 0.0);
    if let Some(rate) = rate {
        sheet.asked("rate", format!("{rate}/s"));
    }
    let ms = |seconds: f64| seconds * 1e3;
    // Quantiles are worked out inside a bucket: they are as coarse as it is wide.
    let step = |value: f64| {
        let buckets = durations.data.iter().flatten();
        let width = buckets
            .filter(|b| b.start <= value && value <= b.end)
            .map(|b| b.end - b.start);
        ms(width.fold(0.0, f64::max))
    };
    let spread = Spread {
        points: durations
            .percentiles
            .iter()
            .flatten()
            .map(|p| (p.percentile / 100.0, ms(p.value), step(p.value)))
            .collect(),
        n: durations.count,
        moments: Moments {
            mean: Some(ms(durations.avg)),
            min: Some(ms(durations.min)),
            max: Some(ms(durations.max)),
        },
    };
    let is_good = |code: &str| match code.parse::<u16>() {
        Ok(status) => (200..400).contains(&status),
        Err(_) => matches!(code, "SERVING" | "OK"),
    };
    let failed: u64 = output
        .ret_codes
        .iter()
        .filter(|(code, _)| !is_good(code))
        .map(|(_, n)| n)
        .sum();
    let failures = output
        .errors_duration_histogram
        .map_or(0, |errors| errors.count)
        .max(failed);
    let address = output.url.or(output.destination).unwrap_or_default();
    let subject = match output.run_type.as_deref() {
        Some("HTTP") if !address.is_empty() => endpoint::path(&address).to_owned(),
        Some(kind) if kind.starts_with("GRPC") => kind.to_owned(),
        _ => ALL_REQUESTS.to_owned(),
    };
    let throughput = match rate {
        Some(_) => Throughput::fixed(output.actual_qps),
        None => Throughput::outcome(output.actual_qps),
    };
    sheet.requests(Requests {
        subject: &subject,
        role: Role::Outcome,
        requests: durations.count,
        failures,
        latency: Latency::All(Times::ms(spread.evidence()?)),
        throughput: Some(throughput),
    })?;
    sheet.run()
}
