//! Runs grouped by the sitting they were measured in.

use crate::model::Run;

/// As many runs as are compared together where each sitting holds one.
const WINDOW: usize = 20;

/// Oldest sitting first, by its first run; runs that name no session are one sitting.
pub(super) fn of(runs: &[Run]) -> Vec<Vec<&Run>> {
    let mut sittings: Vec<Vec<&Run>> = Vec::new();
    for run in runs {
        let session = &run.provenance.session;
        let known = sittings.iter_mut().find(|sitting| {
            let first = sitting.first();
            first.is_some_and(|first| first.provenance.session == *session)
        });
        match known {
            Some(sitting) => sitting.push(run),
            None => sittings.push(vec![run]),
        }
    }
    sittings
}

/// What current results would be compared with: the newest sitting, or the newest runs where each sitting holds one.
pub(super) fn newest(runs: &[Run]) -> Vec<Run> {
    let sittings = of(runs);
    if sittings.iter().all(|sitting| sitting.len() == 1) {
        let first = runs.len().saturating_sub(WINDOW);
        return runs.iter().skip(first).cloned().collect();
    }
    let newest = sittings.last().into_iter().flatten();
    newest.map(|run| (*run).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(sessions: &[&str]) -> Vec<Run> {
        let run = |session: &&str| {
            let mut run = Run::default();
            run.provenance.session = Some((*session).to_owned());
            run
        };
        sessions.iter().map(run).collect()
    }

    #[test]
    fn the_newest_sitting_is_taken_and_single_runs_together() {
        let several = runs(&["a", "a", "b", "b"]);
        assert_eq!(newest(&several), several[2..]);
        let single = runs(&["a", "b", "c"]);
        assert_eq!(newest(&single), single);
        assert!(newest(&[]).is_empty());
    }
}
