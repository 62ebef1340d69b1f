//! Flows measured as a whole.

use std::time::Duration;

use perfgate::model::{Evidence, Role};

use super::loaded::{Loaded, loaded};
use crate::support::server::{Reply, Script, Server};

fn mean(run: &Loaded, subject: &str, metric: &str) -> f64 {
    match run.evidence(subject, metric) {
        Evidence::Histogram(all) => all.histogram.mean() * all.scale,
        other => panic!("{metric} is {other:?}"),
    }
}

#[test]
fn a_flow_takes_as_long_as_its_steps_without_their_pauses() {
    let millis = Duration::from_millis;
    let server = Server::start(
        Script::new()
            .on("/a", move |_| Reply::text("ok").after(millis(4)))
            .on("/b", move |_| Reply::text("ok").after(millis(9)))
            .on("/c", |asked| match asked.number % 4 {
                3 => Reply::status(500),
                _ => Reply::text("ok"),
            }),
    );
    let text = r#"
        [measure]
        flows = true
        [[flow]]
        name = "buy"
        think = "15ms"
        [[flow.step]]
        get = "/a"
        [[flow.step]]
        get = "/b"
        [[flow]]
        name = "look"
        [[flow.step]]
        get = "/c"
        [load]
        users = 2
        think = "5ms"
        iterations = 60
    "#;
    let run = loaded(&server, text);
    let bought = run.counted("GET /b").1;
    let (failed, looked) = run.counted("GET /c");
    assert_eq!(bought + looked, 60);
    let errors = |subject: &str| match run.evidence(subject, "flow_errors") {
        Evidence::Proportion(errors) => (errors.count(), errors.of()),
        other => panic!("{other:?}"),
    };
    assert_eq!(errors("flow buy"), (0, bought));
    assert_eq!(errors("flow look"), (failed, looked));
    let steps = mean(&run, "GET /a", "latency") + mean(&run, "GET /b", "latency");
    let whole = mean(&run, "flow buy", "flow_time");
    assert!((whole / steps - 1.0).abs() < 0.01, "{whole} and {steps} ms");
    let seconds = run.0.run.provenance.duration_s.unwrap();
    let rate = run.number("flow buy", "flow_rate");
    assert!((rate * seconds - bought as f64).abs() < 1e-6, "{rate}");

    // What is judged by default stays what it was: the steps, and their total.
    for metric in ["flow_time", "flow_rate", "flow_errors"] {
        let found = &run.0.run.subjects["flow buy"][metric];
        assert_eq!(found.role, Role::Fixed, "{metric}");
    }
    assert_eq!(run.counted("total"), (failed, 2 * bought + looked));
    assert_eq!(
        run.0.run.failed_share().unwrap(),
        failed as f64 / (2 * bought + looked) as f64
    );
    let place = |name: &str| {
        run.0
            .order
            .iter()
            .position(|subject| subject.as_str() == name)
    };
    assert!(place("total") < place("flow buy") && place("flow buy") < place("generator"));
    let plain = loaded(&server, &text.replace("flows = true", ""));
    assert!(plain.find("flow buy", "flow_time").is_none());
}

#[test]
fn under_a_rate_the_wait_for_a_user_is_part_of_a_flow_and_an_unfinished_one_is_none() {
    let server = Server::start(
        Script::new()
            .on("/a", |_| Reply::text("ok").after(Duration::from_millis(30)))
            .on("/b", |_| Reply::text("ok")),
    );
    let text = r#"
        [measure]
        flows = true
        [[flow]]
        name = "wait"
        [[flow.step]]
        get = "/a"
        think = "100ms"
        [[flow.step]]
        get = "/b"
        [load]
        rate = 20
        duration = "600ms"
        max_users = 100
    "#;
    let run = loaded(&server, text);
    let ended = run.counted("GET /b").1;
    assert!(
        ended < run.counted("GET /a").1,
        "some were thinking at the end"
    );
    let of = match run.evidence("flow wait", "flow_errors") {
        Evidence::Proportion(errors) => errors.of(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of, ended);
    let steps = mean(&run, "GET /a", "latency");
    let whole = mean(&run, "flow wait", "flow_time");
    assert!(
        whole >= steps * 0.9 && whole < steps + 60.0,
        "{whole} and {steps} ms"
    );
}
