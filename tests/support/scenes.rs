//! The gates that the golden reports show, each by its name.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "what is built here is known")]

use perfgate::compare::{
    Cause, Comparison, Doubt, Method, OnInconclusive, Policy, RulesFrom, Severity,
};
use perfgate::model::{Quantile, Statistic, Unit};
use perfgate::report::context::{Difference, Setting};
use perfgate::report::{BaseRules, BaseState, Document, GateChange, Trend};

use super::hostile;
use super::verdicts::*;

const ENDPOINTS: [&str; 6] = [
    "GET /",
    "GET /basket",
    "GET /product/{id}",
    "GET /search",
    "POST /basket",
    "POST /checkout",
];

/// 18 series that did not move.
fn shop() -> Vec<Comparison> {
    ENDPOINTS
        .into_iter()
        .zip([12.0, 31.0, 44.0, 84.0, 38.0, 120.0])
        .flat_map(|(subject, value)| {
            [
                unchanged(errors(subject), 0.001, 0.0012),
                unchanged(latency(subject, Quantile::P50), value * 0.4, value * 0.402),
                unchanged(latency(subject, Quantile::P95), value, value * 1.011),
            ]
        })
        .collect()
}

fn with(mut comparisons: Vec<Comparison>, changed: Comparison) -> Vec<Comparison> {
    match comparisons.iter_mut().find(|c| c.series == changed.series) {
        Some(same) => *same = changed,
        None => comparisons.push(changed),
    }
    comparisons.sort_by(|a, b| a.series.cmp(&b.series));
    comparisons
}

fn total(series: perfgate::model::Series, baseline: f64, current: f64) -> Comparison {
    Comparison {
        gated: false,
        ..unchanged(series, baseline, current)
    }
}

pub(crate) fn all() -> Vec<(&'static str, Document)> {
    vec![
        ("pass", pass()),
        ("fail", fail()),
        ("warn", warn()),
        ("one-run-a-side", one_run_a_side()),
        ("weak", weak()),
        ("errors", errors_first()),
        ("budget", budget()),
        ("accepted", accepted_one()),
        ("renamed", renamed()),
        ("no-baseline", no_baseline()),
        ("no-baseline-required", no_baseline_required()),
        ("nothing-compared", nothing_compared()),
        ("undecided", undecided()),
        ("drift", drift()),
        ("gate-changed", gate_changed()),
        ("criterion", criterion()),
        ("hostile", hostile()),
    ]
}

pub(crate) fn pass() -> Document {
    document(with(
        shop(),
        total(latency("Aggregated", Quantile::P95), 61.0, 62.0),
    ))
}

pub(crate) fn fail() -> Document {
    let mut all = with(
        shop(),
        regressed(latency("GET /search", Quantile::P95), 84.0, 103.0),
    );
    all = with(
        all,
        improved(latency("POST /basket", Quantile::P50), 15.2, 12.4),
    );
    let mut context = context();
    context.interleaved = false;
    context.notes = vec![
        "Locust rounds above 100 ms: changes under 10 ms are shown as equal".to_owned(),
        "`POST /checkout` has 12 failures inside its latency".to_owned(),
    ];
    context.environment.differences = vec![Difference {
        name: "kernel".to_owned(),
        baseline: "6.8.0-1017-azure".to_owned(),
        current: "6.8.0-1021-azure".to_owned(),
    }];
    let document = document_of(all, &Policy::default(), context);
    Document {
        trend: Some(Trend {
            subject: "GET /search".to_owned(),
            metric: "latency".to_owned(),
            statistic: Statistic::Quantile(Quantile::P95),
            sessions: vec![83.1, 84.9, 83.6, 84.4, 84.0],
        }),
        ..document
    }
}

pub(crate) fn warn() -> Document {
    let slow = Comparison {
        severity: Severity::Warn,
        ..regressed(latency("GET /basket", Quantile::P95), 31.0, 36.4)
    };
    let mut context = context();
    context.settings = vec![Setting {
        name: "severity".to_owned(),
        value: "warn".to_owned(),
        from: "perfgate.toml:22".to_owned(),
    }];
    document_of(with(shop(), slow), &Policy::default(), context)
}

