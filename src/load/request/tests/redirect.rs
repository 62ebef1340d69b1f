//! Which redirects are followed, and with what.

use bytes::Bytes;
use http::Method;

use super::{answer, base, call, header, sent, state, template};
use crate::load::http::{Failure, FailureKind, OutgoingRequest, Response};
use crate::load::request::{Answered, NextRequest, outgoing, renew_cookies};
use crate::load::scenario::{Addresses, Base, Body, Call, Destination, Host, Scheme};

fn login() -> Call {
    let mut call = call("/shop/login?next=1");
    call.method = Method::POST;
    call.body = Body::Form(vec![("user".to_owned(), template("ann"))]);
    call.headers = vec![header("x-tag", "a"), header("cookie", "own=1")];
    call
}

/// Of a scenario with one host.
fn redirected(
    call: &Call,
    base: &Base,
    response: &Response,
    request: &OutgoingRequest,
) -> Option<Result<OutgoingRequest, Failure>> {
    let addresses = Addresses { base, hosts: &[] };
    let last = Answered {
        response: response.clone(),
        request: request.clone(),
        from: Destination::Base,
    };
    let next = crate::load::request::redirected(call, addresses, &last)?;
    Some(next.map(|next| {
        assert_eq!(next.to, Destination::Base);
        next.request
    }))
}

fn sent_first() -> OutgoingRequest {
    outgoing(&login(), &base(), &state(&[])).unwrap()
}

fn follow(status: u16, location: &str) -> Option<Result<OutgoingRequest, String>> {
    let answer = answer(status, &[("location", location)], "");
    redirected(&login(), &base(), &answer, &sent_first()).map(|next| {
        next.map_err(|failure| {
            assert_eq!(failure.kind, FailureKind::Check);
            failure.what
        })
    })
}

#[test]
fn a_location_is_read_from_where_the_request_was() {
    for (location, target) in [
        ("/home", "/home"),
        ("done?a=b#c", "/api/shop/done?a=b"),
        ("../x", "/api/x"),
        ("?page=2", "/api/shop/login?page=2"),
        ("http://127.0.0.1:8080", "/"),
        ("//127.0.0.1:8080/a b", "/a%20b"),
        ("/ü\r\nX: y", "/%C3%BCX:%20y"),
        ("", "/api/shop/login?next=1"),
    ] {
        let next = follow(302, location).unwrap().unwrap();
        assert_eq!(next.target, target, "{location}");
    }
}

#[test]
fn see_other_becomes_a_get_and_a_temporary_redirect_says_it_all_again() {
    let first = sent_first();
    for status in [301, 302, 303] {
        let next = follow(status, "/home").unwrap().unwrap();
        assert_eq!((next.method, next.body), (Method::GET, Bytes::new()));
        let without_type = first.headers.iter().filter(|line| line.0 != "content-type");
        assert_eq!(next.headers, without_type.cloned().collect::<Vec<_>>());
    }
    for status in [307, 308] {
        let next = follow(status, "/home").unwrap().unwrap();
        let expected = OutgoingRequest {
            target: "/home".to_owned(),
            ..first.clone()
        };
        assert_eq!(next, expected);
    }
    let mut head = call("/");
    head.method = Method::HEAD;
    let first = outgoing(&head, &base(), &state(&[])).unwrap();
    let to = answer(303, &[("location", "/x")], "");
    assert_eq!(
        redirected(&head, &base(), &to, &first)
            .unwrap()
            .unwrap()
            .method,
        Method::HEAD
    );
}

#[test]
fn what_leaves_the_host_is_told_and_not_followed() {
    for location in [
        "http://other.test/x",
        "//other.test/x",
        "https://127.0.0.1:8080/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1:8080@other.test/",
        "file:///etc/passwd",
    ] {
        let what = follow(302, location).unwrap().unwrap_err();
        let expected = format!("redirect to `{location}` leaves http://127.0.0.1:8080");
        assert_eq!(what, expected);
    }
    let what = follow(302, "http://[x").unwrap().unwrap_err();
    assert_eq!(what, "redirect to `http://[x`, which is no URL");
}

#[test]
fn a_service_asked_under_another_name_may_answer_with_that_name() {
    let mut call = call("/");
    call.headers = vec![header("host", "shop.test")];
    let first = outgoing(&call, &base(), &state(&[])).unwrap();
    for (location, is_followed) in [("http://shop.test/a", true), ("http://shop2.test/a", false)] {
        let to = answer(302, &[("location", location)], "");
        let next = redirected(&call, &base(), &to, &first).unwrap();
        assert_eq!(next.is_ok_and(|next| next.target == "/a"), is_followed);
    }
}

