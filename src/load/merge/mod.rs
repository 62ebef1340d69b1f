//! Merges the runs of several machines that put on one load together. Nothing is averaged that can be added, and what
//! cannot be merged exactly is refused.

mod error;
mod evidence;
mod load;

use std::collections::BTreeSet;

use crate::model::run::Metrics;
use crate::model::{
    Environment, Evidence, Measurement, MetricName, Provenance, Run, Subject, Timeline,
};

pub use error::MergeError;
use evidence::{EvidencePart, joined};

/// Merges runs. `environment` is the name of the machine class if the machines differ.
pub fn merge(runs: &[Run], environment: Option<&str>) -> Result<Run, MergeError> {
    let (Some(first), true) = (runs.first(), runs.len() > 1) else {
        return Err(MergeError::TooFew);
    };
    for (at, run) in runs.iter().enumerate() {
        if runs.iter().skip(at + 1).any(|other| other == run) {
            return Err(MergeError::Twice);
        }
    }
    load::at_once(runs)?;
    let mut whole = Run {
        provenance: provenance(first, runs, environment)?,
        warnings: Vec::new(),
        timeline: timeline(runs),
        ..Run::default()
    };
    let mut told: BTreeSet<&String> = BTreeSet::new();
    for warning in runs.iter().flat_map(|run| &run.warnings) {
        if told.insert(warning) {
            whole.warnings.push(warning.clone());
        }
    }
    let counted = counted(runs);
    let subjects: BTreeSet<&Subject> = runs.iter().flat_map(|run| run.subjects.keys()).collect();
    for subject in subjects {
        let parts: Vec<Option<&Metrics>> =
            runs.iter().map(|run| run.subjects.get(subject)).collect();
        let names: BTreeSet<&MetricName> = parts.iter().flatten().flat_map(|m| m.keys()).collect();
        for name in names {
            let measured = metric(name, &parts, &counted).map_err(|why| {
                let series = format!("{subject} {name}");
                MergeError::Metric { series, why }
            })?;
            whole.insert(subject.clone(), name.clone(), measured);
        }
    }
    Ok(whole)
}

/// All of them on one time axis, as the machines began together; none where a machine has none.
fn timeline(runs: &[Run]) -> Option<Box<Timeline>> {
    let mut all = runs.iter().map(|run| run.timeline.clone());
    let mut whole = all.next()??;
    for other in all {
        whole.add(*other?, 0.0)?;
    }
    Some(whole)
}

/// The number of requests that each machine counted, to which its figures per request refer.
fn counted(runs: &[Run]) -> Vec<u64> {
    let of = |run: &Run| {
        let errors = run.subjects.values().filter_map(|metrics| {
            let errors = metrics.get(MetricName::ERRORS)?;
            match &errors.evidence {
                Evidence::Proportion(share) if errors.role == crate::model::Role::Outcome => {
                    Some(share.of())
                }
                _ => None,
            }
        });
        errors.sum()
    };
    runs.iter().map(of).collect()
}

fn metric(
    name: &MetricName,
    parts: &[Option<&Metrics>],
    counted: &[u64],
) -> Result<Measurement, String> {
    let there: Vec<(&Measurement, u64)> = parts
        .iter()
        .zip(counted)
        .filter_map(|(metrics, requests)| Some((metrics.as_ref()?.get(name)?, *requests)))
        .collect();
    let Some((first, _)) = there.first() else {
        return Err("no run holds it".to_owned());
    };
    for (other, _) in &there {
        if (&other.unit, other.better, other.role) != (&first.unit, first.better, first.role) {
            return Err(format!(
                "the runs measure it in different ways: in `{}`, better {}, and in `{}`, better {}",
                first.unit,
                first.better.as_str(),
                other.unit,
                other.better.as_str()
            ));
        }
    }
    let mut held: Vec<EvidencePart<'_>> = there
        .iter()
        .map(|(measured, requests)| EvidencePart {
            evidence: &measured.evidence,
            requests: *requests,
        })
        .collect();
    // A kind of failure that did not happen on a machine has no metric there.
    let none = none_of(name, parts)?;
    held.extend(none.iter().map(|evidence| EvidencePart {
        evidence,
        requests: 0,
    }));
    Ok(Measurement {
        evidence: joined(name, first, &held, counted.iter().sum())?,
        ..(*first).clone()
    })
}

