//! When it is decided: a first look at five rounds that only finds suspects, and later looks at all rounds of the
//! suspects, of which the fresh ones have to confirm alone.

use std::collections::{BTreeMap, BTreeSet};

use super::dependence::{Dependence, Rounds};
use super::order::{Order, Version};
use crate::compare::{
    self, Comparison, Direction, Doubt, Judgement, Look, Outcome, Policy, Sides, Weighed,
};
use crate::model::{Run, Series, WorkloadKey};
use crate::stats::multiplicity;
use crate::stats::sequential::nominal_levels;

/// Rounds of the first look.
pub const FIRST_LOOK: usize = 5;
/// A gate of unchanged code fails at most this often.
const FAMILY_LEVEL: f64 = 0.01;
/// A series within its limits is called unchanged wrongly at most this often: the shown interval, over all looks.
const DOUBT: f64 = 0.05;
/// The levels of one series in gates of ten and of a hundred; the bounds of the two differ a little.
const LEVELS_OF_ONE: [f64; 2] = [0.001, 0.0001];
/// What may be a change at the first look.
const SUSPECT: f64 = 0.10;
/// At which the fresh rounds have to confirm alone; also what makes an undecided change possible.
const CONFIRMED: f64 = 0.05;

/// The looks of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    stages: Vec<Stage>,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// It is taken when so many rounds are there.
    pub rounds: usize,
    /// The share of the family level at which it finds a change; nothing fails at the first of several looks.
    pub certain: f64,
    /// The doubt at which it calls a series unchanged.
    pub doubt: f64,
}

impl Plan {
    /// Looks at five, ten, twenty rounds and so on, up to a cap; the last is at the cap where at least five fresh rounds
    /// lie between. A cap below ten is one look, which judges as results from files are judged.
    pub fn up_to(cap: usize) -> Self {
        let mut rounds = vec![FIRST_LOOK.min(cap.max(1))];
        let mut next = 2 * FIRST_LOOK;
        while next <= cap {
            rounds.push(next);
            next *= 2;
        }
        let last = rounds.last().copied().unwrap_or(FIRST_LOOK);
        if last > FIRST_LOOK && cap >= last + FIRST_LOOK {
            rounds.push(cap);
        }
        let information: Vec<f64> = rounds.iter().map(|n| number(*n)).collect();
        let certain: Vec<Vec<f64>> = LEVELS_OF_ONE
            .iter()
            .map(|level| shares(&information, *level))
            .collect();
        // The interval has two ends, and each is tested at half of its doubt.
        let doubts = nominal_levels(&information, DOUBT / 2.0);
        let stages = rounds.iter().zip(doubts).enumerate();
        Self {
            stages: stages
                .map(|(index, (rounds, doubt))| Stage {
                    rounds: *rounds,
                    certain: certain
                        .iter()
                        .filter_map(|shares| shares.get(index).copied())
                        .fold(1.0, f64::min),
                    doubt: 2.0 * doubt,
                })
                .collect(),
        }
    }

    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The most rounds that it asks for.
    pub fn cap(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.rounds)
    }
}

/// The level of each look as a share of the level of all.
fn shares(information: &[f64], level: f64) -> Vec<f64> {
    let levels = nominal_levels(information, level);
    levels.into_iter().map(|nominal| nominal / level).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a comparison has few rounds")]
fn number(count: usize) -> f64 {
    count as f64
}

/// A series of a workload.
type Key = (WorkloadKey, Series);

/// A comparison on its way: the runs until now, and what the looks came to.
#[derive(Clone, Debug)]
pub struct Sequence<'a> {
    plan: Plan,
    order: Order,
    policy: &'a Policy,
    today: jiff::civil::Date,
    base: Vec<Run>,
    head: Vec<Run>,
    taken: usize,
    /// That of the first look, with the comparisons of later looks in the place of theirs.
    judgement: Judgement,
    suspects: BTreeSet<Key>,
    dependence: Dependence,
}

/// What a look leaves to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// No look is due before so many rounds.
    Measure { until: usize },
    /// Nothing is in doubt any more, or the cap is reached.
    Decided,
}

impl<'a> Sequence<'a> {
    pub fn new(plan: Plan, order: Order, policy: &'a Policy, today: jiff::civil::Date) -> Self {
        Self {
            plan,
            order,
            policy,
            today,
            base: Vec::new(),
            head: Vec::new(),
            taken: 0,
            judgement: Judgement::default(),
            suspects: BTreeSet::new(),
            dependence: Dependence::default(),
        }
    }

