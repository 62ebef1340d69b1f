//! How often rank tests find a shift of normal values.

use super::student;

/// Intervals of the integral, over twelve standard deviations.
const INTERVALS: u32 = 120;
const REACH: f64 = 6.0;

/// The chance that at least `least` of the lower values lie below all of the upper ones, where these lie `shift` standard
/// deviations higher: an integral over the smallest of the upper values, by Simpson's rule.
#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
pub fn chance_below_all(lower: usize, upper: usize, least: usize, shift: f64) -> f64 {
    let step = 2.0 * REACH / f64::from(INTERVALS);
    let mut sum = 0.0;
    for i in 0..=INTERVALS {
        let weight = match i {
            0 | INTERVALS => 1.0,
            _ if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let x = f64::from(i).mul_add(step, -REACH);
        let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
        let n = upper as f64;
        let smallest = n * density * above(x).powf(n - 1.0);
        sum += weight * smallest * at_least(lower, least, 1.0 - above(x + shift));
    }
    (sum * step / 3.0).clamp(0.0, 1.0)
}

/// The chance of `least` or more successes in `trials`.
#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
fn at_least(trials: usize, least: usize, chance: f64) -> f64 {
    let mut sum = 0.0;
    let mut ways = 1.0;
    // From all successes downwards.
    for failures in 0..=trials.saturating_sub(least) {
        if failures > 0 {
            ways *= (trials - failures + 1) as f64 / failures as f64;
        }
        let successes = (trials - failures) as f64;
        sum += ways * chance.powf(successes) * (1.0 - chance).powf(failures as f64);
    }
    sum
}

/// The chance that the rank sum test at this level finds such a shift, by the normal approximation, with the variance of
/// the statistic under the shift of Hanley and McNeil (1982, Radiology 143:29).
#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
pub fn rank_sum_power(lower: usize, upper: usize, shift: f64, level: f64) -> f64 {
    let (m, n) = (lower as f64, upper as f64);
    if m < 1.0 || n < 1.0 {
        return 0.0;
    }
    let p = 1.0 - above(shift / std::f64::consts::SQRT_2);
    let one_below_two = p / (2.0 - p);
    let two_below_one = 2.0 * p * p / (1.0 + p);
    let variance =
        (p * (1.0 - p) + (m - 1.0) * (two_below_one - p * p) + (n - 1.0) * (one_below_two - p * p))
            / (m * n);
    let unmoved = (m + n + 1.0) / (12.0 * m * n);
    let critical = 0.5 + student::normal_quantile(1.0 - level) * unmoved.sqrt();
    if variance <= 0.0 {
        return f64::from(u8::from(p > critical));
    }
    1.0 - above((p - critical) / variance.sqrt())
}

/// The chance of a larger standard normal value.
fn above(z: f64) -> f64 {
    student::upper_tail(z, f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_agree_with_scipy() {
        // scipy.integrate.quad of u norm.pdf(x) norm.sf(x)^(u - 1) binom.sf(least - 1, l, norm.cdf(x + shift))
        for (lower, upper, least, shift, expected) in [
            (5, 5, 4, 0.0, 6.0 / 252.0),
            (5, 5, 4, 2.5, 0.834_581_560_9),
            (3, 3, 3, 1.0, 0.260_248_910_6),
            (20, 5, 12, 1.5, 0.597_710_996_6),
        ] {
            let got = chance_below_all(lower, upper, least, shift);
            assert!((got - expected).abs() < 1e-6, "{lower} {upper}: {got}");
        }
        // The formula of the source with scipy.stats.norm
        for (lower, upper, shift, level, expected) in [
            (10, 10, 2.0, 0.001, 0.575_655_650_7),
            (20, 5, 2.0, 0.01, 0.818_322_018_4),
            (15, 15, 0.0, 0.05, 0.05),
        ] {
            let got = rank_sum_power(lower, upper, shift, level);
            assert!((got - expected).abs() < 1e-6, "{lower} {upper}: {got}");
        }
    }
}
