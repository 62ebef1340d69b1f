//! HTTP/2 and WebSockets against a server whose behaviour is scripted.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use crate::support::server::tls::connector;
use crate::support::server::{Body, Echo, Ending, Leaf, Reply, Script, Server};
use bytes::Bytes;
use http::Method;
use perfgate::load::http::http2::{self, Connection};
use perfgate::load::http::websocket::{self, RenderedMessage, WebSocket};
use perfgate::load::http::{Failure, FailureKind, OutgoingRequest, Response, Wanted};
use perfgate::load::scenario::{Base, Scheme};
use tokio::net::TcpStream;

const MS: Duration = Duration::from_millis(1);

const ALL: Wanted = Wanted {
    headers: true,
    body: true,
};

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())
        .unwrap();
    let limit = Duration::from_secs(10);
    let limited = runtime.block_on(async { tokio::time::timeout(limit, test).await });
    limited.unwrap()
}

fn base(server: &Server) -> Base {
    Base {
        scheme: Scheme::Http,
        host: "127.0.0.1".to_owned(),
        port: server.address().port(),
        prefix: String::new(),
    }
}

async fn tcp(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn opened(server: &Server) -> Connection {
    http2::open(tcp(server).await).await.unwrap()
}

fn get(target: &str) -> OutgoingRequest {
    OutgoingRequest {
        method: Method::GET,
        target: target.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
    }
}

async fn ask(
    connection: &mut Connection,
    server: &Server,
    target: &str,
) -> Result<Response, Failure> {
    connection.exchange(&get(target), &base(server), ALL).await
}

/// The failure of one request on a connection of its own.
fn failure(script: Script) -> Failure {
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        ask(&mut connection, &server, "/").await.unwrap_err()
    })
}

fn on_root(reply: Reply) -> Script {
    Script::new().on("/", move |_| reply.clone())
}

