//! Each event that starts a workflow, from its file to where the verdict ends up.

use serde_json::json;

use super::job::Job;
use crate::support::github::{GitHub, HEAD, MERGE, Pull};

#[test]
fn a_push_is_posted_to_the_open_pull_request_that_ends_in_it() {
    let github = GitHub::start();
    let mut job = Job::of(
        "push",
        &json!({"ref": "refs/heads/fast", "after": HEAD}),
        &github,
    );
    job.set("GITHUB_SHA", HEAD).posts("", 1);
    assert_eq!(github.world().marked(7).len(), 1);

    let mut merged = Job::of("push", &json!({"ref": "refs/heads/main"}), &github);
    merged.set("GITHUB_SHA", MERGE);
    github.world().pulls.push(Pull {
        number: 8,
        open: false,
        head: "acme:old".to_owned(),
        sha: MERGE.to_owned(),
    });
    let said = merged.posts("--required", 1);
    assert!(said.out.starts_with("no comment: "), "{}", said.out);
    assert!(github.world().marked(8).is_empty());
}

#[test]
fn queues_schedules_and_plain_issues_have_no_pull_request_and_that_is_no_error() {
    let issue = json!({"issue": {"number": 7}});
    let events = [
        ("merge_group", json!({})),
        ("schedule", json!({})),
        ("issue_comment", issue),
    ];
    for (name, event) in events {
        let github = GitHub::start();
        let job = Job::of(name, &event, &github);
        let said = job.posts("--required", 1);
        assert!(said.out.starts_with("no comment: "), "{}", said.out);
        assert_eq!(said.err, "");
        assert!(github.world().asked.is_empty(), "{name}");
        assert!(job.read("summary.md").contains("got slower"), "{name}");
    }
}

#[test]
fn a_comment_on_a_pull_request_is_answered_there() {
    let github = GitHub::start();
    let event = json!({"issue": {"number": 7, "pull_request": {"url": "x"}}});
    Job::of("issue_comment", &event, &github).posts("--status gate", 1);
    assert_eq!(github.world().marked(7).len(), 1);
    assert_eq!(github.world().statuses[0].0, HEAD, "looked up");
}

#[test]
fn a_number_that_is_typed_comes_first_and_needs_no_known_ci() {
    let github = GitHub::start();
    let mut job = Job::of("push", &json!({}), &github);
    for variable in [
        "GITHUB_ACTIONS",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_RUN_ID",
    ] {
        job.set(variable, "");
    }
    job.set("JENKINS_URL", "https://ci.acme.example")
        .posts("--pr 7 --id api", 1);
    assert!(
        github.world().marked(7)[0]
            .body
            .starts_with("<!-- perfgate-gate:api -->\n")
    );
}

#[test]
fn an_enterprise_server_is_asked_at_its_own_address_and_path() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let api = format!("{}/api/v3", github.url);
    job.set("GITHUB_API_URL", &api).posts("", 1);
    assert_eq!(github.world().marked(7).len(), 1);
    let world = github.world();
    for asked in world.asked.iter().filter(|a| a.path != "/graphql") {
        assert!(
            asked.target.starts_with("/api/v3/repos/acme/shop/"),
            "{}",
            asked.target
        );
    }
}

#[test]
fn nowhere_to_post_to_is_told_and_leads_to_2_only_where_it_is_required() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    for variable in ["GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"] {
        job.set(variable, "");
    }
    let said = job.posts("", 1);
    assert!(
        said.err
            .starts_with("warning: not posted: this is no CI job"),
        "{}",
        said.err
    );
    job.posts("--required", 2);
    job.set("GITHUB_REPOSITORY", "../acme").posts("", 2);
}

#[test]
fn check_posts_its_own_verdict_after_everything_else_is_written() {
    let github = GitHub::start();
    let job = Job::new(&github);
    let runs = |ns: f64| {
        let run = |n: u32| {
            let samples: Vec<f64> = (0..30)
                .map(|i| ns + f64::from(n) + f64::from(i) / 100.0)
                .collect();
            json!({"schema": "perfgate.run/1", "environment": {"key": "lab"}, "session": ns.to_string(),
                   "subjects": {"parse": {"time": {"unit": "ns", "better": "lower", "samples": samples}}}})
        };
        json!((0..5).map(run).collect::<Vec<_>>()).to_string()
    };
    std::fs::write(job.path("old.json"), runs(1000.0)).unwrap();
    std::fs::write(job.path("new.json"), runs(1400.0)).unwrap();
    let line = "check --baseline old.json new.json --report json=out/v.json --id api";
    let silent = job.run(line);
    assert_eq!(silent.code, 1, "{}", silent.err);
    assert!(github.world().asked.is_empty(), "nothing is sent unasked");

    let posted = job.run(&format!("{line} --post"));
    assert_eq!(posted.code, 1);
    assert!(
        posted.err.contains("comment created https"),
        "{}",
        posted.err
    );
    let body = github.world().marked(7)[0].body.clone();
    assert!(body.contains("`parse` is **40 % slower**"), "{body}");
    assert!(
        !body.contains("--post"),
        "the command is to be typed elsewhere: {body}"
    );
    assert_eq!(job.output("report").unwrap(), "out/v.json");
    assert!(job.output("comment-url").unwrap().contains("/pull/7#"));

    github.world().token = crate::support::github::Token::ReadOnly;
    let warned = job.run(&format!("{line} --post=auto --comment always"));
    assert_eq!(warned.code, 1);
    assert_eq!(
        warned
            .err
            .matches("::warning title=perfgate::not posted")
            .count(),
        1
    );
    let required = job.run(&format!("{line} --post required --comment always"));
    assert_eq!(required.code, 2);
    assert!(job.path("out/v.json").exists());
}
