//! Locust's real output, and what happens when it is cut, edited or not Locust's at all.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfgate::hint;
use perfgate::ingest::{self, Format, ReadOptions};
use perfgate::model::evidence::Quantiles;
use perfgate::model::{Better, Evidence, Measurement, Quantile, Role, Run};
use proptest::prelude::*;

const MEMBERS: [&str; 3] = ["run_stats.csv", "run_stats_history.csv", "stdout.json"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn options(warmup: Option<u64>) -> ReadOptions {
    ReadOptions {
        from: Some(Format::Locust),
        warmup: warmup.map(Duration::from_secs),
        ..ReadOptions::default()
    }
}

fn try_read(path: &Path, warmup: Option<u64>) -> anyhow::Result<Run> {
    let mut ingested = ingest::read(path, &options(warmup))?;
    assert_eq!(ingested.len(), 1);
    let mut runs = ingested.remove(0).runs;
    assert_eq!(runs.len(), 1);
    Ok(runs.remove(0))
}

fn read(name: &str) -> Run {
    try_read(&fixture(name), None).unwrap()
}

fn parse(bytes: &[u8], warmup: Option<u64>) -> anyhow::Result<Run> {
    let mut runs = ingest::parse_bytes(Format::Locust, bytes, &options(warmup))?;
    assert_eq!(runs.len(), 1);
    Ok(runs.remove(0))
}

/// The message and the hint of a refusal.
fn refusal(result: anyhow::Result<Run>) -> (String, String) {
    let error = result.unwrap_err();
    (
        format!("{error:#}"),
        hint::of(&error).unwrap_or_default().to_owned(),
    )
}

fn measured<'a>(run: &'a Run, subject: &str, metric: &str) -> Option<&'a Measurement> {
    run.subjects.get(subject)?.get(metric)
}

fn latency<'a>(run: &'a Run, subject: &str) -> &'a Quantiles {
    match &measured(run, subject, "latency").unwrap().evidence {
        Evidence::Quantiles(quantiles) => quantiles,
        other => panic!("{other:?}"),
    }
}

fn mean(run: &Run, subject: &str) -> f64 {
    latency(run, subject).moments().mean.unwrap()
}

fn percentile(run: &Run, subject: &str, fraction: f64) -> (f64, f64) {
    let point = latency(run, subject).points()[&Quantile::from_fraction(fraction).unwrap()];
    (point.value, point.resolution)
}

fn errors(run: &Run, subject: &str) -> (u64, u64) {
    match measured(run, subject, "errors").unwrap().evidence {
        Evidence::Proportion(errors) => (errors.count(), errors.of()),
        ref other => panic!("{other:?}"),
    }
}

fn throughput(run: &Run, subject: &str) -> f64 {
    match measured(run, subject, "throughput").unwrap().evidence {
        Evidence::Value(rate) => rate,
        ref other => panic!("{other:?}"),
    }
}

