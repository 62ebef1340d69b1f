//! Load tools: what is read of the output of each of them.

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

#[test]
fn k6_points_have_each_endpoint_with_its_failures_apart() {
    for records in [
        "k6/v1.8.1-head-1.points.ndjson.gz",
        "k6/v1.8.1-head-1.points.csv.gz",
    ] {
        let run = run(records);
        assert_eq!(errors(&run, "all requests"), (2, 292), "{records}");
        assert_eq!(errors(&run, "POST /checkout"), (2, 73));
        assert_eq!(kind(&run, "GET /search", "latency"), ("histogram", 0.0));
        assert!(warns(&run, "failed 2 times with status 500"));
    }
}

/// The same run in two outputs: k6's own summary is the truth.
#[test]
fn k6_points_give_the_numbers_of_the_summary() {
    for version in ["v1.8.1", "v2.2.0"] {
        let summary = run(&format!("k6/{version}-base-1.machine-readable.json"));
        let points = run(&format!("k6/{version}-base-1.points.ndjson.gz"));
        for subject in ["all requests", "GET /search", "POST /checkout"] {
            for (statistic, per_cent) in [("mean", 0.1), ("p50", 2.0), ("p95", 6.0), ("max", 0.1)] {
                let (got, told) = (
                    number(&points, subject, "latency", statistic),
                    number(&summary, subject, "latency", statistic),
                );
                assert!(
                    (got / told - 1.0).abs() < per_cent / 100.0,
                    "{version} {subject} {statistic}: {got} {told}"
                );
            }
        }
        assert_eq!(
            errors(&points, "all requests"),
            errors(&summary, "all requests")
        );
    }
}

#[test]
fn k6_summaries_agree_in_their_shapes() {
    for version in ["v1.8.1", "v2.2.0"] {
        let export = run(&format!("k6/{version}-base-1.summary-export.json"));
        let handled = run(&format!("k6/{version}-base-1.handleSummary.json"));
        for (subject, metric, statistic) in [
            ("all requests", "latency", "p95"),
            ("all requests", "latency", "mean"),
            ("GET /search", "latency", "p50"),
            ("POST /checkout", "latency", "max"),
        ] {
            let (a, b) = (
                number(&export, subject, metric, statistic),
                number(&handled, subject, metric, statistic),
            );
            assert!(
                (a / b - 1.0).abs() < 1e-9,
                "{version} {subject} {statistic}"
            );
        }
        let (a, b) = (
            errors(&export, "all requests"),
            errors(&handled, "all requests"),
        );
        assert_eq!(a, b);
        // `true` in the export says that the threshold failed, and `ok` in the other that it did not.
        let broken = |run: &Run| -> Vec<String> {
            let mut broken: Vec<String> = run
                .warnings
                .iter()
                .filter(|warning| warning.contains("threshold failed"))
                .cloned()
                .collect();
            broken.sort();
            broken
        };
        assert_eq!(broken(&export), broken(&handled));
        assert!(broken(&export).iter().any(|line| line.ends_with("avg<1")));
    }
    holds(
        "k6/v1.8.1-base-1.handleSummary.json",
        &[
            ("all requests", "latency", "p50", 9.064_744, 1e-6),
            ("all requests", "latency", "p95", 20.877_071_7, 1e-6),
            ("all requests", "throughput", "value", 309.965_69, 0.001),
            ("all requests", "waiting", "p90", 14.664_482_5, 1e-6),
            ("all requests", "search_wait", "mean", 14.478_046_86, 1e-6),
        ],
    );
    let handled = run("k6/v1.8.1-base-1.handleSummary.json");
    assert_eq!(errors(&handled, "all requests"), (0, 1870));
    let Evidence::Proportion(checks) = handled.subjects["all requests"]["failed_checks"].evidence
    else {
        panic!("no checks")
    };
    assert_eq!((checks.count(), checks.of()), (599, 1271));
    assert!(warns(&handled, "summaryTrendStats"));
}

