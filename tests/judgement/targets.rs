//! Budgets as a team writes them: levels, bands, units, and the list of targets in every report.

use std::fs;

use serde_json::{Value, json};

use super::gated::{Gate, row};

fn cpu(value: f64) -> Value {
    json!({"svc": {"cpu_percent": {"unit": "%", "better": "lower", "value": value}}})
}

/// The code and the verdict of one run without any baseline.
fn alone(config: &str, subjects: &Value) -> (i32, Value) {
    let gate = Gate::new(config);
    gate.write("new.json", 1, subjects);
    gate.judge(&["check", "new.json"])
}

fn said(gate: &Gate, command: &[&str]) -> (i32, String, String) {
    let output = gate.run(command);
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_series_has_two_levels_on_one_rule_or_on_two() {
    for config in [
        "[[rule]]\nmetric = \"cpu_percent\"\nbudget = { warn = \"80%\", fail = \"90%\" }\n",
        "[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"80%\"\nseverity = \"warn\"\n[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"90%\"\n",
        // The later one replaces that of its level only.
        "[[rule]]\nmetric = \"cpu_percent\"\nbudget = { warn = \"80%\", fail = \"10%\" }\n[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"90%\"\n",
    ] {
        for (value, code, verdict) in [(75.0, 0, "pass"), (85.0, 0, "warn"), (95.0, 1, "fail")] {
            let (ended, document) = alone(config, &cpu(value));
            assert_eq!(
                (ended, &document["verdict"]),
                (code, &json!(verdict)),
                "{config}{value}"
            );
        }
    }
}

#[test]
fn a_budget_fails_where_the_defaults_only_warn() {
    let config =
        "[defaults]\nseverity = \"warn\"\n[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"80%\"\n";
    assert_eq!(alone(config, &cpu(85.0)).0, 1);
}

#[test]
fn a_unit_that_does_not_fit_is_an_error_with_its_line() {
    for (line, key) in [
        ("budget = \"80ms\"", "budget"),
        ("min_delta = \"80ms\"", "min_delta"),
    ] {
        let gate = Gate::new(&format!("[[rule]]\nmetric = \"cpu_percent\"\n{line}\n"));
        gate.write("new.json", 1, &cpu(85.0));
        gate.write("old.json", 1, &cpu(85.0));
        let (code, _, error) = said(&gate, &["check", "--baseline", "old.json", "new.json"]);
        assert_eq!(code, 2, "{error}");
        let at = if key == "budget" { 3 } else { 1 };
        let wanted = format!(
            "perfgate.toml:{at}: this `{key}` is in `ms`, and `svc cpu_percent` is measured in `%`"
        );
        assert!(error.contains(&wanted), "{error}");
    }
}

#[test]
fn a_rule_over_many_metrics_holds_those_that_its_unit_fits() {
    let both = json!({"svc": {
        "cpu_percent": {"unit": "%", "better": "lower", "value": 85.0},
        "time": {"unit": "ms", "better": "lower", "value": 85.0},
    }});
    let (code, verdict) = alone("[[rule]]\nmetric = \"*\"\nbudget = \"80ms\"\n", &both);
    assert_eq!(code, 1);
    assert_eq!(
        row(&verdict, "svc", "time")["budgets"][0]["state"],
        "broken"
    );
    assert_eq!(row(&verdict, "svc", "cpu_percent").get("budgets"), None);
    // It takes nothing from a rule whose unit does fit.
    let config = "[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"80%\"\n[[rule]]\nmetric = \"*\"\nbudget = \"90ms\"\n";
    let (_, verdict) = alone(config, &both);
    let of = |metric| &row(&verdict, "svc", metric)["budgets"][0]["state"];
    assert_eq!(
        (of("cpu_percent"), of("time")),
        (&json!("broken"), &json!("held"))
    );
}

#[test]
fn a_band_is_broken_on_either_side_and_needs_both_its_keys() {
    let config = "[[rule]]\nmetric = \"cpu_percent\"\nexpect = \"80%\"\nwithin = \"5%\"\n";
    for (value, code) in [(75.9, 1), (76.0, 0), (84.0, 0), (84.1, 1)] {
        assert_eq!(alone(config, &cpu(value)).0, code, "{value}");
    }
    for (rule, error) in [
        (
            "expect = \"80%\"",
            "perfgate.toml:2:10: `expect`: how far it may be off is missing",
        ),
        (
            "within = \"5%\"",
            "perfgate.toml:2:10: `within`: what is expected is missing",
        ),
        (
            "budget = {}",
            "perfgate.toml:2:10: `budget`: it names no level",
        ),
        (
            "budget = 1\nexpect = 1\nwithin = \"1%\"",
            "perfgate.toml:2:10: `budget`: a rule has a budget or an expected value, not both",
        ),
    ] {
        let gate = Gate::new(&format!("[[rule]]\n{rule}\n"));
        gate.write("new.json", 1, &cpu(1.0));
        let (code, _, told) = said(&gate, &["check", "new.json"]);
        assert_eq!(code, 2);
        assert!(told.contains(error), "{told}");
    }
}

#[test]
fn a_series_that_is_to_stay_regresses_in_either_direction() {
    let gate =
        Gate::new("[[rule]]\nmetric = \"rate\"\nmax_regression = \"10%\"\nbetter = \"both\"\n");
    let side = |name: &str, level: f64| {
        let runs: Vec<Value> = [0.995, 0.998, 1.0, 1.002, 1.005]
            .map(|by| {
                let value = json!({"unit": "req/s", "better": "higher", "value": level * by});
                json!({"schema": "perfgate.run/1", "session": "one", "environment": {"key": "lab"},
                    "subjects": {"svc": {"rate": value}}})
            })
            .to_vec();
        fs::write(gate.folder.path().join(name), Value::from(runs).to_string()).unwrap();
    };
    side("old.json", 100.0);
    for (level, outcome, code) in [
        (130.0, "regressed", 1),
        (70.0, "regressed", 1),
        (100.2, "unchanged", 0),
        (104.0, "unchanged", 0),
        (96.0, "unchanged", 0),
    ] {
        side("new.json", level);
        let (ended, verdict) = gate.check();
        let row = row(&verdict, "svc", "rate");
        assert_eq!((ended, &row["outcome"]), (code, &json!(outcome)), "{row}");
    }
}

/// Enough in the current runs is enough, whatever the baseline holds.
#[test]
fn a_least_number_of_requests_holds_for_budgets() {
    let side = |requests: u64| {
        json!({"GET /": {"latency": {"unit": "ms", "better": "lower",
            "quantiles": {"0.5": 5.0, "0.95": 9.0, "0.99": 20.0}, "n": requests}}})
    };
    let gate = Gate::new("[[rule]]\nmetric = \"latency.p95\"\nbudget = \"8ms\"\n");
    for (before, now, state, code) in [
        (5_000, 10, "not-judged", 0),
        (10, 5_000, "broken", 1),
        (5_000, 5_000, "broken", 1),
    ] {
        gate.write("old.json", 3, &side(before));
        gate.write("new.json", 3, &side(now));
        let (ended, verdict) = gate.check();
        let rows = verdict["comparisons"].as_array().unwrap();
        let p95 = rows.iter().find(|row| row["statistic"] == "p95").unwrap();
        assert_eq!(p95["budgets"][0]["state"], state, "{before} {now}: {p95}");
        assert_eq!(ended, code, "{before} {now}");
    }
}

#[test]
fn without_a_baseline_judged_budgets_are_the_verdict() {
    let gate = Gate::new("require_baseline = true\n[[rule]]\nbudget = \"80%\"\n");
    for (value, code) in [(85.0, 1), (75.0, 3)] {
        gate.write("new.json", 1, &cpu(value));
        let (ended, _) = gate.judge(&["check", "--baseline", "none.json", "new.json"]);
        assert_eq!(ended, code, "{value}");
    }
    let gate = Gate::new("[[rule]]\nbudget = \"80%\"\n");
    gate.write("new.json", 1, &cpu(75.0));
    let (code, text, _) = said(&gate, &["check", "new.json"]);
    assert_eq!(code, 0);
    assert!(
        text.starts_with("PASS  the budget holds; no baseline, 1 budget only"),
        "{text}"
    );
    assert!(text.contains("1 of 1 target met (--all)"), "{text}");
}

/// Two met, one that only warns broken.
const LIST: &str = "[[rule]]\nmetric = \"cpu_percent\"\nbudget = { warn = \"80%\", fail = \"90%\" }\n[[rule]]\nmetric = \"time\"\nbudget = \"100ms\"\n";

fn two_series(cpu: f64) -> Value {
    json!({"svc": {
        "cpu_percent": {"unit": "%", "better": "lower", "value": cpu},
        "time": {"unit": "ms", "better": "lower", "value": 85.0},
    }})
}

#[test]
fn every_report_lists_the_targets_with_value_limit_and_whether_they_hold() {
    let gate = Gate::new(LIST);
    gate.write("new.json", 1, &two_series(85.0));
    let (code, text, _) = said(
        &gate,
        &[
            "check",
            "new.json",
            "--report",
            "markdown=c.md",
            "--report",
            "junit=j.xml",
        ],
    );
    assert_eq!(code, 0);
    for line in [
        "  2 of 3 targets met:",
        "  svc  cpu_percent       85 %   ✗ not met  at most 80 % (warns)",
        "  svc  cpu_percent       85 %   ✓ met      at most 90 %",
        "  svc  value          85.0 ms   ✓ met      at most 100 ms",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!text.contains("2.5 %"), "{text}");
    let read = |name: &str| fs::read_to_string(gate.folder.path().join(name)).unwrap();
    // A number and its unit stay on one line.
    let comment = read("c.md").replace('\u{a0}', " ");
    for line in [
        "**2 of 3 targets met**",
        "| ⚠️ | `svc` `cpu_percent` | **85 %** | at most 80 % (warns) |",
        "| ✅ | `svc` value | **85.0 ms** | at most 100 ms |",
    ] {
        assert!(comment.lines().any(|l| l == line), "{line}\n{comment}");
    }
    let junit = read("j.xml");
    let case = "<testcase classname=\"perfgate.targets\" name=\"svc time: at most 100 ms\">";
    assert!(junit.contains(case), "{junit}");
    // All of them met: folded, and told in a line.
    gate.write("new.json", 1, &two_series(75.0));
    let (_, text, _) = said(&gate, &["check", "new.json", "--report", "markdown=c.md"]);
    assert!(text.contains("3 of 3 targets met (--all)"), "{text}");
    assert!(!text.contains("✓ met"), "{text}");
    // A number and its unit stay on one line.
    let comment = read("c.md").replace('\u{a0}', " ");
    assert!(
        comment.contains("<details><summary>3 of 3 targets met</summary>"),
        "{comment}"
    );
    let (_, text, _) = said(&gate, &["check", "new.json", "--all"]);
    assert!(text.contains("✓ met"), "{text}");
}

#[test]
fn a_broken_budget_fails_a_test_case_of_its_own() {
    let gate = Gate::new(LIST);
    gate.write("old.json", 5, &two_series(95.0));
    gate.write("new.json", 5, &two_series(95.0));
    let (code, _, _) = said(
        &gate,
        &[
            "check",
            "--baseline",
            "old.json",
            "new.json",
            "--report",
            "junit=j.xml",
        ],
    );
    assert_eq!(code, 1);
    let junit = fs::read_to_string(gate.folder.path().join("j.xml")).unwrap();
    assert!(junit.contains("tests=\"5\" failures=\"1\""), "{junit}");
    assert!(
        junit.contains("<testcase classname=\"perfgate\" name=\"svc cpu_percent\"/>"),
        "{junit}"
    );
}

#[test]
fn targets_alone_judge_nothing_else() {
    let gate = Gate::new(&format!(
        "baseline = \"old.json\"\nrequire_baseline = true\n{LIST}"
    ));
    gate.write("old.json", 5, &two_series(10.0));
    gate.write("new.json", 5, &two_series(75.0));
    assert_eq!(gate.judge(&["check", "new.json"]).0, 1);
    let (code, text, error) = said(&gate, &["check", "--targets", "new.json"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("PASS  3 of 3 targets met\n"), "{text}");
    assert_eq!(error, "");
    gate.write("new.json", 5, &two_series(95.0));
    assert_eq!(said(&gate, &["check", "--targets", "new.json"]).0, 1);
}

#[test]
fn targets_that_cannot_be_judged_are_no_green() {
    let gate = Gate::new("[[rule]]\nmax_regression = \"5%\"\n");
    gate.write("new.json", 1, &cpu(1.0));
    let (code, _, error) = said(&gate, &["check", "--targets", "new.json"]);
    assert_eq!(code, 2);
    assert!(error.contains("no rule has one"), "{error}");
    let few = json!({"GET /": {"latency": {"unit": "ms", "better": "lower", "quantiles": {"0.99": 5.0}, "n": 9}}});
    let gate = Gate::new("[[rule]]\nmetric = \"latency.p99\"\nbudget = \"8ms\"\n");
    gate.write("new.json", 1, &few);
    let (code, text, _) = said(&gate, &["check", "--targets", "new.json"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("0 of 1 target met, 1 not judged"), "{text}");
}

#[test]
fn grades_are_named_and_never_fail() {
    let config = "[[rule]]\nmetric = \"cpu_percent\"\nbudget = \"99%\"\ngrades = { good = \"50%\", excellent = \"20%\" }\n";
    for (value, grade) in [
        (10.0, json!("excellent")),
        (30.0, json!("good")),
        (60.0, Value::Null),
    ] {
        let (code, verdict) = alone(config, &cpu(value));
        assert_eq!(code, 0);
        assert_eq!(row(&verdict, "svc", "cpu_percent")["grade"]["name"], grade);
    }
}

/// A table of a team's own, from numbers and from finished words, and in another language.
#[test]
fn the_shipped_templates_of_tables_write_endpoints_and_targets() {
    let gate = Gate::new(
        "[[rule]]\nmetric = \"latency.p95\"\nbudget = \"80ms\"\ngrades = { good = \"100ms\" }\n",
    );
    let of = |p95: f64| {
        json!({"GET /a|b": {
            "latency": {"unit": "ms", "better": "lower", "n": 5_000, "mean": 20.5,
                "quantiles": {"0.5": 18.0, "0.95": p95}},
            "errors": {"better": "lower", "count": 5, "of": 1_000},
            "throughput": {"unit": "req/s", "better": "higher", "value": 200.0},
        }})
    };
    let mut subjects = of(90.0);
    subjects["GET /plain"] = json!({"latency": {"unit": "ms", "better": "lower", "n": 5_000,
        "quantiles": {"0.5": 18.0, "0.95": 70.0}}});
    gate.write("new.json", 1, &subjects);
    let written = |name: &str| {
        let template = format!("{}/templates/{name}", env!("CARGO_MANIFEST_DIR"));
        let command = [
            "check",
            "new.json",
            "--format",
            "markdown",
            "--template",
            &template,
        ];
        let (code, text, error) = said(&gate, &command);
        assert_eq!(code, 1, "{error}");
        text.replace('\u{a0}', " ")
    };
    let english = written("endpoints.md");
    for line in [
        "| endpoint | mean | p95 | rate | errors |",
        "| `GET /a\\|b` | 20.5 ms | 90.0 ms | 200 req/s | 0.5 % |",
        "| `GET /plain` |  | 70.0 ms |  |  |",
        "**1 of 2 targets met**",
        "| ❌ | `GET /a\\|b` p95 | 90.0 ms | at most 80 ms | `good` |",
    ] {
        assert!(english.lines().any(|l| l == line), "{line}\n{english}");
    }
    let chinese = written("endpoints.zh-CN.md");
    for line in [
        "### ❌ 性能测试：未通过",
        "| `GET /a\\|b` | 20.5 ms | 90.0 ms | 200.0 次/秒 | 0.5 % |",
        "| ✅ | `GET /plain` p95 | 70.0 ms | 达标 |",
    ] {
        assert!(chinese.lines().any(|l| l == line), "{line}\n{chinese}");
    }
}

#[test]
fn before_and_after_of_any_two_results_are_one_table() {
    let gate = Gate::new("");
    let of = |hits: f64, ms: f64| {
        json!({"svc": {
            "hit_rate": {"unit": "%", "better": "higher", "value": hits},
            "time": {"unit": "ms", "better": "lower", "value": ms},
        }})
    };
    gate.write("before.json", 5, &of(0.0, 200.0));
    gate.write("after.json", 5, &of(70.0, 80.0));
    let (_, text, _) = said(
        &gate,
        &[
            "compare",
            "before.json",
            "after.json",
            "--format",
            "markdown",
        ],
    );
    let text = text.replace('\u{a0}', " ");
    for line in [
        "| series | before | after | change |",
        "| 🟢 `svc` `hit_rate` | 0 % | 70 % | 70 % from zero |",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(
        text.contains("| 🟢 `svc` value | 200 ms | 80.0 ms |"),
        "{text}"
    );
}

#[test]
fn half_as_slow_again_is_possible_without_a_budget_and_broken_with_one() {
    let of = |ms: f64| json!({"svc": {"latency": {"unit": "ms", "better": "lower", "value": ms}}});
    let gate = Gate::new("");
    gate.write("one.json", 1, &of(80.0));
    gate.write("two.json", 1, &of(120.0));
    let (code, verdict) = gate.judge(&["check", "--baseline", "one.json", "two.json"]);
    assert_eq!((code, &verdict["verdict"]), (0, &json!("inconclusive")));
    assert_eq!(row(&verdict, "svc", "latency")["outcome"], "inconclusive");

    let config =
        "[[rule]]\nmetric = \"latency\"\nbudget = { warn = \"100ms\", fail = \"150ms\" }\n";
    for (ms, code, verdict) in [(80.0, 0, "pass"), (120.0, 0, "warn"), (160.0, 1, "fail")] {
        let (ended, document) = alone(config, &of(ms));
        assert_eq!(
            (ended, &document["verdict"]),
            (code, &json!(verdict)),
            "{ms}"
        );
    }
}
