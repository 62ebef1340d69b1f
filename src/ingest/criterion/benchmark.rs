//! One benchmark of one baseline: the files of its folder, and what they say.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::quick;
use super::samples::{parse_sample, read_json};
use super::throughput::{self, PerIteration, Rates, Words};
use crate::hint::WithHint;
use crate::ingest::outline::Outline;
use crate::ingest::text;
use crate::model::evidence::Estimate;
use crate::model::{Better, Evidence, Measurement, Metrics, Role, Subject};

pub(super) const BENCHMARK: &str = "benchmark.json";
const SAMPLE: &str = "sample.json";
const ESTIMATES: &str = "estimates.json";

/// What is kept of a benchmark.
#[derive(Debug)]
pub(super) struct Benchmark {
    pub(super) subject: Subject,
    time: Evidence,
    /// Nanoseconds of one iteration, where there is work to divide by them.
    typical: f64,
    work: Vec<PerIteration>,
    pub(super) notes: Vec<String>,
}

impl Benchmark {
    /// From the folder of a baseline; `None` where it is not one. Without its `benchmark.json` it is a broken one.
    pub(super) fn read(place: &Path) -> anyhow::Result<Option<Self>> {
        let mut room = text::ROOM;
        let mut file = place.join(BENCHMARK);
        let Some(named) = read_json(&file, &mut room, parse_benchmark)? else {
            if !place.join(SAMPLE).is_file() {
                return Ok(None);
            }
            return Err(anyhow::anyhow!(
                "read {}: there is no {BENCHMARK}",
                place.display()
            ))
            .hint("the benchmark run may have been stopped: delete the folder or run it again");
        };
        let mut notes = named.notes;
        file.set_file_name(SAMPLE);
        let samples = read_json(&file, &mut room, parse_sample)?;
        file.set_file_name(ESTIMATES);
        let (time, typical) = if let Some(iterations) = samples {
            // Only a rate asks for it.
            let typical = if named.work.is_empty() {
                f64::NAN
            } else {
                iterations.median()
            };
            (iterations.evidence(), typical)
        } else if let Some(estimate) = read_json(&file, &mut room, parse_estimates)? {
            notes.push(format!(
                "no {SAMPLE}, so criterion's own estimate stands in for the samples"
            ));
            (Evidence::estimate(estimate), estimate.point)
        } else {
            return Err(anyhow::anyhow!(
                "read {}: there is neither {SAMPLE} nor {ESTIMATES}",
                place.display()
            ))
            .hint("the benchmark run may have been stopped: delete the folder or run it again");
        };
        Ok(Some(Self {
            subject: named.subject,
            time: time.with_context(|| format!("read {}", place.display()))?,
            typical,
            work: named.work,
            notes,
        }))
    }

    /// As it stands in a run.
    pub(super) fn measured(self, words: &mut Words) -> (Subject, Metrics) {
        let time = Measurement {
            unit: words.ns.clone(),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: self.time,
        };
        let time = (words.time.clone(), time);
        let rates = Rates {
            work: &self.work,
            ns: self.typical,
        };
        let metrics = throughput::rates(&rates, words).chain([time]).collect();
        (self.subject, metrics)
    }
}

/// What `benchmark.json` says.
#[derive(Debug, PartialEq)]
pub struct BenchmarkFacts {
    pub subject: Subject,
    work: Vec<PerIteration>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct BenchmarkFile {
    full_id: String,
    throughput: Option<serde_json::Value>,
}

/// `benchmark.json`: the name that the directories only hold in a sanitised form, and the work of an iteration.
pub fn parse_benchmark(json: &[u8]) -> anyhow::Result<BenchmarkFacts> {
    if let Some(named) = quick::benchmark(json) {
        let work = named.work.map(|(amount, unit)| PerIteration {
            amount,
            unit: Cow::Borrowed(unit),
        });
        return Ok(BenchmarkFacts {
            subject: Subject::new(named.full_id),
            work: work.into_iter().collect(),
            notes: Vec::new(),
        });
    }
    let file: BenchmarkFile = serde_json::from_slice(json)?;
    if file.full_id.is_empty() {
        bail!("full_id: it is empty");
    }
    let (work, notes) = match file.throughput {
        Some(throughput) => match throughput::parse(&throughput) {
            Ok(work) => (work, Vec::new()),
            Err(note) => (Vec::new(), vec![note]),
        },
        None => (Vec::new(), Vec::new()),
    };
    Ok(BenchmarkFacts {
        subject: Subject::new(file.full_id),
        work,
        notes,
    })
}

#[derive(Deserialize)]
struct Directory {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    directory_name: Option<String>,
}

/// How far below criterion's own folder a benchmark says it lies; `None` where its file is cut off.
pub(super) struct Depth(pub(super) Option<usize>);

impl Depth {
    /// `None` where `place` is no baseline folder of criterion's: other tools write a `benchmark.json` too.
    pub(super) fn of(place: &Path) -> Option<Self> {
        let json = text::read_text(&place.join(BENCHMARK)).ok()?;
        let Ok(directory) = serde_json::from_str::<Directory>(&json) else {
            return Outline::of(&json)?.has("group_id").then_some(Self(None));
        };
        let Directory {
            group_id,
            function_id,
            value_str,
            directory_name,
        } = directory;
        let parts = [Some(group_id), function_id, value_str];
        Some(Self(Some(match directory_name {
            Some(name) => name.split(['/', '\\']).count(),
            None => parts.into_iter().flatten().count(),
        })))
    }
}

#[derive(Deserialize)]
struct EstimatesFile {
    mean: EstimateFile,
    /// Null where every sample had the same number of iterations.
    slope: Option<EstimateFile>,
}

#[derive(Deserialize)]
struct EstimateFile {
    confidence_interval: IntervalFile,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct IntervalFile {
    confidence_level: f64,
    lower_bound: f64,
    upper_bound: f64,
}

/// `estimates.json`: the number that criterion prints, slope if there is one, else mean.
pub fn parse_estimates(json: &[u8]) -> anyhow::Result<Estimate> {
    let file: EstimatesFile = serde_json::from_slice(json)?;
    let (name, chosen) = match file.slope {
        Some(slope) => ("slope", slope),
        None => ("mean", file.mean),
    };
    let estimate = Estimate {
        point: chosen.point_estimate,
        low: chosen.confidence_interval.lower_bound,
        high: chosen.confidence_interval.upper_bound,
        confidence: chosen.confidence_interval.confidence_level,
    };
    if !(estimate.point > 0.0 && estimate.low > 0.0) {
        let least = estimate.point.min(estimate.low);
        bail!("{name}: {least} is not a positive time");
    }
    Evidence::estimate(estimate).context(name)?;
    Ok(estimate)
}
