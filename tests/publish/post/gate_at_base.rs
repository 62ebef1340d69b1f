//! A pull request that changes the gate which judges it, in a repository as a workflow checks it out: the merge of base
//! and head, and the files of the base read by git alone.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::job::{Job, Said};
use crate::support::github::GitHub;

/// What a branch has: its config, and how slow its baseline is.
struct Side {
    config: Option<&'static str>,
    baseline: f64,
}

const STRICT: &str =
    "baseline = \"main\"\n[defaults]\nmax_regression = \"10%\"\n[[rule]]\nsubject = \"GET /a\"\n";
const LOOSE: &str = "baseline = \"main\"\n[defaults]\nmax_regression = \"500%\"\n[[rule]]\nsubject = \"GET /a\"\nseverity = \"off\"\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        // Whatever a hook or a machine has set.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Ten runs of two endpoints, each some thousandths apart.
fn runs(session: &str, ms: f64) -> Value {
    let run = |n: u8| {
        let value = ms * (1.0 + f64::from(n % 3) / 1000.0);
        let time = json!({"time": {"unit": "ms", "better": "lower", "value": value}});
        json!({
            "schema": "perfgate.run/1", "session": session, "started_at": format!("2026-11-20T10:0{n}:00Z"),
            "environment": {"key": "ci"}, "subjects": {"GET /a": time, "GET /b": time},
        })
    };
    (0..9).map(run).collect()
}

impl Side {
    fn write(&self, folder: &Path, job: &Job) {
        let config = folder.join("perfgate.toml");
        match self.config {
            Some(text) => fs::write(config, text).unwrap(),
            None => drop(fs::remove_file(config)),
        }
        drop(fs::remove_dir_all(folder.join("baselines")));
        fs::write(job.path("old.json"), runs("old", self.baseline).to_string()).unwrap();
        let said = job.run(&format!(
            "baseline update --baseline {}/baselines/main.json old.json --force",
            // The whole path may hold spaces.
            folder.file_name().unwrap().to_string_lossy()
        ));
        assert_eq!(said.code, 0, "{}", said.err);
    }
}