#[test]
fn k6_counts_and_p99_are_read_where_the_script_asks_for_them() {
    let run = run("k6/summary-export-trend-stats.json");
    assert_eq!(
        run.subjects["GET /search"]["latency"]
            .evidence
            .observations(),
        Some(26)
    );
    // The clean latency, of which the failed request is no part.
    assert_eq!(
        run.subjects["all requests"]["latency"]
            .evidence
            .observations(),
        Some(137)
    );
    assert!((number(&run, "all requests", "latency", "p99") - 39.638_843_24).abs() < 1e-6);
    assert!(!warns(&run, "no p99"));
}

#[test]
fn k6_pair() {
    let verdict = pair("k6/v1.8.1-{side}-{n}.points.ndjson.gz");
    shows_the_change(&verdict, "GET /search", "latency.p50", 1.12..1.4);
    let (_, outcome) = series(&verdict, "GET /", "latency.p50");
    assert_ne!(outcome, "regressed");
}

#[test]
fn oha_outputs() {
    holds(
        "oha/oha.json",
        &[
            ("all requests", "latency", "p50", 14.191_893, 1e-6),
            ("all requests", "latency", "p99.9", 47.964_779, 1e-6),
            ("all requests", "latency", "mean", 14.898_256_543, 1e-6),
            ("all requests", "throughput", "value", 664.863_146, 1e-6),
        ],
    );
    holds(
        "oha/oha.txt",
        &[
            ("all requests", "latency", "p99", 70.7498, 1e-6),
            ("all requests", "latency", "mean", 17.4354, 1e-6),
            ("all requests", "throughput", "value", 570.8065, 1e-6),
        ],
    );
    let csv = run("oha/oha.csv");
    assert_eq!(errors(&csv, "all requests"), (0, 300));
    assert_eq!(errors(&run("oha/oha.txt"), "all requests"), (0, 1000));
}

#[test]
fn oha_status_500_is_an_error_and_the_end_of_the_run_is_none() {
    let (failed, all) = errors(&run("oha/errors-500.json"), "all requests");
    assert!(failed > 0 && failed < all, "{failed} of {all}");
    assert_eq!(
        errors(&run("oha/deadline-aborted.json"), "all requests"),
        (0, 150)
    );
    let refused = run("oha/connrefused.json");
    let (failed, all) = errors(&refused, "all requests");
    assert_eq!(failed, all);
    assert!(!has(&refused, "all requests", "latency"));
}

#[test]
fn ab_outputs() {
    holds(
        "ab/ab.txt",
        &[
            ("/api/users", "latency", "p50", 14.0, 0.0),
            ("/api/users", "latency", "p99", 28.0, 0.0),
            ("/api/users", "latency", "max", 56.0, 0.0),
            ("/api/users", "throughput", "value", 685.73, 0.0),
        ],
    );
    assert_eq!(kind(&run("ab/ab.txt"), "/api/users", "latency").1, 1.0);
    holds(
        "ab/percentiles.csv",
        &[("all requests", "latency", "p99", 27.96, 0.0)],
    );
    let table = run("ab/gnuplot.tsv");
    assert!(!has(&table, "all requests", "errors"));
    assert_eq!(kind(&table, "all requests", "latency"), ("histogram", 1.0));
    // What ab calls failed is another length, and what is not found is not.
    assert_eq!(errors(&run("ab/failures.txt"), "/api/checkout"), (14, 300));
    let missing = run("ab/non2xx.txt");
    let subject = missing.subjects.keys().next().unwrap().as_str();
    assert_eq!(errors(&missing, subject).0, errors(&missing, subject).1);
}

#[test]
fn jmeter_csv_gives_the_numbers_of_its_own_statistics() {
    let csv = run("jmeter/base-1.csv.jtl");
    let statistics = run("jmeter/base-1.statistics.json");
    for subject in [
        "GET /",
        "GET /items/{id}",
        "GET /search",
        "POST /checkout",
        "Buy, \"quick\"",
        "all requests",
    ] {
        assert_eq!(
            errors(&csv, subject),
            errors(&statistics, subject),
            "{subject}"
        );
        for (statistic, off) in [("mean", 0.05), ("max", 0.6), ("p50", 0.6)] {
            let (got, told) = (
                number(&csv, subject, "latency", statistic),
                number(&statistics, subject, "latency", statistic),
            );
            assert!(
                (got - told).abs() <= off,
                "{subject} {statistic}: {got} {told}"
            );
        }
    }
    assert_eq!(kind(&csv, "GET /", "latency"), ("histogram", 1.0));
    // The transaction repeats its requests, so it is no part of all of them.
    assert_eq!(errors(&csv, "all requests"), (0, 436));
}

