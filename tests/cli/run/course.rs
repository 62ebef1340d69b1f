//! What a service does in the course of a run: it gets slower, or one of its endpoints goes away.

use std::time::{Duration, Instant};

use perfgate::model::run_file;

use super::desk::Desk;
use crate::support::server::{Reply, Script, Server};

/// How long after the first request that the service was asked.
fn since_first() -> impl FnMut() -> f64 + Send {
    let mut first = None;
    move || {
        first
            .get_or_insert_with(Instant::now)
            .elapsed()
            .as_secs_f64()
    }
}

fn number(run: &serde_json::Value, subject: &str, metric: &str) -> f64 {
    let value = &run["subjects"][subject][metric]["value"];
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{subject} {metric}: {run}"))
}

#[test]
fn a_service_that_gets_slower_in_the_middle_is_told_measured_and_drawn() {
    let desk = Desk::new();
    let mut clock = since_first();
    let server = Server::start(Script::new().on("/items", move |_| {
        let slow = clock() >= 3.0;
        Reply::text("ok").after(Duration::from_millis(if slow { 40 } else { 8 }))
    }));
    let url = server.url("/items");
    let said = desk.ends(
        &format!("run {url} --users 4 --for 6s --output run.json"),
        0,
    );
    let told = "warning: latency of `GET /items` rose from ";
    assert!(said.out.contains(told), "{}", said.out);
    let stayed = ["at 0:02 and stayed", "at 0:03 and stayed"];
    assert!(
        stayed.iter().any(|end| said.out.contains(end)),
        "{}",
        said.out
    );
    let run = desk.document("run.json");
    for metric in ["latency_trend", "step"] {
        let rise = number(&run, "GET /items", metric);
        assert!((200.0..500.0).contains(&rise), "{metric}: {rise}");
    }
    assert_eq!(number(&run, "GET /items", "errors_trend"), 0.0);

    // What a page draws.
    let [read] = run_file::parse(&desk.read("run.json"))
        .unwrap()
        .try_into()
        .unwrap();
    let timeline = read.timeline.unwrap();
    let slices = timeline.slices("GET /items");
    let of = |from: f64, until: f64| -> Vec<f64> {
        let within = |start: f64| (from..until).contains(&start);
        let within = slices.iter().filter(|slice| within(slice.start(&timeline)));
        within.filter_map(|slice| slice.latency(0.5)).collect()
    };
    assert!(
        of(0.5, 2.0).iter().all(|ms| (7.0..25.0).contains(ms)),
        "{slices:?}"
    );
    assert!(
        of(4.0, 5.5).iter().all(|ms| (35.0..90.0).contains(ms)),
        "{slices:?}"
    );
    let counted: u64 = slices.iter().map(|slice| slice.requests()).sum();
    assert_eq!(run["subjects"]["GET /items"]["errors"]["of"], counted);

    desk.ends("baseline update --baseline main.json run.json", 0);
    let baseline = desk.read("main.json");
    assert!(baseline.contains("latency_trend") && !baseline.contains("timeline"));

    // A target needs no baseline.
    desk.write(
        "perfgate.toml",
        "[[rule]]\nsubject = \"*\"\nmetric = \"latency_trend\"\nbudget = \"10%\"\n",
    );
    let judged = desk.ends("check --targets run.json", 1);
    assert!(judged.out.contains("latency_trend"), "{}", judged.out);
}

#[test]
fn an_endpoint_that_fails_for_two_seconds_has_an_outage_of_its_own() {
    let desk = Desk::new();
    let mut clock = since_first();
    let server = Server::start(Script::new().on("/*", move |asked| {
        let down = (2.0..4.0).contains(&clock()) && asked.path == "/down";
        let reply = if down {
            Reply::status(503)
        } else {
            Reply::text("ok")
        };
        reply.after(Duration::from_millis(5))
    }));
    desk.write(
        "shop.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nget = \"/items\"\n[[step]]\nget = \"/down\"\n[load]\nusers = 2\nduration = \"6s\"\n",
            server.url("")
        ),
    );
    let said = desk.ends("run shop.toml --output run.json", 0);
    let run = desk.document("run.json");
    for metric in ["outage", "outage_longest"] {
        let seconds = number(&run, "GET /down", metric);
        assert!((1.7..2.4).contains(&seconds), "{metric}: {seconds}");
        assert_eq!(number(&run, "GET /items", metric), 0.0);
        assert_eq!(number(&run, "total", metric), 0.0);
    }
    let told = "warning: no request of `GET /down` succeeded for ";
    assert!(said.out.contains(told), "{}", said.out);
}
