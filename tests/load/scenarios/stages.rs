//! Users that come and go, and users of several classes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use perfgate::load::Stop;

use super::loaded::{Heard, Loaded, load, loaded, scenario};
use crate::support::server::{Reply, Script, Server};

fn slow(millis: u64) -> Server {
    let after = Duration::from_millis(millis);
    Server::start(Script::new().on("/*", move |_| Reply::text("ok").after(after)))
}

/// How many connections had a request in each part of so many milliseconds.
fn present(server: &Server, part: u128) -> Vec<usize> {
    let log = server.log();
    let begin: Instant = log.0.iter().map(|entry| entry.arrived).min().unwrap();
    let mut parts: BTreeMap<u128, BTreeSet<u64>> = BTreeMap::new();
    for entry in &log.0 {
        let at = (entry.arrived - begin).as_millis() / part;
        parts.entry(at).or_default().insert(entry.connection);
    }
    let last = *parts.keys().last().unwrap();
    (0..=last)
        .map(|at| parts.get(&at).map_or(0, BTreeSet::len))
        .collect()
}

#[test]
fn users_come_one_after_the_other_stay_and_go() {
    let server = slow(10);
    let text = r#"
        [[step]]
        get = "/"
        [[load.stage]]
        users = [0, 8]
        duration = "800ms"
        counted = false
        [[load.stage]]
        name = "full"
        users = 8
        duration = "600ms"
        [[load.stage]]
        name = "few"
        users = 2
        duration = "600ms"
    "#;
    let run = loaded(&server, text);
    let (full, few) = (run.counted("full GET /"), run.counted("few GET /"));
    assert_eq!((full.0, few.0), (0, 0));
    // Eight users that wait 10 ms for each answer, and two.
    assert!((300..=490).contains(&full.1), "{full:?}");
    assert!((70..=130).contains(&few.1), "{few:?}");
    let there = present(&server, 100);
    assert!(there[..8].is_sorted(), "{there:?}");
    assert!(
        there[0] <= 2 && there[9..13].iter().all(|users| *users == 8),
        "{there:?}"
    );
    assert!(there[15..19].iter().all(|users| *users == 2), "{there:?}");
    let rate = run.number("few GET /", "throughput");
    assert!((rate * 0.6 - few.1 as f64).abs() < 1e-6, "{rate}");
    // Who goes closes its connections.
    assert!(run.0.run.provenance.partial || server.open() <= 8);
}

#[test]
fn who_comes_back_has_what_it_captured_and_a_new_connection() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on(
                "/login",
                heard.by(|asked| Reply::text(&format!("token={}", asked.number))),
            )
            .on(
                "/*",
                heard.by(|_| Reply::text("ok").after(Duration::from_millis(5))),
            ),
    );
    let text = r#"
        [[once]]
        post = "/login"
        capture = { token = { regex = 'token=(\d+)' } }
        [[step]]
        get = "/of/{{token}}"
        [[load.stage]]
        users = 2
        duration = "200ms"
        [[load.stage]]
        users = 0
        duration = "200ms"
        [[load.stage]]
        users = 2
        duration = "200ms"
    "#;
    let run = loaded(&server, text);
    assert_eq!(run.0.failures, []);
    assert_eq!(heard.of("/login").len(), 2);
    for user in ["/of/0", "/of/1"] {
        let connections: BTreeSet<u64> = heard
            .of(user)
            .iter()
            .map(|asked| asked.connection)
            .collect();
        assert_eq!(connections.len(), 2, "{user}");
    }
    let counted = run.counted("GET /of/{{token}}").1;
    assert_eq!(counted, u64::try_from(heard.all().len() - 2).unwrap());
}

