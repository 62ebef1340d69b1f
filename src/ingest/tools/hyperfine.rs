//! hyperfine's JSON (`--export-json`), of version 1 and of version 2, and the CSV of version 1 and 2.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::json;
use crate::ingest::sheet::{Figure, Sheet, agree, count};
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "hyperfine",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "hyperfine's JSON",
            recognise: |head| is_version_2(head) || is_version_1(head),
            read: Read::Whole(parse),
            facts: Facts {
                evidence: "samples, one per execution",
                resolution: "none",
                lost: "its version (version 1), the machine",
                tested: "1.15, 1.20, 2.0.0",
            },
        },
        Form {
            what: "hyperfine's CSV",
            recognise: |head| {
                head.starts_with("command,mean,stddev,median,user,system,min,max")
                    || head.starts_with("command,time_wall_clock_unit,")
            },
            read: Read::Whole(csv),
            facts: Facts {
                evidence: "one value (the median)",
                resolution: "none",
                lost: "the single executions, their number, exit codes: prefer `--export-json`",
                tested: "1.15, 1.20, 2.0.0",
            },
        },
    ],
};

fn is_version_1(head: &Head<'_>) -> bool {
    let text = head.text();
    head.has_keys(&["results"])
        && text.contains("\"command\"")
        && text.contains("\"times\"")
        && text.contains("\"stddev\"")
}

fn is_version_2(head: &Head<'_>) -> bool {
    head.has_keys(&["schema_version", "metadata", "results"])
        && head.text().contains("\"hyperfine_version\"")
}

#[derive(Deserialize)]
struct Export {
    metadata: Option<Metadata>,
    results: Vec<Timed>,
}

#[derive(Deserialize)]
struct Metadata {
    hyperfine_version: Option<String>,
    start_time: Option<String>,
}

/// One command: version 1 writes `times`, version 2 `measurements`.
#[derive(Deserialize)]
struct Timed {
    command: String,
    name: Option<String>,
    #[serde(default)]
    times: Option<Vec<f64>>,
    user: Option<f64>,
    system: Option<f64>,
    #[serde(default)]
    exit_codes: Vec<Option<i64>>,
    #[serde(default)]
    parameters: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    measurements: Vec<TimedRun>,
    mean: Option<f64>,
    median: Option<f64>,
}

#[derive(Deserialize)]
struct TimedRun {
    time_wall_clock: Option<Quantity>,
    time_user: Option<Quantity>,
    time_system: Option<Quantity>,
    memory_peak_resident: Option<Quantity>,
    exit_code: Option<i64>,
}

#[derive(Clone, Deserialize)]
struct Quantity {
    value: f64,
    unit: String,
}

/// Executions of one command, whichever version wrote them.
#[derive(Default)]
struct Executions {
    seconds: Vec<f64>,
    user: Vec<f64>,
    system: Vec<f64>,
    bytes: Vec<f64>,
    exit_codes: Vec<Option<i64>>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let export: Export = json::document(text)?;
    let metadata = export.metadata.as_ref();
    let version = metadata.and_then(|m| m.hyperfine_version.as_deref());
    let mut sheet = Sheet::new("hyperfine", version);
    let started = metadata.and_then(|m| m.start_time.as_deref());
    sheet.provenance().started_at = started.and_then(|at| at.parse().ok());
    for (number, timed) in (1..).zip(export.results) {
        let subject = timed.subject();
        timed
            .record(&subject, &mut sheet)
            .with_context(|| format!("result {number} (`{subject}`)"))?;
    }
    sheet.run()
}

