//! The text of `go test -bench`, with `-count` and units of one's own, and the stream of `go test -json`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Figure, Sheet, of_several};
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "go-bench",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "the stream of `go test -json`",
            recognise: |head| {
                head.has_keys(&["Action", "Package"]) || head.has_keys(&["Action", "ImportPath"])
            },
            read: Read::Whole(stream),
            facts: FACTS,
        },
        Form {
            what: "the text of `go test -bench`",
            recognise: |head| {
                !head.is_json()
                    && (head.has_line("goos: ")
                        || head.lines().any(|line| {
                            Line::of(line).is_some_and(|line| {
                                line.values.iter().any(|(_, unit)| *unit == "ns/op")
                            })
                        }))
            },
            read: Read::Whole(|text| run(lines_of(text)?)),
            facts: FACTS,
        },
    ],
};

const FACTS: Facts = Facts {
    evidence: "samples, one per line (`-count`)",
    resolution: "four digits",
    lost: "Go's version; which direction of a unit of one's own is better, unless it is a time or per second",
    tested: "1.19, 1.26",
};

/// One line with results, and the package it belongs to.
struct Line<'a> {
    name: &'a str,
    iterations: u64,
    values: Vec<(f64, &'a str)>,
}

impl<'a> Line<'a> {
    /// `BenchmarkJoin/n=1-2  19299140  3.000 ns/op  999.86 MB/s`.
    fn of(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let rest = name.strip_prefix("Benchmark")?;
        // A word such as `Benchmarking` is no benchmark.
        if rest.chars().next().is_some_and(char::is_lowercase)
            || line.starts_with(char::is_whitespace)
        {
            return None;
        }
        let iterations = words.next()?.parse().ok()?;
        let mut values = Vec::new();
        while let Some(value) = words.next() {
            let value = value
                .parse::<f64>()
                .ok()
                .filter(|value| value.is_finite())?;
            values.push((value, words.next()?));
        }
        (!values.is_empty()).then_some(Self {
            name,
            iterations,
            values,
        })
    }
}

/// A result: package, name, value and unit.
struct BenchmarkResult {
    package: String,
    name: String,
    values: Vec<(f64, String)>,
}

fn lines_of(text: &str) -> anyhow::Result<Vec<BenchmarkResult>> {
    let mut package = String::new();
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("pkg: ") {
            name.trim().clone_into(&mut package);
        }
        if let Some(line) = Line::of(line) {
            of_several(Some(line.iterations)).with_context(|| format!("`{}`", line.name))?;
            all.push(BenchmarkResult {
                package: package.clone(),
                name: line.name.to_owned(),
                values: line
                    .values
                    .into_iter()
                    .map(|(value, unit)| (value, unit.to_owned()))
                    .collect(),
            });
        }
    }
    Ok(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(default)]
    action: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    output: String,
}

/// One line of results comes in several events, and events of packages that run at once are mixed.
fn stream(text: &str) -> anyhow::Result<Run> {
    let mut outputs: BTreeMap<String, String> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with('{') {
            continue;
        }
        let event: Event = json::line(line.as_bytes())
            .map_err(|error| error.context(format!("line {number}")))
            .hint("the stream may be cut short: let `go test -json` run to its end")?;
        if event.action == "output" {
            outputs
                .entry(event.package)
                .or_default()
                .push_str(&event.output);
        }
    }
    let mut all = Vec::new();
    for (package, output) in &outputs {
        let mut of_package = lines_of(output)?;
        for measured in &mut of_package {
            measured.package.clone_from(package);
        }
        all.append(&mut of_package);
    }
    run(all)
}

/// The number of processors stands behind each name, unless it is 1: it is taken off where all agree on it.
fn common_suffix(all: &[BenchmarkResult]) -> Option<String> {
    let suffix = |name: &str| -> Option<String> {
        let (_, digits) = name.rsplit_once('-')?;
        let procs: u32 = digits.parse().ok()?;
        (procs > 1).then(|| format!("-{digits}"))
    };
    let first = suffix(&all.first()?.name)?;
    all.iter()
        .all(|measured| measured.name.ends_with(&first))
        .then_some(first)
}

