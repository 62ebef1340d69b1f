//! divan's table.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{Sheet, Spread};
use crate::model::evidence::Moments;
use crate::model::{Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "divan",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "divan's table",
        recognise: |head| head.lines().any(is_header),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "the median, mean, fastest and slowest of n samples",
            resolution: "four digits",
            lost: "its version, the samples",
            tested: "0.1",
        },
    }],
};

fn is_header(line: &str) -> bool {
    line.contains("fastest") && line.contains("│ slowest") && line.contains("│ median")
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("divan", None);
    // Where the first column of numbers begins, and the names on the way to a row.
    let mut numbers_at = None;
    let mut path: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let chars: Vec<char> = line.chars().collect();
        if is_header(line) {
            numbers_at = line
                .split("fastest")
                .next()
                .map(|before| before.chars().count());
            path.clear();
            continue;
        }
        let Some(at) = numbers_at else { continue };
        let Some(mark) = chars.iter().take(at).position(|c| matches!(c, '├' | '╰')) else {
            // A further row of the benchmark above: its counters.
            continue;
        };
        let name: String = chars.iter().take(at).skip(mark + 2).collect();
        let name = name.trim().to_owned();
        path.truncate(mark / 3);
        path.push(name);
        let rest: String = chars.iter().skip(at).collect();
        let cells: Vec<&str> = rest.split('│').map(str::trim).collect();
        let [fastest, slowest, median, mean, samples, ..] = cells.as_slice() else {
            continue;
        };
        if fastest.is_empty() || *fastest == "(ignored)" {
            continue;
        }
        let time = |cell: &str| {
            quantity::time(cell).with_context(|| format!("line {number}: `{cell:.40}` is no time"))
        };
        let median = time(median)?;
        let n: u64 = samples
            .parse()
            .with_context(|| format!("line {number}: `{samples:.40}` is no number of samples"))?;
        let evidence = Spread {
            points: vec![(0.5, median.ns, median.step_ns)],
            n,
            moments: Moments {
                mean: Some(time(mean)?.ns),
                min: Some(time(fastest)?.ns),
                max: Some(time(slowest)?.ns),
            },
        }
        .evidence()
        .with_context(|| format!("line {number}"))?;
        sheet
            .time(&path.join("/"), &Unit::new("ns"), Ok(evidence))
            .with_context(|| format!("line {number}"))?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("no row of its table holds times"))
            .hint("the benchmarks did not run: look at what `cargo bench` printed");
    }
    sheet.run()
}
