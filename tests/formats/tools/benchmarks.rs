//! Benchmarks: what is read of the output of each of them.

use super::*;

#[test]
fn hyperfine_json() {
    holds(
        "hyperfine/two-commands.json",
        &[
            (
                "sleep 0.02",
                "time",
                "mean",
                0.023_779_269_666_666_67,
                0.0001,
            ),
            ("sleep 0.02", "time", "p50", 0.023_914_2, 0.0001),
        ],
    );
    let one = run("hyperfine/two-commands.json");
    assert_eq!(kind(&one, "sleep 0.02", "time"), ("samples", 0.0));
    assert_eq!(errors(&one, "sleep 0.02"), (0, 12));
    let two = run("hyperfine/v2-base-1.json");
    assert_eq!(
        two.provenance.tool.as_ref().unwrap().version.as_deref(),
        Some("2.0.0")
    );
    assert_eq!(
        two.subjects["compress"]["time"].evidence.observations(),
        Some(4)
    );
    assert!(has(&two, "pipe | {x}", "time"));
    assert!(number(&two, "compress", "rss_peak", "value") > 1e7);
}

#[test]
fn hyperfine_failures_have_no_time() {
    let run = run("hyperfine/v1.15-failing-ignored.json");
    let failing = run
        .subjects
        .keys()
        .find(|subject| errors(&run, subject.as_str()).0 > 0)
        .unwrap()
        .as_str()
        .to_owned();
    assert_eq!(errors(&run, &failing), (3, 3));
    assert!(!has(&run, &failing, "time"));
    assert!(run.subjects.values().any(|m| m.get("time").is_some()));
}

#[test]
fn hyperfine_parameters_are_part_of_the_name_once() {
    let scan = run("hyperfine/v1.15-param-list.json");
    assert_eq!(scan.subjects.len(), 4, "{:?}", scan.subjects.keys());
    let csv = run("hyperfine/v1.15-param-list.csv");
    assert_eq!(
        csv.subjects.keys().collect::<Vec<_>>(),
        scan.subjects.keys().collect::<Vec<_>>()
    );
}

#[test]
fn pytest_benchmark_json() {
    let base = run("pytest-benchmark/base-1.json");
    let text = std::fs::read_to_string(fixture("pytest-benchmark/base-1.json")).unwrap();
    let told: Value = serde_json::from_str(&text.replace("NaN", "null")).unwrap();
    for benchmark in told["benchmarks"].as_array().unwrap() {
        let name = benchmark["fullname"].as_str().unwrap();
        let stats = &benchmark["stats"];
        for (statistic, key) in [("p50", "median"), ("mean", "mean"), ("max", "max")] {
            let (got, told) = (
                number(&base, name, "time", statistic),
                stats[key].as_f64().unwrap(),
            );
            assert!(
                (got / told - 1.0).abs() < 1e-9,
                "{name} {statistic}: {got} {told}"
            );
        }
    }
    let stored = run("pytest-benchmark/0001_rev_base.json");
    let (kinds, _) = kind(
        &stored,
        stored.subjects.keys().next().unwrap().as_str(),
        "time",
    );
    assert_eq!(kinds, "quantiles");
    assert_eq!(
        base.provenance.tool.unwrap().version.as_deref(),
        Some("5.3.1")
    );
}

#[test]
fn pytest_benchmark_pair() {
    let verdict = pair("pytest-benchmark/{side}-{n}.json");
    let changed = verdict["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| {
            row["subject"]
                .as_str()
                .unwrap()
                .ends_with("test_checksum[64]")
                && row["metric"] == "time"
        });
    let ratio = changed.unwrap()["change"]["ratio"].as_f64().unwrap();
    assert!((1.0..1.6).contains(&ratio), "{ratio}");
}

