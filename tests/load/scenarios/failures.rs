//! Answers that do not come, connections that end, and runs that say nothing about the service.

use std::time::{Duration, Instant};

use bytes::Bytes;
use perfgate::load::http::FailureKind;

use super::loaded::{Around, Loaded, based, load, loaded, refused};
use crate::support::server::{Body, Reply, Script, Server, nobody};

fn asked(script: Script, head: &str, iterations: u32) -> (Loaded, Server) {
    let server = Server::start(script);
    let text =
        format!("{head}\n[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = {iterations}\n");
    (loaded(&server, &text), server)
}

#[test]
fn an_answer_that_takes_longer_than_its_timeout_is_an_error_however_it_dawdles() {
    let slow = Body::Slow {
        bytes: Bytes::from_static(b"0123456789"),
        pause: Duration::from_millis(100),
    };
    for reply in [
        Reply::silence(),
        Reply::text("late").after(Duration::from_secs(2)),
        Reply::body(slow),
        Reply::body(Body::Endless),
    ] {
        let begin = Instant::now();
        let act = format!("{:.60}", format!("{:?}", reply.act));
        let script = Script::new().on("/", move |_| reply.clone());
        let (run, _server) = asked(script, "timeout = \"150ms\"", 2);
        assert_eq!(run.failures(), [(FailureKind::Timeout, 2)], "{act}");
        assert_eq!(run.why(), "no answer within 0.15 s");
        assert_eq!(run.counted("GET /"), (2, 2));
        let took = begin.elapsed();
        assert!((300..1500).contains(&took.as_millis()), "{act}: {took:?}");
    }
}

#[test]
fn a_step_may_have_more_time_than_the_others_and_a_slow_body_within_it_is_well() {
    let slow = Body::Slow {
        bytes: Bytes::from_static(b"0123456789"),
        pause: Duration::from_millis(15),
    };
    let body = slow.clone();
    let server = Server::start(
        Script::new()
            .on("/patient", move |_| Reply::body(body.clone()))
            .on("/hasty", move |_| Reply::body(slow.clone())),
    );
    let text = r#"
        timeout = "80ms"
        [[step]]
        get = "/patient"
        timeout = "2s"
        expect = { contains = "0123456789" }
        [[step]]
        get = "/hasty"
        [load]
        users = 1
        iterations = 2
    "#;
    let run = loaded(&server, text);
    assert_eq!(run.counted("GET /patient"), (0, 2));
    assert!(run.latencies("GET /patient").1 >= 149.0);
    assert_eq!(run.counted("GET /hasty"), (2, 2));
    assert_eq!(run.why(), "no answer within 0.08 s");
}

#[test]
fn a_connection_that_the_server_ends_between_requests_is_no_error() {
    let site = || Script::new().on("/*", |_| Reply::text("ok"));
    for (head, script) in [
        ("", site().keep_alive(4)),
        ("", site().leaves_silently_after(4)),
        ("http = \"2\"", site().keep_alive(4)),
    ] {
        let server = Server::start(script);
        let text = format!(
            "{head}\n[[step]]\nget = \"/\"\n[load]\nusers = 1\nthink = \"20ms\"\niterations = 26\n"
        );
        // The pause is for the silent one: it is seen to have left where it left before the next request.
        let run = loaded(&server, &text);
        run.is_clean("GET /", 26);
        assert_eq!(server.log().len(), 26);
        // Seven for the requests, and one that asked whether anybody is there.
        assert_eq!(server.connections(), 8, "{head}");
    }
    let posts = "[[step]]\npost = \"/\"\nbody = \"x\"\n[load]\nrate = 200\nduration = \"300ms\"\n";
    let server = Server::start(site().keep_alive(3));
    loaded(&server, posts).is_clean("POST /", 60);
}

#[test]
fn a_connection_that_ends_in_the_middle_of_an_answer_is_broken() {
    let cut = Body::Cut {
        sent: Bytes::from_static(b"half"),
        promised: 8,
        ending: crate::support::server::Ending::Close,
    };
    for reply in [
        Reply::body(cut),
        Reply::reset(),
        Reply::hang_up(),
        Reply::raw("FTP\r\n\r\n"),
    ] {
        let shown = format!("{:?}", reply.act);
        let script = Script::new().on("/", move |asked| match asked.number {
            0 => Reply::text("ok"),
            1 => reply.clone(),
            _ => Reply::text("ok"),
        });
        let head = "headers = { connection-number = \"1\" }";
        let (run, _server) = asked(script.keep_alive(1), head, 5);
        assert_eq!(run.failures(), [(FailureKind::Broken, 1)], "{shown}");
        assert_eq!(run.counted("GET /"), (1, 5), "{shown}");
    }
}

