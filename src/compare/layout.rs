//! The two sides of one workload, as its series are measured.

use crate::model::Run;
use crate::model::history::{Reference, Session, Workload};
use crate::model::matching::{Matched, Partner};

/// What is compared with what, and what is known of earlier sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout<'a> {
    /// Compared with; empty where the baseline holds nothing of this workload.
    pub base: Vec<&'a Run>,
    /// The sessions before the base, oldest first.
    pub history: Vec<Session<'a>>,
    /// How many of the newest sessions of the history measured the build of the base; they are compared with as well.
    pub history_in_base: usize,
    pub current: Vec<&'a Run>,
    /// Whether `base` stands for many sessions of one run each.
    pub base_spans_sessions: bool,
    /// Base and current were measured in turns.
    pub one_session: bool,
    /// The sessions of the same work on each other machine that the baseline knows, oldest first.
    pub on_other_machines: Vec<Vec<Session<'a>>>,
    /// Where base and current come from different machines: the same work on each machine that the baseline knows.
    pub elsewhere: Vec<Workload<'a>>,
}

impl Layout<'_> {
    /// The build of the runs that are compared with, where all of them agree on it.
    pub fn base_commit(&self) -> Option<&str> {
        let first = self.base.first()?.provenance.commit.as_deref()?;
        let agreed = |run: &&Run| run.provenance.commit.as_deref() == Some(first);
        self.base.iter().all(agreed).then_some(first)
    }
}

impl<'a> Layout<'a> {
    pub fn of(matched: &Matched<'a>, interleaved: bool) -> Self {
        let current: Vec<&Run> = matched.current.runs().collect();
        let (reference, elsewhere) = match &matched.partner {
            Partner::Found { baseline, .. } => (baseline.reference(), Vec::new()),
            // The machine that was measured last is compared with.
            Partner::Elsewhere { known } => (
                known.last().map(Workload::reference).unwrap_or_default(),
                known.clone(),
            ),
            Partner::None(_) => (Reference::default(), Vec::new()),
        };
        let shared = reference.session.is_some()
            && current
                .iter()
                .all(|run| run.provenance.session.as_deref() == reference.session);
        let one_session = !reference.spans_sessions && (interleaved || shared);
        Self {
            one_session,
            history_in_base: if one_session {
                0
            } else {
                reference.earlier_of_same_build
            },
            on_other_machines: matched
                .on_other_machines
                .iter()
                .map(|workload| workload.sessions.clone())
                .collect(),
            base_spans_sessions: reference.spans_sessions,
            base: reference.base,
            history: reference.earlier,
            current,
            elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Provenance;
    use crate::model::matching::{Machines, Matching};

    fn run(session: Option<&str>, machine: &str, minute: u8) -> Run {
        let mut run = Run {
            provenance: Provenance {
                session: session.map(str::to_owned),
                started_at: format!("2026-01-01T00:{minute:02}:00Z").parse().ok(),
                ..Provenance::default()
            },
            ..Run::default()
        };
        run.provenance.environment.key = Some(machine.to_owned());
        run
    }

    fn layout<'a>(baseline: &'a [Run], current: &'a [Run], interleaved: bool) -> Layout<'a> {
        let matching = Matching::of(baseline, current, Machines::Across);
        assert_eq!(matching.current.len(), 1);
        Layout::of(&matching.current[0], interleaved)
    }

    #[test]
    fn sides_of_one_session_were_measured_in_turns() {
        let baseline = [run(Some("a"), "x", 1), run(Some("a"), "x", 2)];
        assert!(layout(&baseline, &[run(Some("a"), "x", 3)], false).one_session);
        assert!(!layout(&baseline, &[run(Some("b"), "x", 3)], false).one_session);
        assert!(layout(&baseline, &[run(Some("b"), "x", 3)], true).one_session);
    }

    #[test]
    fn runs_that_name_no_session_are_apart_from_the_other_side() {
        let baseline = [run(None, "x", 1), run(None, "x", 2)];
        let current = [run(None, "x", 4)];
        let layout = layout(&baseline, &current, false);
        assert_eq!(layout.base.len(), 2);
        assert!(!layout.one_session);
    }

    #[test]
    fn of_other_machines_the_one_measured_last_is_compared_with() {
        let baseline = [run(None, "x", 9), run(None, "y", 1)];
        let current = [run(None, "z", 20)];
        let layout = layout(&baseline, &current, false);
        assert_eq!(layout.base, [&baseline[0]]);
        assert_eq!(layout.elsewhere.len(), 2);
    }
}