fn warned(run: &Run, part: &str) -> bool {
    run.warnings.iter().any(|warning| warning.contains(part))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[test]
fn the_csv_holds_what_locust_printed() {
    let run = read("locust/base-1/run_stats.csv");
    let checkout = latency(&run, "POST /api/checkout");
    assert_eq!(checkout.n(), 186);
    assert_eq!(checkout.moments().mean, Some(187.58257066668597));
    assert_eq!(checkout.moments().max, Some(400.6594790002964));
    assert_eq!(percentile(&run, "POST /api/checkout", 0.5), (180.0, 10.0));
    assert_eq!(percentile(&run, "GET /", 0.95), (32.0, 1.0));
    assert_eq!(percentile(&run, "GET /", 0.9999), (56.0, 1.0));
    assert_eq!(errors(&run, "POST /api/checkout"), (12, 186));
    assert_eq!(throughput(&run, "GET /"), 50.444260065839856);
    assert_eq!(
        measured(&run, "GET /", "latency").unwrap().unit.as_str(),
        "ms"
    );
    assert_eq!(
        measured(&run, "GET /", "throughput").unwrap().better,
        Better::Higher
    );
    // A comma in a name, and the rest of the six with their total.
    assert!(run.subjects.contains_key("GET /api/search?q=a,b"));
    assert_eq!(run.subjects.len(), 7);
    assert_eq!(run.provenance.tool.as_ref().unwrap().name, "locust");
    assert!((run.provenance.duration_s.unwrap() - 8.009).abs() < 0.001);
    assert_eq!(
        run.provenance.started_at.unwrap().to_string(),
        "2026-11-20T16:18:54Z"
    );
}

#[test]
fn only_the_row_without_a_type_is_a_total() {
    let run = read("locust/base-1/run_stats.csv");
    let role = |subject: &str| measured(&run, subject, "latency").unwrap().role;
    assert_eq!(role("Aggregated"), Role::Total);
    assert_eq!(role("GET /"), Role::Outcome);
    let csv = "Type,Name,Request Count,Failure Count,Average Response Time\r\n\
               GET,Aggregated,3,0,5.5\r\n,Aggregated,3,0,5.5\r\n";
    let run = parse(csv.as_bytes(), None).unwrap();
    let role = |subject: &str| measured(&run, subject, "latency").unwrap().role;
    assert_eq!(
        (role("GET Aggregated"), role("Aggregated")),
        (Role::Outcome, Role::Total)
    );
}

#[test]
fn failures_that_are_timed_with_the_rest_are_said_and_a_dead_endpoint_has_no_latency() {
    for name in ["locust/base-1/run_stats.csv", "locust/base-1/stdout.json"] {
        let run = read(name);
        assert!(
            measured(&run, "GET /missing", "latency").is_none(),
            "{name}"
        );
        let (failed, of) = errors(&run, "GET /missing");
        assert_eq!(failed, of);
        assert!(!warned(&run, "latency of GET /missing"));
        assert!(warned(
            &run,
            "latency of POST /api/checkout includes 12 failed requests of 1"
        ));
    }
    let run = read("locust/base-1/run_stats.csv");
    assert!(warned(
        &run,
        "GET /missing failed 80 times with HTTPError('404 Client Error: Not Found for url: /missing')"
    ));
    assert!(warned(
        &run,
        "CatchResponseError('unexpected \"title\", got, commas')"
    ));
}

#[test]
fn any_file_of_the_set_or_its_prefix_reads_the_same() {
    let run = read("locust/base-1/run_stats.csv");
    for name in [
        "run",
        "run_stats_history.csv",
        "run_failures.csv",
        "run_exceptions.csv",
    ] {
        assert_eq!(read(&format!("locust/base-1/{name}")), run, "{name}");
    }
}

/// Every form of a run knows how many users it had, the JSON by the history that lies beside it.
#[test]
fn the_users_of_the_history_are_the_load_of_the_run() {
    let users = |path: &Path| {
        let load = try_read(path, None).unwrap().provenance.load;
        load.and_then(|load| load.terms.get("users").cloned())
    };
    let folder = tempfile::tempdir().unwrap();
    for file in MEMBERS {
        let mut text = fs::read_to_string(fixture("locust/base-1").join(file)).unwrap();
        if file == "run_stats_history.csv" {
            text = text.replace(",20,", ",30,");
        }
        fs::write(folder.path().join(file), text).unwrap();
    }
    assert_eq!(users(&fixture("locust/base-1")).as_deref(), Some("20"));
    for name in ["", "run", "run_stats.csv", "run_stats_history.csv"] {
        assert_eq!(
            users(&folder.path().join(name)).as_deref(),
            Some("30"),
            "{name}"
        );
    }
    fs::remove_file(folder.path().join("run_stats_history.csv")).unwrap();
    for name in ["", "run", "stdout.json"] {
        assert_eq!(users(&folder.path().join(name)), None, "{name}");
    }
    // What was measured is no term: it follows from the service.
    let load = read("locust/base-1/run").provenance.load.unwrap();
    assert_eq!((load.terms.len(), load.digest), (1, None));
}

#[test]
fn the_json_counts_every_request_exactly() {
    let run = read("locust/base-1/stdout.json");
    let checkout = latency(&run, "POST /api/checkout");
    assert_eq!(checkout.n(), 199);
    assert!(close(mean(&run, "POST /api/checkout"), 187.7408704221281));
    assert_eq!(errors(&run, "POST /api/checkout"), (12, 199));
    assert!(!run.subjects.contains_key("Aggregated"));
    assert_eq!(run.subjects.len(), 6);
    assert_eq!(
        run.provenance.started_at.unwrap().to_string(),
        "2026-11-20T16:18:54.102Z"
    );
    assert!((run.provenance.duration_s.unwrap() - 8.76).abs() < 0.02);
}

/// The JSON holds the last second that the CSV lacks: figures agree within a rounding step or two.
#[test]
fn percentiles_of_the_json_are_those_of_the_csv_within_the_flush_lag() {
    for run in [
        "base-1", "base-2", "base-3", "slow20-1", "slow20-2", "slow20-3",
    ] {
        let csv = read(&format!("locust/{run}/run_stats.csv"));
        let json = read(&format!("locust/{run}/stdout.json"));
        for subject in ["GET /", "GET /api/users/[id]", "GET /api/search?q=a,b"] {
            for fraction in [0.5, 0.66, 0.75, 0.8, 0.9] {
                let (from_csv, step) = percentile(&csv, subject, fraction);
                let (from_json, _) = percentile(&json, subject, fraction);
                assert!(
                    (from_csv - from_json).abs() <= 2.0 * step,
                    "{run} {subject} {fraction}: {from_csv} {from_json}"
                );
            }
            let rates = throughput(&csv, subject) / throughput(&json, subject);
            assert!((0.95..1.05).contains(&rates), "{run} {subject}: {rates}");
        }
    }
}

/// A last second without requests: every figure of the CSV can be recomputed from the JSON.
#[test]
fn percentiles_follow_locusts_own_rule() {
    // Of 10 requests, `int(10 * 0.5)` may lie below: Locust reports 20, the upper of the middle two.
    let json = r#"[{"name": "/", "method": "GET", "start_time": 10.0, "last_request_timestamp": 15.0,
        "num_requests": 11, "num_none_requests": 1, "num_failures": 0, "total_response_time": 250.5,
        "min_response_time": 9.6, "max_response_time": 121.0,
        "response_times": {"120.0": 1, "10": 5, "20": 4}, "num_reqs_per_sec": {}}]"#;
    let run = parse(json.as_bytes(), None).unwrap();
    // The request without a response time counts in the rank, as it does in Locust.
    assert_eq!(percentile(&run, "GET /", 0.5), (10.0, 1.0));
    assert_eq!(percentile(&run, "GET /", 0.66), (20.0, 1.0));
    assert_eq!(percentile(&run, "GET /", 0.99), (120.0, 10.0));
    assert_eq!(latency(&run, "GET /").n(), 10);
    assert!(close(mean(&run, "GET /"), 25.05));
    assert!(close(throughput(&run, "GET /"), 2.2));
}

