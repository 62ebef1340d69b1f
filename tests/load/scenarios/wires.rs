//! HTTP/2, TLS and WebSockets.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use perfgate::load::http::FailureKind;

use super::loaded::{Around, Heard, based, load, loaded, refused, scenario};
use crate::support::server::{Echo, Leaf, Reply, Script, Server, tls};

fn slow_site() -> Script {
    let short = Duration::from_millis(5);
    Script::new().on("/*", move |asked| {
        Reply::bytes(200, "text/plain", asked.body.clone()).after(short)
    })
}

const POSTS: &str = r#"
[values]
n = { counter = true }
[[step]]
post = "/echo"
body = "number {{n}}"
expect = { contains = "number {{n}}" }
[load]
users = 6
iterations = 60
"#;

fn with_ca(text: &str) -> String {
    format!("{text}\n[tls]\nca = '{}'\n", tls::ca().display())
}

#[test]
fn over_http2_users_share_connections_in_groups() {
    for (streams, connections) in [(3, 2), (4, 2), (6, 1), (1, 6)] {
        let heard = Heard::default();
        let server = Server::start(heard.all_by(|asked| {
            let after = Duration::from_millis(5);
            Reply::bytes(200, "text/plain", asked.body.clone()).after(after)
        }));
        let run = loaded(
            &server,
            &format!("threads = 1\nhttp = \"2\"\nstreams = {streams}\n{POSTS}"),
        );
        run.is_clean("POST /echo", 60);
        let used: std::collections::BTreeSet<u64> =
            heard.all().iter().map(|asked| asked.connection).collect();
        assert_eq!(used.len(), connections, "{streams} streams");
        assert_eq!(server.log().len(), 60);
    }
}

#[test]
fn over_http2_redirects_cookies_captures_and_credentials_are_as_over_http1() {
    let server = Server::start(Script::site());
    let run = loaded(
        &server,
        r#"
        http = "2"
        cookies = true
        [[step]]
        post = "/login"
        [[step]]
        get = "/me"
        [[step]]
        post = "/token"
        capture = { token = { json = "$.token" } }
        [[step]]
        get = "/private"
        auth = { bearer = "{{token}}" }
        [[step]]
        post = "/moved?status=307&to=/echo"
        json = { a = 1 }
        expect = { json = { "$.a" = 1 } }
        [[step]]
        get = "/status/404"
        expect = { status = 404 }
        [load]
        users = 3
        iterations = 30
        "#,
    );
    run.is_clean("total", 180);
    assert_eq!(server.log().len(), 210);
}

#[test]
fn tls_is_spoken_in_both_versions_where_the_authority_is_the_scenarios() {
    for (http, connections) in [("1.1", 6), ("2", 1)] {
        let server = Server::start(slow_site().tls(Leaf::Localhost));
        let text = format!("threads = 1\nhttp = \"{http}\"\n{POSTS}");
        let run = loaded(&server, &with_ca(&text));
        run.is_clean("POST /echo", 60);
        let mut used: Vec<u64> = server
            .log()
            .0
            .iter()
            .map(|entry| entry.connection)
            .collect();
        used.sort();
        used.dedup();
        assert_eq!(used.len(), connections, "{http}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_or_of_another_name_is_refused_in_words() {
    let server = Server::start(slow_site().tls(Leaf::Localhost));
    // Another authority than the server's: which ones the system has is not ours to say.
    let other = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/tls-github/ca.pem"
    );
    let why = refused(&scenario(
        &server,
        &format!("{POSTS}\n[tls]\nca = '{other}'\n"),
    ));
    assert!(
        why.contains("TLS handshake: invalid peer certificate: UnknownIssuer"),
        "{why}"
    );

    let server = Server::start(slow_site().tls(Leaf::Other));
    let why = refused(&scenario(&server, &with_ca(POSTS)));
    assert!(why.starts_with("reach 127.0.0.1:"), "{why}");
    assert!(
        why.contains("not valid for name \"127.0.0.1\"") && why.contains("other.example"),
        "{why}"
    );
    // Nothing was sent.
    assert_eq!(server.log().len(), 0);

    let named = format!("{}server_name = \"other.example\"\n", with_ca(POSTS));
    loaded(&server, &named).is_clean("POST /echo", 60);
}

#[test]
fn a_server_without_http2_is_told_so() {
    let server = Server::start(slow_site().tls(Leaf::Localhost).only_http1());
    let why = refused(&scenario(
        &server,
        &with_ca(&format!("http = \"2\"\n{POSTS}")),
    ));
    assert!(why.contains("TLS"), "{why}");
    assert_eq!(server.log().len(), 0);
}

/// Hands the first connection to one server and all others to another.
fn switch(first: SocketAddr, then: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (client, to) = (stream.unwrap(), if number == 0 { first } else { then });
            let server = TcpStream::connect(to).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                std::thread::spawn(move || {
                    copy(&mut from, &mut to).ok();
                    to.shutdown(Shutdown::Write).ok();
                });
            }
        }
    });
    address
}

