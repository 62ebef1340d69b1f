//! What failed is told step by step, in the words of the service and in the order of the flow.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::desk::Desk;
use crate::support::server::{Reply, Script, Server};

fn place(text: &str, part: &str) -> usize {
    text.find(part)
        .unwrap_or_else(|| panic!("{part} is not in\n{text}"))
}

#[test]
fn failures_name_their_step_and_what_the_service_said() {
    let desk = Desk::new();
    let (orders, items) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::start(
        Script::new()
            .on("/orders", move |_| {
                let said = json!({"detail": "amount is missing", "token": "s3cret"});
                match orders.fetch_add(1, Ordering::Relaxed) % 2 {
                    0 => Reply::json(422, &said),
                    _ => Reply::text("ok"),
                }
            })
            .on("/items", move |_| {
                match items.fetch_add(1, Ordering::Relaxed) % 4 {
                    0 => Reply::status(503),
                    _ => Reply::text("ok"),
                }
            }),
    );
    desk.write(
        "shop.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nname = \"write\"\npost = \"/orders\"\n[[step]]\nname = \"all\"\nget = \"/items\"\n[load]\nusers = 1\niterations = 40\n",
            server.url("")
        ),
    );
    let said = desk.ends("run shop.toml --output run.json", 0).out;
    let write = "failed: 20 of write by status: status 422 where one below 400 was expected\n        {\"detail\":\"amount is missing\",\"token\":\"***\"}\n";
    let all = "failed: 5 of all by status: status 503 where one below 400 was expected\n";
    assert!(place(&said, write) < place(&said, all), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
    // Not by the alphabet.
    assert!(place(&said, "\nwrite ") < place(&said, "\nall "), "{said}");
    assert!(place(&said, "\nall ") < place(&said, "\ntotal "), "{said}");
}

#[test]
fn a_step_that_always_fails_is_no_success_and_those_behind_it_are_told() {
    let desk = Desk::new();
    let server = Server::start(
        Script::new()
            .on("/", |_| Reply::text("ok"))
            .on("/login", |_| Reply::status(401)),
    );
    desk.write(
        "shop.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nget = \"/\"\n[[step]]\npost = \"/login\"\n[[step]]\nget = \"/me\"\n[load]\nusers = 1\niterations = 10\n",
            server.url("")
        ),
    );
    let said = desk.ends("run shop.toml --output run.json", 2);
    let error = "error: every request of `POST /login` failed: status 401 where one below 400 was expected\n";
    assert!(said.err.contains(error), "{}", said.err);
    let warning = "warning: never reached, so not measured: GET /me\n";
    assert!(said.out.contains(warning), "{}", said.out);
    assert!(!said.out.contains("next:"), "{}", said.out);
}

#[test]
fn levels_stand_in_the_order_of_their_numbers() {
    let (desk, server) = (Desk::new(), super::desk::shop());
    desk.write(
        "sweep.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nget = \"/items\"\n[load]\nusers = [2, 10, 100]\niterations = 120\n",
            server.url("")
        ),
    );
    let said = desk.ends("run sweep.toml --output run.json", 0).out;
    for subject in ["GET /items", "generator"] {
        let places = [2, 10, 100].map(|users| place(&said, &format!("users={users} {subject}")));
        assert!(places.is_sorted(), "{said}");
    }
}

/// Two machines with a part each are the load that one would have put on.
#[test]
fn shares_of_a_load_are_merged_to_the_whole() {
    let (desk, server) = (Desk::new(), super::desk::shop());
    let line = |rest: &str| {
        format!(
            "run {} --users 2 --requests 40 {rest}",
            server.url("/items")
        )
    };
    for share in [1, 2] {
        desk.ends(
            &line(&format!("--share {share}/2 --output {share}.json")),
            0,
        );
    }
    desk.ends(&line("--output whole.json"), 0);
    let lost = desk.ends("merge 1.json 1.json --output no.json", 2);
    assert!(
        lost.err.contains("the same run is given twice"),
        "{}",
        lost.err
    );
    let past = desk.ends(&line("--start-at 2020-01-01T00:00:00Z --output no.json"), 2);
    assert!(
        past.err
            .contains("--start-at 2020-01-01T00:00:00Z has passed"),
        "{}",
        past.err
    );
    assert_eq!(desk.document("1.json")["load"]["terms"]["share"], "1/2");
    // Made one after the other they are no run of two machines.
    let apart = desk.ends("merge 1.json 2.json --output no.json", 2);
    assert!(
        apart.err.contains("the runs were not made at once"),
        "{}",
        apart.err
    );
    let begin = desk.document("1.json")["started_at"].clone();
    let mut second = desk.document("2.json");
    second["started_at"] = begin;
    second["duration_s"] = desk.document("1.json")["duration_s"].clone();
    desk.write("2.json", &second.to_string());
    desk.ends("merge 1.json 2.json --output merged.json", 0);
    let (merged, whole) = (desk.document("merged.json"), desk.document("whole.json"));
    assert_eq!(merged["load"], whole["load"]);
    assert_eq!(merged["subjects"]["GET /items"]["errors"]["of"], 40);
}
