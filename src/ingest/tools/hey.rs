//! hey: the records of `-o csv`, and its text.

use std::io::Read as _;

use anyhow::{anyhow, bail};

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times};
use crate::ingest::source::{End, ResultBytes};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "hey",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "hey's CSV (`-o csv`)",
            recognise: |head| head.starts_with(HEADER),
            read: Read::Stream(csv),
            facts: Facts {
                evidence: "histogram",
                resolution: "0.1 ms",
                lost: "its version, the address, the connections, and requests that got no answer",
                tested: "0.1.4, 0.1.5",
            },
        },
        Form {
            what: "hey's text",
            recognise: |head| {
                head.has_line("Response time histogram:")
                    && head.has_line("Details (average, fastest, slowest):")
                    // oha, which prints much the same.
                    && !head.has_line("Success rate:")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "quantiles (p10, p25, p50, p75, p90, p95, p99)",
                resolution: "0.1 ms",
                lost: "its version, the address, the connections, failures inside the latency",
                tested: "0.1.4, 0.1.5",
            },
        },
    ],
};

const HEADER: &str =
    "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset";
/// Seconds with four decimals.
const STEP_MS: f64 = 0.1;

fn csv(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut start = String::new();
    source.open()?.take(4096).read_to_string(&mut start).ok();
    if start.lines().filter(|line| !line.trim().is_empty()).count() == 1 {
        return Err(anyhow!("it holds no request"))
            .hint("hey leaves failed requests out of its CSV: none was answered");
    }
    let mut sheet = Sheet::new("hey", None);
    sheet.warn("hey's CSV leaves out requests that got no answer: errors are those with a status of 400 and above");
    let kind = RecordConventions {
        step_ms: STEP_MS,
        rate_is_fixed: false,
        epoch: false,
    };
    let records = records::read(*source, options, kind, each)?;
    records.write(&mut sheet)?;
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b',', |line, record| {
        if line == 1 {
            return Ok(());
        }
        let row = Row::of(record);
        if row.len() != 8 {
            bail!("it has {} columns, and the header 8", row.len());
        }
        let seconds: f64 = row.number(0, "response time")?;
        let status: u16 = row.number(6, "status")?;
        let reason = format!("status {status}");
        sink(&Record {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            start_s: Some(row.number(7, "offset")?),
            ms: seconds * 1e3,
            failed: (status >= 400).then_some(&reason),
        })
    })
}

#[derive(Default)]
struct Seen {
    total_s: Option<f64>,
    slowest: Option<f64>,
    fastest: Option<f64>,
    average: Option<f64>,
    per_second: Option<f64>,
    points: Vec<(f64, f64, f64)>,
    answered: u64,
    bad_status: u64,
    without_answer: u64,
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut seen = Seen::default();
    let mut section = "";
    for line in text.lines() {
        let line = line.trim();
        if line == "Summary:" && seen.total_s.is_some() {
            return Err(anyhow!("it holds the output of more than one run of hey"))
                .hint("write each run to a file of its own");
        }
        if line.ends_with(':') {
            section = line;
        } else {
            seen.line(section, line);
        }
    }
    seen.run()
}

impl Seen {
    fn line(&mut self, section: &str, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ms = |text: &str| {
            let seconds: Option<f64> = text.parse().ok();
            seconds.filter(|s| s.is_finite()).map(|s| s * 1e3)
        };
        let bracketed = |text: &str| {
            text.trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned()
        };
        match (section, words.as_slice()) {
            ("Summary:", ["Total:", s, "secs"]) => self.total_s = s.parse().ok(),
            ("Summary:", ["Slowest:", s, "secs"]) => self.slowest = ms(s),
            ("Summary:", ["Fastest:", s, "secs"]) => self.fastest = ms(s),
            ("Summary:", ["Average:", s, "secs"]) => self.average = ms(s),
            ("Summary:", ["Requests/sec:", n]) => self.per_second = n.parse().ok(),
            // 0.1.5 prints the percent sign twice.
            ("Latency distribution:", [share, "in", s, "secs"]) => {
                let share = share.trim_end_matches('%').parse::<f64>();
                // With few requests it prints `0% in 0.0000 secs` for percentiles that it does not have.
                if let (Ok(share), Some(ms)) = (share, ms(s))
                    && share > 0.0
                {
                    self.points.push((share / 100.0, ms, STEP_MS));
                }
            }
            ("Status code distribution:", [status, n, "responses"]) => {
                let n: u64 = n.parse().unwrap_or(0);
                self.answered = self.answered.saturating_add(n);
                if bracketed(status).parse::<u16>().is_ok_and(|s| s >= 400) {
                    self.bad_status = self.bad_status.saturating_add(n);
                }
            }
            ("Error distribution:", [n, ..]) if n.starts_with('[') => {
                let n: u64 = bracketed(n).parse().unwrap_or(0);
                self.without_answer = self.without_answer.saturating_add(n);
            }
            _ => {}
        }
    }

    fn run(self) -> anyhow::Result<Run> {
        let requests = self.answered.saturating_add(self.without_answer);
        if requests == 0 {
            return Err(anyhow!("it does not say how many requests there were"))
                .hint("the output may be cut short: it ends with the `Status code distribution`");
        }
        let mut sheet = Sheet::new("hey", None);
        if let Some(seconds) = self.total_s {
            sheet.lasted(seconds);
        }
        let latency = if self.answered == 0 {
            Latency::Absent
        } else {
            let spread = Spread {
                points: self.points,
                n: self.answered,
                moments: Moments {
                    mean: self.average,
                    min: self.fastest,
                    max: self.slowest,
                },
            };
            let times = Times::ms(spread.evidence()?);
            if self.bad_status > 0 {
                Latency::All(times)
            } else {
                Latency::Successes(times)
            }
        };
        // Its rate counts requests that were refused at once.
        let rate = self.per_second.filter(|_| self.answered > 0);
        sheet.requests(Requests {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            requests,
            failures: self.bad_status.saturating_add(self.without_answer),
            latency,
            throughput: rate.map(Throughput::outcome),
        })?;
        sheet.run()
    }
}
