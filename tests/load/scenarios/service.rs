//! A service that perfgate starts, watches and ends: this test binary once more.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::loaded::{Around, based, load, refused};

static ANSWERED: AtomicU64 = AtomicU64::new(0);

#[test]
#[ignore = "the service of the tests, which run it as a process"]
fn serving() {
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    if let Ok(life) = std::env::var("LIFE") {
        let life = Duration::from_millis(life.parse().unwrap());
        std::thread::spawn(move || {
            std::thread::sleep(life);
            println!("out of memory, or so");
            std::process::exit(7);
        });
    }
    for stream in listener.incoming() {
        std::thread::spawn(move || answer(stream.unwrap()));
    }
}

fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(first)) = lines.next() {
        while !lines.next().unwrap().unwrap().is_empty() {}
        let page = if first.starts_with("GET /metrics") {
            let answered = ANSWERED.load(Ordering::Relaxed);
            format!(
                "# TYPE work_total counter\nwork_total{{kind=\"x\"}} {answered}\nheap_bytes 4096\n"
            )
        } else {
            ANSWERED.fetch_add(1, Ordering::Relaxed);
            "ok".to_owned()
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", page.len());
        if stream.write_all((head + &page).as_bytes()).is_err() {
            return;
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn with_service(port: u16, life: &str, rest: &str) -> perfgate::load::Scenario {
    let binary = std::env::current_exe().unwrap();
    let text = format!(
        r#"
        {rest}
        [service]
        command = '{life} exec "$BINARY" --exact --ignored --nocapture scenarios::service::serving'
        env = {{ BINARY = '{}', PORT = "{port}" }}
        ready = {{ url = "/health" }}
        "#,
        binary.display()
    );
    let base = format!("http://127.0.0.1:{port}");
    let mut scenario = based(&base, &text, &Around::default());
    if let Some(service) = &mut scenario.service {
        service.folder = std::env::temp_dir();
    }
    scenario
}

#[test]
fn a_service_is_started_watched_and_ended() {
    let port = free_port();
    let rest = r#"
        [[step]]
        get = "/"
        [load]
        rate = 100
        duration = "1200ms"
        [[watch]]
        service = true
        [[watch]]
        name = "shop"
        prometheus = "/metrics"
        metrics = [
            { name = "work_total", better = "lower" },
            { name = "heap_bytes", unit = "B", better = "lower" },
        ]
    "#;
    let run = load(&with_service(port, "", rest));
    run.is_clean("GET /", 120);
    assert_eq!(run.number("shop", "heap_bytes"), 4096.0);
    let work = run.number("shop", "work_total");
    assert!((100.0..=121.0).contains(&work), "{work}");
    for metric in ["cpu", "rss", "rss_peak", "read", "written", "open_files"] {
        assert!(run.number("service", metric) >= 0.0, "{metric}");
    }
    assert!(run.number("service", "rss") > 0.5);
    assert!(run.number("service", "open_files") > 3.0);
    // On a busy machine a percentile may be left out too.
    let warnings = run.0.run.warnings.iter();
    let warnings: Vec<&String> = warnings
        .filter(|warning| !warning.contains("the load generator was late"))
        .collect();
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("`rss_growth` is left out"),
        "{warnings:?}"
    );
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn a_service_that_dies_in_mid_run_ends_the_run_with_its_last_words() {
    let rest = r#"
        [[step]]
        get = "/"
        [load]
        users = 3
        think = "5ms"
        duration = "20s"
    "#;
    let begin = Instant::now();
    let why = refused(&with_service(free_port(), "LIFE=600", rest));
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        why.contains("ended with exit status 7") && why.contains("out of memory, or so"),
        "{why}"
    );
}
