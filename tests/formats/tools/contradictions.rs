//! What cannot be true of one run is an error or is told, whichever tool wrote it: each is a real output of which one number
//! was changed.

use super::*;

/// What is changed of an output.
enum Edit {
    /// The value at this pointer of the JSON.
    Set(&'static str, Value),
    /// The last entry of the list at this pointer is taken out.
    Shorten(&'static str),
    /// The first of these words, and what stands there instead.
    Word(&'static str, &'static str),
}

use Edit::{Set, Shorten, Word};

/// What comes of it.
enum Told {
    Error(&'static str),
    /// The run is read, and is no whole one.
    Partial(&'static str),
    Warning(&'static str),
}

use Told::{Error, Partial, Warning};

impl Edit {
    fn of(&self, text: &str) -> String {
        if let Word(from, to) = self {
            assert!(text.contains(from), "no `{from}`");
            return text.replacen(from, to, 1);
        }
        let mut document: Value = serde_json::from_str(text).unwrap();
        match self {
            Set(pointer, value) => {
                *document.pointer_mut(pointer).unwrap() = value.clone();
            }
            Shorten(pointer) => {
                let list = document.pointer_mut(pointer).unwrap();
                list.as_array_mut().unwrap().pop().unwrap();
            }
            Word(..) => {}
        }
        document.to_string()
    }
}

fn read_edited(fixture_name: &str, edit: &Edit) -> (Run, anyhow::Result<Run>) {
    let text = std::fs::read_to_string(fixture(fixture_name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let name = Path::new(fixture_name).file_name().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, edit.of(&text)).unwrap();
    (run(fixture_name), read(&path))
}

fn holds_of_each(cases: Vec<(&str, Edit, Told)>) {
    for (number, (name, edit, told)) in cases.into_iter().enumerate() {
        let place = format!("{number}, {name}");
        let (whole, edited) = read_edited(name, &edit);
        match told {
            Error(words) => {
                let error = edited.expect_err(&place);
                let text = format!("{error:#}");
                assert!(text.contains(words), "{place}: {text}");
            }
            Partial(words) | Warning(words) => {
                let run = edited.unwrap_or_else(|error| panic!("{place}: {error:#}"));
                assert!(!warns(&whole, words), "{place}: {:?}", whole.warnings);
                assert!(warns(&run, words), "{place}: {:?}", run.warnings);
                assert!(!whole.provenance.partial, "{place}");
                assert_eq!(
                    run.provenance.partial,
                    matches!(told, Partial(_)),
                    "{place}"
                );
            }
        }
    }
}

#[test]
fn fewer_measurements_than_the_output_says() {
    holds_of_each(vec![
        (
            "jmh/base-1.json",
            Shorten("/0/primaryMetric/rawData/1"),
            Partial("holds 7 of its 8 iterations"),
        ),
        (
            "google-benchmark/reps-base.json",
            Set("/benchmarks/0/repetitions", 30.into()),
            Partial("of its 30 repetitions: the output is not complete"),
        ),
        (
            "hyperfine/two-commands.json",
            Shorten("/results/0/exit_codes"),
            Error("the number of its times is 12, and that of its exit codes 11"),
        ),
        (
            "hyperfine/two-commands.json",
            Shorten("/results/0/times"),
            Error("the number of its times is 11, and that of its exit codes 12"),
        ),
        (
            "pytest-benchmark/with-data.json",
            Shorten("/benchmarks/0/stats/data"),
            Error("`data` holds 77 rounds, and `rounds` is 78"),
        ),
        (
            "benchmarkdotnet/documented-full.json",
            Shorten("/Benchmarks/0/Statistics/OriginalValues"),
            Partial("holds 4 of its 5 values"),
        ),
        (
            "nanobench/documented.json",
            Shorten("/results/0/measurements"),
            Partial("holds 2 of its 3 epochs"),
        ),
        (
            "ghz/base-1.json",
            Shorten("/details"),
            Partial("holds 239 of its 240 calls in `details`"),
        ),
        (
            "artillery/report.json",
            Set("/aggregate/summaries/http.response_time/count", 400.into()),
            Partial("`http.response_time` holds the times of 400 of 832 answers"),
        ),
        (
            "autocannon/autocannon.json",
            Set("/latency/totalCount", 3000.into()),
            Partial("holds the times of 3000 of 3179 answers"),
        ),
        (
            "tinybench/tinybench-base-1.json",
            Set("/0/result/latency/samplesCount", 0.into()),
            Error("`encode 64`: its numbers are those of 0 measurements"),
        ),
        (
            "vitest/vitest-base-1.json",
            Set("/files/0/groups/0/benchmarks/0/sampleCount", 0.into()),
            Error("its numbers are those of 0 measurements"),
        ),
        (
            "catch2/base-1.xml",
            Word("samples=\"", "samples=\"0\" was=\""),
            Error("its numbers are those of 0 measurements"),
        ),
        (
            "go-bench/base-1.txt",
            Word("10000", "0"),
            Error("`BenchmarkEncode-2`: its numbers are those of 0 measurements"),
        ),
        (
            "google-benchmark/v1.7.1-base.json",
            Set("/benchmarks/0/iterations", 0.into()),
            Error("`BM_Checksum/64`: its numbers are those of 0 measurements"),
        ),
        (
            "google-benchmark/base.csv",
            Word(",31840,", ",0,"),
            Error("`BM_Checksum/64`: its numbers are those of 0 measurements"),
        ),
        (
            "bombardier/head-1.checkout.json",
            Set("/spec/numberOfRequests", 200.into()),
            Partial("`POST /checkout` holds 100 of its 200 requests"),
        ),
        (
            "wrk/base-1.txt",
            Word("Running 2s test", "Running 20s test"),
            Partial("of the 20.0 s that were asked for"),
        ),
        (
            "fortio/base-1.search.json",
            Set("/RequestedDuration", "1m4s".into()),
            Partial("it ended after 4.0 of the 64.0 s that were asked for"),
        ),
        (
            "ghz/base-1.json",
            Set("/options/duration", 40_000_000_000_u64.into()),
            Partial("it ended after 4.0 of the 40.0 s that were asked for"),
        ),
        (
            "bombardier/no-latencies.buy.txt",
            Word("with 50 request(s)", "with 80 request(s)"),
            Partial("`/buy` holds 50 of its 80 requests"),
        ),
        (
            "bombardier/base-1.search.json",
            Set("/spec/testDurationSeconds", 10.into()),
            Partial("it ended after 3.0 of the 10.0 s that were asked for"),
        ),
    ]);
}

#[test]
fn counts_of_the_same_requests_that_differ() {
    holds_of_each(vec![
        (
            "fortio/base-1.search.json",
            Set("/DurationHistogram/Data/0/Count", 900.into()),
            Error("the sum of its buckets is "),
        ),
        (
            "fortio/base-1.search.json",
            Set("/RetCodes/200", 300.into()),
            Error("the sum of `RetCodes` is 300, and `Count` 320"),
        ),
        (
            "ghz/base-1.json",
            Set("/count", 480.into()),
            Error("the sum of `statusCodeDistribution` is 240, and `count` 480"),
        ),
        (
            "vegeta/base-1.report.json",
            Set("/requests", 960.into()),
            Error("the sum of `status_codes` is 480, and `requests` 960"),
        ),
        (
            "vegeta/base-1.report.json",
            Set("/success", 0.5.into()),
            Error("`success` is 0.5, and by `status_codes` 480 of 480 requests succeeded"),
        ),
        (
            "autocannon/autocannon.json",
            Set("/2xx", 3000.into()),
            Error("the sum of `1xx` to `5xx` is 3000, and `requests.total` 3179"),
        ),
        (
            "artillery/report.json",
            Set("/aggregate/counters/http.responses", 900.into()),
            Error("`http.responses` is 900, and `http.requests` 832"),
        ),
        (
            "gatling/v3.10.5-base-1.global_stats.json",
            Set("/numberOfRequests/total", 2000.into()),
            Error("`ok` and `ko` together is 1253, and `total` 2000"),
        ),
        (
            "goose/base-1.json",
            Set("/raw_metrics/requests/GET ~1/success_count", 200.into()),
            Partial("`GET /` holds 148 of its 200 times"),
        ),
        (
            "goose/base-1.json",
            Set("/raw_metrics/requests/GET ~1/raw_data/counter", 200.into()),
            Error("the number of its times is 148, and `counter` 200"),
        ),
        (
            "rlt/base-1.json",
            Set("/summary/iters/total", 1204.into()),
            Error("the sum of `status` is 602, and `iters.total` 1204"),
        ),
        (
            "drill/base-1.txt",
            Word(
                "Successful requests       60",
                "Successful requests       50",
            ),
            Error("successful and failed requests together is 50, and `Total requests` 60"),
        ),
        (
            "h2load/h2load.txt",
            Word("1000 succeeded", "1200 succeeded"),
            Error("`succeeded` is 1200, and `done` 1000"),
        ),
        (
            "pgbench/base-1.txt",
            Word("actually processed: 600/600", "actually processed: 900/600"),
            Error(
                "the number of transactions processed is 900, and the number of those to be made 600",
            ),
        ),
        (
            "pgbench/base-1.txt",
            Word("per client: 300", "per client: 400"),
            Error(
                "the number of clients times that of transactions per client is 800, and the number of transactions to be made 600",
            ),
        ),
        (
            "pgbench/two-scripts.txt",
            Word("197 transactions", "297 transactions"),
            Error(
                "the number of transactions of all scripts is 700, and the number of transactions processed 600",
            ),
        ),
        (
            "bombardier/head-1.checkout.json",
            Set("/result/req2xx", 110.into()),
            Error("`POST /checkout` holds 112 requests, and says that there are 100"),
        ),
        (
            "jmeter/base-1.statistics.json",
            Set("/Total/errorCount", 100.into()),
            Error("`errorPct` is 0, and by `errorCount` it is 22.9"),
        ),
        (
            "k6/v1.8.1-base-1.summary-export.json",
            Set("/metrics/http_reqs/count", 1871.into()),
            Error("http_req_failed counts 1870 requests, and http_reqs 1871"),
        ),
        (
            "locust/base-1/stdout.json",
            Set("/0/num_requests", 1000.into()),
            Error("does not count the 1000 timed requests of `num_requests`"),
        ),
    ]);
}

#[test]
fn numbers_out_of_order() {
    holds_of_each(vec![
        (
            "locust/base-1/stdout.json",
            Set("/1/total_response_time", 1e9.into()),
            Error("its numbers contradict each other: the largest is "),
        ),
        (
            "locust/base-1/run_stats.csv",
            Word(",21,24,", ",210,24,"),
            Error("p50 is 210 and p66 is 24, which cannot be of one distribution"),
        ),
        (
            "k6/v1.8.1-base-1.summary-export.json",
            Set(
                "/metrics/http_req_duration{expected_response:true}/max",
                0.5.into(),
            ),
            Error("its numbers contradict each other: the largest is 0.5"),
        ),
        (
            "oha/oha.json",
            Set("/latencyPercentiles/p50", 9.5.into()),
            Error("its percentiles contradict each other: p75 is "),
        ),
        (
            "hyperfine/two-commands.json",
            Set("/results/0/times/0", (-1.0).into()),
            Error("-1 is negative"),
        ),
    ]);
}

#[test]
fn a_rate_that_does_not_fit_count_and_duration() {
    holds_of_each(vec![
        (
            "wrk/latency.txt",
            Word("Requests/sec:    673.38", "Requests/sec:  99673.38"),
            Error("requests a second for "),
        ),
        (
            "hey/v0.1.5-base-1.txt",
            Word("Requests/sec:\t", "Requests/sec:\t9999"),
            Error("requests a second for "),
        ),
        (
            "ab/ab.txt",
            Word(
                "Complete requests:      2000",
                "Complete requests:      4000",
            ),
            Warning("requests a second for 2.9 s are 2000 requests, and it counts 4000"),
        ),
        (
            "k6/v1.8.1-base-1.summary-export.json",
            Set("/metrics/http_reqs/rate", 99_999.0.into()),
            Error(
                "count and rate of iterations are those of a run of 6.0 s, and the run was one of 0.0 s",
            ),
        ),
        (
            "locust/base-1/run_stats.csv",
            Word(",50.4", ",5000.4"),
            Error("requests a second for "),
        ),
        (
            "bombardier/base-1.search.json",
            Set("/result/rps/mean", 99_999.0.into()),
            Warning("450 requests in 3.0 s are 149.4 a second, and it counts 99999.0 a second"),
        ),
        (
            "pgbench/base-1.txt",
            Word("tps = 984.", "tps = 99984."),
            Error(
                "the average latency is that of a run of 0.609 s, and the rate that of one of 0.006 s",
            ),
        ),
        (
            "pgbench/base-1.txt",
            Word("latency average = 2.031 ms", "latency average = 2031 ms"),
            Error("the average latency is that of a run of 609.300 s"),
        ),
        (
            "gatling/v3.10.5-base-1.global_stats.json",
            Set("/meanNumberOfRequestsPerSecond/total", 99_999.0.into()),
            Error("`ok` and `ko` together is 179, and `total` 99999"),
        ),
        (
            "gatling/v3.10.5-base-1.stats.json",
            Set(
                "/contents/req_get---67707333/stats/meanNumberOfRequestsPerSecond/total",
                999.0.into(),
            ),
            Error("requests a second for 7.0 s"),
        ),
    ]);
}
