//! What a level did over time: whether it rose or fell, evenly or in one step, and whether that is certain. Robust
//! against single spikes and against noise of which neighbours are alike.
//!
//! The slope is that of Theil (1950) and Sen (1968). It is tested by Mann (1945) and Kendall (1975), with the number of
//! observations corrected for autocorrelation as by Yue and Wang (2004): `n* = n (1 - r) / (1 + r)`. A step is the split
//! with the smallest sum of absolute residuals about the medians of its two sides; its difference is tested against the
//! scale of these residuals, with the same correction, times the number of splits (Bonferroni).

use super::location::scale_of_residuals;
use super::{order, student};
use crate::model::course::LatencyCourse;

/// Fewer points show no course.
pub const FEWEST: usize = 10;
/// How likely it may be that a course is seen where there is none, for each of the two tests and directions.
const LEVEL: f64 = 0.001;
/// How much better a step has to fit than a line: it has one parameter more.
const BETTER: f64 = 0.95;
/// Residuals smaller than this are rounding, on a scale of logarithms.
const LEAST_SCALE: f64 = 1e-3;
/// The median of normal noise varies by this factor more than its mean.
const OF_MEDIAN: f64 = 1.2533;
/// The largest autocorrelation that is corrected for: 19 points that count as one.
const MOST_ALIKE: f64 = 0.9;

/// A level at a time, which is between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: f64,
    pub value: f64,
}

/// How the level went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// Nothing is certain.
    Steady,
    /// From the beginning to the end, evenly.
    Line(Change),
    /// At one time, and to the end.
    Step { at: f64, change: Change },
}

/// A level before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub before: f64,
    pub after: f64,
}

impl Change {
    pub fn size(self) -> f64 {
        self.after - self.before
    }
}

/// A course that was fitted: what it says, how well it fits, and how likely chance is to make as much of nothing.
struct Fit {
    course: Course,
    residuals: f64,
    chance: f64,
}

/// The course of points in the order of their times.
pub fn course(points: &[Point]) -> Course {
    if points.len() < FEWEST {
        return Course::Steady;
    }
    let certain = |fit: &Fit| fit.chance < LEVEL;
    let line = line(points).filter(certain);
    let step = step(points).filter(certain);
    match (line, step) {
        (Some(line), Some(step)) if step.residuals > BETTER * line.residuals => line.course,
        (_, Some(step)) => step.course,
        (Some(line), None) => line.course,
        (None, None) => Course::Steady,
    }
}

/// The course of a latency, of which the points are natural logarithms of milliseconds. `moment` says when it was.
pub fn latency(points: &[Point], moment: impl Fn(f64) -> f64) -> LatencyCourse {
    match course(points) {
        Course::Steady => LatencyCourse::Steady,
        Course::Line(change) => LatencyCourse::Rose {
            before: change.before.exp(),
            after: change.after.exp(),
        },
        Course::Step { at, change } => LatencyCourse::Stepped {
            at: moment(at),
            before: change.before.exp(),
            after: change.after.exp(),
        },
    }
}

fn line(points: &[Point]) -> Option<Fit> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    let mut sum = 0.0_f64;
    for (index, a) in points.iter().enumerate() {
        for b in points.iter().skip(index + 1) {
            sum += match b.value.total_cmp(&a.value) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Less => -1.0,
            };
            if b.at > a.at {
                slopes.push((b.value - a.value) / (b.at - a.at));
            }
        }
    }
    let slope = order::median(&slopes)?;
    let from = |at: f64| -> Vec<f64> {
        points
            .iter()
            .map(|p| p.value - slope * (p.at - at))
            .collect()
    };
    let before = order::median(&from(0.0))?;
    let residuals: Vec<f64> = from(0.0).iter().map(|value| value - before).collect();
    let n = count(points.len());
    // Without ties; with them the variance is smaller, and the test errs on the side of silence.
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0 * inflation(&residuals);
    let z = (sum.abs() - 1.0).max(0.0) / variance.sqrt();
    let change = Change {
        before,
        after: before + slope,
    };
    Some(Fit {
        course: Course::Line(change),
        residuals: residuals.iter().map(|r| r.abs()).sum(),
        chance: student::upper_tail(z, n - 2.0),
    })
}