fn none_of(name: &MetricName, parts: &[Option<&Metrics>]) -> Result<Vec<Evidence>, String> {
    if !name.as_str().starts_with("errors_") {
        return Ok(Vec::new());
    }
    parts
        .iter()
        .flatten()
        .filter(|metrics| !metrics.contains_key(name))
        .filter_map(|metrics| match metrics.get(MetricName::ERRORS)?.evidence {
            Evidence::Proportion(share) => Some(share.of()),
            _ => None,
        })
        .map(|of| Evidence::proportion(0, of).map_err(|error| error.to_string()))
        .collect()
}

fn provenance(
    first: &Run,
    runs: &[Run],
    environment: Option<&str>,
) -> Result<Provenance, MergeError> {
    let from = &first.provenance;
    for run in runs {
        let other = &run.provenance;
        let tool = |p: &Provenance| {
            p.tool.as_ref().map(|tool| match &tool.version {
                Some(version) => format!("{} {version}", tool.name),
                None => tool.name.clone(),
            })
        };
        agree("tool", tool(from), tool(other))?;
        agree("scenario", from.scenario.clone(), other.scenario.clone())?;
        agree("source", from.source.clone(), other.source.clone())?;
        agree("inputs", from.inputs.clone(), other.inputs.clone())?;
        agree("commit", from.commit.clone(), other.commit.clone())?;
        if environment.is_none() {
            let key = |p: &Provenance| p.environment.key();
            agree("environment", key(from), key(other))?;
        }
    }
    let each = || runs.iter().map(|run| &run.provenance);
    let session = from.session.clone();
    Ok(Provenance {
        tool: from.tool.clone(),
        started_at: each().filter_map(|p| p.started_at).min(),
        session: session.filter(|_| each().all(|p| p.session == from.session)),
        launch: None,
        duration_s: each().filter_map(|p| p.duration_s).reduce(f64::max),
        commit: from.commit.clone(),
        scenario: from.scenario.clone(),
        source: from.source.clone(),
        inputs: from.inputs.clone(),
        load: load::together(runs)?,
        environment: shared(runs, environment),
        partial: each().any(|p| p.partial),
        invalid: each().find_map(|p| p.invalid.clone()),
    })
}

fn agree(what: &'static str, one: Option<String>, other: Option<String>) -> Result<(), MergeError> {
    if one == other {
        return Ok(());
    }
    let said = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    Err(MergeError::Differ {
        what,
        one: said(one),
        other: said(other),
    })
}

/// What is the same on all machines, under the given name if there is one.
fn shared(runs: &[Run], name: Option<&str>) -> Environment {
    let machines = || runs.iter().map(|run| &run.provenance.environment);
    let Some(first) = machines().next() else {
        return Environment::default();
    };
    let text = |of: fn(&Environment) -> &Option<String>| {
        let all = machines().all(|machine| of(machine) == of(first));
        of(first).clone().filter(|_| all)
    };
    let memory = machines().all(|machine| machine.memory_gib == first.memory_gib);
    let cores = machines().all(|machine| machine.cores == first.cores);
    Environment {
        os: text(|machine| &machine.os),
        arch: text(|machine| &machine.arch),
        cpu: text(|machine| &machine.cpu),
        cores: first.cores.filter(|_| cores),
        memory_gib: first.memory_gib.filter(|_| memory),
        runner: text(|machine| &machine.runner),
        kernel: text(|machine| &machine.kernel),
        image: text(|machine| &machine.image),
        compiler: text(|machine| &machine.compiler),
        key: name
            .map(str::to_owned)
            .or_else(|| text(|machine| &machine.key)),
        assumed: machines().any(|machine| machine.assumed),
    }
}
