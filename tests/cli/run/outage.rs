//! Services that go away, and a machine that cannot send: each is told as what it is.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::{Desk, finished};
use crate::support::server::{Reply, Script, Server};

/// Serves at one address when it is told to; closes everything when it is not.
struct Fragile {
    address: SocketAddr,
    up: Arc<AtomicBool>,
}

impl Fragile {
    fn start() -> Self {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap();
        let up = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&up);
        thread::spawn(move || {
            let mut listener = Some(first);
            let open: Mutex<Vec<TcpStream>> = Mutex::default();
            loop {
                match (&listener, told.load(Ordering::Relaxed)) {
                    (Some(socket), true) => {
                        socket.set_nonblocking(true).unwrap();
                        if let Ok((stream, _)) = socket.accept() {
                            stream.set_nonblocking(false).unwrap();
                            open.lock().unwrap().push(stream.try_clone().unwrap());
                            thread::spawn(move || answer(stream));
                            continue;
                        }
                    }
                    (Some(_), false) => {
                        listener = None;
                        for stream in open.lock().unwrap().drain(..) {
                            stream.shutdown(Shutdown::Both).ok();
                        }
                    }
                    (None, true) => listener = TcpListener::bind(address).ok(),
                    (None, false) => {}
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self { address, up }
    }

    fn turn(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }
}

fn answer(mut stream: TcpStream) {
    let mut seen = [0; 4096];
    while stream.read(&mut seen).is_ok_and(|read| read > 0) {
        thread::sleep(Duration::from_millis(1));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

fn outage(desk: &Desk, subject: &str) -> f64 {
    let outage = &desk.document("run.json")["subjects"][subject]["outage"];
    assert_eq!(
        (&outage["unit"], &outage["better"]),
        (&"s".into(), &"lower".into())
    );
    outage["value"].as_f64().unwrap()
}

/// From the start of counting, whenever that is on a busy machine.
fn gone(load: &str, back: bool, code: i32) -> (Desk, String, f64) {
    let (desk, service) = (Desk::new(), Fragile::start());
    let line = format!("run {}/ {load} --for 4s --output run.json", service.address);
    let child = desk.spawn(&line);
    thread::sleep(Duration::from_millis(1500));
    service.turn(false);
    let begun = Instant::now();
    if back {
        thread::sleep(Duration::from_millis(1200));
        service.turn(true);
    }
    let away = begun.elapsed().as_secs_f64();
    let said = finished(child, &line, code);
    (desk, said.out + &said.err, away)
}

#[test]
fn a_service_that_was_away_is_told_and_measured_in_seconds() {
    for load in ["--users 4", "--users 1"] {
        let (desk, said, away) = gone(load, true, 0);
        let measured = outage(&desk, "GET /");
        // Users whose connection is refused wait a tenth of a second before they try again.
        assert!(
            (measured - away).abs() < 0.3,
            "{load}: {measured} of {away}: {said}"
        );
        let told = format!("GET /: no request succeeded for {measured:.1} s, from ");
        assert!(said.contains(&told), "{load}: {said}");
    }
}

#[test]
fn a_service_that_died_is_no_run_that_went_well() {
    let (desk, said, _) = gone("--users 4", false, 2);
    let measured = outage(&desk, "GET /");
    assert!((1.5..3.5).contains(&measured), "{measured}: {said}");
    let told = said
        .split_once("no request succeeded in the last ")
        .and_then(|(_, rest)| rest.split_once("s of the run"))
        .and_then(|(seconds, _)| seconds.parse::<f64>().ok());
    assert!(
        told.is_some_and(|told| (told - measured).abs() < 0.01),
        "{said}"
    );
    let run = desk.document("run.json");
    assert!(run["invalid"].is_null(), "the run can be judged");
    assert!(!said.contains("next:"), "{said}");
}

/// Users that wait see a service that stands still in a handful of requests.
#[test]
fn a_service_that_stands_still_is_away_too() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/", |asked| {
        Reply::text("ok").after(match asked.number {
            200..204 => Duration::from_millis(1300),
            _ => Duration::from_millis(5),
        })
    }));
    desk.ends(
        &format!(
            "run {} --users 4 --for 4s --output run.json",
            server.url("/")
        ),
        0,
    );
    let measured = outage(&desk, "GET /");
    assert!((1.2..1.6).contains(&measured), "{measured}");
}

#[test]
fn a_service_that_is_well_has_no_outage_however_slow_it_is() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/*", |asked| match asked.path.as_str() {
        "/slow" => Reply::text("ok").after(Duration::from_millis(700)),
        _ => Reply::status(if asked.number % 3 == 0 { 500 } else { 200 }),
    }));
    desk.write(
        "slow.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nget = \"/slow\"\n[[step]]\nget = \"/some\"\n[load]\nusers = 3\nduration = \"3s\"\n",
            server.url("")
        ),
    );
    let said = desk.ends("run slow.toml --output run.json", 0);
    // One request in six fails: no run to hold later ones against.
    assert!(!said.out.contains("next:"), "{}", said.out);
    assert_eq!(outage(&desk, "total"), 0.0);
    assert_eq!(outage(&desk, "GET /slow"), 0.0);
}

/// What this machine could not send is no error of a service that was never asked.
#[test]
fn requests_without_a_file_handle_are_the_generators() {
    let desk = Desk::new();
    let server = Server::start(
        Script::new().on("/", |_| Reply::text("ok").after(Duration::from_millis(900))),
    );
    let program = env!("CARGO_BIN_EXE_perfgate");
    let line = format!(
        "ulimit -n 40; exec '{program}' run {} --rate 100 --for 1s --output run.json",
        server.url("/")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]);
    desk.at_home(&mut command);
    let said = finished(command.spawn().unwrap(), &line, 2);
    let run = desk.document("run.json");
    let get = &run["subjects"]["GET /"];
    assert_eq!(get["errors"]["count"], 0, "{run}");
    assert!(
        get["errors_connect"].is_null() && get["errors_local"].is_null(),
        "{run}"
    );
    let unable = run["subjects"]["generator"]["unable"]["value"]
        .as_f64()
        .unwrap();
    assert_eq!(unable + get["errors"]["of"].as_f64().unwrap(), 100.0);
    let why = run["invalid"].as_str().unwrap();
    let told = format!("this machine could not send {unable} of 100 requests: connect to ");
    assert!(
        why.starts_with(&told) && why.contains("open files"),
        "{why}"
    );
    assert!(said.out.contains("not sent: "), "{}", said.out);
    assert!(!said.out.contains("failed: "), "{}", said.out);
}

#[cfg(target_os = "linux")]
#[test]
fn users_that_this_machine_cannot_have_are_refused_before_the_first() {
    let (desk, server) = (Desk::new(), super::desk::shop());
    let begun = Instant::now();
    let url = server.url("/items");
    let said = desk.ends(
        &format!("run {url} --users 1000000 --for 1s --output run.json"),
        2,
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(
        said.err
            .contains("put on 1000000 users: they need 1000000 connections"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("hint: raise that limit, "),
        "{}",
        said.err
    );
    assert!(!desk.has("run.json") && server.connections() == 0);
}
