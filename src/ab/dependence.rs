//! Whether neighbouring windows of a job resemble each other, or being measured second costs something.

use crate::stats::{location, order};

/// A resemblance of neighbours this many of its standard errors large is believed: believing it wrongly costs little,
/// because blocks that do not differ add nothing.
const BELIEVED: f64 = 1.645;
/// A slot effect is reported from so many of its standard errors on; blocks that mirror each other keep it out of the
/// comparison, and it only says something of the machine.
const REPORTED: f64 = 4.0;
/// The series of a job share its noise, so that many of them are not as many witnesses.
const MOST_WITNESSES: usize = 4;

/// What the order of the windows explains.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dependence {
    /// The correlation of a window with the one of the same version before it, where it is believed.
    pub lag_one: Option<f64>,
    /// How much longer the second window of a round takes, as a logarithm, where it is believed.
    pub second_slot: Option<f64>,
}

/// The values of one series in the order of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    pub base: &'a [f64],
    pub head: &'a [f64],
}

impl Dependence {
    /// `head_first` tells of every round whether head was measured before base.
    pub fn of(series: &[Rounds<'_>], head_first: &[bool]) -> Self {
        let usable: Vec<Residuals> = series
            .iter()
            .filter_map(|rounds| Residuals::of(*rounds, head_first.len()))
            .collect();
        Self {
            lag_one: lag_one(&usable, head_first.len()),
            second_slot: second_slot(&usable, head_first),
        }
    }

    /// Blocks and not windows are then the unit.
    pub fn is_there(self) -> bool {
        self.lag_one.is_some() || self.second_slot.is_some()
    }
}

/// Logarithms about the centre of their version.
struct Residuals {
    base: Vec<f64>,
    head: Vec<f64>,
}

impl Residuals {
    fn of(rounds: Rounds<'_>, count: usize) -> Option<Self> {
        let side = |values: &[f64]| {
            let positive = values.iter().all(|v| *v > 0.0);
            (values.len() == count && positive).then(|| {
                let logs: Vec<f64> = values.iter().map(|v| v.ln()).collect();
                about_the_centre(&logs)
            })
        };
        Some(Self {
            base: side(rounds.base)?,
            head: side(rounds.head)?,
        })
    }
}

/// Far ones count as if they were nearer, so that two bad moments in a row are not a habit of the machine.
fn about_the_centre(logs: &[f64]) -> Vec<f64> {
    const FAR: f64 = 3.0;
    let centre = order::median(logs).unwrap_or(0.0);
    let residuals: Vec<f64> = logs.iter().map(|v| v - centre).collect();
    let scale = location::scale_of_residuals(&residuals).unwrap_or(0.0);
    let far = if scale > 0.0 {
        FAR * scale
    } else {
        f64::INFINITY
    };
    let clipped: Vec<f64> = residuals.iter().map(|r| r.clamp(-far, far)).collect();
    let mean = clipped.iter().sum::<f64>() / count(&clipped);
    clipped.iter().map(|r| r - mean).collect()
}

/// The median over the series, corrected for what residuals about their own mean show of themselves.
fn lag_one(series: &[Residuals], rounds: usize) -> Option<f64> {
    const FEWEST: usize = 5;
    if rounds < FEWEST {
        return None;
    }
    let of_side = |side: &[f64]| -> Option<f64> {
        let products: f64 = side
            .windows(2)
            .filter_map(|w| Some(w.first()? * w.last()?))
            .sum();
        let squares: f64 = side.iter().map(|r| r * r).sum();
        (squares > 0.0).then(|| products / squares + 1.0 / count(side))
    };
    let each: Vec<f64> = series
        .iter()
        .filter_map(|s| Some(f64::midpoint(of_side(&s.base)?, of_side(&s.head)?)))
        .collect();
    let found = order::median(&each)?;
    let witnesses = number(each.len().min(MOST_WITNESSES) * 2 * rounds);
    (found > BELIEVED / witnesses.sqrt()).then_some(found)
}

/// The median over the series of the mean difference between the second and the first window of a round.
fn second_slot(series: &[Residuals], head_first: &[bool]) -> Option<f64> {
    let mut effects = Vec::new();
    let mut sizes = Vec::new();
    for residuals in series {
        let differences: Vec<f64> = residuals
            .base
            .iter()
            .zip(&residuals.head)
            .zip(head_first)
            .map(|((base, head), head_first)| {
                if *head_first {
                    base - head
                } else {
                    head - base
                }
            })
            .collect();
        let n = count(&differences);
        let mean = differences.iter().sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        if n > 4.0 && error > 0.0 {
            effects.push(mean);
            sizes.push(mean / error);
        }
    }
    let size = order::median(&sizes)?;
    (size.abs() > REPORTED).then(|| order::median(&effects))?
}

fn count(values: &[f64]) -> f64 {
    number(values.len().max(1))
}

#[expect(clippy::cast_precision_loss, reason = "a job has few rounds")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, memory: f64, rounds: usize) -> Vec<f64> {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut normal = || (0..12).map(|_| dice.f64()).sum::<f64>() - 6.0;
        let mut before = normal();
        (0..rounds)
            .map(|_| {
                before = memory * before + (1.0 - memory * memory).sqrt() * normal();
                100.0 * (0.02 * before).exp()
            })
            .collect()
    }

    fn found(memory: f64, jobs: u64) -> usize {
        let head_first: Vec<bool> = (0..20).map(|i| i % 4 == 1 || i % 4 == 2).collect();
        (0..jobs)
            .filter(|job| {
                let series: Vec<[Vec<f64>; 2]> = (0..10)
                    .map(|s| [0, 1].map(|side| noise(1000 * job + 10 * s + side, memory, 20)))
                    .collect();
                let rounds: Vec<Rounds<'_>> = series
                    .iter()
                    .map(|[base, head]| Rounds { base, head })
                    .collect();
                Dependence::of(&rounds, &head_first).lag_one.is_some()
            })
            .count()
    }

    #[test]
    fn windows_that_resemble_their_neighbours_are_seen() {
        assert!(found(0.4, 50) >= 48);
        assert!(found(0.0, 100) <= 5);
    }

    #[test]
    fn a_second_slot_that_is_slower_is_seen() {
        let head_first: Vec<bool> = (0..20).map(|i| i % 4 == 1 || i % 4 == 2).collect();
        let mut base = noise(1, 0.0, 20);
        let mut head = noise(2, 0.0, 20);
        for (round, first) in head_first.iter().enumerate() {
            let second = if *first { &mut base } else { &mut head };
            second[round] *= 1.08;
        }
        let rounds = [Rounds {
            base: &base,
            head: &head,
        }];
        let found = Dependence::of(&rounds, &head_first);
        assert!(
            found
                .second_slot
                .is_some_and(|slot| (slot - 0.08).abs() < 0.03),
            "{found:?}"
        );
        assert!(found.is_there());
    }

    #[test]
    fn too_few_rounds_and_series_that_are_not_whole_say_nothing() {
        let values = [1.0, 2.0, 3.0];
        let rounds = [Rounds {
            base: &values,
            head: &values[..2],
        }];
        assert!(!Dependence::of(&rounds, &[false; 3]).is_there());
        assert!(!Dependence::of(&[], &[]).is_there());
    }
}
