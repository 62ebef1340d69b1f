//! What else moved where something regressed, as data and in one sentence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::Profile;
use super::sentence::Sentence;
use super::units::{self, Scale};
use crate::compare::{Moved, likely_causes};
use crate::model::Unit;
use crate::verdict::Verdict;

/// The most that the sentence names; the data and the page have all.
const NAMED: usize = 3;
/// The most workloads with a sentence of their own, also in a document that somebody else wrote.
const WORKLOADS: usize = 5;
const PER_REQUEST: &str = "/req";
const CPU: &str = "cpu_per_request";
const COUNTED: &str = "_per_request";

/// What moved together with the regressions of one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LikelyCause {
    /// Where the gate has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// First what the latency rose by itself, then the largest; where the time of a request went comes last.
    pub moved: Vec<Moved>,
    /// The latency of a request rose by more than twice what the service worked longer for it, and by a larger share.
    pub waits: bool,
    /// So many things were looked at.
    pub compared: usize,
}

impl LikelyCause {
    fn has_more_cpu(&self) -> bool {
        self.moved.iter().any(|moved| moved.metric == CPU)
    }
}

/// Those of a verdict that was just reached.
pub(super) fn of(verdict: &Verdict) -> Vec<LikelyCause> {
    let judgement = verdict.judgement();
    let several = judgement.workloads.len() > 1;
    let label = |workload: usize| judgement.workloads.get(workload).map(|w| w.label.clone());
    likely_causes(judgement)
        .into_iter()
        .map(|causes| LikelyCause {
            workload: label(causes.workload).filter(|_| several),
            moved: causes.moved,
            waits: causes.waits,
            compared: causes.compared,
        })
        .collect()
}

/// `Likely cause: db_queries_total per request 3 → 11; CPU per request +27 %`, one for each workload; `mark` stands
/// around the first words.
fn sentences(causes: &[LikelyCause], mark: &'static str) -> Vec<Sentence> {
    let causes = causes.iter().take(WORKLOADS);
    causes.filter_map(|cause| sentence(cause, mark)).collect()
}

/// The same with where the time went.
pub(super) fn told(
    causes: &[LikelyCause],
    profiles: &[Profile],
    mark: &'static str,
) -> Vec<Sentence> {
    let sum_unchanged =
        causes.iter().any(|cause| cause.waits) && !causes.iter().any(LikelyCause::has_more_cpu);
    let mut told = sentences(causes, mark);
    let profiles = profiles.iter().take(WORKLOADS);
    told.extend(profiles.filter_map(|profile| profile.sentence(mark, sum_unchanged)));
    told
}

fn sentence(cause: &LikelyCause, mark: &'static str) -> Option<Sentence> {
    let named = cause
        .moved
        .iter()
        .take(NAMED)
        .map(|moved| phrase(moved, &cause.moved));
    let mut phrases: Vec<Sentence> = named.collect();
    let more = cause.moved.len().saturating_sub(NAMED);
    if more > 0 {
        phrases.push(Sentence::new(format!("and {} more", units::count(more))));
    }
    if cause.waits {
        phrases.push(Sentence::new(match cause.has_more_cpu() {
            true => "CPU per request rose by less than half of the latency: it waits",
            false => "CPU per request did not rise as much: it waits",
        }));
    }
    if phrases.is_empty() {
        return None;
    }
    let begin = match &cause.workload {
        Some(workload) => Sentence::new(format!("{mark}Likely cause{mark} in ")).foreign(workload),
        None => Sentence::new(format!("{mark}Likely cause{mark}")),
    };
    let begin = begin.own(": ");
    Some(begin.then(Sentence::join(phrases, "; ")))
}

/// What it is, with its subject where several have it.
fn phrase(moved: &Moved, all: &[Moved]) -> Sentence {
    let same = all
        .iter()
        .filter(|other| other.metric == moved.metric)
        .count();
    let subject = match same > 1 || is_of_endpoint(&moved.metric) {
        true => Sentence::default().foreign(&moved.subject).own(" "),
        false => Sentence::default(),
    };
    let said = subject.then(name(moved)).own(" ").then(by(moved));
    match moved.metric.as_str() {
        "run_delay" => said.own(" (the machine was busy)"),
        _ => said,
    }
}

fn is_of_endpoint(metric: &str) -> bool {
    ["connect", "first_byte", "body", "response_size"].contains(&metric)
}

/// `CPU per request`, `db_queries_total per request`
pub(super) fn name(moved: &Moved) -> Sentence {
    let words = match moved.metric.as_str() {
        "cpu_per_request" => "CPU per request",
        "context_switches" => "context switches per request",
        "page_faults" if moved.unit == PER_REQUEST => "page faults per request",
        "page_faults" => "page faults",
        "run_delay" => "run-queue delay per request",
        "connect" => "connect",
        "first_byte" => "time to the first byte",
        "body" => "time from the first byte to the last",
        "response_size" => "bytes per answer",
        "cpu_time" => "CPU time",
        "system_time" => "CPU time in the kernel",
        other => {
            let counter = other
                .strip_suffix(COUNTED)
                .filter(|_| moved.unit == PER_REQUEST);
            return match counter {
                Some(counter) => Sentence::default().foreign(counter).own(" per request"),
                None => Sentence::default().foreign(other),
            };
        }
    };
    Sentence::new(words)
}

/// `+27 %` of what flows, `3 → 11` of what is counted.
fn by(moved: &Moved) -> Sentence {
    let change = moved.change.filter(|change| change.ratio < 10.0);
    match change {
        Some(change) if moved.unit != PER_REQUEST => {
            Sentence::new(units::coarse_signed(change.ratio - 1.0))
        }
        _ => values(moved),
    }
}

/// `3 → 11`, `2.1 → 2.7 ms`
pub(super) fn values(moved: &Moved) -> Sentence {
    let unit = moved.unit.strip_suffix(PER_REQUEST).unwrap_or(&moved.unit);
    let scale = Scale::of(&Unit::new(unit), [moved.baseline, moved.current]);
    scale
        .number(moved.baseline)
        .own(" → ")
        .then(scale.write(moved.current))
}
