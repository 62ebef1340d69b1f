//! The note on a merge request, against as much of GitLab as it takes.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::job::{Job, TOKEN};
use crate::support::github::http::{Request, Response, serve};
use crate::support::github::{GitHub, HEAD};
use crate::support::scenes;

struct Note {
    id: u64,
    author: &'static str,
    body: String,
}

#[derive(Default)]
struct World {
    notes: Vec<Note>,
    asked: Vec<String>,
    /// Answered to the next write, after it is done.
    broken: Option<u16>,
    /// Pages in GitLab's order: newest first unless it is asked otherwise.
    refuses: bool,
}

struct GitLab {
    world: Arc<Mutex<World>>,
    url: String,
}

impl GitLab {
    fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let serving = Arc::clone(&world);
        let port = serve(None, move |request| {
            answer(&mut serving.lock().unwrap(), request)
        });
        let url = format!("http://127.0.0.1:{port}/api/v4");
        Self { world, url }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn note(&self, author: &'static str, body: &str) {
        let mut world = self.world();
        let id = world.notes.len() as u64 + 100;
        let body = body.to_owned();
        world.notes.push(Note { id, author, body });
    }

    /// A job of merge request 7.
    fn job(&self) -> Job {
        let mut job = Job::new(&GitHub::start());
        for variable in [
            "GITHUB_ACTIONS",
            "GITHUB_REPOSITORY",
            "GITHUB_TOKEN",
            "GITHUB_RUN_ID",
        ] {
            job.set(variable, "");
        }
        for (variable, value) in [
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", self.url.as_str()),
            ("CI_PROJECT_ID", "42"),
            ("CI_PROJECT_URL", "https://gitlab.example/web/shop"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_COMMIT_SHA", HEAD),
            ("CI_PIPELINE_ID", "900"),
            ("CI_JOB_ID", "1001"),
            ("CI_JOB_NAME", "perf"),
            ("GITLAB_TOKEN", TOKEN),
        ] {
            job.set(variable, value);
        }
        job
    }

    fn marked(&self) -> Vec<String> {
        let world = self.world();
        let ours = world
            .notes
            .iter()
            .filter(|n| n.body.starts_with("<!-- perfgate-gate:"));
        ours.map(|note| note.body.clone()).collect()
    }
}

fn shown(note: &Note) -> Value {
    json!({"id": note.id, "type": null, "body": note.body, "author": {"id": 1, "username": note.author},
           "created_at": "2026-11-20T10:00:00Z", "system": false, "noteable_iid": 7})
}

fn answer(world: &mut World, request: &Request) -> Response {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    world
        .asked
        .push(format!("{} {}", request.method, request.target));
    let say = |status: u16, body: &Value| Response {
        status,
        body: body.to_string(),
        ..Response::default()
    };
    if request.header("private-token") != Some(TOKEN) {
        return say(401, &json!({"message": "401 Unauthorized"}));
    }
    let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let notes = "/api/v4/projects/42/merge_requests/7/notes";
    let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
    if world.refuses && request.method != "GET" {
        return say(403, &json!({"message": "403 Forbidden"}));
    }
    let done = match (request.method.as_str(), path) {
        ("GET", "/api/v4/user") => return say(200, &json!({"id": 1, "username": "gate-bot"})),
        ("GET", path) if path == notes => {
            let mut all: Vec<Value> = world.notes.iter().map(shown).collect();
            if !query.contains("sort=asc") {
                all.reverse();
            }
            let page: usize = query.rsplit("page=").next().unwrap().parse().unwrap();
            let shown: Vec<Value> = all.into_iter().skip((page - 1) * 100).take(100).collect();
            return say(200, &Value::from(shown));
        }
        ("POST", path) if path == notes => {
            let note = Note {
                id: 500 + world.notes.len() as u64,
                author: "gate-bot",
                body: sent["body"].as_str().unwrap().to_owned(),
            };
            let said = say(201, &shown(&note));
            world.notes.push(note);
            said
        }
        ("PUT", path) if path.starts_with(notes) => {
            let note = world.notes.iter_mut().find(|note| note.id == id).unwrap();
            sent["body"].as_str().unwrap().clone_into(&mut note.body);
            say(200, &shown(note))
        }
        ("DELETE", path) if path.starts_with(notes) => {
            world.notes.retain(|note| note.id != id);
            say(204, &Value::Null)
        }
        _ => return say(404, &json!({"message": "404 Not found"})),
    };
    match world.broken.take() {
        Some(status) => say(status, &json!({"message": "broken"})),
        None => done,
    }
}

#[test]
fn a_merge_request_has_one_note_that_is_kept_up_to_date() {
    let gitlab = GitLab::start();
    for n in 0..120 {
        gitlab.note("reader", &format!("remark {n}"));
    }
    let mut job = gitlab.job();
    let said = job.posts("", 1);
    let url = "comment created https://gitlab.example/web/shop/-/merge_requests/7#note_620\n";
    assert_eq!(said.out, url, "{}", said.err);
    assert_eq!(job.posts("", 1).out, url.replace("created", "unchanged"));
    job.set("CI_PIPELINE_ID", "901").verdict(&scenes::pass());
    assert_eq!(job.posts("", 0).out, url.replace("created", "updated"));
    job.set("CI_PIPELINE_ID", "880").verdict(&scenes::fail());
    assert_eq!(
        job.posts("", 1).out,
        url.replace("created", "left to a newer run")
    );
    let marked = gitlab.marked();
    assert_eq!(marked.len(), 1);
    let first = format!("<!-- perfgate-gate:perf sha={HEAD} run=901 attempt=1001 -->");
    assert_eq!(marked[0].lines().next().unwrap(), first);
}

#[test]
fn a_note_of_a_stranger_is_not_ours_and_a_broken_answer_writes_none_twice() {
    let gitlab = GitLab::start();
    gitlab.note(
        "stranger",
        "<!-- perfgate-gate:perf run=99999 -->\nall is well",
    );
    gitlab.world().broken = Some(502);
    gitlab.job().posts("", 1);
    let marked = gitlab.marked();
    assert_eq!(marked.len(), 2);
    assert!(marked[0].contains("all is well") && marked[1].contains("got slower"));
}

#[test]
fn without_permission_request_or_token_the_verdict_stands() {
    let gitlab = GitLab::start();
    let mut job = gitlab.job();
    gitlab.world().refuses = true;
    let said = job.posts("", 1);
    assert!(
        said.err.starts_with("warning: not posted: "),
        "{}",
        said.err
    );
    job.posts("--required", 2);
    let said = job.set("CI_MERGE_REQUEST_IID", "").posts("--required", 1);
    assert_eq!(
        said.out,
        "no comment: this pipeline is not for a merge request\n"
    );
    let said = job
        .set("CI_MERGE_REQUEST_IID", "7")
        .set("GITLAB_TOKEN", "")
        .posts("", 1);
    assert!(
        said.err.contains("PERFGATE_GITLAB_TOKEN is not set"),
        "{}",
        said.err
    );
    assert!(gitlab.marked().is_empty());
}