#[test]
fn go_bench_text_and_stream() {
    let text = run("go-bench/bench-count3.txt");
    assert_eq!(
        text.subjects["BenchmarkFib10"]["time"]
            .evidence
            .observations(),
        Some(3)
    );
    assert!((number(&text, "BenchmarkFib10", "time", "p50") - 425.5).abs() < 1e-9);
    assert!((number(&text, "BenchmarkJoin/n=100", "B/op", "p50") - 416.0).abs() < 1e-9);
    // One line of results comes in several events.
    let stream = run("go-bench/bench-json.ndjson");
    assert!((number(&stream, "BenchmarkFib10", "time", "p50") - 447.0).abs() < 1e-9);
    // The last number of `plain-2-2` is that of the processors, the one before belongs to the name.
    let names = run("go-bench/count10-base.txt");
    assert!(
        has(&names, "BenchmarkNames/plain-2", "time"),
        "{:?}",
        names.subjects.keys()
    );
    assert_eq!(
        names.subjects["BenchmarkSplit"]["splits/s"].better,
        perfgate::model::Better::Higher
    );
    assert!(has(
        &run("go-bench/cpu12-base.txt"),
        "BenchmarkJoin-2",
        "time"
    ));
    assert!(has(
        &run("go-bench/cpu12-base.txt"),
        "BenchmarkJoin",
        "time"
    ));
}

#[test]
fn go_bench_lines_that_are_torn_are_no_results() {
    for file in ["go-bench/odd.txt", "go-bench/odd.ndjson"] {
        let run = run(file);
        // In the text what the benchmark printed tears its line.
        let torn = file.ends_with("txt");
        assert_eq!(has(&run, "BenchmarkPrints", "time"), !torn, "{file}");
        assert!(has(&run, "BenchmarkLoop", "time"), "{file}");
        assert!((number(&run, "BenchmarkNoTime", "widgets", "p50") - 42.0).abs() < 1e-9);
    }
    assert!(refusal("go-bench/nomatch.txt").contains("no known result"));
}

#[test]
fn jmh_json() {
    let text = std::fs::read_to_string(fixture("jmh/base-1.json")).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    let run = run("jmh/base-1.json");
    for result in told.as_array().unwrap() {
        let mut parameters: Vec<String> = result["params"]
            .as_object()
            .map(|params| {
                params
                    .iter()
                    .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()))
                    .collect()
            })
            .unwrap_or_default();
        parameters.sort();
        let name = result["benchmark"].as_str().unwrap();
        let subject = if parameters.is_empty() {
            name.to_owned()
        } else {
            format!("{name} ({})", parameters.join(", "))
        };
        let (got, score) = (
            number(&run, &subject, "time", "mean"),
            result["primaryMetric"]["score"].as_f64().unwrap(),
        );
        assert!((got / score - 1.0).abs() < 1e-9, "{subject}: {got} {score}");
    }
    let modes = self::run("jmh/modes-base.json");
    let encode = &modes.subjects["org.acme.text.ModesBench.encode"];
    for metric in ["throughput", "time", "sample_time", "cold_time"] {
        assert!(encode.get(metric).is_some(), "{metric}");
    }
    assert_eq!(encode["throughput"].better, perfgate::model::Better::Higher);
    assert_eq!(encode["sample_time"].unit.as_str(), "ms");
    // Scores that are no number are no reason to refuse the file.
    assert!(self::run("jmh/one.json").subjects.len() == 1);
    assert!(refusal("jmh/fail-only.json").contains("no known result"));
}

#[test]
fn google_benchmark_json() {
    holds(
        "google-benchmark/base-1.json",
        &[
            ("BM_Checksum/64", "time", "p50", 2_399.108_736_8, 1e-6),
            ("BM_Checksum/64", "cpu_time", "p50", 2_390.632_634_8, 1e-6),
            ("BM_Decode", "time", "p50", 19.208_015_74, 1e-6),
        ],
    );
    let run = run("google-benchmark/reps-base.json");
    assert_eq!(
        run.subjects["BM_Checksum/64"]["time"]
            .evidence
            .observations(),
        Some(5)
    );
    let aggregates = self::run("google-benchmark/aggregates-only-base.json");
    assert_eq!(kind(&aggregates, "BM_Checksum/64", "time").0, "quantiles");
    // What failed has a time of 0, which is no improvement.
    let failed = self::run("google-benchmark/base-1.json");
    assert!(
        failed.warnings.iter().any(|w| w.contains("it is left out")),
        "{:?}",
        failed.warnings
    );
    for metrics in failed.subjects.values() {
        if let Some(time) = metrics.get("time") {
            assert!(time.evidence.smallest().unwrap() > 0.0);
        }
    }
    assert!(refusal("google-benchmark/nomatch.json").contains("it is empty"));
}

