//! How a series moves as a whole: the median of the slopes between its points (Theil 1950; Sen 1968, Journal of the
//! American Statistical Association 63:1379), which no single point moves.

use super::{kendall, order};

/// Among so many points each pair is looked at; more are put together to as many neighbours' medians first.
const MOST_POINTS: usize = 200;
/// An interval of fewer pairs would be all of them.
const FEWEST_POINTS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub slope: f64,
    pub low: f64,
    pub high: f64,
}

/// The slope of `(at, value)` with its interval; `None` of fewer than eight points, or where all are at one time.
pub fn slope(points: &[(f64, f64)], confidence: f64) -> Option<Slope> {
    if points.len() < FEWEST_POINTS {
        return None;
    }
    let points = thinned(points);
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, (at, value)) in points.iter().enumerate() {
        for (later, after) in points.iter().skip(index + 1) {
            if (later - at).abs() > 0.0 {
                slopes.push((after - value) / (later - at));
            }
        }
    }
    let slopes = order::sorted(&slopes);
    let (low, high) = kendall::sen_interval(&slopes, [points.len()].into_iter(), confidence)?;
    Some(Slope {
        slope: order::quantile(&slopes, 0.5)?,
        low,
        high,
    })
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(MOST_POINTS);
    let middle = |part: &[(f64, f64)]| {
        let of = |pick: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = part.iter().map(pick).collect();
            order::median(&values)
        };
        Some((of(|point| point.0)?, of(|point| point.1)?))
    };
    points.chunks(size).filter_map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_own_slope_and_one_bad_point_does_not_turn_it() {
        let mut points: Vec<(f64, f64)> = (0..20).map(f64::from).map(|x| (x, 3.0 * x)).collect();
        points[4].1 = 1e6;
        let found = slope(&points, 0.95).unwrap();
        assert!((found.slope - 3.0).abs() < 1e-9, "{found:?}");
        assert!(found.low <= 3.0 && 3.0 <= found.high);
    }

    #[test]
    fn noise_without_slope_has_an_interval_around_zero() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut outside = 0;
        for _ in 0..200 {
            let points: Vec<(f64, f64)> =
                (0..60).map(f64::from).map(|x| (x, random.f64())).collect();
            let found = slope(&points, 0.95).unwrap();
            outside += u32::from(found.low > 0.0 || found.high < 0.0);
        }
        // 5 % of 200 are 10; seven more are two deviations.
        assert!(outside <= 17, "{outside}");
    }

    #[test]
    fn many_points_are_put_together_and_few_say_nothing() {
        let points: Vec<(f64, f64)> = (0..5000).map(f64::from).map(|x| (x, -2.0 * x)).collect();
        assert!((slope(&points, 0.95).unwrap().slope + 2.0).abs() < 1e-9);
        assert_eq!(slope(&points[..7], 0.95), None);
        assert_eq!(slope(&[(1.0, 2.0); 9], 0.95), None);
    }
}
