//! Each event leads to its pull request, or to a reason why there is none.

use serde_json::{Value, json};

use super::*;

const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MERGE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn place(name: &str, event: &Value, number: Option<u64>) -> PullRequestPlace {
    let get = |variable: &str| {
        let value = match variable {
            "GITHUB_EVENT_NAME" => name,
            "GITHUB_REPOSITORY" => "acme/shop",
            "GITHUB_SHA" => MERGE,
            "GITHUB_RUN_ID" => "70",
            "GITHUB_RUN_ATTEMPT" => "2",
            "GITHUB_WORKFLOW" => "gate",
            "GITHUB_JOB" => "perf",
            _ => return None,
        };
        Some(value.to_owned())
    };
    PullRequestPlace::of(&get, Some(event), number).unwrap()
}

#[test]
fn a_pull_request_is_named_by_its_event_and_its_head_is_not_the_merge_commit() {
    let event = json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}});
    for name in ["pull_request", "pull_request_target", "pull_request_review"] {
        let place = place(name, &event, None);
        assert_eq!(place.request, Request::Number(7));
        assert_eq!(place.head.as_deref(), Some(HEAD));
        assert_eq!(place.run, Some(RunNumber { id: 70, attempt: 2 }));
        assert_eq!(place.gate, "gate/perf");
        assert_eq!(
            place.run_url.unwrap(),
            "https://github.com/acme/shop/actions/runs/70"
        );
    }
}

#[test]
fn a_number_of_the_user_comes_first_and_the_commit_of_the_event_is_not_its_head() {
    let event = json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}});
    let other = place("pull_request", &event, Some(8));
    assert_eq!((other.request, other.head), (Request::Number(8), None));
    let same = place("pull_request", &event, Some(7));
    assert_eq!(same.head.as_deref(), Some(HEAD));
}

#[test]
fn a_comment_counts_only_on_a_pull_request() {
    let on_request = json!({"issue": {"number": 9, "pull_request": {"url": "x"}}});
    let on_issue = json!({"issue": {"number": 9}});
    let found = place("issue_comment", &on_request, None);
    assert_eq!((found.request, found.head), (Request::Number(9), None));
    let none = place("issue_comment", &on_issue, None);
    assert!(matches!(none.request, Request::None(_)));
}

#[test]
fn a_finished_run_is_looked_up_by_branch_and_commit_and_its_own_number_counts() {
    let event = |triggered: &str| {
        json!({"workflow_run": {
            "id": 50, "run_attempt": 3, "name": "measure", "event": triggered,
            "head_sha": HEAD, "head_branch": "fast", "pull_requests": [],
            "head_repository": {"owner": {"login": "stranger"}}
        }})
    };
    let fork = place("workflow_run", &event("pull_request"), None);
    let by_branch = Request::Branch {
        head: "stranger:fast".to_owned(),
        sha: HEAD.to_owned(),
    };
    assert_eq!(fork.request, by_branch);
    assert_eq!(fork.head.as_deref(), Some(HEAD));
    assert_eq!(fork.run, Some(RunNumber { id: 50, attempt: 3 }));
    assert_eq!(fork.gate, "measure/perf");
    let pushed = place("workflow_run", &event("push"), None);
    assert_eq!(pushed.request, Request::Commit(HEAD.to_owned()));
    let queued = place("workflow_run", &event("merge_group"), None);
    assert!(matches!(queued.request, Request::None(_)));
}

#[test]
fn pushes_are_looked_up_by_commit_and_queues_and_schedules_have_no_pull_request() {
    for name in ["push", "workflow_dispatch"] {
        let place = place(name, &json!({}), None);
        assert_eq!(place.request, Request::Commit(MERGE.to_owned()));
        assert_eq!(place.head.as_deref(), Some(MERGE));
    }
    let group = json!({"merge_group": {"head_sha": HEAD}});
    let queue = place("merge_group", &group, None);
    assert!(matches!(queue.request, Request::None(_)));
    assert_eq!(queue.head.as_deref(), Some(HEAD));
    let night = place("schedule", &json!({}), None);
    assert!(matches!(night.request, Request::None(_)));
    assert_eq!(night.head.as_deref(), Some(MERGE));
}

#[test]
fn a_commit_that_is_none_never_reaches_a_path() {
    let event = json!({"pull_request": {"number": 7, "head": {"sha": "../../user"}}});
    assert_eq!(place("pull_request", &event, None).head, None);
    let event = json!({"workflow_run": {"event": "push", "head_sha": "x/y"}});
    let place = place("workflow_run", &event, None);
    assert!(matches!(place.request, Request::None(_)));
}

#[test]
fn an_enterprise_server_keeps_its_path_and_what_is_no_repository_is_refused() {
    let with = |repository: &'static str, api: &'static str| {
        let get = move |variable: &str| match variable {
            "GITHUB_REPOSITORY" => Some(repository.to_owned()),
            "GITHUB_API_URL" => Some(api.to_owned()),
            _ => None,
        };
        PullRequestPlace::of(&get, None, Some(1))
    };
    let place = with("acme/shop", "https://ghe.acme.example/api/v3/").unwrap();
    assert_eq!(place.api, "https://ghe.acme.example/api/v3");
    for repository in ["acme", "acme/", "acme/..", "acme/shop/x", "a b/c"] {
        let refused = with(repository, "https://api.github.com");
        assert!(
            matches!(refused, Err(ContextError::BadRepository(_))),
            "{repository}"
        );
    }
    let refused = with("acme/shop", "ftp://x");
    assert!(matches!(refused, Err(ContextError::BadUrl(_))));
    let refused = PullRequestPlace::of(&|_| None, None, None);
    assert_eq!(refused, Err(ContextError::NoRepository));
}
