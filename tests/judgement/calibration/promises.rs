//! Promises about baselines as teams have them, about errors, drift, and what is advised.

use perfgate::compare::{Judgement, Outcome, Policy, Sides, judge};
use perfgate::model::evidence::{Moments, Point};
use perfgate::model::{
    Anchor, Better, Evidence, Measurement, MetricName, Quantile, Role, Run, Subject, Unit,
};
use perfgate::verdict::{Situation, Verdict, VerdictKind};

use super::noise::{Dice, Shape};
use super::simulation::{self, SERIES, Scene, Setting, Tally};
use super::{at_least, at_most};

fn judged(baseline: &[Run], current: &[Run], anchor: Option<&Anchor>) -> Judgement {
    let sides = Sides {
        baseline,
        current,
        anchor,
        interleaved: false,
    };
    judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1))
}

fn fails(judgement: Judgement) -> bool {
    Verdict::of(judgement, &Policy::default(), Situation::Compared).kind() == VerdictKind::Fail
}

/// Sessions of one commit each, as a baseline on a branch has them: each moves every series by itself.
struct Branch {
    sessions: usize,
    runs: usize,
    between: f64,
    within: f64,
    in_ci: bool,
}

impl Branch {
    fn session(&self, name: &str, dice: &mut Dice) -> Vec<Run> {
        let values: Vec<Vec<f64>> = (0..SERIES)
            .map(|_| {
                let level = 100.0 * (self.between * dice.normal()).exp();
                let each = |_| level * (self.within * dice.normal()).exp();
                (0..self.runs).map(each).collect()
            })
            .collect();
        let mut runs = simulation::runs(name, &values);
        for run in &mut runs {
            run.provenance.commit = Some(name.to_owned());
            if self.in_ci {
                run.provenance.environment.runner = Some("github-hosted".to_owned());
            }
        }
        runs
    }

    fn tally(&self, gates: usize) -> Tally {
        let mut dice = Dice::new(self.between.to_bits() ^ self.sessions as u64);
        let mut tally = Tally::default();
        for _ in 0..gates {
            let baseline: Vec<Run> = (0..self.sessions)
                .flat_map(|i| self.session(&format!("commit {i}"), &mut dice))
                .collect();
            let current = self.session("head", &mut dice);
            tally.gates += 1;
            tally.failed += usize::from(fails(judged(&baseline, &current, None)));
        }
        tally
    }
}

#[test]
fn ordinary_baselines_of_one_session_a_commit_fail_at_most_one_unchanged_gate_in_a_hundred() {
    let mut all = Tally::default();
    for sessions in [6, 12] {
        for between in [0.0, 0.01, 0.02, 0.03, 0.05] {
            let branch = Branch {
                sessions,
                runs: 5,
                between,
                within: 0.005,
                in_ci: false,
            };
            let tally = branch.tally(150);
            let what = format!("{sessions} sessions that differ by {between}");
            at_most(0.01, tally.failed, tally, &what);
            all = all.add(tally);
        }
    }
    at_most(0.01, all.failed, all, "sessions of one commit each");
}

/// Jobs of hosted runners of one model of machine differ by 4 %, and 5 % is assumed until the baseline tells.
#[test]
fn hosted_runners_fail_at_most_one_unchanged_gate_in_a_hundred_with_any_number_of_sessions() {
    for sessions in [1, 2, 4, 8, 16] {
        for within in [0.003, 0.01] {
            let branch = Branch {
                sessions,
                runs: 5,
                between: 0.04,
                within,
                in_ci: true,
            };
            let tally = branch.tally(120);
            let what = format!("{sessions} stored sessions, runs {within}");
            at_most(0.01, tally.failed, tally, &what);
        }
    }
}

/// How error rates of unchanged code vary, as shares of them.
#[derive(Clone, Copy, Debug)]
struct Varying {
    runs: f64,
    sessions: f64,
}

/// Log-normal with mean 1 and this coefficient of variation.
fn factor(varies: f64, dice: &mut Dice) -> f64 {
    let sigma = (1.0 + varies * varies).ln().sqrt();
    (sigma * dice.normal() - sigma * sigma / 2.0).exp()
}

/// Ten endpoints whose error rate is 1 %, and differs from run to run and from session to session.
fn failing(session: &str, runs: usize, varying: Varying, dice: &mut Dice) -> Vec<Run> {
    const REQUESTS: u64 = 6_000;
    let of_session: Vec<f64> = (0..SERIES)
        .map(|_| factor(varying.sessions, dice))
        .collect();
    let mut all = vec![Run::default(); runs];
    for run in &mut all {
        run.provenance.session = Some(session.to_owned());
        run.provenance.commit = Some(session.to_owned());
        for (endpoint, level) in of_session.iter().enumerate() {
            // Poisson events by the normal approximation.
            let rate = 0.01 * level * factor(varying.runs, dice);
            let mean = rate * REQUESTS as f64;
            let count = (mean + mean.sqrt() * dice.normal())
                .round()
                .clamp(0.0, 5_999.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped"
            )]
            let evidence = Evidence::proportion(count as u64, REQUESTS).expect("a share");
            let measurement = Measurement {
                unit: Unit::none(),
                better: Better::Lower,
                role: Role::Outcome,
                evidence,
            };
            let subject = Subject::new(format!("GET /{endpoint}"));
            run.insert(subject, MetricName::new(MetricName::ERRORS), measurement);
        }
    }
    all
}