#[test]
fn a_certificate_of_another_name_in_mid_run_is_an_error_of_its_own_kind() {
    let good = Server::start(slow_site().tls(Leaf::Localhost));
    let bad = Server::start(slow_site().tls(Leaf::Other));
    let base = format!("https://{}", switch(good.address(), bad.address()));
    let text = with_ca("[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = 2\n");
    let run = load(&based(&base, &text, &Around::default()));
    assert_eq!(run.failures(), [(FailureKind::Tls, 2)]);
    assert!(run.why().contains("other.example"), "{}", run.why());
    assert_eq!(run.counted("GET /"), (2, 2));
    assert!(run.find("GET /", "errors_tls").is_some());
}

fn sockets(echo: Echo) -> Script {
    Script::new().on("/ws", move |_| Reply::socket(echo.clone()))
}

const TALK: &str = r#"
[[step]]
name = "echo"
websocket = "/ws"
messages = [{ send = "hello" }, { send = '{"n": {{n}}}', await = '"n": {{n}}', times = 3 }]
[values]
n = { int = [1, 9] }
[load]
users = 3
iterations = 12
"#;

#[test]
fn each_round_trip_of_a_websocket_is_a_latency_and_each_connect_another() {
    for secure in [false, true] {
        let echo = Echo {
            delay: Duration::from_millis(10),
            preamble: Vec::new(),
            pings: true,
            closes_at: None,
        };
        let script = sockets(echo);
        let script = if secure {
            script.tls(Leaf::Localhost)
        } else {
            script
        };
        let server = Server::start(script);
        let run = loaded(
            &server,
            &if secure {
                with_ca(TALK)
            } else {
                TALK.to_owned()
            },
        );
        run.is_clean("echo", 48);
        run.is_clean("echo connect", 12);
        let (count, smallest) = run.latencies("echo");
        assert!(count == 48 && smallest >= 9.9, "{smallest}");
        assert_eq!(run.latencies("echo connect").0, 12);
        assert_eq!(server.log().len(), 12);
    }
}

#[test]
fn the_answer_that_ends_a_round_trip_is_the_one_awaited() {
    let echo = Echo {
        preamble: vec!["wait".to_owned(), "news".to_owned()],
        ..Echo::default()
    };
    let server = Server::start(sockets(echo));
    let text = r#"
        timeout = "300ms"
        [[step]]
        name = "talk"
        websocket = "/ws"
        messages = [{ send = "mine", await = "AWAITED", times = 2 }]
        [load]
        users = 1
        iterations = 2
    "#;
    let found = text.replace("AWAITED", "mine");
    loaded(&server, &found).is_clean("talk", 4);
    let never = loaded(&server, &text.replace("AWAITED", "yours"));
    assert_eq!(never.failures(), [(FailureKind::Timeout, 2)]);
    assert_eq!(never.counted("talk connect"), (0, 2));
}

#[test]
fn the_upgrade_belongs_to_the_connect() {
    let slow = Duration::from_millis(60);
    let server = Server::start(
        Script::new()
            .on("/ws", move |_| Reply::socket(Echo::default()).after(slow))
            .on("/no", |_| Reply::status(403)),
    );
    let text = |path: &str| {
        format!(
            "[[step]]\nname = \"talk\"\nwebsocket = \"{path}\"\nmessages = [{{ send = \"a\" }}]\n\
             [load]\nusers = 1\niterations = 3\n"
        )
    };
    let run = loaded(&server, &text("/ws"));
    run.is_clean("talk", 3);
    run.is_clean("talk connect", 3);
    let (_, smallest) = run.latencies("talk connect");
    assert!(smallest >= 59.0, "{smallest}");

    let run = loaded(&server, &text("/no"));
    assert_eq!(run.failures(), [(FailureKind::Status, 3)]);
    assert!(run.why().contains("403"), "{}", run.why());
    assert_eq!(run.counted("talk connect"), (3, 3));
}

#[test]
fn round_trips_before_a_socket_breaks_are_counted() {
    let echo = Echo {
        closes_at: Some(3),
        ..Echo::default()
    };
    let server = Server::start(sockets(echo));
    let text = r#"
        [[step]]
        name = "talk"
        websocket = "/ws"
        messages = [{ send = "a", times = 5 }]
        [load]
        users = 1
        iterations = 4
    "#;
    let run = loaded(&server, text);
    assert_eq!(run.failures(), [(FailureKind::Broken, 4)]);
    assert!(run.why().contains("enough"), "{}", run.why());
    assert_eq!(run.counted("talk"), (4, 16));
}