#[test]
fn divan_table() {
    holds(
        "divan/divan.txt",
        &[
            ("fib/10", "time", "p50", 133.4, 1e-9),
            ("fib/15", "time", "p50", 1508.0, 1e-9),
            ("fib/15", "time", "max", 12_370.0, 1e-9),
            ("hash/sum/16384", "time", "mean", 13_750.0, 1e-9),
            ("hash/t/t=2", "time", "mean", 422.0, 1e-9),
        ],
    );
}

#[test]
fn libtest_lines() {
    holds(
        "libtest/bench.txt",
        &[
            ("tests::bytes", "time", "p50", 1580.61, 1e-9),
            ("tests::fib_20", "time", "p50", 51_713.40, 1e-9),
            ("tests::bytes", "throughput", "value", 2592.0, 1e-9),
        ],
    );
    let (_, step) = kind(&run("libtest/bench.txt"), "tests::bytes", "time");
    assert!((step - 0.01).abs() < 1e-9, "{step}");
}

#[test]
fn javascript_benchmarks() {
    holds(
        "tinybench/tinybench-base-1.json",
        &[
            ("encode 64", "time", "p50", 0.002_382_999_98, 1e-4),
            ("encode 64", "time", "mean", 0.003_869_288_77, 1e-4),
        ],
    );
    assert!(warns(
        &run("tinybench/tinybench-base-1.json"),
        "`throws` failed"
    ));
    let bad = run("vitest/vitest-bad.json");
    assert!(warns(&bad, "`vb/bad.bench.mjs > throws` failed"));
    assert!((number(&bad, "vb/bad.bench.mjs > good", "time", "p50") - 0.000_343).abs() < 1e-9);
    holds(
        "mitata/mitata-base-1.json",
        &[
            ("encode 64", "time", "p50", 2211.0, 1e-9),
            ("encode 64", "time", "mean", 5_904.088_499_93, 1e-6),
        ],
    );
    assert!(has(&run("mitata/mitata-base-1.json"), "size=32", "time"));
}

/// Version 1 has no median; a benchmark outside of groups, in nested ones, and one that throws.
#[test]
fn vitest_of_other_versions() {
    let inner = "codec.bench.mjs > codec \"a > b\" > inner > encode";
    for (file, mean, median) in [
        ("vitest/v1.6.0.json", 0.048_587, None),
        ("vitest/v2.1.9.json", 0.059_913, Some(0.002_599)),
        ("vitest/v4.1.12.json", 0.044_602, Some(0.002_533)),
    ] {
        holds(file, &[(inner, "time", "mean", mean, 0.01)]);
        let run = run(file);
        assert_eq!(run.subjects.len(), 3, "{file}");
        assert!(has(&run, "codec.bench.mjs > top level", "time"), "{file}");
        assert!(
            warns(&run, "inner > throws` failed: it is left out"),
            "{file}"
        );
        let evidence = &run.subjects[inner]["time"].evidence;
        let p50 = reading::read(evidence, "p50".parse().unwrap());
        assert_eq!(p50.is_some(), median.is_some(), "{file}");
        if let Some(median) = median {
            holds(file, &[(inner, "time", "p50", median, 0.01)]);
        }
    }
}

#[test]
fn catch2_xml() {
    let run = run("catch2/base-1.xml");
    let name = "codec/encode <256> & \"q\"";
    assert!(
        (number(&run, name, "time", "value") - 8840.55).abs() < 1e-9,
        "{:?}",
        run.subjects.keys()
    );
    let Evidence::Estimate(mean) = run.subjects[name]["time"].evidence else {
        panic!("no interval")
    };
    assert!((mean.low - 8722.49).abs() < 1e-9 && (mean.high - 9072.71).abs() < 1e-9);
    assert!(has(&run, "codec/advanced/with setup", "time"));
    // Without an analysis there is a value and no interval; what threw is missing.
    assert_eq!(
        kind(&self::run("catch2/no-analysis.xml"), name, "time").0,
        "value"
    );
    let failing = self::run("catch2/with-failure.xml");
    assert!(
        !failing
            .subjects
            .keys()
            .any(|subject| subject.as_str().contains("throws"))
    );
}

