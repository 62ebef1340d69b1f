//! When it is looked at what was measured, and how much of the allowed error each look may use.

use crate::stats::sequential::nominal_levels;

/// Rounds of the first look.
pub const FIRST_LOOK: usize = 5;
/// Rounds of two blocks: with fewer there is no spread of blocks.
const TWO_BLOCKS: usize = 4;
/// A series within its limits is called unchanged wrongly at most this often: the shown interval, over all looks.
const DOUBT: f64 = 0.05;
/// The levels of one series in gates of ten and of a hundred; the bounds of the two differ a little.
const LEVELS_OF_ONE: [f64; 2] = [0.001, 0.0001];

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
        Self::at(rounds)
    }

    /// From the second block on, up to a cap; what each look needs to be certain is another's to say.
    pub fn after_every_block(cap: usize) -> Self {
        let first = TWO_BLOCKS.min(cap.max(1));
        Self::at(vec![first, cap.max(first + 1)])
    }

    /// A second look once results that were measured before have been measured again.
    pub fn again(runs: usize, fresh: usize) -> Self {
        Self::at(vec![runs.max(1), runs.max(1) + fresh.max(1)])
    }

    fn at(rounds: Vec<usize>) -> Self {
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
