//! What is gated without any rule, what a rule gates, and how many observations a series needs.

use std::process::{Command, Output};

use serde_json::{Value, json};

pub(crate) struct Gate {
    pub(crate) folder: tempfile::TempDir,
}

impl Gate {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("perfgate.toml"), config).unwrap();
        Self { folder }
    }

    /// So many runs a side, each with these subjects.
    pub(crate) fn write(&self, name: &str, runs: usize, subjects: &Value) {
        let run = json!({"schema": "perfgate.run/1", "session": name, "environment": {"key": "lab"}, "subjects": subjects});
        let text = Value::from(vec![run; runs]).to_string();
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn judge(&self, command: &[&str]) -> (i32, Value) {
        let output = self.run(&[command, &["--format", "json"]].concat());
        let verdict = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), verdict)
    }

    pub(crate) fn run(&self, command: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_perfgate"))
            .args(command)
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap()
    }

    pub(crate) fn check(&self) -> (i32, Value) {
        self.judge(&["check", "--baseline", "old.json", "new.json"])
    }

    fn compare(&self) -> (i32, Value) {
        self.judge(&["compare", "old.json", "new.json"])
    }
}

pub(crate) fn row<'a>(verdict: &'a Value, subject: &str, metric: &str) -> &'a Value {
    let rows = verdict["comparisons"].as_array().unwrap();
    rows.iter()
        .find(|row| row["subject"] == subject && row["metric"] == metric)
        .unwrap_or_else(|| panic!("{subject} {metric} in {verdict}"))
}

fn metric(name: &str, unit: &str, better: &str, value: f64) -> Value {
    json!({"svc": {name: {"unit": unit, "better": better, "value": value}}})
}

/// The user named it, so it is an outcome.
#[test]
fn a_metric_that_a_user_defined_is_gated_without_any_rule_and_by_compare() {
    for (name, unit, better, old, new) in [
        ("p99", "ms", "lower", 85.0, 250.0),
        ("queue_depth", "", "lower", 40.0, 90.0),
        ("frames", "fps", "higher", 60.0, 30.0),
    ] {
        let gate = Gate::new("");
        gate.write("old.json", 5, &metric(name, unit, better, old));
        gate.write("new.json", 5, &metric(name, unit, better, new));
        for (code, verdict) in [gate.check(), gate.compare()] {
            assert_eq!(code, 1, "{name}: {verdict}");
            assert_eq!(row(&verdict, "svc", name)["outcome"], "regressed");
        }
    }
}

#[test]
fn a_metric_of_a_user_with_samples_is_gated_at_its_median_alone() {
    let gate = Gate::new("");
    let of = |level: f64| {
        let samples: Vec<f64> = (0..40_u8).map(|i| level + f64::from(i) / 10.0).collect();
        json!({"svc": {"frame_time": {"unit": "ms", "better": "lower", "samples": samples}}})
    };
    gate.write("old.json", 5, &of(100.0));
    gate.write("new.json", 5, &of(150.0));
    let (code, verdict) = gate.check();
    assert_eq!((code, verdict["counts"]["compared"].as_u64()), (1, Some(1)));
    assert_eq!(row(&verdict, "svc", "frame_time")["statistic"], "p50");
}

/// However a rule selects: by both, by one, or by nothing.
#[test]
fn a_rule_and_a_budget_gate_what_they_select() {
    for rule in [
        "[[rule]]\nmax_regression = \"10%\"\n",
        "[[rule]]\nmetric = \"*\"\nmax_regression = \"10%\"\n",
        "[[rule]]\nsubject = \"service\"\nmax_regression = \"10%\"\n",
        "[[rule]]\nmetric = \"rss\"\nmax_regression = \"10%\"\n",
        "[[rule]]\nsubject = \"*\"\nmetric = \"*\"\nbudget = 1\n",
    ] {
        let gate = Gate::new(rule);
        let of = |value: f64| json!({"service": {"rss": {"unit": "MiB", "better": "lower", "value": value}}});
        gate.write("old.json", 5, &of(100.0));
        gate.write("new.json", 5, &of(150.0));
        let (code, verdict) = gate.check();
        assert_eq!(code, 1, "{rule}: {verdict}");
        assert_eq!(row(&verdict, "service", "rss")["gated"], true, "{rule}");
    }
}

