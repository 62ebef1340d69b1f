//! nanobench (C++): what its JSON template (`templates::json()`) renders, and the Markdown table that it prints.

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{Figure, Sheet};
use crate::ingest::{json, quantity};
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "nanobench",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "nanobench's JSON (`ankerl::nanobench::templates::json()`)",
            recognise: |head| {
                head.has_keys(&["results"])
                    && head
                        .text()
                        .contains("\"medianAbsolutePercentError(elapsed)\"")
            },
            read: Read::Whole(parse),
            facts: Facts {
                evidence: "samples, one for each epoch; `instructions` where the machine counts them",
                resolution: "none",
                lost: "its version; why a benchmark failed; names with a quote in them, which it does not escape (refused)",
                tested: "4.6.0",
            },
        },
        Form {
            what: "nanobench's table",
            recognise: |head| head.lines().any(|line| Columns::of(line).is_some()),
            read: Read::Whole(table),
            facts: Facts {
                evidence: "one value (the median)",
                resolution: "0.01 of the unit of its column",
                lost: "its version; the single epochs and their number: prefer its JSON",
                tested: "4.6.0",
            },
        },
    ],
};

#[derive(Deserialize)]
struct Output {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    title: String,
    name: String,
    /// How many units one operation does: the table counts units, and `elapsed` operations.
    batch: f64,
    #[serde(rename = "complexityN")]
    complexity_n: Option<f64>,
    #[serde(rename = "median(instructions)")]
    instructions: Option<f64>,
    /// As many as were asked for, and all of them are measured.
    epochs: Option<u64>,
    measurements: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    /// Seconds for one operation.
    elapsed: f64,
}

/// What every table is called that is given no name.
const NO_TITLE: &str = "benchmark";

/// The name as both outputs tell it.
fn subject(title: &str, name: &str, terms: &[String]) -> String {
    let mut subject = match title {
        NO_TITLE | "" => name.to_owned(),
        title => format!("{title}/{name}"),
    };
    if !terms.is_empty() {
        subject = format!("{subject} ({})", terms.join(", "));
    }
    subject
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)
        .context("nanobench writes names as they are: one with a quote in it breaks its JSON")?;
    let mut sheet = Sheet::new("nanobench", None);
    let mut failed = Vec::new();
    for outcome in &output.results {
        let size = outcome.complexity_n.filter(|n| *n > 0.0);
        let terms: Vec<String> = size
            .map(|n| format!("complexityN={n}"))
            .into_iter()
            .collect();
        let subject = subject(&outcome.title, &outcome.name, &terms);
        if outcome.measurements.is_empty() {
            sheet.failures(&subject, 1, 1)?;
            failed.push(subject);
            continue;
        }
        sheet.failures(&subject, 0, 1)?;
        if outcome.batch <= 0.0 {
            bail!("`{subject}`: its batch is {}", outcome.batch);
        }
        if let Some(epochs) = outcome.epochs.filter(|n| *n > 0) {
            let held = (outcome.measurements.len(), epochs);
            sheet.holds(&subject, held, "epochs")?;
        }
        let times = outcome.measurements.iter();
        let times = times.map(|epoch| epoch.elapsed / outcome.batch).collect();
        sheet.time(&subject, &Unit::new("s"), Evidence::samples(times))?;
        // It is zero where nothing counts them.
        if let Some(instructions) = outcome.instructions.filter(|n| *n > 0.0) {
            let figure = Figure {
                subject: &subject,
                metric: "instructions",
                unit: Unit::none(),
                better: Better::Lower,
                role: Role::Outcome,
            };
            sheet.put(figure, Evidence::value(instructions / outcome.batch))?;
        }
    }
    finish(sheet, &failed, output.results.len())
}

fn finish(mut sheet: Sheet, failed: &[String], all: usize) -> anyhow::Result<Run> {
    if failed.len() == all {
        return Err(anyhow!("none of its {all} benchmarks was measured"))
            .hint("look at what nanobench printed: is the measured code optimised away?");
    }
    if !failed.is_empty() {
        sheet.warn(format!(
            "{} benchmarks could not be measured: {}",
            failed.len(),
            failed.join(", ")
        ));
    }
    sheet.run()
}