#[test]
fn a_request_goes_out_as_it_is_and_its_answer_comes_back() {
    let server = Server::start(Script::site());
    run(async {
        let mut connection = opened(&server).await;
        let mut request = get("/echo?a=%20b");
        request.method = Method::POST;
        request.headers = vec![("content-type".to_owned(), "text/x".to_owned())];
        request.body = Bytes::from_static(b"some words");
        let base = base(&server);
        let answer = connection.exchange(&request, &base, ALL).await.unwrap();
        assert_eq!((answer.status, answer.received), (200, 10));
        assert_eq!(answer.body, "some words");
        let kind = ("content-type".to_owned(), Bytes::from_static(b"text/x"));
        assert!(answer.headers.contains(&kind), "{:?}", answer.headers);
        let entry = server.log().0[0].clone();
        assert_eq!(
            (entry.method.as_str(), entry.path.as_str()),
            ("POST", "/echo")
        );
        assert_eq!(entry.query, "a=%20b");

        let bare = connection.exchange(&request, &base, Wanted::default());
        let bare = bare.await.unwrap();
        assert_eq!((bare.status, bare.received), (200, 10));
        assert!(bare.headers.is_empty() && bare.body.is_empty());

        request.target = "/headers".to_owned();
        request.headers = vec![("x-one".to_owned(), "1".to_owned())];
        let answer = connection.exchange(&request, &base, ALL).await.unwrap();
        let host = format!("127.0.0.1:{}", base.port);
        let seen = format!(r#"{{"content-length":"10","host":"{host}","x-one":"1"}}"#);
        assert_eq!(answer.body, seen);
        assert!(connection.is_open());
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn http2_goes_over_tls_where_the_service_agrees() {
    let server = Server::start(Script::site().tls(Leaf::Localhost));
    run(async {
        let connector = connector(&["h2", "http/1.1"]);
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, tcp(&server).await).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut connection = http2::open(stream).await.unwrap();
        let base = Base {
            scheme: Scheme::Https,
            host: "localhost".to_owned(),
            ..base(&server)
        };
        let answer = connection.exchange(&get("/"), &base, ALL).await.unwrap();
        assert_eq!(answer.body, "hello");
    });
}

#[test]
fn a_certificate_of_another_name_and_a_service_without_http2_are_seen_in_the_handshake() {
    let other = Server::start(Script::site().tls(Leaf::Other));
    let old = Server::start(Script::site().tls(Leaf::Localhost).only_http1());
    run(async {
        let connector = connector(&["h2", "http/1.1"]);
        let name = || "localhost".try_into().unwrap();
        let refused = connector.connect(name(), tcp(&other).await).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("not valid for name"), "{refused}");
        let stream = connector.connect(name(), tcp(&old).await).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    });
}

#[test]
fn users_share_a_connection_and_do_not_wait_for_each_other() {
    let server = Server::start(Script::new().on("/*", |asked| {
        let latency: u64 = asked.path[1..].parse().unwrap();
        Reply::text(&asked.path).after(Duration::from_millis(latency))
    }));
    run(async {
        let connection = opened(&server).await;
        let start = Instant::now();
        let mut users = tokio::task::JoinSet::new();
        for latency in (10_u32..=100).step_by(10) {
            let (mut handle, base) = (connection.clone(), base(&server));
            users.spawn_local(async move {
                let target = format!("/{latency}");
                let answer = handle.exchange(&get(&target), &base, ALL).await.unwrap();
                assert_eq!(answer.body, target);
                (start.elapsed(), latency * MS)
            });
        }
        for (took, latency) in users.join_all().await {
            assert!(took >= latency && took < latency + 80 * MS, "{took:?}");
        }
        assert!(start.elapsed() < 400 * MS, "one behind the other is 550 ms");
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn no_more_streams_are_opened_than_the_service_allows() {
    let script = on_root(Reply::text("x").after(30 * MS)).streams(2);
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        // The service's settings are known from its first answer on.
        ask(&mut connection, &server, "/").await.unwrap();
        let start = Instant::now();
        let mut users = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (mut handle, base) = (connection.clone(), base(&server));
            users.spawn_local(async move { handle.exchange(&get("/"), &base, ALL).await });
        }
        for answer in users.join_all().await {
            assert_eq!(answer.unwrap().status, 200);
        }
        assert!(start.elapsed() >= 90 * MS, "{:?}", start.elapsed());
    });
}

#[test]
fn large_bodies_pass_the_windows_both_ways() {
    let script = Script::new()
        .on("/length", |asked| {
            Reply::text(&asked.body.len().to_string())
        })
        .on("/large", |_| {
            let pieces = (0..80).map(|_| vec![b'x'; 100_000].into());
            Reply::body(Body::Chunked(pieces.collect()))
        });
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        for _ in 0..4 {
            let answer = ask(&mut connection, &server, "/large").await.unwrap();
            assert_eq!((answer.received, answer.body.len()), (8_000_000, 8_000_000));
        }
        let mut request = get("/length");
        request.method = Method::PUT;
        request.body = vec![b'y'; 3_000_000].into();
        let answer = connection.exchange(&request, &base(&server), ALL).await;
        assert_eq!(answer.unwrap().body, "3000000");
    });
}

#[test]
fn trailers_and_empty_answers_are_whole_answers() {
    let script = Script::new()
        .on("/trailers", |_| Reply::text("x").trailer("x-sum", "1"))
        .on("/nothing", |_| Reply::of(204, Body::Nothing));
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        let answer = ask(&mut connection, &server, "/trailers").await.unwrap();
        assert_eq!(answer.body, "x");
        assert!(answer.headers.iter().all(|(name, _)| name != "x-sum"));
        let answer = ask(&mut connection, &server, "/nothing").await.unwrap();
        assert_eq!((answer.status, answer.received), (204, 0));
    });
}

