//! What the sessions of a baseline tell of each other, and what is compared with which of them.

use crate::support::runs::{judged, only, times};
use perfgate::compare::{Assumption, Comparison};
use perfgate::model::Run;

/// Five runs of `parse` that differ by 0.4 %, made on a day and on a machine.
fn session(name: &str, day: i64, commit: &str, machine: &str, level: f64) -> Vec<Run> {
    let values = [-0.004, -0.002, 0.0, 0.002, 0.004].map(|z: f64| level * z.exp());
    let mut runs = times(name, &values);
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for (run, minute) in runs.iter_mut().zip(0..) {
        let after = jiff::SignedDuration::from_mins(1_440 * day + minute);
        run.provenance.started_at = Some(start + after);
        run.provenance.commit = Some(commit.to_owned());
        run.provenance.environment.key = Some(machine.to_owned());
    }
    runs
}

fn judge(baseline: &[Run], current: &[Run]) -> Comparison {
    only(judged(baseline, current))
}

fn assumes_sessions(c: &Comparison) -> bool {
    let of_sessions = |a: &Assumption| matches!(a, Assumption::SessionSpread { .. });
    c.assumed.iter().any(of_sessions)
}

#[test]
fn sessions_of_the_build_of_the_newest_are_compared_with_together() {
    let levels = [100.0, 103.0, 101.0];
    let one_build: Vec<Run> = levels
        .iter()
        .zip(0..)
        .flat_map(|(level, day)| session(&format!("s{day}"), day, "base", "lab", *level))
        .collect();
    let other_builds: Vec<Run> = levels
        .iter()
        .zip(0..)
        .flat_map(|(level, day)| {
            session(&format!("s{day}"), day, &format!("c{day}"), "lab", *level)
        })
        .collect();
    let current = session("now", 9, "head", "lab", 102.0);
    let together = judge(&one_build, &current);
    let alone = judge(&other_builds, &current);
    let base = together.baseline.as_ref().unwrap();
    assert_eq!((base.runs, base.values.len()), (15, 15));
    // The mean of the logarithms of the three.
    assert!((base.value - 101.325).abs() < 0.01, "{}", base.value);
    assert_eq!(alone.baseline.as_ref().unwrap().runs, 5);
    assert!((alone.baseline.as_ref().unwrap().value - 101.0).abs() < 0.01);
    assert!(together.detectable.unwrap() < 0.95 * alone.detectable.unwrap());
}

#[test]
fn runs_that_were_measured_in_turns_are_compared_with_those_of_their_own_session_alone() {
    let mut baseline = session("earlier", 0, "base", "lab", 110.0);
    baseline.extend(session("now", 9, "base", "lab", 100.0));
    let c = judge(&baseline, &session("now", 9, "head", "lab", 100.0));
    let base = c.baseline.unwrap();
    assert_eq!(base.runs, 5);
    assert!((base.value - 100.0).abs() < 0.01);
}

#[test]
fn sessions_of_other_machines_teach_what_sessions_differ_by_each_inside_its_own_machine() {
    // Two machines that are 40 % apart, sessions that differ by 3 % on each.
    let mut baseline = Vec::new();
    for (day, (machine, level)) in [
        ("fast", 100.0),
        ("slow", 140.0),
        ("fast", 103.0),
        ("slow", 144.0),
        ("fast", 100.0),
        ("slow", 140.0),
        ("slow", 144.0),
    ]
    .into_iter()
    .enumerate()
    {
        let day = i64::try_from(day).unwrap();
        let name = format!("s{day}");
        baseline.extend(session(&name, day, &format!("c{day}"), machine, level));
    }
    let current = session("now", 20, "head", "fast", 101.0);
    let taught = judge(&baseline, &current);
    assert!(!assumes_sessions(&taught), "{:?}", taught.assumed);
    let fast_alone: Vec<Run> = baseline
        .iter()
        .filter(|run| run.provenance.environment.key.as_deref() == Some("fast"))
        .cloned()
        .collect();
    let untaught = judge(&fast_alone, &current);
    assert!(assumes_sessions(&untaught), "three sessions teach nothing");
    let (taught, untaught) = (taught.detectable.unwrap(), untaught.detectable.unwrap());
    // The 3 % of the sessions, and nothing of the 40 % between the machines.
    assert!(
        taught > 1.5 * untaught && taught < 0.25,
        "{taught} {untaught}"
    );
}
