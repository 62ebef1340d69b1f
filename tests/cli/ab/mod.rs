//! `perfgate ab` as a program: commands that are slower, fail, hang, leave children behind or print garbage, and what
//! the verdict says of them.

mod benched;
mod configured;
mod desk;
mod layout;
mod rerun;
mod revisions;
mod same_program;
mod served;
mod services;
mod windows;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use desk::{Desk, said};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Writes a run file of two benchmarks. `a` takes what the first argument says and some noise of the round, `b` always
/// the same; what is asked for is written down.
const BENCH: &str = r#"#!/bin/sh
noise=$(( (PERFGATE_ROUND * 7 + $1) % 5 ))
echo "$2" >> asked
a="\"a\": {\"time\": {\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [$(( $1 * 100 + noise ))]}}"
b="\"b\": {\"time\": {\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [$(( 50000 + noise * 20 ))]}}"
case "$2" in
'^(?:a)$') subjects="$a" ;;
*) subjects="$a, $b" ;;
esac
echo "{\"schema\": \"perfgate.run/1\", \"subjects\": {$subjects}}" > out.json
"#;

fn comparison<'v>(verdict: &'v Value, subject: &str, metric: &str) -> &'v Value {
    let all = verdict["comparisons"].as_array().unwrap();
    let found = all
        .iter()
        .find(|c| c["subject"] == subject && c["metric"] == metric);
    found.unwrap_or_else(|| panic!("no {subject} {metric} in {verdict:#}"))
}

fn notes(verdict: &Value) -> String {
    verdict["notes"].to_string()
}

#[test]
fn a_slower_command_is_red_after_two_looks_and_one_that_is_the_same_is_done_after_five_rounds() {
    let desk = Desk::new();
    let said = desk.ends(
        &[
            "ab",
            "--base",
            "sleep 0.03",
            "--head",
            "sleep 0.06",
            "--format",
            "json",
        ],
        1,
    );
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["verdict"], "fail");
    assert_eq!(verdict["interleaved"], true);
    let time = comparison(&verdict, "command", "time");
    assert_eq!(time["outcome"], "regressed", "{time:#}");
    let runs = time["current"]["runs"].as_u64().unwrap();
    assert!([10, 20].contains(&runs), "{time:#}");
    assert!(
        notes(&verdict).contains("looked at after 5, 10"),
        "{}",
        notes(&verdict)
    );
    let said = desk.ends(
        &[
            "ab",
            "--base",
            "sleep 0.05",
            "--head",
            "sleep 0.05",
            "--max-regression",
            "50%",
        ],
        0,
    );
    assert!(said.out.starts_with("PASS"), "{}", said.out);
}

/// Two commands that differ in the benchmark `a` of [`BENCH`].
fn slower_in_a<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "ab",
        "--base",
        "sh bench.sh 500 {filter}",
        "--head",
        "sh bench.sh 560 {filter}",
        "--results",
        "out.json",
        "--warmup",
        "0",
    ];
    arguments.extend(more);
    arguments
}