#[test]
fn jmeter_csv_is_read_in_each_of_its_layouts() {
    for (file, label) in [
        ("semicolon-datetime.csv.jtl", "GET /search"),
        ("no-header.csv.jtl", "GET /search"),
        ("few-columns-tab.csv.jtl", "GET /search"),
        ("more-columns.csv.jtl", "GET /search"),
        ("timestamp-none.csv.jtl", "GET /search"),
        ("v2.13.csv.jtl", "GET users, by id"),
    ] {
        let run = run(&format!("jmeter/{file}"));
        assert!(number(&run, label, "latency", "p50") > 5.0, "{file}");
        let started = run.provenance.started_at.is_some();
        assert_eq!(
            started,
            !file.starts_with("semicolon") && !file.starts_with("timestamp"),
            "{file}"
        );
    }
    assert!(warns(
        &run("jmeter/few-columns-tab.csv.jtl"),
        "transactions cannot be told"
    ));
}

#[test]
fn jmeter_transactions_and_failures_count_once_in_both_outputs() {
    for file in [
        "jmeter/parent-transaction.csv.jtl",
        "jmeter/parent-transaction.xml.jtl",
        "jmeter/default.xml.jtl",
    ] {
        let run = run(file);
        let endpoints = ["GET /", "GET /search", "POST /checkout", "GET /items/{id}"];
        let sum: u64 = endpoints
            .iter()
            .map(|subject| errors(&run, subject).1)
            .sum();
        assert_eq!(errors(&run, "all requests").1, sum, "{file}");
        assert!(has(&run, "Buy, \"quick\"", "latency"), "{file}");
    }
    // A failed assertion has the status 200.
    let asserted = run("jmeter/failed-assertion.csv.jtl");
    let (failed, all) = errors(&asserted, "GET /items/{id}");
    assert!(failed == all && all > 10, "{failed} of {all}");
    assert!(warns(&asserted, "text expected to contain"));
    let refused = run("jmeter/refused.csv.jtl");
    assert!(!has(&refused, "GET /", "latency"));
    assert!(warns(&refused, "HttpHostConnectException"));
}

#[test]
fn jmeter_pair() {
    let verdict = pair("jmeter/{side}-{n}.csv.jtl");
    shows_the_change(&verdict, "GET /search", "latency.p50", 1.1..1.4);
}

#[test]
fn gatling_logs() {
    // As 3.10.5 printed: 972 requests, 2 KO, 50th percentile 12, 95th 37, max 411, of successes.
    let text = run("gatling/v3.10.5-head-1.log");
    assert_eq!(errors(&text, "all requests"), (2, 972));
    for (statistic, told) in [("p50", 12.0), ("p95", 37.0), ("max", 411.0)] {
        let got = number(&text, "all requests", "latency", statistic);
        assert!((got - told).abs() <= 1.0, "{statistic}: {got} {told}");
    }
    assert_eq!(kind(&text, "all requests", "latency"), ("histogram", 1.0));
    assert!(
        has(&text, "find / GET /search", "latency"),
        "{:?}",
        text.subjects.keys()
    );
    // As 3.15.0 printed: 1166 requests, 2 KO.
    let binary = run("gatling/v3.15.0-head-1.log");
    assert_eq!(errors(&binary, "all requests"), (2, 1166));
    let tool = binary.provenance.tool.as_ref().unwrap();
    assert_eq!(tool.version.as_deref(), Some("3.15.0"));
    assert!(warns(&binary, "status.find.is(200), found 500"));
    let stats = run("gatling/v3.10.5-base-1.stats.json");
    let log = run("gatling/v3.10.5-base-1.log");
    assert_eq!(errors(&stats, "all requests"), errors(&log, "all requests"));
    for statistic in ["p50", "p95", "max"] {
        let (got, told) = (
            number(&log, "GET /", "latency", statistic),
            number(&stats, "GET /", "latency", statistic),
        );
        assert!((got - told).abs() <= 1.0, "{statistic}: {got} {told}");
    }
    let global = run("gatling/v3.10.5-base-1.global_stats.json");
    assert_eq!(errors(&global, "all requests"), (0, 1253));
}

