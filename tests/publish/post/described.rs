//! Every request, and every answer of our small GitHub, held against GitHub's own description of its API by a program
//! that is not ours. Run by `.ci/github-api`, which installs both.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::job::Job;
use crate::support::github::{BASE, BOT, GitHub, HEAD, Token};
use crate::support::scenes;

/// Prism between the program and the small GitHub: refuses what the description does not allow, either way.
struct Prism {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Prism {
    fn before(github: &GitHub, folder: &tempfile::TempDir) -> Self {
        let named = |name| env::var_os(name).unwrap_or_else(|| panic!("{name} is not set"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let log = folder.path().join("prism.log");
        let child = Command::new(named("CI_PRISM"))
            .args(["proxy", "--errors", "--port", &port.to_string()])
            .arg(named("CI_OPENAPI"))
            .arg(&github.url)
            .stdin(Stdio::null())
            .stdout(File::create(&log).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prism = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            log,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "{}",
                prism.said()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        prism
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn violations(&self) -> Vec<String> {
        let said = self.said();
        // The description is that of the REST API; what cannot be asked of GraphQL is posted without.
        let is_rest = |line: &str| !line.contains("post /graphql ");
        let bad = |line: &&str| {
            is_rest(line) && (line.contains("iolation") || line.contains("Request terminated"))
        };
        said.lines().filter(bad).map(str::to_owned).collect()
    }

    /// The status of a plain request.
    fn post(&self, path: &str, body: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "needs Prism and GitHub's description: run .ci/github-api"]
fn every_request_and_answer_is_as_github_describes_them() {
    let (github, folder) = (GitHub::start(), tempfile::tempdir().unwrap());
    let prism = Prism::before(&github, &folder);
    let through = |mut job: Job| {
        job.set("GITHUB_API_URL", &prism.url);
        job
    };
    // Created, left alone, updated; a status and a check run, twice.
    let mut job = through(Job::new(&github));
    let mut ruled = scenes::fail();
    for entry in &mut ruled.comparisons {
        entry.rule.from = "perfgate.toml:14".to_owned();
    }
    job.verdict(&ruled);
    job.posts("--status gate --check-run gate", 1);
    job.posts("", 1);
    job.set("GITHUB_RUN_ID", "71").verdict(&scenes::pass());
    job.posts("--status gate --check-run gate", 0);
    assert_eq!(github.world().marked(7).len(), 1);
    assert_eq!(github.world().checks.len(), 1);

    // A gate that the pull request changes.
    let rules = |limit: &str| format!("[defaults]\nmax_regression = \"{limit}\"\n");
    github.world().files = Some(vec![
        (BASE, "perfgate.toml", rules("10%")),
        (HEAD, "perfgate.toml", rules("500%")),
    ]);
    job.posts("", 0);
    let body = github.world().marked(7)[0].body.clone();
    assert!(body.contains("limit 10 % → **500 %**"), "{body}");

    // Many pages, ghosts, strangers, a person who asks for her own name.
    for n in 0..150 {
        github.comment(Some("reader"), &format!("remark {n}"));
    }
    github.comment(
        None,
        "<!-- perfgate-gate:gate/perf -->\nof a deleted account",
    );
    github.comment(
        Some("stranger"),
        "<!-- perfgate-gate:mine run=9 -->\nforged",
    );
    github.world().token = Token::Person;
    job.posts("--id mine", 0);
    github.world().token = Token::Workflow;
    job.posts("--id mine", 0);

    // Two jobs at once, so that one deletes.
    let first = |world: &mut crate::support::github::World| {
        world.add_comment(7, Some(BOT), "<!-- perfgate-gate:race run=1 -->\nx");
    };
    let race = crate::support::github::fault::What::Meanwhile(Box::new(first));
    github.fault(crate::support::github::fault::Fault::on(
        "POST",
        "/comments",
        race,
    ));
    job.posts("--id race", 0);
    assert_eq!(github.world().count("DELETE", ""), 1);

    // Looked up by commit, by branch, and by number.
    let mut pushed = through(Job::of("push", &json!({}), &github));
    pushed.set("GITHUB_SHA", HEAD).posts("--id pushed", 1);
    let run = json!({"workflow_run": {
        "id": 50, "name": "measure", "event": "pull_request", "head_sha": HEAD,
        "head_branch": "fast", "head_repository": {"owner": {"login": "acme"}}
    }});
    through(Job::of("workflow_run", &run, &github)).posts("--id forked", 1);
    let asked = json!({"issue": {"number": 7, "pull_request": {}}});
    through(Job::of("issue_comment", &asked, &github)).posts("--id asked --status asked", 1);
    for id in ["pushed", "forked", "asked"] {
        let start = format!("<!-- perfgate-gate:{id} ");
        let all = github.world().marked(7);
        assert_eq!(
            all.iter().filter(|c| c.body.starts_with(&start)).count(),
            1,
            "{id}"
        );
    }

    // Refused, as GitHub words it.
    github.world().token = Token::ReadOnly;
    let refused = through(Job::new(&github)).posts("--id other", 1);
    assert!(
        refused.err.contains("Resource not accessible"),
        "{}",
        refused.err
    );

    let requests = github.world().asked.len();
    assert!(requests > 30, "only {requests} requests came through");
    let violations = prism.violations();
    assert!(
        violations.is_empty(),
        "{}\n{}",
        violations.join("\n"),
        prism.said()
    );

    // A judge that lets everything through would have found nothing either.
    let status = prism.post(
        "/repos/acme/shop/issues/7/comments",
        r#"{"text": "no body"}"#,
    );
    assert!(status.contains(" 422 "), "{status}");
    assert_eq!(
        github.world().asked.len(),
        requests,
        "it was not let through"
    );
    assert!(!prism.violations().is_empty());
    eprintln!("{requests} requests, no violation");
}
