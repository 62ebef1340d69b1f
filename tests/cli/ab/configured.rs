//! `[ab]` and `[gate] mode` of `perfgate.toml`: the base revision is measured, and no baseline is asked.

use serde_json::Value;

use super::desk::{Desk, Said};
use super::revisions::repository;
use super::{comparison, served};

/// A branch whose work takes three times as long, and a config that says how it is measured.
fn desk(mode: &str) -> Desk {
    let desk = repository();
    let config = format!(
        "baseline = \"main.json\"\n[gate]\nmode = \"{mode}\"\n[ab]\nrun = \"sh work.sh\"\nbase_ref = \"main\"\nmax_rounds = 10\n"
    );
    desk.write("perfgate.toml", &config);
    desk
}

/// Red, by rounds of two revisions.
fn is_measured(said: &Said) {
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let words: Vec<&str> = said.out.split_whitespace().collect();
    let text = words.join(" ");
    for part in [
        "base and head in turns for 10 rounds",
        "where head has left main",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

/// Judged against a baseline, for which there are no results here.
fn is_not_measured(said: &Said) {
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
    assert!(
        said.err.contains("found no results to judge"),
        "{}",
        said.err
    );
}

#[test]
fn check_measures_the_base_revision_where_the_config_asks_for_it() {
    is_measured(&desk("ab").run(&["check"]));
    // No baseline knows this machine.
    is_measured(&desk("auto").run(&["check"]));
}

#[test]
fn ab_without_flags_is_what_the_config_says() {
    is_measured(&desk("baseline").run(&["ab"]));
}

#[test]
fn a_typed_baseline_and_a_push_are_judged_as_ever() {
    let desk = desk("ab");
    is_not_measured(&desk.run(&["check", "--baseline", "other.json"]));
    is_not_measured(&desk.run_in(&["check"], &[("CI", "true")]));
    is_measured(&desk.run_in(&["check"], &[("CI", "true"), ("GITHUB_BASE_REF", "main")]));
}

#[test]
fn a_mode_that_nobody_can_carry_out_is_an_error_with_its_line() {
    let desk = repository();
    desk.write("perfgate.toml", "[gate]\nmode = \"ab\"\n");
    let said = desk.run(&["check"]);
    assert_eq!(said.code, Some(2));
    for part in [
        "perfgate.toml:2",
        "there is no [ab] table",
        "add [ab] with `run`",
    ] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    desk.write(
        "perfgate.toml",
        "[gate]\nmode = \"ab\"\n[ab]\nbuild = \"true\"\n",
    );
    let said = desk.run(&["check"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("[ab] does not say what is measured"),
        "{}",
        said.err
    );
}

#[test]
fn a_source_that_is_a_command_is_run_in_both_worktrees_and_what_it_writes_is_judged() {
    let desk = repository();
    // 2 of main and 6 of the branch, of the file that differs.
    desk.write(
        "perfgate.toml",
        r#"
[ab]
base_ref = "main"
max_rounds = 10
[[source]]
command = '''t=$(tr -dc 1-9 < work.sh); echo "{\"schema\": \"perfgate.run/1\", \"subjects\": {\"a\": {\"time\": {\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [$((t * 100 + PERFGATE_ROUND % 3))]}}}}" > out.json'''
results = "out.json"
"#,
    );
    let said = desk.ends(&["ab", "--format", "json"], 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let time = comparison(&verdict, "a", "time");
    assert_eq!(time["outcome"], "regressed", "{time:#}");
    assert!(time["change"]["ratio"].as_f64().unwrap() > 2.5, "{time:#}");
}

#[test]
fn a_source_that_is_a_scenario_loads_the_service_of_both_worktrees() {
    let desk = repository();
    // So many milliseconds as the file that differs says.
    let run = format!(
        "export WORK_US=$(tr -dc 1-9 < work.sh)000; {}",
        served::command("")
    );
    let quoted = Value::from(run).to_string();
    desk.write(
        "perfgate.toml",
        &format!(
            "[ab]\nbase_ref = \"main\"\nmax_rounds = 10\nrun = {quoted}\n[[source]]\nscenario = \"load.toml\"\n"
        ),
    );
    desk.write(
        "load.toml",
        "base = \"http://127.0.0.1:9\"\n[load]\nusers = 1\nduration = \"10s\"\n[[step]]\nget = \"/items\"\n",
    );
    let said = desk.ends(&["ab", "--window", "300ms", "--format", "json"], 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let latency = comparison(&verdict, "GET /items", "latency");
    assert_eq!(latency["outcome"], "regressed", "{latency:#}");
    assert_eq!(desk.processes_with("ab::served::serving"), 0);
}
