//! What teams who set targets wrote first: their rules, their metrics and their results, each as a whole program.

use serde_json::{Value, json};

use super::gated::{Gate, row};

fn lower(unit: &str, value: f64) -> Value {
    json!({"unit": unit, "better": "lower", "value": value})
}

fn higher(unit: &str, value: f64) -> Value {
    json!({"unit": unit, "better": "higher", "value": value})
}

/// A service as its own detector of regressions keeps it.
fn service(latency: f64, throughput: f64, errors: f64, cpu: f64) -> Value {
    json!({"service": {
        "p95_latency": lower("ms", latency),
        "throughput": higher("req/s", throughput),
        "error_rate": lower("%", errors),
        "cpu_usage": lower("%", cpu),
    }})
}

fn before() -> Value {
    service(80.0, 1500.0, 0.5, 45.0)
}

fn after() -> Value {
    service(120.0, 1100.0, 0.6, 70.0)
}

/// The code and the verdict of so many runs a side.
fn judged(config: &str, runs: usize, old: &Value, new: &Value) -> (i32, Value) {
    let gate = Gate::new(config);
    gate.write("old.json", runs, old);
    gate.write("new.json", runs, new);
    gate.check()
}

/// The code and the verdict of one run without a baseline.
fn alone(config: &str, new: &Value) -> (i32, Value) {
    let gate = Gate::new(config);
    gate.write("new.json", 1, new);
    gate.judge(&["check", "new.json"])
}

fn states<'a>(verdict: &'a Value, metric: &str) -> Vec<&'a str> {
    let budgets = row(verdict, "service", metric)["budgets"].as_array();
    let budgets = budgets.into_iter().flatten();
    budgets
        .map(|budget| budget["state"].as_str().unwrap())
        .collect()
}

#[test]
fn a_limit_over_every_metric_finds_the_slow_the_renamed_and_the_dead() {
    let config = "[[rule]]\nmetric = \"*\"\nmax_regression = \"10%\"\n";
    let of = |metric: &str, ms: f64| json!({"svc": {metric: lower("ms", ms)}});
    for metric in ["p99", "latency"] {
        let (code, verdict) = judged(config, 5, &of(metric, 85.0), &of(metric, 250.0));
        assert_eq!(code, 1, "{verdict}");
        assert_eq!(row(&verdict, "svc", metric)["outcome"], "regressed");
    }
    let load = |rate: f64| json!({"svc": {"latency": lower("ms", 85.0), "throughput": higher("req/s", rate)}});
    let (code, verdict) = judged(config, 5, &load(200.0), &load(0.0));
    assert_eq!(code, 1, "{verdict}");
    assert_eq!(row(&verdict, "svc", "throughput")["outcome"], "regressed");
    assert_eq!(row(&verdict, "svc", "latency")["outcome"], "unchanged");
}

#[test]
fn errors_and_a_leak_that_come_out_of_nothing_break_limits_in_percent() {
    let config = "[[rule]]\nsubject = \"shop\"\nmetric = \"http_requests_total*\"\nmax_regression = \"5%\"\n\
                  [[rule]]\nsubject = \"shop\"\nmetric = \"rss_growth\"\nmax_regression = \"10%\"\n";
    let errors = "http_requests_total{code=\"500\"}";
    let shop = |count: f64, growth: f64| {
        json!({"GET /x": {"latency": lower("ms", 84.0)},
            "shop": {errors: lower("", count), "rss_growth": lower("MiB/h", growth)}})
    };
    let (code, verdict) = judged(config, 5, &shop(0.0, 0.0), &shop(500.0, 6778.0));
    assert_eq!(code, 1, "{verdict}");
    for metric in [errors, "rss_growth"] {
        let outcome = &row(&verdict, "shop", metric)["outcome"];
        assert_eq!(outcome, "regressed", "{metric}");
    }
    assert_eq!(judged(config, 5, &shop(0.0, 0.0), &shop(0.0, 0.0)).0, 0);
}

#[test]
fn a_service_that_leaks_is_red_by_its_memory_and_by_a_budget_on_its_growth() {
    let load = |rss: f64, growth: f64| {
        let mut growth = lower("MiB/h", growth);
        growth["role"] = json!("fixed");
        json!({"service": {
            "rss": lower("MiB", rss), "rss_peak": lower("MiB", rss), "rss_growth": growth,
            "cpu": lower("s/1000 req", 0.3),
        }})
    };
    let (healthy, leaking) = (load(21.99, 0.0), load(88.05, 6777.6));
    let (code, verdict) = judged("", 5, &healthy, &leaking);
    assert_eq!(code, 1, "{verdict}");
    assert_eq!(row(&verdict, "service", "rss_peak")["outcome"], "regressed");
    let config = "[[rule]]\nmetric = \"rss_growth\"\nbudget = \"100MiB/h\"\n";
    let (code, verdict) = alone(config, &leaking);
    assert_eq!((code, states(&verdict, "rss_growth")), (1, vec!["broken"]));
    assert_eq!(alone(config, &healthy).0, 0);
}

