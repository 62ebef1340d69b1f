//! Changes from or to zero, and of what may be negative: judged by their absolute size.

use super::gated::{Gate, row};
use crate::support::runs::{Session, judged, judged_by, measured, only, rule, ruled};
use perfgate::compare::{Doubt, Outcome, Quantity};
use perfgate::model::{Better, Evidence, Measurement, Run, Unit};
use serde_json::json;

const POSSIBLE: Outcome = Outcome::Inconclusive(Doubt::Possible);

fn side(metric: &str, unit: &str, better: Better, values: &[f64]) -> Vec<Run> {
    let each: Vec<Measurement> = values
        .iter()
        .map(|value| Measurement {
            better,
            ..measured(unit, Evidence::value(*value).unwrap())
        })
        .collect();
    Session::new("today", each.len())
        .with("svc", metric, &each)
        .0
}

#[track_caller]
fn outcome(metric: &str, unit: &str, sides: (&[f64], &[f64])) -> Outcome {
    let of = |values| side(metric, unit, Better::Lower, values);
    only(judged(&of(sides.0), &of(sides.1))).outcome
}

#[test]
fn what_appears_out_of_nothing_is_a_regression_beyond_what_its_unit_means_to_people() {
    for (metric, unit, within, beyond) in [
        ("http_requests_total", "", 5.0, 500.0),
        ("latency", "ms", 0.9, 500.0),
        ("time", "s", 0.0009, 0.2),
        ("outage", "s", 0.9, 3.0),
        ("failed", "%", 0.09, 2.0),
        ("rss_growth", "MiB/h", 0.9, 6_778.0),
        ("rss_growth", "KiB/h", 900.0, 50_000.0),
    ] {
        for runs in [1, 3, 5] {
            let zero = vec![0.0; runs];
            let at = |value: f64| outcome(metric, unit, (&zero, &vec![value; runs]));
            assert_eq!(at(beyond), Outcome::Regressed, "{metric} {unit} {runs}");
            assert_ne!(at(within), Outcome::Regressed, "{metric} {unit} {runs}");
            assert_ne!(at(within), POSSIBLE, "{metric} {unit} {runs}");
            let back = outcome(metric, unit, (&vec![beyond; runs], &zero));
            assert_eq!(back, Outcome::Improved, "{metric} {unit} {runs}");
            assert_eq!(outcome(metric, unit, (&zero, &zero)), Outcome::Unchanged);
        }
    }
}

#[test]
fn a_rate_that_falls_to_nothing_is_a_regression() {
    let of = |values: &[f64]| side("throughput", "req/s", Better::Higher, values);
    for runs in [1, 5] {
        let (alive, dead) = (of(&vec![200.0; runs]), of(&vec![0.0; runs]));
        let fell = only(judged(&alive, &dead));
        assert_eq!(fell.outcome, Outcome::Regressed, "{runs}");
        assert!(fell.change.unwrap().ratio.abs() < 1e-12);
        assert_eq!(only(judged(&dead, &alive)).change, None);
    }
}

