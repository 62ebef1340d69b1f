//! Which answers are successes, what is kept of them, and how a failure reads.

use proptest::prelude::*;
use serde_json::json;

use super::{answer, call, state, template};
use crate::load::http::{FailureKind, Response, Wanted};
use crate::load::request::{UserState, examine, wanted};
use crate::load::scenario::Call;
use crate::load::template::Extractor;

fn capturing(captures: &[(&str, Extractor)]) -> Call {
    let mut call = call("/");
    for (name, probe) in captures {
        call.captures.push(((*name).to_owned(), probe.clone()));
    }
    call
}

fn told(call: &Call, answer: &Response) -> String {
    let failure = examine(call, answer, &mut state(&[])).unwrap_err();
    assert!(!failure.what.contains(char::is_control), "{failure:?}");
    failure.to_string()
}

fn captured(call: &Call, answer: &Response) -> UserState {
    let mut state = state(&[]);
    examine(call, answer, &mut state).unwrap();
    state
}

#[test]
fn a_status_counts_as_expected_or_below_400() {
    let mut call = call("/");
    for (expected, good, bad, sentence) in [
        (
            vec![],
            vec![200, 204, 302, 399],
            400,
            "status: status 400 where one below 400 was expected",
        ),
        (
            vec![200],
            vec![200],
            503,
            "status: status 503 where 200 was expected",
        ),
        (
            vec![201, 404],
            vec![201, 404],
            200,
            "status: status 200 where 201 or 404 was expected",
        ),
        (
            vec![200, 201, 202],
            vec![202],
            500,
            "status: status 500 where 200, 201 or 202 was expected",
        ),
    ] {
        call.expect.status = expected;
        for status in good {
            assert_eq!(
                examine(&call, &answer(status, &[], ""), &mut state(&[])),
                Ok(())
            );
        }
        assert_eq!(told(&call, &answer(bad, &[], "")), sentence);
    }
}

#[test]
fn a_body_must_contain_what_is_expected() {
    let mut call = call("/");
    call.expect.contains = vec![template("\"ok\""), template("id {{id}}")];
    let mut user = state(&[("id", "7")]);
    assert_eq!(
        examine(&call, &answer(200, &[], "\"ok\", id 7"), &mut user),
        Ok(())
    );
    let other = examine(&call, &answer(200, &[], "\"ok\", id 8"), &mut user).unwrap_err();
    assert_eq!(other.to_string(), "check: `id 7` is not in \"ok\", id 8");
    assert_eq!(
        told(&call, &answer(200, &[], "")),
        "check: `\"ok\"` is not in an empty body"
    );
    call.expect.contains.remove(0);
    assert_eq!(
        told(&call, &answer(200, &[], "x")),
        "capture: `{{id}}` has no value"
    );
    let binary = Response {
        body: bytes::Bytes::from_static(b"\xff\x00id 7"),
        ..answer(200, &[], "")
    };
    assert_eq!(examine(&call, &binary, &mut user), Ok(()));
}

#[test]
fn json_must_equal_what_is_expected() {
    let mut call = call("/");
    let body = r#"{"status":"done","n":2.0,"items":[{"id":7}]}"#;
    for (probe, expected) in [
        (Extractor::json("$.status"), json!("done")),
        (Extractor::json("$.n"), json!(2)),
        (Extractor::json("$.items"), json!([{"id": 7}])),
        (Extractor::json("$..id"), json!(7)),
        (Extractor::header("X-Left"), json!(3)),
        (Extractor::regex("\"n\":([0-9.]+)"), json!("2.0")),
    ] {
        call.expect.json = vec![(probe.unwrap(), expected)];
        let answer = answer(200, &[("x-left", "3")], body);
        assert_eq!(examine(&call, &answer, &mut state(&[])), Ok(()));
    }
    for (probe, expected, body, sentence) in [
        (
            "$.status",
            json!("ok"),
            body,
            "check: $.status is \"done\" where \"ok\" was expected",
        ),
        (
            "$.n",
            json!("2"),
            body,
            "check: $.n is 2.0 where \"2\" was expected",
        ),
        (
            "$.id",
            json!(1),
            "{\"error\": \"no\"}",
            "check: $.id found nothing in {\"error\": \"no\"}",
        ),
        (
            "$.id",
            json!(1),
            "",
            "check: $.id found no JSON (EOF while parsing a value at line 1 column 0) in an empty body",
        ),
        (
            "$.id",
            json!(1),
            "<html>\r\n<b>\x1b[31m",
            "check: $.id found no JSON (expected value at line 1 column 1) in <html>\\r\\n<b>\\u{1b}[31m",
        ),
    ] {
        call.expect.json = vec![(Extractor::json(probe).unwrap(), expected)];
        assert_eq!(told(&call, &answer(200, &[], body)), sentence);
    }
}

