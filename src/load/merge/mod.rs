//! The parts of one workload, put on by several machines at once, as one run: nothing is averaged that can be
//! added, and what cannot be put together exactly is refused.

mod evidence;
mod load;

use std::collections::BTreeSet;
use std::fmt;

use crate::model::run::Metrics;
use crate::model::{Environment, Evidence, Measurement, MetricName, Provenance, Run, Subject};

use evidence::{Part, joined};

/// Why runs are not the parts of one.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeError {
    TooFew,
    /// The shares of one load are not all there, or one of them twice.
    Share(String),
    /// They were not measured at the same time.
    Apart {
        together_s: f64,
        shortest_s: f64,
    },
    /// Two given runs are one.
    Twice,
    /// They say different things of what has to be one.
    Differ {
        what: &'static str,
        one: String,
        other: String,
    },
    /// A metric that cannot be put together.
    Metric {
        series: String,
        why: String,
    },
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew => f.write_str("one run is whole as it is"),
            Self::Share(why) => f.write_str(why),
            Self::Apart {
                together_s,
                shortest_s,
            } => write!(
                f,
                "the runs were not made at once: they have {together_s:.1} s in common, and the shortest is {shortest_s:.1} s long"
            ),
            Self::Twice => f.write_str("the same run is given twice"),
            Self::Differ { what, one, other } => {
                write!(f, "the runs differ in their {what}: `{one}` and `{other}`")
            }
            Self::Metric { series, why } => write!(f, "{series}: {why}"),
        }
    }
}

impl std::error::Error for MergeError {}

/// One run of several. `environment` is the name of the machine class where the machines are not of one.
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

/// How many requests each machine counted: what its numbers per request stand for.
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
    let mut held: Vec<Part<'_>> = there
        .iter()
        .map(|(measured, requests)| Part {
            evidence: &measured.evidence,
            requests: *requests,
        })
        .collect();
    // A kind of failure that did not happen on a machine has no metric there, and none of its requests.
    let none = none_of(name, parts)?;
    held.extend(none.iter().map(|evidence| Part {
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

/// What is true of every machine, under the name where one was given.
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
