//! What rules, acceptances and missing series make of the same numbers.

use crate::support::runs::{Session, judged, judged_by, kind, of, only, rule, ruled, times};
use perfgate::compare::{
    Acceptance, Allowed, Budget, BudgetState, Cause, Doubt, OnMissing, Origin, Outcome, Pattern,
    Policy, Quantity, Severity, WantedDirection,
};
use perfgate::model::{Run, ToolName, Unit};
use perfgate::verdict::{Standing, VerdictKind, stands};

fn ms(value: f64) -> Option<Quantity> {
    Some(Quantity {
        value,
        unit: Unit::new("ms"),
    })
}

/// Five runs around a level, half a per cent apart.
fn around(level: f64) -> [f64; 5] {
    [0.99, 0.995, 1.0, 1.005, 1.01].map(|by| level * by)
}

fn outcome(policy: &Policy, base: f64, current: f64) -> (Outcome, Option<Cause>) {
    let (base, current) = (
        times("today", &around(base)),
        times("today", &around(current)),
    );
    let judged = only(judged_by(policy, &base, &current));
    (judged.outcome, judged.cause)
}

#[test]
fn both_limits_have_to_be_exceeded() {
    let mut both = rule("*", "*");
    both.min_delta = ms(2.0);
    both.max_regression = Some(0.10);
    let policy = ruled(vec![both]);
    // +20 % and 2 ms are not more than 2 ms; +20 % and 20 ms are; +2 % are not, though they are 20 ms.
    assert_eq!(
        outcome(&policy, 10.0, 12.0),
        (Outcome::Unchanged, Some(Cause::BelowMinDelta))
    );
    assert_eq!(outcome(&policy, 100.0, 120.0).0, Outcome::Regressed);
    assert_eq!(outcome(&policy, 1000.0, 1020.0).0, Outcome::Unchanged);
}

#[test]
fn min_delta_is_read_in_its_own_unit() {
    let mut absolute = rule("*", "*");
    absolute.min_delta = Some(Quantity {
        value: 0.05,
        unit: Unit::new("s"),
    });
    let policy = ruled(vec![absolute]);
    assert_eq!(
        outcome(&policy, 100.0, 140.0),
        (Outcome::Unchanged, Some(Cause::BelowMinDelta))
    );
    assert_eq!(outcome(&policy, 100.0, 160.0).0, Outcome::Regressed);
}

/// The limit is what is tolerated: a sure change beyond it is a regression, one within it is none.
#[test]
fn a_sure_change_beyond_the_limit_is_a_regression() {
    let policy = Policy::default();
    let outcome = |current: f64| {
        let (base, current) = (times("today", &[100.0; 10]), times("today", &[current; 10]));
        only(judged_by(&policy, &base, &current)).outcome
    };
    assert_eq!(outcome(105.0), Outcome::Regressed);
    assert_eq!(outcome(102.6), Outcome::Regressed);
    assert_eq!(outcome(102.5), Outcome::Unchanged);
    assert_eq!(outcome(102.4), Outcome::Unchanged);
    assert_eq!(outcome(97.6), Outcome::Unchanged);
    assert_eq!(outcome(97.4), Outcome::Improved);
}

#[test]
fn later_rules_override_earlier_ones_field_by_field() {
    let mut wide = rule("*", "*");
    wide.max_regression = Some(0.5);
    wide.min_delta = ms(1.0);
    let mut warn = rule("par*", "time");
    warn.severity = Some(Severity::Warn);
    warn.from = Origin::new("perfgate.toml:9");
    let policy = ruled(vec![wide, warn]);
    let sides = (
        times("today", &around(100.0)),
        times("today", &around(200.0)),
    );
    let judgement = judged_by(&policy, &sides.0, &sides.1);
    assert_eq!(kind(judgement.clone(), &policy), VerdictKind::Warn);
    let limits = only(judgement).limits;
    assert_eq!((limits.max_regression, limits.min_delta), (0.5, ms(1.0)));
    assert_eq!(
        (limits.severity, limits.from),
        (Severity::Warn, Origin::new("perfgate.toml:9"))
    );
}

