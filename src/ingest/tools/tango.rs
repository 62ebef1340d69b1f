//! tango (Rust, `tango-bench`): the text of `compare`, short and with `-v`, and of `solo`. What is taken of a comparison
//! is the candidate: the build that was measured.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity::{self, PrintedTime};
use crate::ingest::sheet::Sheet;
use crate::model::evidence::Estimate;
use crate::model::{Evidence, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "tango",
    class: ToolClass::Benchmark,
    forms: &[
        Form {
            what: "tango's text (`compare`)",
            recognise: |head| {
                head.lines()
                    .any(|line| compared(line).is_some() || opened(line).is_some())
            },
            read: Read::Whole(compare),
            facts: Facts {
                evidence: "an estimate (the mean of the candidate) with the interval that its rounding leaves",
                resolution: RESOLUTION,
                lost: "its version, the seed, the single samples (and what `-d` dumps of them, which names no benchmark, is not read); the baseline and whether the difference is significant (it is another build: compare runs with it instead)",
                tested: "0.9.0",
            },
        },
        Form {
            what: "tango's text (`solo`)",
            recognise: |head| head.lines().any(|line| alone(line).is_some()),
            read: Read::Whole(solo),
            facts: Facts {
                evidence: "an estimate (the mean) with the interval that its rounding leaves",
                resolution: RESOLUTION,
                lost: "its version, the seed, the single samples and their number",
                tested: "0.9.0",
            },
        },
    ],
};

const RESOLUTION: &str = "0.1 of ns, us, ms or s, which is 9 % of 1.1 us";

/// What its progress leaves on the terminal, where both streams went into one file, is wiped by this sign.
fn shown(line: &str) -> &str {
    line.rsplit("\u{1b}[2K").next().unwrap_or(line)
}

/// The name and what stands in the brackets behind it; a name may hold brackets too.
fn bracketed(line: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (name, rest) = shown(line).rsplit_once(" [ ")?;
    let (inside, after) = rest.split_once(" ]")?;
    let cells = inside.split(" ... ").map(str::trim).collect();
    Some((name.trim(), cells, after.trim()))
}

/// `NAME [ 1.0 us ... 1.1 us ]  +9.12%*`: the candidate is the second.
fn compared(line: &str) -> Option<(&str, &str)> {
    let (name, cells, after) = bracketed(line)?;
    let difference = after.strip_suffix('*').unwrap_or(after).strip_suffix('%')?;
    match cells.as_slice() {
        [_, candidate] if difference.starts_with(['+', '-', 'N']) => Some((name, candidate)),
        _ => None,
    }
}

/// `NAME [ 1.0 us ... 1.1 us ... 1.2 us ]  stddev: 1.0 ns`: smallest, mean and largest.
fn alone(line: &str) -> Option<(&str, &str)> {
    let (name, cells, after) = bracketed(line)?;
    match cells.as_slice() {
        [_, mean, _] if after.starts_with("stddev:") => Some((name, mean)),
        _ => None,
    }
}

/// `NAME  (n: 26, outliers: 4)`: a table follows.
fn opened(line: &str) -> Option<&str> {
    let (name, rest) = shown(line).rsplit_once("  (n: ")?;
    rest.strip_suffix(')')?
        .contains(", outliers: ")
        .then_some(name.trim())
}

fn compare(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("tango", None);
    let mut open = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((name, candidate)) = compared(line) {
            put(&mut sheet, name, candidate).with_context(|| format!("line {number}"))?;
        } else if let Some(name) = opened(line) {
            open = Some(name);
        } else if let Some(times) = line.trim_start().strip_prefix("mean ")
            && let Some(name) = open.take()
        {
            // Baseline, candidate and their difference: numbers and units in turns.
            let words: Vec<&str> = times.split_whitespace().skip(1).collect();
            let [_, _, value, unit, ..] = words.as_slice() else {
                return Err(anyhow!("line {number}: it has no candidate"))
                    .hint("the output may be cut short");
            };
            put(&mut sheet, name, &format!("{value} {unit}"))
                .with_context(|| format!("line {number}"))?;
        }
    }
    finish(sheet)
}

fn solo(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("tango", None);
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((name, mean)) = alone(line) {
            put(&mut sheet, name, mean).with_context(|| format!("line {number}"))?;
        }
    }
    finish(sheet)
}

fn put(sheet: &mut Sheet, name: &str, time: &str) -> anyhow::Result<()> {
    let PrintedTime { ns, step_ns } =
        quantity::time(time).with_context(|| format!("`{time:.40}` is no time"))?;
    let half = step_ns / 2.0;
    let estimate = Estimate {
        point: ns,
        low: (ns - half).max(0.0),
        high: ns + half,
        confidence: 0.95,
    };
    sheet.time(name, &Unit::new("ns"), Evidence::estimate(estimate))
}

fn finish(sheet: Sheet) -> anyhow::Result<Run> {
    if sheet.is_empty() {
        return Err(anyhow!("no benchmark was measured")).hint(
            "look at what it printed: does the filter match one, and has the other build it too?",
        );
    }
    sheet.run()
}