#[test]
fn the_slower_build_is_slower_in_every_clean_run_and_not_in_the_noisy_ones() {
    let means = |set: &str, build: &str| -> Vec<f64> {
        let name = |n| format!("{set}/{build}-{n}/run_stats.csv");
        (1..=3)
            .map(|n| mean(&read(&name(n)), "POST /api/checkout"))
            .collect()
    };
    let highest = |means: Vec<f64>| means.into_iter().fold(0.0, f64::max);
    let lowest = |means: Vec<f64>| means.into_iter().fold(f64::MAX, f64::min);
    assert!(highest(means("locust", "base")) * 1.1 < lowest(means("locust", "slow20")));
    let total = |build: &str| -> Vec<f64> {
        let name = |n| format!("locust-noisy/{build}-{n}/run_stats.csv");
        (1..=3)
            .map(|n| mean(&read(&name(n)), "Aggregated"))
            .collect()
    };
    assert!(highest(total("base")) > lowest(total("slow20")));
}

/// A history of `seconds`: endpoint `GET /a` is asked 10 times a second, at 500 ms in the first ten
/// seconds and at 20 ms from then on; `POST /b` appears at 20 s with one failure a second of four.
fn history(seconds: u64) -> String {
    let mut csv = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,100%,\
        Total Request Count,Total Failure Count,Total Median Response Time,\
        Total Average Response Time,Total Min Response Time,Total Max Response Time,\
        Total Average Content Size\r\n\
        1000,0,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,0,0,0,0.0,0,0,0\r\n"
        .to_owned();
    for second in 1..=seconds {
        let (slow, fast) = (10 * second.min(10), 10 * second.saturating_sub(10));
        let b = 4 * second.saturating_sub(20);
        let sum_a = 500 * slow + 20 * fast;
        let mut row = |of: &str, window: &str, n: u64, failed: u64, sum: u64| {
            let mean = sum as f64 / n as f64;
            let at = 1000 + second;
            writeln!(
                csv,
                "{at},5,{of},1.0,0.0,{window},{n},{failed},0,{mean},1,600,0.0\r"
            )
            .unwrap();
        };
        // A window reaches ten seconds back: until 20 s it still holds slow requests.
        let window = match second {
            1..=2 => "0,0,0",
            3..=20 => "500,500,500",
            _ => "20,25,30",
        };
        row("GET,/a", window, slow + fast, 0, sum_a);
        if b > 0 {
            row("POST,\"/b, \"\"quoted\"\"\"", "7,9,9", b, b / 4, 8 * b);
        }
        row(",Aggregated", window, slow + fast + b, b / 4, sum_a + 8 * b);
    }
    csv
}

