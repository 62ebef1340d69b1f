//! What the judgement makes of each kind of evidence, down to a single run and to counts that never vary.

use std::collections::BTreeMap;

use crate::support::runs::{
    Session, count, errors, judged, judged_by, kind, measured, of, only, rule, ruled, time, times,
};
use perfgate::compare::{Assumption, Cause, Doubt, Method, Outcome, Policy};
use perfgate::model::evidence::Moments;
use perfgate::model::{Anchor, Better, Evidence, Measurement, Point, Quantile, Role, Run};
use perfgate::verdict::VerdictKind;

#[test]
fn with_one_run_a_side_ten_times_slower_fails() {
    let judgement = judged(&times("a", &[10.0]), &times("b", &[100.0]));
    assert_eq!(
        kind(judgement.clone(), &Policy::default()),
        VerdictKind::Fail
    );
    let judged = only(judgement);
    assert_eq!(judged.method, Method::AssumedSpread);
    assert_eq!(judged.assumed, [Assumption::RunSpread { spread: 0.1 }]);
}

#[test]
fn with_one_run_a_side_a_fifth_slower_is_suspect_and_says_how_many_runs_would_tell() {
    let judged = only(judged(&times("a", &[100.0]), &times("b", &[120.0])));
    assert_eq!(judged.outcome, Outcome::Inconclusive(Doubt::Possible));
    assert_eq!(judged.runs_needed, Some(5));
}

#[test]
fn with_one_run_a_side_the_tail_is_taken_to_vary_twice_as_much() {
    let samples: Vec<f64> = (0..2_000).map(|i| 50.0 + f64::from(i % 100)).collect();
    let run = || {
        Session::new("today", 1)
            .with("GET /", "latency", &[time(&samples)])
            .0
    };
    let judgement = judged(&run(), &run());
    let assumed = |metric: &str| of(&judgement, "GET /", metric).assumed.clone();
    assert_eq!(
        assumed("latency.p50"),
        [Assumption::RunSpread { spread: 0.1 }]
    );
    assert_eq!(
        assumed("latency.p95"),
        [Assumption::RunSpread { spread: 0.2 }]
    );
}

fn single_sessions(values: &[f64]) -> Vec<Run> {
    let one = |(i, v): (usize, &f64)| times(&format!("night {i}"), &[*v]);
    values.iter().enumerate().flat_map(one).collect()
}

#[test]
fn one_run_is_predicted_from_many_sessions_of_one_run_each() {
    let nights = [
        100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 101.1, 98.9, 100.4, 99.8, 100.1, 99.2,
    ];
    let baseline = single_sessions(&nights);
    for (value, outcome) in [
        (200.0, Outcome::Regressed),
        (115.0, Outcome::Inconclusive(Doubt::NoSignal)),
        (130.0, Outcome::Inconclusive(Doubt::Possible)),
        (50.0, Outcome::Improved),
    ] {
        let judged = only(judged(&baseline, &times("today", &[value])));
        assert_eq!(judged.method, Method::Prediction);
        assert_eq!(judged.outcome, outcome, "{value}");
    }
}

#[test]
fn one_night_that_went_wrong_says_that_another_may_and_silences_nothing() {
    let mut nights = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2].repeat(2);
    nights[4] = 300.0;
    let at = |value| only(judged(&single_sessions(&nights), &times("today", &[value]))).outcome;
    assert_eq!(at(115.0), Outcome::Inconclusive(Doubt::NoSignal));
    assert_eq!(at(2000.0), Outcome::Regressed);
}

/// Ten thousand samples inside each run pin its own median to 0.01 %, and say nothing of how much runs differ.
#[test]
fn samples_inside_a_run_are_not_runs() {
    let run = |level: f64| {
        let samples: Vec<f64> = (0..10_000)
            .map(|i| level + 0.01 * f64::from(i % 7))
            .collect();
        time(&samples)
    };
    let side = |levels: [f64; 5]| {
        let each = levels.map(run);
        Session::new("today", 5).with("parse", "time", &each).0
    };
    let base = side([100.0, 103.0, 97.0, 101.0, 99.0]);
    let current = side([101.0, 104.0, 98.5, 102.0, 100.0]);
    let judged = only(judged(&base, &current));
    assert!(judged.test.unwrap().p > 0.1, "{:?}", judged.test);
    assert_ne!(judged.outcome, Outcome::Regressed);
}

