//! Pairs of runs with a known difference that `tests/fixtures/regenerate` recorded, and tools that it builds from source.

use super::*;

/// The server takes a quarter longer for the one path that is asked for, or for one of those.
#[test]
fn a_service_that_got_a_quarter_slower_shows_in_each_load_tool() {
    for (pattern, subject, of, about) in [
        ("wrk/{side}-{n}.txt", "/search", "latency.p50", 1.15..1.35),
        (
            "oha/{side}-{n}.json",
            "all requests",
            "latency.p50",
            1.15..1.35,
        ),
        (
            "artillery/{side}-{n}.json",
            "/search",
            "latency.p50",
            1.15..1.35,
        ),
        ("ab/{side}-{n}.txt", "/search", "latency.p50", 1.15..1.35),
        (
            "ab/{side}-{n}.tsv",
            "all requests",
            "latency.p50",
            1.15..1.35,
        ),
        (
            "h2load/{side}-{n}.log",
            "all requests",
            "latency.p50",
            1.15..1.35,
        ),
        (
            "h2load/{side}-{n}.txt",
            "all requests",
            "latency.mean",
            1.1..1.35,
        ),
        // Whole milliseconds.
        (
            "autocannon/{side}-{n}.json",
            "/search",
            "latency.mean",
            1.05..1.35,
        ),
        // It tells no usable time.
        (
            "siege/{side}-{n}.txt",
            "all requests",
            "throughput.value",
            0.75..0.95,
        ),
        (
            "drill/{side}-{n}.txt",
            "Search \"quick\", by a",
            "latency.mean",
            1.05..1.35,
        ),
        (
            "ghz/{side}-{n}.json",
            "fgrpc.PingServer.Ping",
            "latency.p50",
            1.1..1.35,
        ),
    ] {
        shows_the_change(&pair(pattern), subject, of, about);
    }
}

/// A quarter more work; the ranges are as wide as the machine was busy.
#[test]
fn code_that_does_a_quarter_more_work_shows_in_each_benchmark_tool() {
    for (pattern, subject, of, about) in [
        (
            "nanobench/{side}-{n}.json",
            "codec/encode | 64",
            "time.p50",
            1.2..1.3,
        ),
        (
            "nanobench/{side}-{n}.txt",
            "codec/encode | 64",
            "time.value",
            1.2..1.3,
        ),
        (
            "cargo-criterion/{side}-{n}.ndjson",
            "codec/encode",
            "time.p50",
            1.2..1.3,
        ),
        ("divan/{side}-{n}.txt", "encode", "time.p50", 1.2..1.3),
        ("libtest/{side}-{n}.txt", "encode", "time.p50", 1.1..1.6),
        (
            "go-bench/{side}-{n}.txt",
            "BenchmarkEncode",
            "time.p50",
            1.1..1.4,
        ),
        (
            "vitest/vitest-{side}-{n}.json",
            "codec.bench.mjs > encode 64",
            "time.p50",
            1.15..1.35,
        ),
        (
            "tinybench/tinybench-{side}-{n}.json",
            "encode 64",
            "time.p50",
            1.15..1.35,
        ),
        (
            "mitata/mitata-{side}-{n}.json",
            "encode 64",
            "time.p50",
            1.1..1.4,
        ),
        (
            "benchmarkjs/quarter-{side}-{n}.txt",
            "encode 64",
            "throughput.value",
            0.7..0.95,
        ),
        (
            "google-benchmark/{side}-{n}.json",
            "BM_Checksum/1024",
            "time.p50",
            1.15..1.35,
        ),
        (
            "catch2/{side}-{n}.xml",
            "codec/encode <256> & \"q\"",
            "time.p50",
            1.2..1.3,
        ),
        (
            "jmh/{side}-{n}.json",
            "org.acme.text.ParseBench.parseNumbers (kind=plain, size=100)",
            "time.p50",
            1.2..1.3,
        ),
        (
            "perf/loop-{side}-{n}.csv",
            "command",
            "cpu_time.value",
            1.2..1.3,
        ),
        (
            "perf/loop-{side}-{n}.json",
            "command",
            "cpu_time.value",
            1.2..1.3,
        ),
        (
            "time/loop-{side}-{n}.time.txt",
            "sh run.sh",
            "user_time.p50",
            1.2..1.3,
        ),
        (
            "hyperfine/v1.15-loop-{side}-{n}.json",
            "busy",
            "user_time.value",
            1.2..1.3,
        ),
    ] {
        let verdict = pair(pattern);
        shows_the_change(&verdict, subject, of, about);
    }
}

/// Instructions are counted: 12,344 more of them are no chance.
#[test]
fn gungraun_pair() {
    let side = |run: &str| vec![format!("gungraun/{run}.bench_fib.long.json")];
    let verdict = compare(&side("run1"), &side("run2"));
    let subject = "gg_bench::group_a::bench_fib long";
    let (ratio, outcome) = series(&verdict, subject, "instructions.value");
    assert!((ratio - 32_318.0 / 19_974.0).abs() < 1e-9, "{ratio}");
    assert_eq!(outcome, "regressed");
}

