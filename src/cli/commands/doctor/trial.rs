//! The gate tried on its own baseline: the newest runs as a pull request, as they are and slowed, through the judgement
//! of `check`.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{self, Comparison, Doubt, Judgement, Outcome, Policy, Severity, Sides};
use crate::model::{Baseline, History, Run, Series, Subject};

/// How much slower.
pub(super) const SIZES: [f64; 3] = [0.05, 0.1, LARGEST];
/// The last of them.
pub(super) const LARGEST: f64 = 0.2;
/// Subjects are slowed one by one, as a pull request does it; of more than these, several at once.
const ONE_BY_ONE: usize = 40;

/// Both sides.
pub(super) struct Replay {
    baseline: Vec<Run>,
    current: Vec<Run>,
    /// The one session that there is stands on both sides.
    pub(super) against_itself: bool,
    pub(super) sessions: usize,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Trial {
    /// Series that fail although nothing changed.
    pub(super) false_alarms: Vec<Series>,
    /// Series that can fail, and how much of a change each could have shown.
    pub(super) gated: Vec<(Series, Option<f64>)>,
    /// Gated, and warned of at most.
    pub(super) warned: usize,
    /// Shown and never gated.
    pub(super) shown: usize,
    /// For each size how many were found, and how many possible.
    pub(super) found: Vec<(f64, usize, usize)>,
    /// Of how many, for shares of failures are not slowed.
    pub(super) slowed: usize,
    /// Smallest and largest of what is tolerated.
    pub(super) limits: Option<(f64, f64)>,
    /// What an `[[accept]]` lets pass at the sizes that were tried.
    pub(super) accepted: BTreeSet<String>,
    /// What was never found.
    pub(super) never: Vec<Series>,
    pub(super) unchanged: Judgement,
}

impl Replay {
    /// The newest session against those before it, in the environment that was measured last.
    pub(super) fn of(baseline: &Baseline) -> Self {
        let history = History::of(&baseline.runs);
        let newest = history
            .workloads
            .iter()
            .filter_map(|workload| workload.newest());
        let newest = newest.max_by_key(|run| run.provenance.started_at);
        let key = newest.and_then(|run| run.provenance.environment.key());
        let mut replay = Self {
            baseline: Vec::new(),
            current: Vec::new(),
            against_itself: false,
            sessions: 0,
        };
        for workload in &history.workloads {
            let is_here = workload
                .newest()
                .is_some_and(|run| run.provenance.environment.key() == key);
            let Some((last, earlier)) = workload.sessions.split_last().filter(|_| is_here) else {
                continue;
            };
            replay.sessions = replay.sessions.max(workload.sessions.len());
            replay
                .current
                .extend(last.runs.iter().map(|run| later(run)));
            let before = earlier.iter().flat_map(|session| &session.runs);
            replay.baseline.extend(before.map(|run| (*run).clone()));
            if earlier.is_empty() {
                replay.against_itself = true;
                replay
                    .baseline
                    .extend(last.runs.iter().map(|run| (*run).clone()));
            }
        }
        replay
    }

    fn judge(&self, current: &[Run], policy: &Policy, today: jiff::civil::Date) -> Judgement {
        let sides = Sides {
            baseline: &self.baseline,
            current,
            anchor: None,
            interleaved: false,
        };
        compare::judge(&sides, policy, today)
    }

    pub(super) fn tried(&self, policy: &Policy, today: jiff::civil::Date) -> Trial {
        let unchanged = self.judge(&self.current, policy, today);
        let mut trial = Trial::default();
        let mut subjects: BTreeSet<&Subject> = BTreeSet::new();
        for one in &unchanged.comparisons {
            match (can_fail(one), one.gated && one.severity == Severity::Warn) {
                (true, _) => {
                    trial.gated.push((one.series.clone(), one.detectable));
                    subjects.insert(&one.series.subject);
                    let limit = one.limits.max_regression;
                    let (low, high) = trial.limits.unwrap_or((limit, limit));
                    trial.limits = Some((low.min(limit), high.max(limit)));
                }
                (false, true) => trial.warned += 1,
                (false, false) => trial.shown += 1,
            }
            if can_fail(one) && one.outcome == Outcome::Regressed {
                trial.false_alarms.push(one.series.clone());
            }
        }
        let gated: BTreeSet<String> = trial
            .gated
            .iter()
            .map(|(series, _)| series.to_string())
            .collect();
        let subjects: Vec<&Subject> = subjects.into_iter().collect();
        let groups = subjects.len().clamp(1, ONE_BY_ONE);
        let mut ever: BTreeMap<String, (Series, bool)> = BTreeMap::new();
        for size in SIZES {
            let (mut found, mut possible) = (0, 0);
            for group in 0..groups {
                let slow: BTreeSet<&Subject> = subjects
                    .iter()
                    .skip(group)
                    .step_by(groups)
                    .copied()
                    .collect();
                let current: Vec<Run> = self
                    .current
                    .iter()
                    .map(|run| slowed(run, &slow, size))
                    .collect();
                for one in self.judge(&current, policy, today).comparisons {
                    let name = one.series.to_string();
                    if !slow.contains(&one.series.subject)
                        || is_share(&one)
                        || !gated.contains(&name)
                    {
                        continue;
                    }
                    if one.accepted.is_some() {
                        trial.accepted.insert(name);
                        continue;
                    }
                    let is_found = one.outcome == Outcome::Regressed;
                    found += usize::from(is_found);
                    possible += usize::from(one.outcome == Outcome::Inconclusive(Doubt::Possible));
                    let known = ever.entry(name).or_insert((one.series, false));
                    known.1 |= is_found;
                }
            }
            trial.found.push((size, found, possible));
        }
        ever.retain(|name, _| !trial.accepted.contains(name));
        trial.slowed = ever.len();
        let never = ever.into_values().filter(|(_, found)| !found);
        trial.never = never.map(|(series, _)| series).collect();
        trial.unchanged = unchanged;
        trial
    }
}

/// A run as if it was made a day later, by another job: a copy would be left out as the same measurement.
fn later(run: &Run) -> Run {
    let mut run = run.clone();
    let provenance = &mut run.provenance;
    let at = provenance.started_at.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    provenance.started_at = at.checked_add(jiff::SignedDuration::from_hours(24)).ok();
    provenance.session = Some("replayed by doctor".to_owned());
    run
}

/// A control is not of the code that is judged.
pub(super) fn can_fail(one: &Comparison) -> bool {
    one.gated && one.severity == Severity::Fail && one.control.is_none()
}

/// k of n has no size that could be slower.
fn is_share(one: &Comparison) -> bool {
    one.series.statistic == crate::model::Statistic::Rate
}

fn slowed(run: &Run, subjects: &BTreeSet<&Subject>, share: f64) -> Run {
    let mut run = run.clone();
    for (subject, metrics) in &mut run.subjects {
        if !subjects.contains(subject) {
            continue;
        }
        for measurement in metrics.values_mut() {
            // What would no longer be a finite number stays as it was.
            if let Ok(slower) = measurement.slowed(share) {
                *measurement = slower;
            }
        }
    }
    run
}
