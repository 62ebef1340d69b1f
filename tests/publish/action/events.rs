//! The events that start workflows, each with its file, from install to exit code, against a GitHub on loopback.

use std::fs;

use serde_json::{Value, json};

use super::runner::{Runner, program};
use super::{SHOP, with};
use crate::support::github::{GitHub, HEAD, MERGE, Pull, Token};

/// The gate of the example, posting as the action does by itself.
fn gate<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut inputs: Vec<_> = SHOP
        .iter()
        .copied()
        .filter(|(name, _)| *name != "post")
        .collect();
    inputs.push(("bin-path", program()));
    inputs.extend(more);
    inputs
}

fn pull_request() -> Value {
    json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}})
}

fn workflow_run() -> Value {
    json!({"workflow_run": {
        "id": 50, "run_attempt": 1, "name": "performance", "event": "pull_request", "conclusion": "failure",
        "head_sha": HEAD, "head_branch": "fast", "pull_requests": [],
        "head_repository": {"owner": {"login": "stranger"}}
    }})
}

#[test]
fn a_pull_request_gets_one_comment_in_which_an_equal_verdict_changes_the_link_at_most() {
    let github = GitHub::start();
    let runner = Runner::new();
    runner.event("pull_request", &pull_request(), &github);
    let step = runner.step(&gate(&[]));
    assert_eq!(step.code, 1, "{}", step.said);
    let body = github.world().marked(7)[0].body.clone();
    assert!(body.contains("`GET /search` p95"), "{body}");
    assert!(
        step.output("comment-url").contains("/pull/7#"),
        "{}",
        step.said
    );
    assert!(!step.said.contains(runner.token()) && !step.summary.contains(runner.token()));

    let writes = github.world().writes();
    assert_eq!(runner.step(&gate(&[])).code, 1);
    // The page of the first stays the one that this run has: a second of its name is not uploaded.
    assert_eq!(github.world().writes(), writes + 1);
    let world = github.world();
    let marked = world.marked(7);
    assert_eq!(marked.len(), 1);
    let told = |body: &str| -> String {
        let plain: String = body.chars().filter(|c| !c.is_ascii_digit()).collect();
        plain.replace("/artifacts/", "")
    };
    assert_eq!(told(&marked[0].body), told(&body));
}

#[test]
fn gates_of_several_names_keep_a_comment_each() {
    let github = GitHub::start();
    let runner = Runner::new();
    runner.event("pull_request", &pull_request(), &github);
    for id in ["api", "search", "api"] {
        assert_eq!(runner.step(&gate(&[("id", id)])).code, 1);
    }
    assert_eq!(github.world().marked(7).len(), 2);
}

