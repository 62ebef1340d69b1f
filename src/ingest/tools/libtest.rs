//! The `bench:` lines of `cargo bench`, from libtest and from criterion's `--output-format bencher`.

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{Figure, Sheet, Spread};
use crate::model::{Better, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "libtest",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "the `bench:` lines of `cargo bench`",
        recognise: |head| !head.is_json() && head.lines().any(|line| Line::of(line).is_some()),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "one value (the median)",
            resolution: "0.01 ns, or 1 ns (older Rust, and criterion)",
            lost: "the samples, their number; `+/-` is the span of the samples and no interval",
            tested: "nightly Rust of November 2026",
        },
    }],
};

struct Line<'a> {
    name: &'a str,
    value: f64,
    step: f64,
    unit: &'a str,
    rate: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// `test NAME ... bench:   51,713.40 ns/iter (+/- 16,347.26) = 2592 MB/s`; a name may hold spaces.
    fn of(line: &'a str) -> Option<Self> {
        let rest = line.trim().strip_prefix("test ")?;
        let (name, rest) = rest.split_once(" ... bench:")?;
        let (number, rest) = rest.trim().split_once(' ')?;
        let (value, step) = quantity::number(number)?;
        let (unit, rest) = rest.split_once("/iter")?;
        Some(Self {
            name: name.trim(),
            value,
            step,
            unit: unit.trim(),
            rate: rest.split_once(") = ").map(|(_, rate)| rate.trim()),
        })
    }
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("libtest", None);
    let mut any = false;
    for (number, line) in (1..).zip(text.lines()) {
        let Some(line) = Line::of(line) else {
            continue;
        };
        any = true;
        let is_time = quantity::unit_ns(line.unit).is_some();
        let figure = Figure {
            subject: line.name,
            metric: if is_time { "time" } else { line.unit },
            unit: Unit::new(line.unit),
            better: Better::Lower,
            role: Role::Outcome,
        };
        let evidence = Spread {
            points: vec![(0.5, line.value, line.step)],
            // One number is all that is printed.
            n: 1,
            ..Spread::default()
        }
        .evidence()?;
        sheet
            .put(figure, Ok(evidence))
            .map_err(|error| error.context(format!("line {number}")))?;
        if let Some((value, unit)) = line.rate.and_then(|rate| rate.split_once(' '))
            && let Some((value, _)) = quantity::number(value)
        {
            let figure = Figure {
                subject: line.name,
                metric: "throughput",
                unit: Unit::new(unit),
                better: Better::Higher,
                role: Role::Fixed,
            };
            sheet.put(figure, crate::model::Evidence::value(value))?;
        }
    }
    if !any {
        return Err(anyhow!("no line of it is a result of a benchmark"))
            .hint("the benchmarks did not run: look at what `cargo bench` printed");
    }
    sheet.run()
}
