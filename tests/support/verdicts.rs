//! Verdicts made by hand: what a report is made of, without judging anything.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "what is built here is known")]

use perfgate::compare::{
    Accepted, Assumption, BudgetCheck, BudgetState, Cause, Change, Comparison, Doubt, Drift,
    Judgement, Limits, Method, Origin, Outcome, Policy, Quantity, Severity, Side, Test,
};
use perfgate::model::{Better, MetricName, Quantile, Series, Statistic, Subject, Unit};
use perfgate::report::context::{
    BaselineSource, Commands, Context, CurrentSource, ResultFile, Surroundings,
};
use perfgate::report::{self, Document};
use perfgate::verdict::{Situation, Verdict};

/// `GET /search` `latency.p95`, in ms.
pub(crate) fn latency(subject: &str, statistic: Quantile) -> Series {
    Series {
        subject: Subject::new(subject),
        metric: MetricName::new(MetricName::LATENCY),
        statistic: Statistic::Quantile(statistic),
        unit: Unit::new("ms"),
        better: Better::Lower,
    }
}

pub(crate) fn errors(subject: &str) -> Series {
    Series {
        subject: Subject::new(subject),
        metric: MetricName::new(MetricName::ERRORS),
        statistic: Statistic::Rate,
        unit: Unit::none(),
        better: Better::Lower,
    }
}

pub(crate) fn throughput(subject: &str) -> Series {
    Series {
        subject: Subject::new(subject),
        metric: MetricName::new(MetricName::THROUGHPUT),
        statistic: Statistic::Value,
        unit: Unit::new("req/s"),
        better: Better::Higher,
    }
}

pub(crate) fn time(subject: &str) -> Series {
    Series {
        subject: Subject::new(subject),
        metric: MetricName::new(MetricName::TIME),
        statistic: Statistic::Mean,
        unit: Unit::new("ns"),
        better: Better::Lower,
    }
}

pub(crate) fn side(value: f64, runs: usize) -> Option<Side> {
    Some(Side {
        value,
        runs,
        values: vec![value; runs],
        observations: Some(12_000),
    })
}

pub(crate) fn change(ratio: f64, low: f64, high: f64) -> Option<Change> {
    Some(Change {
        ratio,
        low,
        high,
        confidence: 0.95,
    })
}

/// A comparison with five runs a side.
pub(crate) fn judged(series: Series, outcome: Outcome, baseline: f64, current: f64) -> Comparison {
    let ratio = current / baseline;
    let rate = series.statistic == Statistic::Rate;
    Comparison {
        gated: true,
        outcome,
        severity: Severity::Fail,
        baseline: side(baseline, 5),
        current: side(current, 5),
        change: change(ratio, ratio * 0.965, ratio * 1.034),
        test: Some(Test {
            p: 0.0003,
            p_adjusted: 0.002,
        }),
        weighed: None,
        method: if rate {
            Method::Proportion
        } else {
            Method::Runs
        },
        detectable: Some(0.04),
        runs_needed: None,
        one_session_needed: false,
        limits: Limits {
            max_regression: 0.1,
            min_delta: (!rate).then(|| Quantity {
                value: 2.0,
                unit: series.unit.clone(),
            }),
            from: Origin::new("perfgate.toml:14"),
            ..Limits::default()
        },
        control: None,
        budgets: Vec::new(),
        grade: None,
        drift: None,
        accepted: None,
        cause: None,
        assumed: Vec::new(),
        left_out: Vec::new(),
        workload: 0,
        series,
    }
}

pub(crate) fn regressed(series: Series, baseline: f64, current: f64) -> Comparison {
    judged(series, Outcome::Regressed, baseline, current)
}

pub(crate) fn unchanged(series: Series, baseline: f64, current: f64) -> Comparison {
    judged(series, Outcome::Unchanged, baseline, current)
}

pub(crate) fn improved(series: Series, baseline: f64, current: f64) -> Comparison {
    judged(series, Outcome::Improved, baseline, current)
}

/// One run a side: the spread had to be assumed.
pub(crate) fn single(series: Series, doubt: Doubt, baseline: f64, current: f64) -> Comparison {
    let ratio = current / baseline;
    Comparison {
        baseline: side(baseline, 1),
        current: side(current, 1),
        change: change(ratio, ratio * 0.79, ratio * 1.27),
        method: Method::AssumedSpread,
        detectable: Some(0.23),
        runs_needed: Some(9),
        assumed: vec![Assumption::RunSpread { spread: 0.1 }],
        ..judged(series, Outcome::Inconclusive(doubt), baseline, current)
    }
}

pub(crate) fn missing(series: Series, baseline: f64, renamed_to: Option<&str>) -> Comparison {
    Comparison {
        current: None,
        change: None,
        test: None,
        method: Method::None,
        detectable: None,
        cause: Some(Cause::Vanished {
            renamed_to: renamed_to.map(Subject::new),
        }),
        ..judged(series, Outcome::Missing, baseline, baseline)
    }
}

