//! The request that a step sends.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::{answer, base, call, header, sent, state, template};
use crate::load::http::{FailureKind, OutgoingRequest};
use crate::load::request::{is_fixed, opening, outgoing, refill};
use crate::load::scenario::{Auth, Body, Call, Scheme, Socket};
use crate::load::template::is_connection_header;

fn go(call: &Call, pairs: &[(&str, &str)]) -> OutgoingRequest {
    outgoing(call, &base(), &state(pairs)).unwrap()
}

fn post(body: Body) -> Call {
    Call {
        method: Method::POST,
        body,
        ..call("/items")
    }
}

#[test]
fn path_and_query_are_put_together_with_every_value_in_its_place() {
    let mut call = call("/items/{{id}}?sort=a b");
    call.query = vec![
        ("q s".to_owned(), template("{{term}} & more")),
        ("page".to_owned(), template("2")),
    ];
    let request = go(&call, &[("id", "a/b?c#d"), ("term", "x=y&z")]);
    assert_eq!(
        request.target,
        "/api/items/a%2Fb%3Fc%23d?sort=a%20b&q%20s=x%3Dy%26z%20%26%20more&page=2"
    );
    call.path = template("/search");
    call.query.truncate(1);
    assert_eq!(
        go(&call, &[("term", "é")]).target,
        "/api/search?q%20s=%C3%A9%20%26%20more"
    );
}

#[test]
fn a_path_from_an_answer_must_be_a_path() {
    let call = call("{{next:raw}}");
    assert_eq!(
        go(&call, &[("next", "/items?page=2")]).target,
        "/api/items?page=2"
    );
    for bad in ["", "items", "http://evil.test/x", "\r\nGET /x"] {
        let failure = outgoing(&call, &base(), &state(&[("next", bad)])).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Check);
        assert!(
            failure.what.ends_with("does not begin with a slash"),
            "{failure}"
        );
    }
}

#[test]
fn headers_that_nobody_set_get_a_usual_value_and_those_that_are_set_stay() {
    let plain = go(&call("/"), &[]);
    let agent = concat!("perfgate/", env!("CARGO_PKG_VERSION"));
    assert_eq!(plain.headers.len(), 2);
    assert_eq!(sent(&plain, "user-agent"), [agent]);
    assert_eq!(sent(&plain, "accept"), ["*/*"]);

    let mut own = post(Body::Json(template("{}")));
    assert_eq!(sent(&go(&own, &[]), "content-type"), ["application/json"]);
    own.headers = vec![
        header("user-agent", "me"),
        header("accept", "text/html"),
        header("content-type", "application/graphql+json"),
        header("x-tag", "a"),
        header("x-tag", "{{b}}"),
        header("host", "shop.test"),
    ];
    let request = go(&own, &[("b", "2")]);
    assert_eq!(sent(&request, "x-tag"), ["a", "2"]);
    assert_eq!(sent(&request, "host"), ["shop.test"]);
    assert_eq!(sent(&request, "content-type"), ["application/graphql+json"]);
    assert_eq!(request.headers.len(), 6);

    for body in [
        Body::Text(template("x")),
        Body::Bytes(Bytes::from_static(b"x")),
    ] {
        assert!(sent(&go(&post(body), &[]), "content-type").is_empty());
    }
}

#[test]
fn what_the_connection_writes_cannot_be_written_by_a_step() {
    let mut call = call("/");
    for name in [
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "keep-alive",
    ] {
        assert!(is_connection_header(&HeaderName::from_static(name)));
        call.headers = vec![header(name, "7")];
        assert!(sent(&go(&call, &[]), name).is_empty(), "{name}");
    }
    for name in ["host", "accept-encoding", "content-type", "expect"] {
        assert!(!is_connection_header(&HeaderName::from_static(name)));
    }
}

