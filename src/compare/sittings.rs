//! Which runs are compared and which are their history.
//!
//! Where a baseline holds several sessions, the newest is compared with and the earlier ones are its history;
//! where each session holds one run, the newest twenty together are.

use crate::model::Run;

/// Single runs a session: how many of the newest are compared with together.
const NEWEST_SINGLE_RUNS: usize = 20;

/// Runs of one sitting, in the order they were given.
#[derive(Clone, Debug)]
pub(super) struct Sitting<'a> {
    pub session: Option<&'a str>,
    pub runs: Vec<&'a Run>,
}

impl Sitting<'_> {
    /// The build, where all runs agree on it.
    pub fn commit(&self) -> Option<&str> {
        let first = self.runs.first()?.provenance.commit.as_deref()?;
        let agreed = self
            .runs
            .iter()
            .all(|r| r.provenance.commit.as_deref() == Some(first));
        agreed.then_some(first)
    }
}

/// The two sides of a comparison, with what is known of earlier sittings.
#[derive(Clone, Debug)]
pub(super) struct Layout<'a> {
    /// Compared with.
    pub base: Vec<&'a Run>,
    /// Oldest first.
    pub history: Vec<Sitting<'a>>,
    pub current: Vec<&'a Run>,
    /// Whether `base` stands for many sittings of one run each.
    pub base_spans_sittings: bool,
    /// Base and current were measured in turns.
    pub one_sitting: bool,
}

impl<'a> Layout<'a> {
    pub fn of(baseline: &'a [Run], current: &'a [Run], interleaved: bool) -> Self {
        let mut sittings = sessions(baseline);
        let current: Vec<&Run> = current.iter().collect();
        let all_single = sittings.len() > 1 && sittings.iter().all(|s| s.runs.len() == 1);
        if all_single {
            let skip = sittings.len().saturating_sub(NEWEST_SINGLE_RUNS);
            let base = sittings
                .into_iter()
                .skip(skip)
                .flat_map(|s| s.runs)
                .collect();
            return Self {
                base,
                history: Vec::new(),
                current,
                base_spans_sittings: true,
                one_sitting: false,
            };
        }
        let newest = sittings.pop();
        let session = newest.as_ref().and_then(|s| s.session);
        let same = session.is_some()
            && current
                .iter()
                .all(|r| r.provenance.session.as_deref() == session);
        Self {
            base: newest.map(|s| s.runs).unwrap_or_default(),
            history: sittings,
            current,
            base_spans_sittings: false,
            one_sitting: interleaved || same,
        }
    }
}

/// Groups runs by session in the order of their newest run; runs that name none are one sitting.
fn sessions(runs: &[Run]) -> Vec<Sitting<'_>> {
    let mut sittings: Vec<Sitting<'_>> = Vec::new();
    for run in runs {
        let session = run.provenance.session.as_deref();
        match sittings.iter_mut().find(|s| s.session == session) {
            Some(sitting) => sitting.runs.push(run),
            None => sittings.push(Sitting {
                session,
                runs: vec![run],
            }),
        }
    }
    // A sitting without times keeps its place among its neighbours: the sort is stable and compares only times.
    let newest = |s: &Sitting<'_>| s.runs.iter().filter_map(|r| r.provenance.started_at).max();
    if sittings.iter().all(|s| newest(s).is_some()) {
        sittings.sort_by_key(newest);
    }
    sittings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Provenance;

    fn run(session: Option<&str>, minute: u8) -> Run {
        Run {
            provenance: Provenance {
                session: session.map(str::to_owned),
                started_at: format!("2026-01-01T00:{minute:02}:00Z").parse().ok(),
                ..Provenance::default()
            },
            ..Run::default()
        }
    }

    #[test]
    fn the_newest_session_is_compared_with_and_the_earlier_ones_are_history() {
        let baseline = [
            run(Some("b"), 5),
            run(Some("a"), 1),
            run(Some("a"), 2),
            run(Some("b"), 6),
        ];
        let current = [run(Some("b"), 7)];
        let layout = Layout::of(&baseline, &current, false);
        assert_eq!(layout.base.len(), 2);
        assert_eq!(layout.base[0].provenance.session.as_deref(), Some("b"));
        assert_eq!(layout.history.len(), 1);
        assert!(layout.one_sitting && !layout.base_spans_sittings);
    }

    #[test]
    fn single_runs_are_compared_with_together_and_no_more_than_twenty() {
        let names: Vec<String> = (0..25).map(|i| format!("s{i}")).collect();
        let baseline: Vec<Run> = names
            .iter()
            .zip(0..)
            .map(|(name, minute)| run(Some(name), minute))
            .collect();
        let layout = Layout::of(&baseline, &[], false);
        assert_eq!(layout.base.len(), 20);
        assert!(layout.base_spans_sittings && layout.history.is_empty());
        assert_eq!(layout.base[0].provenance.session.as_deref(), Some("s5"));
    }

    #[test]
    fn runs_that_name_no_session_are_one_sitting_apart_from_the_other_side() {
        let baseline = [run(None, 1), run(None, 2), run(None, 3)];
        let current = [run(None, 4)];
        let layout = Layout::of(&baseline, &current, false);
        assert_eq!(layout.base.len(), 3);
        assert!(!layout.one_sitting);
        assert!(Layout::of(&baseline, &[], true).one_sitting);
    }
}
