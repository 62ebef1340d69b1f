//! Both versions are one program: then nothing is measured, and it is said aloud. The program is a copy of
//! `sleep` or `cat`, which is native and lies in the folders of its versions.

use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::desk::Desk;
use super::notes;
use super::revisions::git;

const BUILD: &str = "cp \"$(command -v sleep)\" tool";

/// `main`, and a branch `work` on which this file has other content.
fn repository(changed: &str) -> Desk {
    let desk = Desk::new();
    fs::remove_dir_all(desk.path(".git")).unwrap();
    git(&desk, "init -q -b main");
    git(&desk, "config user.email a@example.org");
    git(&desk, "config user.name a");
    if let Some(folder) = desk.path(changed).parent() {
        fs::create_dir_all(folder).unwrap();
    }
    for text in ["one\n", "two\n"] {
        desk.write(changed, text);
        git(&desk, "add .");
        git(&desk, "commit -qm change");
        if text == "one\n" {
            git(&desk, "checkout -qb work");
        }
    }
    desk
}

fn has_strace() -> bool {
    let traced = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .output();
    traced.is_ok_and(|done| done.status.success())
}

fn verdict(desk: &Desk, build: &str, run: &str) -> Value {
    let arguments = [
        "ab",
        "--base-ref",
        "main",
        "--build",
        build,
        "--run",
        run,
        "--format",
        "json",
        "--max-rounds",
        "1",
        "--warmup",
        "0",
    ];
    let said = desk.run(&arguments);
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err))
}

fn is_same(verdict: &Value) -> bool {
    let comparisons = verdict["comparisons"].as_array().unwrap();
    comparisons.len() == 1 && comparisons[0]["metric"] == "same_binary"
}

#[test]
fn a_pull_request_that_touches_only_docs_is_done_at_once_and_says_why() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let desk = repository("docs/guide.txt");
    let begun = Instant::now();
    let said = desk.ends(
        &[
            "ab",
            "--base-ref",
            "main",
            "--build",
            BUILD,
            "--run",
            "./tool 30",
            "--report",
            "json=verdict.json",
        ],
        0,
    );
    // One run alone takes thirty seconds.
    assert!(begun.elapsed().as_secs() < 25);
    assert!(said.out.contains("unchanged: same binary"), "{}", said.out);
    assert!(
        said.err.contains("A build that did nothing"),
        "{}",
        said.err
    );
    let verdict: Value = serde_json::from_str(&desk.read("verdict.json")).unwrap();
    assert_eq!(verdict["verdict"], "pass");
    assert!(is_same(&verdict), "{verdict:#}");
    assert!(
        notes(&verdict).contains("the one file that differs is one that no measured program reads"),
        "{}",
        notes(&verdict)
    );
    // A verdict like every other.
    let posted = desk.run(&["post", "verdict.json", "--dry-run"]);
    assert!(
        !posted.err.contains("its comparisons say"),
        "{}",
        posted.err
    );
}

#[test]
fn what_may_be_ignored_is_for_the_config_to_say() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let desk = repository("data.txt");
    // Without a trace nobody knows whether it is read: results are asked for, which are never traced.
    let ab = |desk: &Desk| {
        desk.run(&[
            "ab",
            "--base-ref",
            "main",
            "--build",
            BUILD,
            "--run",
            "./tool 0",
            "--results",
            "out.json",
        ])
    };
    let said = ab(&desk);
    assert!(
        said.err.contains("found nothing that matches"),
        "{}",
        said.err
    );
    desk.write("perfgate.toml", "[ab]\nignore = \"data.*\"\n");
    let said = ab(&desk);
    assert!(
        said.out.contains("unchanged: same binary"),
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn a_traced_run_shows_whether_what_differs_is_read() {
    if !has_strace() {
        eprintln!("SKIPPED: strace cannot trace here");
        return;
    }
    let build = "cp \"$(readlink -f \"$(command -v cat)\")\" tool";
    let desk = repository("data.txt");
    let read = verdict(&desk, build, "./tool data.txt");
    assert!(!is_same(&read), "{read:#}");
    let not_read = verdict(&desk, build, "./tool /dev/null");
    assert!(is_same(&not_read), "{not_read:#}");
    assert!(notes(&not_read).contains("one traced run of each"));
}

#[test]
fn scripts_and_programs_of_the_machine_are_measured() {
    let desk = repository("docs/guide.txt");
    let script = "printf '#!/bin/sh\\n' > tool; chmod +x tool";
    assert!(!is_same(&verdict(&desk, script, "./tool")));
    assert!(!is_same(&verdict(&desk, "true", "sleep 0.01")));
    // One program that is named twice is a measurement of the noise.
    let sleeping = [
        "ab",
        "--base",
        "/bin/sleep 0.01",
        "--head",
        "/bin/sleep 0.01",
        "--max-rounds",
        "1",
    ];
    assert!(!desk.run(&sleeping).out.contains("same binary"));
}

#[test]
fn builds_that_differ_by_a_stamp_are_told_how_to_be_made_alike() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let desk = repository("docs/guide.txt");
    let stamped = format!("{BUILD}; pwd >> tool");
    let told = verdict(&desk, &stamped, "./tool 0.01");
    assert!(!is_same(&told));
    assert!(notes(&told).contains("-buildvcs=false"), "{}", notes(&told));
}
