//! Who a user is to the service: headers, credentials, cookies; and where the service sends it.

use std::collections::BTreeMap;

use perfgate::load::http::FailureKind;

use super::loaded::{Around, Heard, load, loaded, scenario_in};
use crate::support::server::{Reply, Script, Server};

#[test]
fn headers_and_credentials_of_the_scenario_are_sent_unless_a_step_says_otherwise() {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|_| Reply::text("ok")));
    let around = Around {
        variables: [("SECRET", "s3:cret ü"), ("TEAM", "blue")].into(),
        ..Around::default()
    };
    let text = r#"
        headers = { x-team = "${TEAM}", x-region = "${REGION:-north}", accept = "text/plain" }
        auth = { bearer = "t-${SECRET}" }
        [[step]]
        get = "/general"
        [[step]]
        get = "/own"
        headers = { X-Team = "red" }
        auth = { user = "ada", password = "${SECRET}" }
        [[step]]
        get = "/nobody"
        auth = false
        query = { team = "$${TEAM}" }
        [load]
        users = 1
        iterations = 1
    "#;
    let ascii = Around {
        variables: [("SECRET", "s3cret"), ("TEAM", "blue")].into(),
        ..Around::default()
    };
    load(&scenario_in(&server, text, &ascii)).is_clean("total", 3);
    let general = heard.one("/general");
    assert_eq!(general.header("authorization"), Some("Bearer t-s3cret"));
    assert_eq!(general.header("x-team"), Some("blue"));
    assert_eq!(general.header("x-region"), Some("north"));
    assert_eq!(general.header("accept"), Some("text/plain"));
    assert_eq!(
        general.header("host"),
        Some(server.address().to_string().as_str())
    );
    let own = heard.one("/own");
    assert_eq!(
        own.headers
            .iter()
            .filter(|(name, _)| name == "x-team")
            .count(),
        1
    );
    assert_eq!(own.header("x-team"), Some("red"));
    // base64 of ada:s3cret
    assert_eq!(own.header("authorization"), Some("Basic YWRhOnMzY3JldA=="));
    let nobody = heard.one("/nobody");
    assert_eq!(nobody.header("authorization"), None);
    assert_eq!(nobody.query, "team=%24%7BTEAM%7D");

    // A password may hold what a name may not.
    let text = text.replace("auth = { bearer = \"t-${SECRET}\" }\n", "");
    load(&scenario_in(&server, &text, &around)).is_clean("total", 3);
    let own = &heard.of("/own")[1];
    assert_eq!(
        own.header("authorization"),
        Some("Basic YWRhOnMzOmNyZXQgw7w=")
    );
}

#[test]
fn a_site_with_a_login_a_token_and_users_is_walked_through() {
    let server = Server::start(Script::site());
    let run = loaded(
        &server,
        r#"
        cookies = true
        [[step]]
        post = "/login"
        [[step]]
        get = "/me"
        expect = { contains = "session" }
        [[step]]
        post = "/token"
        capture = { token = { json = "$.token" } }
        [[step]]
        get = "/private"
        auth = { bearer = "{{token}}" }
        expect = { contains = "for you" }
        [[step]]
        get = "/basic"
        auth = { user = "ada", password = "secret" }
        [[step]]
        post = "/users"
        json = { name = "Bob" }
        expect = { status = 201 }
        capture = { place = { header = "location" }, id = { json = "$.id" } }
        [[step]]
        delete = "/users/{{id}}"
        expect = { status = 204 }
        [[step]]
        name = "gone"
        get = "/users/{{id}}"
        expect = { status = 404 }
        [load]
        users = 4
        iterations = 40
        "#,
    );
    run.is_clean("total", 320);
    for subject in ["GET /private", "DELETE /users/{{id}}", "gone"] {
        run.is_clean(subject, 40);
    }
    assert_eq!(server.log().len(), 320);
}