/// Peak memory and processor time of a service are outcomes of their own, and vary more than times.
#[test]
fn peak_memory_and_processor_time_are_gated_with_ten_per_cent_of_their_own() {
    let side = |factor: f64| {
        let of = |unit: &str, value: f64| json!({"unit": unit, "better": "lower", "value": value * factor});
        json!({"service": {
            "cpu": of("s/1000 req", 0.3), "rss": of("MiB", 20.0), "rss_peak": of("MiB", 22.0),
            "open_files": of("", 13.0), "read": of("MiB", 1.0), "written": of("MiB", 1.0),
        }})
    };
    for (factor, outcome, code) in [(1.04, "unchanged", 0), (1.5, "regressed", 1)] {
        let gate = Gate::new("");
        gate.write("old.json", 5, &side(1.0));
        gate.write("new.json", 5, &side(factor));
        let (ended, verdict) = gate.check();
        assert_eq!(ended, code, "{verdict}");
        for name in ["cpu", "rss_peak"] {
            let row = row(&verdict, "service", name);
            assert_eq!(
                (&row["gated"], &row["outcome"]),
                (&json!(true), &json!(outcome))
            );
            assert_eq!(row["rule"]["max_regression"], 0.1);
        }
        for name in ["rss", "open_files", "read", "written"] {
            assert_eq!(row(&verdict, "service", name)["gated"], false, "{name}");
        }
    }
    // A rule says otherwise, and so does a wider limit for everything.
    let gate = Gate::new("[[rule]]\nmetric = \"cpu\"\nmax_regression = \"3%\"\n");
    gate.write("old.json", 5, &side(1.0));
    gate.write("new.json", 5, &side(1.08));
    assert_eq!(
        row(&gate.check().1, "service", "cpu")["outcome"],
        "regressed"
    );
    let gate = Gate::new("[defaults]\nmax_regression = \"60%\"\n");
    gate.write("old.json", 5, &side(1.0));
    gate.write("new.json", 5, &side(1.3));
    assert_eq!(gate.check().0, 0);
}

/// One run a side, as a first look at a leak gives.
#[test]
fn four_times_the_memory_fails_with_one_run_a_side() {
    let side = |value: f64| json!({"service": {"rss_peak": {"unit": "MiB", "better": "lower", "value": value}}});
    let gate = Gate::new("");
    gate.write("old.json", 1, &side(22.0));
    gate.write("new.json", 1, &side(88.0));
    assert_eq!(gate.check().0, 1);
}

fn load(requests: u64, ms: f64, rate: f64) -> Value {
    json!({"GET /": {
        "latency": {"unit": "ms", "better": "lower", "n": requests, "mean": ms, "quantiles": {"0.05": ms / 2.0, "0.5": ms, "0.95": ms * 2.0}},
        "errors": {"better": "lower", "count": 0, "of": requests},
        "throughput": {"unit": "req/s", "better": "higher", "value": rate},
    }})
}

