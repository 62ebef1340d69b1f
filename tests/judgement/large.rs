//! Many runs of little spread: the judgement ends, soon, and with the right answer.

use std::time::{Duration, Instant};

use crate::support::runs::{judged, only, times};
use perfgate::compare::Outcome;

/// A level with a spread that repeats every seven runs.
fn near(level: f64, spread: f64, runs: usize) -> Vec<f64> {
    (0..runs)
        .map(|i| level * (1.0 + spread * (f64::from(u32::try_from(i * 3 % 7).unwrap()) - 3.0)))
        .collect()
}

#[track_caller]
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    // A debug build on a busy machine; before, these took minutes or did not end.
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    done
}

#[test]
fn identical_runs_are_unchanged_however_many_there_are() {
    for runs in [2, 5, 24, 100, 1000] {
        let side = times("today", &vec![1.0; runs]);
        let outcome = soon(|| only(judged(&side, &side))).outcome;
        // Two runs a side cannot show anything.
        assert_eq!(
            outcome == Outcome::Unchanged,
            runs > 4,
            "{runs}: {outcome:?}"
        );
    }
}

#[test]
fn many_runs_of_little_spread_across_sessions_are_judged() {
    for (base, current) in [(20, 30), (23, 23), (60, 60)] {
        for by in [1.0, 1.2] {
            let before = times("before", &near(100.0, 0.0002, base));
            let now = times("now", &near(100.0 * by, 0.0002, current));
            let outcome = soon(|| only(judged(&before, &now))).outcome;
            assert_eq!(outcome == Outcome::Regressed, by > 1.0, "{base} {current}");
        }
    }
}

#[test]
fn hundreds_of_runs_a_side_are_judged_by_their_ranks_too() {
    for runs in [200, 400, 1000] {
        for by in [1.0, 1.2] {
            let before = times("today", &near(100.0, 0.02, runs));
            let now = times("today", &near(100.0 * by, 0.02, runs));
            let outcome = soon(|| only(judged(&before, &now))).outcome;
            assert_eq!(outcome == Outcome::Regressed, by > 1.0, "{runs}");
        }
    }
}
