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
    Weighted::new(values, weights).quantile(fraction)
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