#[test]
fn nanobench_json_and_table() {
    // The table rounds to two decimals of ns; of a batch both tell one unit.
    holds(
        "nanobench/base-1.json",
        &[
            ("codec/encode | 64", "time", "p50", 4.328_73e-6, 0.001),
            ("codec/batch of 4", "time", "p50", 4.326_93e-6, 0.001),
            (
                "codec/sized (complexityN=100)",
                "time",
                "p50",
                4.418_65e-6,
                0.001,
            ),
        ],
    );
    // `sized` has a column more than the head of its table, which nanobench does not write again.
    holds(
        "nanobench/base-1.txt",
        &[
            ("codec/encode | 64", "time", "value", 4328.73, 0.0),
            ("codec/decode", "time", "value", 4313.48, 0.0),
            ("codec/batch of 4", "time", "value", 4326.93, 0.0),
            (
                "codec/sized (complexityN=100)",
                "time",
                "value",
                4418.65,
                0.0,
            ),
        ],
    );
    for file in ["nanobench/base-1.json", "nanobench/base-1.txt"] {
        let run = run(file);
        assert_eq!(run.subjects.len(), 5, "{file}");
        assert_eq!(errors(&run, "codec/nothing"), (1, 1), "{file}");
        assert!(!has(&run, "codec/nothing", "time"), "{file}");
    }
}

#[test]
fn nanobench_rows_that_do_not_fit_their_head_are_refused() {
    let head =
        "| complexityN |               ns/op |                op/s |    err% |     total | codec\n";
    let parsed = |row: &str| {
        let text = format!("{head}|------------:|---:|---:|---:|---:|:---\n{row}\n");
        let format = ingest::Format::Nanobench;
        ingest::parse_bytes(format, text.as_bytes(), &ReadOptions::default())
    };
    // The size is gone, and the head stays.
    let runs =
        parsed("|            4,313.48 |          231,831.39 |    0.0% |      0.07 | `decode`");
    let got = number(&runs.unwrap()[0], "codec/decode", "time", "value");
    assert!((got - 4313.48).abs() < 1e-9, "{got}");
    let error = parsed("| 4,313.48 | 0.07 | `decode`").unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("line 3: it has 2 columns, and its head 5"),
        "{error}"
    );
}

#[test]
fn memtier_json() {
    // As the tool printed them; the printed mean is that of whole microseconds.
    holds(
        "memtier/set-get.json",
        &[
            ("Gets", "latency", "p50", 0.111, 8.0),
            ("Gets", "latency", "p99", 8.031, 0.5),
            ("Gets", "latency", "p99.9", 12.159, 0.5),
            ("Gets", "latency", "mean", 0.627, 0.2),
            ("Gets", "latency", "max", 36.863, 0.1),
            ("Gets", "throughput", "value", 14_652.11, 0.0),
            ("Sets", "latency", "mean", 0.559, 0.2),
            ("Sets", "throughput", "value", 1467.51, 0.0),
            ("all requests", "latency", "p99", 8.031, 0.5),
            ("all requests", "latency", "mean", 0.621, 0.2),
        ],
    );
    let both = run("memtier/set-get.json");
    assert_eq!(kind(&both, "Gets", "latency"), ("histogram", 0.008));
    assert_eq!(errors(&both, "Sets"), (0, 2938));
    assert!(!both.subjects.contains_key("Waits"), "no WAIT was sent");
    assert_eq!(both.provenance.duration_s, Some(2.002));
    let terms = &both.provenance.load.as_ref().unwrap().terms;
    assert_eq!(terms.get("ratio").map(String::as_str), Some("1:10"));
    let total = &both.subjects["all requests"]["latency"];
    assert_eq!(total.role, perfgate::model::Role::Total);
    let rate = run("memtier/rate.json");
    let throughput = &rate.subjects["Gets"]["throughput"];
    assert_eq!(throughput.role, perfgate::model::Role::Fixed);
}

#[test]
fn memtier_of_older_versions() {
    holds(
        "memtier/v1.4.0.json",
        &[
            ("Gets", "latency", "p99", 8.031, 0.5),
            ("Gets", "latency", "mean", 0.473, 0.2),
            ("Sets", "throughput", "value", 371.96, 0.0),
        ],
    );
    // It counts nothing: 2000 requests of each of two clients, so many a second.
    holds(
        "memtier/v1.2.17.json",
        &[
            ("Gets", "latency", "mean", 0.12, 0.0),
            ("Sets", "throughput", "value", 1569.78, 0.0),
            ("all requests", "throughput", "value", 17_250.30, 0.0),
        ],
    );
    let oldest = run("memtier/v1.2.17.json");
    assert_eq!(errors(&oldest, "all requests"), (0, 4000));
    assert_eq!(errors(&oldest, "Sets"), (0, 364));
}

#[test]
fn memtier_without_its_histogram() {
    let text = std::fs::read_to_string(fixture("memtier/rate.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    for (_, commands) in document["ALL STATS"].as_object_mut().unwrap() {
        if let Some(percentiles) = commands.get_mut("Percentile Latencies") {
            percentiles
                .as_object_mut()
                .unwrap()
                .remove("Histogram log format");
        }
    }
    let format = ingest::Format::Memtier;
    let bytes = document.to_string();
    let runs = ingest::parse_bytes(format, bytes.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(kind(&runs[0], "Gets", "latency"), ("quantiles", 0.008));
    assert!((number(&runs[0], "Gets", "latency", "p95") - 4.047).abs() < 1e-9);
    assert!((number(&runs[0], "all requests", "latency", "p99.99") - 8.063).abs() < 1e-9);
}

#[test]
fn memtier_refuses_what_is_no_run() {
    assert!(refusal("memtier/refused.json").contains("no request was made"));
    assert!(refusal("memtier/several-runs.json").contains("more than one run"));
}

#[test]
fn memtier_pair() {
    // A list four times as long.
    let verdict = pair("memtier/{side}-{n}.json");
    shows_the_change(&verdict, "Lranges", "latency.p50", 1.6..2.6);
    shows_the_change(&verdict, "Lranges", "throughput.value", 0.3..0.7);
}
