//! When it is decided: a first look at five rounds that only finds suspects, and later looks at all rounds of the
//! suspects, of which the fresh ones have to confirm alone.

use super::dependence::{Dependence, Rounds};
use super::doubts::{Doubts, Key, Looked};
use super::order::{Order, Version};
use super::plan::{FIRST_LOOK, Plan, Stage};
use super::until_sure::Evidences;
use crate::compare::{self, Comparison, Doubt, Judgement, Look, Outcome, Policy, Sides};
use crate::model::{Run, Series};

/// What may be a change at the first look.
const SUSPECT: f64 = 0.10;

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
    doubts: Doubts,
    dependence: Dependence,
    /// Where it is looked at after every block.
    until_sure: Option<Evidences<Key>>,
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
            doubts: Doubts::default(),
            dependence: Dependence::default(),
            until_sure: None,
        }
    }

    /// Looks after every block, until each series is certainly beyond its limit or within it.
    #[must_use]
    pub fn until_sure(mut self) -> Self {
        self.plan = Plan::after_every_block(self.plan.cap());
        self.until_sure = Some(Evidences::new());
        self
    }

    pub fn is_until_sure(&self) -> bool {
        self.until_sure.is_some()
    }

    /// Adds a round, and takes the look that is due with it.
    pub fn add(&mut self, base: Run, head: Run) -> Progress {
        self.base.push(base);
        self.head.push(head);
        if let Some(evidences) = self.until_sure.take() {
            return self.look_at_block(evidences);
        }
        let Some(stage) = self.plan.stages().get(self.taken).copied() else {
            return Progress::Decided;
        };
        if self.rounds() < stage.rounds {
            return Progress::Measure {
                until: stage.rounds,
            };
        }
        self.look(stage);
        match self.plan.stages().get(self.taken) {
            Some(next) if self.doubts.are_left() => Progress::Measure { until: next.rounds },
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
        self.doubts.series()
    }

    /// The comparison of a suspect as the last look left it.
    pub fn worst(&self) -> Option<&Comparison> {
        self.doubts.worst()
    }

    /// Whether something got worse, or may have.
    pub fn got_worse(&self) -> bool {
        self.doubts.got_worse()
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For where the time does not reach for all looks: the looks that are left end at this cap.
    pub fn cap_at(&mut self, cap: usize) {
        if self.taken == 0 && cap < self.plan.cap() && self.until_sure.is_none() {
            self.plan = Plan::up_to(cap);
        }
    }

    /// What the order of the windows explained, where it explained anything.
    pub fn dependence(&self) -> Dependence {
        self.dependence
    }

    /// The looks that were taken.
    pub fn taken(&self) -> &[Stage] {
        self.plan.stages().get(..self.taken).unwrap_or_default()
    }

    /// The judgement by all that was measured; what is in doubt stays so.
    pub fn finish(mut self) -> Judgement {
        if self.taken == 0 || self.plan.stages().len() == 1 {
            // Before the first look, or with the only one, it is judged as results from files are.
            self.expect_dependence();
            return compare::judge(&self.sides(0), self.policy, self.today);
        }
        self.doubts.settle(self.policy, self.today)
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

    /// What was settled by an earlier look stays so.
    fn look_at_block(&mut self, mut evidences: Evidences<Key>) -> Progress {
        let (rounds, cap) = (self.rounds(), self.plan.cap());
        let first = self.plan.stages().first().map_or(0, |stage| stage.rounds);
        if rounds >= first && Order::begins_block(rounds) {
            let judgement = compare::judge(&self.sides(0), self.policy, self.today);
            if self.taken == 0 {
                self.doubts = Doubts::of(judgement.clone(), |_, _| true);
                self.taken = 1;
            }
            self.doubts.look_with(&judgement, |in_doubt, family| {
                evidences.look(in_doubt, family)
            });
        }
        self.until_sure = Some(evidences);
        if rounds >= cap || self.taken > 0 && !self.doubts.are_left() {
            return Progress::Decided;
        }
        Progress::Measure { until: rounds + 1 }
    }

    fn first_look(&mut self, stage: Stage) {
        let look = Look {
            family: None,
            doubt: stage.doubt,
        };
        let judgement = compare::judge_at(&self.sides(0), self.policy, self.today, look);
        self.doubts = Doubts::of(judgement, |comparison, weighed| {
            let suspect = weighed.worse.beyond && weighed.worse.p < SUSPECT;
            if suspect {
                comparison.outcome = Outcome::Inconclusive(Doubt::Possible);
            } else if comparison.outcome != Outcome::Improved {
                comparison.outcome = if weighed.twice_excluded {
                    Outcome::Unchanged
                } else {
                    Outcome::Inconclusive(Doubt::NoSignal)
                };
            }
            suspect
        });
    }

    fn later_look(&mut self, stage: Stage) {
        let mut doubts = std::mem::take(&mut self.doubts);
        let looked = Looked {
            pooled: self.sides(0),
            fresh: self.sides(FIRST_LOOK),
            stage,
            is_last: self.taken + 1 == self.plan.stages().len(),
        };
        doubts.look_again(&looked, self.policy, self.today);
        self.doubts = doubts;
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
