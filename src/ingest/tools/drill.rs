//! drill's `--stats` text.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "drill",
    class: ToolClass::Load,
    forms: &[Form {
        what: "drill's statistics (`--stats`)",
        recognise: |head| {
            head.lines()
                .any(|line| line.contains("Median time per request"))
                && head.lines().any(|line| line.contains("Total requests"))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p50, p99, p99.5, p99.9)",
            resolution: "1 ms, 1 ns with `--nanosec`",
            lost: "its version, p90, p95, failures inside the latency",
            tested: "0.9.1",
        },
    }],
};

/// The lines of one block, in the order in which they are printed.
const LABELS: [&str; 11] = [
    "Total requests",
    "Successful requests",
    "Failed requests",
    "Requests per second",
    "Median time per request",
    "Average time per request",
    "Sample standard deviation",
    "99.0'th percentile",
    "99.5'th percentile",
    "99.9'th percentile",
    "Max time per request",
];

#[derive(Default)]
struct Block {
    name: String,
    requests: u64,
    failures: u64,
    successes: Option<u64>,
    per_second: Option<f64>,
    mean: Option<f64>,
    max: Option<f64>,
    points: Vec<(f64, f64, f64)>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("drill", None);
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if let Some(seconds) = line.strip_prefix("Time taken for tests") {
            let seconds = seconds
                .split_whitespace()
                .next()
                .and_then(|s| s.parse().ok());
            if let Some(seconds) = seconds {
                sheet.lasted(seconds);
            }
        }
        if let Some(users) = line.strip_prefix("Concurrency ") {
            sheet.asked("concurrency", users.trim());
        }
        let Some((name, label, value)) = split(line) else {
            continue;
        };
        if label == "Total requests" {
            blocks.push(Block {
                name: name.to_owned(),
                ..Block::default()
            });
        }
        if let Some(block) = blocks.last_mut().filter(|block| block.name == name) {
            block.line(label, value);
        }
    }
    let made: Vec<Block> = blocks
        .into_iter()
        .filter(|block| block.requests > 0)
        .collect();
    if made.is_empty() {
        return Err(anyhow!("no request was made")).hint("run drill with `--stats`");
    }
    let several = made.iter().filter(|block| !block.name.is_empty()).count() > 0;
    for block in made {
        block.record(several, &mut sheet)?;
    }
    sheet.run()
}

/// `Home                      Total requests            60`: a name, padded, which may hold anything.
fn split(line: &str) -> Option<(&str, &str, &str)> {
    LABELS.into_iter().find_map(|label| {
        let at = line.rfind(label)?;
        let (name, rest) = line.split_at_checked(at)?;
        if !name.is_empty() && !name.ends_with(' ') {
            return None;
        }
        Some((name.trim_end(), label, rest.strip_prefix(label)?.trim()))
    })
}

impl Block {
    fn line(&mut self, label: &str, value: &str) {
        let number = value.split_whitespace().next().unwrap_or_default();
        let time = quantity::time(value).map(quantity::PrintedTime::ms);
        match label {
            "Total requests" => self.requests = number.parse().unwrap_or(0),
            "Successful requests" => self.successes = number.parse().ok(),
            "Failed requests" => self.failures = number.parse().unwrap_or(0),
            "Requests per second" => self.per_second = number.parse().ok(),
            "Average time per request" => self.mean = time.map(|(ms, _)| ms),
            "Max time per request" => self.max = time.map(|(ms, _)| ms),
            _ => {
                let share = match label {
                    "Median time per request" => 0.5,
                    "99.0'th percentile" => 0.99,
                    "99.5'th percentile" => 0.995,
                    "99.9'th percentile" => 0.999,
                    _ => return,
                };
                if let Some((ms, step)) = time {
                    self.points.push((share, ms, step));
                }
            }
        }
    }

    fn record(self, several: bool, sheet: &mut Sheet) -> anyhow::Result<()> {
        let is_total = self.name.is_empty();
        if let Some(successes) = self.successes {
            let sum = successes.saturating_add(self.failures);
            let total = ("`Total requests`", self.requests);
            agree(("successful and failed requests together", sum), total)
                .with_context(|| format!("`{}`", self.name))?;
        }
        let latency = if self.points.is_empty() {
            Latency::Absent
        } else {
            let spread = Spread {
                points: self.points,
                n: self.requests,
                moments: Moments {
                    mean: self.mean,
                    min: None,
                    max: self.max,
                },
            };
            Latency::All(Times::ms(spread.evidence()?))
        };
        sheet.requests(Requests {
            subject: if is_total { ALL_REQUESTS } else { &self.name },
            role: if is_total && several {
                Role::Total
            } else {
                Role::Outcome
            },
            requests: self.requests,
            failures: self.failures,
            latency,
            throughput: self.per_second.map(Throughput::outcome),
        })
    }
}
