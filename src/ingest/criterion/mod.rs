//! criterion's folder, `target/criterion`: every benchmark of one named baseline in it.
//!
//! `<benchmark>/<baseline>/` holds `benchmark.json`, `sample.json` and `estimates.json` (criterion
//! 0.3 to 0.8). Only the first two are read, the third where the samples are missing. The folder
//! says nothing of the machine, the commit or the time; and of the unit neither, which is
//! nanoseconds unless the benchmarks use a measurement of their own.

mod benchmark;
mod iterations;
mod quick;
mod samples;
mod throughput;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::adapter::{Adapter, Facts, Form, Read as FormRead, ToolClass};
use super::age::Since;
use crate::hint::WithHint;
use crate::model::{Provenance, Run, Subject, ToolName};

pub use benchmark::{BenchmarkFacts, parse_benchmark, parse_estimates};
pub(super) use iterations::Field;
pub use iterations::Iterations;
pub use samples::parse_sample;
pub(super) use throughput::{PerIteration, Rates, Words, rates};
pub(super) use walk::{is_cargo_criterion_store, root};

use benchmark::Benchmark;

pub(super) const ADAPTER: Adapter = Adapter {
    tool: "criterion",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "criterion's folder",
        // A folder is recognised by what lies in it; no file of it is a result by itself.
        recognise: |_| false,
        read: FormRead::Path {
            read: |path, options| {
                let read = read(path, &[DEFAULT_BASELINE], options.since)?;
                Ok(read.into_iter().map(|read| read.run).collect())
            },
            parse: |_, _| Err(anyhow!("a criterion result is a folder")),
        },
        facts: Facts {
            evidence: "samples, weighted by iterations; an interval where there are no samples",
            resolution: "none",
            lost: "its version, the machine, the unit of measurements other than time",
            tested: "0.8",
        },
    }],
};

/// Where a plain `cargo bench` leaves its newest results.
pub(super) const DEFAULT_BASELINE: &str = "new";

/// What one baseline holds.
pub(super) struct Read {
    /// Of the benchmarks that were not left out.
    pub(super) run: Run,
    /// The benchmarks that are older than the command which should have measured them.
    pub(super) stale: Vec<String>,
}

/// Every benchmark of each of the `baselines` below `folder`, a run each. However many they are, the folder is
/// walked once.
pub(super) fn read(
    folder: &Path,
    baselines: &[&str],
    since: Option<Since>,
) -> anyhow::Result<Vec<Read>> {
    if !folder.is_dir() {
        return Err(anyhow!(
            "read {}: a criterion result is a folder",
            folder.display()
        ))
        .hint("give the folder target/criterion");
    }
    let found = walk::benchmarks(folder, baselines, |place| {
        Benchmark::read(place).transpose()
    })?;
    let mut of_each: Vec<Vec<_>> = baselines.iter().map(|_| Vec::new()).collect();
    for found in found {
        if let Some(of_one) = of_each.get_mut(found.baseline) {
            of_one.push((found.place, found.read));
        }
    }
    baselines
        .iter()
        .zip(of_each)
        .map(|(baseline, found)| {
            if found.is_empty() {
                return none_of(folder, baseline);
            }
            // A benchmark's age is that of the judged baseline: what else was saved of it does not count.
            let (old, new): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|(place, _)| since.is_some_and(|since| since.is_stale_folder(place)));
            Ok(Read {
                run: run(new)?,
                stale: names(old),
            })
        })
        .collect()
}

/// What is left out is not read closely: where it is broken its place stands for it.
fn names(left_out: Vec<(PathBuf, anyhow::Result<Benchmark>)>) -> Vec<String> {
    let name = |(place, read): (PathBuf, anyhow::Result<Benchmark>)| match read {
        Ok(benchmark) => benchmark.subject.to_string(),
        Err(_) => place.display().to_string(),
    };
    let mut names: Vec<String> = left_out.into_iter().map(name).collect();
    names.sort();
    names
}

fn run(found: Vec<(PathBuf, anyhow::Result<Benchmark>)>) -> anyhow::Result<Run> {
    let mut run = Run {
        provenance: Provenance {
            tool: Some(ToolName {
                name: "criterion".to_owned(),
                version: None,
            }),
            ..Provenance::default()
        },
        ..Run::default()
    };
    let mut noted = Noted::default();
    let mut words = Words::default();
    let benchmarks = by_subject(found)?.into_iter();
    // In their order, so that no place has to be searched for.
    run.subjects = benchmarks
        .map(|benchmark| {
            noted.of(&benchmark);
            benchmark.measured(&mut words)
        })
        .collect();
    run.warnings = noted.warnings();
    Ok(run)
}

/// In the order of their subjects, each there once; else the first trouble by path.
fn by_subject(found: Vec<(PathBuf, anyhow::Result<Benchmark>)>) -> anyhow::Result<Vec<Benchmark>> {
    let mut benchmarks = Vec::with_capacity(found.len());
    let mut broken = Vec::new();
    for (place, read) in found {
        match read {
            Ok(benchmark) => benchmarks.push((benchmark, place)),
            Err(error) => broken.push((place, error)),
        }
    }
    if let Some((_, error)) = broken.into_iter().min_by(|(a, _), (b, _)| a.cmp(b)) {
        return Err(error);
    }
    benchmarks.sort_by(|(a, a_place), (b, b_place)| {
        let by_place = || a_place.cmp(b_place);
        a.subject.cmp(&b.subject).then_with(by_place)
    });
    for pair in benchmarks.windows(2) {
        if let [(a, first), (b, second)] = pair
            && a.subject == b.subject
        {
            return Err(anyhow!(
                "read {}: `{}` is also in {}",
                second.display(),
                b.subject,
                first.display()
            ))
            .hint(
                "one of them is a leftover, or two benchmarks share a name: delete or rename one",
            );
        }
    }
    Ok(benchmarks.into_iter().map(|(it, _)| it).collect())
}

/// What was left out or stood in for, counted, so that a thousand benchmarks give one line.
#[derive(Default)]
struct Noted(BTreeMap<String, (Subject, usize)>);

impl Noted {
    fn of(&mut self, benchmark: &Benchmark) {
        for note in &benchmark.notes {
            self.0
                .entry(note.clone())
                .or_insert_with(|| (benchmark.subject.clone(), 0))
                .1 += 1;
        }
    }

    fn warnings(self) -> Vec<String> {
        self.0
            .into_iter()
            .map(|(note, (first, count))| match count {
                1 => format!("`{first}`: {note}"),
                n => format!("`{first}` and {} more: {note}", n - 1),
            })
            .collect()
    }
}

fn none_of<T>(folder: &Path, baseline: &str) -> anyhow::Result<T> {
    let names: Vec<String> = walk::baselines(folder).into_iter().collect();
    Err(anyhow!(
        "read {}: no benchmark in it has a baseline `{baseline}`; there is {}",
        folder.display(),
        names.join(", ")
    ))
    .hint(format!(
        "name one with {}@NAME, or write it: `cargo bench -- --save-baseline {baseline}`",
        folder.display()
    ))
}
