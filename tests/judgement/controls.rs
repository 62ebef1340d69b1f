//! Controls: what is said where something moved that the code cannot touch.

use crate::support::runs::{Session, errors, judged_by, of, rule, ruled, time};
use perfgate::compare::{
    Cause, ControlState, Doubt, Judgement, OnInconclusive, Outcome, Policy, Rule, SeriesRole,
};
use perfgate::exit::Exit;
use perfgate::model::Run;
use perfgate::verdict::{Situation, Verdict, VerdictKind};

fn control(subject: &str) -> Policy {
    ruled(vec![Rule {
        role: Some(SeriesRole::Control),
        ..rule(subject, "*")
    }])
}

/// Five runs of a benchmark and of a control, with the errors of an endpoint.
fn side(session: &str, parse: f64, spin: f64, failed: u64) -> Vec<Run> {
    let around = |level: f64| [0.998, 0.999, 1.0, 1.001, 1.002].map(|z| level * z);
    Session::new(session, 5)
        .times("parse", &around(parse))
        .times("control/spin", &around(spin))
        .with("GET /", "errors", &[(); 5].map(|()| errors(failed, 1_000)))
        .0
}

fn verdict(judgement: Judgement, policy: &Policy) -> Verdict {
    Verdict::of(judgement, policy, Situation::Compared)
}

#[test]
fn a_slower_control_leaves_possible_what_is_not_certain_to_be_twice_that() {
    let policy = control("control/*");
    let base = side("a", 100.0, 50.0, 1);
    for (parse, outcome) in [
        (121.0, Outcome::Inconclusive(Doubt::Possible)),
        (135.0, Outcome::Inconclusive(Doubt::Possible)),
        (180.0, Outcome::Regressed),
    ] {
        let judgement = judged_by(&policy, &base, &side("b", parse, 59.0, 1));
        let spin = of(&judgement, "control/spin", "time.p50");
        assert_eq!(spin.control, Some(ControlState::Worse));
        assert!(!spin.gated);
        let moved = of(&judgement, "parse", "time.p50");
        assert_eq!(moved.outcome, outcome, "{parse}");
        let because =
            matches!(moved.cause, Some(Cause::ControlMoved { by }) if (by - 0.18).abs() < 1e-6);
        assert_eq!(because, outcome != Outcome::Regressed);
        let verdict = verdict(judgement, &policy);
        let expected = if outcome == Outcome::Regressed {
            (VerdictKind::Fail, Exit::Fail)
        } else {
            (VerdictKind::Inconclusive, Exit::Pass)
        };
        assert_eq!((verdict.kind(), verdict.exit()), expected);
    }
}

#[test]
fn the_headline_of_a_slower_machine_is_inconclusive_and_asks_for_a_decision_where_one_is_wanted() {
    let mut policy = control("control/*");
    let (base, current) = (side("a", 100.0, 50.0, 1), side("b", 100.0, 59.0, 1));
    for (asked, kind, exit) in [
        (OnInconclusive::Warn, VerdictKind::Inconclusive, Exit::Pass),
        (
            OnInconclusive::Fail,
            VerdictKind::Inconclusive,
            Exit::Undecided,
        ),
        (OnInconclusive::Pass, VerdictKind::Pass, Exit::Pass),
    ] {
        policy.on_inconclusive = asked;
        let verdict = verdict(judged_by(&policy, &base, &current), &policy);
        assert_eq!((verdict.kind(), verdict.exit()), (kind, exit));
    }
}

#[test]
fn errors_and_vanished_series_fail_whatever_the_control_did() {
    let policy = control("control/*");
    let base = side("a", 100.0, 50.0, 1);
    let failing = judged_by(&policy, &base, &side("b", 100.0, 59.0, 100));
    assert_eq!(of(&failing, "GET /", "errors").outcome, Outcome::Regressed);
    assert_eq!(verdict(failing, &policy).kind(), VerdictKind::Fail);
    let mut current = side("b", 100.0, 59.0, 1);
    for run in &mut current {
        run.subjects
            .retain(|subject, _| subject.as_str() != "parse");
    }
    let vanished = judged_by(&policy, &base, &current);
    assert_eq!(verdict(vanished, &policy).kind(), VerdictKind::Fail);
}