/// And where runs agree to the digit while their samples scatter, the scatter is the least that is believed.
#[test]
fn runs_that_agree_by_luck_are_not_taken_to_be_surer_than_their_samples() {
    let run = |level: f64| {
        let samples: Vec<f64> = (0..21)
            .map(|i| level * (0.6 + 0.04 * f64::from(i)))
            .collect();
        time(&samples)
    };
    let side = |level: f64| {
        let each = [level; 5].map(run);
        Session::new("today", 5).with("parse", "time", &each).0
    };
    let scattered = only(judged(&side(100.0), &side(106.0)));
    assert!(matches!(scattered.outcome, Outcome::Inconclusive(_)));
    let sharp = only(judged(
        &times("today", &[100.0; 5]),
        &times("today", &[106.0; 5]),
    ));
    assert_eq!(sharp.outcome, Outcome::Regressed);
}

/// As Locust reports it: whole steps of 10 ms.
fn rounded(value: f64) -> Measurement {
    let point = Point {
        value: (value / 10.0).round() * 10.0,
        resolution: 10.0,
    };
    let points = BTreeMap::from([(Quantile::P50, point)]);
    measured(
        "ms",
        Evidence::quantiles(points, 5_000, Moments::default()).unwrap(),
    )
}

#[test]
fn a_change_inside_the_step_of_the_tool_never_regresses() {
    let side = |from: f64| {
        let each: Vec<_> = (0..5).map(|i| rounded(from + 0.3 * f64::from(i))).collect();
        Session::new("today", 5).with("GET /", "latency", &each).0
    };
    let mut seen = 0;
    for base in 0..40 {
        for rise in 1..=8 {
            let base_value = 110.0 + 0.5 * f64::from(base);
            let current = base_value + f64::from(rise);
            let judged = only(judged(&side(base_value), &side(current)));
            assert_ne!(
                judged.outcome,
                Outcome::Regressed,
                "{base_value} to {current}"
            );
            seen += usize::from(matches!(judged.cause, Some(Cause::WithinResolution { .. })));
        }
    }
    assert!(seen > 50, "only {seen} met the step");
}

#[test]
fn a_change_of_several_steps_is_found_through_the_rounding() {
    let side = |value: f64| {
        Session::new("today", 5)
            .with("GET /", "latency", &[value; 5].map(rounded))
            .0
    };
    let judged = only(judged(&side(200.0), &side(240.0)));
    assert_eq!(judged.outcome, Outcome::Regressed);
}

fn error_runs(counts: &[(u64, u64)]) -> Vec<Run> {
    let each: Vec<_> = counts.iter().map(|(k, n)| errors(*k, *n)).collect();
    Session::new("today", each.len())
        .with("GET /", "errors", &each)
        .0
}

#[test]
fn errors_that_appear_in_two_of_a_hundred_requests_fail_and_one_of_five_thousand_does_not() {
    for runs in [1, 3, 5] {
        let side = |count: u64| error_runs(&vec![(count, 5_000); runs]);
        let judgement = |count| judged(&side(0), &side(count));
        assert_eq!(
            kind(judgement(100), &Policy::default()),
            VerdictKind::Fail,
            "{runs}"
        );
        assert_eq!(
            kind(judgement(1), &Policy::default()),
            VerdictKind::Pass,
            "{runs}"
        );
        assert_eq!(only(judgement(0)).outcome, Outcome::Unchanged, "{runs}");
    }
}

#[test]
fn an_error_rate_that_differs_from_run_to_run_anyway_is_not_blamed_on_the_change() {
    let base = error_runs(&[(0, 5_000), (300, 5_000), (20, 5_000)]);
    let current = error_runs(&[(350, 5_000), (10, 5_000), (100, 5_000)]);
    // Over pooled requests, 320 against 460 of 15,000 would be p < 1e-6.
    let judged = only(judged(&base, &current));
    assert_eq!(judged.method, Method::Proportion);
    assert!(
        matches!(judged.outcome, Outcome::Inconclusive(_)),
        "{judged:?}"
    );
}

