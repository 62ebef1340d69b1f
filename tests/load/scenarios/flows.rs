//! Which flow is taken, and the time between steps.

use std::time::{Duration, Instant};

use perfgate::load::http::FailureKind;

use super::loaded::{Loaded, loaded};
use crate::support::server::{Reply, Script, Server};

const BUY_AND_LOOK: &str = r#"
[[flow]]
name = "buy"
weight = 7
[[flow.step]]
get = "/buy"
[[flow.step]]
get = "/pay"
[[flow]]
name = "look"
weight = 3
[[flow.step]]
get = "/look"
[[flow]]
name = "never"
weight = 0
[[flow.step]]
get = "/never"
"#;

fn site() -> Server {
    Server::start(Script::new().on("/*", |_| Reply::text("ok")))
}

fn split(run: &Loaded) -> (u64, u64) {
    let (buy, look) = (run.counted("GET /buy"), run.counted("GET /look"));
    (buy.1, look.1)
}

#[test]
fn flows_are_taken_by_their_weights_and_the_same_for_one_seed() {
    let server = site();
    let take = |seed: u32, load: &str| {
        let text = format!("seed = {seed}\n{BUY_AND_LOOK}\n[load]\n{load}\n");
        let run = loaded(&server, &text);
        assert_eq!(run.0.failures, []);
        // What a rate began is not gone on with behind its end.
        assert!(run.counted("GET /pay").1 == split(&run).0 || load.starts_with("rate"));
        split(&run)
    };
    let users = "users = 1\niterations = 1000";
    let (buy, look) = take(3, users);
    assert_eq!(buy + look, 1000);
    // Five standard deviations of a binomial: 72.
    assert!((628..=772).contains(&buy), "{buy}");
    assert_eq!(take(3, users), (buy, look));
    assert_eq!(take(3, "users = 8\niterations = 1000"), (buy, look));
    assert_eq!(take(3, "rate = 2000\nduration = \"500ms\""), (buy, look));
    assert!(server.log().of("/never").0.is_empty());
    let others: Vec<_> = (4..7).map(|seed| take(seed, users)).collect();
    assert!(
        others.iter().any(|other| *other != (buy, look)),
        "{others:?}"
    );
}

#[test]
fn a_failed_step_ends_its_iteration_and_the_next_one_begins_anew() {
    let server = Server::start(
        Script::new()
            .on("/second", |asked| match asked.number % 4 {
                3 => Reply::status(503),
                _ => Reply::text("ok"),
            })
            .on("/*", |_| Reply::text("ok")),
    );
    let text = r#"
        [[step]]
        get = "/first"
        [[step]]
        get = "/second"
        [[step]]
        get = "/third"
        [load]
        users = 1
        iterations = 40
    "#;
    let run = loaded(&server, text);
    assert_eq!(run.failures(), [(FailureKind::Status, 10)]);
    assert_eq!(run.counted("GET /first"), (0, 40));
    assert_eq!(run.counted("GET /second"), (10, 40));
    assert_eq!(run.counted("GET /third"), (0, 30));
    assert_eq!(run.counted("total"), (10, 110));
    assert_eq!(server.log().len(), 110);
}

#[test]
fn users_think_behind_steps_and_between_iterations_and_it_is_no_latency() {
    let server = site();
    let text = r#"
        [[flow]]
        think = "30ms"
        [[flow.step]]
        get = "/a"
        [[flow.step]]
        get = "/b"
        think = "60ms..80ms"
        [[flow.step]]
        get = "/c"
        think = "0s"
        [load]
        users = 1
        think = "100ms"
        iterations = 3
    "#;
    let run = loaded(&server, text);
    run.is_clean("total", 9);
    let arrived: Vec<Instant> = server.log().0.iter().map(|entry| entry.arrived).collect();
    let gaps = arrived.windows(2).map(|pair| pair[1] - pair[0]);
    for (gap, least) in gaps.zip([30, 60, 100].into_iter().cycle()) {
        // A pause begins a little behind the answer that the server saw leave.
        assert!(gap >= Duration::from_millis(least), "{gap:?} < {least} ms");
    }
    for subject in ["GET /b", "GET /c"] {
        assert!(run.latencies(subject).1 < 25.0, "{subject}");
    }
}

#[test]
fn under_a_rate_a_thinking_visitor_keeps_nobody_waiting() {
    let server = site();
    let text = r#"
        [[flow]]
        think = "300ms"
        [[flow.step]]
        get = "/a"
        [[flow.step]]
        get = "/b"
        [load]
        rate = 50
        duration = "600ms"
    "#;
    let run = loaded(&server, text);
    // Those who came in the last 300 ms were still thinking at the end.
    assert_eq!(run.counted("GET /a"), (0, 30));
    let (errors, second) = run.counted("GET /b");
    assert!(errors == 0 && (10..=15).contains(&second), "{second}");
    assert_eq!(run.number("generator", "due"), 30.0);
    assert_eq!(run.number("generator", "dropped"), 0.0);
}
