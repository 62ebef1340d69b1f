//! asv's results: `results/MACHINE/COMMIT-ENVIRONMENT.json` of its version 2.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Figure, Sheet, Spread, whole};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "asv",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "asv's results",
        recognise: |head| head.has_keys(&["commit_hash", "env_name", "result_columns"]),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "samples (with `--append-samples` or `--record-samples`), else quantiles (p25, p50, p75)",
            resolution: "none; p25 and p75 five digits",
            lost: "its version, the names of parameters, the units and directions of `track_` benchmarks (they are shown and not judged), why a benchmark failed, that the code of a benchmark itself changed",
            tested: "0.6.6",
        },
    }],
};

#[derive(Deserialize)]
struct Results {
    version: u64,
    commit_hash: String,
    python: Option<String>,
    result_columns: Vec<String>,
    results: BTreeMap<String, Vec<Value>>,
}

/// What a benchmark measures: its name says it, as asv's own documentation does.
/// <https://asv.readthedocs.io/en/stable/writing_benchmarks.html>
#[derive(Clone, Copy)]
enum Measures {
    Seconds,
    ObjectBytes,
    PeakBytes,
    Anything,
}

impl Measures {
    fn of(name: &str, has_repeats: bool) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        let begins = |words: [&str; 3]| words.iter().any(|word| last.starts_with(word));
        if begins(["time_", "timeraw_", "Time"]) {
            Self::Seconds
        } else if begins(["peakmem_", "PeakMem", "Peakmem"]) {
            Self::PeakBytes
        } else if begins(["mem_", "Mem_", "Mem"]) {
            Self::ObjectBytes
        } else if begins(["track_", "Track_", "Track"]) || !has_repeats {
            Self::Anything
        } else {
            Self::Seconds
        }
    }
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let results: Results = json::with_words(text)?;
    if results.version != 2 {
        return Err(anyhow!(
            "it is of version {} of asv's results, and 2 is read",
            results.version
        ))
        .hint("`asv update` converts older results");
    }
    let mut sheet = Sheet::new("asv", None);
    sheet.provenance().commit = Some(results.commit_hash);
    if let Some(python) = &results.python {
        sheet.asked("python", python);
    }
    let mut failed = Vec::new();
    let mut newest: Option<f64> = None;
    for (name, cells) in &results.results {
        let row = Row {
            columns: &results.result_columns,
            cells,
        };
        if let Some(started) = row.cell("started_at").and_then(Value::as_f64) {
            newest = Some(newest.map_or(started, |known| known.max(started)));
        }
        row.write(name, &mut sheet, &mut failed)
            .with_context(|| format!("benchmark `{name}`"))?;
    }
    // A row that was not run again keeps its old time; the newest is that of this run.
    if let Some(newest) = newest {
        sheet.started_ms(newest);
    }
    if !failed.is_empty() {
        sheet.warn(format!(
            "{} benchmarks failed or took too long, which asv does not tell apart: {}",
            failed.len(),
            failed.join(", ")
        ));
    }
    sheet.run()
}

/// The results of one benchmark: cells by position, cut off behind the last that is not null.
struct Row<'a> {
    columns: &'a [String],
    cells: &'a [Value],
}