impl Timed {
    /// What was named with `-n`, else the command. Parameters that do not stand in it make it another subject.
    fn subject(&self) -> String {
        let name = self.name.as_ref().unwrap_or(&self.command);
        let hidden: Vec<String> = self
            .parameters
            .iter()
            .map(|(key, value)| match value {
                serde_json::Value::String(text) => (key, text.clone()),
                other => (key, other.to_string()),
            })
            .filter(|(_, value)| !name.contains(value.as_str()))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if hidden.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", hidden.join(", "))
        }
    }

    fn executions(&self) -> anyhow::Result<Executions> {
        if let Some(times) = &self.times {
            return Ok(Executions {
                seconds: times.clone(),
                exit_codes: self.exit_codes.clone(),
                user: self.user.into_iter().collect(),
                system: self.system.into_iter().collect(),
                ..Executions::default()
            });
        }
        let mut all = Executions::default();
        for measured in &self.measurements {
            let Some(time) = &measured.time_wall_clock else {
                bail!("an execution has no `time_wall_clock`");
            };
            all.seconds.push(time.expect("second")?);
            let parts = [
                (&measured.time_user, "second", &mut all.user),
                (&measured.time_system, "second", &mut all.system),
                (&measured.memory_peak_resident, "byte", &mut all.bytes),
            ];
            for (part, unit, values) in parts {
                if let Some(part) = part {
                    values.push(part.expect(unit)?);
                }
            }
            all.exit_codes.push(measured.exit_code);
        }
        Ok(all)
    }

    fn record(&self, subject: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let second = Unit::new("s");
        let all = self.executions()?;
        if all.seconds.is_empty() {
            // An export of which the single times were taken out.
            let typical = self.median.or(self.mean).context("it has no times")?;
            return sheet.time(subject, &second, Evidence::value(typical));
        }
        if !all.exit_codes.is_empty() {
            let number = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
            agree(
                ("the number of its times", number(all.seconds.len())),
                ("that of its exit codes", number(all.exit_codes.len())),
            )?;
        }
        let codes = (all.exit_codes.len() == all.seconds.len()).then_some(&all.exit_codes);
        let failed = |at: usize| codes.and_then(|codes| codes.get(at)) != Some(&Some(0));
        let good: Vec<f64> = match codes {
            None => all.seconds.clone(),
            Some(_) => {
                let each = all.seconds.iter().enumerate();
                each.filter(|(at, _)| !failed(*at))
                    .map(|(_, s)| *s)
                    .collect()
            }
        };
        if codes.is_some() {
            let failures = all.seconds.len() - good.len();
            let (failures, of) = (u64::try_from(failures)?, u64::try_from(all.seconds.len())?);
            sheet.failures(subject, failures, of)?;
            if failures > 0 {
                sheet.warn(format!(
                    "`{subject}` failed in {failures} of {of} executions: their times are left out"
                ));
            }
        }
        if !good.is_empty() {
            sheet.time(subject, &second, Evidence::samples(good))?;
        }
        for (metric, unit, values) in [
            ("user_time", "s", all.user),
            ("system_time", "s", all.system),
            ("rss_peak", "B", all.bytes),
        ] {
            if values.is_empty() {
                continue;
            }
            let figure = Figure {
                subject,
                metric,
                unit: Unit::new(unit),
                better: Better::Lower,
                role: Role::Fixed,
            };
            let mean = values.iter().sum::<f64>() / count(u64::try_from(values.len())?);
            sheet.put(figure, Evidence::value(mean))?;
        }
        Ok(())
    }
}

impl Quantity {
    fn expect(&self, unit: &str) -> anyhow::Result<f64> {
        if self.unit != unit {
            bail!("its unit is `{}`, and not `{unit}`", self.unit);
        }
        Ok(self.value)
    }
}

fn csv(text: &str) -> anyhow::Result<Run> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let at = |name: &str| headers.iter().position(|header| header == name);
    let version_2 = at("time_wall_clock_median");
    let median = at("median")
        .or(version_2)
        .context("line 1: there is no column `median` or `time_wall_clock_median`")?;
    let unit_column = at("time_wall_clock_unit");
    let mut sheet = Sheet::new("hyperfine", None);
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let parameters: Vec<String> = headers
            .iter()
            .zip(&row)
            .filter_map(|(header, value)| Some((header.strip_prefix("parameter_")?, value)))
            .filter(|(_, value)| !cell(0).contains(*value))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut subject = cell(0).to_owned();
        if !parameters.is_empty() {
            subject = format!("{subject} ({})", parameters.join(", "));
        }
        if let Some(unit) = unit_column.map(cell).filter(|unit| *unit != "s") {
            bail!("line {line}: the unit of the time is `{unit}`, and not `s`");
        }
        let seconds: f64 = cell(median)
            .parse()
            .map_err(|_| anyhow!("line {line}: `{}` is not a time", cell(median)))
            .hint("the file may be cut short: let hyperfine write it again")?;
        sheet
            .time(&subject, &Unit::new("s"), Evidence::value(seconds))
            .with_context(|| format!("line {line}"))?;
    }
    sheet.warn(
        "hyperfine's CSV holds no single times: `--export-json` shows how much executions differ",
    );
    sheet.run()
}