#[test]
fn a_warm_up_is_taken_off_requests_failures_and_mean_exactly() {
    let run = parse(history(40).as_bytes(), Some(10)).unwrap();
    assert_eq!(latency(&run, "GET /a").n(), 300);
    assert!(close(mean(&run, "GET /a"), 20.0));
    assert!(close(throughput(&run, "GET /a"), 10.0));
    assert_eq!(errors(&run, "POST /b, \"quoted\""), (20, 80));
    assert!(close(mean(&run, "POST /b, \"quoted\""), 8.0));
    assert!(close(
        mean(&run, "Aggregated"),
        (300.0 * 20.0 + 80.0 * 8.0) / 380.0
    ));
    assert_eq!(run.provenance.duration_s, Some(30.0));
    // Cumulative extremes hold the warm-up, so there are none.
    assert_eq!(latency(&run, "GET /a").moments().max, None);
}

#[test]
fn windows_that_reach_into_the_warm_up_are_not_used() {
    let run = parse(history(40).as_bytes(), Some(10)).unwrap();
    assert_eq!(percentile(&run, "GET /a", 0.5), (20.0, 1.0));
    assert_eq!(percentile(&run, "GET /a", 0.95), (25.0, 1.0));
    assert!(warned(
        &run,
        "percentiles are medians of Locust's 10 s windows after the warm-up"
    ));
    // Shorter than a window: every one of them reaches back.
    let run = parse(history(18).as_bytes(), Some(10)).unwrap();
    assert!(latency(&run, "GET /a").points().is_empty());
    assert!(close(mean(&run, "GET /a"), 20.0));
    assert!(warned(&run, "no percentiles: 8 s after the warm-up"));
}

#[test]
fn rows_before_the_first_window_is_full_are_not_zero_latency() {
    let run = parse(history(4).as_bytes(), None).unwrap();
    assert_eq!(
        percentile(&run, "GET /a", 0.5).0,
        250.0,
        "a rate beside zeros makes them true"
    );
    let unfilled = history(4).replace(",1.0,0.0,0,0,0,", ",0.0,0.0,0,0,0,");
    let run = parse(unfilled.as_bytes(), None).unwrap();
    assert_eq!(percentile(&run, "GET /a", 0.5), (500.0, 10.0));
    assert_eq!(latency(&run, "GET /a").moments().max, Some(600.0));
}

#[test]
fn a_history_without_endpoints_gives_the_total_alone_and_says_so() {
    let only_total: String = history(40)
        .split_inclusive('\n')
        .filter(|line| line.starts_with("Timestamp") || line.contains(",Aggregated,"))
        .collect();
    let run = parse(only_total.as_bytes(), Some(10)).unwrap();
    assert_eq!(run.subjects.len(), 1);
    assert!(latency(&run, "Aggregated").points().is_empty());
    assert!(close(
        mean(&run, "Aggregated"),
        (300.0 * 20.0 + 80.0 * 8.0) / 380.0
    ));
    assert!(warned(&run, "only the Aggregated row") && warned(&run, "hold the warm-up"));
    // Nothing dropped: its percentiles are cumulative, so the last row's are those of the run.
    let run = parse(only_total.as_bytes(), None).unwrap();
    assert_eq!(percentile(&run, "Aggregated", 0.95), (25.0, 1.0));
}

