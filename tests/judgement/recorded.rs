//! Verdicts over results whose truth is known: what was really slowed, and what was not.

use std::process::Command;

use serde_json::Value;

fn compare(arguments: &[String]) -> (Value, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .arg("compare")
        .args(arguments)
        .args(["--format", "json"])
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let verdict = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    (verdict, output.status.code().unwrap())
}

fn fixture(path: &str) -> String {
    format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn locust(set: &str) -> (Value, i32) {
    let sides = (1..=3).flat_map(|n| {
        [
            "--old".to_owned(),
            fixture(&format!("{set}/base-{n}")),
            "--new".to_owned(),
            fixture(&format!("{set}/slow20-{n}")),
        ]
    });
    compare(&sides.collect::<Vec<_>>())
}

fn rows(verdict: &Value) -> &[Value] {
    verdict["comparisons"].as_array().unwrap()
}

fn of<'v>(verdict: &'v Value, subject: &str, metric: &str, statistic: &str) -> &'v Value {
    let is = |row: &&Value| {
        row["subject"] == subject && row["metric"] == metric && row["statistic"] == statistic
    };
    rows(verdict)
        .iter()
        .find(is)
        .unwrap_or_else(|| panic!("{subject} {metric}"))
}

/// Three of criterion's benchmarks got 25 % more work, four did not; criterion's own test calls three of those four
/// changed. One run a side cannot tell, and says how many could.
#[test]
fn criterion_with_one_run_a_side_clears_nothing_that_was_slowed_and_fails_nothing() {
    let folder = fixture("criterion/target/criterion");
    let (verdict, code) = compare(&[format!("{folder}@base"), format!("{folder}@new")]);
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("inconclusive"), 0)
    );
    for slowed in ["fib/iter/with slash & spaces", "hash/1KiB", "hash/16KiB"] {
        let row = of(&verdict, slowed, "time", "p50");
        assert_eq!(row["outcome"], "inconclusive", "{row}");
        assert!(row["runs_needed"].as_u64().unwrap() >= 3, "{row}");
    }
    let unchanged = [
        "fib/recursive/10",
        "fib/recursive/15",
        "hash/flat_elements",
        "ungrouped",
    ];
    for unchanged in unchanged {
        let row = of(&verdict, unchanged, "time", "p50");
        assert!(
            row["outcome"] != "regressed" && row["doubt"] != "possible",
            "{row}"
        );
    }
}

/// Five of Locust's endpoints were made 20 % slower; the sixth answers 404 at once in both builds. Three runs a side are
/// too few to be certain of a fifth, and say so.
#[test]
fn locust_with_three_runs_a_side_calls_no_slowed_endpoint_unchanged() {
    let (verdict, code) = locust("locust");
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("inconclusive"), 0)
    );
    let latencies = rows(&verdict)
        .iter()
        .filter(|row| row["metric"] == "latency" && row["gated"] == true);
    let mut possible = 0;
    for row in latencies {
        assert!(
            row["outcome"] != "unchanged" && row["outcome"] != "improved",
            "{row}"
        );
        possible += usize::from(row["doubt"] == "possible");
    }
    assert!(possible >= 4, "{possible} found");
    let checkout = of(&verdict, "POST /api/checkout", "latency", "mean");
    let ratio = checkout["change"]["ratio"].as_f64().unwrap();
    assert!(
        (1.2..1.32).contains(&ratio),
        "187 ms -> 237 ms, got {ratio}"
    );
    for row in rows(&verdict) {
        let failing = row["outcome"] == "regressed" && row["severity"] == "fail";
        assert!(
            !failing || row["metric"] == "latency",
            "only latency was slowed: {row}"
        );
    }
}

/// The same on an overloaded machine, where nothing can be told apart.
#[test]
fn locust_on_a_noisy_machine_fails_nothing() {
    let (verdict, code) = locust("locust-noisy");
    assert_eq!(code, 0);
    assert!(verdict["verdict"] != "fail");
    assert!(
        rows(&verdict)
            .iter()
            .all(|row| row["outcome"] != "regressed" || row["gated"] == false)
    );
}
