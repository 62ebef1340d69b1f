//! `perfgate inspect`: what was understood of a result, for people and for programs.

mod text;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::cli::args::{InspectArgs, InspectFormat};
use crate::cli::commands::inspect::text::text;
use crate::cli::output::Output;
use crate::cli::results;
use crate::cli::settings::names::Names;
use crate::cli::settings::reading::{mappings_here, read_as};
use crate::exit::Exit;
use crate::ingest::{Ingested, ReadOptions};
use crate::model::{Evidence, Measurement, Quantile, Run, Statistic};
use crate::stats::reading;
use crate::text::sanitize;

pub(crate) fn run(args: InspectArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let from = args.read.from.as_ref();
    let mut options = ReadOptions {
        mappings: mappings_here(from)?,
        warmup: args.read.warmup,
        watching: output.watching(),
        ..ReadOptions::default()
    };
    read_as(&mut options, from)?;
    let mut results = results::understood(std::slice::from_ref(&args.result), &options)?;
    let ids = args.read.ids.map(Into::into).unwrap_or_default();
    let notes = Names::new(ids, &[], std::iter::empty()).settle_alone(results.runs_mut());
    if let Some(first) = results.runs_mut().next() {
        first.warnings.splice(0..0, notes);
    }
    output.result(&match args.format {
        InspectFormat::Text => text(&results.ingested),
        InspectFormat::Json => document(&results.ingested)?,
    });
    Ok(output.finish(Exit::Pass))
}

/// An object whose members keep the order they were given in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Members<T>(pub(crate) Vec<(String, T)>);

impl<T: Serialize> Serialize for Members<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Inspected {
    runs: Vec<InspectedRun>,
}

/// What a source does not carry is absent.
#[derive(Serialize)]
struct InspectedRun {
    path: String,
    format: &'static str,
    #[serde(flatten)]
    provenance: Members<Value>,
    subjects: Members<Members<Members<Value>>>,
    warnings: Vec<String>,
}

fn document(ingested: &[Ingested]) -> anyhow::Result<String> {
    let runs = ingested
        .iter()
        .flat_map(|one| {
            one.runs.iter().map(|run| InspectedRun {
                path: one.path.display().to_string(),
                format: one.format.as_str(),
                provenance: provenance(run),
                subjects: subjects(run),
                warnings: run.warnings.clone(),
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&Inspected { runs })?;
    text.push('\n');
    Ok(sanitize::json(&text))
}

fn provenance(run: &Run) -> Members<Value> {
    let from = &run.provenance;
    let tool = from.tool.as_ref().map(|tool| match &tool.version {
        Some(version) => json!({"name": tool.name, "version": version}),
        None => json!({"name": tool.name}),
    });
    let members = [
        ("tool", tool),
        (
            "started_at",
            from.started_at.map(|at| json!(at.to_string())),
        ),
        ("session", from.session.as_ref().map(|text| json!(text))),
        ("duration_s", from.duration_s.map(|seconds| json!(seconds))),
        ("commit", from.commit.as_ref().map(|text| json!(text))),
        ("scenario", from.scenario.as_ref().map(|text| json!(text))),
        ("source", from.source.as_ref().map(|text| json!(text))),
        ("inputs", from.inputs.as_ref().map(|text| json!(text))),
        ("environment", from.environment.key().map(|key| json!(key))),
        ("partial", from.partial.then_some(json!(true))),
        ("invalid", from.invalid.as_ref().map(|text| json!(text))),
    ];
    present(members)
}

fn subjects(run: &Run) -> Members<Members<Members<Value>>> {
    let of = run.subjects.iter().map(|(subject, metrics)| {
        let metrics = metrics
            .iter()
            .map(|(metric, measured)| (metric.to_string(), understood(measured)));
        (subject.to_string(), Members(metrics.collect()))
    });
    Members(of.collect())
}

/// One metric: its unit, the kind of its evidence, and every number that can be read from it.
pub(crate) fn understood(measured: &Measurement) -> Members<Value> {
    let unit = measured.unit.as_str();
    let evidence = &measured.evidence;
    if let Evidence::Proportion(share) = evidence {
        return present([
            ("count", Some(json!(share.count()))),
            ("of", Some(json!(share.of()))),
            ("rate", Some(json!(share.rate()))),
        ]);
    }
    let mut members = present([
        ("unit", (!unit.is_empty()).then(|| json!(unit))),
        ("evidence", Some(json!(evidence.kind()))),
        ("n", evidence.observations().map(|n| json!(n))),
    ]);
    members.0.extend(numbers(evidence));
    if let Evidence::Estimate(estimate) = evidence {
        let interval = [
            ("low", Some(json!(estimate.low))),
            ("high", Some(json!(estimate.high))),
            ("confidence", Some(json!(estimate.confidence))),
        ];
        members.0.extend(present(interval).0);
    }
    members
}

/// The mean first, then the quantiles from low to high, then the largest.
fn numbers(evidence: &Evidence) -> Vec<(String, Value)> {
    let mut statistics = evidence.statistics();
    statistics.sort_by_key(|statistic| match statistic {
        Statistic::Mean => (0, Quantile::P50),
        Statistic::Quantile(quantile) => (1, *quantile),
        Statistic::Max | Statistic::Min => (2, Quantile::P50),
        Statistic::Value | Statistic::Rate => (3, Quantile::P50),
    });
    statistics
        .into_iter()
        .filter_map(|statistic| {
            let read = reading::read(evidence, statistic)?;
            Some((statistic.to_string(), json!(read.value)))
        })
        .collect()
}

fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Members<Value> {
    let there = members.into_iter();
    Members(
        there
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Better, Role, Unit};

    fn shown(unit: &str, evidence: Evidence) -> String {
        let measured = Measurement {
            unit: Unit::new(unit),
            better: Better::Lower,
            role: Role::Outcome,
            evidence,
        };
        serde_json::to_string(&understood(&measured)).unwrap()
    }

    #[test]
    fn errors_are_a_count_of_all_and_their_rate() {
        let errors = Evidence::proportion(3, 12_000).unwrap();
        assert_eq!(
            shown("", errors),
            r#"{"count":3,"of":12000,"rate":0.00025}"#
        );
    }

    #[test]
    fn a_distribution_shows_its_unit_kind_and_size_first() {
        let samples = Evidence::samples(vec![1.0, 2.0, 3.0]).unwrap();
        let text = shown("ms", samples);
        assert!(
            text.starts_with(r#"{"unit":"ms","evidence":"samples","n":3"#),
            "{text}"
        );
    }
}
