//! What stays in a baseline: the newest runs of each workload, and full evidence only for the newest session.

use super::format;
use crate::model::{Baseline, Evidence, History, Run};

/// A baseline is in a repository, and every update of it in the history: full evidence is kept only while the
/// file stays below this.
const FILE_LIMIT: usize = 512 * 1024 - 1024;

/// More workloads, each on each of its machines, than any team gates by one file: beyond this the one that was
/// measured longest ago is forgotten.
const MOST_WORKLOADS: usize = 64;

/// How many runs are kept for each workload on each machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub runs: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { runs: 20 }
    }
}

/// Adds runs, forgets the oldest, and reduces the evidence of all but the newest session of each workload;
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
    for mut run in new {
        run.timeline = None;
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
    let (runs, newest) = cut(runs, window);
    let anchored = anchor
        .iter()
        .flat_map(|anchor| &anchor.runs)
        .map(format::size)
        .sum::<usize>();
    Baseline {
        runs: age(runs, &newest, FILE_LIMIT.saturating_sub(anchored), reduce),
        anchor,
    }
}

/// The runs that stay, oldest first, and which of them are of the newest session of their workload.
fn cut(runs: Vec<Run>, window: &Window) -> (Vec<Run>, Vec<bool>) {
    let kept = History::of(&runs).window(window.runs, MOST_WORKLOADS);
    let mut runs: Vec<Option<Run>> = runs.into_iter().map(Some).collect();
    kept.into_iter()
        .filter_map(|kept| {
            let run = runs.get_mut(kept.place)?.take()?;
            Some((run, kept.in_newest_session))
        })
        .unzip()
}

fn age(
    runs: Vec<Run>,
    newest: &[bool],
    limit: usize,
    reduce: &dyn Fn(&Evidence) -> Evidence,
) -> Vec<Run> {
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
            let stays = *newest && (grown <= limit || first);
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

fn reduced(run: &Run, reduce: &dyn Fn(&Evidence) -> Evidence) -> Run {
    let mut run = run.clone();
    for metrics in run.subjects.values_mut() {
        for measurement in metrics.values_mut() {
            measurement.evidence = reduce(&measurement.evidence);
        }
    }
    run
}