#[test]
fn a_budget_holds_whatever_the_baseline_says() {
    let mut budget = rule("*", "*");
    budget.budgets.fail = Some(Budget {
        allowed: Allowed::Limit(Quantity {
            value: 0.09,
            unit: Unit::new("s"),
        }),
        from: Origin::new("perfgate.toml:3"),
    });
    let policy = ruled(vec![budget]);
    let side = times("today", &around(100.0));
    let judgement = judged_by(&policy, &side, &side);
    assert_eq!(kind(judgement.clone(), &policy), VerdictKind::Fail);
    let judged = only(judgement);
    assert_eq!(judged.outcome, Outcome::Unchanged);
    assert_eq!(judged.budgets[0].state, BudgetState::Broken);
    let without_baseline = only(judged_by(&policy, &[], &side));
    assert_eq!(without_baseline.outcome, Outcome::New);
    assert_eq!(without_baseline.budgets[0].state, BudgetState::Broken);
}

#[test]
fn a_direction_that_a_rule_gives_turns_the_series() {
    let mut turned = rule("*", "*");
    turned.better = Some(WantedDirection::Higher);
    assert_eq!(
        outcome(&ruled(vec![turned]), 100.0, 150.0).0,
        Outcome::Improved
    );
    assert_eq!(
        outcome(&Policy::default(), 100.0, 150.0).0,
        Outcome::Regressed
    );
}

#[test]
fn a_gate_that_cannot_see_is_blind_to_those_who_ask() {
    let noisy = [90.0, 95.0, 100.0, 105.0, 110.0];
    let side = times("today", &noisy);
    let weak = only(judged(&side, &side));
    assert_eq!(weak.outcome, Outcome::Inconclusive(Doubt::NoSignal));
    assert!(weak.detectable.unwrap() > 0.1 && weak.runs_needed.unwrap() > 100);
    let mut sight = rule("*", "*");
    sight.max_detectable = Some(0.1);
    let asking = ruled(vec![sight]);
    let asked = only(judged_by(&asking, &side, &side));
    assert_eq!(asked.outcome, Outcome::Inconclusive(Doubt::NoSignal));
    assert_eq!(stands(&asked, &asking), Standing::Blind);
    assert_eq!(stands(&weak, &Policy::default()), Standing::NoSignal);
}

#[test]
fn series_that_share_the_gate_share_the_error_allowance() {
    let judgement = |series: usize| {
        let session = |moved: f64| {
            (0..series).fold(Session::new("today", 5), |session, i| {
                let level = if i == 0 { moved } else { 100.0 };
                session.times(
                    &format!("bench{i:03}"),
                    &[0.96, 0.98, 1.0, 1.02, 1.04].map(|by| level * by),
                )
            })
        };
        judged(&session(100.0).0, &session(108.0).0)
    };
    let (alone, among) = (judgement(1), judgement(200));
    assert_eq!((alone.family, among.family), (1, 200));
    let p = |j: &perfgate::compare::Judgement| of(j, "bench000", "time.p50").test.unwrap();
    assert!(p(&alone).p.total_cmp(&p(&among).p).is_eq());
    assert!((p(&among).p_adjusted / p(&alone).p - 200.0).abs() < 1e-6);
    assert_eq!(
        of(&alone, "bench000", "time.p50").outcome,
        Outcome::Regressed
    );
    assert_eq!(
        of(&among, "bench000", "time.p50").outcome,
        Outcome::Inconclusive(Doubt::Possible)
    );
}

/// A series that is switched off does not cost the others any of the allowance.
#[test]
fn a_series_that_is_not_gated_is_no_member_of_the_family() {
    let session = Session::new("today", 3)
        .times("a", &[1.0, 1.1, 1.2])
        .times("b", &[2.0, 2.1, 2.2])
        .0;
    let mut off = rule("b", "*");
    off.severity = Some(Severity::Off);
    let judgement = judged_by(&ruled(vec![off]), &session, &session);
    assert_eq!(judgement.family, 1);
    assert_eq!(judgement.comparisons.len(), 2);
    assert!(!of(&judgement, "b", "time.p50").gated);
}

#[test]
fn missing_new_and_renamed_series_are_each_said() {
    let base = Session::new("today", 3)
        .times("parse/large", &[1.0; 3])
        .times("gone", &[1.0; 3])
        .0;
    let current = Session::new("today", 3)
        .times("parse/larger", &[1.0; 3])
        .times("fresh", &[1.0; 3])
        .0;
    let judgement = judged(&base, &current);
    let cause = |subject: &str| {
        let c = of(&judgement, subject, "time.p50");
        (c.outcome, c.cause.clone())
    };
    let like = |name: &str| Some(perfgate::model::Subject::new(name));
    let vanished = |renamed_to| (Outcome::Missing, Some(Cause::Vanished { renamed_to }));
    let appeared = |renamed_from| (Outcome::New, Some(Cause::Appeared { renamed_from }));
    assert_eq!(cause("parse/large"), vanished(like("parse/larger")));
    assert_eq!(cause("parse/larger"), appeared(like("parse/large")));
    assert_eq!(cause("gone"), vanished(None));
    assert_eq!(cause("fresh"), appeared(None));

    let strict = Policy::default();
    assert_eq!(strict.on_missing, OnMissing::Fail);
    let missing = of(&judgement, "gone", "time.p50");
    assert_eq!(stands(missing, &strict), Standing::Fail);
    let lenient = Policy {
        on_missing: OnMissing::Warn,
        ..Policy::default()
    };
    assert_eq!(stands(missing, &lenient), Standing::Warn);
}

