//! Google Benchmark's JSON (`--benchmark_format=json`, `--benchmark_out`).

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Figure, Sheet, Spread};
use crate::ingest::{json, quantity};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "google-benchmark",
    class: ToolClass::Benchmark,
    forms: &[Form {
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
    }],
};

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
#[derive(Clone, Deserialize)]
struct Row {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    aggregate_unit: Option<String>,
    repetitions: Option<u64>,
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

const FIELDS: [&str; 7] = [
    "family_index",
    "per_family_instance_index",
    "repetition_index",
    "threads",
    "iterations",
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
    let mut order: Vec<&str> = Vec::new();
    let mut of_each: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &output.benchmarks {
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
    let unit = unit(single.first().copied())?;
    let times = |of: fn(&Row) -> Option<f64>| -> Vec<f64> {
        single.iter().filter_map(|row| of(row)).collect()
    };
    let real = times(|row| row.real_time);
    if real.len() != single.len() {
        bail!("a repetition has no `real_time`");
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
    let n = row.repetitions.unwrap_or(1);
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
