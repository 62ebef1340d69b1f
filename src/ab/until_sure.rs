//! Looking after every block, without a number of looks that was planned: until each series is certainly beyond its limit
//! or certainly within it.
//!
//! The evidence is an e-process, a mixture of t likelihood ratios, which may be looked at as often as one likes: under
//! no change beyond the limit it ever exceeds 1/p with a chance of at most p (Wang and Ramdas, "Anytime-valid t-tests
//! and confidence sequences", 2023; Lindon et al., 2022). Its observations are the mean log ratios of blocks, because
//! windows beside each other may resemble each other, and a launch may be a block.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use crate::compare::{Comparison, Outcome};
use crate::model::Better;
use crate::stats::{multiplicity, student};

/// A gate of unchanged code fails at most this often.
const FAMILY_LEVEL: f64 = 0.01;
/// A series is called unchanged wrongly at most this often.
const DOUBT: f64 = 0.05;
/// The variance of the mixture, in units of the variance of a block: which changes are found soonest.
const MIXTURE: f64 = 0.1;
/// With fewer blocks there is no spread to speak of.
const FEWEST_BLOCKS: usize = 2;

/// The logarithm of the evidence against a mean of zero or less.
fn evidence(values: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        n += 1.0;
        sum += value;
        squares += value * value;
    }
    let all = (n + MIXTURE) * squares;
    let left = all - sum * sum;
    if !(left > 0.0 && left.is_finite()) {
        return 0.0;
    }
    let two_sided = 0.5 * (MIXTURE / (n + MIXTURE)).ln() + 0.5 * n * (all / left).ln();
    let t = sum * (n / left).sqrt();
    let share = student::upper_tail(-t, n);
    if share > 0.0 {
        two_sided + (2.0 * share).ln()
    } else {
        f64::NEG_INFINITY
    }
}

/// The most evidence that there ever was of one series, as logarithms.
#[derive(Clone, Copy, Debug, Default)]
struct Most {
    /// That it is worse by more than its limit.
    beyond: f64,
    /// That it is not.
    within: f64,
    /// That it is better by more than its limit.
    better: f64,
}

/// The most evidence that there ever was, of each series; evidence that was there stays.
#[derive(Clone, Debug)]
pub(super) struct Evidences<K> {
    most: BTreeMap<K, Most>,
}

impl<K: Ord + Clone> Evidences<K> {
    pub(super) fn new() -> Self {
        Self {
            most: BTreeMap::new(),
        }
    }

    /// Takes in what all rounds until now say of the series in doubt. `family` is how many series the gate has.
    pub(super) fn look(
        &mut self,
        in_doubt: &[(K, &Comparison)],
        family: usize,
    ) -> BTreeMap<K, Outcome> {
        for (key, comparison) in in_doubt {
            let Some(blocks) = blocks(comparison) else {
                continue;
            };
            let limit = comparison.limits.max_regression.ln_1p();
            let most = self.most.entry(key.clone()).or_default();
            let against = |of: fn(f64, f64) -> f64| evidence(blocks.iter().map(|y| of(*y, limit)));
            most.beyond = most.beyond.max(against(|y, limit| y - limit));
            most.within = most.within.max(against(|y, limit| limit - y));
            most.better = most.better.max(against(|y, limit| -y - limit));
        }
        let worse = self.certain(|most| most.beyond, family);
        let better = self.certain(|most| most.better, family);
        let decided = in_doubt.iter().filter_map(|(key, comparison)| {
            let most = self.most.get(key)?;
            let is_beyond = comparison.weighed.is_some_and(|w| w.worse.beyond);
            let outcome = if is_beyond && worse.contains(key) {
                Outcome::Regressed
            } else if better.contains(key) {
                Outcome::Improved
            } else if chance(most.within) <= DOUBT {
                Outcome::Unchanged
            } else {
                return None;
            };
            Some((key.clone(), outcome))
        });
        decided.collect()
    }

    /// The series of which this is certain, for a gate of so many.
    fn certain(&self, of: fn(&Most) -> f64, family: usize) -> BTreeSet<&K> {
        let mut chances: Vec<f64> = self.most.values().map(|most| chance(of(most))).collect();
        chances.resize(family.max(chances.len()), 1.0);
        let adjusted = multiplicity::holm(&chances);
        let certain = self.most.keys().zip(adjusted);
        certain
            .filter_map(|(key, p)| (p <= FAMILY_LEVEL).then_some(key))
            .collect()
    }
}

/// How likely so much evidence ever is where there is nothing to find.
fn chance(evidence: f64) -> f64 {
    (-evidence).exp().min(1.0)
}

/// The mean of the log ratios of each block, up being worse. `None` where there is none, or too few.
fn blocks(comparison: &Comparison) -> Option<Vec<f64>> {
    let (base, head) = (comparison.baseline.as_ref()?, comparison.current.as_ref()?);
    let worse = match comparison.series.better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
    };
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (round, (base, head)) in base.values.iter().zip(&head.values).enumerate() {
        let ratio = worse * (head / base).ln();
        if !ratio.is_finite() {
            return None;
        }
        let (sum, count) = sums.entry(Order::block(round)).or_default();
        *sum += ratio;
        *count += 1.0;
    }
    let means: Vec<f64> = sums.into_values().map(|(sum, count)| sum / count).collect();
    (means.len() >= FEWEST_BLOCKS).then_some(means)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exceeded(shift: f64, jobs: u64) -> usize {
        let found = |job: &u64| {
            let mut dice = fastrand::Rng::with_seed(*job);
            let mut values = Vec::new();
            (0..60).any(|_| {
                let normal = (0..12).map(|_| dice.f64()).sum::<f64>() - 6.0;
                values.push(shift + normal);
                evidence(values.iter().copied()) > 20.0_f64.ln()
            })
        };
        (0..jobs).filter(found).count()
    }

    #[test]
    fn evidence_of_nothing_may_be_looked_at_as_often_as_one_likes() {
        // At most 5 of 100, however often it is looked at.
        let alarms = exceeded(0.0, 400);
        assert!(alarms <= 20, "{alarms}");
        assert_eq!(exceeded(-0.3, 200), 0);
        assert!(exceeded(1.0, 100) >= 99);
    }

    #[test]
    fn what_says_nothing_is_no_evidence() {
        for values in [vec![], vec![0.0; 5], vec![f64::INFINITY, 1.0]] {
            let e = evidence(values.iter().copied());
            assert!(e.abs() < 1e-12, "{values:?}: {e}");
        }
        assert!(evidence([0.01; 6].into_iter()) > 5.0);
    }
}
