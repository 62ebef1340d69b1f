//! The rank guard: what the order of the runs alone says, whatever the shape of the noise.

use std::cell::Cell;

use crate::stats::{power, ranks};

/// From so many runs a side on the runs themselves tell how much they differ.
pub(super) const FULL_RUNS: usize = 5;
/// From so many runs a side the rank guard has something to say.
pub(super) const FEWEST_GUARDED: usize = 3;
/// What the plain rank guard lets pass by chance, at the most.
const LOOSEST_GUARD: f64 = 0.02;
/// And with few runs, so many times the least that their ranks can give: one run or two may be out of place.
const PLACES: f64 = 4.0;
/// A change that the test finds in four of five gates has to pass the guard in more of them.
const GUARD_FOUND: f64 = 0.85;

/// One-sided chances of the ranks, for both directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankGuard {
    worse: OneDirection,
    better: OneDirection,
}

/// A chance of the ranks, with the smallest one that so many runs can give.
#[derive(Clone, Copy, Debug)]
struct RankChance {
    p: f64,
    least: f64,
}

/// What the ranks say of one direction.
#[derive(Clone, Copy, Debug)]
enum OneDirection {
    /// There are too few runs to ask.
    NotAsked,
    /// The t test found nothing that the ranks could take back.
    Refused,
    Asked {
        /// All ranks as they are.
        plain: Option<RankChance>,
        /// Ranks above the middle tied at the middle.
        lower_half: Option<RankChance>,
    },
}

impl OneDirection {
    fn of(lower: &[f64], upper: &[f64]) -> Self {
        let fewest = lower.len().min(upper.len());
        let sizes = (lower.len(), upper.len());
        let plain = || RankChance {
            p: ranks::rank_sum_upper_tail(lower, upper),
            least: ranks::smallest_tail(sizes.0, sizes.1),
        };
        let lower_half = || RankChance {
            p: ranks::lower_half_tail(lower, upper),
            least: ranks::smallest_lower_half_tail(sizes.0, sizes.1),
        };
        Self::Asked {
            plain: (fewest != FULL_RUNS).then(plain),
            lower_half: (fewest >= FULL_RUNS).then(lower_half),
        }
    }

    /// Where the runs suffice the ranks have to keep the level by themselves; few runs are asked for as much as
    /// they can give, so that no shape of the noise makes a finding of its own.
    fn passes(self, level: f64) -> bool {
        let within = |chance: RankChance, allowed: f64| chance.p <= allowed * (1.0 + 1e-9);
        match self {
            Self::NotAsked => true,
            Self::Refused => false,
            Self::Asked { plain, lower_half } => {
                plain.is_some_and(|chance| within(chance, allowed_plain(level, chance.least)))
                    || lower_half.is_some_and(|chance| within(chance, level.max(chance.least)))
            }
        }
    }
}

fn allowed_plain(level: f64, least: f64) -> f64 {
    level.max((PLACES * least).min(LOOSEST_GUARD)).max(least)
}

impl RankGuard {
    /// The guard is costly for many runs and only ever takes a finding back: where there is none it is not asked.
    pub fn of(base: &[f64], current: &[f64], p_worse: f64, p_better: f64) -> Self {
        let few = base.len().min(current.len()) < FEWEST_GUARDED;
        let asked = |p: f64, lower: &[f64], upper: &[f64]| {
            if few {
                OneDirection::NotAsked
            } else if p < 0.05 {
                OneDirection::of(lower, upper)
            } else {
                OneDirection::Refused
            }
        };
        Self {
            worse: asked(p_worse, base, current),
            better: asked(p_better, current, base),
        }
    }

    pub fn say_worse(self, level: f64) -> bool {
        self.worse.passes(level)
    }

    pub fn say_better(self, level: f64) -> bool {
        self.better.passes(level)
    }
}

/// How many standard deviations of a run the current side has to be worse for the guard to let it pass in most gates,
/// for normal noise.
///
/// It is found by halving, and all series of a gate ask the same: the newest answer is kept.
pub(super) fn shift_that_passes(base: usize, current: usize, level: f64) -> f64 {
    thread_local! {
        static NEWEST: Cell<Option<(usize, usize, u64, f64)>> = const { Cell::new(None) };
    }
    if base.min(current) < FEWEST_GUARDED || base.max(current) > MOST_WEIGHED {
        return 0.0;
    }
    if let Some((b, c, l, shift)) = NEWEST.get()
        && (b, c, l) == (base, current, level.to_bits())
    {
        return shift;
    }
    let (mut low, mut high) = (0.0, LARGEST_SHIFT);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if chance_to_pass(base, current, middle, level) < GUARD_FOUND {
            low = middle;
        } else {
            high = middle;
        }
    }
    NEWEST.set(Some((base, current, level.to_bits(), high)));
    high
}

/// With more runs a side the guard asks for less than the test does.
const MOST_WEIGHED: usize = 50;
const LARGEST_SHIFT: f64 = 16.0;
/// To a thousandth of a standard deviation.
const HALVINGS: u32 = 14;

fn chance_to_pass(base: usize, current: usize, shift: f64, level: f64) -> f64 {
    let below_middle = (base + current).saturating_sub(1) / 2;
    let separate = |least: usize| {
        if least <= base {
            power::chance_below_all(base, current, least, shift)
        } else {
            0.0
        }
    };
    let fewest = base.min(current);
    let by_separation = if fewest < FULL_RUNS {
        separate(base)
    } else {
        separate(below_middle)
    };
    let allowed = if fewest == FULL_RUNS {
        level.max(ranks::smallest_lower_half_tail(base, current).min(LOOSEST_GUARD))
    } else {
        allowed_plain(level, ranks::smallest_tail(base, current))
    };
    by_separation.max(power::rank_sum_power(base, current, shift, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_that_passes_is_that_of_a_simulation() {
        // Shares of 8,000 simulated gates of normal noise that pass the guard at the shift, by numpy.
        for (runs, level, expected) in [(5, 0.001, 2.56), (6, 0.001, 2.56), (20, 0.001, 1.47)] {
            let shift = shift_that_passes(runs, runs, level);
            assert!((shift - expected).abs() < 0.25, "{runs} {level}: {shift}");
        }
        assert_eq!(shift_that_passes(1, 1, 0.001), 0.0);
        assert!(shift_that_passes(20, 5, 0.001) < shift_that_passes(5, 5, 0.001));
    }
}
