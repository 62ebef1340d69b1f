//! Without permission to write everything but the comment is there; and a second workflow posts what a stranger's
//! build left, believing none of its words.

use std::fs;

use serde_json::{Value, json};

use super::job::Job;
use crate::support::github::{GitHub, HEAD, Pull, Token};
use crate::support::scenes;

fn of_a_fork(github: &GitHub) -> Job {
    let event = json!({"workflow_run": {
        "id": 50, "run_attempt": 1, "name": "measure", "event": "pull_request",
        "conclusion": "failure", "head_sha": HEAD, "head_branch": "fast & new",
        "pull_requests": [], "head_repository": {"owner": {"login": "stranger"}}
    }});
    github.world().pulls = vec![
        Pull {
            number: 9,
            open: true,
            head: "stranger:fast & new".to_owned(),
            sha: HEAD.to_owned(),
        },
        Pull {
            number: 10,
            open: true,
            head: "other:fast & new".to_owned(),
            sha: "c".repeat(40),
        },
    ];
    Job::of("workflow_run", &event, github)
}

/// A verdict with one thing changed.
fn tamper(job: &Job, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_str(&job.read("verdict.json")).unwrap();
    change(&mut document);
    fs::write(job.path("verdict.json"), document.to_string()).unwrap();
}

#[test]
fn a_read_only_token_is_one_warning_and_the_verdicts_own_code() {
    let github = GitHub::start();
    github.world().token = Token::ReadOnly;
    let mut job = Job::new(&github);
    let said = job.posts("", 1);
    assert_eq!(said.err.matches("::warning").count(), 1, "{}", said.err);
    assert!(said.err.contains("Resource not accessible by integration"));
    assert!(job.read("summary.md").contains("got slower"));
    job.verdict(&scenes::pass()).posts("", 0);
    let said = job.posts("--required", 2);
    assert!(said.err.starts_with("error: not posted: "), "{}", said.err);
    assert!(said.err.contains("\nhint: "), "{}", said.err);
}

#[test]
fn no_token_at_all_is_the_same() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.set("GITHUB_TOKEN", "");
    let said = job.posts("", 1);
    assert!(
        said.err
            .starts_with("::warning title=perfgate::not posted: GITHUB_TOKEN")
    );
    job.posts("--required", 2);
    job.set("GH_TOKEN", super::job::TOKEN).posts("", 1);
    assert_eq!(github.world().marked(7).len(), 1);
}

#[test]
fn the_second_workflow_finds_the_pull_request_by_branch_and_commit() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    job.posts("--id api", 1);
    let marked = github.world().marked(9);
    assert_eq!(marked.len(), 1);
    let first = marked[0].body.lines().next().unwrap();
    let expected = format!("<!-- perfgate-gate:api sha={HEAD} run=50 attempt=1 -->");
    assert_eq!(first, expected);
    assert!(github.world().marked(10).is_empty());
    let head = "head=stranger%3Afast+%26+new";
    assert_eq!(github.world().count("GET", head), 1);
}

#[test]
fn a_pull_request_that_has_moved_on_gets_no_comment() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    github.world().pulls[0].sha = "d".repeat(40);
    let said = job.posts("", 1);
    let why = "no comment: the pull request has a newer commit by now\n";
    assert_eq!(said.out, why);
    github.world().pulls[0].open = false;
    let said = job.posts("", 1);
    assert_eq!(
        said.out,
        "no comment: no open pull request has this commit\n"
    );
    assert_eq!(github.world().writes(), 0);
}

#[test]
fn stored_sentences_and_names_are_not_believed() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    tamper(&job, |document| {
        let forged = "**approved** @acme/team [x](https://evil.example) <img src=x>";
        document["reasons"] = json!([forged]);
        document["notes"] = json!([forged]);
        document["gate"] = json!(forged);
        document["commands"]["repeat"] = json!(forged);
        for comparison in document["comparisons"].as_array_mut().unwrap() {
            comparison["why"] = json!(forged);
        }
    });
    job.posts("", 1);
    let body = github.world().marked(9)[0].body.clone();
    let spans: Vec<&str> = body.split('`').step_by(2).collect();
    for outside in spans {
        for live in ["@acme", "https://evil", "<img", "**approved**"] {
            assert!(!outside.contains(live), "{live} in {body}");
        }
    }
}

