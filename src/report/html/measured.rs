//! The runs behind a document, where they are at hand. A stored document holds one number of each run and no more.

use std::collections::HashMap;

use crate::compare::Side;
use crate::model::history::Workload;
use crate::model::{History, Measurement, Run, Subject, Unit, WorkloadKey};
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::units::plural;
use crate::stats::reading;

/// The runs of both sides.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunsBehind<'a> {
    /// Of the work that was judged, oldest first.
    pub baseline: &'a [Run],
    /// All that the baseline holds: other machines, too.
    pub history: &'a [Run],
    pub current: &'a [Run],
}

/// Which side of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Baseline,
    Current,
}

/// A session as a reader knows it.
#[derive(Clone, Debug)]
pub(super) struct ShownSession<'a> {
    name: Option<&'a str>,
    begun: Option<jiff::Timestamp>,
    runs: usize,
}

/// The runs with what they are to each other.
pub(super) struct Known<'a> {
    baseline: History<'a>,
    current: History<'a>,
    history: History<'a>,
    pub(super) sessions: Vec<ShownSession<'a>>,
    session_of: HashMap<*const Run, usize>,
}

/// One number of a session, for a trend.
#[derive(Clone, Debug)]
pub(super) struct OfSession {
    pub(super) value: f64,
    pub(super) at: Option<jiff::Timestamp>,
    pub(super) environment: Option<String>,
}

impl ShownSession<'_> {
    pub(super) fn told(&self) -> Sentence {
        let named = match (self.name, self.begun) {
            (Some(name), _) => Sentence::default().foreign(name),
            (None, Some(begun)) => Sentence::new(minute(begun)),
            (None, None) => Sentence::new("no name"),
        };
        named.own(format!(" ({})", plural(self.runs, "run", "runs")))
    }
}

/// `2026-01-01 09:30`, in UTC.
pub(super) fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

impl<'a> Known<'a> {
    pub(super) fn of(measured: &RunsBehind<'a>) -> Self {
        let mut known = Self {
            baseline: History::of(measured.baseline),
            current: History::of(measured.current),
            history: History::of(measured.history),
            sessions: Vec::new(),
            session_of: HashMap::new(),
        };
        let mut named: HashMap<&str, usize> = HashMap::new();
        for session in known.baseline.sessions().chain(known.current.sessions()) {
            let next = known.sessions.len();
            let index = match session.name {
                Some(name) => *named.entry(name).or_insert(next),
                None => next,
            };
            if index == next {
                known.sessions.push(ShownSession {
                    name: session.name,
                    begun: session.runs.iter().find_map(|r| r.provenance.started_at),
                    runs: 0,
                });
            }
            if let Some(found) = known.sessions.get_mut(index) {
                found.runs += session.runs.len();
            }
            for run in &session.runs {
                known.session_of.insert(std::ptr::from_ref(*run), index);
            }
        }
        known
    }

    /// Which of the sessions a run is of.
    pub(super) fn session(&self, run: &Run) -> Option<usize> {
        self.session_of.get(&std::ptr::from_ref(run)).copied()
    }

    /// The runs behind the numbers of one side, one for each; empty where they cannot be told.
    pub(super) fn runs(&self, entry: &Entry, of: Of) -> Vec<&'a Run> {
        let (history, side) = match of {
            Of::Baseline => (&self.baseline, &entry.baseline),
            Of::Current => (&self.current, &entry.current),
        };
        let Some(side) = side else { return Vec::new() };
        let reader = Reader::of(entry);
        let behind = |workload: &Workload<'a>| {
            let read = |run: &'a Run| Some((run, reader.value(run)?));
            compared(workload, of).into_iter().find_map(|runs| {
                let (runs, values): (Vec<&Run>, Vec<f64>) =
                    runs.into_iter().filter_map(read).unzip();
                is_same(&values, side).then_some(runs)
            })
        };
        history
            .workloads
            .iter()
            .find_map(behind)
            .unwrap_or_default()
    }

    /// The measurements behind the numbers of one side.
    pub(super) fn measurements(&self, entry: &Entry, of: Of) -> Vec<&'a Measurement> {
        let reader = Reader::of(entry);
        let runs = self.runs(entry, of);
        runs.into_iter()
            .filter_map(|run| reader.measurement(run))
            .collect()
    }

    /// One number for each session of the baseline that measured the work of the series, on whatever machine; oldest first.
    pub(super) fn trend(&self, entry: &Entry) -> Vec<OfSession> {
        let Some(now) = self.runs(entry, Of::Current).first().copied() else {
            return Vec::new();
        };
        let key = WorkloadKey::of(now).anywhere();
        let reader = Reader::of(entry);
        let fits = |workload: &&Workload<'a>| workload.key.anywhere().fits(&key);
        let mut points: Vec<OfSession> = Vec::new();
        for workload in self.history.workloads.iter().filter(fits) {
            for session in &workload.sessions {
                let values: Vec<f64> = session
                    .runs
                    .iter()
                    .filter_map(|run| reader.value(run))
                    .collect();
                let Some(value) = crate::stats::order::median(&values) else {
                    continue;
                };
                points.push(OfSession {
                    value,
                    at: session
                        .runs
                        .iter()
                        .filter_map(|r| r.provenance.started_at)
                        .max(),
                    environment: workload.key.environment.clone(),
                });
            }
        }
        // Sessions without a time stay where they are stored.
        points.sort_by_key(|point| point.at);
        points
    }
}

/// The runs of a workload that a gate may have compared: with the earlier sessions of the same build, and without them
/// where both sides are of one session.
fn compared<'a>(workload: &Workload<'a>, of: Of) -> Vec<Vec<&'a Run>> {
    match of {
        Of::Current => vec![workload.runs().collect()],
        Of::Baseline => {
            let reference = workload.reference();
            let skip = reference
                .earlier
                .len()
                .saturating_sub(reference.earlier_of_same_build);
            let earlier = reference.earlier.iter().skip(skip);
            let earlier = earlier.flat_map(|session| session.runs.iter().copied());
            let all = earlier.chain(reference.base.iter().copied()).collect();
            vec![all, reference.base]
        }
    }
}

/// What is read are the numbers that were judged.
fn is_same(values: &[f64], side: &Side) -> bool {
    let alike = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    values.len() == side.values.len() && values.iter().zip(&side.values).all(alike)
}

/// Reads one series of a run in the unit of its row.
struct Reader<'e> {
    entry: &'e Entry,
    subject: Subject,
    unit: Unit,
}

impl<'e> Reader<'e> {
    fn of(entry: &'e Entry) -> Self {
        Self {
            entry,
            subject: Subject::new(entry.subject.as_str()),
            unit: entry.unit(),
        }
    }

    fn measurement<'a>(&self, run: &'a Run) -> Option<&'a Measurement> {
        run.subjects
            .get(&self.subject)?
            .get(self.entry.metric.as_str())
    }

    fn value(&self, run: &Run) -> Option<f64> {
        let measured = self.measurement(run)?;
        let read = reading::read(&measured.evidence, self.entry.statistic)?;
        Some(read.value * measured.unit.factor_to(&self.unit)?)
    }
}