pub(crate) fn one_run_a_side() -> Document {
    let weak: Vec<Comparison> = shop()
        .into_iter()
        .filter(|c| c.series.statistic != Statistic::Rate)
        .map(|c| {
            let (old, new) = (c.baseline.unwrap().value, c.current.unwrap().value);
            single(c.series, Doubt::NoSignal, old, new)
        })
        .collect();
    let all = with(
        weak,
        single(
            latency("GET /search", Quantile::P95),
            Doubt::Possible,
            84.0,
            103.0,
        ),
    );
    let mut context = context();
    context.config = None;
    context.interleaved = false;
    context.current.runs = 1;
    context.commands.next = Some(
        "perfgate compare --old main1.csv --old main2.csv --new pr1.csv --new pr2.csv".to_owned(),
    );
    context.commands.repeat = Some("perfgate compare main1.csv pr1.csv".to_owned());
    let baseline = context.baseline.as_mut().unwrap();
    baseline.runs = 1;
    baseline.path = "main1.csv".to_owned();
    baseline.commit = None;
    document_of(all, &Policy::default(), context)
}

/// The verdict passes, and says what it could not have seen.
pub(crate) fn weak() -> Document {
    let mut all = shop();
    for comparison in all.iter_mut().skip(10) {
        comparison.outcome = perfgate::compare::Outcome::Inconclusive(Doubt::NoSignal);
        comparison.detectable = Some(0.14);
        comparison.runs_needed = Some(12);
    }
    document(all)
}

pub(crate) fn errors_first() -> Document {
    let mut all = with(shop(), regressed(errors("POST /checkout"), 0.001, 0.023));
    for quantile in [Quantile::P50, Quantile::P95] {
        let faster = Comparison {
            baseline: side(120.0, 5),
            current: side(64.0, 5),
            ..incomparable(latency("POST /checkout", quantile), Cause::ErrorsRose)
        };
        all = with(all, faster);
    }
    document(all)
}

pub(crate) fn budget() -> Document {
    document(with(
        shop(),
        over_budget(
            unchanged(latency("POST /checkout", Quantile::P95), 516.0, 519.0),
            500.0,
        ),
    ))
}

pub(crate) fn accepted_one() -> Document {
    document(with(
        shop(),
        accepted(
            regressed(latency("GET /search", Quantile::P95), 84.0, 103.0),
            "encrypts at rest since #412",
        ),
    ))
}

pub(crate) fn renamed() -> Document {
    let all = with(
        shop(),
        missing(
            latency("GET /users/{id}", Quantile::P95),
            40.0,
            Some("GET /v2/users/{id}"),
        ),
    );
    let all = with(
        all,
        appeared(
            latency("GET /v2/users/{id}", Quantile::P95),
            41.0,
            Some("GET /users/{id}"),
        ),
    );
    document(with(
        all,
        incomparable(
            throughput("GET /"),
            Cause::UnitsDiffer {
                baseline: Unit::new("req/s"),
                current: Unit::new("MB/s"),
            },
        ),
    ))
}

fn first_run() -> Vec<Comparison> {
    shop()
        .into_iter()
        .map(|c| {
            let value = c.current.unwrap().value;
            appeared(c.series, value, None)
        })
        .collect()
}

pub(crate) fn no_baseline() -> Document {
    let mut context = context();
    context.baseline = None;
    context.commands.next =
        Some("perfgate baseline update baselines/main.json out/run*_stats.csv".to_owned());
    document_of(first_run(), &Policy::default(), context)
}

pub(crate) fn no_baseline_required() -> Document {
    let mut context = context();
    context.baseline = None;
    let policy = Policy {
        require_baseline: true,
        ..Policy::default()
    };
    document_of(first_run(), &policy, context)
}

pub(crate) fn nothing_compared() -> Document {
    let all = shop()
        .into_iter()
        .map(|c| Comparison {
            baseline: c.baseline,
            current: c.current,
            ..incomparable(
                c.series,
                Cause::EnvironmentsDiffer {
                    baseline: "linux, x86_64, AMD EPYC 7763, 4 cores".to_owned(),
                    current: "linux, aarch64, Neoverse-N2, 4 cores".to_owned(),
                },
            )
        })
        .collect();
    document(all)
}

