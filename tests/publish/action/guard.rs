//! A job with the secrets of the base branch does not measure the code of a pull request.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::runner::{Runner, Step, git_alone, program};
use super::with;
use crate::support::github::GitHub;

fn git(runner: &Runner, folder: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(runner.workspace().join(folder));
    let done = git_alone(&mut command).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A repository in the workspace, and its commits: the base, the head of a pull request, and what merging it makes.
struct Checkout {
    runner: Runner,
    base: String,
    head: String,
    merged: String,
}

fn checkout() -> Checkout {
    let runner = Runner::new();
    let commit = |message: &str| {
        let arguments = ["commit", "-q", "--allow-empty", "-m", message];
        git(&runner, "", &arguments);
        git(&runner, "", &["rev-parse", "HEAD"])
    };
    git(&runner, "", &["init", "-q", "-b", "main"]);
    git(&runner, "", &["add", "--all"]);
    let base = commit("base");
    git(&runner, "", &["checkout", "-q", "-b", "fast"]);
    let head = commit("head");
    git(&runner, "", &["checkout", "-q", "main"]);
    git(
        &runner,
        "",
        &["merge", "-q", "--no-ff", "-m", "merged", "fast"],
    );
    let merged = git(&runner, "", &["rev-parse", "HEAD"]);
    Checkout {
        runner,
        base,
        head,
        merged,
    }
}

impl Checkout {
    /// What lies in the workspace is measured in a job of this event.
    fn measures(&self, event: &str, body: &Value, lies: &str, more: &[(&str, &str)]) -> Step {
        git(&self.runner, "", &["checkout", "-q", "--force", lies]);
        let github = GitHub::start();
        self.runner.event(event, body, &github);
        self.runner.set("sha", &self.base);
        let mut inputs = with(&[("bin-path", program())]);
        inputs.extend(more);
        self.runner.step(&inputs)
    }

    fn pull_request(&self) -> Value {
        json!({"pull_request": {"number": 7, "head": {"sha": self.head}}})
    }

    fn finished(&self, event: &str) -> Value {
        json!({"workflow_run": {"id": 50, "event": event, "head_sha": self.head}})
    }
}

fn refused(step: &Step) -> bool {
    let said = step.said.contains("has the secrets of the base branch");
    assert_eq!(said, step.output("verdict").is_empty(), "{}", step.said);
    assert_eq!(step.code, if said { 2 } else { 1 }, "{}", step.said);
    said
}

#[test]
fn the_head_of_a_pull_request_is_not_measured_where_the_secrets_are() {
    let it = checkout();
    for (event, body) in [
        ("pull_request_target", it.pull_request()),
        ("workflow_run", it.finished("pull_request")),
    ] {
        assert!(!refused(&it.measures(event, &body, &it.base, &[])));
        for lies in [&it.head, &it.merged] {
            assert!(refused(&it.measures(event, &body, lies, &[])), "{event}");
            let allowed = [("allow-unsafe-pr-checkout", "true")];
            assert!(!refused(&it.measures(event, &body, lies, &allowed)));
        }
    }
    // In their own place they are what is to be measured.
    for (event, body) in [
        ("pull_request", it.pull_request()),
        ("workflow_run", it.finished("push")),
    ] {
        assert!(
            !refused(&it.measures(event, &body, &it.head, &[])),
            "{event}"
        );
    }
}

/// The event's commit may be old when the branch is checked out by its name, and the folder may be another one.
#[test]
fn neither_another_commit_nor_another_folder_is_a_way_around() {
    let it = checkout();
    let body = it.pull_request();
    git(&it.runner, "", &["checkout", "-q", "fast"]);
    git(
        &it.runner,
        "",
        &["commit", "-q", "--allow-empty", "-m", "later"],
    );
    assert!(refused(&it.measures(
        "pull_request_target",
        &body,
        "fast",
        &[]
    )));

    let beside = it.runner.workspace().join("pr");
    fs::create_dir(&beside).unwrap();
    git(&it.runner, "pr", &["clone", "-q", "..", "code"]);
    git(&it.runner, "pr/code", &["checkout", "-q", &it.merged]);
    let step = it.measures("pull_request_target", &body, &it.base, &[]);
    assert!(refused(&step));
    assert!(step.said.contains("in pr/code"), "{}", step.said);
}

#[test]
fn a_job_that_only_posts_is_not_kept_from_it() {
    let it = checkout();
    let mode = [("mode", "install")];
    let step = it.measures("pull_request_target", &it.pull_request(), &it.head, &mode);
    assert_eq!(step.code, 0, "{}", step.said);
}
