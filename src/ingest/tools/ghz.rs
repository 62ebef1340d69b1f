//! ghz's JSON: a summary, with each call in `details`; and its CSV (`-O csv`): one row for each call.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::records::{self, Record, RecordConventions, Recorder, Sink, shortened};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{Latency, Requests, Sheet, Spread, Throughput, Times, agree, count};
use crate::ingest::source::{End, ResultBytes};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "ghz",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "ghz's JSON",
            recognise: |head| {
                head.has_keys(&["options", "count", "average", "fastest"])
                    || head.is_json()
                        && head.text().contains("\"endReason\"")
                        && head.text().contains("\"load-schedule\"")
            },
            read: Read::Whole(parse),
            facts: Facts {
                evidence: "histogram of the calls in `details`; quantiles where they are left out",
                resolution: "none",
                lost: "its version",
                tested: "0.93",
            },
        },
        Form {
            what: "ghz's CSV (`-O csv`)",
            recognise: |head| head.starts_with(HEADER),
            read: Read::Stream(csv),
            facts: Facts {
                evidence: "histogram",
                resolution: "0.01 ms",
                lost: "its version, the call, when calls were made, so the throughput; a warm-up cannot be cut: prefer its JSON",
                tested: "0.93",
            },
        },
    ],
};

const HEADER: &str = "duration (ms),status,error";
const ALL_CALLS: &str = "all calls";
/// More calls are counted and not listed (`maxResult` of ghz's `runner/reporter.go`).
const MOST_DETAILS: usize = 1_000_000;

#[derive(Deserialize)]
struct Output {
    date: Option<String>,
    #[serde(default)]
    options: Options,
    count: u64,
    /// In ns, as everything else.
    total: f64,
    average: f64,
    fastest: f64,
    slowest: f64,
    #[serde(rename = "errorDistribution")]
    errors: Option<BTreeMap<String, u64>>,
    #[serde(rename = "statusCodeDistribution")]
    statuses: Option<BTreeMap<String, u64>>,
    #[serde(rename = "latencyDistribution")]
    latencies: Option<Vec<Percentile>>,
    details: Option<Vec<Call>>,
}

