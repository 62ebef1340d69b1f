//! The interval of a slope by ranks (Sen 1968, "Estimates of the regression coefficient based on Kendall's tau").

use super::student;

/// The interval of the median of all slopes between two values, where the values are of several series of these lengths and
/// slopes are taken inside each. `None` where so few values allow no interval of this confidence.
pub fn sen_interval(
    sorted_slopes: &[f64],
    lengths: impl Iterator<Item = usize>,
    confidence: f64,
) -> Option<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "no series has 2^53 values")]
    let variance: f64 = lengths
        .map(|n| n as f64)
        .map(|n| n * (n - 1.0) * (2.0 * n + 5.0) / 18.0)
        .sum();
    let width = student::normal_quantile(f64::midpoint(1.0, confidence)) * variance.sqrt();
    #[expect(clippy::cast_precision_loss, reason = "no set has 2^53 slopes")]
    let outside = ((sorted_slopes.len() as f64 - width) / 2.0).floor();
    if outside < 1.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 1 to the number of slopes"
    )]
    let outside = outside as usize;
    let low = sorted_slopes.get(outside - 1)?;
    let high = sorted_slopes.get(sorted_slopes.len().checked_sub(outside)?)?;
    Some((*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_reference() {
        // scipy 1.x: stats.theilslopes(y, x, 0.99), no ties among the values.
        let y = [
            5.1, 4.9, 6.2, 6.0, 7.3, 6.8, 8.1, 7.9, 9.4, 8.8, 10.2, 9.9_f64,
        ];
        let mut slopes = Vec::new();
        for (at, first) in y.iter().enumerate() {
            for (steps, later) in y.iter().skip(at + 1).enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "twelve values")]
                slopes.push((later - first) / (steps + 1) as f64);
            }
        }
        slopes.sort_by(f64::total_cmp);
        let (low, high) = sen_interval(&slopes, [12].into_iter(), 0.99).unwrap();
        assert!(
            (low - 0.34).abs() < 1e-9 && (high - 0.64).abs() < 1e-9,
            "{low} {high}"
        );
        assert_eq!(sen_interval(&[1.0, 2.0, 3.0], [3].into_iter(), 0.99), None);
    }
}
