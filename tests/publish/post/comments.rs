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

/// It says word for word what we would say, so that we leave it alone, and says something else the day after.
#[test]
fn another_bot_that_says_the_same_is_not_taken_for_us() {
    let github = GitHub::start();
    let job = Job::new(&github);
    job.posts("", 1);
    let ours = github.world().comments[0].body.clone();
    github.world().comments.clear();
    github.comment(Some("helper[bot]"), &ours);
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
    assert_eq!(github.world().marked(7).len(), 2);
    assert_eq!(github.world().count("PATCH", ""), 0, "not ours to write");
}

/// The token is of an app of one's own, and a workflow of the same repository writes our marker.
#[test]
fn the_workflows_own_bot_cannot_stop_a_gate_that_posts_as_an_app() {
    let github = GitHub::start();
    github.world().token = Token::App;
    github.comment(
        Some(BOT),
        &(marker("gate/perf", 999_999_999) + "all is well"),
    );
    let mut job = Job::new(&github);
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
    job.set("GITHUB_RUN_ID", "71");
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment updated"), "{}", said.out);
    assert_eq!(github.world().marked(7).len(), 2);
}

#[test]
fn where_the_server_does_not_say_who_we_are_the_gate_is_not_silenced_either() {
    let github = GitHub::start();
    github.world().graphql = false;
    let huge = marker("gate/perf", 999_999_999) + "all is well";
    github.comment(Some("helper[bot]"), &huge);
    let mut job = Job::new(&github);
    job.posts("", 1);
    job.set("GITHUB_RUN_ID", "71");
    let said = job.posts("", 1);
    assert!(said.out.starts_with("comment updated"), "{}", said.out);
    assert_eq!(github.world().marked(7).len(), 2);
}

#[test]
fn stale_duplicates_of_our_own_comment_are_removed_and_nobody_elses() {
    let github = GitHub::start();
    let first = github.comment(Some(BOT), &(marker("gate/perf", 60) + "old"));
    github.comment(Some(BOT), &(marker("gate/perf", 61) + "older still, once"));
    let other = github.comment(Some(BOT), &(marker("gate/other", 61) + "another gate"));
    let theirs = github.comment(Some("helper[bot]"), &(marker("gate/perf", 61) + "theirs"));
    github.comment(Some(BOT), &(marker("gate/perf", 62) + "and again"));
    Job::new(&github).posts("", 1);
    let left: Vec<u64> = github.world().marked(7).iter().map(|c| c.id).collect();
    assert_eq!(left, [first, other, theirs]);
    assert!(github.world().marked(7)[0].body.contains("run=70"));
}

#[test]
fn of_several_comments_of_ours_that_of_a_newer_run_stays() {
    let github = GitHub::start();
    github.comment(Some(BOT), &(marker("gate/perf", 60) + "old"));
    let newer = github.comment(Some(BOT), &(marker("gate/perf", 71) + "newer"));
    let said = Job::new(&github).posts("", 1);
    assert!(
        said.out.starts_with("comment left to a newer run"),
        "{}",
        said.out
    );
    let left: Vec<u64> = github.world().marked(7).iter().map(|c| c.id).collect();
    assert_eq!(left, [newer]);
}

#[test]
fn a_locked_conversation_is_told_as_such() {
    let github = GitHub::start();
    github.world().locked = true;
    let job = Job::new(&github);
    let said = job.posts("", 1);
    assert!(
        said.err
            .contains("comment on acme/shop#7: the conversation is locked; unlock"),
        "{}",
        said.err
    );
    assert!(!said.err.contains("permission"), "{}", said.err);
    assert!(job.read("summary.md").contains("got slower"));
    job.posts("--required", 2);
}

/// Who deletes the bot's comment does not want it; what has to be decided is said all the same.
#[test]
fn a_comment_that_somebody_deleted_is_not_written_again_unless_the_gate_fails() {
    let by = |who: &str| (Some(who.to_owned()), Some(BOT.to_owned()));
    let github = GitHub::start();
    github.world().deleted = vec![by("robin")];
    let mut job = Job::new(&github);
    for document in [scenes::pass(), scenes::warn(), scenes::no_baseline()] {
        let said = job.verdict(&document).posts("", 0);
        assert!(
            said.out
                .starts_with("no comment: an earlier one was deleted"),
            "{}",
            said.out
        );
        assert!(github.world().marked(7).is_empty());
    }
    let summary = job.read("summary.md");
    assert!(summary.contains("18 series held"), "{summary}");
    job.verdict(&scenes::fail()).posts("", 1);
    assert_eq!(github.world().marked(7).len(), 1);
}

#[test]
fn what_we_deleted_ourselves_and_what_others_wrote_keeps_no_comment_back() {
    let deleted =
        |by: Option<&str>, author: Option<&str>| (by.map(str::to_owned), author.map(str::to_owned));
    for (past, graphql) in [
        (vec![deleted(Some(BOT), Some(BOT))], true),
        (vec![deleted(Some("robin"), Some("reader"))], true),
        (vec![deleted(Some("robin"), None)], true),
        // A person of the bot's bare name.
        (vec![deleted(Some("robin"), Some("github-actions"))], true),
        (vec![deleted(Some("robin"), Some(BOT))], false),
    ] {
        let github = GitHub::start();
        github.world().deleted = past;
        github.world().graphql = graphql;
        Job::new(&github).verdict(&scenes::pass()).posts("", 0);
        assert_eq!(github.world().marked(7).len(), 1);
    }
}

#[test]
fn an_enterprise_server_is_asked_for_its_graphql_beside_its_rest() {
    let github = GitHub::start();
    github.world().deleted = vec![(Some("robin".to_owned()), Some(BOT.to_owned()))];
    let mut job = Job::new(&github);
    let api = format!("{}/api/v3", github.url);
    job.set("GITHUB_API_URL", &api).verdict(&scenes::pass());
    job.posts("", 0);
    assert!(github.world().marked(7).is_empty());
    let world = github.world();
    let asked = world.asked.iter().find(|asked| asked.path == "/graphql");
    assert_eq!(asked.unwrap().target, "/api/graphql");
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
        .filter(|e| e.standing == perfgate::verdict::Standing::Fail);
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