#[test]
fn an_ipv6_address_and_a_usual_port_are_the_same_host() {
    let mut base = base();
    base.host = "::1".to_owned();
    base.port = 443;
    base.scheme = Scheme::Https;
    let first = outgoing(&call("/"), &base, &state(&[])).unwrap();
    let to = answer(302, &[("location", "https://[::1]/x")], "");
    let next = redirected(&call("/"), &base, &to, &first).unwrap();
    assert_eq!(next.unwrap().target, "/x");
}

#[test]
fn what_is_no_redirect_or_was_expected_is_the_answer() {
    for status in [200, 204, 300, 304, 305, 404, 500] {
        assert_eq!(follow(status, "/x"), None, "{status}");
    }
    let mut expecting = login();
    expecting.expect.status = vec![302];
    let to = answer(302, &[("location", "/x")], "");
    assert!(redirected(&expecting, &base(), &to, &sent_first()).is_none());
    assert!(redirected(&login(), &base(), &answer(302, &[], ""), &sent_first()).is_none());
}

#[test]
fn a_cookie_that_came_with_the_redirect_goes_with_the_next_request() {
    let set = [
        ("location", "/home"),
        ("set-cookie", "session=2; Path=/"),
        ("set-cookie", "old=; Path=/; Max-Age=0"),
    ];
    let to = answer(302, &set, "");
    let mut state = state(&[]);
    let before = answer(
        200,
        &[
            ("set-cookie", "old=1; Path=/"),
            ("set-cookie", "shop=1; Path=/api/shop"),
        ],
        "",
    );
    state.jar.take(&before, &base().host, "/");
    let first = outgoing(&login(), &base(), &state).unwrap();
    assert_eq!(sent(&first, "cookie"), ["own=1; shop=1; old=1"]);
    let mut next = redirected(&login(), &base(), &to, &first).unwrap().unwrap();
    state.jar.take(&to, &base().host, &first.target);
    renew_cookies(&login().headers, &base(), &state, &mut next).unwrap();
    assert_eq!(sent(&next, "cookie"), ["own=1; session=2"]);

    let mut bare = next;
    let nobody = super::state(&[]);
    renew_cookies(&[], &base(), &nobody, &mut bare).unwrap();
    assert!(sent(&bare, "cookie").is_empty());
}

#[test]
fn a_redirect_to_another_host_of_the_scenario_is_followed_without_what_proves_who_asks() {
    let hosts = [Host {
        name: "login".to_owned(),
        base: Base {
            port: 9000,
            prefix: "/sso".to_owned(),
            ..base()
        },
    }];
    let home = base();
    let addresses = Addresses {
        base: &home,
        hosts: &hosts,
    };
    let mut call = login();
    call.headers.push(header("authorization", "Bearer t"));
    let request = outgoing(&call, &home, &state(&[])).unwrap();
    let from_home = Answered {
        response: answer(307, &[("location", "http://127.0.0.1:9000/in?a=b")], ""),
        request,
        from: Destination::Base,
    };
    let follow = |last: &Answered| crate::load::request::redirected(&call, addresses, last);
    let NextRequest { request, to } = follow(&from_home).unwrap().unwrap();
    assert_eq!(to, Destination::Host(0));
    assert_eq!(request.target, "/in?a=b");
    assert_eq!(request.body, from_home.request.body);
    assert_eq!(sent(&request, "x-tag"), ["a"]);
    for secret in ["authorization", "cookie"] {
        assert!(!sent(&from_home.request, secret).is_empty(), "{secret}");
        assert!(sent(&request, secret).is_empty(), "{secret}");
    }
    let back = Answered {
        response: answer(303, &[("location", "http://127.0.0.1:8080/api/home")], ""),
        request,
        from: to,
    };
    assert_eq!(follow(&back).unwrap().unwrap().to, Destination::Base);
    let away = Answered {
        response: answer(303, &[("location", "http://127.0.0.1:9001/")], ""),
        ..back
    };
    let failure = follow(&away).unwrap().unwrap_err();
    assert!(
        failure.what.ends_with("leaves http://127.0.0.1:9000"),
        "{failure}"
    );
}
