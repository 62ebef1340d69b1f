//! Google Benchmark's JSON and CSV (`--benchmark_format`, `--benchmark_out`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Figure, Sheet, Spread, of_several, whole};
use crate::ingest::{json, quantity};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "google-benchmark",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "Google Benchmark's JSON",
            recognise: |head| {
                head.has_keys(&["context", "benchmarks"]) && head.text().contains("\"num_cpus\"")
                    || head.has_keys(&["context"]) && head.text().contains("\"library_build_type\"")
            },
            read: Read::Whole(parse),
            facts: Facts {
                evidence: "samples, one per repetition; with aggregates only, the median and mean of n repetitions",
                resolution: "none",
                lost: "which direction of a counter of one's own is better",
                tested: "1.7.1, 1.9.5",
            },
        },
        Form {
            what: "Google Benchmark's CSV (`--benchmark_format=csv`)",
            recognise: |head| head.lines().any(|line| line.starts_with(HEADER)),
            read: Read::Whole(csv),
            facts: Facts {
                evidence: "samples, one per repetition; with aggregates only, the median and mean of n repetitions",
                resolution: "6 digits",
                lost: "its version, the machine; counters that the first benchmark has not; which direction of a counter of one's own is better; own statistics look like benchmarks",
                tested: "1.9.5",
            },
        },
    ],
};

const HEADER: &str = "name,iterations,real_time,cpu_time,time_unit";

#[derive(Deserialize)]
struct Output {
    context: Machine,
    benchmarks: Vec<Row>,
}

#[derive(Deserialize)]
struct Machine {
    date: Option<String>,
    library_version: Option<String>,
}

/// Counters stand beside the fields, under any name.
#[derive(Clone, Default, Deserialize)]
struct Row {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    aggregate_unit: Option<String>,
    repetitions: Option<u64>,
    /// Of a row that was worked out of repetitions, how many there were.
    iterations: Option<f64>,
    real_time: Option<f64>,
    cpu_time: Option<f64>,
    time_unit: Option<String>,
    error_occurred: Option<bool>,
    error_message: Option<String>,
    skipped: Option<bool>,
    skip_message: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

const FIELDS: [&str; 6] = [
    "family_index",
    "per_family_instance_index",
    "repetition_index",
    "threads",
    "label",
    "big_o",
];

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)?;
    let mut sheet = Sheet::new(
        "google-benchmark",
        output.context.library_version.as_deref(),
    );
    sheet.provenance().started_at = output
        .context
        .date
        .as_deref()
        .and_then(|at| at.parse().ok());
    benchmarks(&output.benchmarks, sheet)
}

/// The rows of each benchmark are its repetitions and what was worked out of them.
fn benchmarks(all: &[Row], mut sheet: Sheet) -> anyhow::Result<Run> {
    let mut order: Vec<&str> = Vec::new();
    let mut of_each: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in all {
        let name = row.run_name.as_deref().unwrap_or(&row.name);
        if !of_each.contains_key(name) {
            order.push(name);
        }
        of_each.entry(name).or_default().push(row);
    }
    for name in order {
        let rows = of_each.get(name).map_or(&[][..], Vec::as_slice);
        record(name, rows, &mut sheet).with_context(|| format!("`{name}`"))?;
    }
    sheet.run()
}

fn record(name: &str, rows: &[&Row], sheet: &mut Sheet) -> anyhow::Result<()> {
    if let Some(row) = rows
        .iter()
        .find(|row| row.error_occurred == Some(true) || row.skipped == Some(true))
    {
        let (what, message) = if row.skipped == Some(true) {
            ("was skipped", &row.skip_message)
        } else {
            ("failed", &row.error_message)
        };
        let message = shortened(message.as_deref().unwrap_or_default());
        sheet.warn(format!("`{name}` {what} ({message}): it is left out"));
        return Ok(());
    }
    let single: Vec<&Row> = rows
        .iter()
        .filter(|row| row.run_type.as_deref().unwrap_or("iteration") == "iteration")
        .copied()
        .collect();
    if single.is_empty() {
        return aggregates(name, rows, sheet);
    }
    for row in &single {
        of_several(row.iterations.and_then(whole))?;
    }
    let unit = unit(single.first().copied())?;
    let times = |of: fn(&Row) -> Option<f64>| -> Vec<f64> {
        single.iter().filter_map(|row| of(row)).collect()
    };
    let real = times(|row| row.real_time);
    if real.len() != single.len() {
        bail!("a repetition has no `real_time`");
    }
    let said = single.iter().filter_map(|row| row.repetitions).max();
    if let Some(said) = said {
        sheet.holds(name, (real.len(), said), "repetitions")?;
    }
    sheet.time(name, &unit, Evidence::samples(real))?;
    let figure = |metric, unit, better| Figure {
        subject: name,
        metric,
        unit,
        better,
        role: Role::Fixed,
    };
    let cpu = times(|row| row.cpu_time);
    // Where the benchmark measures by itself, CPU time says nothing.
    if !cpu.is_empty() && !name.contains("/manual_time") {
        sheet.put(
            figure("cpu_time", unit, Better::Lower),
            Evidence::samples(cpu),
        )?;
    }
    let Some(first) = single.first() else {
        return Ok(());
    };
    for counter in first
        .rest
        .keys()
        .filter(|key| !FIELDS.contains(&key.as_str()))
    {
        let values: Vec<f64> = single
            .iter()
            .filter_map(|row| row.rest.get(counter)?.as_f64())
            .collect();
        if values.len() != single.len() {
            continue;
        }
        let (metric, unit) = match counter.as_str() {
            "bytes_per_second" => ("throughput", "B/s"),
            other if other.ends_with("_per_second") => (other, "/s"),
            other => (other, ""),
        };
        sheet.put(
            figure(metric, Unit::new(unit), Better::Higher),
            Evidence::samples(values),
        )?;
    }
    Ok(())
}

