//! A job that posts what another job judged asks the server what the pull request changes of its gate: nothing of it is
//! believed to the verdict.

use perfgate::report::{BaseRules, Document};
use serde_json::json;

use super::job::Job;
use crate::support::github::{BASE, GitHub, HEAD, Token};
use crate::support::scenes;

const STRICT: &str =
    "baseline = \"main\"\n[defaults]\nmax_regression = \"10%\"\n[[rule]]\nsubject = \"GET /a\"\n";
const LOOSE: &str = "baseline = \"main\"\n[defaults]\nmax_regression = \"500%\"\n[[rule]]\nsubject = \"GET /a\"\nseverity = \"off\"\n";

fn posted(files: Vec<(&'static str, &'static str, String)>) -> String {
    let github = GitHub::start();
    github.world().files = Some(files);
    Job::new(&github).verdict(&scenes::pass()).posts("", 0);
    let marked = github.world().marked(7);
    marked[0].body.clone()
}

#[test]
fn a_loosened_gate_is_told_in_sight_with_both_numbers() {
    let body = posted(vec![
        (BASE, "perfgate.toml", STRICT.to_owned()),
        (HEAD, "perfgate.toml", LOOSE.to_owned()),
        (BASE, "baselines/main.json", "{}".to_owned()),
        (HEAD, "baselines/main.json", "{ }".to_owned()),
    ]);
    let said = "**This pull request changes the gate**: limit 10 % → **500 %**, 1 rule off, baseline edited. It is judged as changed.";
    let (in_sight, _) = body.split_once("<details>").unwrap();
    assert!(in_sight.contains(said), "{body}");
}

#[test]
fn a_gate_that_stays_as_it_is_says_nothing_and_one_without_rules_at_the_base_says_whose_they_are() {
    let body = posted(vec![
        (BASE, "perfgate.toml", STRICT.to_owned()),
        (
            HEAD,
            "perfgate.toml",
            format!("# moved by a line\n{STRICT}"),
        ),
        (BASE, "src/main.rs", "a".to_owned()),
        (HEAD, "src/main.rs", "b".to_owned()),
    ]);
    assert!(!body.contains("changes the gate"), "{body}");
    assert!(!body.lines().nth(1).unwrap().contains("rules"), "{body}");
    let body = posted(vec![(HEAD, "perfgate.toml", LOOSE.to_owned())]);
    let said = "the rules are this pull request's own (none on `main`)";
    assert!(body.lines().nth(1).unwrap().contains(said), "{body}");
}

#[test]
fn a_config_that_goes_or_lies_deeper_is_found_too() {
    let body = posted(vec![(BASE, "perfgate.toml", STRICT.to_owned())]);
    assert!(
        body.contains("limit 10 % → **2.5 %**, 1 rule removed"),
        "{body}"
    );
    let body = posted(vec![
        (BASE, "services/a b/perfgate.toml", STRICT.to_owned()),
        (HEAD, "services/a b/perfgate.toml", LOOSE.to_owned()),
    ]);
    assert!(body.contains("limit 10 % → **500 %**"), "{body}");
}

#[test]
fn what_cannot_be_read_is_told_as_not_compared_with_the_base() {
    // No permission, a config that is none, and more files than the server lists.
    let many: Vec<_> = (0..300)
        .map(|n| {
            let path: &'static str = Box::leak(format!("a/{n}").into_boxed_str());
            (HEAD, path, String::new())
        })
        .collect();
    let broken = vec![
        (BASE, "perfgate.toml", STRICT.to_owned()),
        (HEAD, "perfgate.toml", "max_regression = [".to_owned()),
    ];
    for files in [None, Some(many), Some(broken)] {
        let github = GitHub::start();
        let has_branch = files.is_some();
        github.world().files = files;
        Job::new(&github).verdict(&scenes::pass()).posts("", 0);
        let body = github.world().marked(7)[0].body.clone();
        let said = if has_branch {
            "rules not compared with `main`"
        } else {
            "rules not compared with the base"
        };
        assert!(body.lines().nth(1).unwrap().contains(said), "{body}");
    }
}

/// Who can change the gate can change the verdict that tells of it.
#[test]
fn what_the_verdict_says_of_its_own_gate_is_not_believed() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let claims = Document {
        base_rules: Some(BaseRules::not_compared(Some("safe to merge".to_owned()))),
        ..scenes::pass()
    };
    job.verdict(&claims).posts("", 0);
    let body = github.world().marked(7)[0].body.clone();
    assert!(!body.contains("safe to merge"), "{body}");
    assert!(!body.contains("not compared"), "{body}");
}

#[test]
fn a_forks_pull_request_is_found_by_branch_and_compared() {
    let github = GitHub::start();
    github.world().files = Some(vec![
        (BASE, "perfgate.toml", STRICT.to_owned()),
        (HEAD, "perfgate.toml", LOOSE.to_owned()),
    ]);
    github.world().token = Token::Workflow;
    let event = json!({"workflow_run": {
        "id": 50, "name": "measure", "event": "pull_request", "head_sha": HEAD,
        "head_branch": "fast", "head_repository": {"owner": {"login": "acme"}}
    }});
    Job::of("workflow_run", &event, &github).posts("", 1);
    let body = github.world().marked(7)[0].body.clone();
    let (in_sight, _) = body.split_once("<details>").unwrap();
    assert!(
        in_sight.contains("limit 10 % → **500 %**, 1 rule off"),
        "{body}"
    );
}
