//! Where a handful of runs lies, when one of them may have met a bad moment.

use super::order;

/// How many scales from the centre a run counts in full. Two keeps 97 % of the efficiency of the mean for normal
/// noise (Huber 1964, Annals of Mathematical Statistics 35:73) and a single outlier from moving the centre.
pub const TUNING: f64 = 2.0;

/// Scale of the median absolute deviation for normal noise.
const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

const STEPS: usize = 30;

/// Huber's estimate of the centre for a scale that is known from elsewhere: with the scale fixed, the estimate of
/// five runs behaves almost linearly, so that its spread follows from the spread of the residuals.
pub fn huber(values: &[f64], scale: f64) -> Option<f64> {
    let mut centre = order::median(values)?;
    let bound = TUNING * scale;
    for _ in 0..STEPS {
        let (mut sum, mut weights) = (0.0, 0.0);
        for value in values {
            let distance = (value - centre).abs();
            let weight = if distance <= bound {
                1.0
            } else {
                bound / distance
            };
            sum += weight * value;
            weights += weight;
        }
        let next = if weights > 0.0 { sum / weights } else { centre };
        if (next - centre).abs() <= 1e-12 * scale.max(f64::MIN_POSITIVE) {
            return Some(next);
        }
        centre = next;
    }
    Some(centre)
}

/// The median absolute deviation of residuals from zero, as a standard deviation of normal noise.
pub fn scale_of_residuals(residuals: &[f64]) -> Option<f64> {
    let absolute: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    order::median(&absolute).map(|mad| mad * MAD_TO_SIGMA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_run_does_not_move_the_centre() {
        let calm = huber(&[1.0, 1.1, 0.9, 1.05, 0.95], 0.1).unwrap();
        let hit = huber(&[1.0, 1.1, 0.9, 1.05, 9.0], 0.1).unwrap();
        assert!((calm - 1.0).abs() < 1e-9, "{calm}");
        assert!((hit - 1.0).abs() < 0.07, "{hit}");
    }

    #[test]
    fn values_within_the_bound_give_the_mean() {
        assert!((huber(&[1.0, 2.0, 4.0], 10.0).unwrap() - 7.0 / 3.0).abs() < 1e-12);
        assert_eq!(huber(&[], 1.0), None);
        assert_eq!(huber(&[5.0], 0.0), Some(5.0));
        assert_eq!(huber(&[5.0, 5.0], 0.0), Some(5.0));
    }

    #[test]
    fn the_centre_solves_its_equation() {
        // By hand: for 0 0 0 0 10, scale 1, bound 2, the centre solves
        // 4 (0 - m) + 2 = 0, so m = 0.5.
        let got = huber(&[0.0, 0.0, 0.0, 0.0, 10.0], 1.0).unwrap();
        assert!((got - 0.5).abs() < 1e-6, "{got}");
    }
}
