//! What runs are to each other: which are of one workload, which of one session, and in which order they came.
//!
//! It alone decides what a session is, which runs are the newest, which runs are compared with, and what falls out
//! of the window of a baseline. Nobody else sorts or groups runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::Run;
use super::workload::WorkloadKey;

/// Runs that name no session and start further apart than this are of different sessions.
const SAME_SESSION: jiff::SignedDuration = jiff::SignedDuration::from_hours(4);

/// Where each session holds one run, so many of the newest are compared with together.
const NEWEST_SINGLE_RUNS: usize = 20;

/// A session of fewer runs than this, among many of one run, is one of them that was measured again.
const FEWEST_RUNS_OF_A_SIDE: usize = 3;

/// Among more keys than this only equal ones are looked for: to hold each against each would take too long.
pub(super) const MOST_KEYS: usize = 1_000;

/// Runs by workload and session.
#[derive(Clone, Debug, Default)]
pub struct History<'a> {
    /// In the order of their keys.
    pub workloads: Vec<Workload<'a>>,
}

/// The runs of one key.
#[derive(Clone, Debug)]
pub struct Workload<'a> {
    pub key: WorkloadKey,
    /// Oldest first, by their newest runs.
    pub sessions: Vec<Session<'a>>,
}

/// Runs that were made on one machine in one go.
///
/// Runs of one name are one session. Runs without a name are one with their neighbours in time, while they agree in
/// their commit and start less than four hours apart. A run without a time stays with the newest run it was stored after.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    pub name: Option<&'a str>,
    /// Oldest first.
    pub runs: Vec<&'a Run>,
    /// Where each of them stands among all runs of the history.
    places: Vec<RunPlace>,
}

/// Where a run stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RunPlace {
    /// In the order in which they were given.
    given: usize,
    /// In the order in which they were made.
    made: usize,
}

/// What current runs of a workload are held against.
#[derive(Clone, Debug, Default)]
pub struct Reference<'a> {
    /// Compared with.
    pub base: Vec<&'a Run>,
    /// The sessions before it, oldest first.
    pub earlier: Vec<Session<'a>>,
    /// How many of the newest earlier sessions measured the build of the base. Unless both sides were measured in one
    /// session, they are compared with together with the base.
    pub earlier_of_same_build: usize,
    /// The name of the session, where the base is one and has a name.
    pub session: Option<&'a str>,
    /// The base is many sessions of one run each.
    pub spans_sessions: bool,
}

impl Session<'_> {
    /// The build, where all runs agree on it.
    pub fn commit(&self) -> Option<&str> {
        let first = self.runs.first()?.provenance.commit.as_deref()?;
        let agreed = self
            .runs
            .iter()
            .all(|run| run.provenance.commit.as_deref() == Some(first));
        agreed.then_some(first)
    }
}

impl<'a> Workload<'a> {
    /// Session by session.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &'a Run> {
        self.sessions.iter().flat_map(|s| s.runs.iter().copied())
    }

    pub fn newest(&self) -> Option<&'a Run> {
        self.runs().next_back()
    }

    /// Where its runs stand among those that the history was made of.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let places = self.sessions.iter().flat_map(|s| &s.places);
        places.map(|place| place.given)
    }

    /// What is compared with, and its history: the newest session is compared with, and the earlier ones are its
    /// history. Where sessions hold one run each, the newest twenty together are compared with; one that was measured
    /// again is there with its newest run.
    pub fn reference(&self) -> Reference<'a> {
        let mut sessions = self.sessions.clone();
        if self.holds_single_runs() {
            let skip = sessions.len().saturating_sub(NEWEST_SINGLE_RUNS);
            let newest = sessions.into_iter().skip(skip);
            return Reference {
                base: newest.filter_map(|s| s.runs.last().copied()).collect(),
                spans_sessions: true,
                ..Reference::default()
            };
        }
        let Some(newest) = sessions.pop() else {
            return Reference::default();
        };
        let build = newest.commit();
        let is_of_build = |s: &&Session<'_>| build.is_some() && s.commit() == build;
        Reference {
            earlier_of_same_build: sessions.iter().rev().take_while(is_of_build).count(),
            session: newest.name,
            base: newest.runs,
            earlier: sessions,
            spans_sessions: false,
        }
    }

    /// Most sessions hold one run, and the newest no more than one that was measured again.
    fn holds_single_runs(&self) -> bool {
        let single = self.sessions.iter().filter(|s| s.runs.len() == 1).count();
        let newest = self.sessions.last().map_or(0, |s| s.runs.len());
        self.sessions.len() > 1
            && 2 * single > self.sessions.len()
            && newest < FEWEST_RUNS_OF_A_SIDE
    }

    /// Of two workloads of one history the one with the larger is the one that was measured last.
    pub(super) fn measured(&self) -> Option<usize> {
        let places = self.sessions.iter().flat_map(|s| &s.places);
        places.map(|place| place.made).max()
    }
}

