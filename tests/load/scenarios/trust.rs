//! Who the service is and who its users are, by certificates.

use std::time::Duration;

use super::loaded::{loaded, refused, scenario};
use crate::support::server::tls::{ca, fixture};
use crate::support::server::{Leaf, Reply, Script, Server};

const TWO: &str = "[[step]]\nget = \"/\"\n[load]\nusers = 2\niterations = 6\n[tls]\n";

fn site(leaf: Leaf) -> Server {
    let ok = |_: &_| Reply::text("ok").after(Duration::from_millis(2));
    Server::start(Script::new().on("/", ok).tls(leaf))
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_where_it_is_named_and_only_there() {
    let own = site(Leaf::Own);
    let named = format!("{TWO}ca = '{}'\n", fixture("own.pem").display());
    loaded(&own, &named).is_clean("GET /", 6);
    loaded(&own, &format!("http = \"2\"\n{named}")).is_clean("GET /", 6);
    let why = refused(&scenario(
        &own,
        &format!("{TWO}ca = '{}'\n", ca().display()),
    ));
    assert!(
        why.contains("TLS handshake: invalid peer certificate"),
        "{why}"
    );
    // That it is named makes nobody else trusted.
    let other = refused(&scenario(&site(Leaf::Other), &named));
    assert!(other.contains("invalid peer certificate"), "{other}");
}

#[test]
fn whoever_takes_any_certificate_says_so() {
    for leaf in [Leaf::Own, Leaf::Other] {
        loaded(&site(leaf), &format!("{TWO}insecure = true\n")).is_clean("GET /", 6);
    }
}

#[test]
fn users_prove_who_they_are_where_the_service_asks() {
    let server = site(Leaf::ForUsers);
    let trusting = format!("{TWO}ca = '{}'\n", ca().display());
    let (cert, key) = (fixture("user.pem"), fixture("user.key"));
    let proving = |key: &std::path::Path| {
        format!(
            "{trusting}cert = '{}'\nkey = '{}'\n",
            cert.display(),
            key.display()
        )
    };
    loaded(&server, &proving(&key)).is_clean("GET /", 6);
    let run = loaded(&server, &trusting);
    assert_eq!(run.counted("GET /"), (6, 6), "{:?}", run.0.failures);
    let why = refused(&scenario(&server, &proving(&fixture("other.key"))));
    assert!(why.contains("use the certificate of the users"), "{why}");
}
