//! The module from outside: the request that a step sends, and what a response to it does.

mod data;
mod examine;
mod jar;
mod outgoing;
mod redirect;

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method};

use super::UserState;
use crate::load::http::{OutgoingRequest, Response};
use crate::load::scenario::{Base, Body, Call, Expect, Scheme};
use crate::load::template::{Template, Values};
use crate::load::{Scenario, scenario};

fn values(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, value) in pairs {
        values.set(name, (*value).to_owned());
    }
    values
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn base() -> Base {
    Base {
        scheme: Scheme::Http,
        host: "127.0.0.1".to_owned(),
        port: 8080,
        prefix: "/api".to_owned(),
    }
}

fn state(pairs: &[(&str, &str)]) -> UserState {
    UserState {
        values: values(pairs),
        ..UserState::default()
    }
}

fn call(path: &str) -> Call {
    Call {
        method: Method::GET,
        path: template(path),
        query: Vec::new(),
        headers: Vec::new(),
        auth: None,
        body: Body::Empty,
        events: None,
        expect: Expect::default(),
        captures: Vec::new(),
    }
}

fn header(name: &'static str, value: &str) -> (HeaderName, Template) {
    (HeaderName::from_static(name), template(value))
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| {
        let value = Bytes::copy_from_slice(value.as_bytes());
        ((*name).to_owned(), value)
    });
    Response {
        status,
        headers: headers.collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        received: body.len() as u64,
        head: 0,
        begun: None,
        stream: None,
    }
}

/// Every value of the header, in order.
fn sent<'a>(request: &'a OutgoingRequest, name: &str) -> Vec<&'a str> {
    let lines = request.headers.iter().filter(|line| line.0 == name);
    lines.map(|line| line.1.as_str()).collect()
}

fn scenario_of(calls: Vec<Call>) -> Scenario {
    let step = |call| scenario::Step {
        subject: "step".to_owned(),
        destination: scenario::Destination::Base,
        together: false,
        action: scenario::Action::Call(Box::new(call)),
        timeout: None,
        think: scenario::Pause::NONE,
        turns: None,
    };
    Scenario {
        name: "test".to_owned(),
        base: base(),
        hosts: Vec::new(),
        protocol: scenario::Protocol::Http1,
        levels: vec![scenario::Level {
            prefix: None,
            load: scenario::Load::Closed(scenario::Closed {
                users: NonZeroUsize::MIN,
                spawn_rate: None,
                think: scenario::Pause::NONE,
                until: scenario::Until::Iterations(1),
                stages: Vec::new(),
            }),
        }],
        abort: None,
        warmup: Duration::ZERO,
        timeout: Duration::from_secs(1),
        seed: 1,
        threads: None,
        redirects: 0,
        cookies: false,
        keep_alive: true,
        measure: scenario::Measure::default(),
        tls: scenario::Tls::default(),
        flows: calls
            .into_iter()
            .map(|call| scenario::Flow {
                name: "flow".to_owned(),
                weight: 1.0,
                once: Vec::new(),
                steps: vec![step(call)],
            })
            .collect(),
        classes: Vec::new(),
        setup: Vec::new(),
        teardown: Vec::new(),
        values: Default::default(),
        feeds: Vec::new(),
        watch: Vec::new(),
        service: None,
        share: Default::default(),
    }
}