fn unit(row: Option<&Row>) -> anyhow::Result<Unit> {
    let name = row.and_then(|row| row.time_unit.as_deref()).unwrap_or("ns");
    quantity::time_unit(name).with_context(|| format!("`{name}` is no unit of time"))
}

/// `--benchmark_report_aggregates_only`: what is left of the repetitions.
fn aggregates(name: &str, rows: &[&Row], sheet: &mut Sheet) -> anyhow::Result<()> {
    let of = |aggregate: &str| {
        rows.iter()
            .find(|row| {
                row.aggregate_name.as_deref() == Some(aggregate)
                    && row.aggregate_unit.as_deref() != Some("percentage")
            })
            .copied()
    };
    let (mean, median) = (of("mean"), of("median"));
    let Some(row) = median.or(mean) else {
        // The rows of a complexity are no measurement.
        return Ok(());
    };
    let n = of_several(row.repetitions.or(row.iterations.and_then(whole)))?;
    let evidence = |time: fn(&Row) -> Option<f64>| {
        let spread = Spread {
            points: median
                .and_then(time)
                .map(|value| (0.5, value, 0.0))
                .into_iter()
                .collect(),
            n,
            moments: Moments {
                mean: mean.and_then(time),
                min: None,
                max: None,
            },
        };
        spread.evidence()
    };
    let unit = unit(Some(row))?;
    sheet.time(name, &unit, Ok(evidence(|row| row.real_time)?))?;
    if !name.contains("/manual_time") {
        let figure = Figure {
            subject: name,
            metric: "cpu_time",
            unit,
            better: Better::Lower,
            role: Role::Fixed,
        };
        sheet.put(figure, Ok(evidence(|row| row.cpu_time)?))?;
    }
    Ok(())
}

/// What is worked out of repetitions has a row of its own, known by its name alone.
const AGGREGATES: [&str; 4] = ["mean", "median", "stddev", "cv"];

fn csv(text: &str) -> anyhow::Result<Run> {
    // What is said of the machine goes to the other stream, which may be in the same file.
    let start = text
        .match_indices(HEADER)
        .map(|(at, _)| at)
        .find(|at| {
            text.get(..*at)
                .is_some_and(|before| before.is_empty() || before.ends_with('\n'))
        })
        .context("it has no header")?;
    let lines_before = text.get(..start).unwrap_or_default().lines().count();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.get(start..).unwrap_or_default().as_bytes());
    let columns = reader.headers()?.clone();
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = row(&columns, &record)
            .with_context(|| format!("line {}", line + u64::try_from(lines_before).unwrap_or(0)))?;
        all.push(row);
    }
    let names: BTreeSet<String> = all.iter().map(|row: &Row| row.name.clone()).collect();
    for row in &mut all {
        name_aggregate(row, &names);
    }
    // The coefficients of a complexity have no iterations, and are no time.
    all.retain(|row| row.run_type.is_some() || row.error_occurred.is_some());
    benchmarks(&all, Sheet::new("google-benchmark", None))
}

fn row(columns: &csv::StringRecord, record: &csv::StringRecord) -> anyhow::Result<Row> {
    let mut row = Row::default();
    for (column, cell) in columns.iter().zip(record) {
        if cell.is_empty() {
            continue;
        }
        let number = || -> anyhow::Result<f64> {
            cell.parse()
                .map_err(|_| anyhow!("column `{column}`: `{cell:.40}` is no number"))
        };
        match column {
            "name" => cell.clone_into(&mut row.name),
            "iterations" => {
                row.run_type = Some("iteration".to_owned());
                row.iterations = Some(number()?);
            }
            "real_time" => row.real_time = Some(number()?),
            "cpu_time" => row.cpu_time = Some(number()?),
            "time_unit" => row.time_unit = Some(cell.to_owned()),
            "error_occurred" => row.error_occurred = Some(cell == "true"),
            "error_message" => row.error_message = Some(cell.to_owned()),
            "label" => {}
            counter => {
                row.rest.insert(counter.to_owned(), number()?.into());
            }
        }
    }
    if row.name.is_empty() {
        bail!("it has no name");
    }
    Ok(row)
}

/// `NAME_mean` is of NAME where that has rows, or is followed by `NAME_median` and `NAME_stddev`.
fn name_aggregate(row: &mut Row, names: &BTreeSet<String>) {
    let found = AGGREGATES.iter().find_map(|aggregate| {
        let base = row.name.strip_suffix(aggregate)?.strip_suffix('_')?;
        let all = AGGREGATES.iter().take(3);
        let has_all = || {
            all.clone()
                .all(|other| names.contains(&format!("{base}_{other}")))
        };
        (names.contains(base) || has_all()).then(|| (*aggregate, base.to_owned()))
    });
    if let Some((aggregate, base)) = found
        && row.run_type.is_some()
    {
        row.run_type = Some("aggregate".to_owned());
        row.aggregate_name = Some(aggregate.to_owned());
        row.run_name = Some(base);
    }
}
