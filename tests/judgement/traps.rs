//! What other gates were silent about, red at, or blind to for weeks.

use super::gated::Gate;
use crate::support::runs::{Session, errors, judged, kind, measured, of, time, times};
use crate::support::verdicts;
use perfgate::compare::{Assumption, Doubt, Outcome, Policy};
use perfgate::model::{Evidence, Measurement, Role, Run};
use perfgate::verdict::VerdictKind;

const AROUND: [f64; 5] = [-1.0, -0.5, 0.0, 0.5, 1.0];

fn around(level: f64, spread: f64) -> [f64; 5] {
    AROUND.map(|z| level * (spread * z).exp())
}

fn assumes_sessions(baseline: &[Run], current: &[Run]) -> bool {
    let judgement = judged(baseline, current);
    let assumed = &of(&judgement, "parse", "time.p50").assumed;
    assumed
        .iter()
        .any(|a| matches!(a, Assumption::SessionSpread { .. }))
}

/// A gate that falls back to bare floors where its history is gone is red for as long as nobody looks.
#[test]
fn a_history_that_is_missing_is_told_and_makes_nothing_red() {
    let sessions = |count: usize| -> Vec<Run> {
        (0..count)
            .flat_map(|i| {
                let level = [100.0, 112.0, 93.0, 107.0][i % 4];
                let mut runs = times(&format!("night {i}"), &around(level, 0.002));
                for run in &mut runs {
                    run.provenance.commit = Some(format!("commit {i}"));
                    run.provenance.environment.runner = Some("github-hosted".to_owned());
                }
                runs
            })
            .collect()
    };
    // As far from the newest of the baseline as its nights are from each other.
    let mut current = times("now", &around(108.0, 0.002));
    for run in &mut current {
        run.provenance.environment.runner = Some("github-hosted".to_owned());
    }
    let newest_only = sessions(1);
    assert!(!assumes_sessions(&sessions(12), &current));
    assert!(assumes_sessions(&newest_only, &current));
    let judgement = judged(&newest_only, &current);
    assert_ne!(
        of(&judgement, "parse", "time.p50").outcome,
        Outcome::Regressed
    );
    let text = verdicts::text(judgement, false);
    assert!(
        text.contains("between sessions (the baseline has too few to measure it)"),
        "{text}"
    );
}

/// A bar that follows the noise upwards calls everything unchanged in the end.
#[test]
fn a_series_too_noisy_to_show_twice_its_limit_is_never_unchanged() {
    for spread in [0.05, 0.3, 0.57, 1.09] {
        let base = times("today", &around(100.0, spread));
        let current = times("today", &around(100.0, spread));
        let judgement = judged(&base, &current);
        let comparison = of(&judgement, "parse", "time.p50");
        assert_eq!(
            comparison.outcome,
            Outcome::Inconclusive(Doubt::NoSignal),
            "{spread}"
        );
        assert!(comparison.detectable.unwrap() > 0.05, "{spread}");
        assert_eq!(
            kind(judgement, &Policy::default()),
            VerdictKind::Inconclusive,
            "{spread}"
        );
    }
}

/// "More than ten series slower" lets one that is 23 times as slow through.
#[test]
fn one_series_among_many_is_enough_to_fail() {
    let side = |parse: f64| {
        (0..60).fold(
            Session::new("today", 5).times("parse", &around(parse, 0.01)),
            |session, i| session.times(&format!("quiet {i}"), &around(50.0, 0.003)),
        )
    };
    for slower in [1.1, 23.25] {
        let judgement = judged(&side(100.0).0, &side(100.0 * slower).0);
        let regressed: Vec<&str> = judgement
            .comparisons
            .iter()
            .filter(|c| c.outcome == Outcome::Regressed)
            .map(|c| c.series.subject.as_str())
            .collect();
        assert_eq!(regressed, ["parse"], "{slower}");
        assert_eq!(
            kind(judgement, &Policy::default()),
            VerdictKind::Fail,
            "{slower}"
        );
    }
}

/// One slowdown is one row for each statistic that is judged, not one more for each figure that shows it too.
#[test]
fn a_slowdown_is_listed_where_it_is_judged_and_nowhere_else() {
    let side = |ms: f64| {
        let each: Vec<_> = around(ms, 0.002)
            .iter()
            .map(|level| {
                let samples: Vec<f64> = (0..2_000)
                    .map(|i| level * (1.0 + 0.0001 * f64::from(i % 7)))
                    .collect();
                time(&samples)
            })
            .collect();
        let shown = |role| -> Vec<_> {
            let with_role = |m: &Measurement| Measurement { role, ..m.clone() };
            each.iter().map(with_role).collect()
        };
        Session::new("today", 5)
            .with("GET /", "latency", &each)
            .with("GET /", "service", &shown(Role::Fixed))
            .with("GET /", "errors", &vec![errors(0, 2_000); 5])
            .with("total", "latency", &shown(Role::Total))
            .0
    };
    let text = verdicts::text(judged(&side(50.0), &side(65.0)), false);
    let rows: Vec<&str> = text.lines().filter(|line| line.contains('→')).collect();
    assert!(!rows.is_empty(), "{text}");
    for row in rows {
        assert!(!row.contains("service") && !row.contains("mean"), "{text}");
    }
}

/// The values explain most surprises at one look.
#[test]
fn the_runs_of_each_side_are_shown_where_asked_for_in_their_order() {
    let base = times("today", &[10.0, 10.2, 9.9, 10.1, 10.0]);
    let current = times("today", &[12.0, 12.1, 30.0, 11.9, 12.0]);
    let shown = verdicts::text(judged(&base, &current), true);
    let words: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("runs: 10.0 ms, 10.2 ms, 9.90 ms, 10.1 ms, 10.0 ms in the baseline, 12.0 ms, 12.1 ms, 30.0 ms, 11.9 ms, 12.0 ms now"),
        "{shown}"
    );
    assert!(!verdicts::text(judged(&base, &current), false).contains("runs: "));
}

/// One figure of a tool is no median of anything.
#[test]
fn a_single_figure_is_never_called_a_median() {
    let side = |v: f64| {
        let one = measured("ms", Evidence::value(v).unwrap());
        Session::new("today", 5)
            .with("build", "time", &vec![one; 5])
            .0
    };
    let judgement = judged(&side(10.0), &side(10.0));
    let names: Vec<String> = judgement
        .comparisons
        .iter()
        .map(|c| c.series.metric_statistic())
        .collect();
    assert_eq!(names, ["time"]);
}

/// A tool that is read in another unit looks like the best change of the year.
#[test]
fn a_thousandfold_change_is_told_as_a_possible_mix_up_of_units() {
    let gate = Gate::new("");
    let of = |ms: f64| serde_json::json!({"svc": {"time": {"unit": "ms", "better": "lower", "value": ms}}});
    gate.write("old.json", 5, &of(100.0));
    for (now, told) in [
        (0.11, true),
        (110_000.0, true),
        (60.0, false),
        (900.0, false),
    ] {
        gate.write("new.json", 5, &of(now));
        let output = gate.run(&["check", "--baseline", "old.json", "new.json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = "the two sides of `svc time` differ by about 1,000 times: one of them may have been read in another unit";
        assert_eq!(text.contains(said), told, "{text}");
    }
}