#[test]
fn alerts_are_budgets_of_two_severities_with_and_without_a_baseline() {
    let config = "[[rule]]\nmetric = \"p95_latency\"\nbudget = \"100ms\"\nseverity = \"warn\"\n\
                  [[rule]]\nmetric = \"error_rate\"\nbudget = \"5%\"\n\
                  [[rule]]\nmetric = \"cpu_usage\"\nbudget = \"80%\"\nseverity = \"warn\"\n";
    let (code, verdict) = alone(config, &after());
    assert_eq!((code, &verdict["verdict"]), (0, &json!("warn")));
    assert_eq!(states(&verdict, "p95_latency"), ["broken"]);
    for metric in ["error_rate", "cpu_usage"] {
        assert_eq!(states(&verdict, metric), ["held"], "{metric}");
    }
    assert_eq!(alone(config, &before()).1["verdict"], "pass");
    let broken = service(80.0, 1500.0, 5.5, 45.0);
    assert_eq!(alone(config, &broken).0, 1);
    // What regresses fails beside what only warns.
    let (code, verdict) = judged(config, 5, &before(), &after());
    assert_eq!(code, 1, "{verdict}");
    assert_eq!(states(&verdict, "p95_latency"), ["broken"]);
    assert_eq!(
        row(&verdict, "service", "throughput")["outcome"],
        "regressed"
    );
}

#[test]
fn a_rate_is_a_budget_from_below_and_a_latency_one_from_above() {
    let config = "[[rule]]\nmetric = \"throughput\"\nbudget = \"10000req/s\"\n\
                  [[rule]]\nmetric = \"p95_latency\"\nbudget = \"100ms\"\n";
    let (code, verdict) = alone(config, &before());
    assert_eq!(code, 1);
    assert_eq!(states(&verdict, "throughput"), ["broken"]);
    assert_eq!(states(&verdict, "p95_latency"), ["held"]);
    assert_eq!(alone(config, &service(80.0, 12_000.0, 0.5, 45.0)).0, 0);
}

#[test]
fn a_latency_that_is_to_stay_is_red_when_it_rises_and_when_it_falls() {
    let config =
        "[[rule]]\nmetric = \"p95_latency\"\nmax_regression = \"10%\"\nbetter = \"both\"\n";
    for sides in [(before(), after()), (after(), before())] {
        let (code, verdict) = judged(config, 5, &sides.0, &sides.1);
        assert_eq!(code, 1, "{verdict}");
        let outcome = &row(&verdict, "service", "p95_latency")["outcome"];
        assert_eq!(outcome, "regressed");
    }
}

#[test]
fn a_share_of_the_machine_is_no_budget_for_the_cost_of_a_request() {
    let gate = Gate::new("[[rule]]\nsubject = \"service\"\nmetric = \"cpu\"\nbudget = \"80%\"\n");
    let cpu = json!({"service": {"cpu": lower("s/1000 req", 0.3)}});
    gate.write("new.json", 1, &cpu);
    let output = gate.run(&["check", "new.json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let wanted =
        "perfgate.toml:4: this `budget` is in `%`, and `service cpu` is measured in `s/1000 req`";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn a_bare_number_holds_whatever_the_unit_of_a_metric_is() {
    let config = "[[rule]]\nsubject = \"*\"\nmetric = \"*\"\nbudget = 1\n";
    let (code, verdict) = alone(config, &after());
    assert_eq!(code, 1);
    for (metric, state) in [
        ("p95_latency", "broken"),
        ("cpu_usage", "broken"),
        ("error_rate", "held"),
        // At least one is asked for.
        ("throughput", "held"),
    ] {
        assert_eq!(states(&verdict, metric), [state], "{metric}");
    }
}

#[test]
fn one_request_decides_nothing_however_the_rule_is_written() {
    let one = |p50: f64, rate: f64| {
        json!({"recommend": {
            "latency": {"unit": "ms", "better": "lower", "quantiles": {"0.5": p50}, "n": 1},
            "throughput": higher("req/s", rate),
        }})
    };
    for config in [
        "[[rule]]\nsubject = \"recommend\"\nmax_regression = \"10%\"\n",
        "[[rule]]\nmax_regression = \"10%\"\n",
    ] {
        let (code, verdict) = judged(config, 1, &one(10.0, 0.54), &one(30.0, 0.09));
        assert_eq!(code, 2, "{verdict}");
        assert_eq!(verdict["reasons"], json!(["nothing was compared"]));
        for metric in ["latency", "throughput"] {
            let cause = &row(&verdict, "recommend", metric)["cause"];
            let wanted = json!({"kind": "too-few-observations", "have": 1, "need": 20});
            assert_eq!(cause, &wanted);
        }
    }
}