/// What one combination of parameters gave.
enum Outcome {
    Measured(f64),
    /// It, or its setup, failed, or it took too long.
    Failed,
    /// Its setup said that there is nothing to measure, or it was left out.
    Skipped,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|known| known == column)?;
        self.cells.get(at).filter(|cell| !cell.is_null())
    }

    /// The entry of one combination in a column that has one for each.
    fn entry(&self, column: &str, at: usize) -> Option<&Value> {
        self.cell(column)?.get(at).filter(|entry| !entry.is_null())
    }

    fn number(&self, column: &str, at: usize) -> Option<f64> {
        self.entry(column, at)?.as_f64()
    }

    fn write(&self, name: &str, sheet: &mut Sheet, failed: &mut Vec<String>) -> anyhow::Result<()> {
        let Some(Value::Array(outcomes)) = self.cell("result") else {
            failed.push(name.to_owned());
            return sheet.failures(name, 1, 1);
        };
        let names = self.names(name)?;
        if names.len() != outcomes.len() {
            bail!(
                "its parameters have {} combinations, and there are {} results",
                names.len(),
                outcomes.len()
            );
        }
        let measures = Measures::of(name, self.cell("stats_repeat").is_some());
        for (at, (subject, outcome)) in names.iter().zip(outcomes).enumerate() {
            match read(outcome)? {
                Outcome::Skipped => {}
                Outcome::Failed => {
                    failed.push(subject.clone());
                    sheet.failures(subject, 1, 1)?;
                }
                Outcome::Measured(value) => {
                    sheet.failures(subject, 0, 1)?;
                    self.put(measures, (subject, at), value, sheet)?;
                }
            }
        }
        Ok(())
    }

    /// `name(16, 'plain')`, as `asv compare` writes it: the last parameter changes fastest.
    fn names(&self, name: &str) -> anyhow::Result<Vec<String>> {
        let Some(params) = self.cell("params") else {
            return Ok(vec![name.to_owned()]);
        };
        let params: Vec<Vec<String>> =
            Vec::deserialize(params).context("its `params` are no lists of texts")?;
        if params.is_empty() {
            return Ok(vec![name.to_owned()]);
        }
        let mut combinations = vec![String::new()];
        for values in &params {
            let longer = combinations.iter().flat_map(|before| {
                values.iter().map(move |value| {
                    if before.is_empty() {
                        value.clone()
                    } else {
                        format!("{before}, {value}")
                    }
                })
            });
            combinations = longer.collect();
            if combinations.len() > 100_000 {
                bail!("its parameters have more than 100000 combinations");
            }
        }
        Ok(combinations
            .into_iter()
            .map(|values| format!("{name}({values})"))
            .collect())
    }

    fn put(
        &self,
        measures: Measures,
        (subject, at): (&str, usize),
        value: f64,
        sheet: &mut Sheet,
    ) -> anyhow::Result<()> {
        let (metric, unit, role) = match measures {
            Measures::Seconds => {
                let evidence = self.times(at, value)?;
                return sheet.time(subject, &Unit::new("s"), Ok(evidence));
            }
            Measures::ObjectBytes => ("object_size", "B", Role::Outcome),
            Measures::PeakBytes => ("rss_peak", "B", Role::Outcome),
            // Nothing says whether more of it is better.
            Measures::Anything => ("track", "", Role::Fixed),
        };
        let figure = Figure {
            subject,
            metric,
            unit: Unit::new(unit),
            better: Better::Lower,
            role,
        };
        sheet.put(figure, Evidence::value(value))
    }

    /// The result is the median of the repeats.
    fn times(&self, at: usize, median: f64) -> anyhow::Result<Evidence> {
        if let Some(Value::Array(samples)) = self.entry("samples", at) {
            let samples: Option<Vec<f64>> = samples.iter().map(Value::as_f64).collect();
            let samples = samples.context("its `samples` are not all numbers")?;
            return Ok(Evidence::samples(samples)?);
        }
        let repeats = self.number("stats_repeat", at).and_then(whole);
        let quarter = |share: f64, column| {
            let value = self.number(column, at)?;
            Some((share, value, value.abs() * 1e-4))
        };
        let spread = Spread {
            points: [
                quarter(0.25, "stats_q_25"),
                Some((0.5, median, 0.0)),
                quarter(0.75, "stats_q_75"),
            ]
            .into_iter()
            .flatten()
            .collect(),
            n: repeats.unwrap_or(1).max(1),
            moments: Moments::default(),
        };
        spread.evidence()
    }
}

/// Failures are null, and what was left out is a bare `NaN`.
fn read(outcome: &Value) -> anyhow::Result<Outcome> {
    match outcome {
        Value::Null => Ok(Outcome::Failed),
        Value::String(word) if word == "NaN" => Ok(Outcome::Skipped),
        other => other
            .as_f64()
            .map(Outcome::Measured)
            .ok_or_else(|| anyhow!("`{other}` is no result")),
    }
}
