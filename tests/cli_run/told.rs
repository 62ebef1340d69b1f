//! What failed is told step by step, in the words of the service and in the order of the flow.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::desk::Desk;
use crate::server::{Reply, Script, Server};

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
    let (desk, server) = (Desk::new(), crate::desk::shop());
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