#[test]
fn a_stream_that_is_reset_fails_alone() {
    let script = Script::new()
        .on("/reset", |_| Reply::reset())
        .on("/half", |_| {
            Reply::body(Body::Cut {
                sent: "ha".into(),
                promised: 4,
                ending: Ending::Reset,
            })
        })
        .on("/", |_| Reply::text("fine"));
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        for target in ["/reset", "/half"] {
            let failure = ask(&mut connection, &server, target).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Broken);
            assert!(
                failure
                    .what
                    .starts_with("the service reset the stream: INTERNAL_ERROR")
            );
            assert!(connection.is_open() && !connection.was_stale());
        }
        let answer = ask(&mut connection, &server, "/").await.unwrap();
        assert_eq!(answer.body, "fine");
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_end_of_a_connection_is_told_with_its_reason() {
    let failed = failure(on_root(Reply::raw("")));
    assert_eq!(failed.kind, FailureKind::Broken);
    let told = "the service ended the connection: PROTOCOL_ERROR";
    assert!(failed.what.starts_with(told), "{failed}");

    // The end may come as a reset, where something of ours was not read.
    let failed = failure(on_root(Reply::hang_up()));
    assert_eq!(failed.kind, FailureKind::Broken);
    assert!(
        failed.what.starts_with("the service closed the connection")
            || failed.what.contains("reset"),
        "{failed}"
    );
    assert!(
        failed.what.ends_with(" before its first answer"),
        "{failed}"
    );

    let failed = failure(on_root(Reply::body(Body::Cut {
        sent: "ha".into(),
        promised: 4,
        ending: Ending::Close,
    })));
    assert_eq!(failed.kind, FailureKind::Broken);
    assert!(failed.what.contains("connection"), "{failed}");
    assert!(!failed.what.contains("before"), "{failed}");
}

#[test]
fn a_service_that_answers_in_http1_is_told_as_that() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        std::io::Write::write_all(&mut stream, answer).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let failed = run(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut connection = http2::open(stream).await.unwrap();
        let base = Base {
            scheme: Scheme::Http,
            host: "127.0.0.1".to_owned(),
            port: address.port(),
            prefix: String::new(),
        };
        let failed = connection.exchange(&get("/"), &base, ALL).await;
        assert!(!connection.is_open());
        failed.unwrap_err()
    });
    thread.join().unwrap();
    assert_eq!(failed.kind, FailureKind::Broken);
    assert!(failed.what.starts_with("no HTTP/2 came back: "), "{failed}");
}

#[test]
fn after_a_goodbye_the_connection_is_not_open_and_what_it_refused_may_be_sent_again() {
    let server = Server::start(on_root(Reply::text("x")).keep_alive(2));
    run(async {
        let mut connection = opened(&server).await;
        ask(&mut connection, &server, "/").await.unwrap();
        assert!(connection.is_open());
        ask(&mut connection, &server, "/").await.unwrap();
        let start = Instant::now();
        while connection.is_open() && start.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(MS).await;
        }
        assert!(!connection.is_open());
        let failed = ask(&mut connection, &server, "/").await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::Broken);
        assert!(connection.was_stale(), "{failed}");
    });
    assert_eq!(server.log().len(), 2);
}

#[test]
fn a_server_that_dies_closes_its_connections() {
    let server = Server::start(on_root(Reply::silence()));
    let base = base(&server);
    run(async {
        let mut connection = opened(&server).await;
        let root = get("/");
        let asking = connection.exchange(&root, &base, ALL);
        let dying = async {
            while server.log().len() == 0 {
                tokio::time::sleep(MS).await;
            }
            drop(server);
        };
        let (answer, ()) = tokio::join!(asking, dying);
        assert_eq!(answer.unwrap_err().kind, FailureKind::Broken);
        assert!(!connection.is_open());
    });
}

#[test]
fn a_body_without_end_is_cut_where_it_is_wanted_and_can_be_left_where_it_is_not() {
    let script = Script::new()
        .on("/endless", |_| Reply::body(Body::Endless))
        .on("/", |_| Reply::text("still here"));
    let server = Server::start(script);
    run(async {
        let mut connection = opened(&server).await;
        let failure = ask(&mut connection, &server, "/endless").await.unwrap_err();
        assert!(failure.what.contains("more than 16 MiB"), "{failure}");
        let (endless, base) = (get("/endless"), base(&server));
        let unwanted = connection.exchange(&endless, &base, Wanted::default());
        assert!(tokio::time::timeout(100 * MS, unwanted).await.is_err());
        for _ in 0..3 {
            let answer = ask(&mut connection, &server, "/").await.unwrap();
            assert_eq!(answer.body, "still here");
        }
    });
    assert_eq!(server.connections(), 1);
}

