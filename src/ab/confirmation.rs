//! What results from a baseline leave in doubt, decided by measuring the current side again.

use std::collections::BTreeSet;

use super::doubts::{Doubts, Glance, Looked};
use super::plan::{FIRST_LOOK, Plan};
use crate::compare::{Comparison, Doubt, Judgement, Outcome, Policy, Sides};
use crate::model::{Series, WorkloadKey};

/// A judged gate whose doubtful series can be measured again.
#[derive(Clone, Debug)]
pub struct Confirmation {
    doubts: Doubts,
}

/// The runs of the second look.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    /// The baseline against the current runs of both times.
    pub pooled: Sides<'a>,
    /// The baseline against those of the second time.
    pub fresh: Sides<'a>,
}

impl Confirmation {
    /// In doubt is what got worse, certainly, or possibly where more runs of the current side would tell more.
    pub fn of(judgement: Judgement) -> Self {
        Self {
            doubts: Doubts::of(judgement, |comparison, weighed| {
                let in_doubt = match comparison.outcome {
                    Outcome::Regressed => true,
                    Outcome::Inconclusive(Doubt::Possible) => runs_tell(comparison),
                    _ => false,
                };
                in_doubt && weighed.worse.beyond
            }),
        }
    }

    pub fn is_needed(&self) -> bool {
        self.doubts.are_left()
    }

    /// What has to be measured again.
    pub fn workloads(&self) -> BTreeSet<&WorkloadKey> {
        self.doubts.workloads()
    }

    /// In doubt, until it is decided.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.doubts.series()
    }

    /// Runs that a source is measured for again: as often as before, and so often that the fresh ones can confirm alone.
    pub fn runs(before: usize) -> usize {
        before.max(FIRST_LOOK)
    }

    /// `runs` are those of the first look and of the second alone. Red is what all runs together are certain of, at the
    /// share of the allowed error that a second look has, and what the fresh ones say alone.
    #[must_use]
    pub fn decide(
        mut self,
        again: &Again<'_>,
        runs: (usize, usize),
        (policy, today): (&Policy, jiff::civil::Date),
    ) -> Confirmed {
        let plan = Plan::again(runs.0, runs.1);
        if let Some(stage) = plan.stages().last() {
            let looked = Looked {
                pooled: again.pooled,
                fresh: again.fresh,
                stage: *stage,
                is_last: true,
            };
            self.doubts.look_again(&looked, policy, today);
        }
        let looks = self.doubts.looks();
        let looks = looks.map(|(series, seen)| (series.clone(), seen.to_vec()));
        Confirmed {
            looks: looks.collect(),
            judgement: self.doubts.settle(policy, today),
        }
    }
}

/// Whether the spread of the current runs is a noticeable part of what hides the change: where sessions differ by much
/// more, measuring again costs time and shows nothing.
fn runs_tell(comparison: &Comparison) -> bool {
    /// Of the variance of the estimate.
    const NOTICEABLE: f64 = 0.1;
    /// The interval of 95 % is about so many standard errors wide.
    const WIDTH: f64 = 4.0;
    let (Some(change), Some(current)) = (&comparison.change, &comparison.current) else {
        return true;
    };
    let logs: Vec<f64> = current
        .values
        .iter()
        .filter(|v| **v > 0.0)
        .map(|v| v.ln())
        .collect();
    let error = (change.high / change.low).ln() / WIDTH;
    if logs.len() < FIRST_LOOK || logs.len() < current.values.len() || !error.is_finite() {
        return true;
    }
    #[expect(clippy::cast_precision_loss, reason = "a source has few runs")]
    let count = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
    variance / count >= NOTICEABLE * error.powi(2)
}

/// What both looks came to.
#[derive(Clone, Debug)]
pub struct Confirmed {
    pub judgement: Judgement,
    /// The series that were in doubt, with what each look saw.
    pub looks: Vec<(Series, Vec<Glance>)>,
}
