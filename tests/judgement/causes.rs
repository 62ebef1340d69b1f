//! What else moved where something regressed: named where it is certain, and never a part of the verdict.

use perfgate::compare::{Judgement, LikelyCauses, Outcome, Policy, Sides, judge, likely_causes};
use perfgate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};
use perfgate::report::{self, Document, Format, Style};
use perfgate::verdict::{Situation, Verdict};

use super::calibration::noise::Dice;
use super::support::runs::{Session, TODAY, judged_by, rule, ruled, time};
use super::support::verdicts::context;

const RUNS: usize = 10;

fn value(unit: &str, role: Role, value: f64) -> Measurement {
    Measurement {
        unit: Unit::new(unit),
        better: Better::Lower,
        role,
        evidence: Evidence::value(value).unwrap(),
    }
}

/// One side: what is recorded of the service, by metric, unit and level; each run is off by about one in a hundred.
struct Service<'a> {
    latency: f64,
    covariates: &'a [(&'a str, &'a str, f64)],
}

impl Service<'_> {
    fn runs(&self, dice: &mut Dice) -> Vec<Run> {
        let mut session = Session::new("one", RUNS).0;
        for run in &mut session {
            let mut near = |level: f64| level * (0.01 * dice.normal()).exp();
            let latency: Vec<f64> = (0..40).map(|_| near(self.latency)).collect();
            let latency = Measurement {
                evidence: Evidence::samples(latency).unwrap(),
                ..time(&[1.0])
            };
            run.insert(
                Subject::new("GET /search"),
                MetricName::new(MetricName::LATENCY),
                latency,
            );
            for (metric, unit, level) in self.covariates {
                let covariate = value(unit, Role::Covariate, near(*level));
                run.insert(Subject::new("service"), MetricName::new(*metric), covariate);
            }
        }
        session
    }
}

/// Base and head, in turns.
fn sides(seed: u64, base: &Service<'_>, head: &Service<'_>) -> [Vec<Run>; 2] {
    let mut dice = Dice::new(seed);
    [base.runs(&mut dice), head.runs(&mut dice)]
}

fn judged([baseline, current]: &[Vec<Run>; 2]) -> Judgement {
    let sides = Sides {
        baseline,
        current,
        anchor: None,
        interleaved: true,
    };
    judge(&sides, &Policy::default(), TODAY)
}

fn document(judgement: Judgement) -> Document {
    let policy = Policy::default();
    let verdict = Verdict::of(judgement, &policy, Situation::Compared);
    report::document(&verdict, &policy, context())
}

fn named(causes: &[LikelyCauses]) -> Vec<&str> {
    let moved = causes.iter().flat_map(|causes| &causes.moved);
    moved.map(|moved| moved.metric.as_str()).collect()
}

const USUAL: [(&str, &str, f64); 5] = [
    ("cpu_per_request", "ms/req", 2.0),
    ("context_switches", "/req", 4.0),
    ("run_delay", "ms/req", 0.1),
    ("db_queries_total_per_request", "/req", 3.0),
    ("cache_hits_total_per_request", "/req", 8.0),
];

/// The usual ones with other levels of some.
fn with<'a>(changed: &[(&str, f64)]) -> Vec<(&'a str, &'a str, f64)> {
    let level = |metric: &str, usual: f64| {
        let found = changed.iter().find(|(name, _)| *name == metric);
        found.map_or(usual, |(_, level)| *level)
    };
    let all = USUAL.iter();
    all.map(|(metric, unit, usual)| (*metric, *unit, level(metric, *usual)))
        .collect()
}

fn slower(seed: u64, changed: &[(&str, f64)]) -> [Vec<Run>; 2] {
    let head = with(changed);
    let base = Service {
        latency: 10.0,
        covariates: &USUAL,
    };
    let head = Service {
        latency: 13.0,
        covariates: &head,
    };
    sides(seed, &base, &head)
}

