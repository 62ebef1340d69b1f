//! The levels that explain a series best, each change of level at a price: least squares with a penalty, found exactly
//! by PELT (Killick, Fearnhead and Eckley 2012, Journal of the American Statistical Association 107:1590).
//!
//! The noise is read of differences between neighbours, which a change of level does not widen, and single spikes are
//! cut to the size of the noise first: least squares would take each of them for two changes.

use super::{location, order};

/// A level of fewer points is a spike.
pub const LEAST_LEVEL: usize = 3;

/// The neighbours to each side that tell a spike from a level: as many as the shortest level has points.
const BESIDE: usize = 3;
/// Farther from the median of its neighbours than so many scales of noise is a spike (Hampel's rule).
const SPIKE: f64 = 3.0;

/// What a change costs, in squared scales of noise: three times the logarithm of the number of points, where the
/// criterion of Schwarz (1978) takes two for a level and its place. The noise is estimated, too.
fn price(points: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no series has 2^53 points")]
    let points = points.max(2) as f64;
    3.0 * points.ln()
}

/// The first point after each change, in order.
pub fn changes(values: &[f64]) -> Vec<usize> {
    let Some(scale) = noise(values) else {
        return Vec::new();
    };
    let middle = order::median(values).unwrap_or(0.0);
    let smooth = without_spikes(values, SPIKE * scale);
    let standard: Vec<f64> = smooth.iter().map(|v| (v - middle) / scale).collect();
    levels(&standard, price(values.len()), LEAST_LEVEL)
}

/// The scale of the noise between neighbours; `None` where nothing moves.
///
/// The median of absolute differences as a standard deviation. Where more than half of the neighbours are equal (counts,
/// rounded times) it is zero, and the mean difference is taken.
pub fn noise(values: &[f64]) -> Option<f64> {
    let differences: Vec<f64> = values
        .iter()
        .zip(values.iter().skip(1))
        .map(|(a, b)| b - a)
        .collect();
    let by_median = location::scale_of_residuals(&differences)?;
    #[expect(clippy::cast_precision_loss, reason = "no series has 2^53 points")]
    let count = differences.len() as f64;
    let mean = differences.iter().map(|d| d.abs()).sum::<f64>() / count;
    // A difference of two points has twice the variance of one; its mean size is sqrt(2 / pi) of its deviation.
    let of_one = std::f64::consts::SQRT_2.recip();
    let scale = if by_median > 0.0 {
        by_median * of_one
    } else {
        mean * (std::f64::consts::PI / 2.0).sqrt() * of_one
    };
    (scale > 0.0 && scale.is_finite()).then_some(scale)
}

/// Each value at most `bound` from the median of itself and its neighbours; steps stay where they are.
pub fn without_spikes(values: &[f64], bound: f64) -> Vec<f64> {
    let near = |index: usize| {
        let from = index.saturating_sub(BESIDE);
        let to = values.len().min(index + BESIDE + 1);
        values.get(from..to).and_then(order::median)
    };
    values
        .iter()
        .enumerate()
        .map(|(index, value)| match near(index) {
            Some(centre) => value.clamp(centre - bound, centre + bound),
            None => *value,
        })
        .collect()
}

/// The exact minimum of squares around the means of the levels, and `price` for each change.
pub fn levels(values: &[f64], price: f64, least: usize) -> Vec<usize> {
    let least = least.max(1);
    let prefix = Prefix::of(values);
    let count = values.len();
    // best[t]: the cost of the first t points, and where their last level begins.
    let mut best: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); count + 1];
    if let Some(first) = best.first_mut() {
        *first = (-price, 0);
    }
    let mut open: Vec<Begin> = Vec::new();
    for to in least..=count {
        let candidate = to - least;
        let before = best.get(candidate).map_or(f64::INFINITY, |(cost, _)| *cost);
        if before.is_finite() {
            open.push(Begin {
                from: candidate,
                before,
                cost: 0.0,
                until: usize::MAX,
            });
        }
        open.retain(|begin| begin.until > to);
        let mut found = (f64::INFINITY, 0);
        for begin in &mut open {
            begin.cost = begin.before + prefix.squares(begin.from, to);
            if begin.cost + price < found.0 {
                found = (begin.cost + price, begin.from);
            }
        }
        for begin in &mut open {
            // A change at `to` would do at least as well, once the level behind it is long enough.
            if begin.until == usize::MAX && begin.cost >= found.0 {
                begin.until = to + least;
            }
        }
        if let Some(place) = best.get_mut(to) {
            *place = found;
        }
    }
    let mut changes = Vec::new();
    let mut to = count;
    while let Some((_, from)) = best
        .get(to)
        .filter(|(cost, from)| *from > 0 && cost.is_finite())
    {
        changes.push(*from);
        to = *from;
    }
    changes.reverse();
    changes
}

/// Where the last level may begin.
struct Begin {
    from: usize,
    /// Of all levels before it.
    before: f64,
    /// With the level from there to the point that is looked at.
    cost: f64,
    /// From this point on it cannot begin there any more.
    until: usize,
}

/// Sums of the values and of their squares up to each point.
struct Prefix(Vec<(f64, f64, f64)>);

