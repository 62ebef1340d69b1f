//! Simulated runs of a minute at 200 requests a second: what is said of them, and what is not.

use std::time::Duration;

use super::super::{Figures, PhaseTime, Record, RequestTimes, Span, TimeRange};
use crate::load::http::{Failure, FailureKind};
use crate::model::{Evidence, Run};

const RUN_S: u32 = 60;
const RATE: u32 = 200;
/// Of a log-normal latency whose standard deviation is 30 % of its mean.
const SPREAD: f64 = 0.2936;

fn range(from: f64, until: f64) -> TimeRange {
    TimeRange {
        from: Duration::from_secs_f64(from),
        until: Duration::from_secs_f64(until),
    }
}

fn figures(subjects: &[&str], when: TimeRange) -> Figures {
    Figures {
        prefix: None,
        subjects: subjects.iter().map(|&name| name.to_owned()).collect(),
        spans: vec![Span {
            name: None,
            counted: when.length(),
            when: vec![when],
            steady: true,
        }],
        phases: Vec::new(),
        slow: None,
        wholes: Vec::new(),
        once: Vec::new(),
        open: true,
    }
}

fn fail(record: &mut Record, tally: usize, at: f64) {
    let failure = Failure::new(FailureKind::Status, "status 500");
    record.fail(tally, &failure);
    record.ended(tally, Duration::from_secs_f64(at), None);
}

fn succeed(record: &mut Record, tally: usize, at: f64, ms: f64) {
    let response = Duration::from_secs_f64(ms / 1e3);
    let times = RequestTimes {
        response,
        own_delay: Duration::ZERO,
        service: response,
    };
    record.succeed(tally, times);
    record.ended(tally, Duration::from_secs_f64(at), Some(response));
}

/// Noise of the standard deviation 1 of which neighbours are alike by 0.4.
struct Noise {
    random: fastrand::Rng,
    last: f64,
}

impl Noise {
    fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            last: 0.0,
        }
    }

    fn next(&mut self) -> f64 {
        // Box and Muller 1958.
        let (radius, angle) = (1.0 - self.random.f64(), self.random.f64());
        let fresh = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        self.last = 0.4 * self.last + 0.84_f64.sqrt() * fresh;
        self.last
    }
}

/// A run whose latency, 2 ms at first, goes as `level` says; with a second in which everything took four times as long.
fn simulated(seed: u64, level: impl Fn(f64) -> f64) -> Run {
    let (mut each, mut second) = (Noise::new(seed), Noise::new(seed + 1_000_000));
    let spike = each.random.u32(0..RUN_S);
    let mut record = Record::new(1);
    for s in 0..RUN_S {
        let common = 0.03 * second.next() + if s == spike { 4.0_f64.ln() } else { 0.0 };
        for n in 0..RATE {
            let at = f64::from(s) + f64::from(n) / f64::from(RATE);
            let ms = 2.0 * level(at) * (common + SPREAD * each.next()).exp();
            succeed(&mut record, 0, at, ms);
        }
    }
    written(&figures(&["GET /"], range(0.0, f64::from(RUN_S))), &record)
}

fn written(figures: &Figures, record: &Record) -> Run {
    let mut run = Run::default();
    figures.write(record, 0.0, &mut run).unwrap();
    run
}

