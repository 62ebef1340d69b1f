//! A status or a check run of a stable name, on the commit that people know.

use serde_json::json;

use super::job::Job;
use crate::support::github::fault::{Fault, What};
use crate::support::github::{GitHub, HEAD};
use crate::support::scenes;

#[test]
fn a_status_is_set_on_the_head_and_fits() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.run("post verdict.json --status perf:api");
    job.verdict(&scenes::pass())
        .run("post verdict.json --status perf:api");
    let statuses = github.world().statuses.clone();
    let (sha, sent) = &statuses[0];
    assert_eq!(sha, HEAD);
    assert_eq!(
        (&sent["state"], &sent["context"]),
        (&json!("failure"), &json!("perf:api"))
    );
    assert!(sent["description"].as_str().unwrap().chars().count() <= 140);
    assert_eq!(
        sent["target_url"],
        "https://github.com/acme/shop/actions/runs/70"
    );
    assert_eq!(statuses[1].1["state"], "success");
}

#[test]
fn a_merge_queue_gets_its_status_without_a_comment() {
    let github = GitHub::start();
    let event = json!({"merge_group": {"head_sha": HEAD}});
    let job = Job::of("merge_group", &event, &github);
    let said = job.posts("--status gate --check-run gate", 1);
    assert!(
        said.out.starts_with("no comment: a merge queue"),
        "{}",
        said.out
    );
    assert_eq!(github.world().statuses[0].0, HEAD);
    assert_eq!(github.world().checks[0].sha, HEAD);
}

#[test]
fn a_check_run_is_created_once_and_updated_by_later_runs_only() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.posts("--check-run perf", 1);
    job.set("GITHUB_RUN_ID", "71").verdict(&scenes::pass());
    job.posts("--check-run perf", 0);
    job.set("GITHUB_RUN_ID", "60").verdict(&scenes::fail());
    job.posts("--check-run perf", 1);
    let checks = github.world().checks.clone();
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].sent["conclusion"], "success");
    assert_eq!(checks[0].sent["head_sha"], HEAD);
    let external = checks[0].sent["external_id"].as_str().unwrap();
    assert!(external.contains("run=71"), "{external}");
}

#[test]
fn a_check_run_of_ten_thousand_series_fits_and_is_not_created_twice() {
    let github = GitHub::start();
    github.fault(Fault::on("POST", "/check-runs", What::DoneBut(502)));
    let mut job = Job::new(&github);
    let many = scenes::many(10_000);
    job.verdict(&many)
        .posts("--check-run perf", i32::from(many.exit_code));
    let checks = github.world().checks.clone();
    assert_eq!(checks.len(), 1);
    let summary = checks[0].sent["output"]["summary"].as_str().unwrap();
    assert!(summary.encode_utf16().count() <= 65_535);
}

#[test]
fn a_comment_that_is_not_allowed_does_not_keep_the_status_back() {
    let github = GitHub::start();
    let no = "Resource not accessible by integration";
    github.fault(Fault::instead("POST", "/comments", 403, &[], no));
    let said = Job::new(&github).posts("--status gate", 1);
    assert_eq!(github.world().statuses.len(), 1);
    assert_eq!(said.err.matches("::warning").count(), 1);
}

#[test]
fn a_check_run_notes_what_fails_at_the_line_of_its_rule_once() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let mut document = scenes::fail();
    let failing = |entry: &&mut perfgate::report::Entry| {
        entry.outcome == perfgate::compare::OutcomeName::Regressed
    };
    let mut entries = document.comparisons.iter_mut().filter(failing);
    let ruled = entries.next().unwrap();
    ruled.rule.from = "perfgate.toml:14".to_owned();
    let subject = ruled.subject.clone();
    for (entry, from) in entries.zip(["../../etc/passwd:1", "a\n::error::b:2", "default"]) {
        entry.rule.from = from.to_owned();
    }
    let workspace = job.folder.path().parent().unwrap().to_owned();
    job.set("GITHUB_WORKSPACE", workspace.to_str().unwrap());
    job.verdict(&document).posts("--check-run perf", 1);
    let sent = github.world().checks[0].sent.clone();
    let notes = sent["output"]["annotations"].as_array().unwrap().clone();
    let folder = job.folder.path().file_name().unwrap().to_str().unwrap();
    let path = format!("{folder}/perfgate.toml");
    let at_the_rule: Vec<_> = notes.iter().filter(|note| note["path"] == path).collect();
    assert_eq!(at_the_rule.len(), 1, "{notes:?}");
    let note = at_the_rule[0];
    assert_eq!(
        (&note["start_line"], &note["end_line"]),
        (&json!(14), &json!(14))
    );
    assert_eq!(note["annotation_level"], "failure");
    assert!(note["title"].as_str().unwrap().contains(&subject), "{note}");
    let outside = |note: &serde_json::Value| note["path"].as_str().unwrap().contains("etc");
    assert!(!notes.iter().any(outside), "{notes:?}");

    // A later run at the same commit does not show them once more.
    job.set("GITHUB_RUN_ID", "71").posts("--check-run perf", 1);
    let sent = github.world().checks[0].sent.clone();
    assert!(sent["output"]["annotations"].is_null(), "{sent}");
}