#[derive(Clone, Copy)]
struct Placed<'a> {
    run: &'a Run,
    place: RunPlace,
    /// Itself where it has a time, else the newest run that it was stored after.
    after: Option<&'a Run>,
}

impl<'a> Placed<'a> {
    fn order(
        &self,
    ) -> (
        Option<jiff::Timestamp>,
        Option<&'a str>,
        Option<&'a str>,
        usize,
    ) {
        let of = self.after.map(|run| &run.provenance);
        (
            of.and_then(|provenance| provenance.started_at),
            of.and_then(|provenance| provenance.session.as_deref()),
            of.and_then(|provenance| provenance.commit.as_deref()),
            self.place.given,
        )
    }
}

/// By time; a run without one stays behind the newest of the runs it was stored after.
fn in_order<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<Placed<'a>> {
    let mut after = None;
    let mut placed: Vec<Placed<'a>> = runs
        .into_iter()
        .enumerate()
        .map(|(given, run)| {
            let latest = after.and_then(|run: &Run| run.provenance.started_at);
            if run.provenance.started_at.is_some() && run.provenance.started_at >= latest {
                after = Some(run);
            }
            let after = match run.provenance.started_at {
                Some(_) => Some(run),
                None => after,
            };
            let place = RunPlace { given, made: given };
            Placed { run, place, after }
        })
        .collect();
    placed.sort_by_key(Placed::order);
    for (made, placed) in placed.iter_mut().enumerate() {
        placed.place.made = made;
    }
    placed
}

impl<'a> History<'a> {
    /// The runs of one side. The order in which they are given matters only to runs that carry no time.
    pub fn of(runs: impl IntoIterator<Item = &'a Run>) -> Self {
        Self::by(runs, &WorkloadKey::of)
    }

    /// The same where machines do not matter: the work alone is the key.
    pub fn anywhere(runs: impl IntoIterator<Item = &'a Run>) -> Self {
        Self::by(runs, &|run| WorkloadKey::of(run).anywhere())
    }

    fn by(runs: impl IntoIterator<Item = &'a Run>, key: &dyn Fn(&Run) -> WorkloadKey) -> Self {
        let mut found: BTreeMap<WorkloadKey, Vec<Placed<'a>>> = BTreeMap::new();
        for placed in in_order(runs) {
            found.entry(key(placed.run)).or_default().push(placed);
        }
        let workloads = joined(found)
            .into_iter()
            .map(|(key, runs)| Workload {
                key,
                sessions: sessions(&runs),
            })
            .collect();
        Self { workloads }
    }

    pub fn is_empty(&self) -> bool {
        self.workloads.is_empty()
    }