/// A series that only an older session has did not vanish today.
#[test]
fn what_only_the_history_knows_is_not_missing() {
    let old = Session::new("old", 2)
        .times("parse", &[1.0; 2])
        .times("retired", &[1.0; 2])
        .0;
    let new = times("new", &[1.0; 2]);
    let judgement = judged(&[old, new].concat(), &times("today", &[1.0; 2]));
    assert_eq!(only(judgement).series.subject.as_str(), "parse");
}

#[test]
fn other_tools_and_other_scenarios_are_not_compared() {
    let of_tool = |name: &str, scenario: &str| -> Vec<Run> {
        let mut runs = times("today", &[100.0; 5]);
        for run in &mut runs {
            run.provenance.scenario = Some(scenario.to_owned());
            run.provenance.tool = Some(ToolName {
                name: name.to_owned(),
                version: None,
            });
        }
        runs
    };
    let base = of_tool("locust", "shop");
    let cause = |current: Vec<Run>| {
        let judgement = judged(&base, &current);
        assert_eq!(
            kind(judgement.clone(), &Policy::default()),
            VerdictKind::Inconclusive
        );
        only(judgement).cause
    };
    assert!(matches!(
        cause(of_tool("criterion", "shop")),
        Some(Cause::ToolsDiffer { .. })
    ));
    assert!(matches!(
        cause(of_tool("locust", "spike")),
        Some(Cause::ScenariosDiffer { .. })
    ));
    let same = only(judged(&base, &of_tool("locust", "shop")));
    assert_eq!(same.outcome, Outcome::Unchanged);
}

fn acceptance(subject: &str, up_to: f64, until: jiff::civil::Date) -> Policy {
    let accepted = Acceptance {
        subject: Pattern::new(subject),
        metric: Pattern::any(),
        up_to,
        reason: "a safer parser".to_owned(),
        until,
        from: Origin::new("perfgate.toml:20"),
    };
    Policy {
        acceptances: vec![accepted],
        ..Policy::default()
    }
}

#[test]
fn an_accepted_regression_warns_until_its_day_and_up_to_its_size() {
    let (base, current) = (
        times("today", &around(100.0)),
        times("today", &around(120.0)),
    );
    let judgement = |policy: &Policy| judged_by(policy, &base, &current);
    let today = crate::support::runs::TODAY;
    let covered = acceptance("parse", 0.25, today);
    assert_eq!(kind(judgement(&covered), &covered), VerdictKind::Warn);
    let accepted = only(judgement(&covered));
    assert_eq!(accepted.outcome, Outcome::Regressed);
    assert_eq!(accepted.accepted.unwrap().reason, "a safer parser");

    let too_small = acceptance("parse", 0.15, today);
    assert_eq!(kind(judgement(&too_small), &too_small), VerdictKind::Fail);
    let expired = acceptance("parse", 0.25, today.yesterday().unwrap());
    let judged = judgement(&expired);
    assert!(judged.unused[0].expired);
    assert_eq!(kind(judged, &expired), VerdictKind::Fail);
}

#[test]
fn acceptances_and_rules_that_match_nothing_name_the_nearest_series() {
    let side = times("today", &around(100.0));
    let mut policy = acceptance("prase", 0.2, crate::support::runs::TODAY);
    policy.rules = vec![rule("pasre", "time")];
    let judgement = judged_by(&policy, &side, &side);
    let kinds: Vec<_> = judgement.unmatched.iter().map(|u| u.kind).collect();
    assert_eq!(kinds, ["accept", "rule"]);
    for unmatched in &judgement.unmatched {
        let nearest = unmatched.nearest.as_deref().unwrap();
        assert!(nearest.starts_with("parse time."), "{nearest}");
    }

    let idle = acceptance("parse", 0.2, crate::support::runs::TODAY);
    let judgement = judged_by(&idle, &side, &side);
    assert!(judgement.unmatched.is_empty());
    assert!(!judgement.unused[0].expired);
}
