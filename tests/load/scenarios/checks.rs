//! What a step expects of its answer, each with an answer that has it and one that has not.

use bytes::Bytes;
use perfgate::load::http::FailureKind;
use serde_json::json;
use std::io::Write;
use std::time::Duration;

use super::loaded::loaded;
use crate::support::server::{Reply, Script, Server};

fn site() -> Server {
    Server::start(
        Script::new()
            .on("/me", |_| {
                Reply::json(200, &json!({"id": 7, "name": "Ann \"A\""}))
            })
            .on("/item", |_| {
                let item = json!({"owner": {"id": 7, "name": "Ann \"A\""}, "tags": ["7", 7]});
                Reply::json(200, &item).header("Cache-Control", "max-age=60")
            })
            .on("/slow", |_| {
                Reply::text("slow").after(Duration::from_millis(80))
            })
            .on("/graphql", |asked| {
                let wrong = json!([{"message": "no such item", "path": ["item"]}]);
                match asked.text().contains("bad") {
                    true => Reply::json(200, &json!({"data": null, "errors": wrong})),
                    false => Reply::json(200, &json!({"data": {"item": 1}, "errors": []})),
                }
            }),
    )
}

/// Of one step behind one that captures; the sentence, where it failed.
fn tried(server: &Server, step: &str) -> Option<String> {
    let text = format!(
        "[[step]]\nget = \"/me\"\ncapture = {{ id = {{ json = \"$.id\" }}, name = {{ json = \"$.name\" }} }}\n[[step]]\n{step}\n[load]\nusers = 1\niterations = 1\n"
    );
    let run = loaded(server, &text);
    match run.failures().as_slice() {
        [] => None,
        failures => {
            assert_eq!(failures, [(FailureKind::Check, 1)], "{step}");
            Some(run.why().to_owned())
        }
    }
}

#[test]
fn each_check_takes_what_it_asks_for_and_says_what_it_found_else() {
    let server = site();
    let item = |expect: &str| format!("get = \"/item\"\nexpect = {{ {expect} }}");
    let graphql = |query: &str| {
        format!(
            "post = \"/graphql\"\ngraphql = {{ query = \"{query}\" }}\nexpect = {{ no_errors = true }}"
        )
    };
    for (step, said) in [
        (
            item("headers = { cache-control = \"max-age\", Content-Type = \"json\" }"),
            None,
        ),
        (
            item("headers = { cache-control = \"no-store\" }"),
            Some("header cache-control is \"max-age=60\", without `no-store`"),
        ),
        (
            item("headers = { etag = \"\" }"),
            Some("header etag is not in the answer"),
        ),
        (item("not_contains = [\"error\", \"{{id}}{{id}}\"]"), None),
        (item("not_contains = \"owner\""), Some("`owner` is in {")),
        (item("size = 52"), None),
        (item("size = [1, 100]"), None),
        (
            item("size = [0, 5]"),
            Some("the body has 52 bytes where 0 to 5 were expected"),
        ),
        (item("within = \"5s\""), None),
        (
            "get = \"/slow\"\nexpect = { within = \"50ms\" }".to_owned(),
            Some("it took longer than 50ms"),
        ),
        (item("absent = \"$.error\""), None),
        (
            item("absent = [\"$.error\", \"$.owner.id\"]"),
            Some("$.owner.id is 7 where nothing was expected"),
        ),
        (
            item(
                "json = { \"$.owner\" = { id = \"{{id:raw}}\", name = \"{{name}}\" }, \"$.tags\" = [\"{{id}}\", \"{{id:raw}}\"] }",
            ),
            None,
        ),
        (
            item("json = { \"$.owner.id\" = \"{{id}}\" }"),
            Some("$.owner.id is 7 where \"7\" was expected"),
        ),
        (graphql("good"), None),
        (
            graphql("bad"),
            Some("the answer has an error: no such item"),
        ),
        (
            "get = \"/slow\"\nexpect = { no_errors = true }".to_owned(),
            Some("no JSON ("),
        ),
    ] {
        let found = tried(&server, &step);
        match said {
            None => assert_eq!(found, None, "{step}"),
            Some(said) => assert!(
                found.as_ref().is_some_and(|found| found.starts_with(said)),
                "{step}: {found:?}"
            ),
        }
    }
}

#[test]
fn a_body_that_was_compressed_is_looked_at_as_it_was_and_counted_as_it_came() {
    let plain = format!("{{\"id\": 7, \"pad\": \"{}\"}}", "x".repeat(4_000));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(plain.as_bytes()).unwrap();
    let packed = Bytes::from(packer.finish().unwrap());
    let size = packed.len();
    let server = Server::start(Script::new().on("/*", move |asked| {
        let is_asked = asked
            .header("accept-encoding")
            .is_some_and(|how| how.contains("gzip"));
        match is_asked {
            true => Reply::bytes(200, "application/json", packed.clone())
                .header("Content-Encoding", "gzip"),
            false => Reply::text(&plain),
        }
    }));
    for (http, headers, wire) in [
        (
            "1.1",
            "headers = { accept-encoding = \"gzip, br\" }\n",
            size,
        ),
        ("2", "headers = { accept-encoding = \"gzip\" }\n", size),
        ("1.1", "", 4_020),
    ] {
        let text = format!(
            "http = \"{http}\"\n{headers}[[step]]\nget = \"/a\"\nexpect = {{ size = 4020, json = {{ \"$.id\" = 7 }} }}\ncapture = {{ id = {{ regex = 'id\": (\\d)' }} }}\n[[step]]\nget = \"/b/{{{{id}}}}\"\n[load]\nusers = 1\niterations = 2\n"
        );
        let run = loaded(&server, &text);
        run.is_clean("total", 4);
        assert_eq!(
            run.number("GET /a", "response_size"),
            wire as f64,
            "{http} {headers}"
        );
    }
    assert_eq!(server.log().of("/b/7").len(), 6);
}
