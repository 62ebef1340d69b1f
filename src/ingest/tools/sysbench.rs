//! sysbench's text: what it did of its database, CPU, memory, file and other tests.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, count,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "sysbench",
    class: ToolClass::Load,
    forms: &[Form {
        what: "sysbench's text",
        recognise: |head| {
            head.lines().any(|line| line.starts_with("sysbench "))
                && head.has_line("Running the test with following options:")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "the percentile of `--percentile` (p95), with mean, minimum and maximum",
            resolution: "0.01 ms; the percentile 1.8 % of its value (a histogram)",
            lost: "the name of its test, the database, every other percentile; queries and files are not told apart",
            tested: "1.0.20",
        },
    }],
};

const STEP_MS: f64 = 0.01;
/// The percentile is the value of one of 1024 buckets that are even in the logarithm, from 1 µs to 100 s.
/// <https://github.com/akopytov/sysbench/blob/1.0.20/src/sb_histogram.c>
const BUCKET: f64 = 0.018;

#[derive(Default)]
struct Seen {
    version: Option<String>,
    /// What was tested, where it is told.
    subject: Option<&'static str>,
    threads: Option<u64>,
    asked_rate: Option<String>,
    events: Option<u64>,
    seconds: Option<f64>,
    rate: Option<f64>,
    ignored_errors: u64,
    reconnects: u64,
    in_latency: bool,
    points: Vec<(f64, f64, f64)>,
    moments: Moments,
    fatal: Option<String>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut seen = Seen::default();
    for line in text.lines() {
        if line.starts_with("General statistics:") && seen.events.is_some() {
            return Err(anyhow!(
                "it holds the output of more than one run of sysbench"
            ))
            .hint("write each run to a file of its own");
        }
        seen.line(line);
    }
    seen.run()
}

impl Seen {
    fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("sysbench ") {
            self.version = rest.split_whitespace().next().map(str::to_owned);
        }
        if let Some(why) = line.strip_prefix("FATAL: ") {
            self.fatal.get_or_insert_with(|| why.trim().to_owned());
        }
        match line.trim_end() {
            "CPU speed:" => self.subject = Some("cpu"),
            "SQL statistics:" => self.subject = Some("transactions"),
            "File operations:" => self.subject = Some("files"),
            "Running memory speed test with the following options:" => {
                self.subject = Some("memory")
            }
            "Latency (ms):" => self.in_latency = true,
            "Threads fairness:" => self.in_latency = false,
            _ => {}
        }
        let Some((key, value)) = line.split_once(':') else {
            return;
        };
        let words: Vec<&str> = value.split_whitespace().collect();
        let first = words.first().copied().unwrap_or_default();
        let number = quantity::number(first).map(|(value, _)| value);
        // `620    (205.77 per sec.)`
        let per_second = || {
            let rate = words.get(1)?.strip_prefix('(')?;
            quantity::number(rate).map(|(value, _)| value)
        };
        match key.trim() {
            "Number of threads" => self.threads = first.parse().ok(),
            "Target transaction rate" => self.asked_rate = Some(first.replace("/sec", "/s")),
            "total time" => self.seconds = quantity::time(first).map(|time| time.ns / 1e9),
            "total number of events" => self.events = first.parse().ok(),
            "transactions" | "Total operations" => self.rate = per_second(),
            "events per second" => self.rate = number,
            "ignored errors" => self.ignored_errors = first.parse().unwrap_or(0),
            "reconnects" => self.reconnects = first.parse().unwrap_or(0),
            "min" if self.in_latency => self.moments.min = number,
            "avg" if self.in_latency => self.moments.mean = number,
            "max" if self.in_latency => self.moments.max = number,
            key if self.in_latency => {
                let share = key
                    .strip_suffix(" percentile")
                    .map(|share| share.trim_end_matches(char::is_alphabetic))
                    .and_then(|share| share.parse::<f64>().ok());
                // p100 is the last bucket, and the maximum is exact.
                if let Some(share) = share.filter(|share| *share < 100.0)
                    && let Some(ms) = number
                {
                    let step = STEP_MS.max(ms * BUCKET);
                    self.points.push((share / 100.0, ms, step));
                }
            }
            _ => {}
        }
    }

    fn run(self) -> anyhow::Result<Run> {
        let Some(events) = self.events else {
            let why = self.fatal.map_or_else(String::new, |why| {
                format!("; it says: {}", crate::text::sanitize::inline(&why))
            });
            return Err(anyhow!("there is no line `total number of events:`{why}"))
                .hint("sysbench was stopped, or could not begin: look at what it printed");
        };
        let seconds = self.seconds.context("there is no line `total time:`")?;
        let mut sheet = Sheet::new("sysbench", self.version.as_deref());
        sheet.lasted(seconds);
        if let Some(threads) = self.threads {
            sheet.asked("threads", threads);
        }
        if let Some(rate) = &self.asked_rate {
            sheet.asked("rate", rate);
        }
        let subject = self.subject.unwrap_or(ALL_REQUESTS);
        if self.reconnects > 0 {
            sheet.warn(format!(
                "sysbench connected anew {} times: connections were lost",
                self.reconnects
            ));
        }
        let per_second = match self.rate {
            None if seconds > 0.0 => Some(count(events) / seconds),
            told => told,
        };
        let throughput = per_second.map(|rate| match self.asked_rate {
            Some(_) => Throughput::fixed(rate),
            None => Throughput::outcome(rate),
        });
        // The fastest tests take less than can be printed.
        let too_coarse = self.moments.mean.is_none_or(|mean| mean < STEP_MS);
        let latency = if events == 0 {
            Latency::Absent
        } else if too_coarse {
            sheet.warn("sysbench prints times in steps of 0.01 ms, and this test is faster: no latency is taken from it");
            Latency::Absent
        } else {
            let spread = Spread {
                points: self.points,
                n: events,
                moments: self.moments,
            };
            // A transaction that failed is begun again, and only what ended is timed.
            Latency::Successes(Times::ms(spread.evidence()?))
        };
        sheet.requests(Requests {
            subject,
            role: Role::Outcome,
            requests: events.saturating_add(self.ignored_errors),
            failures: self.ignored_errors,
            latency,
            throughput,
        })?;
        sheet.run()
    }
}
