//! How much load there is, when, and what of it is counted: the server's log against the figures.

use std::time::{Duration, Instant};

use super::loaded::{Loaded, loaded};
use crate::support::server::{Reply, Script, Server};

fn site() -> Server {
    let short = Duration::from_millis(2);
    Server::start(Script::new().on("/*", move |_| Reply::text("ok").after(short)))
}

/// With one step.
fn put(server: &Server, head: &str, load: &str) -> Loaded {
    let run = loaded(
        server,
        &format!("{head}\n[[step]]\nget = \"/\"\n[load]\n{load}\n"),
    );
    assert_eq!(run.0.failures, []);
    run
}

fn due(run: &Loaded) -> f64 {
    let due = run.number("generator", "due");
    assert_eq!(run.number("generator", "sent"), due);
    due
}

#[test]
fn iterations_and_requests_are_exactly_as_many_as_asked_for() {
    let server = site();
    for (load, threads) in [
        ("users = 7\niterations = 100", 1),
        ("users = 7\nrequests = 101", 2),
        ("users = 20\niterations = 5", 3),
    ] {
        let before = server.log().len();
        let run = put(&server, &format!("threads = {threads}"), load);
        let asked: u64 = load.rsplit(' ').next().unwrap().parse().unwrap();
        run.is_clean("GET /", asked);
        assert_eq!(run.number("generator", "sent"), asked as f64);
        assert_eq!(server.log().len() - before, usize::try_from(asked).unwrap());
        assert!(!run.0.run.provenance.partial);
    }
}

#[test]
fn the_warm_up_of_users_is_sent_and_not_counted() {
    let server = site();
    let run = put(&server, "warmup = \"300ms\"", "users = 3\niterations = 90");
    run.is_clean("GET /", 90);
    let warm = server.log().len() - 90;
    assert!(warm > 3, "{warm}");

    let server = site();
    let run = put(
        &server,
        "warmup = \"300ms\"",
        "users = 2\nduration = \"400ms\"",
    );
    let (_, counted) = run.counted("GET /");
    // What was under way between the two is counted by when it began.
    let all = u64::try_from(server.log().len()).unwrap();
    assert!(counted > 20 && all > counted + 10, "{counted} of {all}");
    let lasted = run.0.run.provenance.duration_s.unwrap();
    assert!((lasted - 0.4).abs() < 0.01, "{lasted}");
    let throughput = run.number("GET /", "throughput");
    assert!(
        (throughput - counted as f64 / 0.4).abs() < throughput * 0.03,
        "{throughput}"
    );
}

#[test]
fn the_warm_up_of_a_rate_is_at_its_first_rate_and_not_counted() {
    let server = site();
    let run = put(
        &server,
        "warmup = \"250ms\"",
        "rate = [200, 400]\nduration = \"250ms\"",
    );
    run.is_clean("rate=200 GET /", 50);
    run.is_clean("rate=400 GET /", 100);
    assert_eq!(server.log().len(), 50 + 50 + 100 + 100);
}

#[test]
fn users_come_at_their_rate_and_are_counted_when_all_are_there() {
    let server = site();
    let run = put(
        &server,
        "",
        "users = 6\nspawn_rate = 20\nthink = \"20ms\"\nduration = \"300ms\"",
    );
    let log = server.log();
    let mut first = std::collections::BTreeMap::new();
    for entry in &log.0 {
        first.entry(entry.connection).or_insert(entry.arrived);
    }
    let mut firsts: Vec<Instant> = first.into_values().collect();
    firsts.sort();
    assert_eq!(firsts.len(), 6);
    let took = firsts[5] - firsts[0];
    assert!((230..600).contains(&took.as_millis()), "{took:?}");
    let (_, counted) = run.counted("GET /");
    let before = log
        .0
        .iter()
        .filter(|entry| entry.arrived < firsts[5])
        .count();
    assert!(
        usize::try_from(counted).unwrap() <= log.len() - before,
        "{counted}, {before}"
    );
}

