//! The work of an iteration, and the rate that follows from its time.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::{Better, Evidence, Measurement, MetricName, Role, Unit};

/// So much of one kind of work.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ingest) struct PerIteration {
    pub(in crate::ingest) amount: f64,
    /// As it reads before `/s`: `B`, `elements`.
    pub(in crate::ingest) unit: Cow<'static, str>,
}

/// The work of an iteration and its time.
pub(in crate::ingest) struct Rates<'a> {
    pub(in crate::ingest) work: &'a [PerIteration],
    pub(in crate::ingest) ns: f64,
}

/// criterion's `throughput`: one tag and its number, or the two numbers of `ElementsAndBytes`.
/// A note where the kind is unknown: the times are good without it.
pub(super) fn parse(throughput: &Value) -> Result<Vec<PerIteration>, String> {
    let unknown = || format!("its throughput is of an unknown kind, {throughput}");
    let Some((kind, amount)) = throughput
        .as_object()
        .and_then(|tagged| tagged.iter().next())
    else {
        return Err(unknown());
    };
    let work = |amount: Option<&Value>, unit: &'static str| {
        amount
            .and_then(Value::as_f64)
            .filter(|amount| *amount > 0.0)
            .map(|amount| PerIteration {
                amount,
                unit: Cow::Borrowed(unit),
            })
    };
    let parsed: Option<Vec<_>> = match (kind.as_str(), unit_of(kind)) {
        (_, Some(unit)) => [work(Some(amount), unit)].into_iter().collect(),
        ("ElementsAndBytes", _) => [
            work(amount.get("elements"), "elements"),
            work(amount.get("bytes"), "B"),
        ]
        .into_iter()
        .collect(),
        _ => None,
    };
    parsed.ok_or_else(unknown)
}

/// The unit of a kind of work that is one number.
pub(super) fn unit_of(kind: &str) -> Option<&'static str> {
    match kind {
        // They differ only in how criterion prints them.
        "Bytes" | "BytesDecimal" => Some("B"),
        "Elements" => Some("elements"),
        "Bits" => Some("bits"),
        _ => None,
    }
}

/// What the times say about the rate.
///
/// A rate is work over time and nothing more: gated beside `time`, one slowdown would count twice.
/// So it follows from another series: shown, and gated where a rule names it.
pub(in crate::ingest) fn rates<'a>(
    rates: &'a Rates<'_>,
    words: &'a mut Words,
) -> impl Iterator<Item = (MetricName, Measurement)> + 'a {
    let each = rates.work.iter().enumerate();
    each.filter_map(|(at, work)| {
        let evidence = Evidence::value(work.amount / (rates.ns / 1e9)).ok()?;
        // One metric holds one rate; a second one is named after its work.
        let name = match at {
            0 => words.throughput.clone(),
            _ => MetricName::new(format!("{}-{}", MetricName::THROUGHPUT, work.unit)),
        };
        let measurement = Measurement {
            unit: words.per_second(&work.unit),
            better: Better::Higher,
            role: Role::Fixed,
            evidence,
        };
        Some((name, measurement))
    })
}

/// Names and units that are the same for all benchmarks: of thousands there is one of each.
pub(in crate::ingest) struct Words {
    pub(super) time: MetricName,
    pub(super) ns: Unit,
    throughput: MetricName,
    per_second: Vec<(String, Unit)>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            time: MetricName::new(MetricName::TIME),
            ns: Unit::new("ns"),
            throughput: MetricName::new(MetricName::THROUGHPUT),
            per_second: Vec::new(),
        }
    }
}

impl Words {
    fn per_second(&mut self, work: &str) -> Unit {
        if let Some((_, unit)) = self.per_second.iter().find(|(known, _)| known == work) {
            return unit.clone();
        }
        let unit = Unit::new(&format!("{work}/s"));
        // A program that names its own kinds of work does not fill the memory.
        if self.per_second.len() < 8 {
            self.per_second.push((work.to_owned(), unit.clone()));
        }
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Result<Vec<(f64, String)>, String> {
        let work = parse(&serde_json::from_str(json).unwrap())?;
        Ok(work
            .into_iter()
            .map(|work| (work.amount, work.unit.into_owned()))
            .collect())
    }

    #[test]
    fn every_kind_of_work_is_known_by_its_tag() {
        let one = |amount, unit: &str| Ok(vec![(amount, unit.to_owned())]);
        assert_eq!(parsed(r#"{"Bytes":1024}"#), one(1024.0, "B"));
        assert_eq!(parsed(r#"{"BytesDecimal":1000}"#), one(1000.0, "B"));
        assert_eq!(parsed(r#"{"Elements":100}"#), one(100.0, "elements"));
        assert_eq!(parsed(r#"{"Bits":8}"#), one(8.0, "bits"));
        let both = parsed(r#"{"ElementsAndBytes":{"elements":3,"bytes":24}}"#).unwrap();
        assert_eq!(both, [(3.0, "elements".to_owned()), (24.0, "B".to_owned())]);
    }

    #[test]
    fn an_unknown_kind_is_a_note_that_names_it() {
        for json in [
            r#"{"Parsecs":4}"#,
            r#"{"Bytes":"many"}"#,
            r#"{"Bytes":0}"#,
            r#""Bytes""#,
            "{}",
        ] {
            assert!(parsed(json).unwrap_err().ends_with(json), "{json}");
        }
    }
}