#[test]
fn results_of_the_commands_are_read_and_what_is_settled_is_not_measured_on() {
    let desk = Desk::new();
    desk.write("bench.sh", BENCH);
    let said = desk.ends(&slower_in_a(&["--format", "json", "--output", "kept"]), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(comparison(&verdict, "a", "time")["outcome"], "regressed");
    let same = comparison(&verdict, "b", "time");
    assert_eq!(same["outcome"], "unchanged", "{same:#}");
    assert_eq!(same["current"]["runs"], 5);
    let asked = desk.read("asked");
    let lines: Vec<&str> = asked.lines().collect();
    assert_eq!(lines.len(), 20);
    assert!(lines[..10].iter().all(|line| *line == ".*"), "{asked}");
    assert!(lines[10..].iter().all(|line| *line == "^(?:a)$"), "{asked}");
    // What was kept gives a verdict of its own.
    let again = desk.run(&[
        "compare",
        "--interleaved",
        "kept/base.json",
        "kept/head.json",
        "--format",
        "json",
    ]);
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(comparison(&again, "a", "time")["outcome"], "regressed");
}

#[test]
fn base_against_base_tells_what_nothing_differs_by_where_the_time_is_left() {
    let desk = Desk::new();
    desk.write("bench.sh", BENCH);
    let ab = |more: &[&str]| {
        let mut arguments = slower_in_a(&["--control", "--format", "json"]);
        arguments.extend(more);
        let said = desk.ends(&arguments, 1);
        notes(&serde_json::from_str(&said.out).unwrap())
    };
    let told = ab(&[]);
    assert!(told.contains("A/A here: ±"), "{told}");
    assert!(told.contains("base against base for 5 rounds"), "{told}");
    // Ten rounds of both, and five of base as both.
    assert_eq!(desk.read("asked").lines().count(), 30);
}

#[test]
fn until_it_is_sure_it_is_looked_at_after_every_block() {
    let desk = Desk::new();
    desk.write("bench.sh", BENCH);
    let said = desk.ends(&slower_in_a(&["--until-sure", "--format", "json"]), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let slower = comparison(&verdict, "a", "time");
    assert_eq!(slower["outcome"], "regressed", "{slower:#}");
    let same = comparison(&verdict, "b", "time");
    assert_eq!(same["outcome"], "unchanged", "{same:#}");
    let told = notes(&verdict);
    assert!(told.contains("looked at after every block"), "{told}");
    assert!(
        slower["current"]["runs"].as_u64().unwrap() < 20,
        "{slower:#}"
    );
}

#[test]
fn one_order_and_one_verdict_come_of_one_seed() {
    let desk = Desk::new();
    desk.write("bench.sh", BENCH);
    let order = |seed: &str| {
        fs::remove_file(desk.path("order")).unwrap_or_default();
        let command = |side: &str| format!("echo {side} >> order; sh bench.sh 500 x");
        let (base, head) = (command("base"), command("head"));
        desk.ends(
            &[
                "ab",
                "--base",
                &base,
                "--head",
                &head,
                "--results",
                "out.json",
                "--warmup",
                "0",
                "--seed",
                seed,
            ],
            0,
        );
        desk.read("order")
    };
    let first = order("1");
    assert_eq!(first, order("1"));
    assert!(
        ["2", "3", "4", "5", "6"]
            .iter()
            .any(|seed| order(seed) != first)
    );
    // Each block is mirrored.
    let sides: Vec<&str> = first.lines().collect();
    for block in [&sides[..4], &sides[4..8]] {
        assert_eq!(block[0], block[3]);
        assert_eq!(block[1], block[2]);
        assert_ne!(block[0], block[1]);
    }
}

#[test]
fn a_command_that_fails_in_the_third_round_ends_with_2_and_what_was_measured_is_kept() {
    let desk = Desk::new();
    let head = "[ \"$PERFGATE_ROUND\" != 3 ] || { echo disk is full >&2; exit 4; }";
    let said = desk.ends(
        &["ab", "--base", "true", "--head", head, "--warmup", "0"],
        2,
    );
    for part in [
        "measure head in round 3",
        "exit status 4",
        "disk is full",
        "hint: ",
        "kept 2 rounds",
    ] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    assert!(said.out.is_empty(), "{}", said.out);
    let kept = desk.kept();
    let runs: Value =
        serde_json::from_str(&fs::read_to_string(kept.join("base.json")).unwrap()).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert_eq!(runs[0]["partial"], true);
}

#[test]
fn failures_are_counted_where_they_are_asked_for_and_come_before_times() {
    let desk = Desk::new();
    let said = desk.ends(
        &[
            "ab",
            "--base",
            "true",
            "--head",
            "exit 1",
            "--ignore-failure",
            "--format",
            "json",
        ],
        1,
    );
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "command", "errors")["outcome"],
        "regressed"
    );
    assert_eq!(
        comparison(&verdict, "command", "time")["outcome"],
        "incomparable"
    );
}

#[test]
fn results_that_are_missing_old_or_garbage_are_an_error_that_names_the_side_and_the_round() {
    let desk = Desk::new();
    let ab = |base: &str, head: &str| {
        desk.ends(
            &[
                "ab",
                "--base",
                base,
                "--head",
                head,
                "--results",
                "out.json",
                "--warmup",
                "0",
                "--seed",
                "1",
            ],
            2,
        )
        .err
    };
    let nothing = ab("true", "true");
    assert!(
        nothing.contains("in round 1") && nothing.contains("out.json"),
        "{nothing}"
    );
    let garbage = ab("echo '}{' > out.json", "echo '}{' > out.json");
    assert!(garbage.contains("in round 1"), "{garbage}");
    desk.write("bench.sh", BENCH);
    // Older than any file time that a coarse clock could take for new.
    let old = "sh bench.sh 500 x; touch -d '2020-01-01' out.json";
    let stale = ab(old, old);
    assert!(
        stale.contains("no new result") || stale.contains("older than"),
        "{stale}"
    );
}

#[test]
fn a_signal_ends_it_with_130_keeps_the_rounds_and_leaves_no_process() {
    let desk = Desk::new();
    let command = "echo x >> seen; sleep 0.371";
    let child = desk.spawn(&["ab", "--base", command, "--head", command]);
    // Two to warm up, a round, and one of the next.
    let seen = || fs::read_to_string(desk.path("seen")).map_or(0, |seen| seen.lines().count());
    let begun = Instant::now();
    while seen() < 5 && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(10));
    }
    let begun = Instant::now();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(done.stdout.is_empty());
    assert!(desk.kept().join("head.json").is_file());
    assert_eq!(desk.processes("sleep 0.371"), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn how_it_goes_is_said_to_who_asks_with_a_signal() {
    let desk = Desk::new();
    let command = "echo x >> seen; sleep 0.1";
    let child = desk.spawn(&[
        "ab",
        "--base",
        command,
        "--head",
        command,
        "--max-rounds",
        "3",
    ]);
    let seen = || fs::read_to_string(desk.path("seen")).map_or(0, |seen| seen.lines().count());
    let begun = Instant::now();
    while seen() < 4 && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::USR1).unwrap();
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{err}");
    assert!(err.contains("of at most 3, "), "{err}");
}

