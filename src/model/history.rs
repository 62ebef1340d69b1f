//! What runs are to each other: which are of one workload, which of one session, and in which order they came.
//!
//! It alone decides what a session is, which runs are the newest, which runs are compared with, and what falls out
//! of the window of a baseline. Nobody else sorts or groups runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::Run;
use super::run::MeasuredTime;
use super::workload::{Difference, Part, WorkloadKey};

/// Runs that name no session and start further apart than this are of different sessions.
const SAME_SESSION: jiff::SignedDuration = jiff::SignedDuration::from_hours(4);

/// Where each session holds one run, so many of the newest are compared with together.
const NEWEST_SINGLE_RUNS: usize = 20;

/// Among more keys than this only equal ones are looked for: to hold each against each would take too long.
const MOST_KEYS: usize = 1_000;

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
    places: Vec<Place>,
}

/// Where a run stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
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

    /// What is compared with, and its history: the newest session is compared with and the earlier ones are its
    /// history; where each session holds one run, the newest twenty together are compared with.
    pub fn reference(&self) -> Reference<'a> {
        let mut sessions = self.sessions.clone();
        let single = sessions.len() > 1 && sessions.iter().all(|s| s.runs.len() == 1);
        if single {
            let skip = sessions.len().saturating_sub(NEWEST_SINGLE_RUNS);
            return Reference {
                base: sessions
                    .into_iter()
                    .skip(skip)
                    .flat_map(|s| s.runs)
                    .collect(),
                spans_sessions: true,
                ..Reference::default()
            };
        }
        let newest = sessions.pop();
        Reference {
            session: newest.as_ref().and_then(|s| s.name),
            base: newest.map(|s| s.runs).unwrap_or_default(),
            earlier: sessions,
            spans_sessions: false,
        }
    }

    /// Of two workloads of one history the one with the larger is the one that was measured last.
    fn measured(&self) -> Option<usize> {
        let places = self.sessions.iter().flat_map(|s| &s.places);
        places.map(|place| place.made).max()
    }
}

#[derive(Clone, Copy)]
struct Placed<'a> {
    run: &'a Run,
    place: Place,
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
            let place = Place { given, made: given };
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
    pub fn window(&self, runs: usize, workloads: usize) -> Vec<Kept> {
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
        let kept = kept.into_iter().map(|(place, in_newest_session)| Kept {
            place: place.given,
            in_newest_session,
        });
        kept.collect()
    }
}

/// A run that stays in a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
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

/// The workloads of two sides, with which of them are held against each other.
#[derive(Clone, Debug, Default)]
pub struct Matching<'a> {
    /// One for each workload of the current side, in the order of their keys.
    pub current: Vec<Matched<'a>>,
    /// Workloads of the baseline that no current one is held against.
    pub left: Vec<Workload<'a>>,
}

/// A workload of the current side.
#[derive(Clone, Debug)]
pub struct Matched<'a> {
    pub current: Workload<'a>,
    pub partner: Partner<'a>,
}

/// What a workload of the current side is held against.
#[derive(Clone, Debug)]
pub enum Partner<'a> {
    Found {
        baseline: Workload<'a>,
        /// What one of the two keys does not say; empty where they are equal.
        lacking: Vec<Part>,
    },
    /// The same work on another machine: comparable by a policy that asks for it.
    Elsewhere {
        /// One for each machine that the baseline knows, oldest first.
        known: Vec<Workload<'a>>,
    },
    None(NoPartner),
}

/// Why the baseline holds nothing to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPartner {
    /// The baseline is empty.
    NoBaseline,
    /// It does not know this work in any form.
    Unknown,
    /// It knows the source and the tool, with another load.
    OtherLoad(Vec<Difference>),
    /// It knows the work, on other machines.
    OtherEnvironment(Vec<KnownMachine>),
    /// The nearest workload differs in this.
    Differs(Vec<Difference>),
    /// Several workloads fit, because one of the keys does not say which it is.
    SeveralFit(Vec<WorkloadKey>),
    /// Several workloads of the current side fit one that does not say which it is.
    Contested(Vec<WorkloadKey>),
}