#[test]
fn latency_is_not_judged_where_more_requests_fail() {
    let session = |failures: u64, level: f64| {
        let latency = [level, level * 1.01, level * 0.99].map(|v| time(&[v; 30]));
        Session::new("today", 3)
            .with(
                "GET /",
                "errors",
                &[(); 3].map(|()| errors(failures, 5_000)),
            )
            .with("GET /", "latency", &latency)
            .0
    };
    let judgement = judged(&session(0, 100.0), &session(500, 60.0));
    assert_eq!(
        of(&judgement, "GET /", "errors").outcome,
        Outcome::Regressed
    );
    let latency = of(&judgement, "GET /", "latency.p50");
    assert_eq!(latency.outcome, Outcome::Incomparable);
    assert_eq!(latency.cause, Some(Cause::ErrorsRose));
}

fn counts(values: &[f64]) -> Vec<Run> {
    let each: Vec<_> = values.iter().map(|v| count(*v)).collect();
    Session::new("today", each.len())
        .with("parse", "instructions", &each)
        .0
}

#[test]
fn counts_that_repeat_are_held_to_the_limit_itself() {
    let policy = ruled(vec![rule("*", "instructions")]);
    let judged =
        |base: &[f64], current: &[f64]| only(judged_by(&policy, &counts(base), &counts(current)));
    for (base, current) in [(3, 3), (4, 1), (20, 1)] {
        let of = |value: f64| judged(&vec![1e6; base], &vec![value; current]);
        assert_eq!(of(1_025_001.0).outcome, Outcome::Regressed);
        assert_eq!(of(1_024_999.0).outcome, Outcome::Unchanged);
        assert_eq!(of(940_000.0).outcome, Outcome::Improved);
        assert_eq!(of(1e6).method, Method::Exact);
    }
    // One run agrees with nothing, and two equal numbers may be rounded.
    for runs in [1, 2] {
        let of = judged(&vec![1e6; runs], &vec![1_300_000.0; runs]);
        assert_ne!(of.method, Method::Exact, "{runs}: {of:?}");
        assert_eq!(of.outcome, Outcome::Inconclusive(Doubt::Possible), "{runs}");
    }
    assert_eq!(judged(&[0.0; 3], &[0.0; 3]).outcome, Outcome::Unchanged);
}

/// A run of an earlier build that lacks the count does not lend its commit to the run behind it.
#[test]
fn a_run_without_the_count_shifts_no_build() {
    let policy = ruled(vec![rule("*", "instructions")]);
    let of = |value: f64, commit: &str, night: usize| {
        let mut run = counts(&[value]).remove(0);
        run.provenance.session = Some(format!("night {night}"));
        run.provenance.commit = Some(commit.to_owned());
        run
    };
    let mut base = vec![of(1e6, "a", 0)];
    let mut lacking = of(0.0, "b", 1);
    lacking.subjects.clear();
    base.push(lacking);
    base.extend((2..6).map(|night| of(1e6, "b", night)));
    // The same build with another count: it is no exact one, whatever stands before it.
    base.push(of(1_010_000.0, "b", 6));
    base.push(of(1_010_000.0, "c", 7));
    let judged = only(judged_by(&policy, &base, &counts(&[1_030_000.0])));
    assert_ne!(judged.method, Method::Exact, "{judged:?}");
    // With another build in its place the count is exact.
    for run in base.iter_mut().skip(6) {
        run.provenance.commit = Some("c".to_owned());
    }
    let judged = only(judged_by(&policy, &base, &counts(&[1_030_000.0])));
    assert_eq!(judged.method, Method::Exact, "{judged:?}");
}