#[test]
fn a_handful_of_requests_is_shown_and_not_judged() {
    let gate = Gate::new(
        "[[rule]]\nmetric = \"latency.p5\"\nmax_regression = \"5%\"\n[[rule]]\nmetric = \"latency.mean\"\nbudget = \"1ms\"\n",
    );
    gate.write("old.json", 3, &load(1, 10.0, 0.54));
    gate.write("new.json", 3, &load(6, 30.0, 0.09));
    let (_, verdict) = gate.check();
    for row in verdict["comparisons"].as_array().unwrap() {
        assert_eq!(row["gated"], row["metric"] == "errors", "{row}");
        assert_ne!(row["outcome"], "regressed");
        assert!(row.get("budget").is_none(), "{row}");
    }
    // Twenty carry a median, a mean and a rate; 200 the tails of a twentieth.
    for (requests, gated) in [(19, 0), (20, 3), (199, 3), (200, 5)] {
        gate.write("old.json", 3, &load(requests, 10.0, 0.54));
        gate.write("new.json", 3, &load(requests, 10.0, 0.54));
        let (_, verdict) = gate.check();
        let rows = verdict["comparisons"].as_array().unwrap();
        let is = |row: &&Value| row["gated"] == true && row["metric"] != "errors";
        assert_eq!(rows.iter().filter(is).count(), gated, "{requests}");
    }
}

/// The service answers a few requests where it answered thousands: that is no reason to look away.
#[test]
fn requests_that_dry_up_are_possible_and_never_informational() {
    let gate = Gate::new("");
    gate.write("old.json", 3, &load(5_000, 10.0, 100.0));
    gate.write("new.json", 3, &load(12, 10.0, 0.2));
    let (_, verdict) = gate.check();
    for (metric, statistic) in [
        ("latency", "p50"),
        ("latency", "p95"),
        ("throughput", "value"),
    ] {
        let rows = verdict["comparisons"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["metric"] == metric && row["statistic"] == statistic)
            .unwrap();
        assert_eq!(
            (&row["outcome"], &row["gated"]),
            (&json!("inconclusive"), &json!(true))
        );
    }
    assert_eq!(verdict["verdict"], "inconclusive");
}

/// There the run is what is repeated, and a single figure has no number of observations.
#[test]
fn samples_of_benchmarks_and_single_figures_need_no_number_of_observations() {
    let gate = Gate::new("");
    let side = |ms: f64| {
        json!({"parse": {
            "time": {"unit": "ms", "better": "lower", "samples": [ms]},
            "latency": {"unit": "ms", "better": "lower", "value": ms},
        }})
    };
    gate.write("old.json", 5, &side(100.0));
    gate.write("new.json", 5, &side(150.0));
    let (code, verdict) = gate.check();
    assert_eq!(
        (code, verdict["counts"]["regressed"].as_u64()),
        (1, Some(2))
    );
}

