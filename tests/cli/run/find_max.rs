//! `perfgate run --find-max` against a service of known capacity.

use std::time::{Duration, Instant};

use super::desk::{Desk, scenario, shop};
use crate::support::server::{Reply, Script, Server};

/// One request after the other, each for so long.
fn queue(takes: Duration) -> Server {
    let mut free = Instant::now();
    Server::start(Script::new().on("/items", move |_| {
        let now = Instant::now();
        free = free.max(now) + takes;
        Reply::text("ok").after(free - now)
    }))
}

#[test]
fn the_largest_rate_is_found_and_kept_in_a_baseline_and_judged() {
    let (desk, server) = (Desk::new(), queue(Duration::from_millis(10)));
    let url = server.url("/items");
    let line = format!(
        "run {url} --rate 80 --for 1s --find-max latency.p50<50ms,errors<1% --output out/run.json"
    );
    let said = desk.ends(&line, 0);
    assert!(said.out.contains("capacity: "), "{}", said.out);
    assert!(
        said.err.contains("80.0/s holds: latency.p50 "),
        "{}",
        said.err
    );
    assert!(said.err.contains("160.0/s breaks: "), "{}", said.err);
    let capacity = &desk.document("out/run.json")["subjects"]["GET /items"]["capacity"];
    let value = capacity["value"].as_f64().unwrap();
    assert!((85.0..=110.0).contains(&value), "{value}: {}", said.err);
    assert_eq!(capacity["unit"], "iterations/s", "{capacity}");
    desk.ends("baseline update --baseline main.json out/run.json", 0);
    let slower = desk
        .read("out/run.json")
        .replace(&format!("{value}"), &format!("{}", value / 2.0));
    desk.write("out/slower.json", &slower);
    let checked = desk.ends("inspect out/slower.json", 0);
    assert!(checked.out.contains("capacity"), "{}", checked.out);
}

#[test]
fn a_service_that_breaks_at_once_is_an_error_that_says_what_broke() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/items", |_| {
        Reply::text("ok").after(Duration::from_millis(60))
    }));
    let url = server.url("/items");
    let line = format!("run {url} --rate 20 --for 1s --find-max latency.p50<10ms");
    let said = desk.ends(&line, 2);
    assert!(
        said.err.contains("breaks already: latency.p50 6"),
        "{}",
        said.err
    );
    assert!(!desk.has("perfgate-results"), "it holds nothing");
}

#[test]
fn what_cannot_be_searched_is_refused_before_any_load() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("users.toml", &scenario(&server, 1.0, ""));
    let url = server.url("/items");
    for (line, why) in [
        (
            "run users.toml --find-max errors<1%".to_owned(),
            "no rate is asked for",
        ),
        (
            format!("run {url} --find-max latensy.p99<1s"),
            "did you mean `latency`?",
        ),
        (
            format!("run {url} --users 3 --find-max errors<1%"),
            "cannot be used with",
        ),
    ] {
        let said = desk.ends(&line, 2);
        assert!(said.err.contains(why), "{}", said.err);
    }
    assert_eq!(server.log().of("/items").0.len(), 0);
}