#[test]
fn benchmark_js_text() {
    let run = run("benchmarkjs/benchmarkjs-base-1.txt");
    assert!((number(&run, "decode#512 x 2", "throughput", "value") - 22_160.0).abs() < 1e-9);
    assert!((number(&run, "join", "throughput", "value") - 2_332_646.0).abs() < 1e-9);
    assert!(warns(&run, "`throws` failed"));
}

#[test]
fn gungraun_summaries() {
    // The new value, also where an old one stands beside it.
    for (file, told) in [
        ("run1.bench_fib.long", 19_974.0),
        ("run2.bench_fib.long", 32_318.0),
    ] {
        let run = run(&format!("gungraun/{file}.json"));
        let got = number(
            &run,
            "gg_bench::group_a::bench_fib long",
            "instructions",
            "value",
        );
        assert!((got - told).abs() < 1e-9, "{file}: {got}");
    }
    let stream = run("gungraun/stdout.ndjson");
    assert!(stream.subjects.len() > 1, "{:?}", stream.subjects.keys());
}

#[test]
fn perf_stat() {
    holds(
        "perf/base-1.csv",
        &[
            ("command", "cpu_time", "value", 90.51, 1e-9),
            ("command", "page-faults", "value", 1935.0, 1e-9),
        ],
    );
    holds(
        "perf/base-1.json",
        &[("command", "cpu_time", "value", 91.919_993, 1e-9)],
    );
    // What could not be counted is not zero.
    let run = run("perf/base-1.csv");
    assert!(!has(&run, "command", "instructions"));
    assert!(warns(&run, "instructions was not supported"));
}

#[test]
fn gnu_time() {
    let run = run("time/base-1.time.txt");
    assert!((number(&run, "py3 work.py 20", "time", "p50") - 0.56).abs() < 1e-9);
    assert!((number(&run, "py3 work.py 20", "rss_peak", "value") - 13_452.0).abs() < 1e-9);
    assert!((kind(&run, "py3 work.py 20", "time").1 - 0.01).abs() < 1e-12);
    let failed = self::run("time/fail.time.txt");
    let subject = failed.subjects.keys().next().unwrap().as_str();
    assert_eq!(errors(&failed, subject), (1, 1));
    assert!(!has(&failed, subject, "time"));
}

#[test]
fn asv_results() {
    // As asv printed: 164±9μs, 10.5±0.1ms, 28.2M, 60.
    holds(
        "asv/base-1.json",
        &[
            (
                "bench_all.TimeSuite.time_decode",
                "time",
                "p50",
                0.000_164_350_124_997_270_09,
                0.0,
            ),
            (
                "bench_all.TimeSuite.timeraw_import",
                "time",
                "p50",
                0.010_537_941_499_933_368,
                0.0,
            ),
            (
                "bench_all.TimeSuite.peakmem_alloc",
                "rss_peak",
                "value",
                28_209_152.0,
                0.0,
            ),
            (
                "bench_all.Codec.mem_table(64, 'plain')",
                "object_size",
                "value",
                51_256.0,
                0.0,
            ),
            // The last parameter changes fastest.
            (
                "bench_all.Codec.time_encode(16, None)",
                "time",
                "p50",
                4.599_332_501_129_538e-05,
                0.0,
            ),
            (
                "bench_all.Codec.time_encode(64, \"odd, 'name'\")",
                "time",
                "p50",
                0.000_218_922_225_030_837_58,
                0.0,
            ),
            ("bench_all.track_count", "track", "value", 60.0, 0.0),
        ],
    );
    let base = run("asv/base-1.json");
    assert_eq!(
        base.provenance.commit.as_deref(),
        Some("2b3830810cf33f2df5246a07f3ed8cc7fe3e9145")
    );
    let times = &base.subjects["bench_all.TimeSuite.time_decode"]["time"];
    assert_eq!(times.evidence.observations(), Some(10));
    // Nothing says whether a higher count is better.
    assert_eq!(
        base.subjects["bench_all.track_count"]["track"].role,
        perfgate::model::Role::Fixed
    );
}

