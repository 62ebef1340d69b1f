//! Order statistics: quantiles of plain and of weighted values.

/// The quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7, the default of
/// R and NumPy). `None` without values.
pub fn quantile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "no set has 2^53 values")]
    let position = fraction.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..=last"
    )]
    let below = position.floor() as usize;
    let low = *sorted.get(below)?;
    let high = *sorted.get(below + 1).unwrap_or(&low);
    Some(low + (high - low) * position.fract())
}

/// Sorts by value; the numbers are finite by construction, and a total order needs no panic.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

pub fn median(values: &[f64]) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

/// Values with their weights, sorted once for all quantiles that are asked of them.
#[derive(Debug)]
pub struct Weighted {
    pairs: Vec<(f64, f64)>,
    total: f64,
}

impl Weighted {
    pub fn new(values: &[f64], weights: &[f64]) -> Self {
        let mut pairs: Vec<(f64, f64)> = values
            .iter()
            .copied()
            .zip(weights.iter().copied())
            .collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let total = pairs.iter().map(|(_, w)| w).sum();
        Self { pairs, total }
    }

    /// The smallest value at which the weights of all values up to it reach the fraction; where they reach it
    /// exactly, halfway to the next. With equal weights the median is the ordinary one.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let wanted = fraction.clamp(0.0, 1.0) * self.total;
        let slack = wanted.abs() * 1e-12;
        let mut reached = 0.0;
        let mut rest = self.pairs.iter().peekable();
        while let Some((value, weight)) = rest.next() {
            reached += weight;
            if reached > wanted + slack {
                return Some(*value);
            }
            if reached >= wanted - slack {
                let next = rest.peek();
                return Some(next.map_or(*value, |(next, _)| f64::midpoint(*value, *next)));
            }
        }
        self.pairs.last().map(|(value, _)| *value)
    }
}

pub fn weighted_quantile(values: &[f64], weights: &[f64], fraction: f64) -> Option<f64> {
    // Counts add up to the same sum in whatever order.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let are_counts = weights
        .iter()
        .fold(true, |all, w| all & (w.trunc().total_cmp(w).is_eq()));
    if are_counts && weights.iter().sum::<f64>() < EXACT {
        return selected(values, weights, fraction);
    }
    Weighted::new(values, weights).quantile(fraction)
}

/// The same quantile of values with counts, with only the neighbourhood of it sorted.
fn selected(values: &[f64], counts: &[f64], fraction: f64) -> Option<f64> {
    const FEW: usize = 16;
    let by_value = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0);
    let pairs = values.iter().copied().zip(counts.iter().copied());
    let mut pairs: Vec<(f64, f64)> = pairs.collect();
    let total: f64 = pairs.iter().map(|(_, count)| count).sum();
    let wanted = fraction.clamp(0.0, 1.0) * total;
    let slack = wanted.abs() * 1e-12;
    let mut rest = pairs.as_mut_slice();
    // Of what is left out: the counts of all smaller values, and the smallest of the larger ones.
    let (mut before, mut above) = (0.0, None);
    while rest.len() > FEW {
        let middle = rest.len() / 2;
        let (_, &mut (pivot, _), _) = rest.select_nth_unstable_by(middle, by_value);
        let (smaller, larger) = rest.split_at_mut(middle);
        let through = before + smaller.iter().map(|(_, count)| count).sum::<f64>();
        if through >= wanted - slack {
            above = Some(pivot);
            rest = smaller;
        } else {
            before = through;
            rest = larger;
        }
    }
    rest.sort_unstable_by(by_value);
    let mut reached = before;
    let mut each = rest.iter().peekable();
    while let Some((value, count)) = each.next() {
        reached += count;
        if reached > wanted + slack {
            return Some(*value);
        }
        if reached >= wanted - slack {
            let next = each.peek().map(|(next, _)| *next).or(above);
            return Some(next.map_or(*value, |next| f64::midpoint(*value, next)));
        }
    }
    rest.last().map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], [0, .25, .5, .9, 1])
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (fraction, expected) in [
            (0.0, 1.0),
            (0.25, 2.0),
            (0.5, 4.0),
            (0.9, 12.8),
            (1.0, 16.0),
        ] {
            let got = quantile(&values, fraction).unwrap();
            assert!((got - expected).abs() < 1e-12, "{fraction}: {got}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(median(&[3.0, 1.0]), Some(2.0));
    }

    #[test]
    fn a_quantile_is_the_same_whether_all_is_sorted_or_what_is_around_it() {
        let mut chance = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let n = chance.usize(1..120);
            // Ties, and sums that are met exactly.
            let values: Vec<f64> = (0..n).map(|_| f64::from(chance.u8(1..60))).collect();
            let counts: Vec<f64> = match chance.bool() {
                true => vec![1.0; n],
                false => (0..n).map(|_| f64::from(chance.u8(1..9))).collect(),
            };
            let sorted = Weighted::new(&values, &counts);
            for fraction in [0.0, 0.1, 0.25, 0.5, 0.75, 0.99, 1.0] {
                let got = weighted_quantile(&values, &counts, fraction);
                assert_eq!(
                    got,
                    sorted.quantile(fraction),
                    "{fraction} of {values:?} {counts:?}"
                );
            }
        }
    }

    #[test]
    fn a_weighted_median_follows_the_weight() {
        assert_eq!(
            weighted_quantile(&[1.0, 2.0, 3.0], &[1.0, 1.0, 1.0], 0.5),
            Some(2.0)
        );
        assert_eq!(
            weighted_quantile(&[1.0, 2.0, 3.0, 4.0], &[1.0; 4], 0.5),
            Some(2.5)
        );
        assert_eq!(
            weighted_quantile(&[1.0, 2.0, 3.0], &[1.0, 1.0, 10.0], 0.5),
            Some(3.0)
        );
        assert_eq!(weighted_quantile(&[], &[], 0.5), None);
    }
}
