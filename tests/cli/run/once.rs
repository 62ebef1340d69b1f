//! `perfgate run --once`: a scenario is tried, and what was sent and answered is shown without its secrets.

use super::desk::{Desk, finished};
use crate::support::server::{Echo, Reply, Script, Server};

const SHOP: &str = r#"
name = "shop"
headers = { x-api-key = "${SHOP_API_KEY}" }
[[flow]]
name = "buy"
[[flow.step]]
name = "log in"
post = "/login"
form = { user = "ann", password = "hunter2" }
capture = { token = { json = "$.token" }, id = { json = "$.id" } }
[[flow.step]]
get = "/items/{{id}}"
auth = { bearer = "{{token}}" }
expect = { contains = "lamp" }
[[flow]]
name = "talk"
[[flow.step]]
websocket = "/ws"
messages = [{ send = "hello" }]
[load]
users = 1000
duration = "1h"
"#;

fn shop() -> Server {
    let script = Script::new()
        .on("/login", |_| {
            let body = r#"{"token": "tick-tock-tack", "id": 7}"#;
            Reply::text(body).header("set-cookie", "sid=q1w2e3r4; Path=/")
        })
        .on("/items/7", |asked| {
            let token = asked.header("authorization").unwrap_or_default();
            Reply::text(&format!("a lamp for {token} with k-e-y"))
        })
        .on("/ws", |_| Reply::socket(Echo::default()));
    Server::start(script)
}

#[test]
fn each_flow_is_taken_once_and_everything_but_secrets_is_shown() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("shop.toml", &format!("base = \"{}\"{SHOP}", server.url("")));
    let line = "run shop.toml --once --verbose";
    let mut command = desk.command(line);
    command.env("SHOP_API_KEY", "k-e-y");
    let said = finished(command.spawn().unwrap(), line, 0);
    for shown in [
        "buy\n  log in\n    > POST /login\n",
        "    > x-api-key: ***\n",
        "    > user=ann&password=***\n",
        "    < 200\n",
        "    < set-cookie: ***\n",
        "    <\n    < {\"id\":7,\"token\":\"***\"}\n",
        "    token = ***\n    id = 7\n",
        "    > GET /items/7\n",
        "    > authorization: Bearer ***\n",
        "    < a lamp for Bearer *** with ***\n    ok in ",
        "talk\n  WS /ws\n    > GET /ws\n",
        "    ok in ",
        "    > hello\n    < hello\n",
    ] {
        assert!(said.out.contains(shown), "{shown}\nin\n{}", said.out);
    }
    for secret in ["hunter2", "tick-tock", "q1w2", "k-e-y"] {
        assert!(!said.out.contains(secret), "{secret}\nin\n{}", said.out);
    }
    let asked: Vec<String> = server.log().0.iter().map(|one| one.path.clone()).collect();
    assert_eq!(asked, ["/login", "/items/7", "/ws"]);
    assert!(desk.names(".").iter().all(|name| !name.contains("results")));
}

#[test]
fn a_step_that_fails_is_told_and_the_other_flows_are_still_taken() {
    let desk = Desk::new();
    let server = Server::start(
        Script::new()
            .on("/login", |_| Reply::status(401))
            .on("/ws", |_| Reply::socket(Echo::default())),
    );
    desk.write(
        "shop.toml",
        &format!("base = \"{}\"{SHOP}", server.url("")).replace("${SHOP_API_KEY}", "k"),
    );
    let said = desk.ends("run shop.toml --once", 2);
    assert_eq!(
        said.out.lines().take(4).collect::<Vec<_>>(),
        [
            "buy",
            "  log in",
            "    failed: status: status 401 where one below 400 was expected",
            "talk",
        ]
    );
    assert!(
        said.err
            .contains("error: a step failed in `buy`\nhint: --verbose"),
        "{}",
        said.err
    );
    let refused = desk.ends("run shop.toml --verbose", 2);
    assert!(refused.err.contains("--once"), "{}", refused.err);
}

#[test]
fn a_request_to_a_named_host_is_shown_with_its_address() {
    let (desk, here) = (Desk::new(), shop());
    let there = Server::start(
        Script::new()
            .on("/sso/login", |_| Reply::text("{}"))
            .on("/sso/ws", |_| Reply::socket(Echo::default())),
    );
    let scenario = format!(
        r#"
        base = "{}"
        [hosts]
        auth = "{}/sso"
        [[step]]
        name = "log in"
        host = "auth"
        post = "/login"
        [[step]]
        get = "/items/7"
        [[step]]
        host = "auth"
        websocket = "/ws"
        messages = [{{ send = "hello" }}]
        [load]
        users = 1
        iterations = 1
        "#,
        here.url(""),
        there.url("")
    );
    desk.write("hosts.toml", &scenario);
    let said = desk.ends("run hosts.toml --once --verbose", 0);
    for shown in [
        format!("  log in\n    > POST {}\n", there.url("/sso/login")),
        "> GET /items/7\n".to_owned(),
    ] {
        assert!(said.out.contains(&shown), "{shown}\nin\n{}", said.out);
    }
    assert!(
        said.out
            .contains(&format!("> GET {}\n", there.url("/sso/ws"))),
        "{}",
        said.out
    );
}

#[test]
fn the_events_of_a_stream_are_shown_with_their_times_and_not_more_than_anybody_reads() {
    let desk = Desk::new();
    let many: String = (1..=60)
        .map(|n| format!("event: token\ndata: {{\"n\": {n}}}\n\n"))
        .collect();
    let server = Server::start(
        Script::new()
            .on("/chat", move |_| {
                let body = format!(
                    "id: 9\ndata: {{\"token\": \"tick-tock\"}}\ndata: \n\n{many}data: [DONE]\n\n"
                );
                Reply::bytes(200, "text/event-stream", body.into())
            })
            .on("/short", |_| {
                Reply::bytes(200, "text/event-stream", "data: only\n\n".into())
            }),
    );
    let scenario = format!(
        r#"
        base = "{}"
        [[step]]
        get = "/chat"
        events = {{ until = "[DONE]" }}
        capture = {{ last = {{ json = "$[-2].data.n" }} }}
        [[step]]
        get = "/short"
        events = {{ count = 2 }}
        [load]
        users = 1
        iterations = 1
        "#,
        server.url("")
    );
    desk.write("chat.toml", &scenario);
    let said = desk.ends("run chat.toml --once --verbose", 2);
    for shown in [
        "    > accept: text/event-stream\n",
        "    < content-type: text/event-stream\n",
        " ms (9): {\"token\":\"***\"}\n",
        " ms token: {\"n\": 49}\n    < … and 12 events more\n",
        ": 62 events, the first after ",
        "    last = 60\n",
        " ms: only\n",
        "    failed: check: the stream ended behind 1 of 2 events\n",
    ] {
        assert!(said.out.contains(shown), "{shown}\nin\n{}", said.out);
    }
    for hidden in ["tick-tock", "{\"n\": 50}"] {
        assert!(!said.out.contains(hidden), "{hidden}\nin\n{}", said.out);
    }
    let said = desk.ends("run chat.toml --once", 2);
    assert!(
        said.out.contains(": 62 events, the first after ") && !said.out.contains("token"),
        "{}",
        said.out
    );
}