#[test]
fn a_recorded_history_tells_every_request_of_a_run_in_its_second() {
    let run = read("locust/base-1/run");
    let timeline = run.timeline.as_deref().unwrap();
    assert!(close(timeline.slice_s, 1.0) && timeline.length() > 5);
    assert_eq!(timeline.subjects.len(), run.subjects.len());
    for subject in run.subjects.keys() {
        let slices = timeline.slices(subject.as_str());
        let all: u64 = slices
            .iter()
            .map(perfgate::model::timeline::Slice::requests)
            .sum();
        let failed: u64 = slices.iter().map(|slice| slice.errors).sum();
        // The last second may be in the statistics alone.
        let (of_run, requests) = errors(&run, subject.as_str());
        assert!(
            all <= requests && all as f64 > 0.9 * requests as f64,
            "{subject}: {all}"
        );
        assert!(failed <= of_run, "{subject}: {failed} of {of_run}");
        // No time of a single request is made up.
        assert!(slices.iter().all(|slice| slice.latency(0.5).is_none()));
        let names: Vec<&str> = timeline
            .gauges(subject.as_str())
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            names,
            ["latency_mean", "latency_p50", "latency_p99"],
            "{subject}"
        );
    }
    let (_, means) = timeline.gauges("Aggregated").next().unwrap();
    let slices = timeline.slices("Aggregated").iter();
    let weighted = means.values.iter().zip(slices).map(|((at, mean), slice)| {
        assert_eq!(*at, slice.index);
        mean * slice.requests() as f64
    });
    let all: u64 = timeline
        .slices("Aggregated")
        .iter()
        .map(|s| s.requests())
        .sum();
    let whole = weighted.sum::<f64>() / all as f64;
    assert!(
        (whole / mean(&run, "Aggregated") - 1.0).abs() < 0.05,
        "{whole}"
    );
    // Without endpoints its percentiles are those of everything before, and no course.
    let only_total: String = history(40)
        .split_inclusive('\n')
        .filter(|line| line.starts_with("Timestamp") || line.contains(",Aggregated,"))
        .collect();
    let run = parse(only_total.as_bytes(), None).unwrap();
    let timeline = run.timeline.as_deref().unwrap();
    let names: Vec<&str> = timeline
        .gauges("Aggregated")
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["latency_mean"]);
}

#[test]
fn statistics_that_locust_set_to_zero_are_counted_from_there() {
    let text = history(40);
    let head = text.lines().next().unwrap();
    let again = text.lines().skip(2).map(|line| {
        let (second, rest) = line.split_once(',').unwrap();
        format!("{},{rest}", second.parse::<u64>().unwrap() + 40)
    });
    let both: Vec<String> = text.lines().map(str::to_owned).chain(again).collect();
    assert!(both[0] == head && both.len() > 150);
    let run = parse((both.join("\r\n") + "\r\n").as_bytes(), Some(10)).unwrap();
    assert_eq!(latency(&run, "GET /a").n(), 400);
    assert!(close(throughput(&run, "GET /a"), 10.0));
    assert!(warned(&run, "set its statistics to zero"));
}

#[test]
fn the_recorded_history_without_its_first_seconds_agrees_with_the_totals() {
    let path = fixture("locust/base-1/run");
    let run = try_read(&path, Some(4)).unwrap();
    // 186 requests of 187.58 ms in all, less what the row at 4 s says.
    let text = fs::read_to_string(fixture("locust/base-1/run_stats_history.csv")).unwrap();
    let at = |second: &str| -> (f64, f64) {
        let row = text
            .lines()
            .find(|l| l.starts_with(second) && l.contains("/api/checkout"));
        let cells: Vec<&str> = row.unwrap().split(',').collect();
        (cells[17].parse().unwrap(), cells[20].parse().unwrap())
    };
    let ((n0, mean0), (n1, mean1)) = (at("1795191538"), at("1795191542"));
    assert_eq!(latency(&run, "POST /api/checkout").n() as f64, n1 - n0);
    let expected = (n1 * mean1 - n0 * mean0) / (n1 - n0);
    assert!(close(mean(&run, "POST /api/checkout"), expected));
    assert_eq!(run.provenance.duration_s, Some(4.0));
}

#[test]
fn a_warm_up_without_a_history_is_refused_with_the_flag_that_writes_one() {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("run_stats.csv");
    fs::copy(fixture("locust/base-1/run_stats.csv"), &stats).unwrap();
    for path in [stats.as_path(), &fixture("locust/base-1/stdout.json")] {
        let (message, hint) = refusal(try_read(path, Some(30)));
        assert!(message.contains("warm-up"), "{message}");
        assert!(hint.contains("--csv-full-history"), "{hint}");
    }
    // Longer than the run.
    let (message, hint) = refusal(try_read(&fixture("locust/base-1/run"), Some(30)));
    assert!(
        message.contains("after the warm-up of 30 s: the history lasts 8 s"),
        "{message}"
    );
    assert!(message.contains("run_stats_history.csv") && hint.contains("--warmup"));
}

#[test]
fn a_history_alone_is_read_where_no_final_figures_are_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run_stats_history.csv");
    fs::copy(fixture("locust/base-1/run_stats_history.csv"), &path).unwrap();
    let run = try_read(&path, None).unwrap();
    assert!(close(mean(&run, "POST /api/checkout"), 187.58257066668597));
    assert_eq!(errors(&run, "POST /api/checkout"), (12, 186));
    assert!(warned(&run, "medians of Locust's 10 s windows"));
    assert_eq!(
        ingest::read(folder.path(), &options(None)).unwrap().len(),
        1
    );
}