/// Nights of one run each: the builds between them may change a count, and then it stays.
#[test]
fn a_history_tells_whether_a_count_is_exact() {
    let policy = ruled(vec![rule("*", "instructions")]);
    let nights = |values: &[f64], commit: fn(usize) -> String| -> Vec<Run> {
        let night = |(i, value): (usize, &f64)| {
            let mut runs = counts(&[*value]);
            runs[0].provenance.session = Some(format!("night {i}"));
            runs[0].provenance.commit = Some(commit(i));
            runs
        };
        values.iter().enumerate().flat_map(night).collect()
    };
    let judged = |history: &[f64], commit, value: f64| {
        only(judged_by(
            &policy,
            &nights(history, commit),
            &counts(&[value]),
        ))
    };
    let each: fn(usize) -> String = |i| format!("build {i}");
    let one: fn(usize) -> String = |_| "build".to_owned();
    let stepped = [900.0, 900.0, 900.0, 1000.0, 1000.0, 1000.0, 1000.0];
    let rose = judged(&stepped, each, 1060.0);
    assert_eq!(
        (rose.method, rose.outcome),
        (Method::Exact, Outcome::Regressed)
    );
    assert_eq!(judged(&stepped, each, 1000.0).outcome, Outcome::Unchanged);
    // One build that counts two numbers is not exact, and neither is a count that seldom repeats.
    assert_ne!(judged(&stepped, one, 1060.0).method, Method::Exact);
    let restless = [900.0, 905.0, 905.0, 910.0, 900.0, 900.0, 905.0, 910.0];
    assert_ne!(judged(&restless, each, 960.0).method, Method::Exact);
}

#[test]
fn counts_that_vary_are_judged_as_runs() {
    let policy = ruled(vec![rule("*", "instructions")]);
    let (base, current) = (
        counts(&[1e6, 1.1e6, 0.9e6, 1.05e6, 0.95e6]),
        counts(&[1.06e6, 1.0e6, 1.1e6, 0.99e6, 1.02e6]),
    );
    let judged = only(judged_by(&policy, &base, &current));
    assert_eq!(judged.method, Method::Runs);
    assert!(matches!(judged.outcome, Outcome::Inconclusive(_)));
}

#[test]
fn a_tail_of_too_few_requests_is_shown_and_not_gated() {
    let run = |requests: usize, level: f64| {
        let samples: Vec<f64> = (0..requests)
            .map(|i| level + (i % 50) as f64 / 10.0)
            .collect();
        time(&samples)
    };
    let side = |requests: usize, level: f64| {
        let each = [(); 3].map(|()| run(requests, level));
        Session::new("today", 3).with("GET /", "latency", &each).0
    };
    let judgement = judged(&side(199, 100.0), &side(5_000, 300.0));
    let tail = of(&judgement, "GET /", "latency.p95");
    assert_eq!(
        tail.cause,
        Some(Cause::TooFewObservations {
            have: 199,
            need: 200
        })
    );
    assert!(!tail.gated);
    assert!(of(&judgement, "GET /", "latency.p50").gated);
    assert_eq!(judgement.family, 1);
    assert!(
        of(
            &judged(&side(200, 100.0), &side(200, 300.0)),
            "GET /",
            "latency.p95"
        )
        .gated
    );
}

#[test]
fn sessions_apart_are_trusted_less_and_the_assumption_is_named() {
    let values = (
        [100.0, 100.5, 99.5, 100.2, 99.8],
        [103.0, 103.5, 102.5, 103.2, 102.8],
    );
    let together = only(judged(&times("a", &values.0), &times("a", &values.1)));
    let apart = only(judged(&times("a", &values.0), &times("b", &values.1)));
    assert_eq!(together.outcome, Outcome::Regressed);
    assert!(together.assumed.is_empty());
    assert_eq!(apart.outcome, Outcome::Inconclusive(Doubt::Possible));
    assert_eq!(apart.assumed, [Assumption::SessionSpread { spread: 0.01 }]);
}

#[test]
fn a_history_of_one_build_says_what_a_session_adds() {
    let mut baseline = Vec::new();
    for (i, level) in [100.0, 100.1, 99.9, 100.0, 100.1, 99.9]
        .into_iter()
        .enumerate()
    {
        baseline.extend(times(
            &format!("night {i}"),
            &[level, level + 0.2, level - 0.2],
        ));
    }
    let judged = only(judged(&baseline, &times("today", &[104.0, 104.2, 103.8])));
    assert!(judged.assumed.is_empty());
    assert_eq!(judged.outcome, Outcome::Regressed);
    assert_eq!(
        judged.baseline.unwrap().runs,
        18,
        "all sessions of one build are compared with together"
    );
}

