//! Answers that are streams of server-sent events: when each came, what ends them, what is looked at, and what is wrong
//! with those that are none.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use perfgate::load::http::FailureKind;
use perfgate::model::Evidence;
use serde_json::json;

use super::loaded::{Loaded, loaded};
use crate::support::server::{Body, Ending, Reply, Script, Server};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn stream(body: Body) -> Reply {
    Reply::body(body).header("content-type", "text/event-stream; charset=utf-8")
}

/// Chunks behind one another, the first behind its pause, the others behind theirs.
fn paced(first: u64, each: u64, chunks: &[&str], ends: bool) -> Reply {
    let pauses = std::iter::once(first).chain(std::iter::repeat(each));
    let chunks = pauses.zip(chunks);
    let chunks = chunks.map(|(pause, chunk)| (ms(pause), Bytes::from((*chunk).to_owned())));
    stream(Body::Paced {
        chunks: chunks.collect(),
        ends,
    })
}

/// As an LLM answers, with a comment before it, and tokens that are cut wherever the network cuts them.
fn chat() -> Reply {
    paced(
        40,
        15,
        &[
            ": hello\n\ndata: {\"choices\": [{\"delta\": {\"content\": \"Hel\"}}], \"n\": 1}\n\n",
            "data: {\"choices\": [{\"delta\": {\"con",
            "tent\": \"lo\"}}], \"n\": 2}\r\n\r\nevent: usage\ndata: {\"total\": 12}\n\n",
            "data: [DONE]\n\n",
        ],
        true,
    )
}

/// An event each 5 ms, for as long as somebody hears it, or almost.
fn ticker() -> Reply {
    paced(5, 5, &["id: 4\nevent: tick\ndata: 1\n\n"; 400], false)
}

fn site() -> Script {
    let whole = "data: a\n\ndata: b\n\ndata: c\n\n";
    Script::new()
        .on("/chat", |_| chat())
        .on("/ticks", |_| ticker())
        .on("/silent", |_| paced(0, 0, &[": still here\n\n"], false))
        .on("/empty", |_| paced(0, 0, &[": bye\n\n"], true))
        .on("/half", |_| {
            paced(0, 0, &["data: a\n\nevent: b\ndata: b\n"], true)
        })
        .on("/error", |_| {
            let error =
                "event: error\ndata: {\"message\": \"no model\", \"token\": \"s3cr3t\"}\n\n";
            paced(0, 0, &[error], true)
        })
        .on("/cut", |_| {
            stream(Body::Cut {
                sent: Bytes::from_static(b"data: a\n\n"),
                promised: 100,
                ending: Ending::Close,
            })
        })
        .on("/whole", move |_| stream(Body::Whole(whole.into())))
        .on("/close", move |_| stream(Body::UntilClose(whole.into())))
        .on("/page", |_| Reply::json(200, &json!({"stream": false})))
        .on("/nothing", |_| Reply::of(204, Body::Nothing))
        .on("/busy", |_| {
            Reply::json(429, &json!({"error": "one at a time"}))
        })
        .on("/moved", |_| Reply::redirect(307, "/whole"))
        .on("/zstd", |_| chat().header("content-encoding", "zstd"))
}

fn asked(server: &Server, head: &str, step: &str, iterations: u32) -> Loaded {
    let text = format!(
        "{head}\n[[step]]\nname = \"s\"\n{step}\n[load]\nusers = 1\niterations = {iterations}\n"
    );
    loaded(server, &text)
}

/// How many times there are, the smallest and the largest in milliseconds.
fn times(run: &Loaded, metric: &str) -> (u64, f64, f64) {
    match run.evidence("s", metric) {
        Evidence::Histogram(all) => (
            all.histogram.len(),
            all.histogram.min() as f64 * all.scale,
            all.histogram.max() as f64 * all.scale,
        ),
        other => panic!("{metric} is {other:?}"),
    }
}

