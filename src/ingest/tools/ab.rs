//! ApacheBench: its text, the percentiles of `-e`, and the table of `-g`.

use anyhow::{Context, anyhow, bail};

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{
    ALL_REQUESTS, Figure, Latency, Requests, Sheet, Spread, Throughput, Times,
};
use crate::ingest::source::{End, ResultBytes};
use crate::model::evidence::Moments;
use crate::model::{Better, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "ab",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "ab's text",
            recognise: |head| {
                head.has_line("This is ApacheBench") && head.has_line("Document Path:")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "quantiles (p50, p66, p75, p80, p90, p95, p98, p99)",
                resolution: "1 ms; the mean 1 µs",
                lost: "failures inside the latency",
                tested: "2.3",
            },
        },
        Form {
            what: "ab's table of requests (`-g`)",
            recognise: |head| head.starts_with("starttime\tseconds\tctime\tdtime\tttime\twait"),
            read: Read::Stream(table),
            facts: Facts {
                evidence: "histogram",
                resolution: "1 ms",
                lost: "its version, the path, which requests failed; start times in whole seconds",
                tested: "2.3",
            },
        },
        Form {
            what: "ab's table of percentiles (`-e`)",
            recognise: |head| head.starts_with("Percentage served,Time in ms"),
            read: Read::Whole(percentiles),
            facts: Facts {
                evidence: "quantiles (p1 to p99)",
                resolution: "1 µs",
                lost: "its version, the path, the number of requests (so it is shown and not judged), failures",
                tested: "2.3",
            },
        },
    ],
};

const STEP_MS: f64 = 1.0;

#[derive(Default)]
struct Seen {
    path: Option<String>,
    version: Option<String>,
    concurrency: Option<u64>,
    seconds: Option<f64>,
    complete: Option<u64>,
    failed: u64,
    /// Answers of another length than the first: no failure by themselves.
    length: u64,
    not_2xx: u64,
    per_second: Option<f64>,
    min: Option<f64>,
    mean: Option<f64>,
    max: Option<f64>,
    points: Vec<(f64, f64, f64)>,
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut seen = Seen::default();
    for line in text.lines() {
        if line.starts_with("Document Path:") && seen.path.is_some() {
            return Err(anyhow!("it holds the output of more than one run of ab"))
                .hint("write each run to a file of its own");
        }
        seen.line(line);
    }
    seen.run()
}

impl Seen {
    fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("This is ApacheBench, Version ") {
            self.version = rest.split_whitespace().next().map(str::to_owned);
        }
        if let Some((key, value)) = line.split_once(':') {
            let first = value.split_whitespace().next().unwrap_or_default();
            match key {
                "Document Path" => self.path = Some(value.trim().to_owned()),
                "Concurrency Level" => self.concurrency = first.parse().ok(),
                "Time taken for tests" => self.seconds = first.parse().ok(),
                "Complete requests" => self.complete = first.parse().ok(),
                "Failed requests" => self.failed = first.parse().unwrap_or(0),
                "Non-2xx responses" => self.not_2xx = first.parse().unwrap_or(0),
                "Requests per second" => self.per_second = first.parse().ok(),
                // The first of two lines: that of a request.
                "Time per request" if !value.contains("across") => {
                    self.mean = first.parse().ok();
                }
                "Total" => {
                    let cells: Vec<&str> = value.split_whitespace().collect();
                    if let [min, .., max] = cells.as_slice() {
                        self.min = min.parse().ok();
                        self.max = max.parse().ok();
                    }
                }
                _ => {}
            }
            if let Some(at) = line.find("Length: ") {
                let rest = line.get(at + 8..).unwrap_or_default();
                let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
                if key.trim() == "(Connect" {
                    self.length = digits.and_then(|n| n.parse().ok()).unwrap_or(0);
                }
            }
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [share, ms, ..] = words.as_slice()
            && let Some(share) = share.strip_suffix('%')
            && let (Ok(share), Ok(ms)) = (share.parse::<f64>(), ms.parse::<f64>())
            && share < 100.0
        {
            self.points.push((share / 100.0, ms, STEP_MS));
        }
    }

    fn run(self) -> anyhow::Result<Run> {
        let path = self.path.context("there is no line `Document Path:`")?;
        let Some(complete) = self.complete else {
            return Err(anyhow!("there is no line `Complete requests:`"))
                .hint("ab was stopped, or could not connect: look at what it printed");
        };
        let mut sheet = Sheet::new("ab", self.version.as_deref());
        if let Some(concurrency) = self.concurrency {
            sheet.asked("connections", concurrency);
        }
        if let Some(seconds) = self.seconds {
            sheet.lasted(seconds);
        }
        // A page whose length varies fails by ab's count; a page that is not found does not.
        let broken = self.failed.saturating_sub(self.length);
        if self.length > 0 {
            sheet.warn(format!(
                "{} answers had another length than the first: ab calls them failed, and only their status is counted here",
                self.length
            ));
        }
        let failures = broken.saturating_add(self.not_2xx).min(complete);
        let latency = if self.points.is_empty() {
            Latency::Absent
        } else {
            let spread = Spread {
                points: self.points,
                n: complete,
                // The mean of a request is concurrency x time / requests: the time of the whole run, not of requests.
                moments: Moments {
                    mean: self.mean.filter(|_| self.concurrency == Some(1)),
                    min: self.min,
                    max: self.max,
                },
            };
            Latency::All(Times::ms(spread.evidence()?))
        };
        sheet.requests(Requests {
            subject: &path,
            role: Role::Outcome,
            requests: complete,
            failures,
            latency,
            throughput: self.per_second.map(Throughput::outcome),
        })?;
        sheet.run()
    }
}

fn table(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("ab", None);
    sheet.warn("ab's table does not say which requests failed: errors are not known, and failed requests are in the latency");
    let kind = RecordConventions {
        step_ms: STEP_MS,
        rate_is_fixed: false,
        epoch: true,
    };
    records::read(*source, options, kind, each)?
        .without_errors()
        .write(&mut sheet)?;
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b'\t', |line, record| {
        if line == 1 {
            return Ok(());
        }
        let row = Row::of(record);
        if row.len() != 6 {
            bail!("it has {} columns, and the header 6", row.len());
        }
        sink(&Record {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            start_s: Some(row.number(1, "time")?),
            ms: row.number(4, "response time")?,
            failed: None,
        })
    })
}

fn percentiles(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("ab", None);
    let mut spread = Spread {
        n: 1,
        ..Spread::default()
    };
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        // The header.
        .skip(1)
    {
        let read = || -> Option<(f64, f64)> {
            let (share, ms) = line.split_once(',')?;
            Some((share.trim().parse().ok()?, ms.trim().parse().ok()?))
        };
        let (share, ms) =
            read().with_context(|| format!("line {number}: `{line:.40}` is no percentile"))?;
        match share {
            0.0 => spread.moments.min = Some(ms),
            100.0 => spread.moments.max = Some(ms),
            share => spread.points.push((share / 100.0, ms, 0.001)),
        }
    }
    if spread.moments.max.is_none() {
        bail!("it ends before 100 %: the file is cut off");
    }
    sheet.warn("ab's table of percentiles does not say how many requests there were: it is shown and not judged. Give ab's text, or `-g`");
    let figure = Figure {
        subject: ALL_REQUESTS,
        metric: MetricName::LATENCY,
        unit: Unit::new("ms"),
        better: Better::Lower,
        role: Role::Outcome,
    };
    let evidence = spread.evidence()?;
    sheet.put(figure, Ok(evidence))?;
    sheet.run()
}