    /// The run that was made last.
    pub fn newest(&self) -> Option<&'a Run> {
        let runs = self.sessions().flat_map(|s| s.runs.iter().zip(&s.places));
        runs.max_by_key(|(_, place)| place.made)
            .map(|(run, _)| *run)
    }

    /// Sessions of all workloads.
    pub fn sessions(&self) -> impl Iterator<Item = &Session<'a>> {
        self.workloads.iter().flat_map(|w| &w.sessions)
    }

    /// What stays of a baseline: the newest runs of each workload, of the workloads that were measured last; oldest
    /// first.
    pub fn window(&self, runs: usize, workloads: usize) -> Vec<KeptRun> {
        let mut newest: Vec<&Workload<'a>> = self.workloads.iter().collect();
        newest.sort_by_key(|w| Reverse(w.measured()));
        newest.truncate(workloads);
        let mut kept = Vec::new();
        for workload in newest {
            let last = workload.sessions.len().saturating_sub(1);
            let mut own = Vec::new();
            for (index, session) in workload.sessions.iter().enumerate() {
                own.extend(session.places.iter().map(|place| (*place, index == last)));
            }
            let surplus = own.len().saturating_sub(runs);
            kept.extend(own.into_iter().skip(surplus));
        }
        kept.sort_by_key(|(place, _)| place.made);
        let kept = kept.into_iter().map(|(place, in_newest_session)| KeptRun {
            place: place.given,
            in_newest_session,
        });
        kept.collect()
    }
}

/// A run that stays in a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRun {
    /// Among the runs that the history was made of.
    pub place: usize,
    pub in_newest_session: bool,
}

/// A key that lacks parts joins the one that says them too, if there is exactly one.
fn joined<'a>(
    mut found: BTreeMap<WorkloadKey, Vec<Placed<'a>>>,
) -> BTreeMap<WorkloadKey, Vec<Placed<'a>>> {
    if found.len() < 2 || found.len() > MOST_KEYS {
        return found;
    }
    let keys: Vec<WorkloadKey> = found.keys().cloned().collect();
    let most: Vec<&WorkloadKey> = keys
        .iter()
        .filter(|key| !keys.iter().any(|other| other.refines(key)))
        .collect();
    for key in &keys {
        let mut fuller = most.iter().filter(|other| other.refines(key));
        if let (Some(one), None) = (fuller.next(), fuller.next())
            && let Some(runs) = found.remove(key)
            && let Some(whole) = found.get_mut(*one)
        {
            whole.extend(runs);
            whole.sort_by_key(|placed| placed.place.made);
        }
    }
    found
}

fn sessions<'a>(runs: &[Placed<'a>]) -> Vec<Session<'a>> {
    let mut sessions: Vec<Session<'a>> = Vec::new();
    let mut named: HashMap<&'a str, usize> = HashMap::new();
    let mut unnamed: Option<Unnamed<'a>> = None;
    for placed in runs {
        let name = placed.run.provenance.session.as_deref();
        let known = match name {
            Some(name) => named.get(name).copied(),
            None => unnamed
                .as_ref()
                .filter(|last| last.takes(placed))
                .map(|last| last.index),
        };
        let index = known.unwrap_or(sessions.len());
        if known.is_none() {
            sessions.push(Session {
                name,
                runs: Vec::new(),
                places: Vec::new(),
            });
        }
        match name {
            Some(name) => {
                named.insert(name, index);
            }
            None => {
                let of_session = unnamed.filter(|last| last.index == index);
                unnamed = Some(Unnamed {
                    index,
                    latest: placed.after,
                    commit: placed
                        .run
                        .provenance
                        .commit
                        .as_deref()
                        .or(of_session.and_then(|last| last.commit)),
                });
            }
        }
        if let Some(session) = sessions.get_mut(index) {
            session.runs.push(placed.run);
            session.places.push(placed.place);
        }
    }
    sessions.sort_by_key(|session| session.places.last().map(|place| place.made));
    sessions
}

/// The session of the last run that named none.
struct Unnamed<'a> {
    index: usize,
    latest: Option<&'a Run>,
    commit: Option<&'a str>,
}

