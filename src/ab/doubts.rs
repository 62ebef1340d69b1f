//! The series that a first look leaves in doubt, and what later looks at more runs make of them.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Stage;
use crate::compare::{
    self, Change, Comparison, Direction, Doubt, Judgement, Look, Outcome, Policy, Sides, Weighed,
};
use crate::model::{Series, WorkloadKey};
use crate::stats::multiplicity;

/// A gate of unchanged code fails at most this often.
const FAMILY_LEVEL: f64 = 0.01;
/// At which the fresh runs have to confirm alone; also what makes an undecided change possible.
const CONFIRMED: f64 = 0.05;

/// A series of a workload.
pub(super) type Key = (WorkloadKey, Series);

/// A judgement, and which of its series are in doubt.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts {
    /// That of the first look, with the comparisons of later looks in the place of theirs.
    judgement: Judgement,
    suspects: BTreeSet<Key>,
    looks: BTreeMap<Key, Vec<Glance>>,
}

/// What a look saw of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance {
    /// Of the current side.
    pub runs: usize,
    pub change: Option<Change>,
}

/// What a later look has to go by.
pub(super) struct Looked<'a> {
    /// All runs until now.
    pub pooled: Sides<'a>,
    /// Those of after the first look.
    pub fresh: Sides<'a>,
    pub stage: Stage,
    pub is_last: bool,
}

impl Doubts {
    /// `is_suspect` says of every tested series whether it stays in doubt, and may set its outcome.
    pub(super) fn of(
        judgement: Judgement,
        is_suspect: impl Fn(&mut Comparison, &Weighed) -> bool,
    ) -> Self {
        let mut doubts = Self {
            judgement,
            ..Self::default()
        };
        let comparisons = doubts.judgement.comparisons.iter();
        let keys: Vec<Option<Key>> = comparisons.map(|c| key(&doubts.judgement, c)).collect();
        for (comparison, key) in doubts.judgement.comparisons.iter_mut().zip(keys) {
            let (Some(weighed), Some(key)) = (comparison.weighed, key) else {
                continue;
            };
            if is_suspect(comparison, &weighed) {
                let first = Glance::of(comparison);
                doubts.looks.entry(key.clone()).or_default().push(first);
                doubts.suspects.insert(key);
            }
        }
        doubts
    }

