//! What must not change the judgement, and what must change it exactly so: swapped sides, another unit, another order of
//! runs, the same question asked twice.

use crate::support::runs::{Session, errors, judged, measured, only, throughput, times};
use perfgate::compare::{Comparison, Doubt, Outcome};
use perfgate::model::Run;

/// Pairs of sides: from a clear regression to nothing, with and without spread.
const SIDES: [(&[f64], &[f64]); 8] = [
    (&[100.0, 101.0, 99.5], &[120.0, 121.0, 119.0]),
    (&[100.0, 101.0, 99.5, 100.2], &[103.0, 104.0, 102.5]),
    (&[100.0; 5], &[100.0; 5]),
    (&[100.0; 5], &[106.0; 5]),
    (&[100.0, 130.0, 80.0], &[110.0, 90.0, 125.0]),
    (&[100.0], &[1000.0]),
    (&[100.0], &[120.0]),
    (
        &[10.0, 10.1, 10.2, 9.9, 31.0],
        &[11.0, 11.1, 11.2, 10.9, 11.1],
    ),
];

fn close(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-9
}

fn sides() -> impl Iterator<Item = (Vec<Run>, Vec<Run>)> {
    let of = |(base, current)| (times("today", base), times("today", current));
    SIDES.into_iter().map(of)
}

/// Exact for regressed and improved. `unchanged` asks whether a slowdown of the size of the limit can be ruled out, and no
/// one asks that of a speedup: swapped, it is unchanged or weak. Suspect has no name on the other side either.
#[test]
fn swapping_the_sides_of_one_session_mirrors_the_outcome() {
    let (mut regressed, mut quiet) = (0, 0);
    for (base, current) in sides() {
        let ahead = only(judged(&base, &current));
        let back = only(judged(&current, &base));
        let (a, b) = (ahead.change.unwrap(), back.change.unwrap());
        assert!(close(a.ratio, 1.0 / b.ratio), "{a:?} {b:?}");
        assert!(close(a.low, 1.0 / b.high), "{a:?} {b:?}");
        assert!(close(a.high, 1.0 / b.low), "{a:?} {b:?}");
        match (ahead.outcome, back.outcome) {
            (Outcome::Regressed, other) => {
                regressed += 1;
                assert_eq!(other, Outcome::Improved);
                let (p, mirrored) = (ahead.test.unwrap(), back.test.unwrap());
                assert!(close(p.p, mirrored.p), "{p:?} {mirrored:?}");
            }
            (Outcome::Improved, other) => assert_eq!(other, Outcome::Regressed),
            (_, other) => {
                quiet += 1;
                assert!(!matches!(other, Outcome::Regressed | Outcome::Improved));
            }
        }
    }
    assert!(regressed >= 3 && quiet >= 3, "{regressed} {quiet}");
}

#[test]
fn swapping_mirrors_error_rates_and_throughput_too() {
    let rates = |counts: [u64; 3]| {
        let each = counts.map(|k| errors(k, 5_000));
        Session::new("today", 3).with("GET /", "errors", &each).0
    };
    let (calm, failing) = (rates([2, 3, 1]), rates([101, 98, 110]));
    assert_eq!(only(judged(&calm, &failing)).outcome, Outcome::Regressed);
    assert_eq!(only(judged(&failing, &calm)).outcome, Outcome::Improved);

    let speeds = |values: [f64; 5]| {
        let each = values.map(throughput);
        Session::new("today", 5)
            .with("GET /", "throughput", &each)
            .0
    };
    let (fast, slow) = (
        speeds([500.0, 504.0, 498.0, 501.0, 499.0]),
        speeds([420.0, 421.0, 418.0, 419.0, 422.0]),
    );
    assert_eq!(only(judged(&fast, &slow)).outcome, Outcome::Regressed);
    assert_eq!(only(judged(&slow, &fast)).outcome, Outcome::Improved);
}

