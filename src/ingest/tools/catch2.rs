//! Catch2's XML (`-r xml`): the results of its benchmarks.

use anyhow::{Context, anyhow};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{Sheet, of_several};
use crate::model::evidence::Estimate;
use crate::model::{Evidence, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "catch2",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "Catch2's XML (`-r xml`)",
        recognise: |head| {
            head.starts_with("<") && (head.has_line("<Catch ") || head.has_line("<Catch2TestRun"))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "the mean with its interval",
            resolution: "six digits",
            lost: "its version, the samples, the median; benchmarks that threw are missing",
            tested: "2.13",
        },
    }],
};

/// Names on the way to a benchmark: test cases and sections.
fn opens_a_name(tag: &BytesStart<'_>) -> bool {
    matches!(
        tag.name().as_ref(),
        b"TestCase" | b"Section" | b"BenchmarkResults"
    )
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> anyhow::Result<Option<String>> {
    let found = tag.try_get_attribute(name)?;
    let value = found.map(|found| found.unescape_value().map(|value| value.into_owned()));
    Ok(value.transpose()?)
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let mut reader = Reader::from_str(text);
    let mut sheet = Sheet::new("catch2", None);
    let mut path: Vec<String> = Vec::new();
    let mut in_benchmark = false;
    loop {
        let place = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|error| anyhow!("byte {place}: {error}"))
            .hint("the file may be cut short: let the tests write it again")?;
        match event {
            Event::Start(tag) if opens_a_name(&tag) => {
                in_benchmark = tag.name().as_ref() == b"BenchmarkResults";
                let samples = attribute(&tag, "samples")?.and_then(|n| n.trim().parse().ok());
                of_several(samples).with_context(|| format!("`{}`", path.join("/")))?;
                path.push(
                    attribute(&tag, "name")?
                        .unwrap_or_default()
                        .trim()
                        .to_owned(),
                );
            }
            Event::End(tag)
                if matches!(
                    tag.name().as_ref(),
                    b"TestCase" | b"Section" | b"BenchmarkResults"
                ) =>
            {
                in_benchmark = false;
                path.pop();
            }
            Event::Start(tag) | Event::Empty(tag)
                if in_benchmark && tag.name().as_ref() == b"mean" =>
            {
                let subject = path.join("/");
                let evidence = mean(&tag).with_context(|| format!("`{subject}`"))?;
                // All values are nanoseconds, which only a comment says.
                sheet.time(&subject, &Unit::new("ns"), Ok(evidence))?;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if sheet.is_empty() {
        return Err(anyhow!("it holds no benchmark"))
            .hint("run the tests that hold one: `-r xml '[bench]'`");
    }
    sheet.run()
}

fn mean(tag: &BytesStart<'_>) -> anyhow::Result<Evidence> {
    let number = |name: &str| -> anyhow::Result<f64> {
        let text = attribute(tag, name)?.with_context(|| format!("the mean has no `{name}`"))?;
        text.parse()
            .with_context(|| format!("`{text:.40}` is no number"))
    };
    let (point, confidence) = (number("value")?, number("ci")?);
    // Without an analysis there is no interval.
    if confidence <= 0.0 || confidence >= 1.0 {
        return Ok(Evidence::value(point)?);
    }
    let (low, high) = (number("lowerBound")?, number("upperBound")?);
    Ok(Evidence::estimate(Estimate {
        point,
        low: low.min(point),
        high: high.max(point),
        confidence,
    })?)
}