#[test]
fn asv_tells_what_failed_from_what_was_left_out() {
    let base = run("asv/base-1.json");
    for failed in [
        "bench_all.TimeSuite.time_broken",
        "bench_all.time_slow",
        "bench_all.track_none",
    ] {
        assert_eq!(errors(&base, failed), (1, 1), "{failed}");
        assert!(!has(&base, failed, "time"));
    }
    assert!(warns(&base, "3 benchmarks failed or took too long"));
    // Its setup raised NotImplementedError: there was nothing to measure.
    assert!(
        !base
            .subjects
            .contains_key("bench_all.Codec.time_encode(64, None)")
    );
    assert_eq!(
        errors(&base, "bench_all.Codec.time_encode(64, 'plain')"),
        (0, 1)
    );
}

#[test]
fn asv_samples_and_quick_runs() {
    let samples = run("asv/append-samples.json");
    let of = |run: &Run, subject: &str| {
        let evidence = &run.subjects[subject]["time"].evidence;
        (evidence.kind(), evidence.observations())
    };
    let decode = "bench_all.TimeSuite.time_decode";
    assert_eq!(of(&samples, decode), ("samples", Some(10)));
    // One sample, with infinite bounds.
    let quick = run("asv/quick.json");
    assert_eq!(
        of(&quick, "bench_all.Codec.time_encode(16, 'plain')"),
        ("quantiles", Some(1))
    );
    assert_eq!(of(&quick, decode), ("quantiles", Some(10)));
}

#[test]
fn asv_pair() {
    // time_encode does a quarter more, on a busy machine; the count is not judged, and what fails on both sides is no change.
    let verdict = pair("asv/{side}-{n}.json");
    shows_the_change(
        &verdict,
        "bench_all.Codec.time_encode(16, 'plain')",
        "time.p50",
        1.0..2.2,
    );
    let rows = verdict["comparisons"].as_array().unwrap();
    let count = rows
        .iter()
        .find(|row| row["subject"] == "bench_all.track_count" && row["metric"] == "track")
        .unwrap();
    assert_eq!(count["change"]["ratio"], 1.25);
    assert_eq!(count["gated"], false);
    let (_, outcome) = series(&verdict, "bench_all.time_slow", "errors.rate");
    assert!(outcome != "regressed" && outcome != "improved", "{outcome}");
}

#[test]
fn tango_text() {
    let odd = "decode with a name, of more than fifty characters: [ 1 ... 2 ]";
    for path in [
        "tango/verbose.txt",
        "tango/solo.txt",
        "tango/both-streams.txt",
    ] {
        let run = run(path);
        let names: Vec<&str> = run.subjects.keys().map(|name| name.as_str()).collect();
        assert_eq!(names.len(), 3, "{path}: {names:?}");
        assert!(names.contains(&odd), "{path}: {names:?}");
        assert_eq!(run.subjects["slow"]["time"].evidence.kind(), "estimate");
    }
}

#[test]
fn tango_pair() {
    let verdict = pair("tango/{side}-{n}.txt");
    shows_the_change(&verdict, "encode/64", "time.p50", 1.2..1.4);
    // The other benchmark does the same work in both.
    let decode = "decode with a name, of more than fifty characters: [ 1 ... 2 ]";
    let (ratio, _) = series(&verdict, decode, "time.p50");
    assert!((0.97..1.05).contains(&ratio), "{ratio}");
}

