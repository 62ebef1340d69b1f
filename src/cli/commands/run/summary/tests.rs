//! Summaries as people see them.

use hdrhistogram::Histogram;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::model::{Better, Measurement, Role};

fn put(run: &mut Run, subject: &str, metric: &str, unit: &str, evidence: Evidence) {
    let role = match metric {
        "latency" | "errors" | "throughput" | "rss" => Role::Outcome,
        _ => Role::Fixed,
    };
    let measured = Measurement {
        unit: Unit::new(unit),
        better: Better::Lower,
        role,
        evidence,
    };
    run.insert(Subject::new(subject), MetricName::new(metric), measured);
}

/// Ticks of 100 ns.
fn times(ticks: &[u64]) -> Evidence {
    let mut histogram = Histogram::new_with_bounds(1, 6_000_000_000, 3).unwrap();
    for tick in ticks {
        histogram.record_n(*tick, 50).unwrap();
    }
    Evidence::histogram(histogram, 0.0001).unwrap()
}

fn measured() -> Run {
    let mut run = Run::default();
    run.provenance.scenario = Some("shop".to_owned());
    run.provenance.duration_s = Some(30.0);
    for (subject, failed) in [("GET /items", 0), ("POST /items", 12)] {
        let errors = Evidence::proportion(failed, 6000).unwrap();
        put(
            &mut run,
            subject,
            "latency",
            "ms",
            times(&[4200, 9100, 121_000]),
        );
        put(&mut run, subject, "errors", "", errors);
        let rate = Evidence::value(200.0).unwrap();
        put(&mut run, subject, "throughput", "req/s", rate);
    }
    let timeouts = Evidence::proportion(12, 6000).unwrap();
    put(&mut run, "POST /items", "errors_timeout", "", timeouts);
    put(&mut run, "generator", "lag", "ms", times(&[120, 900]));
    for (metric, unit, value) in [
        ("cpu", "%", 12.5),
        ("due", "", 12_000.0),
        ("late", "", 0.0),
        ("dropped", "", 3.0),
    ] {
        let value = Evidence::value(value).unwrap();
        put(&mut run, "generator", metric, unit, value);
    }
    let cpu = Evidence::value(0.31).unwrap();
    put(&mut run, "api", "cpu", "s/1000 req", cpu);
    let rss = Evidence::value(64.25).unwrap();
    put(&mut run, "api", "rss", "MiB", rss);
    run
}

fn reasons(kind: FailureKind, count: u64, what: String) -> [FailureReason; 1] {
    [FailureReason {
        subject: Subject::new("POST /items"),
        kind,
        what,
        count,
        example: Some("{\"detail\":\n\"slow\"}".to_owned()),
    }]
}

fn summed(run: &Run, failures: &[FailureReason], width: Option<usize>) -> String {
    Summary {
        run,
        failures,
        order: &[],
        file: "out/run.json".to_owned(),
        next: Some("perfgate check out/run.json".to_owned()),
        style: Style {
            color: false,
            width,
            runs: false,
            ..Style::default()
        },
    }
    .text()
}

#[test]
fn a_summary_goes_from_subjects_to_the_generator_to_what_failed_and_what_to_type_next() {
    let failures = reasons(FailureKind::Timeout, 12, "no answer within 5 s".to_owned());
    let expected = "\
shop: 30.0 s measured

subject      requests   rate      errors     p50      p95      p99      max
GET /items      6,000  200/s           0  910 µs  12.1 ms  12.1 ms  12.1 ms
POST /items     6,000  200/s  12 (0.2 %)  910 µs  12.1 ms  12.1 ms  12.1 ms

api  cpu 0.31 s/1000 req  rss 64.2 MiB
generator  lag p50 12.0 µs p99 90.0 µs  cpu 12.5 %  dropped 3

failed: 12 of POST /items by timeout: no answer within 5 s
        {\"detail\": \"slow\"}

run: out/run.json
next: perfgate check out/run.json
";
    assert_eq!(summed(&measured(), &failures, None), expected);
}

#[test]
fn what_is_to_be_doubted_is_said_first() {
    let mut run = measured();
    run.provenance.partial = true;
    run.provenance.invalid = Some("the generator was busy".to_owned());
    let text = summed(&run, &[], None);
    let lines: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "INVALID  the generator was busy",
            "PARTIAL  it was ended early after 30.0 s: less was measured than was asked for"
        ]
    );
}

#[test]
fn kinds_of_failures_are_told_from_the_run_where_nobody_remembers_them() {
    let text = summed(&measured(), &[], None);
    assert!(text.contains("\nfailed: 12 by timeout\n"), "{text}");
}

#[test]
fn a_run_that_holds_nothing_says_so() {
    let text = summed(&Run::default(), &[], None);
    assert!(text.starts_with("nothing was measured\n"), "{text}");
}

#[test]
fn hostile_names_are_inert_and_long_ones_give_way() {
    let mut run = measured();
    let long = format!("GET /\u{1b}[2J{}", "x".repeat(300));
    put(&mut run, &long, "latency", "ms", times(&[5]));
    run.provenance.scenario = Some("a\n::error::b".to_owned());
    run.warnings.push("w\u{202e}\u{7}".to_owned());
    let failures = reasons(
        FailureKind::Status,
        1,
        "a\r\n::set-output\u{1b}]8".repeat(50),
    );
    let text = summed(&run, &failures, Some(80));
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
    assert!(!text.lines().any(|line| line.starts_with("::")));
    let table = text.lines().filter(|line| line.contains("GET /"));
    assert!(
        table.clone().count() == 2 && table.clone().all(|line| line.width() <= 80),
        "{text}"
    );
}

#[test]
fn subjects_stand_in_the_order_of_the_flows_and_numbers_in_theirs() {
    let mut run = Run::default();
    for subject in ["users=100 a", "users=10 z", "users=50 a", "total", "z"] {
        put(&mut run, subject, "latency", "ms", times(&[5]));
    }
    let order = |order: &[&str]| {
        let order: Vec<Subject> = order.iter().map(|name| Subject::new(*name)).collect();
        let summary = Summary {
            run: &run,
            failures: &[],
            order: &order,
            file: String::new(),
            next: None,
            style: Style {
                color: false,
                width: None,
                runs: false,
                ..Style::default()
            },
        };
        let names = summary.subjects().into_iter();
        let names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
        names.join(", ")
    };
    assert_eq!(order(&[]), "users=10 z, users=50 a, users=100 a, z, total");
    assert_eq!(
        order(&["z", "total", "users=100 a"]),
        "z, total, users=100 a, users=10 z, users=50 a"
    );
}