fn run(all: Vec<BenchmarkResult>) -> anyhow::Result<Run> {
    if all.is_empty() {
        return Err(anyhow!("no line of it is a result of a benchmark")).hint(
            "run `go test -run=NONE -bench=. -count=10`: without `-bench` nothing is measured",
        );
    }
    let suffix = common_suffix(&all).unwrap_or_default();
    let mut sheet = Sheet::new("go-bench", None);
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for measured in &all {
        packages
            .entry(measured.name.clone())
            .or_default()
            .insert(measured.package.clone());
    }
    let mut samples: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for measured in &all {
        let name = measured
            .name
            .strip_suffix(suffix.as_str())
            .unwrap_or(&measured.name);
        // Only where two packages have a benchmark of this name does it need its package.
        let subject = match packages.get(&measured.name) {
            Some(several) if several.len() > 1 => format!("{}.{name}", measured.package),
            _ => name.to_owned(),
        };
        for (value, unit) in &measured.values {
            samples
                .entry((subject.clone(), unit.clone()))
                .or_default()
                .push(*value);
        }
    }
    for ((subject, unit), values) in samples {
        let (metric, unit, better, role) = meaning(&unit);
        let figure = Figure {
            subject: &subject,
            metric: &metric,
            unit,
            better,
            role,
        };
        sheet.put(figure, Evidence::samples(values))?;
    }
    sheet.run()
}

/// What a unit measures, and which direction is better where its name tells.
fn meaning(unit: &str) -> (String, Unit, Better, Role) {
    let metric =
        |name: &str, unit: &str, better, role| (name.to_owned(), Unit::new(unit), better, role);
    match unit {
        "ns/op" => metric(MetricName::TIME, "ns", Better::Lower, Role::Outcome),
        "B/op" => metric("B/op", "B", Better::Lower, Role::Outcome),
        "allocs/op" => metric("allocs/op", "", Better::Lower, Role::Outcome),
        // Worked out from the time.
        "MB/s" => metric(MetricName::THROUGHPUT, "MB/s", Better::Higher, Role::Fixed),
        _ => {
            let time = [
                ("ns", "ns"),
                ("us", "us"),
                ("µs", "us"),
                ("ms", "ms"),
                ("sec", "s"),
                ("s", "s"),
            ];
            let of_time = time.into_iter().find(|(name, _)| {
                unit.strip_suffix(*name)
                    .is_some_and(|rest| rest.ends_with('-'))
                    || unit
                        .strip_prefix(*name)
                        .is_some_and(|rest| rest.starts_with('/'))
            });
            if let Some((_, of)) = of_time {
                return metric(unit, of, Better::Lower, Role::Outcome);
            }
            if unit.ends_with("/s") || unit.ends_with("/sec") {
                return metric(unit, unit, Better::Higher, Role::Outcome);
            }
            metric(unit, "", Better::Lower, Role::Fixed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_of_results_count() {
        let line =
            Line::of("BenchmarkJoin-2 \t 3438 \t 5162 ns/op \t 0.0000123 miss-rate").unwrap();
        assert_eq!(line.name, "BenchmarkJoin-2");
        assert_eq!(line.values, [(5162.0, "ns/op"), (0.000_012_3, "miss-rate")]);
        for text in [
            "BenchmarkPrints-2   \tnoise printed by the code, n = 100",
            "   51258\t       167.3 ns/op",
            "BenchmarkHash",
            "Benchmarking 127.0.0.1 (be patient)",
            "BenchmarkX-2 100 5 ns/op 3",
        ] {
            assert!(Line::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_number_of_processors_is_taken_off_where_all_names_agree() {
        let named = |names: &[&str]| -> Vec<BenchmarkResult> {
            let each = names.iter().map(|name| BenchmarkResult {
                package: String::new(),
                name: (*name).to_owned(),
                values: Vec::new(),
            });
            each.collect()
        };
        assert_eq!(
            common_suffix(&named(&["A-2", "B/plain-2-2"])).as_deref(),
            Some("-2")
        );
        assert_eq!(common_suffix(&named(&["A", "B/plain-2"])), None);
        assert_eq!(common_suffix(&named(&["A-1", "B-1"])), None);
    }
}