#[test]
fn each_user_keeps_the_cookies_it_was_sent_and_nobody_elses() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/login", |asked| {
                let user = asked.connection;
                Reply::text("ok")
                    .header("set-cookie", &format!("who=u{user}; Path=/; HttpOnly"))
                    .header("set-cookie", "area=1; Path=/area")
            })
            .on("/logout", |_| {
                Reply::text("bye").header("set-cookie", "who=; Max-Age=0; Path=/")
            })
            .on("/*", heard.by(|_| Reply::text("ok"))),
    );
    let text = |cookies: bool| {
        format!(
            r#"
            cookies = {cookies}
            [[step]]
            post = "/login"
            [[step]]
            get = "/me"
            [[step]]
            get = "/area/x"
            [[step]]
            post = "/logout"
            [[step]]
            get = "/after"
            [load]
            users = 3
            iterations = 30
            "#
        )
    };
    loaded(&server, &text(true)).is_clean("total", 150);
    let mut users = BTreeMap::new();
    for asked in heard.of("/me") {
        *users.entry(asked.connection).or_insert(0) += 1;
        let own = format!("who=u{}", asked.connection);
        assert_eq!(asked.header("cookie"), Some(own.as_str()));
    }
    assert!(
        users.len() == 3 && users.values().sum::<u64>() == 30,
        "{users:?}"
    );
    for asked in heard.of("/area/x") {
        let own = format!("u{}", asked.connection);
        assert_eq!(
            (asked.cookie("who"), asked.cookie("area")),
            (Some(own.as_str()), Some("1"))
        );
    }
    assert!(
        heard
            .of("/after")
            .iter()
            .all(|asked| asked.header("cookie").is_none())
    );

    loaded(&server, &text(false)).is_clean("total", 150);
    let without = &heard.of("/me")[30..];
    assert_eq!(without.len(), 30);
    assert!(without.iter().all(|asked| asked.header("cookie").is_none()));
}

#[test]
fn redirects_are_followed_as_their_status_says_and_their_cookies_go_with_them() {
    let heard = Heard::default();
    let server = Server::start(
        Script::new()
            .on("/moved/*", |asked| {
                let status = asked.path["/moved/".len()..].parse().unwrap();
                Reply::redirect(status, "../there?n=1").header("set-cookie", "seen=yes; Path=/")
            })
            .on("/there", heard.by(|_| Reply::text("arrived")))
            .on("/plain", |_| Reply::redirect(302, "/there")),
    );
    let text = r#"
        cookies = true
        [[step]]
        post = "/moved/302"
        json = { a = 1 }
        expect = { contains = "arrived" }
        [[step]]
        post = "/moved/307"
        json = { a = 2 }
        expect = { status = 200 }
        [[step]]
        get = "/moved/301"
        [[step]]
        name = "as it is"
        get = "/moved/308"
        expect = { status = 308 }
        [load]
        users = 1
        iterations = 1
    "#;
    loaded(&server, text).is_clean("total", 4);
    let there = heard.all();
    let seen: Vec<(&str, String)> = there
        .iter()
        .map(|asked| (asked.method.as_str(), asked.text()))
        .collect();
    let expected = [("GET", ""), ("POST", r#"{"a":2}"#), ("GET", "")];
    assert_eq!(
        seen,
        expected.map(|(method, body)| (method, body.to_owned()))
    );
    assert!(
        there
            .iter()
            .all(|asked| asked.query == "n=1" && asked.cookie("seen") == Some("yes"))
    );
    assert_eq!(server.log().len(), 7);
}

#[test]
fn redirects_without_end_and_to_others_are_refused_and_none_need_be_followed() {
    let other = Server::start(Script::site());
    let away = other.url("/");
    let server = Server::start(
        Script::new()
            .on("/round", |_| Reply::redirect(302, "/round"))
            .on("/three*", |asked| match asked.path.as_str() {
                "/three" => Reply::redirect(302, "/three/2"),
                "/three/2" => Reply::redirect(302, "/three/1"),
                _ => Reply::text("there"),
            })
            .on("/away", move |_| Reply::redirect(302, &away)),
    );
    let walk = |head: &str, path: &str| {
        let text =
            format!("{head}\n[[step]]\nget = \"{path}\"\n[load]\nusers = 1\niterations = 2\n");
        loaded(&server, &text)
    };
    let round = walk("redirects = 3", "/round");
    assert_eq!(
        (round.failures(), round.why()),
        (vec![(FailureKind::Check, 2)], "more than 3 redirects")
    );
    assert_eq!(server.log().len(), 8);
    walk("redirects = 2", "/three").is_clean("GET /three", 2);
    assert_eq!(
        walk("redirects = 1", "/three").failures(),
        [(FailureKind::Check, 2)]
    );
    // One that is not followed is an answer like others.
    walk("redirects = 0", "/round").is_clean("GET /round", 2);

    let away = walk("", "/away");
    assert_eq!(away.failures(), [(FailureKind::Check, 2)]);
    let leaves = format!("redirect to `{}` leaves {}", other.url("/"), server.url(""));
    assert_eq!(away.why(), leaves);
    assert_eq!(other.connections(), 0);
}
