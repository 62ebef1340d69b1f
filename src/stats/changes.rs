//! Where two detectors of different kinds see a series change: energy distances with random orders, which know no
//! model, and least squares at a price, which knows the noise. Each errs in its own way; where they agree they seldom do.

use super::{energy, pelt};

/// The detectors may name neighbouring points.
pub const AGREEMENT: usize = 1;

/// Fewer points have no change that could be told from noise.
pub const FEWEST_POINTS: usize = 2 * energy::LEAST_SIDE;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangePoint {
    /// The first point after the change.
    pub at: usize,
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Both,
    Energy,
    Pelt,
}

/// All that one or both see, in order. The place of what both see is that of least squares, the likeliest one for a step
/// in noise.
pub fn changes(values: &[f64], seed: u64) -> Vec<ChangePoint> {
    if values.len() < FEWEST_POINTS {
        return Vec::new();
    }
    let by_levels = pelt::changes(values);
    let mut by_energy = energy::changes(values, seed);
    let mut found: Vec<ChangePoint> = by_levels
        .into_iter()
        .map(|at| {
            let nearest = by_energy
                .iter()
                .enumerate()
                .filter(|(_, other)| other.abs_diff(at) <= AGREEMENT)
                .min_by_key(|(_, other)| other.abs_diff(at))
                .map(|(index, _)| index);
            let by = match nearest {
                Some(index) => {
                    by_energy.remove(index);
                    By::Both
                }
                None => By::Pelt,
            };
            ChangePoint { at, by }
        })
        .collect();
    found.extend(
        by_energy
            .into_iter()
            .map(|at| ChangePoint { at, by: By::Energy }),
    );
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(random: &mut fastrand::Rng) -> f64 {
        let (u, v) = (1.0 - random.f64(), random.f64());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Logarithms of times with noise of 3 %, and a step of 10 % at a point.
    fn times(random: &mut fastrand::Rng, points: usize, step_at: Option<usize>) -> Vec<f64> {
        (0..points)
            .map(|n| {
                let level = step_at
                    .filter(|at| n >= *at)
                    .map_or(0.0, |_| 0.1_f64.ln_1p());
                level + 0.03 * normal(random)
            })
            .collect()
    }

    #[test]
    fn of_series_that_are_noise_at_most_one_in_twenty_has_a_change() {
        let mut random = fastrand::Rng::with_seed(2026);
        for points in [12, 30, 100, 250] {
            let series = 200;
            let mut alarms = 0;
            for seed in 0..series {
                let values = times(&mut random, points, None);
                let found = changes(&values, seed);
                alarms += u32::from(found.iter().any(|f| f.by == By::Both));
            }
            assert!(alarms <= 10, "{points} points: {alarms} of {series}");
        }
    }

    #[test]
    fn a_step_of_ten_percent_in_noise_of_three_is_found_where_it_is() {
        let mut random = fastrand::Rng::with_seed(10);
        for (points, at) in [(40, 20), (100, 50), (100, 90), (250, 150), (250, 25)] {
            let (mut found, mut others) = (0, 0);
            for seed in 0..100 {
                let values = times(&mut random, points, Some(at));
                let all = changes(&values, seed);
                let strong: Vec<usize> = all
                    .iter()
                    .filter(|found| found.by == By::Both)
                    .map(|found| found.at)
                    .collect();
                found += u32::from(strong.iter().any(|one| one.abs_diff(at) <= 1));
                others += u32::from(strong.iter().any(|one| one.abs_diff(at) > 1));
            }
            assert!(found >= 95, "{points} points, step at {at}: {found} of 100");
            assert!(
                others <= 5,
                "{points} points, step at {at}: {others} of 100"
            );
        }
    }

    #[test]
    fn what_one_detector_alone_sees_is_told_apart() {
        // The spread changes and the level does not: least squares has no word for it.
        let mut random = fastrand::Rng::with_seed(4);
        let values: Vec<f64> = (0..200)
            .map(|n| normal(&mut random) * if n < 100 { 1.0 } else { 8.0 })
            .collect();
        let found = changes(&values, 1);
        assert!(found.iter().all(|found| found.by != By::Both), "{found:?}");
        assert!(
            found.iter().any(|found| found.by == By::Energy),
            "{found:?}"
        );
    }

    #[test]
    fn the_same_series_gives_the_same_changes() {
        let mut random = fastrand::Rng::with_seed(1);
        let values = times(&mut random, 300, Some(111));
        assert_eq!(changes(&values, 9), changes(&values, 9));
    }
}