#[test]
fn one_series_has_one_name_in_tables_and_in_messages() {
    let gate = Gate::new("[[rule]]\nmetric = \"error\"\nbudget = \"1%\"\n");
    gate.write("old.json", 3, &load(5_000, 10.0, 100.0));
    gate.write("new.json", 3, &load(5_000, 10.0, 100.0));
    let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .args(["check", "--baseline", "old.json", "new.json"])
        .current_dir(gate.folder.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`GET / errors`"), "{said}");
    assert!(!said.contains("errors.rate"), "{said}");
    // And the longer name is understood.
    let gate = Gate::new("[[rule]]\nmetric = \"errors.rate\"\nbudget = \"1%\"\n");
    gate.write("old.json", 3, &load(5_000, 10.0, 100.0));
    gate.write("new.json", 3, &load(5_000, 10.0, 100.0));
    assert_eq!(gate.check().0, 0);
}

/// A team that only wants to be warned is not asked for a decision either.
#[test]
fn severity_warn_ends_with_zero_sure_or_unsure_and_when_strict() {
    let gate = Gate::new("[defaults]\nseverity = \"warn\"\n");
    gate.write("old.json", 1, &metric("time", "ms", "lower", 100.0));
    for (runs, new) in [(1, 120.0), (1, 1000.0), (5, 200.0)] {
        gate.write("old.json", runs, &metric("time", "ms", "lower", 100.0));
        gate.write("new.json", runs, &metric("time", "ms", "lower", new));
        let strict = ["check", "--baseline", "old.json", "new.json", "--strict"];
        let (code, verdict) = gate.judge(&strict);
        assert_eq!((code, &verdict["verdict"]), (0, &json!("warn")), "{new}");
    }
}

/// Known, and unsure today: it is accepted, and not "not needed any more".
#[test]
fn an_acceptance_covers_its_regression_on_a_noisy_day_too() {
    let config = "[[accept]]\nsubject = \"svc\"\nmetric = \"time\"\nup_to = \"30%\"\nreason = \"encrypts\"\nuntil = 2999-01-31\n";
    let gate = Gate::new(config);
    let strict = ["check", "--baseline", "old.json", "new.json", "--strict"];
    gate.write("old.json", 1, &metric("time", "ms", "lower", 100.0));
    gate.write("new.json", 1, &metric("time", "ms", "lower", 125.0));
    let (code, verdict) = gate.judge(&strict);
    let accepted = row(&verdict, "svc", "time");
    assert_eq!(accepted["outcome"], "inconclusive");
    assert_eq!(accepted["accepted"]["reason"], "encrypts");
    assert_eq!(
        (code, &verdict["verdict"]),
        (0, &json!("warn")),
        "{verdict}"
    );
    assert_eq!(verdict["policy"]["unused_acceptances"], json!([]));

    // Where it could not be told, the acceptance may still be needed.
    gate.write("new.json", 1, &metric("time", "ms", "lower", 99.0));
    assert_eq!(
        gate.judge(&strict).1["policy"]["unused_acceptances"],
        json!([])
    );
    // Where all is sure and well, it is not.
    gate.write("old.json", 10, &metric("time", "ms", "lower", 100.0));
    gate.write("new.json", 10, &metric("time", "ms", "lower", 99.9));
    let unused = gate.judge(&strict).1["policy"]["unused_acceptances"].clone();
    assert_eq!(unused.as_array().map(Vec::len), Some(1));
}

fn locust_like(name: &str, requests: u64, median: f64, mean: f64, rate: f64) -> (String, Value) {
    let subject = json!({
        "latency": {"unit": "ms", "better": "lower", "n": requests, "mean": mean,
            "quantiles": {"0.5": median, "0.95": 2.0 * median}, "resolution": 10.0},
        "errors": {"better": "lower", "count": 0, "of": requests},
        "throughput": {"unit": "req/s", "better": "higher", "value": rate},
    });
    (name.to_owned(), subject)
}

/// The rate of each endpoint follows how often it is asked for.
#[test]
fn throughput_is_gated_once_a_run_and_where_it_falls_to_nothing() {
    let side = |list: f64, show: f64| {
        let mut subjects = serde_json::Map::from_iter([
            locust_like("GET /list", 5_000, 120.0, 120.0, list),
            locust_like("GET /show", 5_000, 120.0, 120.0, show),
            locust_like("Aggregated", 10_000, 120.0, 120.0, list + show),
        ]);
        for metric in ["latency", "errors", "throughput"] {
            subjects["Aggregated"][metric]["role"] = json!("total");
        }
        Value::from(subjects)
    };
    let gate = Gate::new("");
    gate.write("old.json", 5, &side(50.0, 50.0));
    gate.write("new.json", 5, &side(70.0, 30.0));
    let (code, verdict) = gate.check();
    assert_eq!(code, 0, "only the mix of tasks changed: {verdict}");
    assert_eq!(row(&verdict, "Aggregated", "throughput")["gated"], true);
    assert_eq!(row(&verdict, "GET /show", "throughput")["gated"], false);

    gate.write("new.json", 5, &side(35.0, 35.0));
    let (code, verdict) = gate.check();
    assert_eq!(
        (code, &row(&verdict, "Aggregated", "throughput")["outcome"]),
        (1, &json!("regressed"))
    );

    gate.write("new.json", 5, &side(100.0, 0.0));
    let (code, verdict) = gate.check();
    let dead = row(&verdict, "GET /show", "throughput");
    assert_eq!((code, &dead["outcome"]), (1, &json!("regressed")), "{dead}");
}

fn statistic<'a>(verdict: &'a Value, statistic: &str) -> Option<&'a Value> {
    let rows = verdict["comparisons"].as_array().unwrap();
    rows.iter()
        .find(|row| row["statistic"] == statistic && row["gated"] == true)
}