impl Unnamed<'_> {
    fn takes(&self, placed: &Placed<'_>) -> bool {
        let at = |run: Option<&Run>| run.and_then(|run| run.provenance.started_at);
        let near = match (at(self.latest), at(placed.after)) {
            (Some(before), Some(now)) => now.duration_since(before) < SAME_SESSION,
            _ => true,
        };
        let commit = placed.run.provenance.commit.as_deref();
        near && (commit.is_none() || self.commit.is_none() || commit == self.commit)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Load, Provenance, ToolName};

    fn run(session: Option<&str>, minute: i64) -> Run {
        let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Run {
            provenance: Provenance {
                session: session.map(str::to_owned),
                started_at: Some(start + jiff::SignedDuration::from_mins(minute)),
                ..Provenance::default()
            },
            ..Run::default()
        }
    }

    fn of_commit(commit: Option<&str>, minute: i64) -> Run {
        let mut run = run(None, minute);
        run.provenance.commit = commit.map(str::to_owned);
        run
    }

    fn untimed() -> Run {
        let mut run = run(None, 0);
        run.provenance.started_at = None;
        run
    }

    /// Of one source and load on one machine.
    pub(in crate::model) fn of(
        source: Option<&str>,
        rate: Option<&str>,
        machine: &str,
        minute: i64,
    ) -> Run {
        let mut run = run(None, minute);
        run.provenance.source = source.map(str::to_owned);
        run.provenance.tool = Some(ToolName {
            name: "locust".to_owned(),
            version: None,
        });
        run.provenance.load = rate.map(|rate| Load {
            digest: Some(format!("digest of {rate}")),
            terms: [("rate".to_owned(), rate.to_owned())].into_iter().collect(),
        });
        run.provenance.environment.key = Some(machine.to_owned());
        run
    }

    fn sizes(runs: &[Run]) -> Vec<usize> {
        let history = History::of(runs);
        history
            .sessions()
            .map(|session| session.runs.len())
            .collect()
    }

    #[test]
    fn the_newest_session_is_compared_with_and_the_earlier_ones_are_its_history() {
        let runs = [
            run(Some("b"), 5),
            run(Some("a"), 1),
            run(Some("a"), 2),
            run(Some("b"), 6),
        ];
        let history = History::of(&runs);
        let reference = history.workloads[0].reference();
        assert_eq!((reference.base.len(), reference.session), (2, Some("b")));
        assert_eq!(reference.earlier.len(), 1);
        assert!(!reference.spans_sessions);
    }

    #[test]
    fn single_runs_are_compared_with_together_and_no_more_than_twenty() {
        let names: Vec<String> = (0..25).map(|i| format!("s{i}")).collect();
        let mut runs: Vec<Run> = names
            .iter()
            .zip(0..)
            .map(|(name, minute)| run(Some(name), minute))
            .collect();
        runs.reverse();
        let history = History::of(&runs);
        let reference = history.workloads[0].reference();
        assert!(reference.spans_sessions && reference.earlier.is_empty());
        let sessions: Vec<_> = reference
            .base
            .iter()
            .map(|run| run.provenance.session.as_deref())
            .collect();
        assert_eq!(
            (sessions.len(), sessions[0], sessions[19]),
            (20, Some("s5"), Some("s24"))
        );
    }

    #[test]
    fn a_night_that_was_measured_twice_does_not_discard_the_other_nights() {
        let names: Vec<String> = (0..8).map(|i| format!("night {i}")).collect();
        let mut runs: Vec<Run> = names
            .iter()
            .zip(0..)
            .map(|(name, night)| run(Some(name), 1_440 * night))
            .collect();
        for (name, night) in [(&names[3], 3), (&names[7], 7)] {
            runs.push(run(Some(name), 1_440 * night + 5));
            let history = History::of(&runs);
            let reference = history.workloads[0].reference();
            assert!(reference.spans_sessions);
            assert_eq!(reference.base.len(), 8);
            assert!(reference.base.contains(&runs.last().unwrap()));
        }
        // Three runs are a session of their own, and its history is the nights.
        runs.push(run(Some("night 7"), 1_440 * 7 + 9));
        let history = History::of(&runs);
        let reference = history.workloads[0].reference();
        assert_eq!((reference.base.len(), reference.earlier.len()), (3, 7));
    }

    #[test]
    fn earlier_sessions_of_the_build_of_the_newest_are_told_up_to_the_first_of_another() {
        let of_session = |name: &str, commit: &str, minute| {
            let mut run = run(Some(name), minute);
            run.provenance.commit = Some(commit.to_owned());
            run
        };
        let mut runs = Vec::new();
        for (at, (session, commit)) in [("a", "new"), ("b", "old"), ("c", "new"), ("d", "new")]
            .into_iter()
            .enumerate()
        {
            let minute = i64::try_from(at).unwrap();
            runs.extend([0, 1, 2].map(|i| of_session(session, commit, 10 * minute + i)));
        }
        let told = |runs: &[Run]| {
            History::of(runs).workloads[0]
                .reference()
                .earlier_of_same_build
        };
        assert_eq!(told(&runs), 1);
        runs.iter_mut().for_each(|run| run.provenance.commit = None);
        assert_eq!(told(&runs), 0);
    }

    #[test]
    fn runs_without_a_name_are_one_session_while_they_are_near_and_of_one_commit() {
        let near = [run(None, 0), run(None, 100), run(None, 339), run(None, 600)];
        assert_eq!(sizes(&near), [3, 1]);
        let commits = [
            of_commit(Some("a"), 0),
            of_commit(None, 1),
            of_commit(Some("a"), 2),
            of_commit(Some("b"), 3),
            of_commit(Some("a"), 4),
        ];
        assert_eq!(sizes(&commits), [3, 1, 1]);
        // A run of a named session between them parts nothing.
        let between = [run(None, 0), run(Some("x"), 1), run(None, 2)];
        assert_eq!(sizes(&between), [1, 2]);
    }

    #[test]
    fn a_run_without_a_time_stays_with_the_run_it_was_stored_after() {
        let runs = [
            run(None, 600),
            untimed(),
            run(None, 0),
            untimed(),
            untimed(),
        ];
        assert_eq!(sizes(&runs), [1, 4]);
        assert_eq!(sizes(&[untimed(), untimed()]), [2]);
        assert_eq!(sizes(&[untimed(), run(None, 5)]), [2]);
    }

    #[test]
    fn the_order_of_runs_in_a_file_changes_nothing() {
        let mut runs = vec![
            of(Some("a"), Some("1/s"), "x", 0),
            of(Some("a"), Some("1/s"), "x", 400),
            of(Some("a"), Some("2/s"), "x", 1),
            of(Some("b"), Some("1/s"), "x", 2),
            of(Some("a"), Some("1/s"), "y", 3),
        ];
        let told = |runs: &[Run]| {
            let history = History::of(runs);
            let told: Vec<_> = history
                .workloads
                .iter()
                .map(|w| (w.key.clone(), w.runs().cloned().collect::<Vec<_>>()))
                .collect();
            told
        };
        let before = told(&runs);
        assert_eq!(before.len(), 4);
        runs.reverse();
        assert_eq!(told(&runs), before);
    }

    #[test]
    fn the_window_is_of_each_workload_and_of_the_workloads_measured_last() {
        let mut runs: Vec<Run> = (0..5).map(|m| of(None, Some("1/s"), "x", m)).collect();
        runs.push(of(None, Some("1/s"), "rare", -100));
        runs.push(of(None, Some("2/s"), "x", 700));
        let history = History::of(&runs);
        let places = |runs, workloads| -> Vec<usize> {
            let kept = history.window(runs, workloads);
            kept.into_iter().map(|kept| kept.place).collect()
        };
        assert_eq!(places(2, 9), [5, 3, 4, 6]);
        assert_eq!(places(2, 2), [3, 4, 6]);
        let newest = history.window(20, 9);
        assert!(newest.iter().all(|kept| kept.in_newest_session));
    }

    #[test]
    fn a_run_that_says_less_of_its_work_is_of_the_only_workload_that_says_more() {
        let runs = [
            of(Some("a"), None, "x", 0),
            of(Some("a"), Some("1/s"), "x", 1),
        ];
        let history = History::of(&runs);
        assert_eq!(history.workloads.len(), 1);
        assert_eq!(history.workloads[0].key, WorkloadKey::of(&runs[1]));
        let open = [
            of(Some("a"), None, "x", 0),
            of(Some("a"), Some("1/s"), "x", 1),
            of(Some("a"), Some("2/s"), "x", 1),
        ];
        assert_eq!(History::of(&open).workloads.len(), 3);
    }
}