async fn socket(server: &Server, path: &str) -> Result<WebSocket<TcpStream>, Failure> {
    let headers = [("x-token".to_owned(), "t".to_owned())];
    websocket::connect(tcp(server).await, &base(server), path, &headers).await
}

fn echoing(echo: Echo) -> Server {
    Server::start(
        Script::new().on("/ws", move |asked| match asked.header("x-token") {
            Some("t") => Reply::socket(echo.clone()),
            _ => Reply::status(403),
        }),
    )
}

#[test]
fn a_round_trip_takes_as_long_as_its_answer() {
    let server = echoing(Echo {
        delay: 20 * MS,
        ..Echo::default()
    });
    run(async {
        let mut socket = socket(&server, "/ws?room=1").await.unwrap();
        assert_eq!(server.log().0[0].query, "room=1");
        for _ in 0..3 {
            let start = Instant::now();
            socket.round_trip("hello", None).await.unwrap();
            let took = start.elapsed();
            assert!(took >= 20 * MS && took < 60 * MS, "{took:?}");
        }
        assert_eq!(server.open(), 1);
        socket.close().await;
        while server.open() > 0 {
            tokio::time::sleep(MS).await;
        }
    });
}

#[test]
fn the_answer_that_is_awaited_ends_the_trip_and_others_do_not() {
    let server = echoing(Echo {
        preamble: vec!["noise".to_owned(), "more noise".to_owned()],
        pings: true,
        ..Echo::default()
    });
    run(async {
        let mut socket = socket(&server, "/ws").await.unwrap();
        for number in 0..20 {
            let words = format!("order {number};");
            // Would be out of step with the server if noise ended it, and stand still without pongs.
            socket.round_trip(&words, Some(&words)).await.unwrap();
        }
        let waits = socket.round_trip("a", Some("never said"));
        assert!(tokio::time::timeout(50 * MS, waits).await.is_err());
    });
}

#[test]
fn a_refused_upgrade_is_its_status() {
    let server = echoing(Echo::default());
    run(async {
        let base = base(&server);
        let stream = tcp(&server).await;
        let refused = websocket::connect(stream, &base, "/ws", &[]).await;
        let refused = refused.err().unwrap();
        assert_eq!(
            refused.to_string(),
            "status: the service answered the upgrade with status 403"
        );
        let failed = socket(&server, "/none").await.err().unwrap();
        assert!(failed.what.ends_with("404"), "{failed}");
    });
    let plain = Server::start(Script::new().on("/ws", |_| Reply::hang_up()));
    let failed = run(async { socket(&plain, "/ws").await.err().unwrap() });
    assert_eq!(failed.kind, FailureKind::Broken);
}

#[test]
fn a_socket_that_the_service_closes_is_told_with_its_reason() {
    let server = echoing(Echo {
        closes_at: Some(1),
        ..Echo::default()
    });
    run(async {
        let mut socket = socket(&server, "/ws").await.unwrap();
        socket.round_trip("one", Some("one")).await.unwrap();
        let failed = socket.round_trip("two", None).await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            "broken: the service closed the WebSocket: 1001, enough"
        );
        let failed = socket.round_trip("three", None).await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::Broken);
        socket.close().await;
    });
}

#[test]
fn a_talk_is_all_of_its_round_trips() {
    let server = echoing(Echo {
        delay: 5 * MS,
        ..Echo::default()
    });
    let message = |send: &str, times| RenderedMessage {
        send: send.to_owned(),
        awaits: Some(send.to_owned()),
        times: NonZeroUsize::new(times).unwrap(),
    };
    run(async {
        let messages = [message("join", 1), message("say", 4)];
        let mut trips = Vec::new();
        let mut open = socket(&server, "/ws").await.unwrap();
        open.talk(&messages, &mut trips, &mut |_| {}).await.unwrap();
        open.close().await;
        assert_eq!(trips.len(), 5);
        assert!(trips.iter().all(|trip| *trip >= 5 * MS), "{trips:?}");
        let bad = [("x".to_owned(), "a\nb".to_owned())];
        let stream = tcp(&server).await;
        let failed = websocket::connect(stream, &base(&server), "/ws", &bad).await;
        assert_eq!(
            failed.err().unwrap().to_string(),
            "check: header `x`: its value cannot be sent"
        );
    });
}
