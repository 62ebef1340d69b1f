//! What stays in a baseline: the newest runs of each environment, and full evidence only for the newest sitting.

use std::collections::BTreeMap;

use super::format;
use crate::model::{Baseline, Evidence, Run};

/// A baseline is in a repository, and every update of it in the history: full evidence is kept only while the
/// file stays below this.
const FILE_LIMIT: usize = 512 * 1024 - 1024;

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

/// Adds runs, forgets the oldest, and reduces the evidence of all but the newest session of each environment;
/// of that too, oldest first, where the file would grow beyond 512 KiB. The newest run always stays whole.
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
        let known = runs.iter().enumerate().any(|(index, old)| {
            // Two runs of one file may be equal and still two (a count that never changes); only one that was
            // stored before, or has the same instant, is the same run.
            (index < stored || run.provenance.started_at.is_some())
                && old.provenance == run.provenance
                && (*old == run || *old == reduced(&run, reduce))
        });
        if !known {
            runs.push(run);
        }
    }
    let runs = cut(in_order(runs), window);
    let anchored = anchor
        .iter()
        .flat_map(|anchor| &anchor.runs)
        .map(format::size)
        .sum::<usize>();
    Baseline {
        runs: age(runs, FILE_LIMIT.saturating_sub(anchored), reduce),
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

fn age(runs: Vec<Run>, limit: usize, reduce: &dyn Fn(&Evidence) -> Evidence) -> Vec<Run> {
    let newest = newest_sessions(&runs);
    let aged: Vec<Run> = runs.iter().map(|run| reduced(run, reduce)).collect();
    let mut total: usize = aged.iter().map(format::size).sum();
    let mut first = true;
    let mut kept: Vec<Run> = runs
        .into_iter()
        .zip(aged)
        .zip(newest)
        .rev()
        .map(|((whole, aged), newest)| {
            let grown = total - format::size(&aged) + format::size(&whole);
            let stays = newest && (grown <= limit || first);
            first = false;
            if stays {
                total = grown;
                whole
            } else {
                aged
            }
        })
        .collect();
    kept.reverse();
    kept
}

/// Which runs are of the newest session of their environment. Runs that name no session are a sitting each.
fn newest_sessions(runs: &[Run]) -> Vec<bool> {
    let mut newest: BTreeMap<Option<String>, &Option<String>> = BTreeMap::new();
    let mut of_newest: Vec<bool> = runs
        .iter()
        .rev()
        .map(|run| {
            let session = &run.provenance.session;
            let key = run.provenance.environment.key();
            match newest.get(&key) {
                Some(latest) => session.is_some() && *latest == session,
                None => {
                    newest.insert(key, session);
                    true
                }
            }
        })
        .collect();
    of_newest.reverse();
    of_newest
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