#[test]
fn a_matrix_measures_each_level_apart() {
    let server = site();
    let head = "[[step]]\nget = \"/a\"\n[[step]]\nget = \"/b\"";
    let run = loaded(
        &server,
        &format!("{head}\n[load]\nusers = [1, 4]\niterations = 20\n"),
    );
    for level in ["users=1", "users=4"] {
        run.is_clean(&format!("{level} GET /a"), 20);
        run.is_clean(&format!("{level} GET /b"), 20);
        run.is_clean(&format!("{level} total"), 40);
        assert_eq!(run.number(&format!("{level} generator"), "sent"), 40.0);
    }
    assert_eq!(run.subjects().len(), 8);
    // Four at once are faster than one.
    let of = |level: &str| run.number(&format!("{level} total"), "throughput");
    assert!(of("users=4") > of("users=1") * 1.5);
}

#[test]
fn named_phases_are_measured_apart_and_uncounted_ones_not_at_all() {
    let server = site();
    let text = r#"
        [[step]]
        get = "/"
        [load]
        [[load.phase]]
        duration = "400ms"
        rate = [50, 150]
        counted = false
        [[load.phase]]
        name = "normal"
        duration = "300ms"
        rate = 100
        [[load.phase]]
        name = "peak"
        duration = "200ms"
        rate = 300
        [[load.phase]]
        duration = "100ms"
        rate = 200
    "#;
    let run = loaded(&server, text);
    run.is_clean("normal GET /", 30);
    run.is_clean("GET /", 20);
    run.is_clean("peak GET /", 60);
    assert_eq!(
        run.subjects(),
        ["GET /", "generator", "normal GET /", "peak GET /"]
    );
    assert_eq!(due(&run), 110.0);
    assert_eq!(server.log().len(), 40 + 110);
    assert!((run.number("normal GET /", "throughput") - 100.0).abs() < 0.5);
    assert!((run.number("peak GET /", "throughput") - 300.0).abs() < 0.5);
}

#[test]
fn a_ramp_is_as_steep_as_it_says() {
    let server = site();
    let load = "[[load.phase]]\nduration = \"1s\"\nrate = [0, 200]";
    let run = put(&server, "", load);
    run.is_clean("GET /", 100);
    // A quarter in the first half.
    let log = server.log();
    let first = log.0[0].arrived;
    let half = Duration::from_millis(500);
    let early = log
        .0
        .iter()
        .filter(|entry| entry.arrived - first < half)
        .count();
    assert!((20..=40).contains(&early), "{early}");
}

#[test]
fn poisson_arrivals_are_the_same_for_one_seed_and_uneven() {
    let server = site();
    let load = "rate = 800\nduration = \"250ms\"\narrivals = \"poisson\"";
    let run = |seed: u32| due(&put(&server, &format!("seed = {seed}"), load));
    let dues: Vec<f64> = (1..=4).map(run).collect();
    // Five standard deviations around 200.
    assert!(
        dues.iter().all(|due| (130.0..=270.0).contains(due)),
        "{dues:?}"
    );
    assert!(dues.iter().any(|due| *due != dues[0]), "{dues:?}");
    assert_eq!(run(1), dues[0]);
    let threads = due(&put(&server, "seed = 1\nthreads = 3", load));
    assert_eq!(threads, dues[0]);
    let all: f64 = dues.iter().sum::<f64>() + 2.0 * dues[0];
    assert_eq!(server.log().len() as f64, all);
}

#[test]
fn several_threads_count_what_one_counts() {
    let server = site();
    let count = |threads: u32, load: &str| {
        let run = put(&server, &format!("threads = {threads}"), load);
        run.counted("GET /")
    };
    for load in [
        "users = 9\niterations = 200",
        "rate = 500\nduration = \"300ms\"",
        "rate = 301\nduration = \"300ms\"\nmax_users = 2",
    ] {
        let one = count(1, load);
        assert_eq!([count(2, load), count(4, load)], [one, one], "{load}");
    }
}