#[test]
fn a_rule_may_name_any_statistic_that_the_result_holds() {
    let of = |low: f64| {
        let samples: Vec<f64> = (0..40_u8).map(|i| low + f64::from(i)).collect();
        json!({"parse": {"time": {"unit": "ms", "better": "lower", "samples": samples}}})
    };
    for name in [
        "p1", "p5", "p10", "p25", "p75", "p90", "p99", "min", "max", "mean",
    ] {
        let gate = Gate::new(&format!(
            "[[rule]]\nmetric = \"time.{name}\"\nmax_regression = \"5%\"\n"
        ));
        gate.write("old.json", 5, &of(100.0));
        gate.write("new.json", 5, &of(200.0));
        let (code, verdict) = gate.check();
        let row = statistic(&verdict, name).unwrap_or_else(|| panic!("{name}: {verdict}"));
        assert_eq!((code, &row["outcome"]), (1, &json!("regressed")), "{name}");
    }
    // What is not asked for by its name stays out of the gate.
    let gate = Gate::new("[[rule]]\nmetric = \"time.*\"\nmax_regression = \"5%\"\n");
    gate.write("old.json", 5, &of(100.0));
    gate.write("new.json", 5, &of(200.0));
    let verdict = gate.check().1;
    assert!(statistic(&verdict, "p10").is_none() && statistic(&verdict, "p99").is_some());
}

/// A median in steps of 10 ms cannot show 2.5 % of 120 ms; the mean can.
#[test]
fn the_mean_is_judged_where_the_tool_rounds_the_median_too_coarsely() {
    let side = |mean: f64| {
        Value::from(serde_json::Map::from_iter([locust_like(
            "GET /", 5_000, 120.0, mean, 50.0,
        )]))
    };
    for (config, statistics) in [
        ("", ["mean", "p95"]),
        (
            "[[rule]]\nmetric = \"latency\"\nmax_regression = \"30%\"\n",
            ["p50", "p95"],
        ),
    ] {
        let gate = Gate::new(config);
        gate.write("old.json", 5, &side(121.0));
        gate.write("new.json", 5, &side(128.0));
        let (_, verdict) = gate.check();
        let latencies = verdict["comparisons"].as_array().unwrap().iter();
        let gated: Vec<&Value> = latencies
            .filter(|row| row["metric"] == "latency" && row["gated"] == true)
            .map(|row| &row["statistic"])
            .collect();
        let mut wanted = statistics.map(|s| json!(s)).to_vec();
        wanted.sort_by_key(|s| s == "mean");
        assert_eq!(gated, wanted.iter().collect::<Vec<_>>(), "{config}");
    }
    let gate = Gate::new("[[rule]]\nmetric = \"latency.p50\"\nmax_regression = \"2%\"\n");
    gate.write("old.json", 5, &side(121.0));
    gate.write("new.json", 5, &side(128.0));
    assert!(
        statistic(&gate.check().1, "p50").is_some(),
        "a rule names it"
    );
}

