//! A gate that ends before its verdict: the pull request hears of it, and an old green does not stand.

use std::fs;

use serde_json::json;

use super::job::Job;
use crate::support::github::{BOT, GitHub, HEAD};

/// Checks results that cannot be read; whatever happens, that is 2.
fn ends(job: &Job, flags: &str) -> super::job::Said {
    let said = job.run(&format!("check --baseline main.json broken.json {flags}"));
    assert_eq!(said.code, 2, "{}\n{}", said.out, said.err);
    assert!(said.err.contains("error: "), "{}", said.err);
    said
}

fn job(github: &GitHub) -> Job {
    let job = Job::new(github);
    fs::write(
        job.path("broken.json"),
        "{\"schema\": \"perfgate.run/1\", \"subjects\": {\"@team <b>\": 3}}",
    )
    .unwrap();
    job
}

#[test]
fn an_error_before_the_verdict_replaces_an_old_green() {
    let github = GitHub::start();
    let green = "<!-- perfgate-gate:gate/perf sha=old run=69 attempt=1 -->\n✅ no regression\n";
    let id = github.comment(Some(BOT), green);
    let job = job(&github);
    let said = ends(&job, "--post auto --status gate");
    assert!(said.err.contains("comment updated"), "{}", said.err);
    let marked = github.world().marked(7);
    assert_eq!((marked.len(), marked[0].id), (1, id));
    let body = &marked[0].body;
    assert!(
        body.contains("**perfgate**: not judged for `aaaaaaaaa`: "),
        "{body}"
    );
    assert!(body.contains(&format!("sha={HEAD} run=70")), "{body}");
    assert!(body.contains("broken.json"), "{body}");
    assert!(
        body.contains("](https://github.com/acme/shop/actions/runs/70)"),
        "{body}"
    );
    assert!(!body.contains("no regression"), "{body}");
    // What the error quotes is inert: it is inside one code span, on one line.
    let line = body
        .lines()
        .find(|line| line.contains("not judged"))
        .unwrap();
    assert!(line.ends_with('`'), "{line}");
    let status = &github.world().statuses[0];
    assert_eq!(
        (status.0.as_str(), status.1["state"].as_str()),
        (HEAD, Some("error"))
    );
    assert!(
        job.read("summary.md")
            .contains("not judged for `aaaaaaaaa`: ")
    );
}

#[test]
fn it_is_said_for_the_first_time_too_and_the_next_verdict_takes_it_back() {
    let github = GitHub::start();
    let mut job = job(&github);
    ends(&job, "--post required --comment on-failure");
    assert!(github.world().marked(7)[0].body.contains("not judged"));
    job.set("GITHUB_RUN_ID", "71").posts("", 1);
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(!marked[0].body.contains("not judged"), "{}", marked[0].body);
}

#[test]
fn every_way_to_fail_before_the_verdict_is_told() {
    for (config, said_so) in [
        ("[thresholds]\np95 = 5\n", "unknown key `thresholds`"),
        (
            "[[source]]\nresults = \"gone.json\"\n",
            "found nothing that matches",
        ),
    ] {
        let github = GitHub::start();
        let job = Job::new(&github);
        fs::create_dir(job.path(".git")).unwrap();
        fs::write(job.path("perfgate.toml"), config).unwrap();
        let said = job.run("check --baseline main.json --post");
        assert_eq!(said.code, 2, "{}", said.err);
        let body = github.world().marked(7)[0].body.clone();
        assert!(
            body.contains("not judged") && body.contains(said_so),
            "{body}"
        );
    }
}

#[test]
fn nothing_is_posted_where_it_was_not_asked_for_and_the_summary_tells_all_the_same() {
    let github = GitHub::start();
    let job = job(&github);
    ends(&job, "");
    assert!(github.world().asked.is_empty());
    assert!(
        job.read("summary.md")
            .contains("not judged for `aaaaaaaaa`: ")
    );
}

#[test]
fn a_token_that_an_error_quotes_is_not_posted() {
    let github = GitHub::start();
    let job = Job::new(&github);
    let name = format!("{}.json", super::job::TOKEN);
    let output = job
        .command(&format!("check --baseline main.json {name} --post auto"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let body = github.world().marked(7)[0].body.clone();
    assert!(
        body.contains("not judged") && body.contains("***"),
        "{body}"
    );
    for text in [body, job.read("summary.md")] {
        assert!(!text.contains(super::job::TOKEN), "{text}");
    }
}

#[test]
fn an_event_that_cannot_be_read_is_an_error_and_not_the_absence_of_a_pull_request() {
    let lacks_it = json!({"pull_request": {"head": {"sha": HEAD}}}).to_string();
    for (text, said_so) in [
        (None, "read the event in GITHUB_EVENT_PATH, "),
        (
            Some("{\"pull_request\": {"),
            "read the event in GITHUB_EVENT_PATH, ",
        ),
        (Some(""), "read the event in GITHUB_EVENT_PATH, "),
        (Some("[]"), "it is no JSON object"),
        (Some(lacks_it.as_str()), "names no number of a pull request"),
    ] {
        let github = GitHub::start();
        let job = Job::new(&github);
        let event = job.path("event.json");
        match text {
            Some(text) => fs::write(event, text).unwrap(),
            None => fs::remove_file(event).unwrap(),
        }
        for flags in ["", "--required"] {
            let said = job.run(&format!("post verdict.json {flags}"));
            assert_eq!(said.code, 2, "{flags}: {}{}", said.out, said.err);
            assert!(said.err.contains(said_so), "{}", said.err);
            assert!(!said.out.contains("no comment"), "{}", said.out);
        }
        assert!(github.world().asked.is_empty());
        // Whoever says which one it is does without the event.
        let said = job.run("post verdict.json --pr 7");
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert_eq!(github.world().marked(7).len(), 1);
    }
}

/// The step that judges has no token, and the one that has it knows nothing: the reason goes from one to the other.
#[test]
fn a_step_that_only_posts_gives_the_reason_of_the_step_that_judged() {
    let github = GitHub::start();
    let job = job(&github);
    ends(&job, "");
    let reason = job.output("reason").unwrap();
    assert!(reason.contains("broken.json"), "{reason}");
    fs::remove_file(job.path("verdict.json")).unwrap();
    let mut command = job.command("post verdict.json --reason");
    let done = command.arg(&reason).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    let body = github.world().marked(7)[0].body.clone();
    assert!(body.contains("not judged for `aaaaaaaaa`: "), "{body}");
    assert!(body.contains("broken.json"), "{body}");
}
