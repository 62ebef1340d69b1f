//! `perf stat`: its CSV (`-x,`), with and without `-r`, and its JSON (`-j`).

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::json;
use crate::ingest::sheet::{Figure, Sheet};
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "perf",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "the JSON of `perf stat -j`",
            recognise: |head| {
                head.lines().any(|line| {
                    line.contains("\"counter-value\" : ") && line.contains("\"event\" : ")
                })
            },
            read: Read::Whole(lines_of_json),
            facts: FACTS,
        },
        Form {
            what: "the CSV of `perf stat -x,`",
            recognise: is_csv,
            read: Read::Whole(csv),
            facts: FACTS,
        },
    ],
};

const FACTS: Facts = Facts {
    evidence: "one value for each event; times and instructions are judged, the rest is shown",
    resolution: "none",
    lost: "its version, the command, how much executions differ; events that the machine cannot count",
    tested: "6.1",
};

/// No output names the command.
const SUBJECT: &str = "command";

fn is_csv(head: &Head<'_>) -> bool {
    !head.is_json()
        && head.has_line("# started on ")
        && head.lines().any(|line| event(line).is_some())
}

/// Value, unit and event of a line; further columns differ between versions and options.
fn event(line: &str) -> Option<(&str, &str, &str)> {
    let mut cells = line.split(',');
    let (value, unit, name) = (cells.next()?, cells.next()?, cells.next()?);
    let counted = value.parse::<f64>().is_ok() || value.starts_with("<not ");
    let named = !name.is_empty() && name.parse::<f64>().is_err();
    (counted && named && cells.count() >= 2).then_some((value, unit, name))
}

fn csv(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("perf", None);
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let (value, unit, name) = event(line)
            .with_context(|| format!("line {number}: it is no event"))
            .hint("with `-I` there is a time in front, and with another separator than a comma it is another format")?;
        put((value, unit, name), &mut sheet).with_context(|| format!("line {number}"))?;
    }
    finish(sheet)
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "counter-value")]
    value: String,
    #[serde(default)]
    unit: String,
    event: String,
}

fn lines_of_json(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("perf", None);
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with('{') {
            continue;
        }
        let line: Line = json::line(line.as_bytes()).with_context(|| format!("line {number}"))?;
        put((&line.value, &line.unit, &line.event), &mut sheet)
            .with_context(|| format!("line {number}"))?;
    }
    finish(sheet)
}

fn finish(sheet: Sheet) -> anyhow::Result<Run> {
    if sheet.is_empty() {
        return Err(anyhow!("no event of it was counted"))
            .hint("a virtual machine often has no counters of the processor: `perf stat -e task-clock` counts time");
    }
    sheet.run()
}

fn put((value, unit, event): (&str, &str, &str), sheet: &mut Sheet) -> anyhow::Result<()> {
    // What could not be counted is not zero.
    let Ok(value) = value.parse::<f64>() else {
        sheet.warn(format!(
            "{event} was {}: it is left out",
            value.trim_matches(['<', '>'])
        ));
        return Ok(());
    };
    let unit = match unit {
        "msec" => "ms",
        other => other,
    };
    let name = event.split(':').next().unwrap_or(event);
    let metric = match name {
        "duration_time" => MetricName::TIME,
        "task-clock" | "cpu-clock" => "cpu_time",
        other => other,
    };
    let judged = matches!(
        name,
        "duration_time" | "task-clock" | "cpu-clock" | "instructions"
    );
    let figure = Figure {
        subject: SUBJECT,
        metric,
        unit: Unit::new(unit),
        better: Better::Lower,
        role: if judged { Role::Outcome } else { Role::Fixed },
    };
    sheet.put(figure, Evidence::value(value))
}
