//! wrk's text, with and without `--latency`, and wrk2's, whose table is corrected for coordinated omission.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::endpoint;
use crate::ingest::quantity::{self, PrintedTime};
use crate::ingest::sheet::{Latency, Requests, Sheet, Spread, Throughput, Times};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "wrk",
    class: ToolClass::Load,
    forms: &[Form {
        what: "wrk's text",
        recognise: |head| {
            // autocannon's table opens with the same words as wrk's text.
            let is_other = head.has_line("Benchmarking ") || head.has_line("│ Stat ");
            head.lines().any(is_start) && !head.is_json() && !is_other
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (with `--latency`: p50, p75, p90, p99; wrk2 up to p99.999), else mean and maximum",
            resolution: "two decimals of µs, ms or s",
            lost: "its version, p95, requests that timed out (they are not in the latency), failures inside the latency",
            tested: "4.1.0",
        },
    }],
};

/// `Running 5s test @ http://127.0.0.1:8080/search`.
fn is_start(line: &str) -> bool {
    start(line).is_some()
}

fn start(line: &str) -> Option<(&str, &str)> {
    line.trim().strip_prefix("Running ")?.split_once(" test @ ")
}

#[derive(Default)]
struct Seen {
    path: String,
    /// For so many seconds.
    asked: Option<f64>,
    connections: Option<u64>,
    /// wrk2 asks for a rate, and its table counts from when a request was due.
    is_wrk2: bool,
    in_table: bool,
    points: Vec<(f64, f64, f64)>,
    mean: Option<PrintedTime>,
    max: Option<PrintedTime>,
    requests: Option<u64>,
    seconds: Option<f64>,
    per_second: Option<f64>,
    not_2xx: u64,
    connect: u64,
    read: u64,
    write: u64,
    timeouts: u64,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut lines = text.lines().skip_while(|line| !is_start(line));
    let (asked, url) = lines
        .next()
        .and_then(start)
        .context("there is no line `Running … test @ URL`")?;
    let mut seen = Seen {
        path: endpoint::path(url).to_owned(),
        asked: quantity::time(asked).map(|time| time.ns / 1e9),
        ..Seen::default()
    };
    for line in lines {
        if is_start(line) {
            return Err(anyhow!("it holds the output of more than one run of wrk"))
                .hint("write each run to a file of its own");
        }
        seen.line(line.trim());
    }
    seen.run()
}

impl Seen {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Thread", "calibration:", ..] => self.is_wrk2 = true,
            ["Latency", "Distribution", rest @ ..] => {
                self.is_wrk2 |= rest.contains(&"(HdrHistogram");
                self.in_table = self.points.is_empty();
            }
            // wrk2 writes the whole spectrum behind its table, and with `-U` a second table that is not corrected.
            ["Detailed" | "Uncorrected", ..] => self.in_table = false,
            ["Latency", mean, _, max, ..] if self.mean.is_none() => {
                self.mean = quantity::time(mean);
                self.max = quantity::time(max);
            }
            [_, "threads", "and", connections, "connections"] => {
                self.connections = connections.parse().ok();
            }
            [share, value] if self.in_table && share.ends_with('%') => {
                let share = share.trim_end_matches('%').parse::<f64>();
                if let (Ok(share), Some(time)) = (share, quantity::time(value)) {
                    let (ms, step) = time.ms();
                    self.points.push((share / 100.0, ms, step));
                }
            }
            [requests, "requests", "in", seconds, ..] => {
                self.requests = requests.parse().ok();
                self.seconds =
                    quantity::time(seconds.trim_end_matches(',')).map(|time| time.ns / 1e9);
            }
            ["Requests/sec:", rate] => self.per_second = rate.parse().ok(),
            ["Non-2xx", "or", "3xx", "responses:", n] => self.not_2xx = n.parse().unwrap_or(0),
            ["Socket", "errors:", rest @ ..] => self.socket_errors(rest),
            _ => {}
        }
    }

    fn socket_errors(&mut self, words: &[&str]) {
        for pair in words.chunks(2) {
            if let [name, n] = pair {
                let n = n.trim_end_matches(',').parse().unwrap_or(0);
                match *name {
                    "connect" => self.connect = n,
                    "read" => self.read = n,
                    "write" => self.write = n,
                    "timeout" => self.timeouts = n,
                    _ => {}
                }
            }
        }
    }

    fn run(self) -> anyhow::Result<Run> {
        let cut = || anyhow!("it ends before the line `… requests in …`");
        let hint = "wrk was stopped, or could not connect: look at what it printed";
        let requests = self.requests.ok_or_else(cut).hint(hint)?;
        let per_second = self
            .per_second
            .context("there is no line `Requests/sec:`: the output is cut off")?;
        let mut sheet = Sheet::new("wrk", None);
        if self.is_wrk2 {
            // Its times count from when a request was due: another measurement than wrk's.
            sheet.asked("tool", "wrk2");
        }
        if let Some(connections) = self.connections {
            sheet.asked("connections", connections);
        }
        if let Some(seconds) = self.seconds {
            sheet.lasted(seconds);
            sheet.asked_to_last(self.asked.unwrap_or_default(), seconds);
        }
        let socket = self.connect + self.read + self.write + self.timeouts;
        if self.timeouts > 0 {
            sheet.warn(format!(
                "{} requests timed out: wrk leaves them out of the latency, which looks better than it was",
                self.timeouts
            ));
        }
        if requests == 0 && socket == 0 {
            return Err(anyhow!("no request was answered")).hint(hint);
        }
        let latency = self.latency(requests)?;
        if self.points.is_empty() {
            sheet.warn("there are no percentiles: run wrk with `--latency`");
        }
        let rate = if self.is_wrk2 {
            Throughput::fixed(per_second)
        } else {
            Throughput::outcome(per_second)
        };
        sheet.requests(Requests {
            subject: &self.path,
            role: Role::Outcome,
            requests: requests.saturating_add(socket),
            failures: self.not_2xx.saturating_add(socket),
            latency,
            throughput: Some(rate),
        })?;
        sheet.run()
    }

    fn latency(&self, requests: u64) -> anyhow::Result<Latency> {
        let ms = |time: Option<PrintedTime>| time.map(|time| time.ms().0);
        if requests == 0 || (self.points.is_empty() && self.mean.is_none()) {
            return Ok(Latency::Absent);
        }
        let spread = Spread {
            points: self.points.clone(),
            n: requests,
            moments: Moments {
                mean: ms(self.mean),
                min: None,
                max: ms(self.max),
            },
        };
        let times = Times::ms(spread.evidence()?);
        Ok(if self.not_2xx == 0 {
            Latency::Successes(times)
        } else {
            Latency::All(times)
        })
    }
}
