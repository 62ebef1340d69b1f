//! The scripted server does what its script says, shown by clients that are nothing but a socket: what other tests
//! measure against it can be believed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::server::{self, Asked, Body, Ending, Reply, Script, Server, Spread};

const MS: Duration = Duration::from_millis(1);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n")
}

fn send(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

/// One answer with a length, or a head alone.
fn answer(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn asks(stream: &TcpStream, text: &str) -> String {
    send(stream, text);
    answer(stream)
}

/// Everything until the end, and how it ended.
fn all(mut stream: &TcpStream) -> (String, Option<ErrorKind>) {
    let mut text = Vec::new();
    let end = stream.read_to_end(&mut text).err();
    let text = String::from_utf8(text).unwrap();
    (text, end.map(|error| error.kind()))
}

fn alone(path: &str, reply: impl FnMut(&Asked) -> Reply + Send + 'static) -> (Server, TcpStream) {
    let server = Server::start(Script::new().on(path, reply));
    let stream = connect(&server);
    (server, stream)
}

/// From sending to the first byte, of so many requests one behind the other, the shortest first.
fn measured(stream: &TcpStream, path: &str, requests: usize) -> Vec<Duration> {
    let took = |_| {
        let start = Instant::now();
        send(stream, &get(path));
        stream.peek(&mut [0]).unwrap();
        let took = start.elapsed();
        answer(stream);
        took
    };
    let mut all: Vec<Duration> = (0..requests).map(took).collect();
    all.sort();
    all
}

fn near(found: Duration, truth: Duration) {
    let allowed = truth / 100 + Duration::from_micros(50);
    assert!(
        found.abs_diff(truth) <= allowed,
        "{found:?}, and {truth:?} is the truth"
    );
}

#[test]
fn an_answer_comes_when_the_script_says() {
    for latency in [Duration::from_micros(300), 2 * MS, 20 * MS] {
        let script = Script::new().on("/", move |_| Reply::text("x").after(latency));
        let server = Server::start(script.awake());
        let seen = measured(&connect(&server), "/", 40);
        assert!(seen[0] >= latency, "never too early");
        // The least disturbed ones, for other tests run beside this one; the way there and back is the client's.
        let way = Duration::from_micros(100);
        near(seen[0].saturating_sub(way).max(latency), latency);
        near(server.log().quantile(0.25), latency);
    }
}

#[test]
fn quantiles_of_a_spread_are_those_that_were_said() {
    let spread = Spread::new(&[(0.0, MS), (0.5, 2 * MS), (0.99, 5 * MS), (1.0, 50 * MS)]);
    let mut thousand: Vec<Duration> = (7_000..8_000).map(|number| spread.of(number)).collect();
    assert!(thousand[0].abs_diff(thousand[1]) > MS / 10, "mixed");
    thousand.sort();
    for (rank, share, truth) in [
        (500, 0.5, 2 * MS),
        (990, 0.99, 5 * MS),
        (250, 0.25, MS * 3 / 2),
    ] {
        near(thousand[rank - 1], truth);
        near(spread.quantile(share), truth);
    }
    assert!(thousand[999] > 45 * MS && thousand[999] < 50 * MS);
}

#[test]
fn many_wait_at_once_and_each_its_own_time() {
    let server = Server::start(Script::new().on("/*", |asked| {
        let latency: u64 = asked.path[1..].parse().unwrap();
        Reply::text("x").after(Duration::from_millis(latency))
    }));
    let streams: Vec<TcpStream> = (0..100).map(|_| connect(&server)).collect();
    for (stream, latency) in streams.iter().zip((1_u64..=100).rev()) {
        send(stream, &get(&format!("/{latency}")));
    }
    for stream in &streams {
        assert!(answer(stream).ends_with("\r\n\r\nx"));
    }
    let log = server.log();
    let late = |entry: &server::log::Entry| entry.answered.unwrap() - entry.due;
    let mut late: Vec<Duration> = log.0.iter().map(late).collect();
    late.sort();
    assert_eq!(late.len(), 100);
    assert!(late[25] < Duration::from_micros(50), "{:?}", late[25]);
}

#[test]
fn a_stall_holds_every_answer_until_its_end() {
    let script = Script::new()
        .on("/", |_| Reply::text("x"))
        .on("/slow", |_| Reply::text("x").after(30 * MS))
        .stall(50 * MS..150 * MS);
    let server = Server::start(script);
    let streams: Vec<TcpStream> = (0..4).map(|_| connect(&server)).collect();
    let start = Instant::now();
    asks(&streams[0], &get("/"));
    assert!(start.elapsed() < 40 * MS, "before the stall");
    std::thread::sleep((30 * MS).saturating_sub(start.elapsed()));
    send(&streams[1], &get("/slow"));
    std::thread::sleep((100 * MS).saturating_sub(start.elapsed()));
    send(&streams[2], &get("/"));
    answer(&streams[1]);
    assert!(start.elapsed() >= 150 * MS, "due in the stall");
    answer(&streams[2]);
    assert!(start.elapsed() < 190 * MS, "both at its end");
    asks(&streams[3], &get("/"));
    let log = server.log();
    let first = log.0[0].arrived;
    assert_eq!(log.0[1].due - first, 150 * MS);
    assert_eq!(log.0[2].due - first, 150 * MS);
    assert_eq!(log.0[3].due, log.0[3].arrived, "behind the stall");
}

#[test]
fn errors_come_by_count_and_each_route_counts_for_itself() {
    let script = Script::new()
        .on("/flaky", |asked| match asked.number % 3 {
            2 => Reply::status(503),
            _ => Reply::text("fine"),
        })
        .on("/other", |asked| Reply::text(&asked.number.to_string()));
    let server = Server::start(script);
    let stream = connect(&server);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(asks(&stream, &get("/flaky")).contains("503 Service Unavailable"));
        asks(&stream, &get("/other"));
    }
    assert_eq!(seen, [false, false, true, false, false, true]);
    assert!(asks(&stream, &get("/other")).ends_with("\r\n\r\n6"));
    assert!(asks(&stream, &get("/none")).starts_with("HTTP/1.1 404"));
    let failed = server.log().of("/flaky").0;
    let failed = failed.iter().filter(|entry| entry.status == Some(503));
    assert_eq!(failed.count(), 2);
}

#[test]
fn a_reset_is_a_reset_and_a_hang_up_is_an_end() {
    let (_server, stream) = alone("/", |_| Reply::reset());
    send(&stream, &get("/"));
    assert_eq!(
        all(&stream),
        (String::new(), Some(ErrorKind::ConnectionReset))
    );

    let (_server, stream) = alone("/", |_| Reply::hang_up());
    send(&stream, &get("/"));
    assert_eq!(all(&stream), (String::new(), None));

    let (_server, stream) = alone("/", |_| Reply::raw("SSH-2.0-x\r\n"));
    send(&stream, &get("/"));
    assert_eq!(all(&stream), ("SSH-2.0-x\r\n".to_owned(), None));
}

#[test]
fn a_body_may_be_cut_by_an_end_or_by_a_reset() {
    for (ending, end) in [
        (Ending::Close, None),
        (Ending::Reset, Some(ErrorKind::ConnectionReset)),
    ] {
        let (server, stream) = alone("/", move |_| {
            let sent = "half".into();
            Reply::body(Body::Cut {
                sent,
                promised: 8,
                ending,
            })
        });
        send(&stream, &get("/"));
        let (text, ended) = all(&stream);
        assert_eq!(ended, end);
        // A reset may overtake what was sent before it.
        if ending == Ending::Close {
            assert!(text.contains("content-length: 8\r\n") && text.ends_with("\r\n\r\nhalf"));
        }
        assert_eq!(server.log().0[0].answered, None);
    }
}

#[test]
fn a_slow_body_comes_byte_by_byte() {
    let (_server, mut stream) = alone("/", |_| {
        Reply::body(Body::Slow {
            bytes: "abcd".into(),
            pause: 10 * MS,
        })
    });
    send(&stream, &get("/"));
    let mut reads = Vec::new();
    let mut buffer = [0; 1024];
    let start = Instant::now();
    while reads.iter().sum::<usize>() < "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd".len() {
        reads.push(stream.read(&mut buffer).unwrap());
    }
    assert_eq!(reads[1..], [1, 1, 1, 1]);
    assert!(start.elapsed() >= 40 * MS);
}

#[test]
fn an_endless_body_goes_on_until_the_client_leaves() {
    let (server, mut stream) = alone("/", |_| Reply::body(Body::Endless));
    send(&stream, &get("/"));
    let mut much = vec![0; 4 * 1024 * 1024];
    stream.read_exact(&mut much).unwrap();
    assert!(much.starts_with(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4000\r\nxx"));
    assert_eq!(server.open(), 1);
    drop(stream);
    let start = Instant::now();
    while server.open() > 0 {
        assert!(start.elapsed() < Duration::from_secs(5));
        std::thread::sleep(MS);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn silence_lasts() {
    let (server, stream) = alone("/", |_| Reply::silence());
    stream.set_read_timeout(Some(50 * MS)).unwrap();
    send(&stream, &get("/"));
    let (text, end) = all(&stream);
    assert!(text.is_empty());
    assert!(matches!(
        end,
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)
    ));
    assert_eq!(server.log().0[0].answered, None);
}

#[test]
fn chunked_bodies_go_both_ways() {
    let script = Script::new()
        .on("/", |_| {
            Reply::body(Body::Chunked(vec!["one".into(), "sixteen bytes..!".into()]))
                .trailer("x-sum", "19")
        })
        .on("/echo", |asked| Reply::text(&asked.text()));
    let server = Server::start(script);
    let stream = connect(&server);
    let sent =
        "POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert!(asks(&stream, sent).ends_with("\r\n\r\nhello"));
    send(
        &stream,
        "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    let (text, _) = all(&stream);
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        body,
        "3\r\none\r\n10\r\nsixteen bytes..!\r\n0\r\nx-sum: 19\r\n\r\n"
    );
}

#[test]
fn requests_sent_at_once_are_answered_in_their_order() {
    let (_server, stream) = alone("/*", |asked| Reply::text(&asked.path));
    let post = "POST /two HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
    send(&stream, &[&get("/one"), post, &get("/three")].concat());
    for path in ["/one", "/two", "/three"] {
        assert!(answer(&stream).ends_with(path));
    }
}

#[test]
fn a_body_without_a_length_ends_with_its_connection() {
    let (_server, stream) = alone("/", |_| Reply::body(Body::UntilClose("all of it".into())));
    send(&stream, &get("/"));
    let (text, end) = all(&stream);
    assert!(text.contains("connection: close\r\n") && text.ends_with("\r\n\r\nall of it"));
    assert!(!text.contains("content-length") && end.is_none());
}

#[test]
fn connections_end_when_their_requests_are_used_up() {
    let reply = |_: &Asked| Reply::text("x");
    for announced in [true, false] {
        let script = Script::new().on("/", reply);
        let server = Server::start(match announced {
            true => script.keep_alive(2),
            false => script.leaves_silently_after(2),
        });
        let stream = connect(&server);
        assert!(!asks(&stream, &get("/")).contains("close"));
        assert_eq!(asks(&stream, &get("/")).contains("close"), announced);
        assert_eq!(all(&stream), (String::new(), None));
    }
}

#[test]
fn arrivals_are_written_down_with_their_instants() {
    let (server, stream) = alone("/", |_| Reply::text("x"));
    let start = Instant::now();
    for number in 0..10 {
        let due = 10 * MS * number + 2 * MS;
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        asks(&stream, &get("/"));
    }
    let log = server.log();
    assert_eq!(log.len(), 10);
    let counts = log.arrivals_per(20 * MS);
    assert_eq!(counts.iter().sum::<usize>(), 10);
    assert!(counts.len() >= 4, "{counts:?}");
    assert!(log.0.iter().all(|entry| entry.method == "GET"));
}

#[test]
fn the_site_keeps_users() {
    let server = Server::start(Script::site());
    let stream = connect(&server);
    let with = |method: &str, path: &str, body: &str| {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n");
        asks(&stream, &(head + body))
    };
    let created = with("POST", "/users", r#"{"name":"Grace"}"#);
    assert!(created.contains("201 Created") && created.contains("location: /users/2\r\n"));
    assert!(with("GET", "/users/2", "").ends_with(r#"{"id":2,"name":"Grace"}"#));
    assert!(with("PUT", "/users/2", r#"{"name":"Hopper"}"#).contains("200 OK"));
    let listed = with("GET", "/users", "");
    assert!(listed.ends_with(r#"{"users":[{"id":1,"name":"Ada"},{"id":2,"name":"Hopper"}]}"#));
    assert!(with("DELETE", "/users/2", "").contains("204 No Content"));
    assert!(with("GET", "/users/2", "").contains("404"));
    assert!(with("POST", "/users", "no").contains("400"));
    let asked = r#"{"query":"query($id: ID!) { user(id: $id) { name } }","variables":{"id":1}}"#;
    assert!(
        with("POST", "/graphql", asked).ends_with(r#"{"data":{"user":{"id":1,"name":"Ada"}}}"#)
    );
}

#[test]
fn the_site_knows_cookies_tokens_passwords_and_redirects() {
    let server = Server::start(Script::site());
    let stream = connect(&server);
    let with = |path: &str, header: &str| {
        asks(
            &stream,
            &format!("GET {path} HTTP/1.1\r\nhost: x\r\n{header}\r\n"),
        )
    };
    assert!(with("/me", "").contains("401"));
    assert!(with("/login", "").contains("set-cookie: session=s0; Path=/; HttpOnly\r\n"));
    assert!(with("/me", "Cookie: a=b; session=s0\r\n").ends_with(r#"{"session":"s0"}"#));
    assert!(with("/private", "").contains("401"));
    assert!(with("/token", "").ends_with(r#"{"token":"t-0"}"#));
    assert!(with("/private", "Authorization: Bearer t-0\r\n").contains("200"));
    assert!(with("/basic", "").contains("www-authenticate: Basic"));
    assert!(with("/basic", "Authorization: Basic YWRhOnNlY3JldA==\r\n").contains("200"));
    let moved = with("/moved?status=307&to=/echo", "");
    assert!(moved.contains("307 Temporary Redirect") && moved.contains("location: /echo\r\n"));
    assert!(with("/status/418", "").contains("418"));
    assert!(with("/headers", "X-One: 1\r\n").ends_with(r#"{"host":"x","x-one":"1"}"#));
}

#[test]
fn a_server_that_is_gone_takes_its_connections_along() {
    let (server, stream) = alone("/", |_| Reply::text("x"));
    asks(&stream, &get("/"));
    let address = server.address();
    drop(server);
    let (text, _) = all(&stream);
    assert_eq!(text, "");
    for address in [address, server::nobody()] {
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}
