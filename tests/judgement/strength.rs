//! Stronger evidence never improves a verdict.

use crate::support::runs::{Session, judged_by, measured, of};
use perfgate::compare::{Decide, Doubt, OnInconclusive, Outcome, Policy, Quantity, Severity};
use perfgate::exit::Exit;
use perfgate::model::{Run, Unit};
use perfgate::verdict::{Situation, Verdict, VerdictKind};

/// From good to bad.
fn outcome_rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Improved | Outcome::Unchanged => 0,
        Outcome::Inconclusive(Doubt::NoSignal) => 1,
        Outcome::Inconclusive(Doubt::Possible) => 2,
        Outcome::Regressed => 3,
        other => panic!("{other:?}"),
    }
}

fn exit_rank(exit: Exit) -> u8 {
    match exit {
        Exit::Pass => 0,
        Exit::Undecided => 1,
        Exit::Fail => 2,
        other => panic!("{other:?}"),
    }
}

/// What one gate said: the chance of its first series, and how bad series, verdict and exit are.
struct Said {
    p: f64,
    outcome: u8,
    kind: VerdictKind,
    exit: u8,
}

/// Runs that lie symmetrically about their level, so that its estimate does not move with their spread.
fn side(session: &str, level: f64, spread: f64, runs: usize) -> Vec<Run> {
    let at = |i: usize| {
        let half = (runs - 1) as f64 / 2.0;
        let z = if runs > 1 {
            (i as f64 - half) / half
        } else {
            0.0
        };
        level * (spread * z).exp()
    };
    let values: Vec<f64> = (0..runs).map(at).collect();
    let quiet: Vec<f64> = (0..runs).map(|i| 50.0 + 0.01 * (i % 3) as f64).collect();
    Session::new(session, runs)
        .times("moved", &values)
        .times("quiet", &quiet)
        .0
}

fn say(policy: &Policy, base: &[Run], current: &[Run]) -> Said {
    let judgement = judged_by(policy, base, current);
    let moved = of(&judgement, "moved", "time.p50");
    let (p, outcome) = (moved.test.unwrap().p, outcome_rank(moved.outcome));
    let verdict = Verdict::of(judgement, policy, Situation::Compared);
    Said {
        p,
        outcome,
        kind: verdict.kind(),
        exit: exit_rank(verdict.exit()),
    }
}

fn policies() -> Vec<Policy> {
    let mut all = Vec::new();
    for severity in [Severity::Fail, Severity::Warn] {
        for on_inconclusive in [
            OnInconclusive::Warn,
            OnInconclusive::Fail,
            OnInconclusive::Pass,
        ] {
            for (min_delta, max_detectable) in [(None, None), (Some(5.0), None), (None, Some(0.1))]
            {
                for decide in [Decide::Certain, Decide::Limit] {
                    let mut policy = Policy {
                        on_inconclusive,
                        ..Policy::default()
                    };
                    policy.defaults.severity = severity;
                    policy.defaults.decide = decide;
                    policy.defaults.max_detectable = max_detectable;
                    policy.defaults.min_delta = min_delta.map(|value| Quantity {
                        value,
                        unit: Unit::new("ms"),
                    });
                    all.push(policy);
                }
            }
        }
    }
    all
}

/// With the estimate and the number of runs fixed, and the estimate beyond the limit.
#[test]
fn a_smaller_chance_never_gives_a_better_outcome_verdict_or_exit_code() {
    let spreads = [
        0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.001,
    ];
    let mut steps = 0;
    for policy in policies() {
        for runs in [1, 2, 3, 4, 5, 6, 12] {
            for (by, sessions) in [
                (1.2, ["a", "a"]),
                (1.2, ["a", "b"]),
                (1.6, ["a", "b"]),
                (4.0, ["a", "a"]),
            ] {
                let mut said: Vec<Said> = spreads
                    .iter()
                    .map(|spread| {
                        let base = side(sessions[0], 100.0, *spread, runs);
                        let current = side(sessions[1], 100.0 * by, *spread, runs);
                        say(&policy, &base, &current)
                    })
                    .collect();
                said.sort_by(|a, b| b.p.total_cmp(&a.p));
                for pair in said.windows(2) {
                    let (weaker, stronger) = (&pair[0], &pair[1]);
                    let what = format!("{runs} runs, {by}, {:?}", policy.defaults);
                    assert!(stronger.outcome >= weaker.outcome, "{what}");
                    assert!(stronger.kind >= weaker.kind, "{what}");
                    assert!(stronger.exit >= weaker.exit, "{what}");
                    steps += usize::from(stronger.outcome > weaker.outcome);
                }
            }
        }
    }
    assert!(steps > 100, "only {steps} outcomes changed at all");
}

/// The same for shares: with more requests behind the same rates.
#[test]
fn more_requests_behind_the_same_rates_never_clear_errors_that_rose() {
    for runs in [1, 3, 5] {
        let mut worst = 0;
        for requests in [100_u64, 1_000, 10_000, 100_000] {
            let side = |per_thousand: u64| {
                let share =
                    perfgate::model::Evidence::proportion(requests * per_thousand / 1000, requests);
                let each = vec![measured("", share.unwrap()); runs];
                Session::new("today", runs).with("GET /", "errors", &each).0
            };
            let judgement = judged_by(&Policy::default(), &side(10), &side(60));
            let rank = outcome_rank(of(&judgement, "GET /", "errors").outcome);
            assert!(rank >= worst, "{runs} runs of {requests}");
            worst = rank;
        }
        assert_eq!(worst, 3, "{runs}");
    }
}
