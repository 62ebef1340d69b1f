//! One request from the flags of the command line.

use std::num::NonZeroUsize;
use std::time::Duration;

use perfgate::hint;
use perfgate::load::scenario::{BodyArg, Load, Protocol, Simple, Until, from_url};
use perfgate::load::template::Template;

use super::{call, seconds};

fn simple() -> Simple {
    Simple {
        url: "http://127.0.0.1:8080/items/a%20b?page={{1}}".to_owned(),
        ..Simple::default()
    }
}

#[test]
fn a_url_alone_is_a_small_load_of_one_get() {
    let scenario = from_url(simple()).unwrap();
    assert_eq!(scenario.name, "GET /items/a%20b");
    assert_eq!(
        (scenario.base.host.as_str(), scenario.base.port),
        ("127.0.0.1", 8080)
    );
    assert_eq!(scenario.base.prefix, "");
    assert_eq!(scenario.flows[0].steps[0].subject, "GET /items/a%20b");
    let call = call(&scenario, 0, 0);
    assert_eq!(
        call.path,
        Template::fixed("/items/a%20b?page={{1}}"),
        "nothing is a placeholder"
    );
    let Load::Closed(closed) = &scenario.levels[0].load else {
        panic!("closed");
    };
    assert_eq!(
        (closed.users.get(), closed.until),
        (10, Until::For(seconds(10)))
    );
    assert_eq!(scenario.protocol, Protocol::Http1);
}

#[test]
fn flags_say_the_load_and_the_request() {
    let scenario = from_url(Simple {
        rate: Some(200.0),
        requests: Some(1000),
        headers: vec!["X-A: b:c".to_owned()],
        body: Some(BodyArg::Json("{\"a\": 1.0}".to_owned())),
        http2: true,
        ..simple()
    })
    .unwrap();
    assert_eq!(scenario.name, "POST /items/a%20b");
    let Load::Open(open) = &scenario.levels[0].load else {
        panic!("open");
    };
    assert_eq!(
        open.phases[0].duration,
        seconds(5),
        "as long as the requests take"
    );
    let headers: Vec<_> = call(&scenario, 0, 0)
        .headers
        .iter()
        .map(|(n, _)| n.as_str())
        .collect();
    assert_eq!(headers, ["x-a", "content-type"]);
    assert!(matches!(scenario.protocol, Protocol::Http2 { .. }));
    let scenario = from_url(Simple {
        users: NonZeroUsize::new(50),
        requests: Some(1000),
        method: Some("delete".to_owned()),
        ..simple()
    })
    .unwrap();
    let Load::Closed(closed) = &scenario.levels[0].load else {
        panic!("closed");
    };
    assert_eq!(closed.until, Until::Iterations(1000));
    assert_eq!(call(&scenario, 0, 0).method, "DELETE");
}

#[test]
fn what_cannot_be_is_refused() {
    let many = NonZeroUsize::new(2_000_000);
    let cases = [
        (
            Simple {
                url: "shop".into(),
                ..simple()
            },
            "load shop: `shop` is no address",
        ),
        (
            Simple {
                url: "http://me:pw@shop/".into(),
                ..simple()
            },
            "stand in `auth`",
        ),
        (
            Simple {
                rate: Some(0.0),
                ..simple()
            },
            "0 is not a rate",
        ),
        (
            Simple {
                rate: Some(f64::NAN),
                ..simple()
            },
            "NaN is not a rate",
        ),
        (
            Simple {
                rate: Some(1.0),
                users: NonZeroUsize::new(2),
                ..simple()
            },
            "--rate is one model of load",
        ),
        (
            Simple {
                users: many,
                ..simple()
            },
            "--users 2000000 is more than 1000000",
        ),
        (
            Simple {
                requests: Some(0),
                ..simple()
            },
            "nothing would be sent",
        ),
        (
            Simple {
                rate: Some(1e-300),
                requests: Some(u64::MAX),
                ..simple()
            },
            "take too long",
        ),
        (
            Simple {
                duration: Some(Duration::ZERO),
                ..simple()
            },
            "nothing would be sent",
        ),
        (
            Simple {
                timeout: Some(Duration::ZERO),
                ..simple()
            },
            "a timeout of nothing",
        ),
        (
            Simple {
                headers: vec!["nonsense".into()],
                ..simple()
            },
            "`nonsense` is no header",
        ),
        (
            Simple {
                headers: vec!["a b: c".into()],
                ..simple()
            },
            "`a b` is no name of a header",
        ),
        (
            Simple {
                headers: vec!["connection: c".into()],
                ..simple()
            },
            "belongs to the connection",
        ),
        (
            Simple {
                headers: vec!["a: b\nc: d".into()],
                ..simple()
            },
            "cannot hold line ends",
        ),
        (
            Simple {
                method: Some("a b".into()),
                ..simple()
            },
            "`a b` is no method",
        ),
        (
            Simple {
                body: Some(BodyArg::Json("{".into())),
                ..simple()
            },
            "read the JSON body",
        ),
    ];
    for (simple, said) in cases {
        let error = from_url(simple).unwrap_err();
        let shown = format!("{error:#}");
        assert!(
            shown.starts_with("load ") && shown.contains(said),
            "{shown} and not {said}"
        );
    }
    let error = from_url(Simple {
        url: "shop".into(),
        ..simple()
    })
    .unwrap_err();
    assert!(hint::of(&error).unwrap().contains("http://"));
}