#[test]
fn bodies_carry_values_escaped_for_their_kind() {
    let pairs = [("v", "a \"b\"\n&=ü"), ("n", "7")];
    let form = vec![
        ("a b".to_owned(), template("{{v}}")),
        ("n".to_owned(), template("{{n}}")),
    ];
    for (body, expected) in [
        (Body::Empty, ""),
        (Body::Bytes(Bytes::from_static(b"{{v}}")), "{{v}}"),
        (Body::Text(template("<{{v}}>")), "<a \"b\"\n&=ü>"),
        (
            Body::Json(template(r#"{"v":"{{v}}","n":"{{n:raw}}"}"#)),
            r#"{"v":"a \"b\"\n&=ü","n":7}"#,
        ),
        (Body::Form(form), "a+b=a+%22b%22%0A%26%3D%C3%BC&n=7"),
    ] {
        assert_eq!(go(&post(body), &pairs).body, expected);
    }
    let form = go(&post(Body::Form(Vec::new())), &[]);
    assert_eq!(
        sent(&form, "content-type"),
        ["application/x-www-form-urlencoded"]
    );
}

#[test]
fn auth_is_one_header_and_one_that_is_set_wins() {
    let mut call = call("/");
    call.auth = Some(Auth::Bearer(template("{{token}}")));
    assert_eq!(
        sent(&go(&call, &[("token", "t")]), "authorization"),
        ["Bearer t"]
    );
    call.headers = vec![header("authorization", "Own {{token}}")];
    assert_eq!(
        sent(&go(&call, &[("token", "t")]), "authorization"),
        ["Own t"]
    );
}

#[test]
fn cookies_of_the_step_and_of_the_jar_are_one_header() {
    let mut call = call("/a");
    call.headers = vec![header("cookie", "own={{v}}")];
    let mut state = state(&[("v", "1")]);
    let set = [
        ("set-cookie", "s=2; Path=/api"),
        ("set-cookie", "t=3; Secure; Path=/"),
        ("set-cookie", "u=4; Path=/elsewhere"),
    ];
    state
        .jar
        .take(&answer(200, &set, ""), &base().host, "/api/login");
    let request = outgoing(&call, &base(), &state).unwrap();
    assert_eq!(sent(&request, "cookie"), ["own=1; s=2"]);
    let mut secure = base();
    secure.scheme = Scheme::Https;
    let request = outgoing(&call, &secure, &state).unwrap();
    assert_eq!(sent(&request, "cookie"), ["own=1; s=2; t=3"]);
}

#[test]
fn a_value_that_nobody_set_fails_as_a_capture_does() {
    let mut in_header = call("/");
    in_header.headers = vec![header("x-id", "{{id}}")];
    for call in [
        call("/{{id}}"),
        in_header,
        post(Body::Text(template("{{id}}"))),
    ] {
        let failure = outgoing(&call, &base(), &state(&[])).unwrap_err();
        assert_eq!(failure.to_string(), "capture: `{{id}}` has no value");
    }
}

#[test]
fn a_request_written_over_another_is_as_if_it_were_new() {
    let mut busy = post(Body::Json(template("{\"a\":1}")));
    busy.headers = vec![header("x-a", "1"), header("x-b", "2")];
    let mut buffer = go(&busy, &[]);
    let state = state(&[("id", "7")]);
    for call in [call("/{{id}}"), busy.clone(), post(Body::Form(Vec::new()))] {
        refill(&call, &base(), &state, &mut buffer).unwrap();
        assert_eq!(buffer, outgoing(&call, &base(), &state).unwrap());
    }
}

#[test]
fn a_request_is_fixed_only_where_nothing_in_it_can_change() {
    let mut fixed = post(Body::Json(template("{}")));
    fixed.query = vec![("a".to_owned(), template("b"))];
    fixed.headers = vec![header("x-a", "b")];
    fixed.auth = Some(Auth::Bearer(template("t")));
    assert!(is_fixed(&fixed, false));
    assert!(!is_fixed(&fixed, true));
    let changes: [fn(&mut Call); 7] = [
        |call| call.path = template("/{{v}}"),
        |call| call.query[0].1 = template("{{v}}"),
        |call| call.headers[0].1 = template("{{v}}"),
        |call| call.auth = Some(Auth::Bearer(template("{{v}}"))),
        |call| call.body = Body::Text(template("{{v}}")),
        |call| call.body = Body::Form(vec![(String::new(), template("{{v}}"))]),
        |call| {
            call.auth = Some(Auth::Basic {
                user: template("u"),
                password: template("{{v}}"),
            });
        },
    ];
    for change in changes {
        let mut call = fixed.clone();
        change(&mut call);
        assert!(!is_fixed(&call, false), "{call:?}");
    }
}

#[test]
fn the_opening_of_a_socket_has_path_headers_and_cookies_and_asks_for_nothing() {
    let socket = Socket {
        path: template("/live/{{room}}"),
        headers: vec![header("x-id", "{{room}}")],
        messages: Vec::new(),
    };
    let mut state = state(&[("room", "a b")]);
    state.jar.take(
        &answer(200, &[("set-cookie", "s=1; Path=/")], ""),
        &base().host,
        "/",
    );
    let request = opening(&socket, &base(), &state).unwrap();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", "/api/live/a%20b")
    );
    assert_eq!(sent(&request, "x-id"), ["a b"]);
    assert_eq!(sent(&request, "cookie"), ["s=1"]);
    assert_eq!(request.headers.len(), 3);
}

proptest! {
    /// Whatever was captured, there is one request, or none.
    #[test]
    fn no_value_splits_a_request(value in "[a-z\r\n\0 :/%é\u{7f}]{0,12}") {
        let mut call = call("/{{v}}/{{v:raw}}");
        call.query = vec![("q".to_owned(), template("{{v}}{{v:raw}}"))];
        call.headers = vec![header("x-id", "{{v}}"), header("cookie", "c={{v}}")];
        call.auth = Some(Auth::Bearer(template("{{v}}")));
        let is_hostile = value.chars().any(|c| c.is_ascii_control());
        match outgoing(&call, &base(), &state(&[("v", &value)])) {
            Err(failure) => {
                prop_assert!(is_hostile, "{}", failure);
                prop_assert_eq!(failure.kind, FailureKind::Check);
                prop_assert!(!failure.what.contains(char::is_control));
            }
            Ok(request) => {
                prop_assert!(!is_hostile);
                prop_assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()));
                for (name, value) in &request.headers {
                    prop_assert!(HeaderName::from_bytes(name.as_bytes()).is_ok());
                    prop_assert!(HeaderValue::from_bytes(value.as_bytes()).is_ok());
                }
            }
        }
        call.headers.clear();
        call.auth = None;
        let request = outgoing(&call, &base(), &state(&[("v", &value)])).unwrap();
        prop_assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
