//! What measuring the current side again promises, on noise whose truth is known: fewer alarms than one look has, and
//! no fewer changes found.

use perfgate::ab::{Again, Confirmation};
use perfgate::compare::{Judgement, Outcome, Policy, Sides, judge};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Provenance, Role, Run, Subject, Unit,
};

use super::calibration::noise::Dice;

const SERIES: usize = 10;
const RUNS: usize = 5;

/// Runs of one session. `slower` is the first series by so much.
fn session(name: &str, runs: usize, slower: f64, (dice, spread): (&mut Dice, f64)) -> Vec<Run> {
    // Sessions of a machine that the user named are assumed to differ by 1 %, and do.
    let shifts: [f64; SERIES] = std::array::from_fn(|_| 0.01 * dice.normal());
    let mut made = Vec::new();
    for _ in 0..runs {
        let mut run = Run {
            provenance: Provenance {
                session: Some(name.to_owned()),
                ..Provenance::default()
            },
            ..Run::default()
        };
        for (index, shift) in shifts.iter().enumerate() {
            let factor = if index == 0 { 1.0 + slower } else { 1.0 };
            let value = 100.0 * factor * (shift + spread * dice.normal()).exp();
            let measurement = Measurement {
                unit: Unit::new("ms"),
                better: Better::Lower,
                role: Role::Outcome,
                evidence: Evidence::samples(vec![value]).unwrap(),
            };
            let subject = Subject::new(format!("bench{index}"));
            run.insert(subject, MetricName::new(MetricName::TIME), measurement);
        }
        made.push(run);
    }
    made
}

#[derive(Debug, Default)]
struct Tally {
    red_at_once: usize,
    alarms: usize,
    found_at_once: usize,
    found: usize,
    measured_again: usize,
}

fn is_red(judgement: &Judgement, changed: bool) -> bool {
    let red = judgement.comparisons.iter();
    red.filter(|c| c.outcome == Outcome::Regressed)
        .any(|c| (c.series.subject.as_str() == "bench0") == changed)
}

fn play(gates: u64, slower: f64, spread: f64) -> Tally {
    let policy = Policy::default();
    let today = jiff::civil::date(2026, 1, 1);
    let mut tally = Tally::default();
    for gate in 0..gates {
        let mut dice = Dice::new(gate * 7919 + 5);
        let baseline = session("before", RUNS, 0.0, (&mut dice, spread));
        let mut current = session("now", 2 * RUNS, slower, (&mut dice, spread));
        let pooled = current.clone();
        let fresh = current.split_off(RUNS);
        let sides = |current| Sides {
            baseline: &baseline,
            current,
            anchor: None,
            interleaved: false,
        };
        let first = judge(&sides(&current), &policy, today);
        let is_changed = slower > 0.0;
        tally.found_at_once += usize::from(is_changed && is_red(&first, true));
        tally.red_at_once +=
            usize::from(is_red(&first, false) || !is_changed && is_red(&first, true));
        let confirmation = Confirmation::of(first.clone());
        let last = if confirmation.is_needed() {
            tally.measured_again += 1;
            let again = Again {
                pooled: sides(&pooled),
                fresh: sides(&fresh),
            };
            confirmation
                .decide(&again, (RUNS, RUNS), (&policy, today))
                .judgement
        } else {
            first
        };
        tally.found += usize::from(is_changed && is_red(&last, true));
        tally.alarms += usize::from(is_red(&last, false) || !is_changed && is_red(&last, true));
    }
    tally
}

#[test]
fn unchanged_code_raises_no_alarm_and_is_seldom_measured_again() {
    let tally = play(50, 0.0, 0.02);
    assert_eq!(tally.alarms, 0, "{tally:?}");
    assert!(tally.measured_again <= 20, "{tally:?}");
}

#[test]
fn measuring_again_finds_more_than_one_look_did() {
    let tally = play(50, 0.10, 0.03);
    assert!(tally.found > tally.found_at_once, "{tally:?}");
}

#[test]
#[ignore = "an overview for people: cargo test --test judgement confirmed:: -- --ignored --nocapture"]
fn overview() {
    for (slower, spread) in [(0.0, 0.01), (0.0, 0.04), (0.05, 0.02), (0.10, 0.04)] {
        eprintln!("{slower} {spread}: {:?}", play(300, slower, spread));
    }
}
