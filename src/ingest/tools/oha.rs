//! oha: the records of `--output-format csv`, the JSON, and the text.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times};
use crate::ingest::source::{End, ResultBytes};
use crate::ingest::{json, quantity};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "oha",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "oha's CSV (`--output-format csv`)",
            recognise: |head| {
                head.starts_with("request-start,DNS,DNS+dialup,Response-delay,request-duration")
            },
            read: Read::Stream(csv),
            facts: Facts {
                evidence: "histogram",
                resolution: "none",
                lost: "its version, the address, the connections, and requests that got no answer",
                tested: "1.14, 1.16",
            },
        },
        Form {
            what: "oha's JSON",
            recognise: |head| head.has_keys(&["summary", "responseTimeHistogram"]),
            read: Read::Whole(document),
            facts: Facts {
                evidence: "quantiles (p10 to p99.99)",
                resolution: "none",
                lost: "its version, the address, the connections, failures inside the latency",
                tested: "1.14, 1.16",
            },
        },
        Form {
            what: "oha's text",
            recognise: |head| head.has_line("Success rate:") && head.has_line("Requests/sec:"),
            read: Read::Whole(text),
            facts: Facts {
                evidence: "quantiles (p10 to p99.99)",
                resolution: "four decimals of ms or s",
                lost: "its version, the address, the connections, failures inside the latency",
                tested: "1.14, 1.16",
            },
        },
    ],
};

/// What a run of a given time leaves in flight is no failure of the service.
const DEADLINE: &str = "aborted due to deadline";

fn csv(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("oha", None);
    sheet.warn("oha's CSV leaves out requests that got no answer: errors are those with a status of 400 and above");
    let kind = RecordConventions {
        step_ms: 0.0,
        rate_is_fixed: false,
        epoch: false,
    };
    records::read(*source, options, kind, each)?.write(&mut sheet)?;
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b',', |line, record| {
        if line == 1 {
            return Ok(());
        }
        let row = Row::of(record);
        if row.len() != 7 {
            bail!("it has {} columns, and the header 7", row.len());
        }
        let seconds: f64 = row.number(4, "response time")?;
        let status: u16 = row.number(6, "status")?;
        let reason = format!("status {status}");
        sink(&Record {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            start_s: Some(row.number(0, "time")?),
            ms: seconds * 1e3,
            failed: (status >= 400).then_some(&reason),
        })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    summary: Summary,
    /// In seconds; null where nothing was answered.
    latency_percentiles: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    status_code_distribution: BTreeMap<String, u64>,
    #[serde(default)]
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total: f64,
    slowest: Option<f64>,
    fastest: Option<f64>,
    average: Option<f64>,
    requests_per_sec: Option<f64>,
}

/// What both summaries say.
#[derive(Default)]
struct Seen {
    seconds: Option<f64>,
    /// All in ms.
    moments: Moments,
    points: Vec<(f64, f64, f64)>,
    per_second: Option<f64>,
    statuses: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
}

fn document(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::document(text)?;
    let ms = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1e3);
    let mut seen = Seen {
        seconds: Some(output.summary.total),
        moments: Moments {
            mean: ms(output.summary.average),
            min: ms(output.summary.fastest),
            max: ms(output.summary.slowest),
        },
        per_second: output.summary.requests_per_sec,
        errors: output.error_distribution,
        ..Seen::default()
    };
    for (key, seconds) in &output.latency_percentiles {
        let percent = key.trim_start_matches('p').parse::<f64>();
        if let (Ok(percent), Some(ms)) = (percent, ms(*seconds)) {
            seen.points.push((percent / 100.0, ms, 0.0));
        }
    }
    for (status, n) in &output.status_code_distribution {
        let status = status
            .parse()
            .map_err(|_| anyhow!("`{status}` is no status"))?;
        seen.statuses.insert(status, *n);
    }
    seen.run()
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut seen = Seen::default();
    let mut section = String::new();
    for line in text.lines() {
        let line = without_colours(line);
        let line = line.trim();
        if line == "Summary:" && seen.seconds.is_some() {
            return Err(anyhow!("it holds the output of more than one run of oha"))
                .hint("write each run to a file of its own");
        }
        if line.ends_with(':') {
            line.clone_into(&mut section);
        } else {
            seen.line(&section, line);
        }
    }
    seen.run()
}

/// oha writes its colours into files too.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

impl Seen {
    fn line(&mut self, section: &str, line: &str) {
        let time = |text: &str| quantity::time(text);
        if let Some((key, value)) = line.split_once(':')
            && section == "Summary:"
        {
            let ms = time(value).map(|time| time.ms().0);
            match key.trim() {
                "Total" => self.seconds = time(value).map(|time| time.ns / 1e9),
                "Slowest" => self.moments.max = ms,
                "Fastest" => self.moments.min = ms,
                "Average" => self.moments.mean = ms,
                "Requests/sec" => self.per_second = value.trim().parse().ok(),
                _ => {}
            }
            return;
        }
        match section {
            "Response time distribution:" => {
                let Some((share, value)) = line.split_once(" in ") else {
                    return;
                };
                let share = share.trim().trim_end_matches('%').parse::<f64>();
                if let (Ok(share), Some(time)) = (share, time(value)) {
                    let (ms, step) = time.ms();
                    self.points.push((share / 100.0, ms, step));
                }
            }
            "Status code distribution:" | "Error distribution:" => {
                let Some((bracketed, rest)) =
                    line.strip_prefix('[').and_then(|rest| rest.split_once(']'))
                else {
                    return;
                };
                let rest = rest.trim();
                if section.starts_with("Status") {
                    let n = rest.split(' ').next().and_then(|n| n.parse().ok());
                    if let (Ok(status), Some(n)) = (bracketed.parse(), n) {
                        self.statuses.insert(status, n);
                    }
                } else if let Ok(n) = bracketed.parse() {
                    self.errors.insert(rest.to_owned(), n);
                }
            }
            _ => {}
        }
    }

    fn run(self) -> anyhow::Result<Run> {
        let answered: u64 = self.statuses.values().sum();
        let bad: u64 = self
            .statuses
            .iter()
            .filter(|(s, _)| **s >= 400)
            .map(|(_, n)| n)
            .sum();
        let unanswered = self
            .errors
            .iter()
            .filter(|(error, _)| error.as_str() != DEADLINE);
        let unanswered: u64 = unanswered.map(|(_, n)| n).sum();
        if answered + unanswered == 0 {
            return Err(anyhow!("it does not say how many requests there were"))
                .hint("the output may be cut short: it ends with the status codes");
        }
        let mut sheet = Sheet::new("oha", None);
        if let Some(seconds) = self.seconds {
            sheet.lasted(seconds);
        }
        for (error, n) in self
            .errors
            .iter()
            .filter(|(error, _)| error.as_str() != DEADLINE)
            .take(3)
        {
            sheet.warn(format!(
                "{n} requests failed with {}",
                records::shortened(error)
            ));
        }
        let latency = if self.points.is_empty() || answered == 0 {
            Latency::Absent
        } else {
            let spread = Spread {
                points: self.points,
                n: answered,
                moments: self.moments,
            };
            let times = Times::ms(spread.evidence()?);
            if bad == 0 {
                Latency::Successes(times)
            } else {
                Latency::All(times)
            }
        };
        sheet.requests(Requests {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            requests: answered + unanswered,
            failures: bad + unanswered,
            latency,
            throughput: self
                .per_second
                .filter(|_| answered > 0)
                .map(Throughput::outcome),
        })?;
        sheet.run()
    }
}