#[test]
fn a_control_that_held_or_got_faster_takes_nothing_back() {
    let policy = control("control/*");
    let base = side("a", 100.0, 50.0, 1);
    for (spin, state) in [(50.0, ControlState::Held), (42.0, ControlState::Better)] {
        let judgement = judged_by(&policy, &base, &side("b", 121.0, spin, 1));
        let found = of(&judgement, "control/spin", "time.p50").control;
        assert_eq!(found, Some(state));
        assert_eq!(verdict(judgement, &policy).kind(), VerdictKind::Fail);
    }
}

#[test]
fn what_sessions_are_assumed_to_differ_by_does_not_hide_what_the_control_is_to_tell() {
    let policy = control("control/*");
    let in_ci = |mut runs: Vec<Run>| {
        for run in &mut runs {
            run.provenance.environment.runner = Some("github-hosted".to_owned());
        }
        runs
    };
    let base = in_ci(side("a", 100.0, 50.0, 1));
    // 6 % is less than two sessions of CI are assumed to differ by.
    let judgement = judged_by(&policy, &base, &in_ci(side("b", 106.0, 53.0, 1)));
    let spin = of(&judgement, "control/spin", "time.p50");
    assert_eq!(spin.control, Some(ControlState::Worse));
    assert!(spin.assumed.is_empty());
    assert!(!of(&judgement, "parse", "time.p50").assumed.is_empty());
}

#[test]
fn sides_that_met_one_machine_in_turns_need_no_control() {
    let policy = control("control/*");
    let judgement = judged_by(
        &policy,
        &side("a", 100.0, 50.0, 1),
        &side("a", 121.0, 59.0, 1),
    );
    assert_eq!(
        of(&judgement, "parse", "time.p50").outcome,
        Outcome::Regressed
    );
}

#[test]
fn a_control_that_is_missing_is_an_error() {
    let policy = control("control/*");
    let base = side("a", 100.0, 50.0, 1);
    let mut current = side("b", 100.0, 50.0, 1);
    for run in &mut current {
        run.subjects
            .retain(|subject, _| subject.as_str() != "control/spin");
    }
    let judgement = judged_by(&policy, &base, &current);
    let spin = of(&judgement, "control/spin", "time.p50");
    assert_eq!(spin.control, Some(ControlState::Missing));
    let verdict = verdict(judgement, &policy);
    assert_eq!(
        (verdict.kind(), verdict.exit()),
        (VerdictKind::Inconclusive, Exit::Error)
    );
}

#[test]
fn a_control_takes_no_share_of_the_error_allowance() {
    let base = side("a", 100.0, 50.0, 1);
    let current = side("b", 100.0, 50.0, 1);
    let with = judged_by(&control("control/*"), &base, &current);
    let without = judged_by(&Policy::default(), &base, &current);
    assert_eq!((with.family, without.family), (2, 3));
}

#[test]
fn an_endpoint_of_the_service_that_is_judged_is_refused_as_a_control() {
    let side = |session: &str| {
        let each: Vec<_> = [(); 5].map(|()| time(&[100.0; 30])).to_vec();
        Session::new(session, 5)
            .with("GET /health", "latency", &each)
            .with("GET /search", "latency", &each)
            .0
    };
    let judgement = judged_by(&control("GET /health"), &side("a"), &side("b"));
    let refused: Vec<&str> = judgement
        .refused_controls
        .iter()
        .map(|refused| refused.series.as_str())
        .collect();
    assert_eq!(refused[0], "GET /health latency.p50");
    // Another program, measured by itself.
    let alone = |session: &str| {
        let each: Vec<_> = [(); 5].map(|()| time(&[100.0; 30])).to_vec();
        Session::new(session, 5)
            .with("GET /health", "latency", &each)
            .0
    };
    let judgement = judged_by(&control("GET /health"), &alone("a"), &alone("b"));
    assert!(judgement.refused_controls.is_empty());
}
