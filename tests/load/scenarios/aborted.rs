//! A load that is not worth its time any more.

use std::time::{Duration, Instant};

use super::loaded::loaded;
use crate::support::server::{Reply, Script, Server};

const LOAD: &str = "[[step]]\nget = \"/\"\n[load]\nusers = [2, 3]\nduration = \"60s\"\nabort = { errors = \"10%\", after = \"600ms\" }\nthink = \"5ms\"\n";

#[test]
fn a_load_of_which_too_much_fails_is_ended_and_its_run_is_partial() {
    let server = Server::start(Script::new().on("/", |asked| match asked.number % 4 {
        3 => Reply::status(503),
        _ => Reply::text("ok"),
    }));
    let begun = Instant::now();
    let run = loaded(&server, LOAD);
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let provenance = &run.0.run.provenance;
    assert!(provenance.partial && provenance.invalid.is_none());
    assert!(provenance.duration_s.unwrap() >= 0.6);
    let warnings = &run.0.run.warnings;
    let told = warnings
        .iter()
        .find(|warning| warning.contains("ended early by `abort`"));
    let told = told.unwrap_or_else(|| panic!("{warnings:?}"));
    assert!(
        told.starts_with("users=2: ") && told.contains("in 600ms, and more than 10 % may not"),
        "{told}"
    );
    assert!(
        run.subjects().iter().all(|name| !name.contains("users=3")),
        "the next level is none"
    );
}

#[test]
fn a_load_of_which_little_enough_fails_goes_on_to_its_end() {
    let server = Server::start(Script::new().on("/", |asked| match asked.number % 20 {
        19 => Reply::status(503),
        _ => Reply::text("ok"),
    }));
    let run = loaded(&server, &LOAD.replace("[2, 3]", "2").replace("60s", "1s"));
    assert!(!run.0.run.provenance.partial);
    assert!(run.counted("GET /").0 > 0);
}