#[test]
fn what_moved_is_named_the_largest_first_and_what_stayed_is_not() {
    let changed = [
        ("db_queries_total_per_request", 11.0),
        ("cpu_per_request", 2.54),
        ("cache_hits_total_per_request", 4.0),
    ];
    for seed in 0..10 {
        let causes = likely_causes(&judged(&slower(seed, &changed)));
        let expected = [
            "db_queries_total_per_request",
            "cache_hits_total_per_request",
            "cpu_per_request",
        ];
        assert_eq!(named(&causes), expected, "seed {seed}");
        assert_eq!(causes[0].compared, 5);
    }
}

#[test]
fn a_service_that_is_slower_and_works_no_longer_waits() {
    let causes = likely_causes(&judged(&slower(1, &[("context_switches", 6.0)])));
    assert_eq!(named(&causes), ["context_switches"]);
    assert!(causes[0].waits);
    // Processor time that fell, or fewer switches, explain no latency that rose.
    let changed = [("cpu_per_request", 1.0), ("context_switches", 2.0)];
    let causes = likely_causes(&judged(&slower(1, &changed)));
    assert_eq!(named(&causes), [""; 0]);
    assert!(causes[0].waits);
}

#[test]
fn what_the_latency_rose_by_stands_before_what_comes_with_it() {
    let changed = [
        ("context_switches", 80.0),
        ("run_delay", 1.0),
        ("cpu_per_request", 4.7),
    ];
    let causes = likely_causes(&judged(&slower(2, &changed)));
    let expected = ["cpu_per_request", "context_switches", "run_delay"];
    assert_eq!(named(&causes), expected);
    assert!(!causes[0].waits);
    // Half as much work again, for which requests queue: each waits for the work of several.
    let changed = [("cpu_per_request", 3.0)];
    let causes = likely_causes(&judged(&slower(2, &changed)));
    assert_eq!(
        (named(&causes), causes[0].waits),
        (vec!["cpu_per_request"], false)
    );
    // And a service that only waits for a processor.
    let changed = [("context_switches", 40.0), ("run_delay", 2.7)];
    let causes = likely_causes(&judged(&slower(2, &changed)));
    assert_eq!(named(&causes), ["run_delay", "context_switches"]);
}

#[test]
fn a_service_that_works_a_little_longer_and_is_much_slower_waits() {
    let document = document(judged(&slower(4, &[("cpu_per_request", 2.5)])));
    let text = report::render(&document, Format::Text, &Style::default(), None).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "CPU per request rose by less than half of the latency: it waits";
    assert!(text.contains(said), "{text}");
}

#[test]
fn where_nothing_regressed_nothing_is_named_whatever_moved() {
    let head = with(&[("db_queries_total_per_request", 11.0)]);
    let [base, head] = [&USUAL[..], &head].map(|covariates| Service {
        latency: 10.0,
        covariates,
    });
    assert_eq!(likely_causes(&judged(&sides(3, &base, &head))), []);
}

#[test]
fn of_many_things_that_did_not_move_none_is_named_in_nearly_all_gates() {
    let names: Vec<String> = (0..60).map(|n| format!("c{n}_total_per_request")).collect();
    let covariates: Vec<(&str, &str, f64)> = names
        .iter()
        .map(|name| (name.as_str(), "/req", 5.0))
        .collect();
    let [base, head] = [10.0, 13.0].map(|latency| Service {
        latency,
        covariates: &covariates,
    });
    let wrong = (0..20)
        .filter(|seed| {
            let judgement = judged(&sides(*seed, &base, &head));
            assert!(
                judgement
                    .comparisons
                    .iter()
                    .any(|c| c.outcome == Outcome::Regressed)
            );
            !named(&likely_causes(&judgement)).is_empty()
        })
        .count();
    assert!(wrong <= 1, "{wrong} of 20 gates named what is noise");
}