#[test]
fn a_fork_writes_all_but_the_comment_and_keeps_the_verdicts_code() {
    let github = GitHub::start();
    github.world().token = Token::ReadOnly;
    let runner = Runner::new();
    runner.event("pull_request", &pull_request(), &github);
    let step = runner.step(&gate(&[]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(
        step.said
            .matches("::warning title=perfgate::not posted")
            .count(),
        1,
        "{}",
        step.said
    );
    assert!(step.summary.contains("GET /search"));
    assert!(
        runner
            .workspace()
            .join(step.output("verdict-file"))
            .exists()
    );
    assert_eq!(runner.step(&gate(&[("post", "required")])).code, 2);
    assert_eq!(runner.step(&gate(&[("post", "never")])).code, 1);
    assert!(github.world().comments.is_empty());
}

/// What the first half of the fork-safe pair leaves, as the second half downloads it.
fn second_half(github: &GitHub) -> Runner {
    let first = Runner::new();
    first.event("pull_request", &pull_request(), github);
    let step = first.step(&with(&[("bin-path", program())]));
    let artifact = first.workspace().join(step.output("verdict-file"));

    let runner = Runner::new();
    runner.event("workflow_run", &workflow_run(), github);
    fs::create_dir(runner.workspace().join("verdict")).unwrap();
    fs::copy(artifact, runner.workspace().join(ARTIFACT)).unwrap();
    github.world().pulls = vec![Pull {
        number: 9,
        open: true,
        head: "stranger:fast".to_owned(),
        sha: HEAD.to_owned(),
    }];
    runner
}

const ARTIFACT: &str = "verdict/perfgate-verdict.json";
const POST: [(&str, &str); 2] = [("mode", "post"), ("verdict", ARTIFACT)];

fn post(runner: &Runner) -> super::runner::Step {
    let mut inputs = POST.to_vec();
    inputs.push(("bin-path", program()));
    runner.step(&inputs)
}

#[test]
fn the_fork_safe_pair_ends_in_a_comment_on_the_right_pull_request() {
    let github = GitHub::start();
    let runner = second_half(&github);
    assert!(
        github.world().asked.is_empty(),
        "the first half asks nothing"
    );
    let step = post(&runner);
    assert_eq!(step.code, 0, "the poster is not red: {}", step.said);
    assert_eq!(step.output("exit-code"), "1");
    let marked = github.world().marked(9);
    assert_eq!(marked.len(), 1);
    assert!(marked[0].body.contains("`GET /search` p95"));
    // The page of the run that measured, and no file that it made.
    let page = "](http://127.0.0.1:9/acme/shop/actions/runs/50)";
    assert!(marked[0].body.contains(page), "{}", marked[0].body);
    assert!(!marked[0].body.contains("/artifacts/"));
}

#[test]
fn a_poster_without_a_verdict_says_so_in_the_comment_and_is_red_only_where_it_could_not() {
    for (token, code) in [(Token::Workflow, 0), (Token::ReadOnly, 2)] {
        let github = GitHub::start();
        let runner = second_half(&github);
        assert_eq!(post(&runner).code, 0);
        github.world().token = token;
        fs::remove_file(runner.workspace().join(ARTIFACT)).unwrap();
        let event = {
            let mut event = workflow_run();
            event["workflow_run"]["id"] = json!(51);
            event
        };
        runner.event("workflow_run", &event, &github);
        let step = post(&runner);
        assert_eq!(step.code, code, "{}", step.said);
        assert_eq!(step.output("exit-code"), "2");
        let marked = github.world().marked(9);
        assert_eq!(marked.len(), 1);
        let is_told = marked[0].body.contains("no earlier verdict holds");
        assert_eq!(is_told, code == 0, "{}", marked[0].body);
    }
}

/// Whatever `post:` says: it has no other work.
#[test]
fn a_poster_that_could_not_post_is_red() {
    for when in ["auto", "required"] {
        let github = GitHub::start();
        let runner = second_half(&github);
        github.world().token = Token::ReadOnly;
        let mut inputs = POST.to_vec();
        inputs.extend([("bin-path", program()), ("post", when)]);
        let step = runner.step(&inputs);
        assert_eq!(step.code, 2, "{when}: {}", step.said);
        assert!(github.world().comments.is_empty());
        // What it could not post stands in its summary.
        assert!(step.summary.contains("GET /search"), "{when}");
    }
}

#[test]
fn a_tampered_artifact_is_refused_or_loses_its_words() {
    type Tamper = fn(&str) -> Vec<u8>;
    let refused: [(&str, Tamper); 5] = [
        ("not JSON", |_| b"<script>".to_vec()),
        ("another kind", |_| {
            b"{\"schema\": \"perfgate.run/1\", \"subjects\": {}}".to_vec()
        }),
        ("an unknown key", |text| {
            text.replacen('{', "{\"forged\": true, ", 1).into_bytes()
        }),
        ("a verdict that its rows do not carry", |text| {
            text.replace("\"verdict\": \"fail\"", "\"verdict\": \"pass\"")
                .into_bytes()
        }),
        ("too large", |text| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(80 << 20, b' ');
            bytes
        }),
    ];
    for (what, tamper) in refused {
        let github = GitHub::start();
        let runner = second_half(&github);
        let path = runner.workspace().join(ARTIFACT);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, tamper(&text)).unwrap();
        let step = post(&runner);
        assert_eq!(step.code, 2, "{what}: {}", step.said);
        assert!(github.world().comments.is_empty(), "{what}");
    }
}

#[test]
fn an_artifact_of_another_commit_reaches_no_pull_request() {
    let github = GitHub::start();
    let runner = second_half(&github);
    github.world().pulls[0].sha = MERGE.to_owned();
    let step = post(&runner);
    assert_eq!(step.code, 0, "{}", step.said);
    assert!(github.world().comments.is_empty());
}

#[test]
fn pushes_queues_and_schedules_keep_the_verdicts_code_without_a_pull_request() {
    let queued =
        json!({"merge_group": {"head_ref": "refs/heads/gh-readonly-queue/main/pr-7-aaaa"}});
    for (name, event, reference) in [
        ("push", json!({"ref": "refs/heads/main"}), "refs/heads/main"),
        (
            "merge_group",
            queued,
            "refs/heads/gh-readonly-queue/main/pr-7-aaaa",
        ),
        (
            "schedule",
            json!({"schedule": "0 3 * * *"}),
            "refs/heads/main",
        ),
    ] {
        let github = GitHub::start();
        github.world().pulls.clear();
        let runner = Runner::new();
        runner.event(name, &event, &github);
        runner.set("ref", reference);
        let step = runner.step(&gate(&[("baseline", "{base}")]));
        assert_eq!(step.code, 1, "{name}: {}", step.said);
        assert_eq!(step.output("verdict"), "fail", "{name}");
        assert!(github.world().comments.is_empty(), "{name}");
        assert!(step.summary.contains("GET /search"), "{name}");
    }
}