/// The config asks for a decision where there is none.
pub(crate) fn undecided() -> Document {
    let policy = Policy {
        on_inconclusive: OnInconclusive::Fail,
        ..Policy::default()
    };
    let suspect = Comparison {
        outcome: perfgate::compare::Outcome::Inconclusive(Doubt::Possible),
        change: change(1.081, 0.98, 1.193),
        runs_needed: Some(9),
        ..unchanged(latency("GET /search", Quantile::P95), 84.0, 90.8)
    };
    document_of(with(shop(), suspect), &policy, context())
}

pub(crate) fn drift() -> Document {
    let all = with(
        shop(),
        drifted(
            unchanged(latency("GET /search", Quantile::P95), 84.0, 85.0),
            1.163,
            0.15,
        ),
    );
    document(with(
        all,
        drifted(
            unchanged(latency("GET /basket", Quantile::P95), 31.0, 31.2),
            1.09,
            0.15,
        ),
    ))
}

pub(crate) fn criterion() -> Document {
    let mut all = vec![
        regressed(time("parse/large"), 1_203_100.0, 1_352_000.0),
        improved(time("parse/small"), 139.2, 121.0),
        unchanged(time("render/table"), 48_100.0, 48_300.0),
        regressed(throughput("parse/large"), 412.0, 366.0),
    ];
    for comparison in &mut all {
        comparison.limits.min_delta = None;
        comparison.limits.max_regression = 0.05;
    }
    all.push(Comparison {
        gated: false,
        cause: Some(Cause::TooFewObservations {
            have: 37,
            need: 1_000,
        }),
        method: Method::None,
        ..unchanged(latency("parse/large", Quantile::P99), 1.4, 1.9)
    });
    all.sort_by(|a, b| a.series.cmp(&b.series));
    document(all)
}

/// Names from someone who wants the comment to say something else.
pub(crate) fn hostile() -> Document {
    let mut all: Vec<Comparison> = hostile::NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain([hostile::long()])
        .flat_map(|name| {
            let mut custom = regressed(latency(&name, Quantile::P95), 84.0, 103.0);
            custom.series.metric = perfgate::model::MetricName::new(name.as_str());
            custom.series.unit = Unit::new(&name);
            custom.limits.min_delta = None;
            [
                missing(latency(&name, Quantile::P50), 40.0, Some(&name)),
                accepted(regressed(latency(&name, Quantile::P95), 84.0, 103.0), &name),
                unchanged(latency(&name, Quantile::P99), 84.0, 84.5),
                custom,
            ]
        })
        .collect();
    all.push(incomparable(
        throughput("GET /"),
        Cause::ToolsDiffer {
            baseline: hostile::NAMES.concat(),
            current: "</details>".to_owned(),
        },
    ));
    all.sort_by(|a, b| a.series.cmp(&b.series));
    let mut context = context();
    context.gate = Some(hostile::NAMES.iter().take(3).copied().collect());
    context.notes = hostile::NAMES
        .iter()
        .take(12)
        .map(ToString::to_string)
        .collect();
    context.commands.repeat = Some(hostile::NAMES.iter().take(30).copied().collect());
    context.environment.key = Some("| <b>x</b> | `".to_owned());
    context.current.commit = Some("@team `|` <!-- -->".to_owned());
    document_of(all, &Policy::default(), context)
}

/// More series than a comment holds.
pub(crate) fn many(count: usize) -> Document {
    let all = (0..count)
        .map(|i| {
            let series = latency(&format!("GET /resource/{i:05}"), Quantile::P95);
            if i % 1000 == 7 {
                regressed(series, 84.0, 103.0)
            } else {
                unchanged(series, 84.0, 84.3)
            }
        })
        .collect();
    document(all)
}

/// Loosened by the pull request that it judges, and so it passes.
pub(crate) fn gate_changed() -> Document {
    Document {
        base_rules: Some(BaseRules {
            base: Some("main".to_owned()),
            state: BaseState::Compared,
            judged_by: RulesFrom::Head,
            changes: vec![
                GateChange::Limit {
                    before: 0.1,
                    now: 5.0,
                    rules: 1,
                },
                GateChange::RulesOff { rules: 1 },
                GateChange::BaselineEdited,
            ],
        }),
        ..pass()
    }
}
