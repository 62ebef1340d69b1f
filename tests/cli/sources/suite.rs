//! Several tests in one gate: each a workload of its own, what is done around each, and the list at the end.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::desk::{Desk, comes, finished};

/// A command that writes what Locust wrote, three runs of it.
fn locust(name: &str, fixture: &str, rest: &str) -> String {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/locust");
    format!(
        "[[source]]\nname = \"{name}\"\n\
         command = \"mkdir -p out; cp '{fixtures}/{fixture}-{{n}}/run_stats.csv' out/{name}{{n}}_stats.csv\"\n\
         results = \"out/{name}{{n}}_stats.csv\"\nruns = 3\n{rest}"
    )
}

const FEW: &str = "parameters = { users = 10, rate = \"2/s\", duration = \"5m\" }\n";

fn three(last: &str, users_of_many: u32) -> String {
    [
        locust("few", "base", FEW),
        locust(
            "many",
            "base",
            &format!("parameters = {{ users = {users_of_many}, rate = \"10/s\" }}\n"),
        ),
        locust("long", last, ""),
    ]
    .concat()
}

fn judged(desk: &Desk, code: i32) -> Value {
    serde_json::from_str(&desk.ends("check --format json", code).out).unwrap()
}

#[test]
fn three_tests_of_locust_are_three_workloads_and_each_has_a_line() {
    let desk = Desk::new();
    desk.config(&three("base", 50));
    desk.ends("baseline update --force", 0);
    // A limit between the two, so that no chance decides.
    let limit = "[gate]\nconfirm = false\n[[rule]]\nsubject = \"GET /\"\nmetric = \"latency.mean\"\nbudget = \"24ms\"\n";
    desk.config(&format!("{}{limit}", three("slow20", 50)));
    let verdict = judged(&desk, 1);
    let workloads = verdict["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 3, "{verdict:#}");
    for workload in workloads {
        assert_eq!(workload["state"], "compared", "{workload:#}");
        assert_eq!(workload["baseline_runs"], 3, "{workload:#}");
    }
    let tests = verdict["tests"].as_array().unwrap();
    let names: Vec<&str> = tests.iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["few", "long", "many"]);
    assert_eq!(tests[1]["status"], "fail");
    // What another test did is no part of their status.
    assert_ne!(tests[0]["status"], "fail");
    assert_eq!(tests[0]["status"], tests[2]["status"]);
    assert_eq!(
        tests[0]["load"],
        json!({"users": "10", "rate": "2/s", "duration": "5m"})
    );
    // The mean of the three `Aggregated` rows.
    let aggregated = |fixture: &str, column: usize| -> f64 {
        let of_run = |n: u32| -> f64 {
            let path = format!(
                "{}/tests/fixtures/locust/{fixture}-{n}/run_stats.csv",
                env!("CARGO_MANIFEST_DIR")
            );
            let text = fs::read_to_string(path).unwrap();
            let row = text
                .lines()
                .find(|row| row.starts_with(",Aggregated"))
                .unwrap();
            row.split(',').nth(column).unwrap().parse().unwrap()
        };
        (1..=3).map(of_run).sum::<f64>() / 3.0
    };
    for (test, fixture) in [(&tests[0], "base"), (&tests[1], "slow20")] {
        for (figure, column) in [("mean", 5), ("p95", 16), ("throughput", 9)] {
            let value = test[figure]["value"].as_f64().unwrap();
            let wanted = aggregated(fixture, column);
            assert!(
                (value - wanted).abs() < 1e-6 * wanted,
                "{figure}: {value} and {wanted}"
            );
        }
        let share = aggregated(fixture, 3) / aggregated(fixture, 2);
        let errors = test["errors"].as_f64().unwrap();
        assert!(
            (errors - share).abs() < 0.1 * share + 1e-9,
            "{errors} and {share}"
        );
    }

    let said = desk.ends("check --report markdown=comment.md", 1);
    let at = said.out.find("3 tests: 1 fail, 2 ").unwrap();
    let list: Vec<&str> = said.out[at..].lines().take(5).collect();
    assert!(list[2].contains("users 10"), "{list:#?}");
    assert!(
        list.iter().all(|line| line.chars().count() <= 100),
        "{list:#?}"
    );
    let comment = desk.read("comment.md");
    assert!(
        comment.contains("<details><summary>3 tests: 1 fail, 2 "),
        "{comment}"
    );
    assert!(comment.contains("| `few` |"), "{comment}");
}

#[test]
fn a_changed_parameter_is_another_load_of_that_test_alone() {
    let desk = Desk::new();
    desk.config(&three("base", 50));
    desk.ends("baseline update --force", 0);
    desk.config(&three("base", 60));
    let verdict = judged(&desk, 0);
    let many = verdict["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .find(|workload| workload["source"] == "many")
        .unwrap();
    assert_eq!(many["state"], "other-load", "{many:#}");
    assert_eq!(
        many["differences"],
        json!([{"part": "term", "name": "users", "baseline": "50", "current": "60"}])
    );
    let said = desk.ends("check", 0);
    assert!(
        said.out.contains("`users` was 50, is 60") || said.out.contains("users"),
        "{}",
        said.out
    );
}

#[test]
fn one_source_has_no_list_of_tests() {
    let desk = Desk::new();
    desk.config(&locust("few", "base", FEW));
    desk.ends("baseline update --force", 0);
    assert_eq!(judged(&desk, 0)["tests"], Value::Null);
    assert!(!desk.ends("check", 0).out.contains("1 test"));
}

#[test]
fn sources_that_would_be_pooled_are_named_both() {
    let desk = Desk::new();
    let scenario = "[[source]]\nscenario = \"api.toml\"\n";
    desk.config(&format!("{scenario}{scenario}"));
    let said = desk.ends("check", 2);
    for part in [
        "perfgate.toml:3:",
        "perfgate.toml:5 runs api.toml, too",
        "name = ",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let results = "[[source]]\nresults = \"a.json\"\n";
    desk.config(&format!("{results}{results}"));
    let said = desk.ends("check", 2);
    for part in [
        "perfgate.toml:3:",
        "perfgate.toml:5 is of results",
        "name = ",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
}

#[test]
fn a_result_that_two_sources_take_is_an_error_that_names_both() {
    let desk = Desk::new();
    for name in ["a1.json", "b1.json"] {
        desk.run_file(name, 100.0);
    }
    desk.config(
        "[[source]]\nname = \"few\"\nresults = \"a*.json\"\n\
         [[source]]\nname = \"many\"\nresults = \"*1.json\"\n",
    );
    for command in ["check", "baseline update"] {
        let said = desk.ends(command, 2);
        let both = "a1.json is a result of two [[source]], `few` (perfgate.toml:3) and `many` (perfgate.toml:6)";
        assert!(said.err.contains(both), "{}", said.err);
        assert!(
            said.err.contains("hint: correct their `results`"),
            "{}",
            said.err
        );
    }
}

#[test]
fn keys_that_have_nothing_to_do_are_errors_with_their_line() {
    let desk = Desk::new();
    for (entry, line, told) in [
        (
            "results = \"a.json\"\nsetup = \"true\"",
            5,
            "`setup` has no `command`",
        ),
        (
            "results = \"a.json\"\nteardown = \"true\"",
            5,
            "`teardown` has no `command`",
        ),
        (
            "results = \"a.json\"\npause = \"1s\"",
            5,
            "`pause` has no `command`",
        ),
        (
            "scenario = \"api.toml\"\nparameters = { users = 5 }",
            5,
            "also `parameters`",
        ),
        (
            "results = \"a.json\"\nparameters = { users = [5] }",
            5,
            "a number, or a short text",
        ),
    ] {
        desk.config(&format!("[[source]]\n{entry}\n"));
        let said = desk.ends("check", 2);
        assert!(
            said.err.contains(&format!("perfgate.toml:{line}:")),
            "{}",
            said.err
        );
        assert!(said.err.contains(told), "{told}: {}", said.err);
    }
}

/// A source that writes down what it does.
fn logged(desk: &Desk, entries: &[(&str, &str, &str)]) {
    desk.run_file("template.json", 100.0);
    let entries = entries.iter().map(|(name, command, rest)| {
        format!(
            "[[source]]\nname = \"{name}\"\ncommand = \"echo {name}{{n}} >> log; {command}\"\n\
             results = \"{name}{{n}}.json\"\nruns = 2\n\
             setup = \"echo setup {name} >> log\"\nteardown = \"echo teardown {name} >> log\"\n{rest}"
        )
    });
    desk.config(&entries.collect::<String>());
}

fn log(desk: &Desk) -> Vec<String> {
    desk.read("log").lines().map(str::to_owned).collect()
}

#[test]
fn each_source_is_set_up_before_its_first_run_and_torn_down_after_its_last() {
    let desk = Desk::new();
    let a = "cat template.json > a{n}.json";
    let b = "cat template.json > b{n}.json";
    logged(
        &desk,
        &[
            ("a", a, "pause = \"1h\"\n"),
            ("b", b, "pause = \"300ms\"\n"),
        ],
    );
    let begun = Instant::now();
    let said = desk.ends("check", 0);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(said.err.contains("waiting 300ms"), "{}", said.err);
    assert!(
        !said.err.contains("waiting 1h"),
        "the first has nothing to wait for"
    );
    let whole = [
        "setup a",
        "a1",
        "a2",
        "teardown a",
        "setup b",
        "b1",
        "b2",
        "teardown b",
    ];
    assert_eq!(log(&desk), whole);
}

#[test]
fn where_a_run_fails_or_takes_too_long_it_is_torn_down() {
    let desk = Desk::new();
    logged(&desk, &[("a", "exit 3", "")]);
    desk.ends("check", 2);
    assert_eq!(log(&desk), ["setup a", "a1", "a2", "teardown a"]);
    fs::remove_file(desk.path("log")).unwrap();
    logged(&desk, &[("a", "sleep 60", "timeout = \"400ms\"\n")]);
    let said = desk.ends("check", 2);
    assert!(said.err.contains("took longer than 400ms"), "{}", said.err);
    assert_eq!(log(&desk), ["setup a", "a1", "teardown a"]);
}

#[test]
fn a_setup_that_fails_ends_with_its_last_lines_and_nothing_is_measured() {
    let desk = Desk::new();
    desk.config(
        "[[source]]\ncommand = \"touch began\"\nresults = \"a.json\"\n\
         setup = \"seq 100 130; echo no database >&2; exit 7\"\nteardown = \"touch torn\"\n",
    );
    let said = desk.ends("check", 2);
    for part in [
        "failed with exit status 7",
        "\n  122\n",
        "it ended with `no database`",
        "hint: ",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!said.err.contains("\n  121\n"), "{}", said.err);
    assert!(!desk.path("began").exists());
    assert!(
        desk.path("torn").exists(),
        "what the setup began is torn down"
    );
}

#[test]
fn a_teardown_that_fails_is_told_and_the_results_are_judged() {
    let desk = Desk::new();
    desk.run_file("template.json", 100.0);
    desk.config(
        "[[source]]\ncommand = \"cat template.json > a.json\"\nresults = \"a.json\"\nteardown = \"exit 9\"\n",
    );
    let said = desk.ends("check", 0);
    assert!(
        said.err
            .contains("teardown `exit 9` ended with exit status 9"),
        "{}",
        said.err
    );
}

fn interrupted(desk: &Desk, begun: impl Fn() -> bool) -> String {
    let child = desk.spawn("check");
    assert!(comes(begun));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // The file is there a moment before perfgate waits.
    std::thread::sleep(Duration::from_millis(300));
    kill_process(pid, Signal::INT).unwrap();
    finished(child, "check", 130).err
}

#[test]
fn an_interrupted_source_is_torn_down_and_a_pause_is_interrupted_at_once() {
    let desk = Desk::new();
    logged(&desk, &[("a", "sleep 60", "")]);
    interrupted(&desk, || {
        desk.path("log").exists() && log(&desk).contains(&"a1".to_owned())
    });
    assert_eq!(log(&desk), ["setup a", "a1", "teardown a"]);

    fs::remove_file(desk.path("log")).unwrap();
    let a = "cat template.json > a{n}.json";
    logged(&desk, &[("a", a, ""), ("b", "true", "pause = \"10m\"\n")]);
    let torn_down = || desk.path("log").exists() && log(&desk).contains(&"teardown a".to_owned());
    let said = interrupted(&desk, torn_down);
    assert!(said.contains("wait before the next source"), "{said}");
    assert_eq!(log(&desk), ["setup a", "a1", "a2", "teardown a"]);
}