fn step(points: &[Point]) -> Option<Fit> {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let least = (values.len() / 10).max(4);
    let splits = least..=values.len().checked_sub(least)?;
    let tried = splits.clone().count();
    let fit = |at: usize| {
        let (before, after) = values.split_at_checked(at)?;
        let (low, high) = (order::median(before)?, order::median(after)?);
        let residuals = before.iter().map(|v| v - low);
        let residuals: Vec<f64> = residuals.chain(after.iter().map(|v| v - high)).collect();
        Some((at, (low, high), residuals))
    };
    let size = |residuals: &[f64]| residuals.iter().map(|r| r.abs()).sum::<f64>();
    let (at, (before, after), residuals) = splits
        .filter_map(fit)
        .min_by(|a, b| size(&a.2).total_cmp(&size(&b.2)))?;
    // What comes back before the end is no step.
    let end = values.get(values.len() - (values.len() / 10).max(3)..)?;
    let stays = (order::median(end)? - before) / (after - before) > 0.5;
    let scale = scale_of_residuals(&residuals)?.max(LEAST_SCALE);
    let alike = inflation(&residuals);
    let (left, right) = (count(at), count(values.len() - at));
    let error = OF_MEDIAN * scale * ((1.0 / left + 1.0 / right) * alike).sqrt();
    let freedom = (count(values.len()) / alike - 2.0).max(3.0);
    let chance = student::upper_tail((after - before).abs() / error, freedom) * count(tried);
    let (last, first) = (points.get(at - 1)?, points.get(at)?);
    let course = Course::Step {
        at: f64::midpoint(last.at, first.at),
        change: Change { before, after },
    };
    stays.then(|| Fit {
        course,
        residuals: size(&residuals),
        chance,
    })
}

/// By how much fewer observations they are than their number, as neighbours are alike. The correlation of ranks is
/// not moved by single spikes; it is taken half a standard error above its estimate, whose bias in short series
/// (Marriott and Pope 1954) is removed.
fn inflation(residuals: &[f64]) -> f64 {
    let n = count(residuals.len());
    let mut sorted: Vec<(usize, f64)> = residuals.iter().copied().enumerate().collect();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; residuals.len()];
    for (rank, (index, _)) in sorted.iter().enumerate() {
        if let Some(place) = ranks.get_mut(*index) {
            *place = count(rank) - (n - 1.0) / 2.0;
        }
    }
    let products = ranks.windows(2).map(|pair| pair.iter().product::<f64>());
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    let seen = products.sum::<f64>() / squares.max(f64::MIN_POSITIVE);
    let unbiased = (seen + 2.0 / n) / (1.0 - 4.0 / n);
    let alike = (unbiased + 0.5 / n.sqrt()).clamp(0.0, MOST_ALIKE);
    (1.0 + alike) / (1.0 - alike)
}

/// How many of how many, at a time between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub at: f64,
    pub count: f64,
    pub of: f64,
}

/// By how much a share rose over the whole time, where it is certain: the slope of Cochran (1954) and Armitage (1955),
/// with the dispersion of the shares about it, so that one burst is no rise.
pub fn rise_of_share(shares: &[Share]) -> Option<f64> {
    let points = count(shares.len());
    let sum = |of: fn(&Share) -> f64| shares.iter().map(of).sum::<f64>();
    let (all, failed) = (sum(|s| s.of), sum(|s| s.count));
    if shares.len() < FEWEST || failed <= 0.0 || failed >= all {
        return None;
    }
    let (mean, centre) = (failed / all, sum(|s| s.of * s.at) / all);
    let leverage: f64 = shares.iter().map(|s| s.of * (s.at - centre).powi(2)).sum();
    let moment = shares
        .iter()
        .map(|s| (s.count - s.of * mean) * (s.at - centre));
    let slope = moment.sum::<f64>() / leverage;
    let residual = |s: &Share| {
        let fitted = s.of * (mean + slope * (s.at - centre)).clamp(0.0, 1.0);
        (s.count - fitted) / (s.of * mean * (1.0 - mean)).sqrt()
    };
    let residuals: Vec<f64> = shares.iter().map(residual).collect();
    let pearson = residuals.iter().map(|r| r * r).sum::<f64>() / (points - 2.0);
    let dispersion = pearson.max(1.0) * inflation(&residuals);
    let error = (dispersion * mean * (1.0 - mean) / leverage).sqrt();
    let chance = student::upper_tail(slope / error, points - 2.0);
    (slope > 0.0 && chance < LEVEL).then_some(slope)
}