impl Prefix {
    fn of(values: &[f64]) -> Self {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut sum = (0.0, 0.0, 0.0);
        sums.push(sum);
        for value in values {
            sum = (sum.0 + 1.0, sum.1 + value, sum.2 + value * value);
            sums.push(sum);
        }
        Self(sums)
    }

    fn squares(&self, from: usize, to: usize) -> f64 {
        match (self.0.get(from), self.0.get(to)) {
            (Some(a), Some(b)) => {
                let (n, sum) = (b.0 - a.0, b.1 - a.1);
                ((b.2 - a.2) - sum * sum / n).max(0.0)
            }
            _ => f64::INFINITY,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Yearly flow of the Nile at Aswan, 1871 to 1970 (Cobb 1978, Biometrika 65:243; `Nile` of R).
    pub(in crate::stats) const NILE: [f64; 100] = [
        1120.0, 1160.0, 963.0, 1210.0, 1160.0, 1160.0, 813.0, 1230.0, 1370.0, 1140.0, 995.0, 935.0,
        1110.0, 994.0, 1020.0, 960.0, 1180.0, 799.0, 958.0, 1140.0, 1100.0, 1210.0, 1150.0, 1250.0,
        1260.0, 1220.0, 1030.0, 1100.0, 774.0, 840.0, 874.0, 694.0, 940.0, 833.0, 701.0, 916.0,
        692.0, 1020.0, 1050.0, 969.0, 831.0, 726.0, 456.0, 824.0, 702.0, 1120.0, 1100.0, 832.0,
        764.0, 821.0, 768.0, 845.0, 864.0, 862.0, 698.0, 845.0, 744.0, 796.0, 1040.0, 759.0, 781.0,
        865.0, 845.0, 944.0, 984.0, 897.0, 822.0, 1010.0, 771.0, 676.0, 649.0, 846.0, 812.0, 742.0,
        801.0, 1040.0, 860.0, 874.0, 848.0, 890.0, 744.0, 749.0, 838.0, 1050.0, 918.0, 986.0,
        797.0, 923.0, 975.0, 815.0, 1020.0, 906.0, 901.0, 1170.0, 912.0, 746.0, 919.0, 718.0,
        714.0, 740.0,
    ];

    #[test]
    fn the_nile_changed_with_the_dam_of_1898() {
        // Cobb (1978) finds the change after 1898, the 28th year.
        assert_eq!(changes(&NILE), [28]);
    }

    /// Every way to divide so few points.
    fn cheapest(values: &[f64], price: f64, least: usize) -> f64 {
        let count = values.len();
        let mut best = vec![f64::INFINITY; count + 1];
        best[0] = -price;
        for to in least..=count {
            for from in 0..=to - least {
                let level = &values[from..to];
                #[expect(clippy::cast_precision_loss, reason = "a few points")]
                let mean = level.iter().sum::<f64>() / level.len() as f64;
                let squares: f64 = level.iter().map(|v| (v - mean).powi(2)).sum();
                best[to] = best[to].min(best[from] + squares + price);
            }
        }
        best[count]
    }

    #[test]
    fn pruning_never_loses_the_cheapest_levels() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..300 {
            let count = random.usize(3..60);
            let mut level = 0.0;
            let values: Vec<f64> = (0..count)
                .map(|_| {
                    if random.f64() < 0.1 {
                        level = random.f64() * 8.0;
                    }
                    level + random.f64()
                })
                .collect();
            let price = 0.2 + random.f64() * 4.0;
            let found = levels(&values, price, 3);
            let ends = found.iter().copied().chain([count]);
            let mut from = 0;
            let mut cost = -price;
            for to in ends {
                assert!(to - from >= 3, "{found:?}");
                cost += Prefix::of(&values).squares(from, to) + price;
                from = to;
            }
            let best = cheapest(&values, price, 3);
            assert!((cost - best).abs() < 1e-9, "{cost} {best}");
        }
    }

    #[test]
    fn a_spike_is_no_change_and_moves_no_step() {
        let mut values: Vec<f64> = (0..60_u32).map(|n| f64::from(n * 7 % 5) * 0.01).collect();
        values[20] = 50.0;
        assert_eq!(changes(&values), Vec::<usize>::new());
        values.iter_mut().skip(40).for_each(|v| *v += 1.0);
        assert_eq!(changes(&values), [40]);
    }

    #[test]
    fn the_noise_is_that_of_a_point_and_a_step_does_not_widen_it() {
        let mut random = fastrand::Rng::with_seed(5);
        let normal: Vec<f64> = (0..4000)
            .map(|n| {
                let sum: f64 = (0..12).map(|_| random.f64()).sum();
                sum - 6.0 + if n > 2000 { 40.0 } else { 0.0 }
            })
            .collect();
        let found = noise(&normal).unwrap();
        assert!((found - 1.0).abs() < 0.05, "{found}");
        assert_eq!(noise(&[7.0; 30]), None);
        assert!(noise(&[1.0, 1.0, 1.0, 2.0]).is_some());
    }

    #[test]
    fn a_count_that_never_varies_moves_at_the_step() {
        let mut counts = vec![1_000_000.0; 30];
        counts.extend(vec![1_000_900.0; 30]);
        assert_eq!(changes(&counts), [30]);
        assert_eq!(changes(&[9.0; 40]), Vec::<usize>::new());
        assert_eq!(changes(&[]), Vec::<usize>::new());
    }
}