/// The job of a pull request from `base` to `head`, with as much history as a checkout of this depth has.
fn job(github: &GitHub, base: &Side, head: &Side, depth: &str) -> Job {
    let mut job = Job::new(github);
    job.set("PATH", &std::env::var("PATH").unwrap());
    job.set("GIT_CONFIG_GLOBAL", "/dev/null");
    job.set("GITHUB_BASE_REF", "main");
    let origin = job.path("origin");
    fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "-q", "-b", "main"]);
    fs::write(origin.join("readme"), "x").unwrap();
    base.write(&origin, &job);
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "-qm", "base"]);
    git(&origin, &["checkout", "-q", "-b", "topic"]);
    fs::write(origin.join("code"), "x").unwrap();
    head.write(&origin, &job);
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "-qm", "head"]);
    let sha = git(&origin, &["rev-parse", "HEAD"]);
    git(&origin, &["checkout", "-q", "main"]);
    fs::write(origin.join("meanwhile"), "x").unwrap();
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "-qm", "meanwhile"]);
    let of_base = git(&origin, &["rev-parse", "HEAD"]);
    git(&origin, &["checkout", "-q", "-b", "merge"]);
    git(&origin, &["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
    let from = format!("file://{}", origin.display());
    let arguments = [
        "clone", "-q", "--depth", depth, "--branch", "merge", &from, "work",
    ];
    git(job.folder.path(), &arguments);
    let event = json!({"pull_request": {
        "number": 7, "head": {"sha": sha}, "base": {"sha": of_base, "ref": "main"}
    }});
    fs::write(job.path("event.json"), event.to_string()).unwrap();
    fs::write(job.path("now.json"), runs("new", 160.0).to_string()).unwrap();
    job
}

fn checks(job: &Job, flags: &str) -> Said {
    job.run(&format!("-C work check ../now.json --post auto {flags}"))
}

fn comment(github: &GitHub) -> String {
    github.world().marked(7).last().unwrap().body.clone()
}

const GOOD: Side = Side {
    config: Some(STRICT),
    baseline: 100.0,
};
/// 60 % slower, and allowed to be.
const LOOSENED: Side = Side {
    config: Some(LOOSE),
    baseline: 100.0,
};

#[test]
fn a_pull_request_that_loosens_its_own_gate_is_told_in_sight() {
    let github = GitHub::start();
    let edited = Side {
        baseline: 159.0,
        ..LOOSENED
    };
    let job = job(&github, &GOOD, &edited, "2");
    let said = checks(&job, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let body = comment(&github);
    let told = "**This pull request changes the gate**: limit 10 % → **500 %**, 1 rule off, baseline edited. It is judged as changed.";
    let (in_sight, _) = body.split_once("<details>").unwrap();
    assert!(in_sight.contains(told), "{body}");
    assert!(in_sight.contains("[!WARNING]"), "{body}");
    assert!(
        said.out.contains("This pull request changes the gate"),
        "{}",
        said.out
    );
    assert!(job.read("summary.md").contains(told));
}

#[test]
fn the_rules_of_the_base_judge_where_its_file_or_the_flag_says_so() {
    for (flags, variable) in [("--rules-from base", None), ("", Some("base"))] {
        let github = GitHub::start();
        let edited = Side {
            baseline: 159.0,
            ..LOOSENED
        };
        let mut job = job(&github, &GOOD, &edited, "2");
        if let Some(variable) = variable {
            job.set("PERFGATE_RULES_FROM", variable);
        }
        let said = checks(&job, flags);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        let body = comment(&github);
        assert!(body.contains("is **60 % slower**"), "{body}");
        assert!(
            body.contains("It is judged by the rules of `main`."),
            "{body}"
        );
    }
    // The base's file says it, and the pull request's own tries to take it back.
    let github = GitHub::start();
    let base = Side {
        config: Some("rules_from = \"base\"\nbaseline = \"main\"\n"),
        baseline: 100.0,
    };
    let head = Side {
        config: Some(
            "rules_from = \"head\"\nbaseline = \"main\"\n[defaults]\nmax_regression = \"500%\"\n",
        ),
        baseline: 159.0,
    };
    let said = checks(&job(&github, &base, &head, "2"), "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(comment(&github).contains("limit 2.5 % → **500 %**, baseline edited"));
}

#[test]
fn a_pull_request_cannot_say_itself_whose_rules_judge_it() {
    let github = GitHub::start();
    let head = Side {
        config: Some(
            "rules_from = \"base\"\nbaseline = \"main\"\n[defaults]\nmax_regression = \"500%\"\n",
        ),
        baseline: 100.0,
    };
    let said = checks(&job(&github, &GOOD, &head, "2"), "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(comment(&github).contains("It is judged as changed."));
}

#[test]
fn a_checkout_without_its_base_is_told_and_asked_for_where_the_base_should_judge() {
    let github = GitHub::start();
    let job = job(&github, &GOOD, &LOOSENED, "1");
    let said = checks(&job, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let body = comment(&github);
    let (in_sight, folded) = body.split_once("<details>").unwrap();
    assert!(
        in_sight.contains("rules not compared with `main`"),
        "{body}"
    );
    assert!(folded.contains("`fetch-depth: 2`"), "{body}");
    let said = checks(&job, "--rules-from base");
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(
        said.err
            .contains("the base of this pull request is not checked out"),
        "{}",
        said.err
    );
    assert!(
        said.err
            .contains("hint: give actions/checkout `fetch-depth: 2`"),
        "{}",
        said.err
    );
}

#[test]
fn a_base_without_rules_leaves_those_of_the_pull_request_and_says_so() {
    let github = GitHub::start();
    let base = Side {
        config: None,
        baseline: 100.0,
    };
    let job = job(&github, &base, &LOOSENED, "2");
    let said = checks(&job, "--rules-from base");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let told = "the rules are this pull request's own (none on `main`)";
    assert!(comment(&github).contains(told), "{}", comment(&github));
}

#[test]
fn an_unchanged_gate_and_a_job_of_no_pull_request_say_nothing() {
    let github = GitHub::start();
    let mut job = job(&github, &GOOD, &GOOD, "2");
    let said = checks(&job, "");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let body = comment(&github);
    assert!(
        !body.contains("changes the gate") && !body.contains("rules not"),
        "{body}"
    );
    fs::write(job.path("event.json"), "{}").unwrap();
    job.set("GITHUB_EVENT_NAME", "push");
    let said = job.run("-C work check ../now.json --rules-from base");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(!said.out.contains("rules of `main`"), "{}", said.out);
}

/// The head itself is checked out, with its history: what it left the base at is what it is held against.
#[test]
fn a_checkout_of_the_head_is_held_against_where_it_left_its_base() {
    let github = GitHub::start();
    let job = job(&github, &GOOD, &LOOSENED, "9");
    git(&job.path("work"), &["fetch", "-q", "origin", "topic"]);
    git(&job.path("work"), &["checkout", "-q", "FETCH_HEAD"]);
    let said = checks(&job, "");
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let body = comment(&github);
    assert!(
        body.contains("limit 10 % → **500 %**, 1 rule off. It"),
        "{body}"
    );
}

/// Measured in turns, a pull request would be held against no baseline at all.
#[test]
fn a_pull_request_does_not_choose_what_the_rules_of_the_base_compare_with() {
    const BY_BASE: &str = concat!(
        "rules_from = \"base\"\n",
        "baseline = \"main\"\n[[source]]\nresults = \"../now.json\"\n"
    );
    const IN_TURNS: &str = concat!(
        "baseline = \"main\"\n[[source]]\nresults = \"../now.json\"\n",
        "[gate]\nmode = \"ab\"\nconfirm = false\n[ab]\nrun = \"true\"\nmax_rounds = 5\n"
    );
    let side = |config| Side {
        config: Some(config),
        baseline: 100.0,
    };
    let github = GitHub::start();
    let job = job(&github, &side(BY_BASE), &side(IN_TURNS), "2");
    let said = job.run("-C work check --post auto");
    let body = comment(&github);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(body.contains("is **60 % slower**"), "{body}");
    for part in ["`mode` changed", "`confirm` changed"] {
        assert!(body.contains(part), "{body}");
    }
}
