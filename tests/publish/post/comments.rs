//! One comment per gate, found again, kept up to date, and never anyone else's.

use super::job::Job;
use crate::support::github::{BOT, GitHub, Token};
use crate::support::scenes;

fn marker(gate: &str, run: u64) -> String {
    format!("<!-- perfgate-gate:{gate} sha=abc run={run} attempt=1 -->\n")
}

#[test]
fn the_first_run_creates_the_comment_and_the_next_ones_update_it() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let first = job.posts("", 1);
    assert!(
        first
            .out
            .starts_with("comment created https://github.com/acme/shop/pull/7#")
    );
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(marked[0].body.contains("got slower"), "{}", marked[0].body);
    assert_eq!(
        job.output("comment-url").unwrap(),
        first.out.trim().rsplit(' ').next().unwrap()
    );
    assert_eq!(job.output("verdict").unwrap(), "fail");

    job.set("GITHUB_RUN_ID", "71").verdict(&scenes::pass());
    let second = job.posts("", 0);
    assert!(second.out.starts_with("comment updated"), "{}", second.out);
    let again = github.world().marked(7);
    assert_eq!((again.len(), again[0].id), (1, marked[0].id));
    assert!(
        again[0].body.contains("18 series held"),
        "{}",
        again[0].body
    );
}

#[test]
fn what_is_there_already_is_not_written_again_unless_it_is_asked_for() {
    let github = GitHub::start();
    let job = Job::new(&github);
    job.posts("", 1);
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment unchanged"), "{}", said.out);
    assert_eq!(github.world().count("PATCH", ""), 0);
    job.posts("--comment always", 1);
    assert_eq!(github.world().count("PATCH", ""), 1);
}

#[test]
fn with_on_failure_a_passing_gate_says_nothing_but_takes_back_an_old_failure() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.verdict(&scenes::pass());
    let said = job.posts("--comment on-failure", 0);
    assert_eq!(said.out, "no comment: nothing failed\n");
    assert!(github.world().marked(7).is_empty());
    job.verdict(&scenes::fail())
        .posts("--comment on-failure", 1);
    job.set("GITHUB_RUN_ID", "71").verdict(&scenes::pass());
    job.posts("--comment on-failure", 0);
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(
        marked[0].body.contains("18 series held"),
        "{}",
        marked[0].body
    );
}

#[test]
fn an_older_run_does_not_overwrite_a_newer_one() {
    let github = GitHub::start();
    let body = marker("gate/perf", 71) + "newer";
    github.comment(Some(BOT), &body);
    let said = Job::new(&github).posts("", 1);
    assert!(
        said.out.starts_with("comment left to a newer run"),
        "{}",
        said.out
    );
    assert_eq!(github.world().comments[0].body, body);
    assert_eq!(github.world().writes(), 0);
}

#[test]
fn gates_with_an_id_have_a_comment_each() {
    let github = GitHub::start();
    let job = Job::new(&github);
    for id in ["api", "api-2", "web"] {
        job.posts(&format!("--id {id}"), 1);
        job.posts(&format!("--id {id}"), 1);
    }
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 3);
    assert!(
        marked[0].body.contains("perfgate `api`"),
        "{}",
        marked[0].body
    );
}

#[test]
fn a_comment_behind_hundreds_of_others_is_found() {
    let github = GitHub::start();
    for n in 0..250 {
        github.comment(Some("reader"), &format!("remark {n}"));
    }
    github.comment(None, "of a deleted account");
    let id = github.comment(Some(BOT), &(marker("gate/perf", 60) + "old"));
    for n in 0..60 {
        github.comment(Some("reader"), &format!("later {n}"));
    }
    Job::new(&github).posts("", 1);
    let marked = github.world().marked(7);
    assert_eq!((marked.len(), marked[0].id), (1, id));
    assert!(marked[0].body.contains("run=70"));
    assert_eq!(github.world().count("GET", "&page=4"), 1);
}

