//! fortio's JSON (`-json`), of HTTP and of gRPC, and its text.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree,
};
use crate::ingest::{endpoint, json, quantity};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "fortio",
    class: ToolClass::Load,
    forms: &[
        Form {
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
        },
        Form {
            what: "fortio's text",
            recognise: |head| {
                !head.is_json() && head.has_line(TIMES) && head.has_line("Error cases : count ")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "the mean (its percentiles are as coarse as buckets that it does not print: use `-json`)",
                resolution: "1 ns",
                lost: "failures inside the latency; the percentiles; when it began; the method of gRPC",
                tested: "1.63.7",
            },
        },
    ],
};

const TIMES: &str = "Aggregated Function Time : count ";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    run_type: Option<String>,
    start_time: Option<String>,
    #[serde(rename = "RequestedQPS")]
    requested_qps: Option<String>,
    /// A time, or `exactly 100 calls`.
    requested_duration: Option<String>,
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
    count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Percentile {
    percentile: f64,
    value: f64,
}

fn is_good(code: &str) -> bool {
    match code.parse::<u16>() {
        Ok(status) => (200..400).contains(&status),
        Err(_) => matches!(code, "SERVING" | "OK"),
    }
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::document(text)?;
    let durations = &output.duration_histogram;
    let mut sheet = Sheet::new("fortio", output.version.as_deref());
    sheet.provenance().started_at = output.start_time.as_deref().and_then(|at| at.parse().ok());
    sheet.lasted(output.actual_duration / 1e9);
    let asked = output.requested_duration.as_deref();
    if let Some(asked) = asked.and_then(quantity::time) {
        sheet.asked_to_last(asked.ns / 1e9, output.actual_duration / 1e9);
    }
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
    let counted = ("`Count`", durations.count);
    if let Some(buckets) = &durations.data {
        let sum = buckets.iter().map(|bucket| bucket.count);
        let sum = sum.fold(0, u64::saturating_add);
        agree(("the sum of its buckets", sum), counted)?;
    }
    if !output.ret_codes.is_empty() {
        let sum = output.ret_codes.values().copied();
        let sum = sum.fold(0, u64::saturating_add);
        agree(("the sum of `RetCodes`", sum), counted)?;
    }
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

/// What the lines of its text say.
#[derive(Default)]
struct Said<'a> {
    version: Option<&'a str>,
    rate: Option<f64>,
    address: &'a str,
    /// Count, mean, smallest and largest.
    times: Option<(u64, [f64; 3])>,
    errors: u64,
    /// Those of statuses that are no success.
    failed: u64,
    grpc: Option<&'a str>,
    qps: Option<f64>,
}

impl<'a> Said<'a> {
    fn line(&mut self, line: &'a str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |text: &str| quantity::number(text).map(|(value, _)| value);
        let times = |n: &str, avg: &str, min: &str, max: &str| {
            let times = [number(avg)?, number(min)?, number(max)?];
            Some((n.parse().ok()?, times))
        };
        match words.as_slice() {
            ["Fortio", version, "running", "at", rate, ..] => {
                self.version = Some(version);
                self.rate = number(rate).filter(|rate| *rate > 0.0);
                self.address = words.last().copied().unwrap_or_default();
            }
            [
                "Aggregated",
                "Function",
                "Time",
                ":",
                "count",
                n,
                "avg",
                avg,
                "+/-",
                _,
                "min",
                min,
                "max",
                max,
                ..,
            ] => self.times = times(n, avg, min, max),
            ["Error", "cases", ":", "count", n, ..] => self.errors = n.parse().unwrap_or(0),
            ["Code", code, ":", n, ..] => self.count(code, n),
            [kind @ ("Ping" | "Health"), code, ":", n, ..] => {
                self.grpc = Some(kind);
                self.count(code, n);
            }
            ["All", "done", .., qps, "qps"] => self.qps = number(qps),
            _ => {}
        }
    }

    fn count(&mut self, code: &str, n: &str) {
        if !is_good(code) {
            self.failed = self.failed.saturating_add(n.parse().unwrap_or(0));
        }
    }
}

fn text(text: &str) -> anyhow::Result<Run> {
    let starts = text.lines().filter(|line| line.starts_with(TIMES)).count();
    if starts > 1 {
        return Err(anyhow!(
            "it holds the output of more than one run of fortio"
        ))
        .hint("write each run to a file of its own");
    }
    let mut said = Said::default();
    text.lines().for_each(|line| said.line(line));
    let (requests, [mean, min, max]) = said
        .times
        .context("it has no `Aggregated Function Time`")
        .hint("fortio stopped: look at what it printed")?;
    let mut sheet = Sheet::new("fortio", said.version);
    if let Some(rate) = said.rate {
        sheet.asked("rate", format!("{rate}/s"));
    }
    let spread = Spread {
        points: Vec::new(),
        n: requests,
        moments: Moments {
            mean: Some(mean * 1e3),
            min: Some(min * 1e3),
            max: Some(max * 1e3),
        },
    };
    let subject = match said.grpc {
        Some(kind) => format!("GRPC {kind}"),
        None if said.address.contains("://") => endpoint::path(said.address).to_owned(),
        None => ALL_REQUESTS.to_owned(),
    };
    let latency = match requests {
        0 => Latency::Absent,
        _ => Latency::All(Times::ms(spread.evidence()?)),
    };
    sheet.requests(Requests {
        subject: &subject,
        role: Role::Outcome,
        requests,
        failures: said.errors.max(said.failed),
        latency,
        throughput: said.qps.map(|qps| match said.rate {
            Some(_) => Throughput::fixed(qps),
            None => Throughput::outcome(qps),
        }),
    })?;
    sheet.warn("fortio's text rounds its percentiles to buckets that it does not print: they are left out. Let it write `-json FILE`");
    sheet.run()
}