#[test]
fn gatling_pair() {
    for version in ["v3.10.5", "v3.15.0"] {
        let verdict = pair(&format!("gatling/{version}-{{side}}-{{n}}.log"));
        shows_the_change(&verdict, "find / GET /search", "latency.p50", 1.1..1.5);
    }
}

#[test]
fn artillery_report() {
    holds(
        "artillery/report.json",
        &[
            ("/api/checkout", "latency", "p50", 61.0, 0.0),
            ("/api/checkout", "latency", "mean", 69.1, 0.0),
            ("/", "latency", "p99.9", 147.0, 0.0),
            ("all requests", "latency", "p50", 29.1, 0.0),
        ],
    );
    let run = run("artillery/report.json");
    assert_eq!(errors(&run, "/api/checkout"), (3, 68));
    assert_eq!(errors(&run, "/missing"), (68, 68));
    assert_eq!(errors(&run, "all requests"), (71, 832));
    assert!(!has(&run, "/missing", "latency"));
    // A sketch of about 4 % steps.
    assert!((kind(&run, "/api/checkout", "latency").1 - 2.44).abs() < 1e-9);
}

#[test]
fn autocannon_json() {
    let run = run("autocannon/errors-500.json");
    assert_eq!(errors(&run, "/api/checkout"), (13, 300));
    assert!((number(&run, "/api/checkout", "latency", "p97.5") - 104.0).abs() < 1e-9);
    assert_eq!(kind(&run, "/api/checkout", "latency").1, 1.0);
    let rate = self::run("autocannon/rate-200.json");
    assert!(warns(&rate, "of 10462 latencies only 617 were measured"));
}

#[test]
fn bombardier_json() {
    holds(
        "bombardier/base-1.search.json",
        &[
            ("GET /search", "latency", "p50", 12.78, 0.1),
            ("GET /search", "throughput", "value", 149.4, 0.1),
        ],
    );
    let run = run("bombardier/intro-and-result.txt");
    assert!((number(&run, "GET /", "latency", "p95") - 11.489).abs() < 1e-9);
    let refused = self::run("bombardier/refused.json");
    assert_eq!(errors(&refused, "GET /"), (16_072, 16_072));
    assert!(!has(&refused, "GET /", "latency") && !has(&refused, "GET /", "throughput"));
    let rate = self::run("bombardier/no-latencies-rate-50.json");
    assert!(warns(&rate, "--latencies"));
    let load = rate.provenance.load.unwrap();
    assert_eq!(load.terms.get("rate").map(String::as_str), Some("50/s"));
    let verdict = pair("bombardier/{side}-{n}.search.json");
    shows_the_change(&verdict, "GET /search", "latency.p50", 1.15..1.35);
}

#[test]
fn bombardier_text() {
    holds(
        "bombardier/base-1.search.txt",
        &[
            ("/search", "latency", "p50", 12.65, 0.0),
            ("/search", "latency", "p99", 20.06, 0.0),
            ("/search", "latency", "mean", 12.97, 0.0),
            ("/search", "latency", "max", 23.70, 0.0),
        ],
    );
    let base = run("bombardier/base-1.search.txt");
    assert_eq!(errors(&base, "/search"), (0, 310));
    assert_eq!(kind(&base, "/search", "latency"), ("quantiles", 0.01));
    // Its mean of short steps is no rate of requests: 50 of them took 1.6 s, and it says 60 a second.
    assert!(!has(&base, "/search", "throughput"));
    let load = base.provenance.load.unwrap();
    let connections = load.terms.get("connections").map(String::as_str);
    assert_eq!(connections, Some("2"));
    let buy = run("bombardier/no-latencies.buy.txt");
    assert_eq!(errors(&buy, "/buy"), (5, 50));
    assert!(warns(&buy, "--latencies"));
    assert!(warns(&buy, "includes 5 failed requests of 50"));
    let alone = run("bombardier/result-alone.slow.txt");
    assert!((number(&alone, "all requests", "latency", "p75") - 176.21).abs() < 1e-9);
    let refused = run("bombardier/refused.txt");
    assert_eq!(errors(&refused, "/search"), (20, 20));
    assert!(!has(&refused, "/search", "latency"));
    assert!(warns(&refused, "20 requests failed with dial tcp"));
    let verdict = pair("bombardier/{side}-{n}.search.txt");
    shows_the_change(&verdict, "/search", "latency.p50", 1.15..1.35);
}

