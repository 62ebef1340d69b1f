//! Steps that are taken where something holds, several times, or until something is so.

use perfgate::load::http::FailureKind;
use serde_json::json;

use super::loaded::loaded;
use crate::support::server::{Reply, Script, Server};

/// A job is done when it was asked for three times; every second one is an image.
fn jobs() -> Server {
    let mut asked = std::collections::BTreeMap::<String, u64>::new();
    Server::start(
        Script::new()
            .on("/jobs", |asked| {
                let kind = if asked.number % 2 == 0 {
                    "image"
                } else {
                    "text"
                };
                Reply::json(201, &json!({"id": asked.number, "kind": kind}))
            })
            .on("/result/*", |_| Reply::text("ok"))
            .on("/job/*", move |one| {
                let times = asked.entry(one.path.clone()).or_default();
                *times += 1;
                let state = if *times < 3 { "running" } else { "done" };
                Reply::json(200, &json!({"state": state, "times": *times}))
            }),
    )
}

const JOB: &str = r#"
[[step]]
name = "make"
post = "/jobs"
capture = { job = { json = "$.id" }, kind = { json = "$.kind" } }
[[step]]
name = "ask"
get = "/job/{{job}}"
capture = { state = { json = "$.state" }, times = { json = "$.times" } }
until = { state = ["done", "failed"], times = 3 }
repeat = 10
think = "2ms"
[[step]]
name = "read"
when = { state = "done", kind = "image" }
repeat = 2
get = "/result/{{job}}"
[load]
users = 1
iterations = 4
"#;

#[test]
fn a_step_is_asked_until_it_is_done_and_taken_as_often_as_it_says_where_it_applies() {
    let server = jobs();
    let run = loaded(&server, JOB);
    assert_eq!(run.failures(), []);
    assert_eq!(run.counted("make"), (0, 4));
    assert_eq!(run.counted("ask"), (0, 12));
    assert_eq!(run.counted("read"), (0, 4), "two of four jobs, twice each");
    let read = server.log().of("/result/1").len() + server.log().of("/result/3").len();
    assert_eq!(read, 0);
}

#[test]
fn an_end_that_never_comes_is_an_error_of_the_last_turn() {
    let server = jobs();
    let run = loaded(&server, &JOB.replace("repeat = 10", "repeat = 2"));
    assert_eq!(run.failures(), [(FailureKind::Check, 4)]);
    assert_eq!(run.why(), "`state` was not done or failed after 2 times");
    assert_eq!(run.counted("ask"), (4, 8));
}
