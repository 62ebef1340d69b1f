//! Parallel jobs, limits, half answers, slow servers: the comment is there once, or the verdict stands without it.

use std::time::Duration;

use super::job::Job;
use crate::support::github::fault::{Fault, What};
use crate::support::github::{BOT, GitHub, World};

const OURS: &str = "<!-- perfgate-gate:gate/perf sha=abc run=69 attempt=1 -->\nfrom another job";

/// One comment, and it is ours.
fn stands_once(github: &GitHub) {
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1, "{marked:?}");
    assert!(marked[0].body.contains("run=70"), "{}", marked[0].body);
}

#[test]
fn of_two_jobs_that_create_at_the_same_time_the_first_comment_stays() {
    let github = GitHub::start();
    // The other job creates between our looking and our creating, so its number is the lower one.
    let other = |world: &mut World| {
        world.add_comment(7, Some(BOT), OURS);
    };
    github.fault(Fault::on(
        "POST",
        "/comments",
        What::Meanwhile(Box::new(other)),
    ));
    let said = Job::new(&github).posts("", 1);
    assert!(said.out.starts_with("comment updated"), "{}", said.out);
    stands_once(&github);
    assert_eq!(github.world().count("DELETE", "/issues/comments/"), 1);
}

#[test]
fn of_two_jobs_the_newer_run_wins_even_where_its_comment_came_first() {
    let github = GitHub::start();
    let newer = OURS.replace("run=69", "run=75");
    let other = move |world: &mut World| {
        world.add_comment(7, Some(BOT), &newer);
    };
    github.fault(Fault::on(
        "POST",
        "/comments",
        What::Meanwhile(Box::new(other)),
    ));
    let said = Job::new(&github).posts("", 1);
    assert!(
        said.out.starts_with("comment left to a newer run"),
        "{}",
        said.out
    );
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1);
    assert!(marked[0].body.contains("run=75"));
}

#[test]
fn a_comment_that_another_job_creates_later_is_that_jobs_to_clean_up() {
    let github = GitHub::start();
    let other = |world: &mut World| {
        world.add_comment(7, Some(BOT), OURS);
    };
    github.fault(Fault::on("POST", "/comments", What::Then(Box::new(other))));
    let said = Job::new(&github).posts("", 1);
    assert!(said.out.starts_with("comment created"), "{}", said.out);
    let marked = github.world().marked(7);
    assert!(marked[0].body.contains("run=70"));
    assert_eq!(github.world().count("DELETE", ""), 0);
}

#[test]
fn a_comment_that_vanishes_while_it_is_updated_is_created_anew() {
    let github = GitHub::start();
    github.comment(Some(BOT), OURS);
    let gone = |world: &mut World| world.comments.clear();
    github.fault(Fault::on(
        "PATCH",
        "/comments",
        What::Meanwhile(Box::new(gone)),
    ));
    Job::new(&github).posts("", 1);
    stands_once(&github);
}

#[test]
fn a_server_error_after_the_comment_was_written_does_not_write_it_twice() {
    for what in [What::DoneBut(502), What::DoneBut(500), What::CutOff] {
        let github = GitHub::start();
        github.fault(Fault::on("POST", "/comments", what));
        let said = Job::new(&github).posts("", 1);
        assert!(
            said.out.starts_with("comment created https"),
            "{}{}",
            said.out,
            said.err
        );
        stands_once(&github);
        assert_eq!(github.world().count("POST", ""), 1);
    }
}

#[test]
fn an_answer_that_comes_too_late_does_not_write_the_comment_twice() {
    let github = GitHub::start();
    github.fault(Fault::on(
        "POST",
        "/comments",
        What::Late(Duration::from_secs(3)),
    ));
    let said = Job::new(&github).posts("--post-timeout 8s", 1);
    assert!(
        said.out.starts_with("comment created"),
        "{}{}",
        said.out,
        said.err
    );
    stands_once(&github);
    assert_eq!(github.world().count("POST", ""), 1);
}

#[test]
fn a_server_error_before_anything_was_written_is_tried_again() {
    let github = GitHub::start();
    for (method, part) in [("GET", "/comments"), ("POST", "/comments")] {
        github.fault(Fault::instead(method, part, 502, &[], "Bad Gateway"));
    }
    Job::new(&github).posts("", 1);
    stands_once(&github);
}

#[test]
fn a_server_that_stays_broken_costs_three_tries_and_the_verdict_stands() {
    let github = GitHub::start();
    for _ in 0..9 {
        github.fault(Fault::instead("GET", "/comments", 503, &[], "Unavailable"));
    }
    let job = Job::new(&github);
    let said = job.posts("", 1);
    assert_eq!(github.world().count("GET", "/comments"), 3);
    assert_eq!(said.err.matches("::warning").count(), 1, "{}", said.err);
    assert!(
        job.read("summary.md").contains("got slower"),
        "no verdict is lost"
    );
    assert_eq!(job.output("verdict").unwrap(), "fail");
    assert_eq!(job.output("comment-url"), None);
    job.posts("--required", 2);
}

#[test]
fn a_conflict_is_tried_again() {
    let github = GitHub::start();
    github.fault(Fault::instead("POST", "/comments", 409, &[], "Conflict"));
    Job::new(&github).posts("", 1);
    stands_once(&github);
}