    pub(super) fn are_left(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Whether a gated series is worse at the last look, or still in doubt.
    pub(super) fn got_worse(&self) -> bool {
        let worse = |c: &Comparison| c.gated && c.outcome == Outcome::Regressed;
        self.are_left() || self.judgement.comparisons.iter().any(worse)
    }

    pub(super) fn series(&self) -> impl Iterator<Item = &Series> {
        self.suspects.iter().map(|(_, series)| series)
    }

    pub(super) fn workloads(&self) -> BTreeSet<&WorkloadKey> {
        self.suspects.iter().map(|(workload, _)| workload).collect()
    }

    /// The comparison of a suspect as the last look left it.
    pub(super) fn worst(&self) -> Option<&Comparison> {
        let comparisons = self.judgement.comparisons.iter();
        let worse_by = |c: &Comparison| {
            c.change
                .map_or(1.0, |change| change.ratio.max(change.ratio.recip()))
        };
        comparisons
            .filter(|c| key(&self.judgement, c).is_some_and(|key| self.suspects.contains(&key)))
            .max_by(|a, b| worse_by(a).total_cmp(&worse_by(b)))
    }

    pub(super) fn look_again(
        &mut self,
        looked: &Looked<'_>,
        policy: &Policy,
        today: jiff::civil::Date,
    ) {
        let look = Look {
            family: Some(self.judgement.family),
            doubt: looked.stage.doubt,
        };
        let pooled = compare::judge_at(&looked.pooled, policy, today, look);
        let fresh = compare::judge_at(&looked.fresh, policy, today, look);
        let fresh: BTreeMap<Key, Weighed> = weighed(&fresh).collect();
        let all: BTreeMap<Key, Weighed> = weighed(&pooled)
            .filter(|(key, _)| self.suspects.contains(key))
            .collect();
        let worse = self.adjusted(&all, |w| w.worse.p, looked.stage);
        let better = self.adjusted(&all, |w| w.better.p, looked.stage);
        for comparison in &pooled.comparisons {
            let Some(key) = key(&pooled, comparison).filter(|key| self.suspects.contains(key))
            else {
                continue;
            };
            let Some(all) = all.get(&key) else { continue };
            let fresh = fresh.get(&key);
            let confirmed = |of: fn(&Weighed) -> Direction, adjusted: &BTreeMap<Key, f64>| {
                let certain = adjusted.get(&key).is_some_and(|p| *p <= FAMILY_LEVEL);
                let alone = fresh.is_some_and(|f| of(f).beyond && of(f).p < CONFIRMED);
                certain && alone && of(all).beyond && of(all).ranks_agree
            };
            let outcome = if confirmed(|w| w.worse, &worse) {
                Some(Outcome::Regressed)
            } else if confirmed(|w| w.better, &better) {
                Some(Outcome::Improved)
            } else if !all.worse.beyond && all.twice_excluded {
                Some(Outcome::Unchanged)
            } else {
                looked.is_last.then(|| undecided(all))
            };
            let mut looked_at = comparison.clone();
            looked_at.outcome = outcome.unwrap_or(Outcome::Inconclusive(Doubt::Possible));
            if let Some(test) = &mut looked_at.test {
                let improved = outcome == Some(Outcome::Improved);
                let (direction, adjusted) = if improved {
                    (all.better, &better)
                } else {
                    (all.worse, &worse)
                };
                test.p = direction.p;
                test.p_adjusted = adjusted.get(&key).copied().unwrap_or(1.0).min(1.0);
            }
            let seen = Glance::of(&looked_at);
            self.looks.entry(key.clone()).or_default().push(seen);
            if outcome.is_some() {
                self.suspects.remove(&key);
            }
            self.replace(&key, looked_at);
        }
        self.replace_covariates(&pooled);
    }

    /// What explains is as exact as the last look makes it.
    fn replace_covariates(&mut self, pooled: &Judgement) {
        for covariate in &pooled.covariates {
            let Some(wanted) = key(pooled, covariate) else {
                continue;
            };
            let known = self.judgement.covariates.iter();
            let known = known.map(|c| key(&self.judgement, c));
            let at = known
                .into_iter()
                .position(|key| key.as_ref() == Some(&wanted));
            if let Some(slot) = at.and_then(|at| self.judgement.covariates.get_mut(at)) {
                let workload = slot.workload;
                *slot = covariate.clone();
                slot.workload = workload;
            }
        }
    }

    /// A look of another kind at all runs: `decide` says of the series in doubt what each of them is, or nothing yet.
    pub(super) fn look_with(
        &mut self,
        pooled: &Judgement,
        decide: impl FnOnce(&[(Key, &Comparison)], usize) -> BTreeMap<Key, Outcome>,
    ) {
        let comparisons = pooled.comparisons.iter();
        let in_doubt: Vec<(Key, &Comparison)> = comparisons
            .filter_map(|c| Some((key(pooled, c)?, c)))
            .filter(|(key, _)| self.suspects.contains(key))
            .collect();
        let decided = decide(&in_doubt, self.judgement.family);
        for (key, comparison) in in_doubt {
            let outcome = decided.get(&key);
            let mut looked_at = comparison.clone();
            looked_at.outcome = outcome
                .copied()
                .unwrap_or(Outcome::Inconclusive(Doubt::Possible));
            if outcome.is_some() {
                self.suspects.remove(&key);
            }
            self.replace(&key, looked_at);
        }
    }

    /// The judgement, with what is still in doubt as the last look left it.
    pub(super) fn settle(self, policy: &Policy, today: jiff::civil::Date) -> Judgement {
        let mut judgement = self.judgement;
        let outcome = |c: &Comparison| {
            let weighed = c.weighed?;
            self.suspects
                .contains(&key(&judgement, c)?)
                .then(|| undecided(&weighed))
        };
        let outcomes: Vec<Option<Outcome>> = judgement.comparisons.iter().map(outcome).collect();
        for (comparison, outcome) in judgement.comparisons.iter_mut().zip(outcomes) {
            comparison.outcome = outcome.unwrap_or(comparison.outcome);
        }
        compare::with_outcomes(judgement, |_| None, policy, today)
    }

    /// Every series that was ever in doubt, with what each look saw of it.
    pub(super) fn looks(&self) -> impl Iterator<Item = (&Series, &[Glance])> {
        self.looks
            .iter()
            .map(|((_, series), looks)| (series, looks.as_slice()))
    }

    /// Holm over all series of the first look, at the share of the level that this look has. Series that are settled
    /// are no findings, whatever their chance was.
    fn adjusted(
        &self,
        all: &BTreeMap<Key, Weighed>,
        p: fn(&Weighed) -> f64,
        stage: Stage,
    ) -> BTreeMap<Key, f64> {
        let mut chances: Vec<f64> = all.values().map(p).collect();
        chances.resize(self.judgement.family.max(chances.len()), 1.0);
        let adjusted = multiplicity::holm(&chances);
        let shared = adjusted.into_iter().map(|p| p / stage.certain);
        all.keys().cloned().zip(shared).collect()
    }

    fn replace(&mut self, wanted: &Key, looked_at: Comparison) {
        let place = self
            .judgement
            .comparisons
            .iter()
            .position(|c| key(&self.judgement, c).as_ref() == Some(wanted));
        if let Some(slot) = place.and_then(|at| self.judgement.comparisons.get_mut(at)) {
            let workload = slot.workload;
            *slot = looked_at;
            slot.workload = workload;
        }
    }
}

impl Glance {
    fn of(comparison: &Comparison) -> Self {
        Self {
            runs: comparison.current.as_ref().map_or(0, |side| side.runs),
            change: comparison.change,
        }
    }
}

/// What a series is that no look decided.
fn undecided(weighed: &Weighed) -> Outcome {
    let possible = weighed.worse.beyond && weighed.worse.p < CONFIRMED;
    Outcome::Inconclusive(if possible {
        Doubt::Possible
    } else {
        Doubt::NoSignal
    })
}

fn key(judgement: &Judgement, comparison: &Comparison) -> Option<Key> {
    let workload = judgement.workloads.get(comparison.workload)?;
    Some((workload.key.clone(), comparison.series.clone()))
}

fn weighed(judgement: &Judgement) -> impl Iterator<Item = (Key, Weighed)> {
    let comparisons = judgement.comparisons.iter();
    comparisons.filter_map(|c| Some((key(judgement, c)?, c.weighed?)))
}