#[test]
fn values_are_captured_from_json_headers_and_text() {
    let body = r#"{"id":7,"name":"a\"b","tags":["x",null],"gone":null}"#;
    let answer = answer(
        201,
        &[
            ("location", "/items/7"),
            ("etag", "\"1\""),
            ("etag", "\"2\""),
        ],
        body,
    );
    let probes = [
        ("id", Extractor::json("$.id"), "7"),
        ("name", Extractor::json("$['name']"), "a\"b"),
        ("tags", Extractor::json("$.tags"), "[\"x\",null]"),
        ("gone", Extractor::json("$.gone"), "null"),
        ("last", Extractor::json("$.tags[-2]"), "x"),
        ("location", Extractor::header("Location"), "/items/7"),
        ("etag", Extractor::header("etag"), "\"1\""),
        ("group", Extractor::regex(r#""id":(\d+)"#), "7"),
        ("whole", Extractor::regex(r"\d+"), "7"),
    ];
    let captures: Vec<_> = probes
        .iter()
        .map(|(name, probe, _)| (*name, probe.clone().unwrap()))
        .collect();
    let state = captured(&capturing(&captures), &answer);
    for (name, _, expected) in probes {
        assert_eq!(state.values.get(name), Some(expected), "{name}");
    }
}

#[test]
fn a_capture_that_finds_nothing_says_what_was_there_instead() {
    let answer = answer(200, &[("etag", "1")], r#"{"error":"unknown user"}"#);
    for (probe, sentence) in [
        (
            Extractor::json("$.id"),
            "capture: capture id: $.id found nothing in {\"error\":\"unknown user\"}",
        ),
        (
            Extractor::header("X-Id"),
            "capture: capture id: header x-id is not in the answer",
        ),
        (
            Extractor::regex("id=(.*)"),
            "capture: capture id: /id=(.*)/ found nothing in {\"error\":\"unknown user\"}",
        ),
        (
            Extractor::regex("error|(nothing)"),
            "capture: capture id: /error|(nothing)/ found nothing in {\"error\":\"unknown user\"}",
        ),
    ] {
        assert_eq!(
            told(&capturing(&[("id", probe.unwrap())]), &answer),
            sentence
        );
    }
}

#[test]
fn status_then_text_then_json_then_captures_are_looked_at() {
    let mut call = capturing(&[("id", Extractor::json("$.id").unwrap())]);
    call.expect.contains = vec![template("yes")];
    call.expect.json = vec![(Extractor::json("$.ok").unwrap(), json!(true))];
    for (status, body, kind, part) in [
        (500, "", FailureKind::Status, "status 500"),
        (200, "", FailureKind::Check, "`yes`"),
        (200, "{\"yes\":1}", FailureKind::Check, "$.ok"),
        (
            200,
            "{\"yes\":1,\"ok\":true}",
            FailureKind::Capture,
            "capture id",
        ),
    ] {
        let failure = examine(&call, &answer(status, &[], body), &mut state(&[])).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.what.contains(part), "{failure}");
    }
}

#[test]
fn a_failure_is_one_short_line_whatever_the_service_sent() {
    let body = format!("{{\"a\":\"{}\"}}", "\u{202e}x\n".repeat(10_000));
    let sentence = told(
        &capturing(&[("id", Extractor::json("$.id").unwrap())]),
        &answer(200, &[], &body),
    );
    assert!(sentence.chars().count() < 1300, "{}", sentence.len());
    assert!(sentence.ends_with('…'));
}

#[test]
fn only_what_somebody_looks_at_is_wanted() {
    let json = || Extractor::json("$.id").unwrap();
    let header = || Extractor::header("etag").unwrap();
    let mut containing = call("/");
    containing.expect.contains = vec![template("x")];
    let mut expecting = call("/");
    expecting.expect.json = vec![(json(), json!(1))];
    let cases = [
        (call("/"), false, 0, (false, false)),
        (call("/"), true, 0, (true, false)),
        (call("/"), false, 3, (true, false)),
        (containing, false, 0, (false, true)),
        (expecting, false, 0, (false, true)),
        (capturing(&[("a", json())]), false, 0, (false, true)),
        (capturing(&[("a", header())]), false, 0, (true, false)),
        (
            capturing(&[("a", header()), ("b", json())]),
            false,
            0,
            (true, true),
        ),
    ];
    for (call, cookies, redirects, (headers, body)) in cases {
        assert_eq!(wanted(&call, cookies, redirects), Wanted { headers, body });
    }
}

#[test]
fn a_probe_that_means_nothing_is_refused_with_its_text() {
    for (probe, part) in [
        (
            Extractor::json("id"),
            "`id` is no JSON path: one begins with `$`, like `$.items[0].id`",
        ),
        (
            Extractor::json("$.["),
            "`$.[` is no JSON path: at position 2, in dot member name",
        ),
        (
            Extractor::json("$[?@.a = 1]"),
            "is no JSON path: at position",
        ),
        (Extractor::json("$.a b"), "is no JSON path: at position"),
        (Extractor::json("$.ü..["), "is no JSON path: at position"),
        (
            Extractor::header("a b"),
            "`a b` cannot be the name of a header",
        ),
        (Extractor::header(""), "`` cannot be"),
        (Extractor::regex("(a"), "`(a` is no regular expression"),
    ] {
        let message = probe.unwrap_err();
        assert!(message.contains(part), "{message}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_a_check_fall_over(body in any::<Vec<u8>>(), value in any::<String>()) {
        let probes = ["$..*", "$[?@.a > 1]"].map(|path| ("a", Extractor::json(path).unwrap()));
        let answer = Response {
            body: body.into(),
            ..answer(200, &[("x", &value)], "")
        };
        for probe in probes {
            if let Err(failure) = examine(&capturing(&[probe]), &answer, &mut state(&[])) {
                prop_assert!(!failure.what.contains(char::is_control));
            }
        }
        let state = captured(&capturing(&[("v", Extractor::header("x").unwrap())]), &answer);
        prop_assert_eq!(state.values.get("v"), Some(value.as_str()));
    }
}