#[test]
fn a_socket_is_opened_with_the_headers_credentials_cookies_and_values_of_its_user() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/login", |_| {
                Reply::json(200, &serde_json::json!({"token": "t 1"}))
                    .header("set-cookie", "session=s1; Path=/")
            })
            .on("/*", heard.by(|_| Reply::socket(Echo::default()))),
    );
    let run = loaded(
        &server,
        r#"
        cookies = true
        headers = { x-team = "blue" }
        auth = { bearer = "{{token}}" }
        [[step]]
        post = "/login"
        auth = false
        capture = { token = { json = "$.token" } }
        [[step]]
        websocket = "/ws/{{token}}?n=1"
        headers = { x-own = "{{token}}" }
        messages = [{ send = "I am {{token}}", await = "am {{token}}" }]
        [[step]]
        name = "as ada"
        websocket = "/ada"
        auth = { user = "ada", password = "s3cret" }
        messages = [{ send = "hello" }]
        [load]
        users = 1
        iterations = 2
        "#,
    );
    run.is_clean("as ada", 2);
    let subjects = run.subjects();
    assert!(
        subjects.contains(&"as ada connect") && subjects.len() == 7,
        "{subjects:?}"
    );
    let all = heard.all();
    let first = &all[0];
    assert_eq!(
        (first.path.as_str(), first.query.as_str()),
        ("/ws/t%201", "n=1")
    );
    assert_eq!(first.header("x-team"), Some("blue"));
    assert_eq!(first.header("x-own"), Some("t 1"));
    assert_eq!(first.cookie("session"), Some("s1"));
    assert_eq!(first.header("authorization"), Some("Bearer t 1"));
    assert_eq!(
        all[1].header("authorization"),
        Some("Basic YWRhOnMzY3JldA==")
    );
}

#[test]
fn over_http2_one_answer_that_does_not_come_holds_nobody_else_up() {
    let server = Server::start(Script::new().on("/*", |asked| match asked.path.as_str() {
        "/n/7" => Reply::silence(),
        "/n/9" => Reply::reset(),
        "/n/11" => Reply::text("late").after(Duration::from_millis(400)),
        _ => Reply::text("ok"),
    }));
    let run = loaded(
        &server,
        r#"
        http = "2"
        timeout = "200ms"
        threads = 1
        [values]
        n = { counter = true }
        [[step]]
        get = "/n/{{n}}"
        [load]
        users = 5
        iterations = 200
        "#,
    );
    assert_eq!(
        run.failures(),
        [(FailureKind::Timeout, 2), (FailureKind::Broken, 1)]
    );
    assert_eq!(run.counted("GET /n/{{n}}"), (3, 200));
    // One for the requests, and one that asked whether anybody is there.
    assert_eq!((server.connections(), server.log().len()), (2, 200));
}

#[test]
fn an_answer_that_comes_too_late_is_not_taken_for_the_next_one() {
    for http in ["1.1", "2"] {
        let server = Server::start(Script::new().on("/*", |asked| {
            let late = if asked.number % 3 == 1 { 150 } else { 0 };
            Reply::text(&asked.path).after(Duration::from_millis(late))
        }));
        let text = format!(
            r#"
            http = "{http}"
            timeout = "100ms"
            [values]
            n = {{ counter = true }}
            [[step]]
            get = "/n/{{{{n}}}}"
            expect = {{ contains = "/n/{{{{n}}}}" }}
            [load]
            users = 1
            think = "20ms"
            iterations = 12
            "#
        );
        let run = loaded(&server, &text);
        assert_eq!(
            run.failures(),
            [(FailureKind::Timeout, 4)],
            "{:?}",
            run.0.failures
        );
        assert_eq!(run.counted("GET /n/{{n}}"), (4, 12));
    }
}

#[test]
fn without_keep_alive_each_request_has_a_connection_of_its_own() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/old", |_| Reply::redirect(302, "/new"))
            .on("/*", heard.by(|_| Reply::text("ok"))),
    );
    let text = "keep_alive = false\n[[step]]\nget = \"/a\"\n[[step]]\nget = \"/old\"\n[load]\nusers = 2\niterations = 6\n";
    loaded(&server, text).is_clean("total", 12);
    // A redirect is a request, too; one connection asked whether anybody is there.
    assert_eq!(server.connections(), 6 * 3 + 1);
    let all = heard.all();
    assert_eq!(all.len(), 12);
    for asked in all {
        let said: Vec<_> = asked
            .headers
            .iter()
            .filter(|(name, _)| name == "connection")
            .collect();
        assert_eq!(said.len(), 1, "{asked:?}");
        assert_eq!(asked.header("connection"), Some("close"));
    }
}