#[test]
fn the_time_to_the_first_event_and_between_events_is_that_of_the_service() {
    let server = Server::start(site());
    for http in ["1.1", "2"] {
        let head = format!("http = \"{http}\"");
        let step = "post = \"/chat\"\njson = { stream = true }\nevents = { until = \"[DONE]\" }";
        let run = asked(&server, &head, step, 5);
        run.is_clean("s", 5);
        let (count, least, most) = times(&run, "first_event");
        assert_eq!(count, 5, "{http}");
        assert!(least > 39.0 && most < 1_000.0, "{http}: {least} to {most}");
        // Token 2 comes with the usage, 30 ms behind the first; then [DONE], 15 ms behind.
        let (count, least, most) = times(&run, "between_events");
        assert_eq!(count, 15, "{http}");
        assert!(least < 5.0 && most > 28.0, "{http}: {least} to {most}");
        // To the last event, and not to the end of the answer.
        let (count, least) = run.latencies("s");
        assert_eq!(count, 5);
        assert!(least > 84.0, "{http}: {least}");
    }
    let sent = server.log();
    assert_eq!(sent.len(), 10);
}

#[test]
fn an_ordinary_step_has_no_times_of_events() {
    let server = Server::start(site());
    let run = asked(&server, "", "get = \"/whole\"", 2);
    run.is_clean("s", 2);
    assert!(run.find("s", "first_event").is_none());
    assert!(run.find("s", "between_events").is_none());
}

#[test]
fn a_stream_that_never_ends_is_left_behind_its_count_or_its_time() {
    let server = Server::start(site());
    for (http, connections) in [("1.1", 4), ("2", 1)] {
        let before = server.connections();
        let head = format!("http = \"{http}\"");
        let run = asked(
            &server,
            &head,
            "get = \"/ticks\"\nevents = { count = 4 }",
            4,
        );
        run.is_clean("s", 4);
        assert_eq!(times(&run, "between_events").0, 12, "{http}");
        let (_, least) = run.latencies("s");
        assert!((19.0..200.0).contains(&least), "{http}: {least}");
        // One more looks whether anybody is there.
        assert_eq!(server.connections() - before, connections + 1, "{http}");

        let run = asked(
            &server,
            &head,
            "get = \"/ticks\"\nevents = { for = \"150ms\" }",
            2,
        );
        run.is_clean("s", 2);
        let (count, _, _) = times(&run, "between_events");
        assert!((10..=60).contains(&count), "{http}: {count}");
        let (_, least) = run.latencies("s");
        assert!((149.0..400.0).contains(&least), "{http}: {least}");
    }
    // The first that comes.
    let run = asked(
        &server,
        "",
        "get = \"/ticks\"\nevents = { count = 3, until = \"never\", for = \"5s\" }",
        1,
    );
    run.is_clean("s", 1);
    assert_eq!(times(&run, "between_events").0, 2);
}

#[test]
fn a_stream_that_says_its_end_leaves_its_connection_for_the_next() {
    let server = Server::start(site());
    let run = asked(
        &server,
        "",
        "get = \"/chat\"\nevents = { until = \"[DONE]\" }",
        4,
    );
    run.is_clean("s", 4);
    assert_eq!(server.connections(), 2);
    // Where nothing says it the end of the answer is the end of the stream.
    let run = asked(&server, "", "get = \"/chat\"\nevents = {}", 4);
    run.is_clean("s", 4);
    assert_eq!(times(&run, "between_events").0, 12);
    assert_eq!(server.connections(), 4);
}

#[test]
fn an_answer_that_is_there_is_not_late_because_its_end_is_awaited() {
    // Said to be the last 30 ms before the timeout, and never ended.
    let server =
        Server::start(Script::new().on("/*", |_| paced(120, 0, &["data: [DONE]\n\n"], false)));
    for http in ["1.1", "2"] {
        let step = "get = \"/\"\ntimeout = \"150ms\"\nevents = { until = \"[DONE]\" }";
        let run = asked(&server, &format!("http = \"{http}\""), step, 5);
        // On a busy machine an event may be late itself.
        let (failed, of) = run.counted("s");
        assert!(of == 5 && failed < 5, "{http}: {:?}", run.0.failures);
        assert!(run.latencies("s").1 < 150.0);
    }
}