#[test]
fn nobody_there_is_one_error_and_no_run() {
    let base = format!("http://{}", nobody());
    let text = "[[step]]\nget = \"/\"\n[load]\nusers = 5\nduration = \"10s\"\n";
    let begin = Instant::now();
    let why = refused(&based(&base, text, &Around::default()));
    assert!(
        why.contains("refused") && begin.elapsed() < Duration::from_secs(2),
        "{why}"
    );
}

#[test]
fn what_is_not_ours_is_not_loaded_without_a_word() {
    let text = "[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = 1\n";
    // Of the block for documentation: nobody is there, and nobody is asked.
    for base in ["http://192.0.2.1:81", "http://[2001:db8::1]"] {
        let begin = Instant::now();
        let why = refused(&based(base, text, &Around::default()));
        assert!(
            why.ends_with("is neither this machine nor in a private network"),
            "{why}"
        );
        assert!(begin.elapsed() < Duration::from_millis(500));
    }
}

#[test]
fn a_rate_that_this_machine_cannot_send_is_no_measurement() {
    let server = Server::start(Script::new().on("/", |_| Reply::text("ok")));
    // What it takes to make up so many letters for each request is more time than there is.
    let text = r#"
        threads = 1
        [values]
        a = { text = 65536 }
        b = { text = 65536 }
        c = { text = 65536 }
        [[step]]
        post = "/"
        body = "{{a}}{{b}}{{c}}"
        [load]
        rate = 1000
        duration = "100ms"
    "#;
    let run = loaded(&server, text);
    let why = run.0.run.provenance.invalid.as_deref().unwrap();
    // How late it was, or that it had no time left: the machine's speed decides which is seen first. On a busy machine
    // the thread may not even have been let run.
    let reasons = ["the load generator ", "perfgate itself did not run "];
    assert!(reasons.iter().any(|of| why.starts_with(of)), "{why}");
    assert_eq!(run.number("generator", "due"), 100.0);
    assert_eq!(run.counted("POST /"), (0, 100));
}

#[test]
fn each_arrival_of_a_rate_beyond_all_measure_is_accounted_for() {
    let server = Server::start(Script::new().on("/", |_| Reply::text("ok")));
    let text = r#"
        timeout = "200ms"
        threads = 1
        [[step]]
        get = "/"
        [load]
        rate = 400000
        duration = "200ms"
        max_users = 20
    "#;
    let run = loaded(&server, text);
    assert_eq!(run.number("generator", "due"), 80_000.0);
    let (sent, dropped) = (
        run.number("generator", "sent"),
        run.number("generator", "dropped"),
    );
    assert_eq!(sent + dropped, 80_000.0);
    assert_eq!(run.counted("GET /").1, 80_000);
}

#[test]
fn what_the_service_holds_up_is_dropped_and_the_run_is_valid() {
    let slow = Duration::from_millis(200);
    let server = Server::start(Script::new().on("/", move |_| Reply::text("ok").after(slow)));
    let text = r#"
        timeout = "300ms"
        [[step]]
        get = "/"
        [load]
        rate = 100
        duration = "1s"
        max_users = 2
    "#;
    let run = load(&super::loaded::scenario(&server, text));
    let (sent, dropped) = (
        run.number("generator", "sent"),
        run.number("generator", "dropped"),
    );
    assert_eq!(sent + dropped, 100.0);
    assert_eq!(server.log().len() as f64, sent);
    assert!((10.0..=16.0).contains(&sent), "{sent}");
    assert_eq!(run.counted("GET /").1, 100);
    assert_eq!(run.0.run.provenance.invalid, None);
    let kinds = run.failures();
    assert!(
        kinds.contains(&(FailureKind::Dropped, 100 - server.log().len() as u64)),
        "{kinds:?}"
    );
}