#[test]
fn the_verdict_is_the_same_without_what_explains_it() {
    let changed = [
        ("db_queries_total_per_request", 11.0),
        ("cpu_per_request", 9.0),
    ];
    let with_covariates = slower(5, &changed);
    let without = with_covariates.clone().map(|mut runs| {
        for run in &mut runs {
            // Nothing else is recorded of it.
            run.subjects = std::mem::take(&mut run.subjects)
                .into_iter()
                .filter(|(subject, _)| subject.as_str() != "service")
                .collect();
        }
        runs
    });
    let mut everything = rule("*", "*");
    everything.max_regression = Some(0.08);
    for policy in [
        Policy::default(),
        ruled(vec![everything, rule("service", "*")]),
    ] {
        let verdict = |[baseline, current]: &[Vec<Run>; 2]| {
            let mut judgement = judged_by(&policy, baseline, current);
            let covariates = std::mem::take(&mut judgement.covariates);
            (
                covariates.len(),
                Verdict::of(judgement, &policy, Situation::Compared),
            )
        };
        let (some, whole) = verdict(&with_covariates);
        let (none, bare) = verdict(&without);
        if policy == Policy::default() {
            assert_eq!((some, none), (5, 0));
            assert_eq!(whole, bare);
        } else {
            // `service` and nothing else is what they are of: naming it makes them series.
            assert_eq!(
                some, 5,
                "a pattern that could mean anything names none of them"
            );
            assert_eq!(whole.comparisons(), bare.comparisons());
            assert_eq!((whole.kind(), whole.exit()), (bare.kind(), bare.exit()));
        }
    }
}

#[test]
fn a_rule_that_names_the_metric_makes_it_a_series() {
    let [baseline, current] = slower(6, &[("cpu_per_request", 2.54)]);
    let policy = ruled(vec![rule("service", "cpu_per_request")]);
    let judgement = judged_by(&policy, &baseline, &current);
    let cpu = |c: &&perfgate::compare::Comparison| c.series.metric.as_str() == "cpu_per_request";
    assert!(judgement.comparisons.iter().find(cpu).unwrap().gated);
    assert_eq!(judgement.covariates.iter().filter(cpu).count(), 0);
    assert_eq!(judgement.unmatched, []);
}

#[test]
fn one_sentence_in_every_report_says_what_moved() {
    let changed = [
        ("db_queries_total_per_request", 11.0),
        ("cpu_per_request", 2.54),
        ("run_delay", 0.5),
    ];
    let document = document(judged(&slower(7, &changed)));
    let write = |format| report::render(&document, format, &Style::default(), None).unwrap();
    let text = write(Format::Text);
    let line = text
        .split("Likely cause")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}"));
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("run-queue delay per request +"), "{line}");
    assert!(line.contains("(the machine was busy)"), "{line}");
    assert!(line.contains("`db_queries_total` per request 3"), "{line}");
    assert!(line.contains("CPU per request +2"), "{line}");
    let comment = write(Format::Markdown);
    assert!(
        comment.contains("> **Likely cause**: `db_queries_total` per request"),
        "{comment}"
    );
    let page = write(Format::Html);
    assert!(page.contains("<b>Likely cause</b>"), "{page}");
    let read = Document::parse(&write(Format::Json)).unwrap();
    assert_eq!(read.likely_causes, document.likely_causes);
    assert_eq!(read.likely_causes[0].moved.len(), 3);
}

#[test]
fn a_counter_may_call_itself_anything() {
    let name = "<script>alert(1)</script>|`@team`\u{1b}[31m_per_request";
    let [base, head] = [3.0, 11.0].map(|level| [(name, "/req", level)]);
    let base = Service {
        latency: 10.0,
        covariates: &base,
    };
    let head = Service {
        latency: 13.0,
        covariates: &head,
    };
    let document = document(judged(&sides(8, &base, &head)));
    assert_eq!(document.likely_causes[0].moved.len(), 1);
    for format in Format::ALL {
        let written = report::render(&document, format, &Style::default(), None).unwrap();
        assert!(!written.contains('\u{1b}'), "{format:?}");
        assert!(
            format != Format::Html || !written.contains("<script>alert"),
            "{format:?}"
        );
    }
}