pub(crate) fn appeared(series: Series, current: f64, renamed_from: Option<&str>) -> Comparison {
    Comparison {
        baseline: None,
        change: None,
        test: None,
        method: Method::None,
        detectable: None,
        cause: Some(Cause::Appeared {
            renamed_from: renamed_from.map(Subject::new),
        }),
        ..judged(series, Outcome::New, current, current)
    }
}

pub(crate) fn incomparable(series: Series, cause: Cause) -> Comparison {
    Comparison {
        change: None,
        test: None,
        method: Method::None,
        detectable: None,
        cause: Some(cause),
        ..judged(series, Outcome::Incomparable, 84.0, 103.0)
    }
}

pub(crate) fn over_budget(mut comparison: Comparison, limit: f64) -> Comparison {
    let value = comparison.current.as_ref().map_or(0.0, |side| side.value);
    comparison.budgets = vec![BudgetCheck {
        level: Severity::Fail,
        least: None,
        most: Some(limit),
        value: Some(value),
        state: if value > limit {
            BudgetState::Broken
        } else {
            BudgetState::Held
        },
        from: "perfgate.toml:9".to_owned(),
    }];
    comparison
}

pub(crate) fn accepted(mut comparison: Comparison, reason: &str) -> Comparison {
    comparison.accepted = Some(Accepted {
        up_to: 0.3,
        reason: reason.to_owned(),
        until: jiff::civil::date(2027, 1, 31),
        from: Origin::new("perfgate.toml:31"),
    });
    comparison
}

pub(crate) fn drifted(mut comparison: Comparison, ratio: f64, budget: f64) -> Comparison {
    comparison.drift = Some(Drift {
        anchor: "v1.4".to_owned(),
        anchor_value: comparison.current.as_ref().map_or(0.0, |side| side.value) / ratio,
        change: Change {
            ratio,
            low: ratio * 0.98,
            high: ratio * 1.02,
            confidence: 0.95,
        },
        budget,
        broken: ratio - 1.0 > budget,
    });
    comparison
}

pub(crate) fn context() -> Context {
    Context {
        tool_version: "0.1.0".to_owned(),
        gate: None,
        baseline: Some(BaselineSource {
            path: "baselines/main.json".to_owned(),
            runs: 5,
            partial: 0,
            sessions: 1,
            commit: Some("3f2a1c9d5e7b8a60412c3d4e5f60718293a4b5c6".to_owned()),
            newest_at: Some("2026-11-20T10:00:00Z".parse().unwrap()),
            oldest_at: Some("2026-11-20T09:40:00Z".parse().unwrap()),
            environment: Some("linux, x86_64, AMD EPYC 7763, 4 cores".to_owned()),
        }),
        current: CurrentSource {
            runs: 5,
            partial: 0,
            commit: Some("9bd0e4f1a2b3c4d5e6f708192a3b4c5d6e7f8091".to_owned()),
            sources: vec![ResultFile {
                path: "out/run1_stats.csv".to_owned(),
                format: "locust".to_owned(),
            }],
        },
        environment: Surroundings {
            key: Some("linux, x86_64, AMD EPYC 7763, 4 cores".to_owned()),
            differences: Vec::new(),
        },
        config: Some("perfgate.toml".to_owned()),
        settings: Vec::new(),
        interleaved: true,
        notes: Vec::new(),
        commands: Commands {
            repeat: Some("perfgate check --baseline main.json out/run*_stats.csv".to_owned()),
            explain: Some("perfgate check --baseline main.json --format json".to_owned()),
            next: None,
            settle: None,
        },
        base_rules: None,
    }
}

pub(crate) fn document(comparisons: Vec<Comparison>) -> Document {
    document_of(comparisons, &Policy::default(), context())
}

pub(crate) fn document_of(
    comparisons: Vec<Comparison>,
    policy: &Policy,
    context: Context,
) -> Document {
    let situation = match context.baseline {
        Some(_) => Situation::Compared,
        None => Situation::NoBaseline,
    };
    let family = comparisons.iter().filter(|c| c.gated).count();
    let judgement = Judgement {
        comparisons,
        family,
        ..Judgement::default()
    };
    report::document(&Verdict::of(judgement, policy, situation), policy, context)
}

/// The report on a terminal of what was judged, with the values of every run or without.
pub(crate) fn text(judgement: Judgement, runs: bool) -> String {
    let policy = Policy::default();
    let verdict = Verdict::of(judgement, &policy, Situation::Compared);
    let surroundings = Context {
        interleaved: false,
        ..context()
    };
    let document = report::document(&verdict, &policy, surroundings);
    let style = report::Style {
        runs,
        ..report::Style::default()
    };
    report::render(&document, report::Format::Text, &style, None).unwrap()
}