#[cfg(unix)]
#[test]
fn a_time_that_only_waits_longer_is_told_from_one_that_computes_longer() {
    let desk = Desk::new();
    let said = desk.run(&[
        "ab",
        "--base",
        "sleep 0.03",
        "--head",
        "sleep 0.09",
        "--format",
        "json",
    ]);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "command", "time")["outcome"],
        "regressed"
    );
    assert!(
        notes(&verdict).contains("it waits more"),
        "{}",
        notes(&verdict)
    );
    let work = |turns: u32| format!("i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done");
    let (base, head) = (work(30_000), work(90_000));
    let said = desk.run(&["ab", "--base", &base, "--head", &head, "--format", "json"]);
    assert!(!said.out.contains("it waits more"), "{}", said.out);
}

#[test]
fn what_a_command_leaves_behind_is_ended_and_told() {
    let desk = Desk::new();
    let leaving = "sleep 37.25 & exit 0";
    let said = desk.run(&[
        "ab",
        "--base",
        leaving,
        "--head",
        leaving,
        "--max-rounds",
        "3",
        "--warmup",
        "0",
    ]);
    assert!(
        said.out.contains("left processes running"),
        "{}\n{}",
        said.out,
        said.err
    );
    assert_eq!(desk.processes("sleep 37.25"), 0);
}

/// A limit of one block for each file stands for a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_never_hides_what_ended_the_measuring() {
    let desk = Desk::new();
    let name = "n".repeat(1500);
    let ab = |head: &str, more: &str| {
        let ab = format!("\"$1\" ab --base true --head '{head}' --warmup 0 --name {name} {more}");
        said(desk.shell(&format!("trap '' XFSZ; ulimit -f 1; {ab}")))
    };
    let kept = ab("true", "--output kept");
    assert_eq!(kept.code, Some(2), "{}", kept.err);
    for part in ["write kept/base.json", "hint: is the disk full?"] {
        assert!(kept.err.contains(part), "{}", kept.err);
    }
    let reported = ab("true", "--max-rounds 1 --report json=verdict.json");
    assert_eq!(reported.code, Some(2), "{}", reported.err);
    assert!(reported.err.contains("verdict.json"), "{}", reported.err);
    let failed = ab("[ $PERFGATE_ROUND -lt 3 ]", "");
    assert_eq!(failed.code, Some(2), "{}", failed.err);
    for part in ["measure head in round 3", "what was measured is lost: "] {
        assert!(failed.err.contains(part), "{}", failed.err);
    }
    assert!(!desk.path("verdict.json").exists());
    assert_eq!(fs::read_dir(desk.path("kept")).unwrap().count(), 0);
}

#[test]
fn a_command_that_hangs_is_ended_after_its_time() {
    let desk = Desk::new();
    let said = desk.ends(
        &[
            "ab",
            "--base",
            "sleep 41.5",
            "--head",
            "true",
            "--timeout",
            "1s",
        ],
        2,
    );
    assert!(said.err.contains("took longer than 1 s"), "{}", said.err);
    assert_eq!(desk.processes("sleep 41.5"), 0);
}

#[test]
fn the_time_that_is_there_is_what_is_planned_with() {
    let desk = Desk::new();
    let begun = Instant::now();
    let said = desk.run(&[
        "ab",
        "--base",
        "sleep 0.1",
        "--head",
        "sleep 0.2",
        "--time-budget",
        "4s",
        "--warmup",
        "0",
        "--format",
        "json",
    ]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        notes(&verdict).contains("--time-budget"),
        "{}",
        notes(&verdict)
    );
}

#[test]
fn rules_of_the_config_hold_and_one_that_matches_nothing_is_an_error() {
    let desk = Desk::new();
    desk.write(
        "perfgate.toml",
        "[[rule]]\nsubject = \"command\"\nmetric = \"time\"\nmax_regression = \"400%\"\n",
    );
    desk.ends(&["ab", "--base", "sleep 0.02", "--head", "sleep 0.04"], 0);
    desk.write("perfgate.toml", "[[rule]]\nsubject = \"comand\"\n");
    let said = desk.ends(&["ab", "--base", "true", "--head", "true"], 2);
    assert!(
        said.err.contains("perfgate.toml:1") && said.err.contains("matches no series"),
        "{}",
        said.err
    );
}

#[test]
fn a_verdict_is_a_document_that_other_commands_take() {
    let desk = Desk::new();
    desk.ends(
        &[
            "ab",
            "--base",
            "sleep 0.02",
            "--head",
            "sleep 0.05",
            "--report",
            "json=verdict.json",
            "--report",
            "markdown=verdict.md",
        ],
        1,
    );
    let verdict: Value = serde_json::from_str(&desk.read("verdict.json")).unwrap();
    assert_eq!(verdict["schema"], "perfgate.verdict/1");
    assert!(desk.read("verdict.md").contains("command"));
}
