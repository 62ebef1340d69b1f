//! Hosted runners: each job meets a machine of a mix, and everything on it moves together.

use std::collections::BTreeMap;

use perfgate::compare::{Policy, Sides, judge};
use perfgate::model::Run;
use perfgate::verdict::{Situation, Verdict, VerdictKind};

use super::at_most;
use super::noise::Dice;
use super::simulation::{SERIES, Tally, runs};

/// The share of each model of machine in public measurements of hosted runners, and how much slower it is than the first.
const MODELS: [(f64, f64); 5] = [
    (0.49, 1.0),
    (0.40, 1.25),
    (0.09, 1.15),
    (0.01, 1.1),
    (0.01, 1.2),
];
/// What models differ by in one series, beside their factor.
const OF_MODEL_AND_SERIES: f64 = 0.05;
const OF_JOB: f64 = 0.04;

struct Runners {
    /// By model and series.
    levels: Vec<Vec<f64>>,
    within: f64,
}

impl Runners {
    fn new(within: f64, dice: &mut Dice) -> Self {
        let levels = MODELS
            .iter()
            .map(|(_, factor)| {
                let each = |_| 100.0 * factor * (OF_MODEL_AND_SERIES * dice.normal()).exp();
                (0..SERIES).map(each).collect()
            })
            .collect();
        Self { levels, within }
    }

    /// Five runs of one commit on whatever machine the job gets.
    fn job(&self, name: &str, day: i64, dice: &mut Dice) -> Vec<Run> {
        let mut drawn = dice.uniform();
        let model = MODELS
            .iter()
            .position(|(share, _)| {
                drawn -= share;
                drawn < 0.0
            })
            .unwrap_or(0);
        let values: Vec<Vec<f64>> = self.levels[model]
            .iter()
            .map(|level| {
                let level = level * (OF_JOB * dice.normal()).exp();
                let each = |_| level * (self.within * dice.normal()).exp();
                (0..5).map(each).collect()
            })
            .collect();
        let mut all = runs(name, &values);
        for run in &mut all {
            let start = jiff::Timestamp::from_second(1_780_000_000 + 86_400 * day);
            run.provenance.started_at = start.ok();
            run.provenance.commit = Some(name.to_owned());
            let environment = &mut run.provenance.environment;
            environment.cpu = Some(format!("model {model}"));
            environment.runner = Some("github-hosted".to_owned());
        }
        all
    }
}

/// How many gates fail, and how many meet a machine that the baseline does not know.
fn gates(sessions: i64, within: f64, gates: usize) -> (Tally, usize) {
    let mut dice = Dice::new(u64::from_ne_bytes(sessions.to_ne_bytes()) ^ within.to_bits());
    let (mut tally, mut unknown) = (Tally::default(), 0);
    for _ in 0..gates {
        let runners = Runners::new(within, &mut dice);
        let baseline: Vec<Run> = (0..sessions)
            .flat_map(|day| runners.job(&format!("commit {day}"), day, &mut dice))
            .collect();
        let current = runners.job("head", sessions, &mut dice);
        let sides = Sides {
            baseline: &baseline,
            current: &current,
            anchor: None,
            interleaved: false,
        };
        let judgement = judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1));
        tally.gates += 1;
        if judgement.has_no_baseline() {
            unknown += 1;
            continue;
        }
        let verdict = Verdict::of(judgement, &Policy::default(), Situation::Compared);
        tally.failed += usize::from(verdict.kind() == VerdictKind::Fail);
    }
    (tally, unknown)
}

#[test]
fn hosted_runners_of_several_models_fail_at_most_one_unchanged_gate_in_a_hundred() {
    let mut all = Tally::default();
    for sessions in [1, 2, 3, 5, 10, 20] {
        for within in [0.003, 0.01] {
            let (tally, _) = gates(sessions, within, 100);
            at_most(
                0.01,
                tally.failed,
                tally,
                &format!("{sessions} sessions, runs {within}"),
            );
            all = all.add(tally);
        }
    }
    at_most(0.01, all.failed, all, "hosted runners");
}

/// The share that a job meets a machine of which none of so many stored sessions is.
fn unknown_share(sessions: i32) -> f64 {
    let of = |(share, _): &(f64, f64)| share * (1.0 - share).powi(sessions);
    MODELS.iter().map(of).sum()
}

#[test]
fn the_share_of_gates_that_meet_an_unknown_machine_is_the_one_in_the_docs() {
    let page = include_str!("../../../docs/how-it-decides.md");
    let mut said = BTreeMap::new();
    for sessions in [5, 10, 20] {
        let share = (100.0 * unknown_share(sessions)).round();
        said.insert(sessions, format!("{share:.0} %"));
        let (tally, unknown) = gates(i64::from(sessions), 0.003, 150);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred gates")]
        let seen = unknown as f64 / tally.gates as f64;
        assert!((seen - share / 100.0).abs() < 0.09, "{sessions}: {seen}");
    }
    let sentence = format!(
        "with 5, 10 and 20 stored sessions {}, {} and {} of the gates",
        said[&5], said[&10], said[&20]
    );
    let prose = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        prose.contains(&sentence),
        "the page does not say: {sentence}"
    );
}
