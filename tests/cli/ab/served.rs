//! The service that the tests measure: this test binary once more, with work, failures and an end by its environment.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static ASKED: AtomicU64 = AtomicU64::new(0);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What starts it, with these variables; `{port}` is filled in by whoever starts it.
pub(crate) fn command(variables: &str) -> String {
    let server = std::env::current_exe().unwrap();
    let server = server.display();
    format!(
        "LISTEN={{port}} {variables} exec '{server}' --exact --ignored --nocapture ab::served::serving"
    )
}

#[test]
#[ignore = "the service of the tests, which run it as a process"]
fn serving() {
    if std::env::var_os("BROKEN").is_some() {
        eprintln!("no such database");
        std::process::exit(3);
    }
    let port = u16::try_from(number("LISTEN").unwrap()).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    if let Some(life) = number("LIFE") {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(life));
            println!("my life is over");
            std::process::exit(7);
        });
    }
    for stream in listener.incoming() {
        thread::spawn(move || answer(stream.unwrap()));
    }
}

/// Every request of a connection, which has no body.
fn answer(mut stream: TcpStream) {
    let work = Duration::from_micros(number("WORK_US").unwrap_or(0));
    let spins = Duration::from_micros(number("SPIN_US").unwrap_or(0));
    let fails = number("FAILS_EVERY");
    let mut buffer = [0; 4096];
    let mut waiting = Vec::new();
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        waiting.extend_from_slice(&buffer[..read]);
        while let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
            waiting.drain(..end + 4);
            thread::sleep(work);
            let begun = Instant::now();
            while begun.elapsed() < spins {
                std::hint::spin_loop();
            }
            let asked = ASKED.fetch_add(1, Ordering::Relaxed);
            let failed = fails.is_some_and(|every| asked % every == every - 1);
            let status = if failed { "500 Broken" } else { "200 OK" };
            let reply = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok");
            if stream.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    }
}