#[test]
fn fortio_json() {
    let run = run("fortio/base-1.search.json");
    assert!((number(&run, "/search", "latency", "mean") - 13.49).abs() < 0.01);
    // The quantile is worked out inside a bucket: it is as coarse as that.
    let (_, step) = kind(&run, "/search", "latency");
    assert!((0.5..3.0).contains(&step), "{step}");
    let failing = self::run("fortio/head-1.checkout.json");
    let (failed, all) = errors(&failing, "/checkout");
    assert!(failed > 0 && all == 100, "{failed} of {all}");
    assert!(
        has(
            &self::run("fortio/grpc-ping.json"),
            "GRPC Health",
            "latency"
        ) || !self::run("fortio/grpc-ping.json").subjects.is_empty()
    );
    let verdict = pair("fortio/{side}-{n}.search.json");
    shows_the_change(&verdict, "/search", "latency.mean", 1.1..1.4);
}

#[test]
fn ghz_json() {
    let run = run("ghz/base-1.json");
    // The call that the client cancelled at the end is no error.
    assert_eq!(errors(&run, "fgrpc.PingServer.Ping"), (0, 239));
    assert!((number(&run, "fgrpc.PingServer.Ping", "latency", "p50") - 5.097_917).abs() < 0.006);
    let failed = self::run("ghz/deadline-exceeded.json");
    assert_eq!(errors(&failed, "fgrpc.PingServer.Ping"), (40, 40));
    assert!(!has(&failed, "fgrpc.PingServer.Ping", "latency"));
}

#[test]
fn goose_report() {
    let run = run("goose/base-1.json");
    assert_eq!(errors(&run, "POST /checkout"), (0, 206));
    // total_time_us / counter.
    let mean = number(&run, "POST /checkout", "latency", "mean");
    assert!((mean / 22.815_922 - 1.0).abs() < 0.016, "{mean}");
    let (of, step) = kind(&run, "GET /", "latency");
    assert!(
        of == "histogram" && step > 0.05 && step < 0.2,
        "{of} {step}"
    );
    let refused = self::run("goose/refused.json");
    assert!(!has(&refused, "GET /", "latency"));
    let verdict = pair("goose/{side}-{n}.json");
    shows_the_change(&verdict, "GET search, \"quick\"", "latency.p50", 1.15..1.35);
}

#[test]
fn h2load_text_and_log() {
    let text = run("h2load/errors.txt");
    assert_eq!(errors(&text, "all requests"), (11, 300));
    assert!((number(&text, "all requests", "latency", "mean") - 57.44).abs() < 1e-9);
    assert!(warns(&text, "--log-file"));
    // With a warm-up the printed seconds include it, and the rate does not.
    let timed = run("h2load/timed.txt");
    assert!((timed.provenance.duration_s.unwrap() - 3.0).abs() < 0.01);
    let log = run("h2load/requests.log");
    assert!(warns(&log, "this may be several runs"));
    assert!(!has(&log, "all requests", "throughput"));
    assert_eq!(kind(&log, "all requests", "latency"), ("histogram", 0.001));
}

#[test]
fn siege_tells_errors_and_no_latency() {
    for file in ["siege/siege.txt", "siege/json.txt"] {
        let run = run(file);
        assert!(!has(&run, "all requests", "latency"));
        assert!(warns(&run, "rounds its times to 10 ms"), "{file}");
    }
    assert_eq!(errors(&run("siege/json.txt"), "all requests"), (25, 520));
    assert!(
        (number(
            &run("siege/siege.txt"),
            "all requests",
            "throughput",
            "value"
        ) - 599.64)
            .abs()
            < 1e-9
    );
}