#[test]
fn checks_and_captures_look_at_the_events_as_a_list_and_at_their_data_as_text() {
    let server = Server::start(site());
    let step = r#"
        post = "/chat"
        events = { until = "{{end}}" }
        expect = { contains = ["Hel", "[DONE]"], not_contains = "data:", headers = { content-type = "event-stream" }, absent = "$[?@.event == 'error']", json = { "$[0].data.n" = 1, "$[-1].data" = "[DONE]", "$[2].event" = "usage", "$[0].event" = "message" }, within = "5s" }
        capture = { total = { json = "$[-2].data.total" }, word = { regex = 'content": "(\w+)"' } }
        [[step]]
        get = "/ticks"
        events = { count = 1 }
        expect = { size = 1, json = { "$[0].id" = "4", "$[0].data" = 1 } }
        [[step]]
        get = "/whole?total={{total}}&word={{word}}"
        [values]
        end = { choice = ["DONE"] }
    "#;
    for http in ["1.1", "2"] {
        let run = asked(&server, &format!("http = \"{http}\""), step, 2);
        run.is_clean("total", 6);
    }
    let asked = server.log().of("/whole");
    assert_eq!(asked.len(), 4);
}

#[test]
fn the_service_is_told_that_events_are_awaited() {
    let heard = super::loaded::Heard::default();
    let server = Server::start(heard.all_by(|_| chat()));
    let step = "get = \"/chat\"\nevents = {}\n[[step]]\nget = \"/own\"\nheaders = { accept = \"x/y\" }\nevents = {}";
    asked(&server, "", step, 1).is_clean("total", 2);
    assert_eq!(
        heard.one("/chat").header("accept"),
        Some("text/event-stream")
    );
    assert_eq!(heard.one("/own").header("accept"), Some("x/y"));
}

#[test]
fn every_framing_ends_a_stream_and_a_redirect_leads_to_one() {
    let server = Server::start(site());
    for (path, http) in [
        ("/whole", "1.1"),
        ("/whole", "2"),
        ("/close", "1.1"),
        ("/close", "2"),
        ("/moved", "1.1"),
        ("/moved", "2"),
    ] {
        let step =
            format!("get = \"{path}\"\nevents = {{ until = \"c\" }}\nexpect = {{ size = 5 }}");
        let run = asked(&server, &format!("http = \"{http}\""), &step, 2);
        run.is_clean("s", 2);
        assert_eq!(times(&run, "between_events").0, 4, "{path} {http}");
        assert!(run.number("s", "response_size") >= 27.0, "{path} {http}");
    }
}

#[test]
fn events_that_are_compressed_come_as_soon_as_they_are_flushed() {
    let parts = ["data: one\n\n", "data: two\n\n", "data: three\n\n"];
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut chunks = Vec::new();
    for part in parts {
        packer.write_all(part.as_bytes()).unwrap();
        packer.flush().unwrap();
        chunks.push((ms(20), Bytes::from(std::mem::take(packer.get_mut()))));
    }
    chunks.push((ms(0), Bytes::from(packer.finish().unwrap())));
    let server = Server::start(Script::new().on("/*", move |_| {
        stream(Body::Paced {
            chunks: chunks.clone(),
            ends: true,
        })
        .header("content-encoding", "gzip")
    }));
    for http in ["1.1", "2"] {
        let head = format!("http = \"{http}\"\nheaders = {{ accept-encoding = \"gzip\" }}");
        let step = "get = \"/\"\nevents = { count = 3 }\nexpect = { contains = \"two\", json = { \"$[2].data\" = \"three\" } }";
        let run = asked(&server, &head, step, 3);
        run.is_clean("s", 3);
        // All at once, were they read at the end; a busy machine reads single ones late.
        let (count, _, most) = times(&run, "between_events");
        assert_eq!(count, 6, "{http}");
        assert!(most > 15.0, "{http}: {most}");
    }
}