#[test]
fn a_service_that_got_slower_during_a_run_is_told_from_its_history() {
    let value = |run: &Run, metric: &str| match run.subjects["GET /items"][metric].evidence {
        Evidence::Value(value) => value,
        ref other => panic!("{other:?}"),
    };
    for warmup in [None, Some(5)] {
        let path = fixture("locust-slower/run_stats_history.csv");
        let run = try_read(&path, warmup).unwrap();
        // From 52 ms to 92 ms.
        for metric in ["latency_trend", "step"] {
            let rise = value(&run, metric);
            assert!((60.0..95.0).contains(&rise), "{metric}: {rise}");
        }
        assert!(value(&run, "errors_trend").abs() < 1e-9);
        let told = "latency of `GET /items` rose from 5";
        assert!(warned(&run, told), "{:?}", run.warnings);
        assert!(warned(&run, " and stayed"));
        // What sums up others has no course of its own.
        assert!(!run.subjects["Aggregated"].contains_key("latency_trend"));
    }
    // Steady ones of the same tool.
    for name in ["locust/base-1", "locust/slow20-1", "locust-noisy/base-1"] {
        let path = fixture(&format!("{name}/run_stats_history.csv"));
        let run = try_read(&path, Some(1)).unwrap();
        let told = warned(&run, "` rose from ");
        assert!(!told, "{name}: {:?}", run.warnings);
    }
}

#[test]
fn what_is_not_a_result_is_refused_with_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        refusal(try_read(&path, None))
    };
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(*b"T\0y\0").collect();
    for (name, bytes, message) in [
        ("empty.csv", &b""[..], "it is empty"),
        ("utf16.csv", &utf16, "UTF-16"),
        (
            "other.csv",
            b"a,b\n1,2\n",
            "not a result of Locust: looked for",
        ),
        ("latin.csv", b"Type,Name\xe9\n", "not UTF-8"),
        (
            "alone_failures.csv",
            b"Method,Name,Error,Occurrences\n",
            "there is no such file",
        ),
        (
            "failures.csv",
            b"Method,Name,Error,Occurrences\n",
            "without the statistics it belongs to",
        ),
    ] {
        let (said, _) = written(name, bytes);
        assert!(said.contains(message), "{name}: {said}");
    }
    let (message, _) = refusal(try_read(&folder.path().join("nothing"), None));
    assert!(
        message.contains("there is no such file or folder"),
        "{message}"
    );
}

#[test]
fn faults_are_named_by_line_and_column() {
    let head = "Type,Name,Request Count,Failure Count,Average Response Time,Requests/s,95%,100%\n";
    for (rows, message) in [
        ("", "it has a header and no rows"),
        (",Aggregated,0,0,0.0,0.0,N/A,N/A\n", "no request was made"),
        (
            "GET,/,3,0,nan,1,5,6\n",
            "line 2, column `Average Response Time`: `nan` is not a finite number",
        ),
        (
            "GET,/,3,0,5,inf,5,6\n",
            "line 2, column `Requests/s`: `inf` is not a finite number",
        ),
        (
            "GET,/,3,0,5,1,-5,6\n",
            "line 2, column `95%`: `-5` is negative",
        ),
        (
            "GET,/,3.5,0,5,1,5,6\n",
            "line 2, column `Request Count`: `3.5` is not a whole number",
        ),
        (
            "GET,/,N/A,0,5,1,5,6\n",
            "line 2, column `Request Count`: `N/A` is not a whole number",
        ),
        (
            "GET,/,3,4,5,1,5,6\n",
            "line 2: `GET /` has 4 failures of 3 requests",
        ),
        (
            "GET,/,3,0,5,1,5,6\nGET,/,3,0,5,1,5,6\n",
            "lines 2 and 3: both are `GET /`",
        ),
        (
            "GET,\"/a\nb\",3,0,5,1,5,6\nGET,/,3,0\n",
            "line 4: it has 4 fields, and the header has 8",
        ),
        (
            "GET,\"/,3,0,5,1,5,6\n",
            "line 2: a quote is opened and not closed",
        ),
        (
            "GET,/\u{fffd},3,0,5,1,x,6\n",
            "line 2, column `95%`: `x` is not a number",
        ),
    ] {
        let (said, _) = refusal(parse(format!("{head}{rows}").as_bytes(), None));
        assert_eq!(said, message);
    }
    let (said, _) = refusal(parse(head.replace("Average", "Mean").as_bytes(), None));
    // The header is still Locust's; what it lacks is named.
    assert_eq!(said, "line 1: there is no column `Average Response Time`");
    let (said, _) = refusal(parse(head.replace("100%", "95%").as_bytes(), None));
    assert_eq!(said, "line 1: column `95%` occurs twice");
}