fn value(run: &Run, subject: &str, metric: &str) -> f64 {
    match run.subjects[subject][metric].evidence {
        Evidence::Value(value) => value,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_gets_slower_by_a_third_is_found_and_a_steady_one_is_not() {
    let trends = |seeds: std::ops::Range<u64>, rise: f64| -> Vec<(f64, usize)> {
        seeds
            .map(|seed| {
                let run = simulated(seed, |at| 1.0 + rise * at / f64::from(RUN_S));
                let trend = value(&run, "GET /", "latency_trend");
                (trend.max(value(&run, "GET /", "step")), run.warnings.len())
            })
            .collect()
    };
    let steady = trends(0..200, 0.0);
    let claimed = steady.iter().filter(|(trend, _)| *trend > 0.0).count();
    assert!(claimed <= 2, "{claimed} of 200: {steady:?}");
    assert!(
        steady
            .iter()
            .all(|(trend, said)| *trend < 10.0 && *said == 0)
    );
    let planted = trends(500..600, 0.3);
    let found = planted
        .iter()
        .filter(|(trend, _)| (15.0..45.0).contains(trend));
    assert!(found.clone().count() >= 95, "{planted:?}");
    let told = planted.iter().filter(|(_, said)| *said == 1).count();
    assert!(told >= 95, "{told}");
}

#[test]
fn a_step_is_told_with_its_time_and_both_levels() {
    for seed in 0..20 {
        let run = simulated(seed, |at| if at < 12.0 { 1.0 } else { 5.0 });
        let said = run.warnings.join("\n");
        assert!(
            said.starts_with("latency of `GET /` rose from "),
            "{seed}: {said}"
        );
        assert!(said.ends_with(" ms at 0:12 and stayed"), "{seed}: {said}");
        let (trend, step) = (
            value(&run, "GET /", "latency_trend"),
            value(&run, "GET /", "step"),
        );
        assert!(
            (370.0..430.0).contains(&trend) && (trend - step).abs() < 1e-9,
            "{trend}"
        );
    }
    // It comes back: no step, and no trend.
    let spell = simulated(3, |at| if (20.0..35.0).contains(&at) { 3.0 } else { 1.0 });
    assert_eq!(value(&spell, "GET /", "latency_trend"), 0.0);
}

#[test]
fn a_latency_that_falls_is_no_degradation() {
    let run = simulated(1, |at| if at < 6.0 { 4.0 } else { 1.0 });
    assert_eq!(value(&run, "GET /", "latency_trend"), 0.0);
    assert_eq!(run.warnings, [""; 0]);
}

#[test]
fn a_load_that_changes_has_no_trend() {
    let mut figures = figures(&["GET /"], range(0.0, 60.0));
    figures.spans[0].steady = false;
    let mut record = Record::new(1);
    succeed(&mut record, 0, 1.0, 2.0);
    assert!(!written(&figures, &record).subjects["GET /"].contains_key("latency_trend"));
}

#[test]
fn one_endpoint_that_is_away_has_an_outage_of_its_own() {
    let figures = figures(&["GET /", "GET /down", "GET /flaky"], range(0.0, 20.0));
    let mut record = Record::new(3);
    let mut random = fastrand::Rng::with_seed(5);
    for n in 0..4_000 {
        let at = f64::from(n) / 200.0;
        record
            .silence
            .succeed(Duration::from_secs_f64(at), Duration::from_secs_f64(at));
        succeed(&mut record, 0, at, 2.0);
        match at {
            at if (4.0..6.0).contains(&at) || (9.0..9.5).contains(&at) => fail(&mut record, 1, at),
            at => succeed(&mut record, 1, at, 2.0),
        }
        // Asked rarely, and half of its answers are errors: no outage, however many follow each other.
        if n % 50 == 0 && random.bool() {
            fail(&mut record, 2, at);
        } else if n % 50 == 0 {
            succeed(&mut record, 2, at, 2.0);
        }
    }
    let run = written(&figures, &record);
    for (subject, metric, seconds) in [
        ("GET /", "outage", 0.0),
        ("GET /down", "outage", 2.5),
        ("GET /down", "outage_longest", 2.0),
        ("GET /flaky", "outage", 0.0),
        ("total", "outage", 0.0),
    ] {
        let measured = value(&run, subject, metric);
        assert!(
            (measured - seconds).abs() < 0.11,
            "{subject} {metric}: {measured}"
        );
    }
    let said =
        "no request of `GET /down` succeeded for 2.5 s in all, 2.0 s at the longest, from 0:04";
    assert_eq!(run.warnings, [said]);
    assert_eq!(value(&run, "GET /down", "errors_trend"), 0.0);
}

#[test]
fn errors_that_become_more_are_told_in_points() {
    let mut record = Record::new(1);
    let mut random = fastrand::Rng::with_seed(5);
    for n in 0..6_000 {
        let at = f64::from(n) / 100.0;
        match random.f64() < 0.1 * at / 60.0 {
            true => fail(&mut record, 0, at),
            false => succeed(&mut record, 0, at, 2.0),
        }
    }
    let run = written(&figures(&["GET /"], range(0.0, 60.0)), &record);
    let rise = value(&run, "GET /", "errors_trend");
    assert!((7.0..13.0).contains(&rise), "{rise}");
    let said = format!("errors of `GET /` rose over the run: by {rise:.1} points");
    assert_eq!(run.warnings, [said]);
}

/// Ten seconds at 100/s, ten at 400/s, twenty at 100/s, of which the first four are slow.
#[test]
fn the_time_from_a_spike_until_the_latency_is_back_is_measured() {
    let recovery = |slow_until: f64| {
        let mut figures = figures(&["GET /"], range(0.0, 10.0));
        figures.spans[0].steady = false;
        figures.spans[0].when.push(range(20.0, 40.0));
        let phase = |span, from, until, rate| PhaseTime {
            span,
            when: range(from, until),
            from: rate,
            to: rate,
        };
        figures.phases = vec![
            phase(Some(0), 0.0, 10.0, 100.0),
            phase(None, 10.0, 20.0, 400.0),
            phase(Some(0), 20.0, 40.0, 100.0),
        ];
        let mut record = Record::new(1);
        for n in 0..4_000 {
            let at = f64::from(n) / 100.0;
            if !(10.0..20.0).contains(&at) {
                let slow = (20.0..slow_until).contains(&at);
                succeed(&mut record, 0, at, if slow { 9.0 } else { 2.0 });
            }
        }
        let run = written(&figures, &record);
        (value(&run, "GET /", "recovery"), run.warnings)
    };
    assert_eq!(recovery(20.0), (0.0, Vec::new()));
    let (seconds, said) = recovery(24.0);
    assert!(
        (3.5..=4.5).contains(&seconds) && said.is_empty(),
        "{seconds}"
    );
    let (seconds, said) = recovery(40.0);
    assert_eq!(seconds, 20.0);
    assert!(
        said[0].starts_with("latency of `GET /` was not back at 2.0 ms within the 20 s"),
        "{said:?}"
    );
}
