//! Where a series of numbers changes its distribution: E-divisive (Matteson and James 2014, Journal of the American
//! Statistical Association 109:334) on one number a point.
//!
//! Two parts of a series are as far apart as their energy distance (Székely and Rizzo 2004, InterStat 5), here with
//! its sums divided by the squares of their sizes, which keeps small parts from looking far apart. A series is divided
//! where the two sides are farthest apart, if that is farther than its points give in a random order, and each side
//! again. A bump that comes and goes is small in a long series: where the whole is not divided, short windows are tried.

use super::order;

/// A side of fewer points says nothing of its level.
pub const LEAST_SIDE: usize = 3;

/// Of so many orders, and the one that is there, none is as far apart: 1 in 100.
const OF_A_PART: Trial = Trial { orders: 99 };

/// A window of so many points is tried where the whole is not divided, each half over the one before.
const WINDOW: usize = 64;
/// A long series has many windows, so each of them has to be as certain as 1 in 1000.
const OF_A_WINDOW: Trial = Trial { orders: 999 };

#[derive(Clone, Copy)]
struct Trial {
    orders: usize,
}

/// The best place to divide a part, and how far apart its sides are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Division {
    /// The first point of the second side.
    pub at: usize,
    /// nm / (n + m) times the energy distance of the sides.
    pub distance: f64,
}

/// The first point after each change, in order. The same values and the same seed give the same answer.
pub fn changes(values: &[f64], seed: u64) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut found = Vec::new();
    let mut open = vec![(0, values.len())];
    while let Some((from, to)) = open.pop() {
        let part = values.get(from..to).unwrap_or_default();
        if let Some(at) = divided(part, &mut random) {
            found.push(from + at);
            open.push((from, from + at));
            open.push((from + at, to));
        }
    }
    found.sort_unstable();
    settled(values, found)
}

/// Each place again, between its two neighbours: what was found first was found among changes not yet known.
fn settled(values: &[f64], mut found: Vec<usize>) -> Vec<usize> {
    for index in 0..found.len() {
        let from = match index.checked_sub(1) {
            Some(before) => found.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let to = found.get(index + 1).copied().unwrap_or(values.len());
        let best = values.get(from..to).and_then(farthest);
        if let (Some(place), Some(best)) = (found.get_mut(index), best) {
            *place = from + best.at;
        }
    }
    found.dedup();
    found
}

fn divided(part: &[f64], random: &mut fastrand::Rng) -> Option<usize> {
    if let Some(division) = tried(part, OF_A_PART, random) {
        return Some(division.at);
    }
    if part.len() <= WINDOW {
        return None;
    }
    let windows = (0..part.len() - WINDOW / 2).step_by(WINDOW / 2);
    let found = windows.filter_map(|from| {
        let to = part.len().min(from + WINDOW);
        let division = tried(part.get(from..to)?, OF_A_WINDOW, random)?;
        Some((from + division.at, division.distance))
    });
    found
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(at, _)| at)
}

/// The best division, unless a random order of the points is divided as well. Noise seldom needs more than a few orders.
fn tried(part: &[f64], trial: Trial, random: &mut fastrand::Rng) -> Option<Division> {
    let sums = Sums::of(part)?;
    let mut order: Vec<usize> = (0..part.len()).collect();
    let mut tree = Tree::new(part.len());
    let seen = sums.farthest(&order, &mut tree)?;
    for _ in 0..trial.orders {
        random.shuffle(&mut order);
        // Sums in another order differ in their last digits.
        let slack = 1e-9 * seen.distance;
        if sums.farthest(&order, &mut tree)?.distance >= seen.distance - slack {
            return None;
        }
    }
    Some(seen)
}

/// The best division of a part, whatever chance would give; `None` where it is too short or all of it is equal.
pub fn farthest(part: &[f64]) -> Option<Division> {
    let order: Vec<usize> = (0..part.len()).collect();
    Sums::of(part)?.farthest(&order, &mut Tree::new(part.len()))
}

/// What stays the same in every order of the points.
struct Sums {
    values: Vec<f64>,
    /// Among the sorted values, from 1.
    ranks: Vec<usize>,
    /// Of each point, the distances to all others.
    from_all: Vec<f64>,
    /// Of all pairs.
    all: f64,
}

impl Sums {
    fn of(part: &[f64]) -> Option<Self> {
        if part.len() < 2 * LEAST_SIDE {
            return None;
        }
        let middle = order::median(part)?;
        // Near zero, where differences keep their digits.
        let values: Vec<f64> = part.iter().map(|value| value - middle).collect();
        let mut sorted: Vec<usize> = (0..values.len()).collect();
        let value = |index: usize| values.get(index).copied().unwrap_or(0.0);
        sorted.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
        let mut ranks = vec![0; values.len()];
        let mut from_all = vec![0.0; values.len()];
        let total: f64 = values.iter().sum();
        let (mut below, mut before) = (0.0, 0.0);
        let n = float(values.len());
        for (rank, index) in sorted.into_iter().enumerate() {
            let own = value(index);
            let after = n - before - 1.0;
            if let (Some(place), Some(sum)) = (ranks.get_mut(index), from_all.get_mut(index)) {
                *place = rank + 1;
                *sum = before * own - below + (total - below - own) - after * own;
            }
            below += own;
            before += 1.0;
        }
        let all = from_all.iter().sum::<f64>() / 2.0;
        let sums = Self {
            values,
            ranks,
            from_all,
            all,
        };
        (sums.all > 0.0).then_some(sums)
    }