#[test]
fn units_directions_and_kinds_that_differ_are_not_compared() {
    let side = |measurement: Measurement| {
        Session::new("today", 3)
            .with("parse", "time", &[(); 3].map(|()| measurement.clone()))
            .0
    };
    let base = side(time(&[100.0]));
    let unit = only(judged(
        &base,
        &side(measured("MB", Evidence::value(1.0).unwrap())),
    ));
    assert!(
        matches!(unit.cause, Some(Cause::UnitsDiffer { .. })),
        "{:?}",
        unit.cause
    );
    let upside_down = Measurement {
        better: Better::Higher,
        ..time(&[100.0])
    };
    let direction = only(judged(&base, &side(upside_down)));
    assert!(matches!(
        direction.cause,
        Some(Cause::DirectionsDiffer { .. })
    ));
    for judged in [unit, direction] {
        assert_eq!(judged.outcome, Outcome::Incomparable);
    }
}

#[test]
fn slow_drift_is_seen_against_the_anchor_where_no_step_shows() {
    let anchor = Anchor {
        label: "v1".to_owned(),
        budget: 0.15,
        runs: times("then", &[100.0, 100.5, 99.5, 100.2, 99.8]),
    };
    let drift = |level: f64| {
        let near = |by: f64| [1.0, 1.005, 0.995, 1.002, 0.998].map(|each| level * by * each);
        let sides = perfgate::compare::Sides {
            baseline: &times("today", &near(0.99)),
            current: &times("today", &near(1.0)),
            anchor: Some(&anchor),
            interleaved: false,
        };
        let judgement =
            perfgate::compare::judge(&sides, &Policy::default(), crate::support::runs::TODAY);
        let kind = kind(judgement.clone(), &Policy::default());
        let judged = only(judgement);
        assert_eq!(judged.outcome, Outcome::Unchanged);
        (judged.drift.unwrap().broken, kind)
    };
    assert_eq!(drift(120.0), (true, VerdictKind::Fail));
    assert_eq!(drift(110.0), (false, VerdictKind::Pass));
}

#[test]
fn one_run_says_as_much_as_an_anchor_as_it_does_as_a_baseline() {
    let samples: Vec<f64> = (0..2_000).map(|i| 50.0 + f64::from(i % 100)).collect();
    let run = |by: f64| {
        let samples: Vec<f64> = samples.iter().map(|ms| ms * by).collect();
        let each = [time(&samples)];
        Session::new("today", 1).with("GET /", "latency", &each).0
    };
    let anchor = Anchor {
        label: "v1".to_owned(),
        budget: 0.15,
        runs: run(1.0),
    };
    let sides = perfgate::compare::Sides {
        baseline: &run(1.0),
        current: &run(1.1),
        anchor: Some(&anchor),
        interleaved: false,
    };
    let judgement =
        perfgate::compare::judge(&sides, &Policy::default(), crate::support::runs::TODAY);
    for metric in ["latency.p50", "latency.p95", "latency.p99"] {
        let judged = of(&judgement, "GET /", metric);
        let drift = judged.drift.as_ref().unwrap();
        assert_eq!(Some(drift.change), judged.change, "{metric}");
    }
}

#[test]
fn sums_and_set_rates_are_shown_and_gated_only_where_a_rule_names_them() {
    for role in [Role::Total, Role::Fixed] {
        let side = |value: f64| {
            let sum = Measurement {
                role,
                ..time(&[value])
            };
            Session::new("today", 3)
                .with("all", "time", &[(); 3].map(|()| sum.clone()))
                .0
        };
        let (base, current) = (side(100.0), side(150.0));
        assert!(!only(judged(&base, &current)).gated);
        let everything = ruled(vec![rule("*", "*")]);
        assert!(!only(judged_by(&everything, &base, &current)).gated);
        // A sum is named by its subject, what follows from another series by its metric.
        let by_metric = ruled(vec![rule("*", "time")]);
        let fixed = role == Role::Fixed;
        assert_eq!(only(judged_by(&by_metric, &base, &current)).gated, fixed);
        let named = ruled(vec![rule("all", "time")]);
        let judged = only(judged_by(&named, &base, &current));
        assert!(judged.gated && judged.outcome == Outcome::Regressed);
    }
}
