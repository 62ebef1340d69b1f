//! How many runs would settle a series, and which change it would have found.

use super::effect::Effect;
use super::guard::{FULL_RUNS, shift_that_passes};
use crate::stats::spread::Variance;
use crate::stats::{spread, student};

/// A quantile of the t distribution is asked for at most so many sizes of a side.
const MOST_RUNS: u32 = 1000;
/// What is promised of the number of runs needed, and of the smallest change that would be found.
const SETTLED: f64 = 0.9;
const FOUND: f64 = 0.8;

/// How many runs a side would settle a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// Nothing is known of the spread: so many are the next step.
    FirstStep(u32),
    Runs(u32),
    /// What sessions differ by hides the limit from any number of runs.
    OneSession,
    /// More than anybody measures.
    TooMany,
}

/// What is said of the number of runs: how many, and whether no number of them helps across sessions.
pub(super) fn in_words(needed: Option<Needed>) -> (Option<u32>, bool) {
    match needed {
        Some(Needed::FirstStep(runs) | Needed::Runs(runs)) => (Some(runs), false),
        Some(Needed::OneSession) => (None, true),
        Some(Needed::TooMany) | None => (None, false),
    }
}

/// The smallest shift that is found in four of five gates at this level, where the estimate has to exceed the limit as
/// well.
///
/// The test and the rank guard both have to find it. The spread is an estimate, in the gates that are asked about as in
/// the one that tells the size, and the scatter of both is a part of the answer.
pub(super) fn detectable(effect: &Effect, level: f64, limit: f64) -> f64 {
    let (df, error) = (effect.df, effect.error);
    let critical = student::quantile(1.0 - level, df);
    let found = student::quantile(FOUND, df);
    let beyond_limit = limit + found * (1.0 + critical * critical / (2.0 * df)).sqrt() * error;
    let by_test = found_by_test(critical, found, df) * error;
    if effect.spread.is_assumed {
        // An assumption has no scatter of its own.
        return (critical * error).max(limit) + beyond_limit - limit;
    }
    let (base, current) = effect.spread.runs;
    let by_guard = shift_that_passes(base, current, level) * effect.spread.run.value.sqrt();
    by_test.max(beyond_limit).max(by_guard)
}

/// The shift D in standard errors for which D - t = z sqrt(1 + (t^2 + D^2) / 2 df): the estimate, the error that the gate
/// will see (t^2) and the error that D was told in (D^2) all scatter.
fn found_by_test(t: f64, z: f64, df: f64) -> f64 {
    let k = z * z / (2.0 * df);
    let rest = 1.0 - k;
    if !(rest > 0.0 && t.is_finite()) {
        return f64::INFINITY;
    }
    let root = t * t - rest * (t * t * rest - z * z);
    (t + root.max(0.0).sqrt()) / rest
}

/// The smallest number of runs a side for which a change of the size of the limit is so many errors large that it is
/// found at this level in nine of ten cases, and its absence shown.
pub(super) fn needed(effect: &Effect, level: f64, limit: f64) -> Needed {
    let known = &effect.spread;
    if known.is_assumed {
        return Needed::FirstStep(u32::try_from(FULL_RUNS).unwrap_or(u32::MAX));
    }
    let enough = |runs: u32| {
        let n = f64::from(runs);
        let run = Variance {
            value: 2.0 * known.run.value / n,
            df: 2.0 * (n - 1.0) + known.prior_df,
        };
        let error = spread::add(&[run, known.between]);
        let errors =
            student::quantile(1.0 - level, error.df) + student::quantile(SETTLED, error.df);
        error.value <= (limit / errors).powi(2)
    };
    let fewest = u32::try_from(FULL_RUNS).unwrap_or(u32::MAX);
    if enough(fewest) {
        return Needed::Runs(fewest);
    }
    if !enough(MOST_RUNS) {
        return if known.between.value > 0.0 && !enough(u32::MAX) {
            Needed::OneSession
        } else {
            Needed::TooMany
        };
    }
    let (mut short, mut long) = (fewest, MOST_RUNS);
    // Halving a thousand takes ten steps.
    for _ in 0..u32::BITS {
        let middle = u32::midpoint(short, long);
        if middle == short {
            break;
        }
        if enough(middle) {
            long = middle;
        } else {
            short = middle;
        }
    }
    Needed::Runs(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_that_the_test_finds_solves_its_equation() {
        for (t, z, df) in [
            (4.501, 0.889, 8.0),
            (3.408, 0.855, 28.0),
            (3.09, 0.842, 1e9),
        ] {
            let d = found_by_test(t, z, df);
            let scatter = (1.0 + (t * t + d * d) / (2.0 * df)).sqrt();
            assert!((d - t - z * scatter).abs() < 1e-9, "{t} {z} {df}: {d}");
        }
        assert_eq!(found_by_test(318.0, 1.376, 0.5), f64::INFINITY);
    }
}