#[test]
fn what_is_no_stream_or_ends_otherwise_is_an_error_in_words() {
    let server = Server::start(site());
    use FailureKind::{Broken, Check, Status, Timeout};
    for (step, kind, said) in [
        (
            "get = \"/whole\"\nevents = { count = 10 }",
            Check,
            "the stream ended behind 3 of 10 events",
        ),
        (
            "get = \"/whole\"\nevents = { until = \"[DONE]\", count = 10 }",
            Check,
            "the stream ended without an event with `[DONE]`",
        ),
        (
            "get = \"/whole\"\nevents = { for = \"900ms\" }",
            Check,
            "the stream ended before 900ms",
        ),
        (
            "get = \"/half\"\nevents = { until = \"b\" }",
            Check,
            "the stream ended without an event with `b`, within an event, which has no empty line behind it",
        ),
        (
            "get = \"/empty\"\nevents = {}",
            Check,
            "the stream ended without an event",
        ),
        (
            "get = \"/silent\"\nevents = { for = \"100ms\" }",
            Check,
            "no event came for 100ms",
        ),
        (
            "get = \"/silent\"\ntimeout = \"150ms\"\nevents = { count = 1 }",
            Timeout,
            "no event within 0.15 s",
        ),
        (
            "get = \"/ticks\"\ntimeout = \"150ms\"\nevents = { until = \"[DONE]\" }",
            Timeout,
            "no end of the stream of events within 0.15 s",
        ),
        (
            "get = \"/page\"\nevents = {}",
            Check,
            "the answer is `application/json`, and no text/event-stream",
        ),
        (
            "get = \"/nothing\"\nevents = {}",
            Check,
            "the answer has no content type, and is no text/event-stream",
        ),
        (
            "get = \"/busy\"\nevents = { count = 1 }",
            Status,
            "status 429 where one below 400 was expected",
        ),
        (
            "get = \"/zstd\"\nevents = {}",
            Check,
            "the body is in `zstd`, which is not read",
        ),
        (
            "get = \"/error\"\nevents = { }\nexpect = { absent = \"$[?@.event == 'error'].data.message\" }",
            Check,
            "$[?@['event']=='error'].data.message is \"no model\" where nothing was expected",
        ),
        (
            "get = \"/cut\"\nevents = { }",
            Broken,
            "closed in the middle of the body: 9 of 100 bytes",
        ),
    ] {
        for http in ["1.1", "2"] {
            let run = asked(
                &server,
                &format!("timeout = \"1s\"\nhttp = \"{http}\""),
                step,
                2,
            );
            assert_eq!(
                run.failures(),
                [(kind, 2)],
                "{http} {step}: {:?}",
                run.0.failures
            );
            assert_eq!(run.counted("s"), (2, 2), "{http} {step}");
            // HTTP/2 has its own words for a body that is cut.
            if http == "1.1" || kind != Broken {
                assert_eq!(run.why(), said, "{http} {step}");
            }
            assert!(run.find("s", "first_event").is_none(), "{http} {step}");
        }
    }
}

#[test]
fn an_error_within_a_stream_is_shown_without_its_secrets() {
    let server = Server::start(site());
    let run = asked(
        &server,
        "",
        "get = \"/error\"\nevents = { until = \"[DONE]\" }",
        1,
    );
    let said = run.0.reasons[0].example.as_deref().unwrap();
    assert!(
        said.starts_with("the last event was ") && said.contains("no model"),
        "{said}"
    );
    assert!(!said.contains("s3cr3t"), "{said}");
    let run = asked(&server, "", "get = \"/busy\"\nevents = {}", 1);
    let said = run.0.reasons[0].example.as_deref().unwrap();
    assert!(said.contains("one at a time"), "{said}");
}

#[test]
fn graphql_over_events_has_no_errors_where_no_event_has_some() {
    let server = Server::start(
        Script::new()
            .on("/good", |_| {
                paced(
                    0,
                    0,
                    &["event: next\ndata: {\"data\": {\"n\": 1}}\n\nevent: complete\ndata:\n\n"],
                    true,
                )
            })
            .on("/bad", |_| {
                let next = "event: next\ndata: {\"data\": {\"n\": 1}}\n\n";
                let bad = "event: next\ndata: {\"errors\": [{\"message\": \"gone\"}]}\n\n";
                paced(0, 0, &[next, bad], true)
            }),
    );
    let step = |path: &str| {
        format!(
            "path = \"{path}\"\ngraphql = {{ query = \"subscription {{ n }}\" }}\nevents = {{}}\nexpect = {{ no_errors = true }}"
        )
    };
    asked(&server, "", &step("/good"), 1).is_clean("s", 1);
    let run = asked(&server, "", &step("/bad"), 1);
    assert_eq!(run.why(), "the answer has an error: gone");
}
