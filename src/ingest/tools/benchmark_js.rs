//! benchmark.js: the lines that its suites print, `name x 291,655 ops/sec ±3.38% (10 runs sampled)`.

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{Figure, Sheet};
use crate::model::evidence::Estimate;
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "benchmark.js",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "benchmark.js's text",
        recognise: |head| !head.is_json() && head.lines().any(|line| Line::of(line).is_some()),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "operations per second with their interval",
            resolution: "1 a second",
            lost: "its version, the samples, why a benchmark failed",
            tested: "2.1.4",
        },
    }],
};

struct Line<'a> {
    name: &'a str,
    per_second: f64,
    percent: f64,
}

impl<'a> Line<'a> {
    /// A name may hold ` x ` itself: the last one counts.
    fn of(line: &'a str) -> Option<Self> {
        let (before, rest) = line.trim().split_once(" ops/sec ±")?;
        let (name, number) = before.rsplit_once(" x ")?;
        let (percent, rest) = rest.split_once('%')?;
        rest.contains("sampled").then_some(())?;
        Some(Self {
            name: name.trim(),
            per_second: quantity::number(number)?.0,
            percent: quantity::number(percent)?.0,
        })
    }
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("benchmark.js", None);
    for (number, line) in (1..).zip(text.lines()) {
        let Some(line) = Line::of(line) else {
            if let Some((name, _)) = line
                .split_once(": ")
                .filter(|(name, rest)| !name.contains(' ') && rest.trim().is_empty())
            {
                sheet.warn(format!("`{name}` failed: it is left out"));
            }
            continue;
        };
        let half = line.per_second * line.percent / 100.0;
        let figure = Figure {
            subject: line.name,
            metric: MetricName::THROUGHPUT,
            unit: Unit::new("ops/s"),
            better: Better::Higher,
            role: Role::Outcome,
        };
        // The margin of error is that of 95 %.
        let evidence = Evidence::estimate(Estimate {
            point: line.per_second,
            low: line.per_second - half,
            high: line.per_second + half,
            confidence: 0.95,
        });
        sheet
            .put(figure, evidence)
            .map_err(|error| error.context(format!("line {number}")))?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("no line of it is a result of a benchmark"))
            .hint("look at what the suite printed");
    }
    sheet.run()
}
