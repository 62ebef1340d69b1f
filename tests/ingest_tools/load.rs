//! Load tools.

use super::*;

#[test]
fn wrk_text() {
    holds(
        "wrk/latency.txt",
        &[
            ("/api/users", "latency", "p50", 13.99, 0.0),
            ("/api/users", "latency", "p99", 32.60, 0.0),
            ("/api/users", "latency", "mean", 14.91, 0.0),
            ("/api/users", "latency", "max", 48.58, 0.0),
            ("/api/users", "throughput", "value", 673.38, 0.0),
        ],
    );
    let with = run("wrk/latency.txt");
    assert_eq!(errors(&with, "/api/users"), (0, 3427));
    assert_eq!(with.provenance.duration_s, Some(5.09));
    let load = with.provenance.load.as_ref().unwrap();
    assert_eq!(
        load.terms.get("connections").map(String::as_str),
        Some("10")
    );
    let (_, step) = kind(&with, "/api/users", "latency");
    assert!((step - 0.01).abs() < 1e-9, "{step}");
    let without = run("wrk/no-latency.txt");
    assert!(warns(&without, "--latency"));
    assert!((number(&without, "/api/users", "latency", "mean") - 18.28).abs() < 1e-9);
}

#[test]
fn wrk_counts_what_failed_and_times_nothing_where_all_failed() {
    let not_found = run("wrk/non2xx.txt");
    assert_eq!(errors(&not_found, "/missing"), (25_898, 25_898));
    assert!(!has(&not_found, "/missing", "latency"));
    let timeouts = run("wrk/timeouts.txt");
    assert_eq!(errors(&timeouts, "/api/stall"), (5, 29));
    assert!(warns(&timeouts, "5 requests timed out"));
    assert!(refusal("wrk/connrefused.txt").contains("no known result"));
}

#[test]
fn hey_csv_and_text() {
    holds(
        "hey/hey.txt",
        &[
            ("all requests", "latency", "p50", 14.7, 0.001),
            ("all requests", "latency", "p99", 48.5, 0.001),
            ("all requests", "latency", "mean", 15.6, 0.001),
            ("all requests", "throughput", "value", 628.4626, 0.0),
        ],
    );
    // From the file with awk: the mean of the first column, and its 207th of 414 values.
    holds(
        "hey/v0.1.5-base-1.csv",
        &[
            ("all requests", "latency", "p50", 13.0, 0.1),
            ("all requests", "latency", "mean", 14.437_681, 0.1),
        ],
    );
    let csv = run("hey/v0.1.5-base-1.csv");
    assert_eq!(kind(&csv, "all requests", "latency"), ("histogram", 0.1));
    assert_eq!(errors(&csv, "all requests"), (0, 414));
    // 0.1.5 prints the percent sign twice.
    let text = run("hey/v0.1.5-base-1.txt");
    assert!((number(&text, "all requests", "latency", "p95") - 30.6).abs() < 1e-6);
}

#[test]
fn hey_failures_are_apart_in_the_csv_and_counted_in_the_text() {
    let csv = run("hey/checkout-head.csv");
    assert_eq!(errors(&csv, "all requests"), (2, 100));
    assert_eq!(
        csv.subjects["all requests"]["latency"]
            .evidence
            .observations(),
        Some(98)
    );
    let text = run("hey/errors-500.txt");
    assert_eq!(errors(&text, "all requests"), (14, 200));
    assert!(warns(&text, "includes 14 failed requests"));
    let refused = run("hey/connrefused.txt");
    assert_eq!(errors(&refused, "all requests"), (10, 10));
    assert!(!has(&refused, "all requests", "latency"));
    assert!(!has(&refused, "all requests", "throughput"));
    assert!(refusal("hey/connrefused.csv").contains("it holds no request"));
}

#[test]
fn hey_pair() {
    let verdict = pair("hey/v0.1.5-{side}-{n}.csv");
    shows_the_change(&verdict, "all requests", "latency.p50", 1.1..1.35);
}

#[test]
fn vegeta_results_and_report() {
    let report = run("vegeta/base-1.report.json");
    holds(
        "vegeta/base-1.report.json",
        &[
            ("all requests", "latency", "p50", 12.855_487, 0.0001),
            ("all requests", "latency", "mean", 14.971_412, 0.0001),
            ("all requests", "latency", "max", 58.069_010, 0.0001),
        ],
    );
    for records in ["vegeta/base-1.results.csv", "vegeta/base-1.results.ndjson"] {
        let run = run(records);
        assert_eq!(errors(&run, "all requests"), (0, 480));
        assert_eq!(errors(&run, "GET /search?q=a"), (0, 120));
        assert_eq!(kind(&run, "all requests", "latency"), ("histogram", 0.0));
        for (statistic, per_cent) in [("mean", 0.1), ("p50", 1.0), ("max", 0.1)] {
            let (got, told) = (
                number(&run, "all requests", "latency", statistic),
                number(&report, "all requests", "latency", statistic),
            );
            assert!(
                (got / told - 1.0).abs() < per_cent / 100.0,
                "{statistic}: {got} {told}"
            );
        }
        let seconds = run.provenance.duration_s.unwrap();
        assert!((seconds - 7.992_171_264).abs() < 1e-3, "{seconds}");
    }
}

#[test]
fn vegeta_counts_what_failed() {
    let refused = run("vegeta/refused.csv");
    assert_eq!(
        errors(&refused, "GET /nobody").0,
        errors(&refused, "GET /nobody").1
    );
    assert!(!has(&refused, "GET /nobody", "latency"));
    assert!(warns(&refused, "connection refused"));
    let report = run("vegeta/timeout.report.json");
    let csv = run("vegeta/timeout.csv");
    assert_eq!(
        errors(&report, "all requests"),
        errors(&csv, "all requests")
    );
    assert!(errors(&csv, "all requests").0 > 0);
}

#[test]
fn vegeta_pair() {
    let verdict = pair("vegeta/{side}-{n}.results.csv");
    shows_the_change(&verdict, "GET /search?q=a", "latency.p50", 1.15..1.35);
}