const CLASSES: &str = r#"
    [[flow]]
    name = "buy"
    [[flow.once]]
    post = "/login/buyer"
    capture = { as = { header = "x-as" } }
    [[flow.step]]
    get = "/buy/{{as}}"
    [[flow]]
    name = "pay"
    weight = 3
    [[flow.step]]
    get = "/pay/{{as}}"
    [[flow]]
    name = "look"
    [[flow.once]]
    post = "/login/guest"
    capture = { as = { header = "x-as" } }
    [[flow.step]]
    get = "/look/{{as}}"
"#;

fn site() -> (Heard, Server) {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|asked| {
        let who = asked.path.rsplit('/').next().unwrap_or_default();
        Reply::text("ok").header("x-as", who)
    }));
    (heard, server)
}

fn requests(run: &Loaded, flow: &str) -> u64 {
    run.counted(&format!("GET /{flow}/{{{{as}}}}")).1
}

#[test]
fn each_user_stays_of_its_class_and_takes_what_is_of_it() {
    let (heard, server) = site();
    let text = format!(
        r#"
        {CLASSES}
        [load]
        users = 10
        iterations = 2000
        class = [{{ flow = ["buy", "pay"], weight = 3 }}, {{ flow = "look", weight = 2 }}]
        "#
    );
    let run = loaded(&server, &text);
    assert_eq!(run.0.failures, []);
    let mut of_class: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let all = heard.all();
    for asked in &all {
        let who = asked.path.rsplit('/').next().unwrap();
        of_class.entry(who).or_default().insert(asked.connection);
    }
    assert_eq!((of_class["buyer"].len(), of_class["guest"].len()), (6, 4));
    assert!(of_class["buyer"].is_disjoint(&of_class["guest"]));
    assert_eq!(heard.of("/login/buyer").len(), 6);
    assert_eq!(heard.of("/login/guest").len(), 4);
    assert!(heard.of("/look/buyer").is_empty() && heard.of("/pay/guest").is_empty());
    // In a class, the weights of its flows.
    let (buy, pay) = (requests(&run, "buy") as f64, requests(&run, "pay") as f64);
    let share = pay / (buy + pay);
    let deviation = (0.75 * 0.25 / (buy + pay)).sqrt();
    assert!((share - 0.75).abs() < 5.0 * deviation, "{share}");
}

#[test]
fn machines_that_share_the_users_share_the_classes_too() {
    let (heard, server) = site();
    let text = format!(
        r#"
        {CLASSES}
        [load]
        users = 10
        iterations = 40
        class = [{{ flow = ["buy", "pay"], weight = 4 }}, {{ flow = "look" }}]
        "#
    );
    for share in ["1/3", "2/3", "3/3"] {
        let mut scenario = scenario(&server, &text);
        scenario.share = share.parse().unwrap();
        assert_eq!(load(&scenario).0.failures, [], "{share}");
    }
    assert_eq!(heard.of("/login/buyer").len(), 8);
    assert_eq!(heard.of("/login/guest").len(), 2);
}

#[test]
fn stages_that_are_stopped_end_soon() {
    let server = slow(1);
    let text = "[[step]]\nget = \"/\"\n[[load.stage]]\nusers = [0, 2]\nduration = \"1h\"\n";
    let scenario = scenario(&server, text);
    let stop = Stop::new();
    let asked = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        asked.ask();
    });
    let begun = Instant::now();
    let run = super::loaded::stopped(&scenario, stop);
    assert!(run.0.run.provenance.partial);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_list_of_requests_is_a_matrix_like_one_of_users() {
    let server = slow(0);
    let text = r#"
        [[step]]
        get = "/"
        [load]
        users = [1, 2]
        requests = [20, 30]
    "#;
    let run = loaded(&server, text);
    for (users, requests) in [(1, 20), (1, 30), (2, 20), (2, 30)] {
        run.is_clean(
            &format!("users={users} requests={requests} GET /"),
            requests,
        );
    }
    let one = loaded(
        &server,
        "[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = [5, 6]\n",
    );
    one.is_clean("iterations=5 GET /", 5);
    one.is_clean("iterations=6 GET /", 6);
}
