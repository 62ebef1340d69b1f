//! Which version is measured first: blocks of two rounds, base-head and head-base or the other way around, by a seed.
//!
//! Strictly alternating order favours one version where each window leaves the machine in another state than it found
//! it. In a block each version is first once and second once, and a drift that is even over the block cancels.

use super::plan::FIRST_LOOK;

/// One of the two things that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    Base,
    Head,
}

impl Version {
    pub const BOTH: [Self; 2] = [Self::Base, Self::Head];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Base => Self::Head,
            Self::Head => Self::Base,
        }
    }
}

/// The order of all windows, the same for the same seed on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    seed: u64,
}

impl Order {
    /// Rounds of one block.
    pub const BLOCK: usize = 2;

    pub fn of_seed(seed: u64) -> Self {
        Self { seed }
    }

    /// The block of a round, both counted from zero. The rounds that confirm what the first look suspected are in blocks
    /// of their own, so that they share no launch with it.
    pub fn block(round: usize) -> usize {
        match round.checked_sub(FIRST_LOOK) {
            None => round / Self::BLOCK,
            Some(fresh) => FIRST_LOOK.div_ceil(Self::BLOCK) + fresh / Self::BLOCK,
        }
    }

    /// Whether a round is the first of its block.
    pub fn begins_block(round: usize) -> bool {
        round == 0 || Self::block(round) != Self::block(round - 1)
    }

    /// Both versions in the order in which this round measures them; rounds are counted from zero.
    pub fn round(self, round: usize) -> [Version; 2] {
        let begins = if self.coin(Self::block(round)) {
            Version::Base
        } else {
            Version::Head
        };
        let first = if Self::begins_block(round) {
            begins
        } else {
            begins.other()
        };
        [first, first.other()]
    }

    fn coin(self, block: usize) -> bool {
        let block = u64::try_from(block).unwrap_or(u64::MAX);
        let mut dice =
            fastrand::Rng::with_seed(self.seed ^ block.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.bool()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_round_of_a_block_mirrors_the_first() {
        for seed in 0..50 {
            let order = Order::of_seed(seed);
            for block in 0..10 {
                // The fifth round is a block of its own.
                let round = if block < 3 {
                    2 * block
                } else {
                    5 + 2 * (block - 3)
                };
                let [first, second] = order.round(round);
                assert_eq!(second, first.other());
                if block != 2 {
                    assert_eq!(order.round(round + 1), [second, first]);
                }
            }
        }
    }

    #[test]
    fn rounds_after_the_first_look_share_no_block_with_it() {
        let blocks: Vec<usize> = (0..10).map(Order::block).collect();
        assert_eq!(blocks, [0, 0, 1, 1, 2, 3, 3, 4, 4, 5]);
        assert!(Order::begins_block(5) && !Order::begins_block(6));
    }

    #[test]
    fn either_version_begins_about_half_of_the_blocks() {
        let begun = (0..1000)
            .filter(|seed| Order::of_seed(*seed).round(0)[0] == Version::Base)
            .count();
        assert!((400..600).contains(&begun), "{begun}");
        let order = Order::of_seed(7);
        let begun = (0..1000).filter(|block| order.round(2 * block + 5)[0] == Version::Base);
        assert!((400..600).contains(&begun.count()));
    }

    #[test]
    fn one_seed_gives_one_order() {
        let of = |seed| -> Vec<[Version; 2]> {
            (0..40)
                .map(|round| Order::of_seed(seed).round(round))
                .collect()
        };
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }
}