    /// Adds a round, and takes the look that is due with it.
    pub fn add(&mut self, base: Run, head: Run) -> Progress {
        self.base.push(base);
        self.head.push(head);
        let Some(stage) = self.plan.stages.get(self.taken).copied() else {
            return Progress::Decided;
        };
        if self.rounds() < stage.rounds {
            return Progress::Measure {
                until: stage.rounds,
            };
        }
        self.look(stage);
        match self.plan.stages.get(self.taken) {
            Some(next) if !self.suspects.is_empty() => Progress::Measure { until: next.rounds },
            _ => Progress::Decided,
        }
    }

    pub fn rounds(&self) -> usize {
        self.base.len().min(self.head.len())
    }

    pub fn runs(&self, version: Version) -> &[Run] {
        match version {
            Version::Base => &self.base,
            Version::Head => &self.head,
        }
    }

    /// The series that are still measured; before the first look nobody knows which will be.
    pub fn suspects(&self) -> impl Iterator<Item = &Series> {
        self.suspects.iter().map(|(_, series)| series)
    }

    /// The comparison of a suspect as the last look left it.
    pub fn worst(&self) -> Option<&Comparison> {
        let suspects = self.judgement.comparisons.iter();
        let of_suspect = |c: &&Comparison| {
            key(&self.judgement, c).is_some_and(|key| self.suspects.contains(&key))
        };
        let worse_by = |c: &Comparison| {
            c.change
                .map_or(1.0, |change| change.ratio.max(change.ratio.recip()))
        };
        suspects
            .filter(of_suspect)
            .max_by(|a, b| worse_by(a).total_cmp(&worse_by(b)))
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For where the time does not reach for all looks: the looks that are left end at this cap.
    pub fn cap_at(&mut self, cap: usize) {
        if self.taken == 0 && cap < self.plan.cap() {
            self.plan = Plan::up_to(cap);
        }
    }

    /// What the order of the windows explained, where it explained anything.
    pub fn dependence(&self) -> Dependence {
        self.dependence
    }

    /// The looks that were taken.
    pub fn taken(&self) -> &[Stage] {
        self.plan.stages.get(..self.taken).unwrap_or_default()
    }

    /// The judgement by all that was measured; what is in doubt stays so.
    pub fn finish(mut self) -> Judgement {
        if self.taken == 0 || self.plan.stages.len() == 1 {
            // Before the first look, or with the only one, it is judged as results from files are.
            self.expect_dependence();
            return compare::judge(&self.sides(0), self.policy, self.today);
        }
        let doubtful = std::mem::take(&mut self.suspects);
        let judgement = std::mem::take(&mut self.judgement);
        let doubt = |c: &Comparison| {
            let weighed = c.weighed?;
            doubtful
                .contains(&key(&judgement, c)?)
                .then(|| undecided(&weighed))
        };
        let outcomes: Vec<Option<Outcome>> = judgement.comparisons.iter().map(doubt).collect();
        let mut judgement = judgement;
        for (comparison, outcome) in judgement.comparisons.iter_mut().zip(outcomes) {
            comparison.outcome = outcome.unwrap_or(comparison.outcome);
        }
        compare::with_outcomes(judgement, |_| None, self.policy, self.today)
    }

    fn sides(&self, from: usize) -> Sides<'_> {
        Sides {
            baseline: self.base.get(from..).unwrap_or_default(),
            current: self.head.get(from..).unwrap_or_default(),
            anchor: None,
            interleaved: true,
        }
    }

    fn look(&mut self, stage: Stage) {
        self.expect_dependence();
        if self.taken == 0 {
            self.first_look(stage);
        } else {
            self.later_look(stage);
        }
        self.taken += 1;
    }

    fn first_look(&mut self, stage: Stage) {
        let look = Look {
            family: None,
            doubt: stage.doubt,
        };
        self.judgement = compare::judge_at(&self.sides(0), self.policy, self.today, look);
        let keys: Vec<Option<Key>> = self
            .judgement
            .comparisons
            .iter()
            .map(|c| key(&self.judgement, c))
            .collect();
        for (comparison, key) in self.judgement.comparisons.iter_mut().zip(keys) {
            let (Some(weighed), Some(key)) = (comparison.weighed, key) else {
                continue;
            };
            let suspect = weighed.worse.beyond && weighed.worse.p < SUSPECT;
            if suspect {
                self.suspects.insert(key);
                comparison.outcome = Outcome::Inconclusive(Doubt::Possible);
            } else if comparison.outcome != Outcome::Improved {
                comparison.outcome = if weighed.twice_excluded {
                    Outcome::Unchanged
                } else {
                    Outcome::Inconclusive(Doubt::NoSignal)
                };
            }
        }
    }