    /// All divisions in one pass: the distances inside the first side grow by those of the next point, and those
    /// between the sides and inside the second follow from sums over all points.
    fn farthest(&self, order: &[usize], tree: &mut Tree) -> Option<Division> {
        tree.clear();
        let count = order.len();
        let total = float(count);
        let (mut inside, mut outside) = (0.0, 0.0);
        let (mut taken, mut sum) = (0.0, 0.0);
        let mut best: Option<Division> = None;
        for (position, index) in order.iter().enumerate() {
            if position >= LEAST_SIDE && position + LEAST_SIDE <= count {
                let between = outside - 2.0 * inside;
                let (n, m) = (taken, total - taken);
                let second = self.all - inside - between;
                let energy =
                    2.0 * between / (n * m) - 2.0 * inside / (n * n) - 2.0 * second / (m * m);
                let distance = energy * n * m / total;
                if best.is_none_or(|best| distance > best.distance) {
                    best = Some(Division {
                        at: position,
                        distance,
                    });
                }
            }
            let (value, rank) = (*self.values.get(*index)?, *self.ranks.get(*index)?);
            let (fewer, lower) = tree.below(rank);
            inside += fewer * value - lower + (sum - lower) - (taken - fewer) * value;
            outside += self.from_all.get(*index)?;
            tree.add(rank, value);
            taken += 1.0;
            sum += value;
        }
        best
    }
}

/// Counts and sums of the values up to a rank (Fenwick 1994, Software: Practice and Experience 24:327).
struct Tree(Vec<(f64, f64)>);

impl Tree {
    fn new(count: usize) -> Self {
        Self(vec![(0.0, 0.0); count + 1])
    }

    fn clear(&mut self) {
        self.0.fill((0.0, 0.0));
    }

    fn add(&mut self, rank: usize, value: f64) {
        let mut at = rank;
        while let Some((count, sum)) = self.0.get_mut(at) {
            *count += 1.0;
            *sum += value;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, rank: usize) -> (f64, f64) {
        let (mut count, mut sum) = (0.0, 0.0);
        let mut at = rank;
        while at > 0 {
            if let Some((more, values)) = self.0.get(at) {
                count += more;
                sum += values;
            }
            at &= at - 1;
        }
        (count, sum)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no series has 2^53 points")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition, with all pairs.
    fn distance(x: &[f64], y: &[f64]) -> f64 {
        let mean = |a: &[f64], b: &[f64]| {
            let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a - b).abs()));
            pairs.sum::<f64>() / (float(a.len()) * float(b.len()))
        };
        let (n, m) = (float(x.len()), float(y.len()));
        (2.0 * mean(x, y) - mean(x, x) - mean(y, y)) * n * m / (n + m)
    }

    #[test]
    fn one_pass_finds_what_all_pairs_say() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..200_u32 {
            let count = random.usize(6..40);
            // With ties in every second round.
            let values: Vec<f64> = (0..count)
                .map(|_| match round % 2 {
                    0 => random.f64() * 1e3,
                    _ => f64::from(random.u32(0..4)) + 1.0,
                })
                .collect();
            let Some(found) = farthest(&values) else {
                assert!(values.iter().all(|v| (v - values[0]).abs() < 1e-12));
                continue;
            };
            let (x, y) = values.split_at(found.at);
            let direct = distance(x, y);
            assert!((found.distance - direct).abs() < 1e-9 * direct.max(1.0));
            for at in LEAST_SIDE..=count - LEAST_SIDE {
                let (x, y) = values.split_at(at);
                assert!(distance(x, y) <= found.distance + 1e-9);
            }
        }
    }

    #[test]
    fn the_distance_of_two_levels_is_the_one_worked_out_by_hand() {
        // Three zeros and three ones: 2 * 1 - 0 - 0, times 9 / 6.
        let found = farthest(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
        assert_eq!(found.at, 3);
        assert!((found.distance - 3.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_nile_changed_with_the_dam_of_1898() {
        assert_eq!(changes(&super::super::pelt::tests::NILE, 1), [28]);
    }

    #[test]
    fn a_bump_in_a_long_series_is_found_with_both_its_ends() {
        let mut random = fastrand::Rng::with_seed(11);
        let values: Vec<f64> = (0..400)
            .map(|n| random.f64() + if (200..212).contains(&n) { 2.0 } else { 0.0 })
            .collect();
        assert_eq!(changes(&values, 1), [200, 212]);
    }

    #[test]
    fn what_is_short_or_constant_has_no_change() {
        assert_eq!(changes(&[], 1), Vec::<usize>::new());
        assert_eq!(changes(&[1.0, 1.0, 1.0, 9.0, 9.0], 1), Vec::<usize>::new());
        assert_eq!(changes(&[5.0; 500], 1), Vec::<usize>::new());
    }
}