#[test]
fn a_stranger_who_writes_our_marker_cannot_stop_a_gate() {
    let github = GitHub::start();
    for login in [Some("stranger"), None] {
        github.comment(login, &(marker("gate/perf", 999_999) + "all is well"));
    }
    let said = Job::new(&github).posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 3);
    assert!(marked[0].body.contains("all is well"), "not ours to write");
}

#[test]
fn another_bot_that_writes_our_marker_cannot_stop_a_gate_either() {
    let github = GitHub::start();
    github.comment(
        Some("helper[bot]"),
        &(marker("gate/perf", 999_999_999) + "all is well"),
    );
    let job = Job::new(&github);
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment unchanged"), "{}", said.out);
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 2);
    assert!(marked[0].body.contains("all is well"), "not ours to write");
    assert!(marked[1].body.contains("got slower"), "{}", marked[1].body);
}

#[test]
fn a_marker_in_the_middle_of_a_text_is_only_text() {
    let github = GitHub::start();
    github.comment(Some(BOT), &format!("see {}", marker("gate/perf", 999_999)));
    let said = Job::new(&github).posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
}

#[test]
fn the_comment_of_another_app_is_left_and_the_next_run_finds_ours() {
    let github = GitHub::start();
    github.comment(Some("old-app[bot]"), &(marker("gate/perf", 5) + "moved on"));
    let mut job = Job::new(&github);
    job.posts("", 1);
    job.set("GITHUB_RUN_ID", "71");
    job.posts("", 1);
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 2);
    assert!(marked[0].body.contains("moved on") && marked[1].body.contains("run=71"));
}

#[test]
fn a_person_finds_the_comment_by_her_own_name() {
    let github = GitHub::start();
    github.world().token = Token::Person;
    let mut job = Job::new(&github);
    job.posts("", 1);
    job.set("GITHUB_RUN_ID", "71");
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment updated"), "{}", said.out);
    assert_eq!(github.world().marked(7).len(), 1);
}

#[test]
fn ten_thousand_series_are_posted_with_every_failing_row() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    let many = scenes::many(10_000);
    job.verdict(&many);
    let code = i32::from(many.exit_code);
    job.posts("", code);
    let body = &github.world().marked(7)[0].body;
    assert!(body.encode_utf16().count() < 65_536);
    let failing = many
        .comparisons
        .iter()
        .filter(|e| e.standing == perfgate::report::words::Standing::Fail);
    assert_eq!(body.matches("| ❌ |").count(), failing.count());
}

#[test]
fn a_server_that_counts_otherwise_gets_a_shorter_text() {
    let github = GitHub::start();
    github.world().most = 2_000;
    let mut job = Job::new(&github);
    let many = scenes::many(10_000);
    job.verdict(&many).posts("", i32::from(many.exit_code));
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(marked[0].body.contains("Cut here"));
}

#[test]
fn every_request_carries_the_token_and_says_who_asks() {
    let github = GitHub::start();
    Job::new(&github).posts("", 1);
    let world = github.world();
    assert!(world.asked.len() >= 3);
    for asked in &world.asked {
        let expected = format!("Bearer {}", super::job::TOKEN);
        assert_eq!(asked.authorization.as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn the_full_table_is_linked_where_it_is_said_to_be_and_only_as_a_page() {
    let github = GitHub::start();
    let mut job = Job::new(&github);
    job.posts("", 1);
    let body = github.world().marked(7)[0].body.clone();
    assert!(
        body.contains("[full table](https://github.com/acme/shop/actions/runs/70)"),
        "{body}"
    );
    let page = "https://github.com/acme/shop/actions/runs/71/artifacts/5";
    job.set("GITHUB_RUN_ID", "71");
    job.posts(&format!("--full-table {page}"), 1);
    let body = github.world().marked(7)[0].body.clone();
    assert!(body.contains(&format!("[full table]({page})")), "{body}");
    for none in [
        "javascript:alert(1)",
        "https://x/)[a](https://y",
        "page.html",
    ] {
        job.posts(&format!("--full-table {none}"), 2);
    }
}