#[test]
fn drill_statistics() {
    let run = run("drill/base-1.txt");
    assert_eq!(errors(&run, "Item {{ item }}"), (0, 120));
    assert!((number(&run, "Search \"quick\", by a", "latency", "p50") - 13.0).abs() < 1e-9);
    assert_eq!(kind(&run, "Home", "latency").1, 1.0);
    let refused = self::run("drill/refused.txt");
    assert_eq!(errors(&refused, "all requests"), (25, 25));
    assert!(!has(&refused, "Home", "latency"));
    let nano = self::run("drill/stats-nanosec-head.txt");
    assert!(kind(&nano, "Home", "latency").1 < 1e-3);
}

#[test]
fn rlt_json() {
    let run = run("rlt/base-1.json");
    assert!((number(&run, "all requests", "latency", "p99") - 19.103_743).abs() < 1e-6);
    assert_eq!(
        errors(&self::run("rlt/refused.json"), "all requests"),
        (20, 20)
    );
    let missing = self::run("rlt/all-404.json");
    assert!(!has(&missing, "all requests", "latency"));
    let verdict = pair("rlt/{side}-{n}.json");
    shows_the_change(&verdict, "all requests", "latency.p50", 1.15..1.35);
}

#[test]
fn redis_benchmark_csv_and_text() {
    holds(
        "redis-benchmark/set-get-lpush.csv",
        &[
            ("SET", "latency", "p50", 0.271, 0.0),
            ("SET", "latency", "p95", 1.919, 0.0),
            ("SET", "latency", "p99", 4.135, 0.0),
            ("SET", "latency", "mean", 0.450, 0.0),
            ("SET", "latency", "max", 13.343, 0.0),
            ("SET", "throughput", "value", 31_496.06, 0.0),
            ("LPUSH", "throughput", "value", 34_602.07, 0.0),
        ],
    );
    let csv = run("redis-benchmark/set-get-lpush.csv");
    assert_eq!(csv.subjects.len(), 3);
    // It counts neither requests nor errors.
    assert!(!has(&csv, "SET", "errors"));
    assert!(warns(&csv, "does not say how many requests"));
    assert_eq!(kind(&csv, "SET", "latency"), ("quantiles", 0.008));
    holds(
        "redis-benchmark/set-get.txt",
        &[
            ("GET", "latency", "p50", 0.119, 0.0),
            ("GET", "latency", "p95", 0.215, 0.0),
            ("GET", "latency", "p99", 1.239, 0.0),
            ("GET", "latency", "mean", 0.149, 0.0),
            ("GET", "throughput", "value", 37_500.0, 0.0),
        ],
    );
    let text = run("redis-benchmark/set-get.txt");
    assert_eq!(errors(&text, "SET"), (0, 3000));
    let load = text.provenance.load.as_ref().unwrap();
    assert_eq!(
        load.terms.get("connections").map(String::as_str),
        Some("10")
    );
    holds(
        "redis-benchmark/short.txt",
        &[
            ("SET", "latency", "p50", 0.143, 0.0),
            ("GET", "throughput", "value", 32_967.04, 0.0),
        ],
    );
}

#[test]
fn redis_benchmark_names_are_whole_and_a_stopped_run_is_refused() {
    holds(
        "redis-benchmark/names.csv",
        &[(
            "LRANGE_100 (first 100 elements)",
            "latency",
            "p50",
            0.111,
            0.0,
        )],
    );
    assert!(has(
        &run("redis-benchmark/quotes.csv"),
        "SET a,\"b c",
        "latency"
    ));
    assert!(refusal("redis-benchmark/stopped.csv").contains("no test behind its header"));
    assert!(refusal("redis-benchmark/refused.txt").contains("could not connect"));
}

#[test]
fn redis_benchmark_pair() {
    // A list four times as long, on a busy machine.
    let subject = "LRANGE mylist 0 -1";
    let verdict = pair("redis-benchmark/{side}-{n}.csv");
    shows_the_change(&verdict, subject, "throughput.value", 0.3..0.6);
    let verdict = pair("redis-benchmark/{side}-{n}.txt");
    shows_the_change(&verdict, subject, "latency.p50", 1.4..3.0);
}