/// Where nobody knows what a unit means, only what cannot be chance is red.
#[test]
fn in_units_that_nobody_knows_every_run_has_to_be_worse_than_every_other() {
    let far = [3.0, 4.0, 5.0, 6.0, 7.0];
    let nothing = [0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(
        outcome("wait", "ticks", (&nothing, &far)),
        Outcome::Regressed
    );
    let mixed = [0.0, 4.0, 5.0, 6.0, 7.0];
    assert_eq!(outcome("wait", "ticks", (&nothing, &mixed)), POSSIBLE);
    let few = [4.0, 5.0, 6.0];
    assert_eq!(outcome("wait", "ticks", (&[0.0; 3], &few)), POSSIBLE);
}

#[test]
fn min_delta_says_how_large_a_change_from_zero_has_to_be() {
    let mut wide = rule("*", "*");
    wide.min_delta = Some(Quantity {
        value: 1000.0,
        unit: Unit::none(),
    });
    let of = |values: &[f64]| side("retries", "", Better::Lower, values);
    let at = |value: f64| {
        let policy = ruled(vec![wide.clone()]);
        only(judged_by(&policy, &of(&[0.0; 5]), &of(&[value; 5]))).outcome
    };
    assert_eq!(at(500.0), Outcome::Unchanged);
    assert_eq!(at(1500.0), Outcome::Regressed);
}

#[test]
fn what_may_be_negative_is_judged_by_its_size_on_both_sides_of_zero() {
    let growth = |base: f64, current: f64| {
        let around = |level: f64| [-0.2, -0.1, 0.0, 0.1, 0.2].map(|by| level + by);
        outcome("rss_growth", "MiB/h", (&around(base), &around(current)))
    };
    assert_eq!(growth(-3.0, 40.0), Outcome::Regressed);
    assert_eq!(growth(-0.5, 0.3), Outcome::Unchanged);
    assert_eq!(growth(0.5, 0.9), Outcome::Unchanged);
    assert_eq!(growth(40.0, -3.0), Outcome::Improved);
    // A relative limit means nothing here: 0.5 MiB/h doubled is still nothing.
    assert_eq!(growth(0.5, 1.0), Outcome::Unchanged);
}

/// Its usual value is zero, and a machine that is shared gets slower in the middle of a run too.
#[test]
fn the_course_of_a_run_is_judged_by_its_size_and_of_one_run_alone_only_where_it_is_huge() {
    for metric in ["latency_trend", "step"] {
        let at = |base: &[f64], current: &[f64]| outcome(metric, "%", (base, current));
        let five = |value: f64| [value; 5];
        assert_eq!(at(&five(0.0), &five(30.0)), Outcome::Regressed);
        assert_eq!(at(&five(0.0), &five(8.0)), Outcome::Unchanged);
        // Seven points more of a level that is not zero: less than the limit, whatever its ratio.
        assert_eq!(at(&five(3.0), &five(10.0)), Outcome::Unchanged);
        assert_eq!(at(&five(30.0), &five(0.0)), Outcome::Improved);
        assert_eq!(at(&[0.0], &[30.0]), POSSIBLE);
        assert_eq!(at(&five(0.0), &[30.0]), POSSIBLE);
        assert_eq!(at(&[0.0], &[424.0]), Outcome::Regressed);
    }
    let errors = |value: f64| outcome("errors_trend", "%", (&[0.0; 3], &[value; 3]));
    assert_eq!(
        (errors(0.9), errors(5.0)),
        (Outcome::Unchanged, Outcome::Regressed)
    );
    let recovery = |value: f64| outcome("recovery", "s", (&[1.0; 5], &[value; 5]));
    assert_eq!(
        (recovery(2.5), recovery(9.0)),
        (Outcome::Unchanged, Outcome::Regressed)
    );
}

/// One run of twenty that met a zero does not make the others incomparable.
#[test]
fn a_single_zero_among_positive_runs_keeps_the_relative_limit() {
    let base = [100.0, 101.0, 0.0, 99.0, 100.0, 101.0];
    let same = [100.0, 100.0, 99.0, 101.0, 0.0, 100.0];
    let slow = [300.0, 301.0, 299.0, 300.0, 302.0, 298.0];
    assert_ne!(outcome("queue", "", (&base, &same)), Outcome::Regressed);
    assert_eq!(outcome("queue", "", (&base, &slow)), Outcome::Regressed);
}

/// Whatever the unit, an assumption is a share of the values.
#[test]
fn what_is_assumed_of_a_series_with_zeros_is_told_as_a_share() {
    let gate = Gate::new("");
    let of = |growth: f64| json!({"shop": {"growth": {"unit": "MiB/h", "better": "lower", "value": growth}}});
    gate.write("old.json", 5, &of(0.0));
    gate.write("new.json", 5, &of(6_778.0));
    let (_, verdict) = gate.judge(&["compare", "old.json", "new.json"]);
    let row = row(&verdict, "shop", "growth");
    let assumed = &row["assumed"][0];
    assert_eq!(assumed["kind"], "session-spread", "{row}");
    let spread = assumed["spread"].as_f64().unwrap();
    assert!((0.0099..=0.0501).contains(&spread), "{row}");
}
