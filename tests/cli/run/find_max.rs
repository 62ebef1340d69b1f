//! `perfgate run --find-max` against a service of known capacity.

use std::time::{Duration, Instant};

use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit, run_file,
};
use serde_json::Value;

use super::desk::{Desk, document, scenario, shop};
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
fn the_largest_rate_is_found_and_kept_in_the_run() {
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
}

fn capacity_of(desk: &Desk) -> f64 {
    let capacity = &desk.document("run.json")["subjects"]["GET /items"]["capacity"];
    capacity["value"].as_f64().unwrap()
}

/// Five searches of one session, which found about as much. What else their levels measured is fixed.
fn searches(desk: &Desk, session: &str, capacity: f64) {
    let runs = [0.99, 1.0, 1.01, 0.995, 1.005].map(|by| {
        let mut run = Run::default();
        run.provenance.session = Some(session.to_owned());
        for (metric, unit, role, better, value) in [
            (
                "capacity",
                "iterations/s",
                Role::Outcome,
                Better::Higher,
                capacity * by,
            ),
            (
                "throughput",
                "req/s",
                Role::Fixed,
                Better::Higher,
                capacity * by,
            ),
            ("latency", "ms", Role::Fixed, Better::Lower, 1e4 / capacity),
        ] {
            let measured = Measurement {
                unit: Unit::new(unit),
                better,
                role,
                evidence: Evidence::value(value).unwrap(),
            };
            run.insert(
                Subject::new("GET /items"),
                MetricName::new(metric),
                measured,
            );
        }
        document(&run_file::write(&run))
    });
    desk.write(
        &format!("out/{session}.json"),
        &Value::from(runs.to_vec()).to_string(),
    );
}

#[test]
fn a_baseline_holds_the_capacity_less_of_it_is_red_and_a_budget_needs_no_baseline() {
    let desk = Desk::new();
    for (session, capacity) in [
        ("main", 480.0),
        ("same", 482.0),
        ("less", 340.0),
        ("more", 700.0),
    ] {
        searches(&desk, session, capacity);
    }
    desk.ends("baseline update --baseline main.json out/main.json", 0);
    for (session, code) in [("same", 0), ("less", 1), ("more", 0)] {
        let line = format!("check --baseline main.json out/{session}.json --format json");
        let verdict: Value = serde_json::from_str(&desk.ends(&line, code).out).unwrap();
        let rows = verdict["comparisons"].as_array().unwrap();
        // What else the level measured is of a rate that no two searches share.
        let gated: Vec<&str> = rows
            .iter()
            .filter(|row| row["gated"] == true)
            .map(|row| row["metric"].as_str().unwrap())
            .collect();
        assert_eq!(gated, ["capacity"], "{verdict}");
    }
    let budget = |least: u32| {
        format!("[[rule]]\nmetric = \"capacity\"\nbudget = \"{least} iterations/s\"\n")
    };
    for (least, code) in [(450, 0), (500, 1)] {
        desk.write("perfgate.toml", &budget(least));
        let said = desk.ends("check --targets out/main.json", code);
        assert!(said.out.contains("capacity"), "{}", said.out);
    }
}

/// Twenty services of different capacities, each searched as a user would. It says what a page of the documentation
/// promises, and needs a machine of its own for a quarter of an hour:
/// `cargo test --release --test cli find_max -- --ignored --nocapture`.
#[test]
#[ignore = "takes a quarter of an hour, on a machine that does nothing else"]
fn eighteen_of_twenty_searches_land_within_five_percent_of_the_true_capacity() {
    let mut random = fastrand::Rng::with_seed(20);
    let mut within = 0;
    for search in 0..20 {
        // From 60 to 600 a second.
        let capacity = 60.0 * 10_f64.powf(random.f64());
        let server = queue(Duration::from_secs_f64(1.0 / capacity));
        let (desk, url) = (Desk::new(), server.url("/items"));
        let line =
            format!("run {url} --for 3s --find-max latency.p90<100ms,errors<1% --output run.json");
        let began = Instant::now();
        let ended = desk.command(&line).output().unwrap();
        let found = ended.status.success().then(|| capacity_of(&desk));
        if found.is_none() {
            println!("{}", String::from_utf8_lossy(&ended.stderr));
        }
        let off = found.map(|found| (found / capacity - 1.0) * 100.0);
        within += usize::from(off.is_some_and(|off| off.abs() <= 5.0));
        let told = off.map_or_else(|| "nothing found".to_owned(), |off| format!("{off:+.1} %"));
        let seconds = began.elapsed().as_secs_f64();
        println!("search {search}: capacity {capacity:.1}/s, {told}, {seconds:.0} s");
    }
    println!("{within} of 20 within 5 %");
    assert!(within >= 18, "{within} of 20");
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