/// The head of a table.
struct Columns {
    names: Vec<String>,
    time: usize,
    unit: Unit,
}

impl Columns {
    /// `| ns/op | op/s | err% | … | total | title`: the last one is not closed.
    fn of(line: &str) -> Option<Self> {
        let cells = line.trim().strip_prefix('|')?.split('|');
        let names: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
        let has = |name: &str| names.iter().any(|known| known == name);
        if !has("err%") || !has("total") {
            return None;
        }
        let (time, unit) = names.iter().enumerate().find_map(|(at, name)| {
            let (unit, _) = name.split_once('/')?;
            Some((at, quantity::time_unit(unit)?))
        })?;
        Some(Self { names, time, unit })
    }

    fn begins_with_size(&self) -> bool {
        self.names.first().is_some_and(|name| name == "complexityN")
    }

    /// What the caller says of a row in columns of its own.
    fn terms(&self, cells: &[&str]) -> Vec<String> {
        let but_title = self.names.len().saturating_sub(1);
        let named = self.names.iter().take(but_title).zip(cells);
        named
            .filter(|(name, value)| !is_measured(name) && **value != "-")
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }
}

/// `ins/op` and the like have the unit in their name.
fn is_measured(column: &str) -> bool {
    column.contains('/')
        || matches!(
            column,
            "relative" | "95% CI" | "err%" | "IPC" | "miss%" | "total"
        )
}

/// What stands in the first pair of backticks; a name may hold one, and so may the remark behind it.
fn name(cell: &str) -> Option<&str> {
    let (_, name) = cell.split_once('`')?;
    name.strip_suffix('`')
        .or_else(|| Some(name.rsplit_once("` (")?.0))
}

fn table(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("nanobench", None);
    let mut columns: Option<Columns> = None;
    let mut failed = Vec::new();
    let mut all = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(head) = Columns::of(line) {
            columns = Some(head);
            continue;
        }
        let (Some(head), Some(row)) = (&columns, line.trim().strip_prefix('|')) else {
            continue;
        };
        let Some((measured, _)) = row.split_once('`') else {
            continue;
        };
        // A name may hold the sign itself.
        let mut cells: Vec<&str> = row.splitn(head.names.len(), '|').map(str::trim).collect();
        let mut size = None;
        // A size comes and goes in front of the other columns without a new head.
        match measured.matches('|').count() {
            columns if columns + 1 == head.names.len() => {}
            columns if columns == head.names.len() => {
                let (first, rest) = row.split_once('|').unwrap_or_default();
                size = Some(format!("complexityN={}", first.trim()));
                cells = rest.splitn(head.names.len(), '|').map(str::trim).collect();
            }
            columns if columns + 2 == head.names.len() && head.begins_with_size() => {
                cells = row.splitn(columns + 1, '|').map(str::trim).collect();
                cells.insert(0, "-");
            }
            columns => bail!(
                "line {number}: it has {columns} columns, and its head {}",
                head.names.len() - 1
            ),
        }
        let (Some(title), Some(last)) = (head.names.last(), cells.get(head.names.len() - 1)) else {
            continue;
        };
        let Some(name) = name(last) else { continue };
        all += 1;
        let terms: Vec<String> = size.into_iter().chain(head.terms(&cells)).collect();
        let subject = subject(title, name, &terms);
        if last.starts_with(":boom:") {
            sheet.failures(&subject, 1, 1)?;
            failed.push(subject);
            continue;
        }
        sheet
            .failures(&subject, 0, 1)
            .with_context(|| format!("line {number}"))?;
        let cell = cells.get(head.time).copied().unwrap_or_default();
        let (value, _) = quantity::number(cell)
            .with_context(|| format!("line {number}: `{cell:.40}` is no time"))?;
        sheet
            .time(&subject, &head.unit, Evidence::value(value))
            .with_context(|| format!("line {number}"))?;
    }
    finish(sheet, &failed, all)
}