#[test]
fn errors_whose_rates_vary_fail_at_most_one_unchanged_gate_in_a_hundred() {
    for varies in [0.0, 0.25, 0.5] {
        for runs in [1, 3, 5] {
            let varying = Varying {
                runs: varies,
                sessions: 0.0,
            };
            let mut dice = Dice::new(runs as u64 ^ f64::to_bits(varies));
            let mut tally = Tally::default();
            for _ in 0..200 {
                let base = failing("today", runs, varying, &mut dice);
                let current = failing("today", runs, varying, &mut dice);
                tally.gates += 1;
                tally.failed += usize::from(fails(judged(&base, &current, None)));
            }
            at_most(0.01, tally.failed, tally, &format!("{runs} runs, {varies}"));
        }
    }
}

/// With a history that tells what sessions of a service differ by.
#[test]
fn errors_whose_rates_vary_between_sessions_fail_at_most_one_unchanged_gate_in_a_hundred() {
    let mut all = Tally::default();
    for sessions in [0.0, 0.25, 0.5] {
        for runs in [0.0, 0.5] {
            let varying = Varying { runs, sessions };
            let mut dice = Dice::new(runs.to_bits() ^ sessions.to_bits() ^ 9);
            let mut tally = Tally::default();
            for _ in 0..150 {
                let baseline: Vec<Run> = (0..9)
                    .flat_map(|i| failing(&format!("commit {i}"), 5, varying, &mut dice))
                    .collect();
                let current = failing("head", 5, varying, &mut dice);
                tally.gates += 1;
                tally.failed += usize::from(fails(judged(&baseline, &current, None)));
            }
            at_most(0.01, tally.failed, tally, &format!("{varying:?}"));
            all = all.add(tally);
        }
    }
    at_most(0.01, all.failed, all, "errors across sessions");
}

/// Percentiles in whole steps of 10 ms, of runs that differ by less than a step.
fn rounded(session: &str, level: f64, dice: &mut Dice) -> Vec<Run> {
    let mut all = vec![Run::default(); 5];
    for run in &mut all {
        run.provenance.session = Some(session.to_owned());
        let value = (level * (0.01 * dice.normal()).exp() / 10.0).round() * 10.0;
        let point = Point {
            value,
            resolution: 10.0,
        };
        let evidence = Evidence::quantiles([(Quantile::P95, point)], 6_000, Moments::default());
        let measurement = Measurement {
            unit: Unit::new("ms"),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: evidence.expect("a percentile"),
        };
        run.insert(
            Subject::new("GET /"),
            MetricName::new(MetricName::LATENCY),
            measurement,
        );
    }
    all
}

#[test]
fn rounded_percentiles_never_break_a_drift_budget_by_themselves() {
    let mut dice = Dice::new(7);
    for _ in 0..400 {
        let level = 105.0 + 200.0 * dice.uniform();
        let anchor = Anchor {
            label: "v1".to_owned(),
            budget: 0.02,
            runs: rounded("then", level, &mut dice),
        };
        let baseline = rounded("before", level, &mut dice);
        let current = rounded("now", level, &mut dice);
        let judgement = judged(&baseline, &current, Some(&anchor));
        let broken = |c: &perfgate::compare::Comparison| c.drift.as_ref().is_some_and(|d| d.broken);
        assert!(!judgement.comparisons.iter().any(broken), "{level}");
    }
}

fn scene(spread: f64, runs: usize, slower: f64) -> Scene {
    Scene {
        shape: Shape::Normal,
        spread,
        runs,
        setting: Setting::OneSession,
        slower,
    }
}

#[test]
fn gates_that_get_as_many_runs_as_advised_are_settled_in_85_of_100() {
    let mut tally = Tally::default();
    for spread in [0.015, 0.02, 0.03] {
        let mut dice = Dice::new(f64::to_bits(spread));
        for slower in [0.0, 0.05] {
            for gate in 0..60 {
                let series = gate % SERIES;
                let first = simulation::deal(&scene(spread, 5, slower), &mut dice, series).judge();
                let Some(runs) = first.comparisons[series].runs_needed else {
                    continue;
                };
                let again = scene(spread, usize::try_from(runs).expect("few"), slower);
                let second = simulation::deal(&again, &mut dice, series).judge();
                tally.gates += 1;
                let settled =
                    !matches!(second.comparisons[series].outcome, Outcome::Inconclusive(_));
                tally.found += usize::from(settled);
            }
        }
    }
    assert!(tally.gates > 150, "{tally:?}");
    at_least(0.85, tally, "settled with the advised number of runs");
}

#[test]
fn a_change_of_the_detectable_size_is_found_in_80_of_100() {
    let mut tally = Tally::default();
    for spread in [0.01, 0.02, 0.04] {
        let mut dice = Dice::new(f64::to_bits(spread) ^ 3);
        for gate in 0..120 {
            let series = gate % SERIES;
            let first = simulation::deal(&scene(spread, 5, 0.0), &mut dice, series).judge();
            let by = first.comparisons[series].detectable.expect("a size");
            let second = simulation::deal(&scene(spread, 5, by), &mut dice, series).judge();
            tally.gates += 1;
            tally.found += usize::from(second.comparisons[series].outcome == Outcome::Regressed);
        }
    }
    at_least(0.80, tally, "a change of the detectable size");
}