#[test]
fn columns_are_read_by_name_and_unknown_ones_are_passed_over() {
    let csv = "99.5%,New,Name,Type,Failure Count,Request Count,Average Response Time\n\
               N/A,x,/idle,GET,0,0,0.0\n12,x,/,GET,1,4,5.5\n";
    let run = parse(csv.as_bytes(), None).unwrap();
    assert_eq!(percentile(&run, "GET /", 0.995), (12.0, 1.0));
    assert_eq!(errors(&run, "GET /"), (1, 4));
    assert!(measured(&run, "GET /", "throughput").is_none());
    assert!(!run.subjects.contains_key("GET /idle"));
    assert!(warned(&run, "GET /idle made no request: it is left out"));
}

#[test]
fn a_number_that_may_be_half_of_one_is_refused() {
    let csv = "Type,Name,Request Count,Failure Count,Average Response Time\nGET,/,4,0,1";
    let (said, hint) = refusal(parse(csv.as_bytes(), None));
    assert!(
        said.starts_with("line 2: the last line has no end"),
        "{said}"
    );
    assert!(hint.contains("newline"));
    assert!(parse(format!("{csv}\n").as_bytes(), None).is_ok());
    // A column that is not read may be cut.
    let spare = csv
        .replace("Time\n", "Time,Spare\n")
        .replace("0,1", "0,1,2");
    assert!(parse(spare.as_bytes(), None).is_ok());
}

