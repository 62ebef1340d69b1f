//! Requests of one user at the same time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use perfgate::load::http::FailureKind;
use perfgate::model::Evidence;

use super::loaded::{Heard, loaded};
use crate::support::server::{Reply, Script, Server};

/// A page and so many parts, the first three of which are captured.
fn page(parts: usize) -> String {
    let mut text =
        "[measure]\nflows = true\n[[flow]]\nname = \"page\"\n[[flow.step]]\nget = \"/page\"\n"
            .to_owned();
    for number in 0..parts {
        text.push_str(&format!(
            "[[flow.step]]\nname = \"part\"\nget = \"/part/{number}\"\n"
        ));
        text.push_str(if number == 0 { "" } else { "together = true\n" });
        if number < 3 {
            text.push_str(&format!(
                "capture = {{ v{number} = {{ header = \"x-part\" }} }}\n"
            ));
        }
    }
    text
}

#[test]
fn the_parts_of_a_page_are_asked_for_at_once_and_what_they_bring_is_known_behind_them() {
    let heard = Heard::default();
    let wait = Duration::from_millis(40);
    let server = Server::start(
        Script::new()
            .on("/page", heard.by(|_| Reply::text("page")))
            .on("/behind/*", heard.by(|_| Reply::text("ok")))
            .on(
                "/part/*",
                heard.by(move |asked| {
                    let part = asked.path.rsplit('/').next().unwrap();
                    Reply::text("ok")
                        .header("x-part", part)
                        .header("set-cookie", &format!("c{part}={part}; Path=/"))
                        .after(wait)
                }),
            ),
    );
    let behind = "[[flow.step]]\nget = \"/behind/{{v0}}{{v1}}{{v2}}\"\n";
    let load = "[load]\nusers = 1\niterations = 5\n";
    for (protocol, parts, rounds, connections) in
        [("1.1", 4, 1, 4), ("1.1", 8, 2, 6), ("2", 8, 1, 1)]
    {
        let before = heard.all().len();
        let text = format!(
            "cookies = true\nhttp = \"{protocol}\"\n{}{behind}{load}",
            page(parts)
        );
        let begun = Instant::now();
        let run = loaded(&server, &text);
        run.is_clean("part", 5 * parts as u64);
        run.is_clean("GET /behind/{{v0}}{{v1}}{{v2}}", 5);
        // One after the other they would take longer.
        let in_turns = wait * 5 * u32::try_from(parts).unwrap();
        assert!(
            begun.elapsed() < in_turns,
            "{protocol} {parts}: {:?}",
            begun.elapsed()
        );
        let whole = match run.evidence("flow page", "flow_time") {
            Evidence::Histogram(all) => all.histogram.min() as f64 * all.scale,
            other => panic!("{other:?}"),
        };
        let least = wait.as_secs_f64() * 1e3 * f64::from(rounds);
        assert!(whole >= least && whole < least * 1.9, "{whole} ms");
        let all = heard.all().split_off(before);
        let of_parts = all.iter().filter(|asked| asked.path.starts_with("/part/"));
        let used: BTreeSet<u64> = of_parts.map(|asked| asked.connection).collect();
        assert_eq!(used.len(), connections, "{protocol} {parts}");
        for asked in all
            .iter()
            .filter(|asked| asked.path.starts_with("/behind/"))
        {
            assert_eq!(asked.path, "/behind/012");
            let cookie = asked.header("cookie").unwrap_or_default();
            for part in 0..parts {
                assert!(cookie.contains(&format!("c{part}={part}")), "{cookie}");
            }
        }
    }
}

#[test]
fn one_that_fails_ends_the_iteration_behind_the_others() {
    let server = Server::start(
        Script::new()
            .on("/part/1", |asked| match asked.number % 2 {
                0 => Reply::status(500),
                _ => Reply::text("ok"),
            })
            .on("/*", |_| Reply::text("ok").after(Duration::from_millis(5))),
    );
    let text = r#"
        [measure]
        flows = true
        [[flow]]
        name = "all"
        [[flow.step]]
        get = "/part/0"
        [[flow.step]]
        get = "/part/1"
        together = true
        [[flow.step]]
        get = "/part/2"
        together = true
        think = "20ms"
        [[flow.step]]
        get = "/behind"
        [load]
        users = 1
        iterations = 6
    "#;
    let begun = Instant::now();
    let run = loaded(&server, text);
    assert_eq!(run.failures(), [(FailureKind::Status, 3)]);
    for (subject, counted) in [
        ("GET /part/0", (0, 6)),
        ("GET /part/1", (3, 6)),
        ("GET /part/2", (0, 6)),
        ("GET /behind", (0, 3)),
        ("total", (3, 21)),
    ] {
        assert_eq!(run.counted(subject), counted, "{subject}");
    }
    let Evidence::Proportion(errors) = run.evidence("flow all", "flow_errors") else {
        panic!("{:?}", run.0);
    };
    assert_eq!((errors.count(), errors.of()), (3, 6));
    // The pause of the last is behind all of them, whether they succeeded or not.
    assert!(begun.elapsed() >= Duration::from_millis(6 * 25));
}

#[test]
fn under_a_rate_parts_are_counted_as_what_was_sent() {
    let server = Server::start(Script::new().on("/*", |_| Reply::text("ok")));
    let text = format!("{}[load]\nrate = 50\nduration = \"400ms\"\n", page(4));
    let run = loaded(
        &server,
        &text.replace("header = \"x-part\"", "regex = \"o\""),
    );
    assert_eq!(run.0.failures, []);
    assert_eq!(run.counted("GET /page"), (0, 20));
    let parts = run.counted("part").1;
    assert!(
        (76..=80).contains(&parts) && parts.is_multiple_of(4),
        "{parts}"
    );
}
