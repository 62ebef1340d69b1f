//! What the gate does not see, as the page says it: each figure of its table is computed here.

use perfgate::compare::{Outcome, Policy, Sides, judge};
use perfgate::model::Run;
use perfgate::verdict::{Situation, Verdict, VerdictKind};

use super::noise::{Dice, Shape};
use super::simulation::{self, SERIES, Scene, Setting, Tally};

#[track_caller]
fn said(sentence: &str) {
    let page = format!("{}/docs/how-it-decides.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(page).expect("the page is there");
    let prose = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        prose.contains(sentence),
        "the page does not say: {sentence}"
    );
}

/// A gate of ten, of which the first series is so many times as slow.
fn outcome(base: &[f64], by: f64, in_ci: bool) -> Outcome {
    let side = |name: &str, by: f64| -> Vec<Run> {
        let values = |series: usize| -> Vec<f64> {
            let factor = if series == 0 { by } else { 1.0 };
            base.iter().map(|value| value * factor).collect()
        };
        let all: Vec<Vec<f64>> = (0..SERIES).map(values).collect();
        let mut runs = simulation::runs(name, &all);
        for run in &mut runs {
            run.provenance.environment.runner = in_ci.then(|| "github-hosted".to_owned());
        }
        runs
    };
    let (baseline, current) = (side("before", 1.0), side("now", by));
    let sides = Sides {
        baseline: &baseline,
        current: &current,
        anchor: None,
        interleaved: false,
    };
    let judgement = judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1));
    judgement.comparisons[0].outcome
}

/// The smallest change that fails in a gate of ten.
fn fails_from(base: &[f64], in_ci: bool) -> f64 {
    let (mut low, mut high) = (1.0, 16.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if outcome(base, middle, in_ci) == Outcome::Regressed {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[test]
fn few_runs_fail_from_the_size_on_that_the_page_says() {
    let (one, three) = (fails_from(&[100.0], false), fails_from(&[100.0; 3], false));
    said(&format!(
        "one run a side fails in a gate of ten from {one:.1} times as slow on, three from {three:.1} times on"
    ));
}

#[test]
fn two_sessions_of_ci_fail_from_the_size_on_that_the_page_says() {
    let quiet = [99.8, 99.9, 100.0, 100.1, 100.2];
    let by = 100.0 * (fails_from(&quiet, true) - 1.0);
    said(&format!("changes below +{by:.0} % are possible at most"));
}

/// A tail differs by 10 to 20 % from run to run on most services.
#[test]
fn tails_are_found_as_often_as_the_page_says() {
    let found = |slower: f64| {
        let scene = Scene {
            shape: Shape::Normal,
            spread: 0.15,
            runs: 5,
            setting: Setting::OneSession,
            slower,
        };
        let tally = simulation::play(&scene, 300);
        format!("{:.0}", tally.percent(tally.found))
    };
    let (quarter, half) = (found(0.25), found(0.5));
    said(&format!(
        "of a tail that differs by 15 % from run to run, +25 % is found in {quarter} of 100 gates and +50 % in {half}"
    ));
}

#[test]
fn a_change_of_spread_alone_is_seen_as_seldom_as_the_page_says() {
    let mut dice = Dice::new(5);
    let (mut tally, mut noticed) = (Tally::default(), 0);
    for _ in 0..300 {
        let mut side = |spread: f64| -> Vec<Vec<f64>> {
            let each = |of: f64, dice: &mut Dice| 100.0 * (of * dice.normal()).exp();
            (0..SERIES)
                .map(|series| {
                    let of = if series == 0 { spread } else { 0.01 };
                    (0..5).map(|_| each(of, &mut dice)).collect()
                })
                .collect()
        };
        let baseline = simulation::runs("today", &side(0.01));
        let current = simulation::runs("today", &side(0.05));
        let sides = Sides {
            baseline: &baseline,
            current: &current,
            anchor: None,
            interleaved: false,
        };
        let judgement = judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1));
        noticed += usize::from(judgement.comparisons[0].outcome != Outcome::Unchanged);
        let verdict = Verdict::of(judgement, &Policy::default(), Situation::Compared);
        tally.gates += 1;
        tally.failed += usize::from(verdict.kind() == VerdictKind::Fail);
    }
    said(&format!(
        "runs that differ by 5 % instead of 1 % fail {:.0} of 100 gates, and leave the series inconclusive in {:.0}",
        tally.percent(tally.failed),
        tally.percent(noticed)
    ));
}