    fn later_look(&mut self, stage: Stage) {
        let look = Look {
            family: Some(self.judgement.family),
            doubt: stage.doubt,
        };
        let pooled = compare::judge_at(&self.sides(0), self.policy, self.today, look);
        let fresh = compare::judge_at(&self.sides(FIRST_LOOK), self.policy, self.today, look);
        let fresh: BTreeMap<Key, Weighed> = weighed(&fresh).collect();
        let all: BTreeMap<Key, Weighed> = weighed(&pooled)
            .filter(|(key, _)| self.suspects.contains(key))
            .collect();
        let worse = self.adjusted(&all, |w| w.worse.p, stage);
        let better = self.adjusted(&all, |w| w.better.p, stage);
        let at_cap = self.taken + 1 == self.plan.stages.len();
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
                at_cap.then(|| undecided(all))
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
            if outcome.is_some() {
                self.suspects.remove(&key);
            }
            self.replace(&key, looked_at);
        }
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

    /// Where windows resemble their neighbours, blocks are the unit: runs of a block count as runs of one launch.
    fn expect_dependence(&mut self) {
        if !self.dependence.is_there() {
            self.dependence = self.measured_dependence();
        }
        if !self.dependence.is_there() {
            return;
        }
        for runs in [&mut self.base, &mut self.head] {
            for (round, run) in runs.iter_mut().enumerate() {
                let block = u32::try_from(Order::block(round)).ok();
                let launch = run.provenance.launch.or(block);
                run.provenance.launch = launch;
            }
        }
    }

    fn measured_dependence(&self) -> Dependence {
        let judged = compare::judge(&self.sides(0), self.policy, self.today);
        let gated = judged.comparisons.iter().filter(|c| c.weighed.is_some());
        let rounds: Vec<Rounds<'_>> = gated
            .filter_map(|c| {
                Some(Rounds {
                    base: &c.baseline.as_ref()?.values,
                    head: &c.current.as_ref()?.values,
                })
            })
            .collect();
        let head_first: Vec<bool> = (0..self.rounds())
            .map(|round| self.order.round(round).first() == Some(&Version::Head))
            .collect();
        Dependence::of(&rounds, &head_first)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(plan: &Plan, of: fn(&Stage) -> f64) -> Vec<f64> {
        let hundredths = |share: f64| (share * 1000.0).round() / 1000.0;
        plan.stages()
            .iter()
            .map(|stage| hundredths(of(stage)))
            .collect()
    }

    #[test]
    fn the_shares_of_the_level_are_those_of_the_spending_function() {
        let twenty = Plan::up_to(20);
        let rounds: Vec<usize> = twenty.stages().iter().map(|stage| stage.rounds).collect();
        assert_eq!(rounds, [5, 10, 20]);
        // At one in a thousand and one in ten thousand, the smaller of each.
        assert_eq!(shown(&twenty, |s| s.certain), [0.102, 0.176, 0.762]);
        assert_eq!(shown(&twenty, |s| s.doubt), [0.005, 0.01, 0.042]);
        let ten = Plan::up_to(10);
        assert_eq!(shown(&ten, |s| s.certain), [0.269, 0.77]);
        assert_eq!(shown(&ten, |s| s.doubt), [0.013, 0.043]);
        assert_eq!(ten.cap(), 10);
    }

    #[test]
    fn a_cap_below_ten_is_one_look_and_other_caps_end_the_looks() {
        let rounds = |cap: usize| -> Vec<usize> {
            Plan::up_to(cap)
                .stages()
                .iter()
                .map(|stage| stage.rounds)
                .collect()
        };
        assert_eq!(rounds(3), [3]);
        assert_eq!(rounds(5), [5]);
        assert_eq!(rounds(9), [5]);
        assert_eq!(rounds(14), [5, 10]);
        assert_eq!(rounds(15), [5, 10, 15]);
        assert_eq!(rounds(40), [5, 10, 20, 40]);
        assert!((Plan::up_to(5).stages()[0].certain - 1.0).abs() < 1e-6);
    }
}
