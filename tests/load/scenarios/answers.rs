//! What is looked for in answers, and what later steps are given of them.

use bytes::Bytes;
use perfgate::load::http::FailureKind;
use perfgate::model::Evidence;
use serde_json::json;

use super::loaded::{Heard, loaded};
use crate::support::server::{Body, Reply, Script, Server};

#[test]
fn what_is_captured_by_path_header_and_expression_stands_in_later_steps() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/start", |asked| {
                let number = asked.number;
                let items = json!({"items": [{"id": format!("a/{number} b")}], "left": number});
                Reply::json(200, &items)
                    .header("X-Ticket", &format!("t{number}"))
                    .header("Location", &format!("/made/{number}"))
            })
            .on("/page", |asked| {
                let page = format!("<input name=csrf value=\"c&{}\">", asked.number);
                Reply::body(Body::Chunked(vec![
                    Bytes::from(page[..20].to_owned()),
                    Bytes::from(page[20..].to_owned()),
                ]))
            })
            .on("/*", heard.by(|_| Reply::text("ok"))),
    );
    let run = loaded(
        &server,
        r#"
        [[step]]
        get = "/start"
        capture = { item = { json = "$.items[0].id" }, left = { json = "$.left" }, ticket = { header = "x-ticket" }, made = { header = "Location" } }
        [[step]]
        get = "/page"
        capture = { csrf = { regex = 'value="([^"]+)"' }, tag = { regex = '<\w+' } }
        [[step]]
        post = "/use/{{item}}"
        query = { csrf = "{{csrf}}" }
        headers = { x-ticket = "{{ticket}}/{{tag}}" }
        json = { item = "{{item}}", left = "{{left:raw}}", made = "{{made}}" }
        [load]
        users = 1
        iterations = 3
        "#,
    );
    run.is_clean("total", 9);
    let used = heard.all();
    assert_eq!(used.len(), 3);
    for (n, asked) in used.iter().enumerate() {
        assert_eq!(asked.path, format!("/use/a%2F{n}%20b"));
        assert_eq!(asked.param("csrf"), Some(format!("c%26{n}").as_str()));
        assert_eq!(
            asked.header("x-ticket"),
            Some(format!("t{n}/<input").as_str())
        );
        let sent: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        let item = format!("a/{n} b");
        assert_eq!(
            sent,
            json!({"item": item, "left": n, "made": format!("/made/{n}")})
        );
    }
}

#[test]
fn a_capture_that_finds_nothing_ends_its_iteration_and_is_an_error_of_its_step() {
    for (capture, answer, sentence) in [
        (r#"{ json = "$.token" }"#, r#"{"tok": 1}"#, "$.token"),
        (r#"{ json = "$.token" }"#, "<html>", "no JSON"),
        (r#"{ header = "x-token" }"#, "token", "x-token"),
        ("{ regex = 'token=(\\d+)' }", "token=abc", "token="),
    ] {
        let server = Server::start(
            Script::new()
                .on("/login", move |asked| match asked.number % 2 {
                    0 => Reply::text(answer),
                    _ => Reply::text(r#"{"token": "token=12"}"#).header("x-token", "12"),
                })
                .on("/me", |_| Reply::text("you")),
        );
        let text = format!(
            r#"
            [[step]]
            post = "/login"
            capture = {{ token = {capture} }}
            [[step]]
            get = "/me"
            headers = {{ x-token = "{{{{token}}}}" }}
            [load]
            users = 1
            iterations = 6
            "#
        );
        let run = loaded(&server, &text);
        assert_eq!(run.failures(), [(FailureKind::Capture, 3)]);
        assert!(run.why().starts_with("capture token: "), "{}", run.why());
        assert!(run.why().contains(sentence), "{}", run.why());
        assert_eq!(run.counted("POST /login"), (3, 6));
        assert_eq!(run.counted("GET /me"), (0, 3));
        assert_eq!(server.log().of("/me").len(), 3);
    }
}

#[test]
fn a_value_of_one_iteration_is_not_there_in_the_next() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/a", |asked| match asked.number {
                0 => Reply::json(200, &json!({"token": "first"})),
                _ => Reply::json(200, &json!({})),
            })
            .on("/b", heard.by(|_| Reply::text("ok"))),
    );
    let run = loaded(
        &server,
        r#"
        [[step]]
        get = "/a"
        capture = { token = { json = "$.token" } }
        [[step]]
        get = "/b"
        query = { token = "{{token}}" }
        [load]
        users = 1
        iterations = 4
        "#,
    );
    assert_eq!(run.failures(), [(FailureKind::Capture, 3)]);
    assert_eq!(heard.one("/b").query, "token=first");
}

