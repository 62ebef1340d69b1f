//! Runs made by hand, and what is judged of them.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what is built here is known"
)]

use perfgate::compare::{
    Budgets, Comparison, Judgement, Origin, Pattern, Policy, Rule, Sides, judge,
};
use perfgate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};
use perfgate::verdict::{Situation, Verdict, VerdictKind};

pub(crate) const TODAY: jiff::civil::Date = jiff::civil::date(2026, 6, 1);

/// The runs of one side in one session, still to be filled with what they measured.
#[derive(Clone)]
pub(crate) struct Session(pub Vec<Run>);

impl Session {
    pub(crate) fn new(name: &str, runs: usize) -> Self {
        let mut run = Run::default();
        run.provenance.session = Some(name.to_owned());
        run.provenance.commit = Some("build".to_owned());
        Self(vec![run; runs])
    }

    /// One measurement a run.
    pub(crate) fn with(mut self, subject: &str, metric: &str, each: &[Measurement]) -> Self {
        for (run, measurement) in self.0.iter_mut().zip(each) {
            run.insert(
                Subject::new(subject),
                MetricName::new(metric),
                measurement.clone(),
            );
        }
        self
    }

    /// Each run knows one time in ms of each subject.
    pub(crate) fn times(self, subject: &str, values: &[f64]) -> Self {
        let each: Vec<Measurement> = values.iter().map(|v| time(&[*v])).collect();
        self.with(subject, MetricName::TIME, &each)
    }
}

/// One session with one subject, `parse`.
pub(crate) fn times(session: &str, values: &[f64]) -> Vec<Run> {
    Session::new(session, values.len()).times("parse", values).0
}

pub(crate) fn measured(unit: &str, evidence: Evidence) -> Measurement {
    Measurement {
        unit: Unit::new(unit),
        better: Better::Lower,
        role: Role::Outcome,
        evidence,
    }
}

/// Samples inside one run, in ms.
pub(crate) fn time(samples: &[f64]) -> Measurement {
    measured("ms", Evidence::samples(samples.to_vec()).unwrap())
}

pub(crate) fn errors(count: u64, of: u64) -> Measurement {
    measured("", Evidence::proportion(count, of).unwrap())
}

pub(crate) fn count(value: f64) -> Measurement {
    measured("", Evidence::value(value).unwrap())
}

pub(crate) fn throughput(value: f64) -> Measurement {
    Measurement {
        better: Better::Higher,
        ..measured("req/s", Evidence::value(value).unwrap())
    }
}

/// A rule over everything that matches, which changes nothing yet.
pub(crate) fn rule(subject: &str, metric: &str) -> Rule {
    Rule {
        subject: Pattern::new(subject),
        metric: Pattern::new(metric),
        max_regression: None,
        min_delta: None,
        budgets: Budgets::default(),
        grades: None,
        max_detectable: None,
        severity: None,
        decide: None,
        better: None,
        role: None,
        from: Origin::new("perfgate.toml:3"),
    }
}

pub(crate) fn ruled(rules: Vec<Rule>) -> Policy {
    Policy {
        rules,
        ..Policy::default()
    }
}

pub(crate) fn judged_by(policy: &Policy, baseline: &[Run], current: &[Run]) -> Judgement {
    let sides = Sides {
        baseline,
        current,
        anchor: None,
        interleaved: false,
    };
    judge(&sides, policy, TODAY)
}

pub(crate) fn judged(baseline: &[Run], current: &[Run]) -> Judgement {
    judged_by(&Policy::default(), baseline, current)
}

/// The one comparison that there is.
pub(crate) fn only(judgement: Judgement) -> Comparison {
    let mut all = judgement.comparisons.into_iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        (one, other) => panic!("{one:?} and {other:?}"),
    }
}

/// The comparison of this subject and `metric.statistic`.
pub(crate) fn of<'a>(judgement: &'a Judgement, subject: &str, metric: &str) -> &'a Comparison {
    let wanted = |c: &&Comparison| {
        c.series.subject.as_str() == subject && c.series.metric_statistic() == metric
    };
    judgement.comparisons.iter().find(wanted).unwrap()
}

pub(crate) fn kind(judgement: Judgement, policy: &Policy) -> VerdictKind {
    Verdict::of(judgement, policy, Situation::Compared).kind()
}
