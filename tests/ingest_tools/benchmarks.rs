//! Benchmarks.

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