/// A machine on which a baseline knows some work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownMachine {
    pub key: String,
    /// In which parts of its key it differs from the machine of the current runs.
    pub differs: Vec<&'static str>,
}

/// Whether a machine that the baseline does not know is another workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machines {
    /// It is.
    Apart,
    /// It is, and the work of other machines is there as [`Partner::Elsewhere`].
    Across,
    /// All machines are one.
    Alike,
}

impl<'a> Matching<'a> {
    pub fn of(
        baseline: impl IntoIterator<Item = &'a Run>,
        current: impl IntoIterator<Item = &'a Run>,
        machines: Machines,
    ) -> Self {
        let group = |runs: Vec<&'a Run>| match machines {
            Machines::Apart | Machines::Across => History::of(runs),
            Machines::Alike => History::anywhere(runs),
        };
        let baseline = group(baseline.into_iter().collect()).workloads;
        let current = group(current.into_iter().collect()).workloads;
        let candidates: Vec<Candidates> = current
            .iter()
            .map(|workload| Candidates::of(&workload.key, &baseline))
            .collect();
        // An equal key has the first claim, and of those that only fit none has the better one.
        let mut claims = vec![Claim::default(); baseline.len()];
        for found in &candidates {
            if let Candidates::Equal(index) | Candidates::Fits(index) = found
                && let Some(claim) = claims.get_mut(*index)
            {
                match found {
                    Candidates::Equal(_) => claim.equal = true,
                    _ => claim.fitting += 1,
                }
            }
        }
        let mut taken = vec![false; baseline.len()];
        let keys: Vec<WorkloadKey> = current.iter().map(|w| w.key.clone()).collect();
        let matched = current
            .into_iter()
            .zip(&candidates)
            .map(|(current, found)| {
                let partner = match found {
                    Candidates::Equal(index) => partner(&baseline, *index, &current, &mut taken),
                    Candidates::Fits(index) => {
                        let claim = claims.get(*index).copied().unwrap_or_default();
                        if claim.equal || claim.fitting > 1 {
                            let fits = |key: &&WorkloadKey| {
                                baseline.get(*index).is_some_and(|b| b.key.fits(key))
                            };
                            Partner::None(NoPartner::Contested(
                                keys.iter().filter(fits).cloned().collect(),
                            ))
                        } else {
                            partner(&baseline, *index, &current, &mut taken)
                        }
                    }
                    Candidates::Several(several) => {
                        let keys = several.iter().filter_map(|index| baseline.get(*index));
                        Partner::None(NoPartner::SeveralFit(keys.map(|w| w.key.clone()).collect()))
                    }
                    Candidates::None => stranger(&baseline, &current, machines, &mut taken),
                };
                Matched { current, partner }
            })
            .collect();
        Self {
            current: matched,
            left: baseline
                .into_iter()
                .zip(taken)
                .filter_map(|(workload, taken)| (!taken).then_some(workload))
                .collect(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Claim {
    equal: bool,
    fitting: usize,
}

enum Candidates {
    Equal(usize),
    Fits(usize),
    Several(Vec<usize>),
    None,
}

impl Candidates {
    fn of(key: &WorkloadKey, baseline: &[Workload<'_>]) -> Self {
        if let Ok(index) = baseline.binary_search_by(|w| w.key.cmp(key)) {
            return Self::Equal(index);
        }
        if baseline.len() > MOST_KEYS {
            return Self::None;
        }
        let fits: Vec<usize> = baseline
            .iter()
            .enumerate()
            .filter(|(_, w)| w.key.fits(key))
            .map(|(index, _)| index)
            .collect();
        match fits.as_slice() {
            [] => Self::None,
            [one] => Self::Fits(*one),
            _ => Self::Several(fits),
        }
    }
}

fn partner<'a>(
    baseline: &[Workload<'a>],
    index: usize,
    current: &Workload<'a>,
    taken: &mut [bool],
) -> Partner<'a> {
    if let Some(taken) = taken.get_mut(index) {
        *taken = true;
    }
    let Some(baseline) = baseline.get(index) else {
        return Partner::None(NoPartner::Unknown);
    };
    match other_duration(baseline, current) {
        Some(duration) => Partner::None(NoPartner::OtherLoad(vec![duration])),
        None => Partner::Found {
            baseline: baseline.clone(),
            lacking: baseline.key.lacking(&current.key),
        },
    }
}

/// The times that two loads were measured for, where they differ too much to be one load. A digest covers the time that
/// was asked for.
fn other_duration(baseline: &Workload<'_>, current: &Workload<'_>) -> Option<Difference> {
    let known = |workload: &Workload<'_>| workload.key.load.digest.is_some();
    if known(baseline) && known(current) {
        return None;
    }
    let (before, now) = (
        typical_time(&baseline.reference().base)?,
        typical_time(&current.runs().collect::<Vec<_>>())?,
    );
    before.is_other_load(now).then(|| Difference::Term {
        name: "duration".to_owned(),
        before: format!("{:.0} s", before.seconds),
        now: format!("{:.0} s", now.seconds),
    })
}

/// That of the run in the middle.
fn typical_time(runs: &[&Run]) -> Option<MeasuredTime> {
    let mut times: Vec<MeasuredTime> = runs.iter().filter_map(|run| run.measured_time()).collect();
    times.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    times.get(times.len() / 2).copied()
}

/// The nearest thing that the baseline holds to a key that fits none of its own.
fn stranger<'a>(
    baseline: &[Workload<'a>],
    current: &Workload<'a>,
    machines: Machines,
    taken: &mut [bool],
) -> Partner<'a> {
    let key = &current.key;
    if baseline.is_empty() {
        return Partner::None(NoPartner::NoBaseline);
    }
    let differences: Vec<(&Workload<'a>, Vec<Difference>)> = baseline
        .iter()
        .map(|w| (w, w.key.differences(key)))
        .collect();
    let is_environment = |d: &Difference| matches!(d, Difference::Environment { .. });
    let mut known: Vec<&Workload<'a>> = differences
        .iter()
        .filter(|(_, found)| found.iter().all(is_environment))
        .map(|(w, _)| *w)
        .collect();
    if !known.is_empty() {
        known.sort_by_key(|w| w.measured());
        if machines == Machines::Across {
            let mut works: Vec<WorkloadKey> = known.iter().map(|w| w.key.anywhere()).collect();
            works.sort();
            works.dedup();
            if works.len() == 1 {
                return Partner::Elsewhere {
                    known: known.into_iter().cloned().collect(),
                };
            }
            return Partner::None(NoPartner::SeveralFit(
                known.iter().map(|w| w.key.clone()).collect(),
            ));
        }
        let here = current.newest().map(|run| &run.provenance.environment);
        let machine = |w: &&Workload<'a>| {
            let there = &w.newest()?.provenance.environment;
            Some(KnownMachine {
                key: w.key.environment.clone()?,
                differs: here
                    .map(|here| there.key_differences(here))
                    .unwrap_or_default(),
            })
        };
        let mut environments: Vec<KnownMachine> = known.iter().filter_map(machine).collect();
        environments.sort();
        environments.dedup();
        return Partner::None(NoPartner::OtherEnvironment(environments));
    }
    let weight = |found: &[Difference]| {
        let of_load = found.iter().all(|d| d.is_of_load() || is_environment(d));
        let elsewhere = found.iter().any(is_environment);
        let of_tool = found.iter().any(|d| matches!(d, Difference::Tool { .. }));
        (!of_load, of_tool, elsewhere, found.len())
    };
    let nearest = differences
        .into_iter()
        .enumerate()
        .map(|(index, (w, found))| (weight(&found), Reverse(w.measured()), index, found))
        .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    Partner::None(match nearest {
        Some(((false, _, elsewhere, _), _, index, found)) => {
            // What became of this work is said where its new load is.
            if let Some(taken) = taken.get_mut(index).filter(|_| !elsewhere) {
                *taken = true;
            }
            NoPartner::OtherLoad(found.into_iter().filter(|d| !is_environment(d)).collect())
        }
        Some((.., found)) => NoPartner::Differs(found),
        None => NoPartner::Unknown,
    })
}

#[cfg(test)]
mod tests {
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
    fn of(source: Option<&str>, rate: Option<&str>, machine: &str, minute: i64) -> Run {
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

    fn partner<'a>(baseline: &'a [Run], current: &'a [Run]) -> Partner<'a> {
        let mut matching = Matching::of(baseline, current, Machines::Apart);
        assert_eq!(matching.current.len(), 1);
        matching.current.remove(0).partner
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
    fn other_work_has_no_partner_and_it_is_said_what_differs() {
        let baseline = [of(Some("a"), Some("200/s"), "x", 0)];
        let other_load = [of(Some("a"), Some("400/s"), "x", 9)];
        let Partner::None(NoPartner::OtherLoad(found)) = partner(&baseline, &other_load) else {
            panic!("another load is another workload");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "`rate` was 200/s, is 400/s");

        let elsewhere = [of(Some("a"), Some("200/s"), "y", 9)];
        let Partner::None(NoPartner::OtherEnvironment(known)) = partner(&baseline, &elsewhere)
        else {
            panic!("another machine is another workload");
        };
        assert_eq!((known.len(), known[0].key.as_str()), (1, "x"));

        let stranger = [of(Some("b"), Some("200/s"), "x", 9)];
        assert!(matches!(
            partner(&baseline, &stranger),
            Partner::None(NoPartner::Differs(_))
        ));
        assert!(matches!(
            partner(&[], &stranger),
            Partner::None(NoPartner::NoBaseline)
        ));
    }

    #[test]
    fn a_part_that_one_side_lacks_matches_where_exactly_one_fits() {
        let old = [of(None, None, "x", 0)];
        let new = [of(Some("a"), Some("1/s"), "x", 9)];
        let Partner::Found { lacking, .. } = partner(&old, &new) else {
            panic!("it is the only one that fits");
        };
        assert_eq!(lacking, [Part::Source, Part::Load]);

        let two = [of(Some("a"), None, "x", 0), of(Some("b"), None, "x", 1)];
        let unnamed = [of(None, None, "x", 9)];
        assert!(matches!(
            partner(&two, &unnamed),
            Partner::None(NoPartner::SeveralFit(several)) if several.len() == 2
        ));

        let both = [of(Some("a"), None, "x", 8), of(Some("b"), None, "x", 9)];
        let matching = Matching::of(&old, &both, Machines::Apart);
        assert!(matching.current.iter().all(|m| matches!(
            &m.partner,
            Partner::None(NoPartner::Contested(several)) if several.len() == 2
        )));
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

    #[test]
    fn other_machines_are_there_where_they_are_asked_for() {
        let baseline = [of(None, None, "x", 5), of(None, None, "y", 0)];
        let current = [of(None, None, "z", 9)];
        let across = Matching::of(&baseline, &current, Machines::Across);
        let Partner::Elsewhere { known } = &across.current[0].partner else {
            panic!("the same work is known elsewhere");
        };
        let machines: Vec<_> = known.iter().map(|w| w.key.environment.as_deref()).collect();
        assert_eq!(machines, [Some("y"), Some("x")]);
        let alike = Matching::of(&baseline, &current, Machines::Alike);
        let Partner::Found { baseline, .. } = &alike.current[0].partner else {
            panic!("all machines are one");
        };
        assert_eq!(baseline.runs().count(), 2);
    }
}