#[test]
fn faults_of_the_json_are_named_by_place_or_entry() {
    let entry = |name: &str, times: &str, more: &str| {
        format!(
            "{{\"name\": \"{name}\", \"method\": \"GET\", \"num_requests\": 2, \"num_failures\": 0,
            \"total_response_time\": 4.5, \"response_times\": {times}{more}}}"
        )
    };
    let list = |entries: &[String]| format!("\n[{}]\n", entries.join(",\n"));
    let good = entry("/", "{\"2\": 2}", "");
    assert!(parse(list(std::slice::from_ref(&good)).as_bytes(), None).is_ok());
    for (text, message) in [
        (
            list(&[good.clone(), good.clone()]),
            "entry 2: there is an earlier one for `GET /`",
        ),
        (
            list(&[entry("/", "{\"2\": 1}", "")]),
            "entry 1 (`GET /`): `response_times` does not count the 2 timed requests of `num_requests`",
        ),
        (
            list(&[entry("/", "{\"2\": 1, \"2.0\": 1}", "")]),
            "response time 2 is counted twice",
        ),
        (
            list(&[entry("/", "{\"-2\": 2}", "")]),
            "`-2` is not a response time",
        ),
        (
            list(&[entry("/", "{\"NaN\": 2}", "")]),
            "`NaN` is not a response time",
        ),
        (
            list(&[entry("/", "{\"2\": 2}", ", \"min_response_time\": -1")]),
            "a response time is negative: -1",
        ),
        (list(&[good.replace("4.5", "NaN")]), "line 3, column"),
        (
            list(&[good.replace("\"num_failures\": 0", "\"num_failures\": 3")]),
            "`num_failures` is 3, and `num_requests` is 2",
        ),
        (
            format!("users started\n{}", list(&[good])),
            "not a result of Locust",
        ),
    ] {
        let (said, _) = refusal(parse(text.as_bytes(), None));
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn a_million_columns_are_read_or_refused_and_never_crash() {
    let mut head = "Type,Name,Request Count,Failure Count,Average Response Time".to_owned();
    let mut row = "GET,/,3,0,5.5".to_owned();
    for column in 0..1_000_000 {
        write!(head, ",c{column}").unwrap();
        row.push_str(",1");
    }
    let run = parse(format!("{head}\n{row}\n").as_bytes(), None).unwrap();
    assert_eq!(latency(&run, "GET /").n(), 3);
    let (said, _) = refusal(parse(
        format!("{head}\n{}\n", &row[..1000]).as_bytes(),
        None,
    ));
    assert!(said.contains("and the header has 1000005"), "{said}");
}

/// A cut file is refused, or holds fewer endpoints, each with the figures of the whole file.
#[test]
fn a_statistics_file_cut_at_any_byte_never_gives_another_number() {
    let whole = fs::read(fixture("locust/base-1/run_stats.csv")).unwrap();
    let run = parse(&whole, None).unwrap();
    let mut read = 0;
    for cut in 0..whole.len() {
        let Ok(part) = parse(&whole[..cut], None) else {
            continue;
        };
        read += 1;
        for (subject, metrics) in &part.subjects {
            assert_eq!(run.subjects.get(subject), Some(metrics), "cut at {cut}");
        }
        // Locust writes the total last: without it, the cut is told.
        let total = part.subjects.contains_key("Aggregated");
        assert_eq!(
            total,
            !warned(&part, "there is no Aggregated row"),
            "cut at {cut}"
        );
    }
    assert!(read > 6 && read < 60, "{read} cuts fall behind a whole row");
}

#[test]
fn a_json_cut_at_any_byte_is_refused() {
    let whole = fs::read(fixture("locust/base-1/stdout.json")).unwrap();
    let end = whole.trim_ascii_end().len();
    for cut in 0..end {
        assert!(parse(&whole[..cut], None).is_err(), "cut at {cut}");
    }
    assert!(parse(&whole[..end], None).is_ok());
}

#[test]
fn a_history_cut_at_any_byte_is_refused_or_is_a_shorter_history() {
    let mut whole = fs::read(fixture("locust/base-1/run_stats_history.csv")).unwrap();
    // Five of its eight seconds say as much, in a third of the time.
    whole.truncate(5_700);
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut means = Vec::new();
    for cut in 0..whole.len() {
        let Ok(part) = parse(&whole[..cut], None) else {
            continue;
        };
        let mean = mean(&part, "GET /");
        if means.last() != Some(&mean) {
            means.push(mean);
        }
    }
    // One mean a second, those that stand in the file.
    let stated: Vec<f64> = text
        .lines()
        .filter(|line| line.contains(",GET,/,"))
        .filter_map(|line| line.split(',').nth(20)?.parse().ok())
        .collect();
    assert!(means.len() >= 4);
    assert!(
        means
            .iter()
            .all(|mean| stated.iter().any(|s| close(*s, *mean))),
        "{means:?}"
    );
}

#[test]
fn a_failures_file_cut_at_any_byte_takes_nothing_from_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("run_stats.csv");
    fs::copy(fixture("locust/base-1/run_stats.csv"), &stats).unwrap();
    let subjects = read("locust/base-1/run_stats.csv").subjects;
    let failures = fs::read(fixture("locust/base-1/run_failures.csv")).unwrap();
    for cut in 0..=failures.len() {
        fs::write(folder.path().join("run_failures.csv"), &failures[..cut]).unwrap();
        assert_eq!(
            try_read(&stats, None).unwrap().subjects,
            subjects,
            "cut at {cut}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_and_not_a_crash(bytes: Vec<u8>, member in 0_usize..3, at: prop::sample::Index) {
        let whole = fs::read(fixture("locust/base-1").join(MEMBERS[member])).unwrap();
        let at = at.index(whole.len());
        let overwritten: Vec<u8> = whole[..at]
            .iter()
            .chain(&bytes)
            .chain(whole.get(at + bytes.len()..).unwrap_or_default())
            .copied()
            .collect();
        for warmup in [None, Some(4)] {
            let _ = parse(&bytes, warmup);
            if let Ok(run) = parse(&overwritten, warmup) {
                // Whatever was read is lawful evidence of a named subject.
                prop_assert!(!run.subjects.is_empty() || warmup.is_some());
                for measurement in run.subjects.values().flat_map(|metrics| metrics.values()) {
                    prop_assert!(measurement.evidence.smallest().is_none_or(|least| least >= 0.0));
                }
            }
        }
    }

    #[test]
    fn any_edited_cell_is_read_or_refused_with_its_line(cell in "[-0-9.a-zA-Z\",%/ ]{0,12}", row in 1_usize..8, column in 0_usize..22) {
        let whole = fs::read_to_string(fixture("locust/base-1/run_stats.csv")).unwrap();
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        let mut cells: Vec<&str> = lines[row].split(',').collect();
        let column = column.min(cells.len() - 1);
        cells[column] = &cell;
        lines[row] = cells.join(",");
        if let Err(error) = parse((lines.join("\n") + "\n").as_bytes(), None) {
            let said = format!("{error:#}");
            prop_assert!(said.contains("line"), "{said}");
        }
    }
}