#[test]
fn sysbench_text() {
    holds(
        "sysbench/oltp.txt",
        &[
            ("transactions", "latency", "mean", 19.37, 0.0),
            ("transactions", "latency", "p95", 20.37, 0.0),
            ("transactions", "latency", "max", 1027.96, 0.0),
            ("transactions", "throughput", "value", 205.77, 0.0),
        ],
    );
    let oltp = run("sysbench/oltp.txt");
    // 620 that ended, and 18 that were begun again after an error.
    assert_eq!(errors(&oltp, "transactions"), (18, 638));
    assert_eq!(oltp.provenance.duration_s, Some(3.0128));
    let tool = oltp.provenance.tool.as_ref().unwrap();
    assert_eq!(tool.version.as_deref(), Some("1.0.20"));
    holds(
        "sysbench/cpu.txt",
        &[
            ("cpu", "latency", "p99", 12.30, 0.0),
            ("cpu", "latency", "mean", 0.70, 0.0),
            ("cpu", "throughput", "value", 2861.38, 0.0),
        ],
    );
    assert_eq!(errors(&run("sysbench/cpu.txt"), "cpu"), (0, 5733));
    // Where it prints no rate, that is events by time; without a percentile the mean stays.
    holds(
        "sysbench/files.txt",
        &[
            ("files", "throughput", "value", 9_587.0 / 1.0059, 0.0),
            ("files", "latency", "mean", 0.10, 0.0),
        ],
    );
}

#[test]
fn sysbench_times_that_are_too_fast_to_print_are_left_out() {
    let memory = run("sysbench/memory.txt");
    assert!(!has(&memory, "memory", "latency"));
    assert!(warns(&memory, "this test is faster"));
    let rate = number(&memory, "memory", "throughput", "value");
    assert!((rate - 3_202_003.49).abs() < 1e-6, "{rate}");
}

#[test]
fn sysbench_with_a_rate_and_without_a_database() {
    let rate = run("sysbench/rate.txt");
    let throughput = &rate.subjects["cpu"]["throughput"];
    assert_eq!(throughput.role, perfgate::model::Role::Fixed);
    let load = rate.provenance.load.as_ref().unwrap();
    assert_eq!(load.terms.get("rate").map(String::as_str), Some("200/s"));
    let refused = refusal("sysbench/refused.txt");
    assert!(
        refused.contains("FATAL") || refused.contains("Connection to database failed"),
        "{refused}"
    );
}

#[test]
fn sysbench_pair() {
    // Prime numbers up to 14000 and not 10000: 1.5 times the work.
    let verdict = pair("sysbench/{side}-{n}.txt");
    shows_the_change(&verdict, "cpu", "latency.mean", 1.4..1.7);
    shows_the_change(&verdict, "cpu", "throughput.value", 0.6..0.7);
}

#[test]
fn pgbench_text() {
    let tpcb = "<builtin: TPC-B (sort of)>";
    holds(
        "pgbench/statements.txt",
        &[
            (tpcb, "latency", "mean", 9.145, 0.0),
            (tpcb, "throughput", "value", 437.391_540, 0.0),
        ],
    );
    let timed = run("pgbench/statements.txt");
    assert_eq!(errors(&timed, tpcb), (0, 1754));
    assert_eq!(timed.provenance.duration_s, Some(4.0));
    assert!(warns(&timed, "--log"));
    let tool = timed.provenance.tool.as_ref().unwrap();
    assert_eq!(tool.version.as_deref(), Some("15.18"));
    let counted = run("pgbench/select-only.txt");
    assert_eq!(errors(&counted, "<builtin: select only>"), (0, 800));
    holds(
        "pgbench/two-scripts.txt",
        &[
            ("all requests", "latency", "mean", 4.224, 0.0),
            ("all requests", "throughput", "value", 473.467_661, 0.0),
            ("a.sql", "latency", "mean", 0.096, 0.0),
            ("a.sql", "throughput", "value", 155.455_215, 0.0),
            (tpcb, "latency", "mean", 5.284, 0.0),
        ],
    );
    assert_eq!(errors(&run("pgbench/two-scripts.txt"), tpcb), (0, 403));
}

