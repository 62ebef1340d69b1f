//! Several hosts in one scenario: where each step goes, what goes with it, and what holds for each of them.

use perfgate::load::http::FailureKind;
use perfgate::load::scenario::Base;
use serde_json::json;

use super::loaded::{Heard, load, loaded, refused, scenario};
use crate::support::server::{Echo, Reply, Script, Server, nobody};

#[test]
fn steps_go_to_their_host_with_its_prefix_over_connections_of_their_own() {
    let (here, there) = (Heard::default(), Heard::default());
    let shop = Server::start(here.all_by(|_| Reply::text("ok")));
    let login = Server::start(there.all_by(|_| Reply::json(200, &json!({"token": "t1"}))));
    let run = loaded(
        &shop,
        &format!(
            r#"
            auth = {{ bearer = "{{{{token}}}}" }}
            [hosts]
            login = "{}"
            [[step]]
            host = "login"
            post = "/in"
            auth = false
            capture = {{ token = {{ json = "$.token" }} }}
            [[step]]
            get = "/in"
            [[step]]
            host = "login"
            name = "who"
            get = "/me"
            [load]
            users = 3
            iterations = 30
            "#,
            login.url("/sso")
        ),
    );
    run.is_clean("login POST /in", 30);
    run.is_clean("GET /in", 30);
    run.is_clean("who", 30);
    run.is_clean("total", 90);
    assert_eq!(
        (there.of("/sso/in").len(), there.of("/sso/me").len()),
        (30, 30)
    );
    assert_eq!((here.of("/in").len(), here.all().len()), (30, 30));
    for asked in there.of("/sso/me") {
        assert_eq!(asked.header("authorization"), Some("Bearer t1"));
        let host = login.address().to_string();
        assert_eq!(asked.header("host"), Some(host.as_str()));
    }
    // Each user has one connection to each, and one was opened before any load.
    assert_eq!((shop.connections(), login.connections()), (4, 4));
    // They were opened before they were needed: no request was late for it.
    assert!(run.find("login POST /in", "connect").is_none());
}

#[test]
fn cookies_and_redirects_lead_from_host_to_host() {
    let login = Server::start(Script::new().on("/*", |asked| {
        let back = asked.query.strip_prefix("back=").unwrap_or_default();
        Reply::redirect(302, back).header("set-cookie", "session=s1; Path=/")
    }));
    let heard = Heard::default();
    let url = login.url("/in?back=");
    let shop = Server::start(heard.all_by(move |asked| match asked.path.as_str() {
        "/start" => Reply::redirect(
            302,
            &format!("{url}http://{}/home", asked.header("host").unwrap()),
        ),
        _ => Reply::text("welcome"),
    }));
    let text = format!(
        r#"
        cookies = true
        auth = {{ bearer = "secret" }}
        [hosts]
        login = "{}"
        [[step]]
        get = "/start"
        expect = {{ contains = "welcome" }}
        [load]
        users = 1
        iterations = 1
        "#,
        login.url("")
    );
    loaded(&shop, &text).is_clean("GET /start", 1);
    let home = heard.one("/home");
    // Ports tell no cookies apart, and what proves who asks is told to no other host.
    assert_eq!(home.header("cookie"), Some("session=s1"));
    assert_eq!(home.header("authorization"), None);
    assert_eq!(
        heard.one("/start").header("authorization"),
        Some("Bearer secret")
    );
    let stranger = text.replace(&login.url(""), &shop.url(""));
    let run = loaded(&shop, &stranger);
    assert_eq!(run.failures(), [(FailureKind::Check, 1)]);
    assert!(run.why().contains("leaves"), "{}", run.why());
}

#[test]
fn websockets_and_http2_have_hosts_too() {
    let shop = Server::start(Script::new().on("/*", |_| Reply::text("ok")));
    let other = Server::start(
        Script::new()
            .on("/ws", |_| Reply::socket(Echo::default()))
            .on("/*", |_| Reply::text("ok")),
    );
    let text = format!(
        r#"
        [hosts]
        other = "{}"
        [[step]]
        get = "/"
        [[step]]
        host = "other"
        websocket = "/ws"
        messages = [{{ send = "hello" }}]
        [load]
        users = 2
        iterations = 4
        "#,
        other.url("")
    );
    loaded(&shop, &text).is_clean("other WS /ws", 4);
    let text = text.replace(
        "websocket = \"/ws\"\n        messages = [{ send = \"hello\" }]",
        "get = \"/b\"",
    );
    let before = (shop.connections(), other.connections());
    loaded(&shop, &format!("http = \"2\"\n{text}")).is_clean("other GET /b", 4);
    // Both users share one connection to each, beside the one before any load.
    let opened = (
        shop.connections() - before.0,
        other.connections() - before.1,
    );
    assert_eq!(opened, (2, 2));
}

#[test]
fn what_holds_for_the_service_holds_for_every_host() {
    let shop = Server::start(Script::new().on("/*", |_| Reply::text("ok")));
    let text = |host: &str| {
        format!(
            r#"
            [hosts]
            other = "{host}"
            [[step]]
            get = "/"
            [load]
            users = 1
            iterations = 1
            "#
        )
    };
    let far = refused(&scenario(&shop, &text("http://192.0.2.7")));
    assert!(
        far.contains("192.0.2.7") && far.contains("neither this machine nor in a private network"),
        "{far}"
    );
    let absent = refused(&scenario(&shop, &text(&format!("http://{}", nobody()))));
    assert!(absent.contains("reach the host `other`"), "{absent}");
    assert_eq!(shop.log().len(), 0, "nothing was sent");
}

#[test]
fn the_address_of_a_host_is_no_part_of_the_load_and_that_there_is_one_is() {
    let shop = Server::start(Script::new().on("/*", |_| Reply::text("ok")));
    let digest = |text: &str| {
        let scenario = scenario(&shop, text);
        perfgate::load::definition::of(&scenario).digest.unwrap()
    };
    let text = r#"
        [hosts]
        other = "http://127.0.0.1:9"
        [[step]]
        host = "other"
        get = "/"
        [load]
        users = 1
        iterations = 1
    "#;
    let one = digest(text);
    assert_eq!(digest(&text.replace("127.0.0.1:9", "10.0.0.1/api")), one);
    assert_eq!(digest(&text.replace("other", "another")), one);
    assert_ne!(digest(&text.replace("http://", "https://")), one);
    assert_ne!(digest(&text.replace("host = \"other\"\n", "")), one);

    // As `ab` does it: only the base is another.
    let mut moved = scenario(&shop, &text.replace("http://127.0.0.1:9", &shop.url("/b")));
    moved.base = Base::parse(&format!("http://{}", nobody())).unwrap();
    assert!(refused(&moved).starts_with("reach 127.0.0.1"));
    let kept = load(&scenario(
        &shop,
        &text.replace("http://127.0.0.1:9", &shop.url("/b")),
    ));
    kept.is_clean("other GET /", 1);
    assert_eq!(shop.log().of("/b/").0.len(), 1);
}