#[test]
fn a_limit_is_waited_for_as_long_as_the_server_says() {
    for (status, headers) in [
        (429, &[("retry-after", "1")][..]),
        (403, &[("retry-after", "1")]),
        (
            403,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")],
        ),
    ] {
        let github = GitHub::start();
        github.fault(Fault::instead(
            "POST",
            "/comments",
            status,
            headers,
            "You have exceeded",
        ));
        let said = Job::new(&github).posts("", 1);
        assert!(
            said.out.starts_with("comment created"),
            "{}{}",
            said.out,
            said.err
        );
        stands_once(&github);
        assert_eq!(github.world().count("POST", ""), 2);
    }
}

#[test]
fn a_limit_that_lasts_longer_than_the_cap_is_not_waited_for_at_all() {
    for (headers, message) in [
        (&[("retry-after", "3600")][..], "slow down"),
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "99999999999"),
            ],
            "no",
        ),
        // Nothing said is a minute, which is more than this job has.
        (&[], "You have exceeded a secondary rate limit"),
    ] {
        let github = GitHub::start();
        github.fault(Fault::instead("POST", "/comments", 403, headers, message));
        let job = Job::new(&github);
        let said = job.posts("--post-timeout 50s", 1);
        assert!(said.took < Duration::from_secs(5), "{:?}", said.took);
        assert!(
            said.err.contains("a rate limit asks to wait"),
            "{}",
            said.err
        );
        assert!(job.read("summary.md").contains("got slower"));
    }
}

#[test]
fn a_server_that_never_answers_is_left_when_the_time_is_up() {
    let github = GitHub::start();
    for _ in 0..9 {
        let late = What::Late(Duration::from_secs(30));
        github.fault(Fault::on("GET", "/comments", late));
    }
    let said = Job::new(&github).posts("--post-timeout 2s", 1);
    assert!(said.took < Duration::from_secs(4), "{:?}", said.took);
    assert!(said.err.contains("no answer in"), "{}", said.err);
}

#[test]
fn a_renamed_repository_is_followed_on_its_own_host() {
    let github = GitHub::start();
    let moved = format!("{}/repositories/1/issues/7/comments", github.url);
    let page = format!("{moved}?per_page=100&page=1");
    github.fault(Fault::instead(
        "GET",
        "/repos/acme",
        301,
        &[("location", &page)],
        "Moved",
    ));
    github.fault(Fault::instead(
        "POST",
        "/repos/acme",
        307,
        &[("location", &moved)],
        "Moved",
    ));
    Job::new(&github).posts("", 1);
    stands_once(&github);
}

#[test]
fn a_redirect_to_another_host_gets_no_token_and_no_request() {
    let (github, other) = (GitHub::start(), GitHub::start());
    let elsewhere = format!("{}/repos/acme/shop/issues/7/comments", other.url);
    github.fault(Fault::instead(
        "GET",
        "/comments",
        307,
        &[("location", &elsewhere)],
        "Moved",
    ));
    let said = Job::new(&github).posts("", 1);
    assert!(said.err.contains("which is not followed"), "{}", said.err);
    assert!(other.world().asked.is_empty());
}

#[test]
fn an_answer_that_is_no_json_is_told_and_not_believed() {
    let github = GitHub::start();
    github.fault(Fault::instead("GET", "/comments", 200, &[], "a login page"));
    let said = Job::new(&github).posts("", 1);
    assert!(
        said.err.contains("the answer is not understood"),
        "{}",
        said.err
    );
}

#[test]
fn an_older_run_that_had_to_wait_looks_again_before_it_writes() {
    let github = GitHub::start();
    github.comment(Some(BOT), OURS);
    let limit = Fault::instead(
        "PATCH",
        "/comments",
        429,
        &[("retry-after", "1")],
        "slow down",
    );
    github.fault(limit);
    // The first list is as it was; by the second, a newer run has written.
    let newer = |world: &mut World| {
        for comment in &mut world.comments {
            comment.body = OURS.replace("run=69", "run=75");
        }
    };
    github.fault(Fault::on("GET", "/comments", What::Then(Box::new(|_| {}))));
    github.fault(Fault::on(
        "GET",
        "/comments",
        What::Meanwhile(Box::new(newer)),
    ));
    let said = Job::new(&github).posts("", 1);
    assert!(
        said.out.starts_with("comment left to a newer run"),
        "{}",
        said.out
    );
    assert_eq!(github.world().count("PATCH", ""), 1);
}

#[test]
fn an_update_that_the_server_took_and_did_not_confirm_is_not_sent_again() {
    for what in [What::DoneBut(502), What::CutOff] {
        let github = GitHub::start();
        github.comment(Some(BOT), OURS);
        github.fault(Fault::on("PATCH", "/comments", what));
        Job::new(&github).posts("", 1);
        stands_once(&github);
        assert!(github.world().count("PATCH", "") <= 2);
        assert_eq!(github.world().count("POST", ""), 0);
    }
}

#[test]
fn six_jobs_at_once_leave_one_comment() {
    let github = GitHub::start();
    let mut jobs: Vec<Job> = (0..6).map(|_| Job::new(&github)).collect();
    for (job, run) in jobs.iter_mut().zip(70_u8..) {
        job.set("GITHUB_RUN_ID", &run.to_string());
    }
    std::thread::scope(|scope| {
        for job in &jobs {
            scope.spawn(|| job.posts("", 1));
        }
    });
    let marked = github.world().marked(7);
    assert_eq!(marked.len(), 1, "{marked:?}");
}