/// As the fixed thresholds of other tools do it: by the estimate alone, from the file, a rule or the flag.
#[test]
fn decide_limit_fails_where_the_estimate_is_beyond_the_limit_sure_or_not() {
    let time = |value: f64| metric("time", "ms", "lower", value);
    let defaults = "[defaults]\nmax_regression = \"10%\"\n";
    let by_rule = "[[rule]]\nmetric = \"time\"\nmax_regression = \"10%\"\ndecide = \"limit\"\n";
    let check = ["check", "--baseline", "old.json", "new.json"];
    let flagged = [
        "check",
        "--baseline",
        "old.json",
        "new.json",
        "--decide",
        "limit",
    ];
    for (config, command, code) in [
        (defaults, &check[..], 0),
        (defaults, &flagged[..], 1),
        (by_rule, &check[..], 1),
        (
            "[defaults]\nmax_regression = \"10%\"\ndecide = \"limit\"\n",
            &check[..],
            1,
        ),
    ] {
        let gate = Gate::new(config);
        gate.write("old.json", 1, &time(80.0));
        gate.write("new.json", 1, &time(120.0));
        let (ended, verdict) = gate.judge(command);
        assert_eq!(ended, code, "{config} {command:?}: {verdict}");
        gate.write("new.json", 1, &time(87.0));
        assert_eq!(gate.judge(command).0, 0, "within the limit");
    }
    let gate = Gate::new(defaults);
    gate.write("old.json", 1, &time(80.0));
    gate.write("new.json", 1, &time(120.0));
    let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .args(check)
        .current_dir(gate.folder.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("INCONCLUSIVE"), "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "one run a side does not show how much runs differ",
        "`decide = \"limit\"` would fail here, and fails about 33 of 100 unchanged gates",
    ] {
        assert!(words.contains(told), "{said}");
    }
}

/// The values explain most surprises at one look.
#[test]
fn each_side_of_a_verdict_holds_its_runs() {
    let gate = Gate::new("");
    gate.write("old.json", 5, &metric("time", "ms", "lower", 100.0));
    gate.write("new.json", 3, &metric("time", "ms", "lower", 101.0));
    let verdict = gate.check().1;
    let row = row(&verdict, "svc", "time");
    assert_eq!(
        row["baseline"]["values"],
        json!([100.0, 100.0, 100.0, 100.0, 100.0])
    );
    assert_eq!(row["current"]["values"], json!([101.0, 101.0, 101.0]));
}

/// One run a side is not enough for +40 %, and the others did not move.
fn doubtful(config: &str) -> Gate {
    let gate = Gate::new(config);
    let of = |checkout: f64| {
        let time = |ms: f64| json!({"time": {"unit": "ms", "better": "lower", "value": ms}});
        json!({"check out": time(checkout), "search": time(20.0)})
    };
    gate.write("old.json", 1, &of(100.0));
    gate.write("new.json", 1, &of(140.0));
    gate
}

#[test]
fn what_is_in_doubt_is_judged_alone_by_the_command_that_the_report_gives() {
    // The rule of another series does not get in the way.
    let gate = doubtful("[[rule]]\nsubject = \"search\"\nmax_regression = \"5%\"\n");
    let said = gate.run(&["check", "--baseline", "old.json", "new.json"]);
    let text = String::from_utf8(said.stdout).unwrap();
    let command = "check --baseline old.json new.json --only 'check out time'";
    assert!(
        text.contains(&format!("  settle  perfgate {command}\n")),
        "{text}"
    );
    let fresh = json!({"check out": {"time": {"unit": "ms", "better": "lower", "value": 141.0}}});
    gate.write("new.json", 1, &fresh);
    let only = [
        "check",
        "--baseline",
        "old.json",
        "new.json",
        "--only",
        "check out time",
    ];
    let (code, verdict) = gate.judge(&only);
    assert_eq!(code, 0, "{verdict}");
    let rows = verdict["comparisons"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{verdict}");
    assert_eq!(rows[0]["subject"], "check out");
    let note = "only the series that `--only` names are judged";
    assert!(
        verdict["notes"].as_array().unwrap().contains(&json!(note)),
        "{verdict}"
    );
}

#[test]
fn a_series_to_be_judged_alone_has_to_be_there() {
    let gate = doubtful("");
    let said = gate.run(&[
        "check",
        "--baseline",
        "old.json",
        "new.json",
        "--only",
        "check out tim",
    ]);
    assert_eq!(said.status.code(), Some(2));
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(
        error.contains("--only: there is no series `check out tim`"),
        "{error}"
    );
    assert!(
        error.contains("the nearest series is `check out time`"),
        "{error}"
    );
}
