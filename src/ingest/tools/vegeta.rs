//! vegeta: encoded results (`vegeta encode -to json|csv`), and the report in JSON.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use csv::ByteRecord;
use serde::Deserialize;

use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::records::{self, EachRecord, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree, count,
};
use crate::ingest::source::{End, ResultBytes};
use crate::ingest::{endpoint, json};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "vegeta",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "vegeta's results as JSON (`vegeta encode -to json`)",
            recognise: |head| {
                head.has_keys(&[
                    "attack",
                    "seq",
                    "code",
                    "timestamp",
                    "latency",
                    "method",
                    "url",
                ])
            },
            read: Read::Stream(|source, options| stream(*source, options, each_json)),
            facts: RECORDS,
        },
        Form {
            what: "vegeta's results as CSV (`vegeta encode -to csv`)",
            recognise: is_csv,
            read: Read::Stream(|source, options| stream(*source, options, each_csv)),
            facts: RECORDS,
        },
        Form {
            what: "vegeta's report (`vegeta report -type json`)",
            recognise: |head| head.has_keys(&["latencies", "bytes_in", "earliest", "success"]),
            read: Read::Whole(report),
            facts: Facts {
                evidence: "quantiles (p50, p90, p95, p99)",
                resolution: "1 ns; the percentiles are estimates, up to 1 % off",
                lost: "its version, the endpoints, how often which error occurred, failures inside the latency",
                tested: "12.8, 12.12, 12.13",
            },
        },
    ],
};

const RECORDS: Facts = Facts {
    evidence: "histogram",
    resolution: "none",
    lost: "its version, the rate that was asked for; an endpoint is method and path, ids included",
    tested: "12.8, 12.12, 12.13",
};

/// Twelve columns and no header: time in ns, status, latency in ns.
fn is_csv(head: &Head<'_>) -> bool {
    let Some(line) = head.lines().find(|line| !line.trim().is_empty()) else {
        return false;
    };
    let mut cells = line.split(',');
    let is_number = |cell: Option<&str>, length: std::ops::RangeInclusive<usize>| {
        cell.is_some_and(|cell| {
            length.contains(&cell.len()) && cell.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    is_number(cells.next(), 18..=20)
        && is_number(cells.next(), 1..=3)
        && is_number(cells.next(), 1..=16)
        && is_number(cells.next(), 1..=16)
        && is_number(cells.next(), 1..=16)
        && cells.count() >= 7
}

fn stream(source: ResultBytes<'_>, options: &ReadOptions, each: EachRecord) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("vegeta", None);
    let kind = RecordConventions {
        step_ms: 0.0,
        rate_is_fixed: true,
        epoch: true,
    };
    records::read(source, options, kind, each)?.write(&mut sheet)?;
    sheet.run()
}

#[derive(Deserialize)]
struct Line<'a> {
    code: u16,
    #[serde(borrow)]
    timestamp: std::borrow::Cow<'a, str>,
    latency: f64,
    #[serde(borrow)]
    error: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    url: std::borrow::Cow<'a, str>,
}

/// What a result says, whichever encoding it is in.
struct Hit<'a> {
    start_s: f64,
    code: u16,
    ns: f64,
    error: &'a str,
    method: &'a str,
    url: &'a str,
}

impl Hit<'_> {
    fn give(&self, sink: &mut dyn FnMut(&Record<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let status;
        let failed = if (200..400).contains(&self.code) {
            None
        } else if self.code == 0 && !self.error.is_empty() {
            Some(self.error)
        } else {
            status = format!("status {}", self.code);
            Some(status.as_str())
        };
        sink(&Record {
            subject: &endpoint::named(self.method, self.url),
            role: Role::Outcome,
            start_s: Some(self.start_s),
            ms: self.ns / 1e6,
            failed,
        })
    }
}

fn each_json(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    source.each_line(|_, line| {
        let line: Line<'_> = json::line(line)?;
        let at: jiff::Timestamp = line
            .timestamp
            .parse()
            .with_context(|| format!("`{:.40}` is no time", line.timestamp))?;
        Hit {
            start_s: at.as_duration().as_secs_f64(),
            code: line.code,
            ns: line.latency,
            error: &line.error,
            method: &line.method,
            url: &line.url,
        }
        .give(sink)
    })
}

fn each_csv(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b',', |_, record: &ByteRecord| {
        let row = Row::of(record);
        if row.len() < 11 {
            bail!("it has {} columns, and not 12", row.len());
        }
        let ns: f64 = row.number(0, "time in ns")?;
        Hit {
            start_s: ns / 1e9,
            code: row.number(1, "status")?,
            ns: row.number(2, "latency in ns")?,
            error: row.text(5)?,
            method: row.text(9)?,
            url: row.text(10)?,
        }
        .give(sink)
    })
}