#[derive(Default, Deserialize)]
struct Options {
    call: Option<String>,
    rps: Option<f64>,
    concurrency: Option<u64>,
    connections: Option<u64>,
    /// In ns; 0 where a number of calls was asked for.
    #[serde(default)]
    duration: f64,
    /// Of calls; the largest number that there is where a time was asked for.
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Percentile {
    percentage: f64,
    latency: f64,
}

#[derive(Deserialize)]
struct Call {
    latency: f64,
    #[serde(default)]
    error: String,
    #[serde(default)]
    status: String,
}

/// A run of a given time ends with calls in flight, which the client cancels itself.
fn is_end_of_run(error: &str) -> bool {
    error.contains("the client connection is closing")
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::document(text)?;
    let mut sheet = Sheet::new("ghz", None);
    sheet.provenance().started_at = output.date.as_deref().and_then(|at| at.parse().ok());
    sheet.lasted(output.total / 1e9);
    if output.options.duration > 0.0 {
        sheet.asked_to_last(output.options.duration / 1e9, output.total / 1e9);
    } else if let Some(asked) = output.options.total.filter(|asked| output.count < *asked) {
        sheet.warn(format!(
            "it made {} of the {asked} calls that were asked for",
            output.count
        ));
        sheet.provenance().partial = true;
    }
    let rate = output.options.rps.filter(|rate| *rate > 0.0);
    for (term, value) in [
        ("concurrency", output.options.concurrency),
        ("connections", output.options.connections),
    ] {
        if let Some(value) = value {
            sheet.asked(term, value);
        }
    }
    if let Some(rate) = rate {
        sheet.asked("rate", format!("{rate}/s"));
    }
    let errors = output.errors.clone().unwrap_or_default();
    let forgiven: u64 = errors
        .iter()
        .filter(|(error, _)| is_end_of_run(error))
        .map(|(_, n)| n)
        .sum();
    for (error, n) in errors
        .iter()
        .filter(|(error, _)| !is_end_of_run(error))
        .take(3)
    {
        sheet.warn(format!("{n} calls failed with {}", shortened(error)));
    }
    let statuses = output.statuses.clone().unwrap_or_default();
    let good = statuses.get("OK").copied().unwrap_or(0);
    let all = output.count;
    if !statuses.is_empty() {
        let sum = statuses.values().copied().fold(0, u64::saturating_add);
        agree(
            ("the sum of `statusCodeDistribution`", sum),
            ("`count`", all),
        )?;
    }
    let failures = all.saturating_sub(good).saturating_sub(forgiven);
    let requests = all.saturating_sub(forgiven);
    if requests == 0 {
        return Err(anyhow!("no call was made"))
            .hint("look at what ghz printed: did it reach the service?");
    }
    let subject = output.options.call.as_deref().unwrap_or(ALL_CALLS);
    match &output.details {
        Some(calls) if calls.len() == MOST_DETAILS => sheet.warn(format!(
            "`{subject}`: latency is of the first {MOST_DETAILS} of {all} calls, which is what ghz keeps"
        )),
        Some(calls) if !calls.is_empty() => {
            sheet.holds(subject, (calls.len(), all), "calls in `details`")?;
        }
        _ => {}
    }
    let latency = output.latency(good)?;
    let per_second = count(requests) / (output.total / 1e9);
    let throughput = if rate.is_some() {
        Throughput::fixed(per_second)
    } else {
        Throughput::outcome(per_second)
    };
    sheet.requests(Requests {
        subject,
        role: Role::Outcome,
        requests,
        failures,
        latency,
        throughput: per_second.is_finite().then_some(throughput),
    })?;
    sheet.run()
}

impl Output {
    fn latency(&self, good: u64) -> anyhow::Result<Latency> {
        if let Some(calls) = self.details.as_ref().filter(|calls| !calls.is_empty()) {
            let mut recorder = Recorder::new()?;
            for call in calls {
                let ok = call.error.is_empty() && matches!(call.status.as_str(), "OK" | "");
                if ok {
                    recorder.add_ms(call.latency / 1e6)?;
                }
            }
            return Ok(match recorder.evidence(0.0)? {
                Some(evidence) => Latency::Successes(Times::ms(evidence)),
                None => Latency::Absent,
            });
        }
        let ms = |ns: f64| ns / 1e6;
        let Some(points) = self.latencies.as_ref().filter(|_| good > 0) else {
            return Ok(Latency::Absent);
        };
        let spread = Spread {
            points: points
                .iter()
                .map(|p| (p.percentage / 100.0, ms(p.latency), 0.0))
                .collect(),
            n: good,
            moments: Moments {
                // The mean holds failed calls, and nothing else does.
                mean: (good == self.count).then(|| ms(self.average)),
                min: Some(ms(self.fastest)),
                max: Some(ms(self.slowest)),
            },
        };
        Ok(Latency::Successes(Times::ms(spread.evidence()?)))
    }
}

fn csv(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let kind = RecordConventions {
        step_ms: 0.01,
        rate_is_fixed: false,
        epoch: false,
    };
    let mut sheet = Sheet::new("ghz", None);
    records::read(*source, options, kind, each)?.write(&mut sheet)?;
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b',', |_, record| {
        let row = Row::of(record);
        if row.len() != 3 {
            bail!("it has {} columns, and not 3", row.len());
        }
        let (status, error) = (row.text(1)?, row.text(2)?);
        if status == "status" || is_end_of_run(error) {
            return Ok(());
        }
        let failed = match (status, error) {
            ("OK" | "", "") => None,
            (status, "") => Some(status),
            (_, error) => Some(error),
        };
        sink(&Record {
            subject: ALL_CALLS,
            role: Role::Outcome,
            start_s: None,
            ms: row.number(0, "time in ms")?,
            failed,
        })
    })
}
