//! Revisions as the two versions.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::desk::Desk;
use super::{comparison, notes};

/// `main`, and a branch `work` that takes longer.
pub(super) fn repository() -> Desk {
    let desk = Desk::new();
    fs::remove_dir_all(desk.path(".git")).unwrap();
    git(&desk, "init -q -b main");
    git(&desk, "config user.email a@example.org");
    git(&desk, "config user.name a");
    commit(&desk, "0.02");
    git(&desk, "checkout -qb work");
    commit(&desk, "0.06");
    desk
}

fn commit(desk: &Desk, seconds: &str) {
    desk.write("work.sh", &format!("sleep {seconds}\n"));
    git(desk, "add work.sh");
    git(desk, "commit -qm work");
}

pub(super) fn git(desk: &Desk, line: &str) -> String {
    let done = Command::new("git")
        .args(line.split(' '))
        .current_dir(desk.path("."))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

fn worktrees(desk: &Desk) -> usize {
    git(desk, "worktree list").lines().count()
}

#[test]
fn a_branch_that_takes_longer_is_red_with_the_commits_that_were_measured() {
    let desk = repository();
    desk.write("work.sh", "sleep 0.02 # not committed\n");
    let said = desk.ends(
        &[
            "ab",
            "--base-ref",
            "main",
            "--build",
            "test -f work.sh",
            "--run",
            "sh work.sh",
            "--format",
            "json",
        ],
        1,
    );
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "command", "time")["outcome"],
        "regressed"
    );
    let head = git(&desk, "rev-parse HEAD");
    assert_eq!(verdict["current"]["commit"], head.trim());
    assert_eq!(
        verdict["baseline"]["commit"],
        git(&desk, "rev-parse main").trim()
    );
    let told = notes(&verdict);
    assert!(told.contains("not your 1 uncommitted file"), "{told}");
    assert_eq!(worktrees(&desk), 1);
    // The folder as it is takes no longer.
    let folder = [
        "ab",
        "--base-ref",
        "main",
        "--head-worktree",
        "--run",
        "sh work.sh",
        "--max-regression",
        "60%",
    ];
    desk.ends(&folder, 0);
}

#[test]
fn what_cannot_be_found_or_built_ends_with_2_and_leaves_no_worktree() {
    let desk = repository();
    let said = desk.ends(&["ab", "--base-ref", "nain", "--run", "sh work.sh"], 2);
    assert!(said.err.contains("`nain`"), "{}", said.err);
    let said = desk.ends(
        &[
            "ab",
            "--base-ref",
            "main",
            "--build",
            "exit 9",
            "--run",
            "sh work.sh",
        ],
        2,
    );
    assert!(
        said.err.contains("build base") && said.err.contains("exit status 9"),
        "{}",
        said.err
    );
    let said = desk.ends(&["ab", "--base-ref", "work", "--run", "sh work.sh"], 2);
    assert!(said.err.contains("the same commit"), "{}", said.err);
    assert_eq!(worktrees(&desk), 1);
}

#[test]
fn a_revision_is_built_once() {
    let desk = repository();
    let (cache, built) = (desk.path("cache"), desk.path("built"));
    let build = format!("echo once >>'{}'", built.display());
    let ab = |more: &[&str], variables: &[(&str, &str)]| {
        let mut arguments = vec!["ab", "--base-ref", "main", "--build", &build];
        arguments.extend(["--run", "sh work.sh", "--max-rounds", "1", "--warmup", "0"]);
        arguments.extend(["--verbose"]);
        arguments.extend(more);
        let said = desk.run_in(&arguments, variables);
        assert!(matches!(said.code, Some(0 | 1)), "{}", said.err);
        let builds = fs::read_to_string(&built).unwrap().lines().count();
        (builds, said.out)
    };
    let cached = [("PERFGATE_CACHE", cache.to_str().unwrap())];
    assert_eq!(ab(&[], &cached).0, 2);
    let (builds, out) = ab(&[], &cached);
    assert_eq!(builds, 2);
    assert!(out.contains("base was built before"), "{out}");
    assert_eq!(ab(&["--rebuild"], &cached).0, 4);
    // A job keeps nothing for the next unless it is told where.
    let home = desk.path("home");
    let job = [("CI", "true"), ("HOME", home.to_str().unwrap())];
    assert_eq!(ab(&[], &job).0, 6);
    assert!(!home.exists());
    assert_eq!(worktrees(&desk), 1);
}

#[test]
fn what_cargo_would_build_into_one_folder_is_built_apart() {
    let desk = repository();
    let shared = desk
        .path("shared")
        .canonicalize()
        .unwrap_or(desk.path("shared"));
    let shared = shared.to_str().unwrap();
    // Stands for cargo, which puts what it builds where this variable says.
    let build = r#"mkdir -p "$CARGO_TARGET_DIR" && cp work.sh "$CARGO_TARGET_DIR"/tool"#;
    let ab = |run: &str| {
        let mut arguments = vec!["ab", "--base-ref", "main", "--build", build, "--run", run];
        arguments.extend(["--max-rounds", "10", "--format", "json"]);
        desk.run_in(&arguments, &[("CARGO_TARGET_DIR", shared)])
    };
    let said = ab(r#"sh "$CARGO_TARGET_DIR"/tool"#);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "command", "time")["outcome"],
        "regressed"
    );
    assert!(!desk.path("shared").exists());
    let said = ab(&format!("sh {shared}/tool"));
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("$CARGO_TARGET_DIR"), "{}", said.err);
}

#[test]
fn a_program_that_both_builds_have_written_is_refused() {
    let desk = repository();
    let tool = format!("'{}'", desk.path("tool").display());
    let build = format!("(echo '#!/bin/sh'; cat work.sh) > {tool}; chmod +x {tool}");
    let said = desk.ends(
        &[
            "ab",
            "--base-ref",
            "main",
            "--build",
            &build,
            "--run",
            &tool,
        ],
        2,
    );
    assert!(
        said.err.contains("both builds have written"),
        "{}",
        said.err
    );
    assert_eq!(worktrees(&desk), 1);
    // What was there before is the same for both, and may be.
    desk.ends(
        &[
            "ab",
            "--base-ref",
            "main",
            "--build",
            "true",
            "--run",
            &tool,
            "--max-regression",
            "60%",
        ],
        0,
    );
}

#[test]
fn a_signal_removes_the_worktrees() {
    let desk = repository();
    let child = desk.spawn(&[
        "ab",
        "--base-ref",
        "main",
        "--build",
        "sleep 43.5",
        "--run",
        "sh work.sh",
    ]);
    let mut tries = 0;
    // Listed by git they are when they are whole, and half of one is an error.
    let made = || {
        let listed = fs::read_dir(desk.path(".git/worktrees"));
        listed.map_or(0, |listed| {
            listed
                .flatten()
                .filter(|one| one.path().join("index").exists())
                .count()
        })
    };
    while made() < 2 && tries < 200 {
        thread::sleep(Duration::from_millis(50));
        tries += 1;
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(worktrees(&desk), 1);
    assert_eq!(desk.processes("sleep 43.5"), 0);
}
