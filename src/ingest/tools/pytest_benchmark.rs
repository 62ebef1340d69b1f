//! pytest-benchmark's JSON: `--benchmark-json`, and what `--benchmark-save` and `--benchmark-autosave` store.

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Sheet, Spread};
use crate::model::evidence::Moments;
use crate::model::{Evidence, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "pytest-benchmark",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "pytest-benchmark's JSON",
        recognise: |head| {
            // The list of benchmarks may begin behind the head: the machine stands first, with all its flags.
            head.has_keys(&["machine_info", "commit_info"])
                || head.has_keys(&["machine_info", "benchmarks"])
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "samples, one per round (with `--benchmark-json`, or `--benchmark-save-data`); else quantiles",
            resolution: "none",
            lost: "whether a test that was measured failed afterwards",
            tested: "4.0.0, 5.3.1",
        },
    }],
};

#[derive(Deserialize)]
struct Export {
    benchmarks: Vec<Benchmark>,
    #[serde(default)]
    commit_info: Commit,
    datetime: Option<String>,
    version: Option<String>,
}

#[derive(Default, Deserialize)]
struct Commit {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Benchmark {
    name: String,
    fullname: Option<String>,
    #[serde(default)]
    options: Options,
    stats: Stats,
}

#[derive(Default, Deserialize)]
struct Options {
    timer: Option<String>,
}

/// In seconds, whatever the table that was printed shows.
#[derive(Deserialize)]
struct Stats {
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    median: Option<f64>,
    q1: Option<f64>,
    q3: Option<f64>,
    rounds: u64,
    /// The mean of each round; left out of stored files.
    data: Option<Vec<f64>>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let export: Export = json::lenient(text)?;
    let mut sheet = Sheet::new("pytest-benchmark", export.version.as_deref());
    sheet.provenance().commit = export.commit_info.id.filter(|id| id != "unversioned");
    sheet.provenance().started_at = export.datetime.as_deref().and_then(timestamp);
    for (number, benchmark) in (1..).zip(&export.benchmarks) {
        let subject = benchmark.fullname.as_ref().unwrap_or(&benchmark.name);
        let place = || format!("benchmark {number} (`{subject}`)");
        let evidence = benchmark.stats.evidence().with_context(place)?;
        sheet
            .time(subject, &Unit::new("s"), Ok(evidence))
            .with_context(place)?;
        let timer = benchmark.options.timer.as_deref().unwrap_or("perf_counter");
        if timer.contains("process_time") || timer.contains("thread_time") {
            sheet.warn(format!("times are CPU seconds: the timer is `{timer}`"));
        }
    }
    sheet.run()
}

/// `2026-11-27T22:55:42.123456+00:00`, or without a zone, which was UTC then.
fn timestamp(text: &str) -> Option<jiff::Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

impl Stats {
    fn evidence(&self) -> anyhow::Result<Evidence> {
        if let Some(data) = self.data.as_ref().filter(|data| !data.is_empty()) {
            let measured = u64::try_from(data.len())?;
            if measured != self.rounds {
                bail!(
                    "`data` holds {measured} rounds, and `rounds` is {}",
                    self.rounds
                );
            }
            return Ok(Evidence::samples(data.clone())?);
        }
        let points = [(0.25, self.q1), (0.5, self.median), (0.75, self.q3)];
        Spread {
            points: points
                .into_iter()
                .filter_map(|(share, seconds)| Some((share, seconds?, 0.0)))
                .collect(),
            n: self.rounds,
            moments: Moments {
                mean: self.mean,
                min: self.min,
                max: self.max,
            },
        }
        .evidence()
    }
}
