//! What is sent once for a run, and once by each user.

use std::collections::BTreeSet;

use perfgate::load::http::FailureKind;
use serde_json::json;

use super::loaded::{Heard, loaded, refused, scenario};
use crate::support::server::{Reply, Script, Server};

/// A shop that is opened once, and that knows its users by a token.
fn shop(heard: &Heard) -> Server {
    let script = Script::new()
        .on("/shop", heard.by(|_| Reply::json(201, &json!({"id": 5}))))
        .on(
            "/login",
            heard.by(|asked| Reply::json(200, &json!({"token": format!("t{}", asked.number)}))),
        )
        .on("/*", heard.by(|_| Reply::text("ok")));
    Server::start(script)
}

const SHOP: &str = r#"
[setup]
post = "/shop"
json = { name = "tea" }
capture = { shop = { json = "$.id" } }
[teardown]
delete = "/shop/{{shop}}"
[[flow]]
name = "buy"
[[flow.once]]
post = "/login"
form = { shop = "{{shop}}" }
capture = { token = { json = "$.token" } }
[[flow.step]]
get = "/shop/{{shop}}/items"
auth = { bearer = "{{token}}" }
[[flow]]
name = "look"
[[flow.step]]
get = "/shop/{{shop}}"
auth = { bearer = "{{token}}" }
"#;

#[test]
fn a_run_is_set_up_once_and_each_user_logs_in_once_for_all_of_its_flows() {
    let heard = Heard::default();
    let server = shop(&heard);
    let load = "threads = 2\n[load]\nusers = 4\niterations = 60\n";
    let run = loaded(&server, &format!("threads = 2\n{SHOP}{}", &load[12..]));
    run.is_clean("total", 60);
    assert_eq!(run.0.run.warnings, [] as [&str; 0]);
    let all: Vec<String> = heard.all().iter().map(|one| one.path.clone()).collect();
    assert_eq!(all[0], "/shop");
    assert_eq!(heard.of("/login").len(), 4);
    assert!(heard.of("/login").iter().all(|one| one.text() == "shop=5"));
    let last = heard.all().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("DELETE", "/shop/5")
    );
    let mut users = BTreeSet::new();
    for path in ["/shop/5/items", "/shop/5"] {
        let asked = heard.of(path);
        let asked = asked.iter().filter(|one| one.method == "GET");
        let tokens: BTreeSet<_> = asked
            .map(|one| one.header("authorization").unwrap().to_owned())
            .collect();
        assert!(tokens.len() > 1, "{path}: {tokens:?}");
        users.extend(tokens);
    }
    assert_eq!(users.len(), 4);
    // Before anything is measured.
    assert_eq!(
        run.subjects(),
        [
            "GET /shop/{{shop}}",
            "GET /shop/{{shop}}/items",
            "generator",
            "total"
        ]
    );
}

#[test]
fn under_a_rate_a_new_user_logs_in_with_its_first_iteration_and_that_is_measured_apart() {
    let heard = Heard::default();
    let server = shop(&heard);
    let run = loaded(
        &server,
        &format!("{SHOP}[load]\nrate = 200\nduration = \"300ms\"\nmax_users = 2\n"),
    );
    assert_eq!(run.failures(), []);
    let logins = heard.of("/login").len();
    assert!((1..=2).contains(&logins), "{logins}");
    assert_eq!(run.counted("POST /login"), (0, logins as u64));
    let (one, two) = ("GET /shop/{{shop}}", "GET /shop/{{shop}}/items");
    assert_eq!(run.counted(one).1 + run.counted(two).1, 60);
}

#[test]
fn a_user_that_cannot_log_in_tries_again_and_its_failures_are_counted() {
    let server = Server::start(
        Script::new()
            .on("/login", |_| Reply::status(503))
            .on("/*", |_| Reply::text("ok")),
    );
    let text =
        "[[once]]\npost = \"/login\"\n[[step]]\nget = \"/\"\n[load]\nusers = 2\niterations = 6\n";
    let run = loaded(&server, text);
    assert_eq!(run.failures(), [(FailureKind::Status, 6)]);
    assert_eq!(run.counted("POST /login"), (6, 6));
    assert!(server.log().of("/").0.is_empty());
    let tries = server.log().of("/login").len();
    assert_eq!(
        tries, 8,
        "two before counting, and then one for each iteration"
    );
}

#[test]
fn without_its_setup_nothing_is_measured_and_the_step_is_named() {
    let server = Server::start(Script::new().on("/items", |_| Reply::text("ok")));
    let text = "[[setup]]\nget = \"/items\"\n[[setup]]\nname = \"open\"\npost = \"/shop\"\n[[step]]\nget = \"/items\"\n[load]\nusers = 1\niterations = 1\n";
    let why = refused(&scenario(&server, text));
    let said = "take the steps of [setup]: open: status 404 where one below 400 was expected";
    assert!(why.contains(said), "{why}");
    assert_eq!(server.log().of("/items").len(), 1);
}
