//! The messages of `cargo criterion --message-format=json` (1.1), one JSON object a line.
//!
//! `benchmark-complete` holds the raw samples and is all that is read; what cargo says of its
//! build runs through the same stream and is passed over, and so are criterion's own verdicts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use super::adapter::{Adapter, Facts, Form, Read, ToolClass};
use super::criterion::{Field, Iterations, PerIteration, Rates, Words, rates};
use super::outline::Outline;
use crate::hint::WithHint;
use crate::model::{
    Better, Measurement, MetricName, Provenance, Role, Run, Subject, ToolName, Unit,
};

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    reason: Cow<'a, str>,
}

#[derive(Deserialize)]
struct BenchmarkComplete {
    id: String,
    iteration_count: Vec<f64>,
    measured_values: Vec<f64>,
    unit: String,
    #[serde(default)]
    throughput: Vec<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    per_iteration: f64,
    unit: String,
}

pub(super) const ADAPTER: Adapter = Adapter {
    tool: "cargo-criterion",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "cargo-criterion's messages",
        recognise: |head| head.lines().any(is_message),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "samples, weighted by iterations",
            resolution: "none",
            lost: "its version, the machine",
            tested: "1.1",
        },
    }],
};

/// Cargo's own messages and cargo-criterion's share the form; a benchmark may have printed first.
fn is_message(line: &str) -> bool {
    line.trim_start().starts_with('{')
        && Outline::of(line).is_some_and(|outline| outline.string("reason").is_some())
}

/// One stream is one run.
pub fn parse(text: &str) -> anyhow::Result<Run> {
    let mut run = Run {
        provenance: Provenance {
            tool: Some(ToolName {
                name: "cargo-criterion".to_owned(),
                version: None,
            }),
            ..Provenance::default()
        },
        ..Run::default()
    };
    let mut words = Words::default();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let at = at + 1;
        let message: Message<'_> = json(line)
            .with_context(|| format!("line {at}"))
            .hint("give the standard output of `cargo criterion --message-format=json` alone: a benchmark that prints, or a run that was stopped, spoils it")?;
        if message.reason != "benchmark-complete" {
            continue;
        }
        let complete: BenchmarkComplete = json(line).with_context(|| format!("line {at}"))?;
        let id = complete.id.clone();
        complete
            .add_to(&mut run, &mut words)
            .with_context(|| format!("line {at}, `{id}`"))?;
        if let Some(first) = lines.insert(id.clone(), at) {
            return Err(anyhow!(
                "line {at}: `{id}` was complete in line {first} already"
            ))
            .hint("one stream is one run: keep the streams of several runs in files of their own");
        }
    }
    if run.subjects.is_empty() {
        return Err(anyhow!("no line of it has the reason `benchmark-complete`"))
            .hint("the benchmarks did not run: look at what cargo criterion said");
    }
    Ok(run)
}

/// serde counts lines of its own text, which is one line of ours.
fn json<'a, T: Deserialize<'a>>(line: &'a str) -> anyhow::Result<T> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = text.strip_suffix(&place).unwrap_or(&text);
        anyhow!("column {}: {what}", error.column())
    })
}

impl BenchmarkComplete {
    fn add_to(self, run: &mut Run, words: &mut Words) -> anyhow::Result<()> {
        if self.id.is_empty() {
            return Err(anyhow!("id: it is empty"));
        }
        let (unit, ns) = (Unit::new(&self.unit), Unit::new("ns"));
        let to_ns = unit.factor_to(&ns);
        let totals = Field {
            name: "measured_values",
            values: self.measured_values,
        };
        let counts = Field {
            name: "iteration_count",
            values: self.iteration_count,
        };
        let iterations = Iterations::new(totals, counts, to_ns.unwrap_or(1.0))?;
        let subject = Subject::new(self.id);
        if to_ns.is_some() {
            let work: Vec<_> = self
                .throughput
                .into_iter()
                .filter_map(Throughput::work)
                .collect();
            let of = Rates {
                work: &work,
                ns: iterations.median(),
            };
            for (name, rate) in rates(&of, words) {
                run.insert(subject.clone(), name, rate);
            }
        }
        // A measurement of the user's own (`cycles`) is no time, and names itself by its unit.
        let metric = match to_ns {
            Some(_) => MetricName::new(MetricName::TIME),
            None if self.unit.is_empty() => MetricName::new("value"),
            None => MetricName::new(self.unit),
        };
        let measurement = Measurement {
            unit: if to_ns.is_some() { ns } else { unit },
            better: Better::Lower,
            role: Role::Outcome,
            evidence: iterations.evidence()?,
        };
        run.insert(subject, metric, measurement);
        Ok(())
    }
}

impl Throughput {
    fn work(self) -> Option<PerIteration> {
        let unit = match self.unit.as_str() {
            "bytes" => Cow::Borrowed("B"),
            _ => Cow::Owned(self.unit),
        };
        (self.per_iteration > 0.0).then_some(PerIteration {
            amount: self.per_iteration,
            unit,
        })
    }
}