/// How two steps' worth of answers were judged by an `expect`.
fn expected(expect: &str, reply: Reply) -> super::loaded::Loaded {
    let server = Server::start(Script::new().on("/", move |_| reply.clone()));
    let text = format!(
        "[values]\nn = {{ int = [7, 7] }}\n[[step]]\nget = \"/\"\nexpect = {expect}\n\
         [load]\nusers = 1\niterations = 2\n"
    );
    loaded(&server, &text)
}

#[test]
fn what_is_expected_of_status_body_and_json_is_held_against_each_answer() {
    let found = || {
        Reply::json(
            200,
            &json!({"ok": true, "count": 2, "names": ["a", "b"], "n": "7!"}),
        )
    };
    for expect in [
        "{ status = 200 }",
        "{ status = [404, 200] }",
        r#"{ contains = "count" }"#,
        r#"{ contains = ["count", "names", "{{n}}!"] }"#,
        r#"{ json = { "$.ok" = true, "$.count" = 2, "$.names" = ["a", "b"], "$.names[1]" = "b" } }"#,
    ] {
        expected(expect, found()).is_clean("GET /", 2);
    }
    for (expect, kind, sentence) in [
        (
            "{ status = 404 }",
            FailureKind::Status,
            "status 200 where 404 was expected",
        ),
        (
            "{ status = [201, 204] }",
            FailureKind::Status,
            "status 200 where 201 or 204 was expected",
        ),
        (
            r#"{ contains = ["count", "price"] }"#,
            FailureKind::Check,
            "`price` is not in",
        ),
        (
            r#"{ json = { "$.ok" = false } }"#,
            FailureKind::Check,
            "$.ok",
        ),
        (
            r#"{ json = { "$.count" = "2" } }"#,
            FailureKind::Check,
            "$.count",
        ),
        (
            r#"{ json = { "$.gone" = 1 } }"#,
            FailureKind::Check,
            "$.gone",
        ),
    ] {
        let run = expected(expect, found());
        assert_eq!(run.failures(), [(kind, 2)], "{expect}");
        assert_eq!(run.counted("GET /"), (2, 2), "{expect}");
        assert!(run.why().contains(sentence), "{expect}: {}", run.why());
    }
    // Where nobody expects a status, 400 and more are errors; where somebody does, they may be right.
    let run = expected(r#"{ contains = "404" }"#, Reply::status(404));
    assert_eq!(run.failures(), [(FailureKind::Status, 2)]);
    expected("{ status = 404 }", Reply::status(404)).is_clean("GET /", 2);
    expected(
        r#"{ contains = "304" }"#,
        Reply::bytes(200, "x", "304".into()),
    )
    .is_clean("GET /", 2);
}

#[test]
fn what_a_server_says_of_its_time_its_bytes_and_slow_answers_are_metrics_of_the_step() {
    for http in ["1.1", "2"] {
        let server = Server::start(Script::new().on("/*", |asked| {
            let took = if asked.number % 4 == 0 { 80 } else { 0 };
            Reply::text(&"x".repeat(1000))
                .header("Server-Timing", "db;dur=12.5;desc=\"a, b\", miss")
                .header("X-Process-Time", "0.004")
                .after(std::time::Duration::from_millis(took))
        }));
        let run = loaded(
            &server,
            &format!(
                r#"
                http = "{http}"
                [measure]
                slow = "50ms"
                server_timing = true
                headers = {{ "X-Process-Time" = "s" }}
                [[step]]
                name = "home"
                post = "/"
                body = "{}"
                [load]
                users = 1
                iterations = 8
                "#,
                "y".repeat(500)
            ),
        );
        run.is_clean("home", 8);
        for (metric, ms) in [("server_db", 12.5), ("x_process_time", 4.0)] {
            let times = run.evidence("home", metric);
            let Evidence::Histogram(times) = times else {
                panic!("{metric}: {times:?}");
            };
            assert_eq!(times.histogram.len(), 8);
            let highest = times.histogram.max() as f64 * times.scale;
            assert!((highest / ms - 1.0).abs() < 2e-3, "{metric}: {highest}");
        }
        assert_eq!(
            *run.evidence("home", "slow"),
            Evidence::proportion(2, 8).unwrap()
        );
        assert!((run.number("home", "response_size") - 1000.0).abs() < 1e-9);
        // The heads are small beside the bodies, and the time is the same for both.
        let ratio = run.number("home", "received") / run.number("home", "sent");
        assert!((1.2..=2.4).contains(&ratio), "{ratio}");
    }
}
