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
mod shares;
mod throughput;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::model::{Provenance, Run, Subject, ToolName};

pub use benchmark::{Named, parse_benchmark, parse_estimates};
pub(super) use iterations::Field;
pub use iterations::Iterations;
pub use samples::parse_sample;
pub(super) use throughput::{PerIteration, Rates, add as add_rates};
pub(super) use walk::{is_cargo_criterion_store, root};

use benchmark::Benchmark;

/// Where a plain `cargo bench` leaves its newest results.
pub(super) const DEFAULT_BASELINE: &str = "new";

/// Every benchmark of `baseline` below `folder`, as one run.
pub(super) fn read(folder: &Path, baseline: &str) -> anyhow::Result<Run> {
    if !folder.is_dir() {
        return Err(anyhow!(
            "read {}: a criterion result is a folder",
            folder.display()
        ))
        .hint("give the folder target/criterion");
    }
    let found = walk::benchmarks(folder, baseline)?;
    if found.is_empty() {
        return none_of(folder, baseline);
    }
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
    let mut places: BTreeMap<Subject, PathBuf> = BTreeMap::new();
    let mut noted = Noted::default();
    for (place, benchmark) in found.iter().zip(read_all(&found)) {
        let benchmark = benchmark?;
        if let Some(other) = places.insert(benchmark.subject.clone(), place.clone()) {
            return Err(anyhow!(
                "read {}: `{}` is also in {}",
                place.display(),
                benchmark.subject,
                other.display()
            ))
            .hint(
                "one of them is a leftover, or two benchmarks share a name: delete or rename one",
            );
        }
        noted.of(&benchmark);
        benchmark.add_to(&mut run);
    }
    run.warnings = noted.warnings();
    Ok(run)
}

/// In the order of the places, whoever reads them.
fn read_all(places: &[PathBuf]) -> Vec<anyhow::Result<Benchmark>> {
    shares::each(places, |place| Benchmark::read(place))
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

fn none_of(folder: &Path, baseline: &str) -> anyhow::Result<Run> {
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