#[test]
fn google_benchmark_csv() {
    holds(
        "google-benchmark/base.csv",
        &[
            ("BM_Checksum/64", "time", "p50", 2251.93, 0.0),
            ("BM_Checksum/64", "cpu_time", "p50", 2248.1, 0.0),
            ("BM_Checksum/64", "throughput", "p50", 2.846_85e7, 0.0),
            ("BM_Checksum/64", "items_per_second", "p50", 444_820.0, 0.0),
            ("BM_Decode", "time", "p50", 17.8083, 0.0),
            ("BM_Sort/16384", "time", "p50", 1.045_18, 0.0),
        ],
    );
    let base = run("google-benchmark/base.csv");
    assert_eq!(base.subjects["BM_Decode"]["time"].unit.to_string(), "µs");
    // How often the code was called is no number of repetitions.
    assert!(!base.provenance.partial, "{:?}", base.warnings);
    assert!(warns(&base, "`BM_Broken` failed (no input \"x\", sorry)"));
    assert!(!base.subjects.contains_key("BM_Broken"));
    // Complexity is no time, and of what is timed by hand the CPU time says nothing.
    assert!(
        base.subjects
            .keys()
            .all(|name| !name.as_str().contains("BM_Sort_"))
    );
    let manual = "manual time/with slash/iterations:40/manual_time";
    assert!(has(&base, manual, "time") && !has(&base, manual, "cpu_time"));
    let repeated = run("google-benchmark/base-reps.csv");
    let times = &repeated.subjects["BM_Checksum/64"]["time"].evidence;
    assert_eq!((times.kind(), times.observations()), ("samples", Some(3)));
    assert!((number(&repeated, "BM_Checksum/64", "time", "p50") - 2202.56).abs() < 1e-9);
    assert!(!repeated.subjects.contains_key("BM_Checksum/64_mean"));
}

#[test]
fn google_benchmark_csv_of_aggregates_only() {
    let all = std::fs::read_to_string(fixture("google-benchmark/base-reps.csv")).unwrap();
    let kept = all.lines().filter(|line| {
        ["name,", "_mean\"", "_median\"", "_stddev\"", "_cv\""]
            .iter()
            .any(|part| line.contains(part))
    });
    let text: String = kept.flat_map(|line| [line, "\n"]).collect();
    let format = ingest::Format::GoogleBenchmark;
    let runs = ingest::parse_bytes(format, text.as_bytes(), &ReadOptions::default()).unwrap();
    let times = &runs[0].subjects["BM_Checksum/64"]["time"].evidence;
    assert_eq!((times.kind(), times.observations()), ("quantiles", Some(3)));
    assert!((number(&runs[0], "BM_Checksum/64", "time", "p50") - 2202.56).abs() < 1e-9);
    assert!((number(&runs[0], "BM_Checksum/64", "time", "mean") - 2204.93).abs() < 1e-9);
}

#[test]
fn mitata_text() {
    holds(
        "mitata/mitata.txt",
        &[
            ("encode 64", "time", "p50", 3190.0, 0.0),
            ("plain", "time", "p50", 21_960.0, 0.0),
            ("size=32", "time", "p50", 1500.0, 0.0),
        ],
    );
    let run = run("mitata/mitata.txt");
    assert_eq!(run.subjects.len(), 4);
    assert!(warns(&run, "`throws` failed (no way)"));
}
/// What a whole output says, and the same output without one of its observations.
#[test]
fn fewer_observations_than_the_tool_says_are_told_and_no_whole_run() {
    let shortened = |name: &str, shorten: fn(&mut Value)| {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        shorten(&mut document);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.json");
        std::fs::write(&path, document.to_string()).unwrap();
        let mut read = ingest::read(&path, &ReadOptions::default()).unwrap();
        read.remove(0).runs.remove(0)
    };
    for (name, shorten, told) in [
        (
            "jmh/base-1.json",
            (|all| {
                let forks = all[0]["primaryMetric"]["rawData"].as_array_mut().unwrap();
                forks[1].as_array_mut().unwrap().pop();
            }) as fn(&mut Value),
            "holds 7 of its 8 iterations",
        ),
        (
            "google-benchmark/reps-base.json",
            |all| {
                let rows = all["benchmarks"].as_array_mut().unwrap();
                let at = rows.iter().position(|row| row["run_type"] == "iteration");
                rows.remove(at.unwrap());
            },
            "repetitions: the output is not complete",
        ),
    ] {
        let whole = run(name);
        assert!(!whole.provenance.partial, "{name}: {:?}", whole.warnings);
        let short = shortened(name, shorten);
        assert!(short.provenance.partial, "{name}");
        assert!(
            short.warnings.iter().any(|warning| warning.contains(told)),
            "{name}: {:?}",
            short.warnings
        );
    }
}
