//! What stays in a baseline: the newest runs of each environment, and full evidence only for the newest sitting.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Baseline, Evidence, Run};

/// How many runs are kept for each environment key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub runs: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { runs: 20 }
    }
}

/// Adds runs, forgets the oldest, and reduces the evidence of all but the newest session of each environment.
///
/// Refuses nothing and is not moved by repetition: runs that are there already are not added again, reduced or
/// not. `reduce` has to give back what it is given once that is reduced. A pinned anchor stays as it is.
pub fn add(
    baseline: Baseline,
    new: Vec<Run>,
    window: &Window,
    reduce: &dyn Fn(&Evidence) -> Evidence,
) -> Baseline {
    let Baseline { mut runs, anchor } = baseline;
    let stored = runs.len();
    for run in new {
        let reduced = reduced(&run, reduce);
        let known = runs.iter().enumerate().any(|(index, old)| {
            // Two runs of one file may be equal and still two (a count that never changes); only one that was
            // stored before, or has the same instant, is the same run.
            (index < stored || run.provenance.started_at.is_some())
                && (*old == run || *old == reduced)
        });
        if !known {
            runs.push(run);
        }
    }
    let runs = cut(in_order(runs), window);
    Baseline {
        runs: age(runs, reduce),
        anchor,
    }
}

/// By time; a run without one stays behind the run it was added after.
fn in_order(runs: Vec<Run>) -> Vec<Run> {
    let mut latest = None;
    let mut timed: Vec<_> = runs
        .into_iter()
        .map(|run| {
            let time = run.provenance.started_at.or(latest);
            latest = latest.max(time);
            (time, run)
        })
        .collect();
    timed.sort_by_key(|(time, _)| *time);
    timed.into_iter().map(|(_, run)| run).collect()
}

fn cut(runs: Vec<Run>, window: &Window) -> Vec<Run> {
    let mut kept: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut newest: Vec<Run> = runs
        .into_iter()
        .rev()
        .filter(|run| {
            let count = kept.entry(run.provenance.environment.key()).or_default();
            *count += 1;
            *count <= window.runs
        })
        .collect();
    newest.reverse();
    newest
}

fn age(mut runs: Vec<Run>, reduce: &dyn Fn(&Evidence) -> Evidence) -> Vec<Run> {
    let mut newest: BTreeMap<Option<String>, Option<String>> = BTreeMap::new();
    let mut aged = BTreeSet::new();
    for (index, run) in runs.iter().enumerate().rev() {
        let session = &run.provenance.session;
        match newest.get(&run.provenance.environment.key()) {
            None => {
                newest.insert(run.provenance.environment.key(), session.clone());
            }
            // Runs that name no session are a sitting each.
            Some(latest) if session.is_some() && latest == session => {}
            Some(_) => {
                aged.insert(index);
            }
        }
    }
    for (index, run) in runs.iter_mut().enumerate() {
        if aged.contains(&index) {
            *run = reduced(run, reduce);
        }
    }
    runs
}

fn reduced(run: &Run, reduce: &dyn Fn(&Evidence) -> Evidence) -> Run {
    let mut run = run.clone();
    for metrics in run.subjects.values_mut() {
        for measurement in metrics.values_mut() {
            measurement.evidence = reduce(&measurement.evidence);
        }
    }
    run
}
