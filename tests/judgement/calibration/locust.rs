//! Runs of a load tool that tells percentiles, rounded as Locust rounds them, of a few hundred or thousand requests.

use perfgate::compare::{Judgement, Outcome, Policy, Sides, judge};
use perfgate::model::evidence::{Moments, Point};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Quantile, Role, Run, Statistic, Subject, Unit,
};
use perfgate::verdict::{Situation, Verdict, VerdictKind};

use super::noise::Dice;
use super::simulation::Tally;
use super::{at_least, at_most};

const ENDPOINTS: usize = 5;
const RUNS: usize = 5;

/// What is asked of one endpoint.
#[derive(Clone, Copy)]
struct Service {
    requests: usize,
    /// How much slower the slowest twentieth of the requests is.
    tail: f64,
    /// What its runs differ by.
    between_runs: f64,
    failed: f64,
}

impl Service {
    const fn usual(requests: usize) -> Self {
        Self {
            requests,
            tail: 1.0,
            between_runs: 0.01,
            failed: 0.002,
        }
    }
}

/// Two digits, and whole milliseconds.
fn rounded(ms: f64) -> (f64, f64) {
    let step = if ms >= 100.0 { 10.0 } else { 1.0 };
    ((ms / step).round() * step, step)
}

fn measurement(unit: &str, evidence: Evidence) -> Measurement {
    Measurement {
        unit: Unit::new(unit),
        better: Better::Lower,
        role: Role::Outcome,
        evidence,
    }
}

fn latency(service: Service, typical: f64, dice: &mut Dice) -> Evidence {
    let level = typical * (service.between_runs * dice.normal()).exp();
    let mut each: Vec<f64> = (0..service.requests)
        .map(|_| level * (0.4 * dice.normal()).exp())
        .collect();
    each.sort_by(f64::total_cmp);
    let slow = service.requests - service.requests / 20;
    each.iter_mut()
        .skip(slow)
        .for_each(|ms| *ms *= service.tail);
    let at = |fraction: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index of a few thousand"
        )]
        let index = (fraction * (each.len() - 1) as f64).round() as usize;
        let (value, resolution) = rounded(each[index]);
        Point { value, resolution }
    };
    let points = [0.5, 0.95, 0.99].map(|fraction| {
        let quantile = Quantile::from_fraction(fraction).expect("a percentile");
        (quantile, at(fraction))
    });
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    let moments = Moments {
        mean: Some(mean),
        ..Moments::default()
    };
    Evidence::quantiles(points, service.requests as u64, moments).expect("percentiles")
}

/// Failures in order of their chance.
fn failures(service: Service, dice: &mut Dice) -> Evidence {
    let failed = (0..service.requests).filter(|_| dice.uniform() < service.failed);
    Evidence::proportion(failed.count() as u64, service.requests as u64).expect("a share")
}

/// The runs of one side; the first endpoint is the one that changes.
fn side(first: Service, others: Service, dice: &mut Dice) -> Vec<Run> {
    let mut runs = vec![Run::default(); RUNS];
    for run in &mut runs {
        run.provenance.session = Some("today".to_owned());
        for endpoint in 0..ENDPOINTS {
            let service = if endpoint == 0 { first } else { others };
            let subject = Subject::new(format!("GET /{endpoint}"));
            let typical = [60.0, 25.0, 140.0, 80.0, 45.0][endpoint];
            let metric = MetricName::new(MetricName::LATENCY);
            run.insert(
                subject.clone(),
                metric,
                measurement("ms", latency(service, typical, dice)),
            );
            let metric = MetricName::new(MetricName::ERRORS);
            run.insert(subject, metric, measurement("", failures(service, dice)));
        }
    }
    runs
}

fn judged(requests: usize, changed: Service, dice: &mut Dice) -> Judgement {
    let usual = Service::usual(requests);
    let (baseline, current) = (side(usual, usual, dice), side(changed, usual, dice));
    let sides = Sides {
        baseline: &baseline,
        current: &current,
        anchor: None,
        interleaved: false,
    };
    judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1))
}

/// How many gates fail, and in how many the first endpoint regressed in this statistic.
fn gates(requests: usize, changed: Service, of: Statistic, gates: usize) -> Tally {
    let mut dice = Dice::new(requests as u64 ^ changed.tail.to_bits() ^ changed.failed.to_bits());
    let mut tally = Tally::default();
    for _ in 0..gates {
        let judgement = judged(requests, changed, &mut dice);
        let found = judgement.comparisons.iter().any(|c| {
            let first = c.series.subject.as_str() == "GET /0";
            first && c.series.statistic == of && c.outcome == Outcome::Regressed
        });
        let verdict = Verdict::of(judgement, &Policy::default(), Situation::Compared);
        tally.gates += 1;
        tally.found += usize::from(found);
        tally.failed += usize::from(verdict.kind() == VerdictKind::Fail);
    }
    tally
}

fn p95() -> Statistic {
    Statistic::Quantile(Quantile::P95)
}

#[test]
fn unchanged_loads_of_a_tool_that_rounds_fail_in_at_most_one_of_a_hundred_gates() {
    for (requests, count) in [(600, 150), (6_000, 60)] {
        let tally = gates(requests, Service::usual(requests), p95(), count);
        at_most(0.01, tally.failed, tally, &format!("{requests} requests"));
    }
}

#[test]
fn a_tail_alone_that_is_half_as_slow_again_is_found_in_p99_of_six_thousand_requests() {
    let changed = Service {
        tail: 1.5,
        ..Service::usual(6_000)
    };
    let tally = gates(6_000, changed, Statistic::Quantile(Quantile::P99), 40);
    at_least(0.80, tally, "p99 of 6,000 requests");
}

#[test]
fn runs_that_differ_more_than_before_and_are_no_slower_do_not_fail() {
    let changed = Service {
        between_runs: 0.05,
        ..Service::usual(600)
    };
    let tally = gates(600, changed, p95(), 100);
    at_most(0.02, tally.failed, tally, "a change of spread alone");
}

#[test]
fn one_request_in_a_hundred_more_that_fails_is_found_with_six_thousand_requests() {
    let changed = Service {
        failed: 0.012,
        ..Service::usual(6_000)
    };
    let tally = gates(6_000, changed, Statistic::Rate, 40);
    at_least(0.80, tally, "errors of 6,000 requests");
}