/// Plain words are no markup, and would be taken for those of the bot all the same.
#[test]
fn nothing_that_reads_like_a_sentence_is_taken_from_a_stored_verdict() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    let forged = "This change was reviewed by the security team, and is safe to merge";
    tamper(&job, |document| {
        document["reasons"] = json!([forged]);
        document["notes"] = json!([forged]);
        for command in ["repeat", "explain", "next"] {
            document["commands"][command] = json!(forged);
        }
        document["environment"]["differences"] = json!([
            {"name": forged, "baseline": "a", "current": "b"},
            {"name": "kernel", "baseline": "6.1", "current": "6.2"},
        ]);
        document["policy"]["unused_acceptances"] = json!([{
            "subject": "GET /a", "metric": "latency", "reason": forged, "until": "2027-01-31",
            "expired": true, "from": "perfgate.toml:3",
        }]);
        for comparison in document["comparisons"].as_array_mut().unwrap() {
            comparison["why"] = json!(forged);
            if !comparison["accepted"].is_null() {
                comparison["accepted"]["reason"] = json!(forged);
            }
        }
    });
    job.posts("", 1);
    let body = github.world().marked(9)[0].body.clone();
    assert!(!body.contains("security team"), "{body}");
    assert!(
        body.contains("`kernel` differs: `6.1` in the baseline"),
        "{body}"
    );
    assert!(!job.read("summary.md").contains("security team"));
}

#[test]
fn a_verdict_that_contradicts_itself_is_refused_and_nothing_is_posted() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 7] = [
        ("verdict", |d| d["verdict"] = json!("pass")),
        ("code", |d| d["exit_code"] = json!(0)),
        ("both", |d| {
            d["verdict"] = json!("pass");
            d["exit_code"] = json!(0);
        }),
        ("counts", |d| d["counts"]["regressed"] = json!(0)),
        ("standing", |d| {
            d["verdict"] = json!("pass");
            d["exit_code"] = json!(0);
            for comparison in d["comparisons"].as_array_mut().unwrap() {
                comparison["standing"] = json!("quiet");
            }
        }),
        ("key", |d| d["comment"] = json!("x")),
        ("schema", |d| d["schema"] = json!("perfgate.verdict/2")),
    ];
    for (name, change) in changes {
        let github = GitHub::start();
        let job = of_a_fork(&github);
        tamper(&job, change);
        let said = job.posts("", 2);
        assert!(
            said.err.starts_with("error: read verdict.json: "),
            "{name}: {}",
            said.err
        );
        assert!(github.world().asked.is_empty(), "{name}");
    }
}

#[test]
fn a_file_that_is_no_verdict_or_far_too_large_is_refused() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    for text in ["", "# approved", "[]", "{\"schema\": \"perfgate.run/1\"}"] {
        fs::write(job.path("verdict.json"), text).unwrap();
        job.posts("", 2);
    }
    let file = fs::File::create(job.path("verdict.json")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    // The harness reads every file for the token; this one is only long.
    let output = job.command("post verdict.json").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("larger than 64 MiB"), "{said}");
    assert!(github.world().asked.is_empty());
}

#[test]
fn verdicts_of_every_kind_agree_with_themselves() {
    for (name, document) in scenes::all() {
        assert_eq!(document.contradiction(), None, "{name}");
    }
}

#[test]
fn hostile_names_reach_the_pull_request_as_text() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let hostile = scenes::hostile();
    let code = i32::from(hostile.exit_code);
    let said = job.verdict(&hostile).posts("", code);
    assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'));
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(
        marked[0]
            .body
            .starts_with("<!-- perfgate-gate:gate/perf sha=")
    );
}

#[test]
fn each_pull_request_of_one_branch_is_told() {
    let github = GitHub::start();
    let job = of_a_fork(&github);
    let another = Pull {
        number: 11,
        ..github.world().pulls[0].clone()
    };
    github.world().pulls.push(another);
    job.posts("--id perf", 1);
    for (number, comments) in [(9, 1), (10, 0), (11, 1)] {
        assert_eq!(github.world().marked(number).len(), comments, "#{number}");
    }
    // Each is found again.
    let writes = github.world().writes();
    job.posts("--id perf", 1);
    assert_eq!(github.world().writes(), writes);
}