#[expect(clippy::cast_precision_loss, reason = "no series has 2^53 points")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal noise, each value as like the one before as `alike` says.
    struct Noise {
        random: fastrand::Rng,
        last: f64,
        alike: f64,
    }

    impl Noise {
        fn new(seed: u64, alike: f64) -> Self {
            Self {
                random: fastrand::Rng::with_seed(seed),
                last: 0.0,
                alike,
            }
        }

        fn next(&mut self) -> f64 {
            let fresh = student::normal_quantile(self.random.f64().clamp(1e-9, 1.0 - 1e-9));
            self.last = self.alike * self.last + (1.0 - self.alike.powi(2)).sqrt() * fresh;
            self.last
        }
    }

    fn series(seed: u64, alike: f64, scale: f64, level: impl Fn(f64) -> f64) -> Vec<Point> {
        let mut noise = Noise::new(seed, alike);
        let point = |n: u32| {
            let at = (f64::from(n) + 0.5) / 60.0;
            let spike = if n % 23 == 11 { 1.5 } else { 0.0 };
            let value = level(at) + scale * noise.next() + spike;
            Point { at, value }
        };
        (0..60).map(point).collect()
    }

    /// How many of 400 are said to have risen.
    fn found(of: impl Fn(u64) -> Course) -> usize {
        let rose = |course: Course| match course {
            Course::Steady => false,
            Course::Line(change) | Course::Step { change, .. } => change.size() > 0.0,
        };
        (0..400).filter(|seed| rose(of(*seed))).count()
    }

    #[test]
    fn nothing_is_seen_in_noise_however_alike_its_neighbours_are() {
        for alike in [0.0, 0.4, 0.7] {
            let seen = found(|seed| course(&series(seed, alike, 0.05, |_| 1.0)));
            assert!(seen <= 4, "{alike}: {seen} of 400");
        }
    }

    #[test]
    fn a_line_and_a_step_are_told_apart() {
        for seed in 0..50 {
            let Course::Line(change) = course(&series(seed, 0.4, 0.03, |at| 1.0 + 0.3 * at)) else {
                panic!("{seed}");
            };
            assert!((change.size() - 0.3).abs() < 0.08, "{change:?}");
            let jump = |at: f64| if at < 0.2 { 1.0 } else { 2.6 };
            let Course::Step { at, change } = course(&series(seed, 0.4, 0.03, jump)) else {
                panic!("{seed}");
            };
            assert!((at - 0.2).abs() < 0.02 && (change.size() - 1.6).abs() < 0.1);
        }
    }

    #[test]
    fn what_comes_back_is_neither() {
        let spell = |at: f64| if (0.3..0.5).contains(&at) { 3.0 } else { 1.0 };
        assert_eq!(found(|seed| course(&series(seed, 0.0, 0.03, spell))), 0);
        let late = |at: f64| if (0.3..0.9).contains(&at) { 3.0 } else { 1.0 };
        let steps = (0..100).map(|seed| course(&series(seed, 0.0, 0.03, late)));
        assert!(
            steps
                .into_iter()
                .all(|one| !matches!(one, Course::Step { .. }))
        );
    }

    #[test]
    fn a_share_that_rises_is_seen_and_a_burst_is_not() {
        let shares = |seed: u64, level: &dyn Fn(f64) -> f64| -> Vec<Share> {
            let mut random = fastrand::Rng::with_seed(seed);
            let share = |n: u32| {
                let at = (f64::from(n) + 0.5) / 60.0;
                let failed = (0..200).filter(|_| random.f64() < level(at)).count();
                let (count, of) = (count(failed), 200.0);
                Share { at, count, of }
            };
            (0..60).map(share).collect()
        };
        let seen = |level: &dyn Fn(f64) -> f64| {
            (0..200)
                .filter(|seed| rise_of_share(&shares(*seed, level)).is_some())
                .count()
        };
        assert!(seen(&|_| 0.02) <= 1);
        assert_eq!(seen(&|at| 0.05 * at), 200);
        assert_eq!(
            seen(&|at| if (0.8..0.85).contains(&at) {
                1.0
            } else {
                0.001
            }),
            0
        );
    }
}
