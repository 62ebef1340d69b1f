//! The work of an iteration, and the rate that follows from its time.

use serde_json::Value;

use crate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};

/// So much of one kind of work.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ingest) struct PerIteration {
    pub(in crate::ingest) amount: f64,
    /// As it reads before `/s`: `B`, `elements`.
    pub(in crate::ingest) unit: String,
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
    let work = |amount: Option<&Value>, unit: &str| {
        amount
            .and_then(Value::as_f64)
            .filter(|amount| *amount > 0.0)
            .map(|amount| PerIteration {
                amount,
                unit: unit.to_owned(),
            })
    };
    let parsed: Option<Vec<_>> = match kind.as_str() {
        // They differ only in how criterion prints them.
        "Bytes" | "BytesDecimal" => [work(Some(amount), "B")].into_iter().collect(),
        "Elements" => [work(Some(amount), "elements")].into_iter().collect(),
        "Bits" => [work(Some(amount), "bits")].into_iter().collect(),
        "ElementsAndBytes" => [
            work(amount.get("elements"), "elements"),
            work(amount.get("bytes"), "B"),
        ]
        .into_iter()
        .collect(),
        _ => None,
    };
    parsed.ok_or_else(unknown)
}

/// Adds what the times say about the rate.
///
/// A rate is work over time and nothing more: gated beside `time`, one slowdown would count twice.
/// So it follows from another series: shown, and gated where a rule names it.
pub(in crate::ingest) fn add(run: &mut Run, subject: &Subject, rates: &Rates<'_>) {
    for (at, work) in rates.work.iter().enumerate() {
        let Ok(evidence) = Evidence::value(work.amount / (rates.ns / 1e9)) else {
            continue;
        };
        // One metric holds one rate; a second one is named after its work.
        let name = match at {
            0 => MetricName::new(MetricName::THROUGHPUT),
            _ => MetricName::new(format!("{}-{}", MetricName::THROUGHPUT, work.unit)),
        };
        let measurement = Measurement {
            unit: Unit::new(&format!("{}/s", work.unit)),
            better: Better::Higher,
            role: Role::Fixed,
            evidence,
        };
        run.insert(subject.clone(), name, measurement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Result<Vec<(f64, String)>, String> {
        let work = parse(&serde_json::from_str(json).unwrap())?;
        Ok(work
            .into_iter()
            .map(|work| (work.amount, work.unit))
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