#[derive(Deserialize)]
struct Report {
    latencies: Latencies,
    earliest: String,
    /// In ns, of the attack alone; the last answer came `wait` later.
    duration: f64,
    wait: f64,
    requests: u64,
    rate: f64,
    status_codes: BTreeMap<String, u64>,
    success: Option<f64>,
    #[serde(default)]
    errors: Vec<String>,
}

#[derive(Deserialize)]
struct Latencies {
    mean: f64,
    #[serde(rename = "50th")]
    p50: f64,
    #[serde(rename = "90th")]
    p90: Option<f64>,
    #[serde(rename = "95th")]
    p95: f64,
    #[serde(rename = "99th")]
    p99: f64,
    max: f64,
    min: Option<f64>,
}

fn report(text: &str) -> anyhow::Result<Run> {
    let report: Report = json::document(text)?;
    let mut sheet = Sheet::new("vegeta", None);
    sheet.provenance().started_at = report.earliest.parse().ok();
    sheet.lasted((report.duration + report.wait) / 1e9);
    let succeeded = |code: &str| {
        code.parse::<u16>()
            .is_ok_and(|code| (200..400).contains(&code))
    };
    let counted: u64 = report.status_codes.values().sum();
    let requests = ("`requests`", report.requests);
    agree(("the sum of `status_codes`", counted), requests)?;
    let failures = report
        .status_codes
        .iter()
        .filter(|(code, _)| !succeeded(code));
    let failures: u64 = failures.map(|(_, n)| n).sum();
    if let Some(success) = report.success {
        let good = count(counted.saturating_sub(failures));
        // It is a share of all requests, rounded by nothing.
        if (success * count(counted) - good).abs() > 0.5 {
            bail!(
                "`success` is {success}, and by `status_codes` {good} of {counted} requests succeeded"
            );
        }
    }
    for error in report.errors.iter().take(3) {
        sheet.warn(format!(
            "requests failed with {}",
            records::shortened(error)
        ));
    }
    let ms = |ns: f64| ns / 1e6;
    let latencies = report.latencies;
    let points = [
        (0.5, Some(latencies.p50)),
        (0.9, latencies.p90),
        (0.95, Some(latencies.p95)),
        (0.99, Some(latencies.p99)),
    ];
    let spread = Spread {
        points: points
            .into_iter()
            .filter_map(|(share, ns)| Some((share, ms(ns?), 0.0)))
            .collect(),
        n: report.requests,
        moments: Moments {
            mean: Some(ms(latencies.mean)),
            min: latencies.min.map(ms),
            max: Some(ms(latencies.max)),
        },
    };
    if report.requests == 0 {
        bail!("no request was made");
    }
    sheet.warn("one number for all endpoints hides which of them changed: `vegeta encode -to json` tells them apart");
    sheet.requests(Requests {
        subject: ALL_REQUESTS,
        role: Role::Outcome,
        requests: report.requests,
        failures,
        latency: Latency::All(Times::ms(spread.evidence()?)),
        throughput: Some(Throughput::fixed(report.rate)),
    })?;
    sheet.run()
}