#[test]
fn pgbench_counts_what_failed_was_skipped_or_never_made() {
    let tpcb = "<builtin: TPC-B (sort of)>";
    let failing = run("pgbench/serialization.txt");
    assert_eq!(errors(&failing, tpcb), (4215, 5129));
    assert!(warns(&failing, "includes 4215 failed requests"));
    let late = run("pgbench/rate.txt");
    assert_eq!(errors(&late, tpcb), (13, 382));
    assert!(warns(&late, "13 transactions"));
    let throughput = &late.subjects[tpcb]["throughput"];
    assert_eq!(throughput.role, perfgate::model::Role::Fixed);
    // pgbench itself counts no failure here.
    let aborted = run("pgbench/aborted.txt");
    assert_eq!(errors(&aborted, "bad.sql"), (600, 600));
    assert!(!has(&aborted, "bad.sql", "latency") && !has(&aborted, "bad.sql", "throughput"));
    assert!(warns(&aborted, "600 of 600 transactions were not made"));
}

#[test]
fn pgbench_log() {
    // Mean and maximum from the file with awk; pgbench printed 2.031 ms with its own time between transactions.
    holds(
        "pgbench/base-1.log",
        &[
            ("script 0", "latency", "mean", 1.983_72, 0.05),
            ("script 0", "latency", "max", 291.087, 0.1),
        ],
    );
    let log = run("pgbench/base-1.log");
    assert_eq!(errors(&log, "script 0"), (0, 600));
    assert_eq!(kind(&log, "script 0", "latency"), ("histogram", 0.001));
    let two = run("pgbench/two-scripts.log");
    assert_eq!(errors(&two, "script 0"), (0, 197));
    assert_eq!(errors(&two, "script 1"), (0, 403));
    assert_eq!(errors(&two, "all requests"), (0, 600));
    let late = run("pgbench/skipped.log");
    assert_eq!(errors(&late, "script 0"), (13, 390));
    assert!(warns(&late, "times with skipped"));
    let throughput = &late.subjects["script 0"]["throughput"];
    assert_eq!(throughput.role, perfgate::model::Role::Fixed);
    let failing = run("pgbench/serialization.log");
    assert_eq!(errors(&failing, "script 0"), (816, 1000));
}

#[test]
fn pgbench_pair() {
    // The same script over twice as many rows.
    let verdict = pair("pgbench/{side}-{n}.log");
    shows_the_change(&verdict, "script 0", "latency.p50", 1.3..2.2);
    let verdict = pair("pgbench/{side}-{n}.txt");
    shows_the_change(&verdict, "sum.sql", "latency.mean", 1.3..2.2);
}

#[test]
fn pgbench_logs_of_several_threads_are_one_run() {
    let first = run("pgbench/threads.969");
    // What it printed: 6 clients made 60 transactions each, 2014 a second.
    assert_eq!(errors(&first, "script 0"), (0, 360));
    assert!((number(&first, "script 0", "throughput", "value") / 2013.986 - 1.0).abs() < 0.05);
    for thread in ["pgbench/threads.969.1", "pgbench/threads.969.2"] {
        assert_eq!(run(thread), first, "{thread}");
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        std::fs::copy(
            fixture(&format!("pgbench/{name}")),
            folder.path().join(name),
        )
        .unwrap();
    };
    copy("threads.969");
    copy("threads.969.1");
    copy("threads.969.2");
    let in_folder = ingest::read(folder.path(), &ReadOptions::default()).unwrap();
    assert_eq!(in_folder.len(), 1);
    assert_eq!(in_folder[0].runs, [first]);
    std::fs::remove_file(folder.path().join("threads.969.1")).unwrap();
    let error = read(&folder.path().join("threads.969")).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.ends_with("there is threads.969.2 and no threads.969.1"),
        "{text}"
    );
}

#[test]
fn pgbench_logs_of_a_share_and_of_intervals_are_told_apart() {
    let sampled = run("pgbench/sampled.log");
    assert!(warns(&sampled, "it holds about 9.") || warns(&sampled, "it holds about 10."));
    assert!(!has(&sampled, "script 0", "throughput"));
    assert!(has(&sampled, "script 0", "latency"));
    let whole = run("pgbench/base-1.log");
    assert!(!warns(&whole, "--sampling-rate") && has(&whole, "script 0", "throughput"));
    let aggregated = refusal("pgbench/aggregated.log");
    assert!(
        aggregated.contains("it looks like pgbench's log of intervals (`--aggregate-interval`)"),
        "{aggregated}"
    );
}
