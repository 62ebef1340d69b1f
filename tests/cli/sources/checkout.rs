//! Which commit results are of, outside of CI.

use std::process::Command;

use serde_json::{Value, json};

use super::desk::Desk;

fn git(desk: &Desk, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
        .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(desk.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with a tracked file, and results that are not tracked.
fn repository() -> Desk {
    let desk = Desk::new();
    std::fs::remove_dir(desk.path(".git")).unwrap();
    git(&desk, &["init", "-q"]);
    desk.write("code.rs", "one\n");
    git(&desk, &["add", "code.rs"]);
    git(&desk, &["commit", "-q", "-m", "one"]);
    desk.run_file("out/a.json", 100.0);
    desk
}

fn update(desk: &Desk) -> Vec<Value> {
    desk.ends(
        "baseline update --baseline main.json --environment lab out/a.json",
        0,
    );
    desk.provenance("commit")
}

#[test]
fn results_in_a_clean_checkout_are_of_its_commit() {
    let desk = repository();
    let head = git(&desk, &["rev-parse", "HEAD"]);
    assert_eq!(update(&desk), [json!(head)]);
    let shown = desk.ends("baseline show --baseline main.json", 0);
    assert!(shown.out.contains("commits 1"), "{}", shown.out);
}

#[test]
fn a_baseline_that_has_changed_is_no_change_of_what_was_measured() {
    let desk = repository();
    update(&desk);
    git(&desk, &["add", "main.json"]);
    git(&desk, &["commit", "-q", "-m", "baseline"]);
    let head = git(&desk, &["rev-parse", "HEAD"]);
    desk.run_file("out/a.json", 101.0);
    update(&desk);
    desk.run_file("out/a.json", 102.0);
    assert!(update(&desk).contains(&json!(head)));
    let head = json!(head);
    let of_head = desk
        .read("main.json")
        .matches(head.as_str().unwrap())
        .count();
    assert!(of_head >= 2, "both updates after the commit are of it");
}

#[test]
fn a_changed_file_or_no_repository_or_no_git_is_no_commit() {
    let desk = repository();
    desk.write("code.rs", "two\n");
    assert_eq!(update(&desk), Vec::<Value>::new());

    let desk = repository();
    let output = desk
        .command("baseline update --baseline main.json --environment lab out/a.json")
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(desk.provenance("commit"), Vec::<Value>::new());

    let desk = Desk::new();
    desk.run_file("out/a.json", 100.0);
    assert_eq!(update(&desk), Vec::<Value>::new());
}

#[test]
fn what_is_typed_or_said_by_a_ci_comes_first() {
    let desk = repository();
    desk.ends(
        "baseline update --baseline main.json --environment lab --commit typed out/a.json",
        0,
    );
    assert_eq!(desk.provenance("commit"), [json!("typed")]);
}