/// A speed is judged exactly as the time that it is the inverse of.
#[test]
fn throughput_is_judged_as_the_time_it_is_the_inverse_of() {
    for (base, current) in SIDES.iter().filter(|(base, _)| base.len() > 1) {
        let inverse = |values: &[f64]| {
            let each: Vec<_> = values.iter().map(|v| throughput(1e5 / v)).collect();
            Session::new("today", each.len())
                .with("parse", "throughput", &each)
                .0
        };
        let time = only(judged(&times("today", base), &times("today", current)));
        let speed = only(judged(&inverse(base), &inverse(current)));
        assert_eq!(time.outcome, speed.outcome);
        let (a, b) = (time.change.unwrap(), speed.change.unwrap());
        assert!(close(a.ratio, 1.0 / b.ratio) && close(a.low, 1.0 / b.high));
    }
}

fn alike(a: &Comparison, b: &Comparison) {
    assert_eq!((a.outcome, a.runs_needed), (b.outcome, b.runs_needed));
    let (one, other) = (a.change.unwrap(), b.change.unwrap());
    assert!(
        close(one.ratio, other.ratio) && close(one.low, other.low) && close(one.high, other.high)
    );
}

#[test]
fn scaling_all_values_changes_nothing() {
    for (base, current) in SIDES {
        let plain = only(judged(&times("today", base), &times("today", current)));
        for factor in [1e-6, 0.37, 1e9] {
            let scaled =
                |v: &[f64]| times("today", &v.iter().map(|v| v * factor).collect::<Vec<_>>());
            alike(&plain, &only(judged(&scaled(base), &scaled(current))));
        }
    }
}

#[test]
fn a_side_in_another_unit_of_time_changes_nothing() {
    for (base, current) in SIDES {
        let plain = only(judged(&times("today", base), &times("today", current)));
        let each: Vec<_> = base
            .iter()
            .map(|v| {
                measured(
                    "s",
                    perfgate::model::Evidence::samples(vec![v / 1e3]).unwrap(),
                )
            })
            .collect();
        let in_seconds = Session::new("today", each.len())
            .with("parse", "time", &each)
            .0;
        let mixed = only(judged(&in_seconds, &times("today", current)));
        alike(&plain, &mixed);
        assert!(close(
            mixed.baseline.unwrap().value,
            plain.baseline.unwrap().value
        ));
    }
}

#[test]
fn the_order_of_runs_inside_a_session_changes_nothing() {
    for (base, current) in sides() {
        let turned = |runs: &[Run]| runs.iter().rev().cloned().collect::<Vec<_>>();
        let plain = only(judged(&base, &current));
        alike(&plain, &only(judged(&turned(&base), &turned(&current))));
    }
}

#[test]
fn the_same_question_gets_the_same_answer_to_the_last_bit() {
    for (base, current) in sides() {
        let (once, twice) = (judged(&base, &current), judged(&base, &current));
        assert_eq!(format!("{once:?}"), format!("{twice:?}"));
    }
}

/// The p value of a clear regression only falls when it is measured again with the same result.
#[test]
fn repeating_the_runs_of_a_regression_keeps_it_and_makes_it_surer() {
    let (base, current) = (
        [100.0, 101.0, 99.5, 100.2, 100.8],
        [120.0, 121.0, 119.0, 120.2, 120.8],
    );
    let mut before = 1.0;
    for times_over in 1..5 {
        let repeated = |values: &[f64]| times("today", &values.repeat(times_over));
        let judged = only(judged(&repeated(&base), &repeated(&current)));
        assert_eq!(judged.outcome, Outcome::Regressed);
        let p = judged.test.unwrap().p;
        assert!(p < before, "{p} after {before}");
        before = p;
    }
}

#[test]
fn more_runs_turn_a_doubt_into_an_answer() {
    let short = only(judged(
        &times("today", &[100.0, 102.0]),
        &times("today", &[130.0, 127.0]),
    ));
    assert_eq!(short.outcome, Outcome::Inconclusive(Doubt::Possible));
    let long = only(judged(
        &times("today", &[100.0, 102.0].repeat(5)),
        &times("today", &[130.0, 127.0].repeat(5)),
    ));
    assert_eq!(long.outcome, Outcome::Regressed);
    assert_eq!(long.runs_needed, None);
}
