//! One request, as the command line says it, as a scenario.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use http::{HeaderName, Method, header};

use crate::hint::WithHint;
use crate::load::template::Template;

use super::address::web_address;
use super::call::{check_header_value, header_name, parse_method};
use super::file::MOST_PER_SECOND;
use super::keys::{REDIRECTS, STREAMS, TIMEOUT, USUAL_MAX_USERS};
use super::load_shape::MOST_USERS;
use super::{
    Action, Arrivals, Base, Body, Call, ClientCertificate, Closed, Destination, Expect, Flow,
    Level, Load, Measure, Open, Pause, Phase, Protocol, Scenario, Share, Step, Tls, Until, Watched,
};

/// Where nobody said how many or how long.
const USERS: usize = 10;
const DURATION: Duration = Duration::from_secs(10);

/// A body as it was given on the command line; files are read by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyArg {
    Text(String),
    Bytes(bytes::Bytes),
    Json(String),
}

/// What flags say of a single request.
#[derive(Clone, Debug, Default)]
pub struct Simple {
    pub url: String,
    /// GET, or POST with a body, where nobody said.
    pub method: Option<String>,
    /// `name: value`.
    pub headers: Vec<String>,
    pub body: Option<BodyArg>,
    pub rate: Option<f64>,
    pub arrivals: Arrivals,
    pub users: Option<NonZeroUsize>,
    pub max_users: Option<NonZeroUsize>,
    pub think: Option<Pause>,
    pub duration: Option<Duration>,
    pub requests: Option<u64>,
    pub warmup: Option<Duration>,
    pub timeout: Option<Duration>,
    pub http2: bool,
    pub ca: Option<PathBuf>,
    pub insecure: bool,
    pub client: Option<ClientCertificate>,
    pub threads: Option<NonZeroUsize>,
    pub seed: Option<u64>,
    pub watch: Vec<Watched>,
}

/// The subject is method and path: `GET /items`.
pub fn from_url(simple: Simple) -> anyhow::Result<Scenario> {
    let shown = simple.url.clone();
    let load = load(&simple).with_context(|| format!("load {shown}"))?;
    let timeout = simple.timeout.unwrap_or(TIMEOUT);
    if timeout.is_zero() {
        return Err(anyhow!(
            "load {shown}: a timeout of nothing leaves no time for an answer"
        ))
        .hint("write it like --timeout 10s");
    }
    let url = web_address(&simple.url)
        .map_err(|why| anyhow!("load {shown}: {why}"))
        .hint("a URL looks like http://127.0.0.1:8080/items")?;
    let base = Base::of(&url)
        .map_err(|why| anyhow!("load {shown}: {why}"))
        .hint("name host and port; pass credentials as -H 'authorization: …'")?;
    let call = call(&simple, &url).with_context(|| format!("load {shown}"))?;
    let subject = format!("{} {}", call.method, url.path());
    Ok(Scenario {
        name: subject.clone(),
        base: Base {
            prefix: String::new(),
            ..base
        },
        hosts: Vec::new(),
        protocol: match (simple.http2, NonZeroUsize::new(STREAMS)) {
            (true, Some(streams)) => Protocol::Http2 { streams },
            _ => Protocol::Http1,
        },
        levels: vec![Level { prefix: None, load }],
        abort: None,
        warmup: simple.warmup.unwrap_or_default(),
        timeout,
        seed: simple.seed.unwrap_or(1),
        threads: simple.threads,
        redirects: u8::try_from(REDIRECTS).unwrap_or(u8::MAX),
        cookies: false,
        keep_alive: true,
        measure: Measure::default(),
        tls: Tls {
            ca: simple.ca,
            insecure: simple.insecure,
            client: simple.client,
            server_name: None,
        },
        flows: vec![Flow {
            name: subject.clone(),
            weight: 1.0,
            once: Vec::new(),
            steps: vec![Step {
                subject,
                destination: Destination::Base,
                together: false,
                action: Action::Call(Box::new(call)),
                timeout: None,
                think: Pause::NONE,
                turns: None,
            }],
        }],
        classes: Vec::new(),
        setup: Vec::new(),
        teardown: Vec::new(),
        values: BTreeMap::new(),
        feeds: Vec::new(),
        watch: simple.watch,
        service: None,
        share: Share::default(),
    })
}

fn load(simple: &Simple) -> anyhow::Result<Load> {
    if simple.duration.is_some_and(|duration| duration.is_zero()) || simple.requests == Some(0) {
        return Err(anyhow!("nothing would be sent"))
            .hint("write it like --for 30s or --requests 1000");
    }
    if simple.duration.is_some() && simple.requests.is_some() {
        return Err(anyhow!("--for and --requests both say when it ends")).hint("keep one of them");
    }
    let Some(rate) = simple.rate else {
        let users = simple.users.map_or(USERS, NonZeroUsize::get);
        return Ok(Load::Closed(Closed {
            users: bounded(users, "--users")?,
            spawn_rate: None,
            think: simple.think.unwrap_or(Pause::NONE),
            until: match simple.requests {
                Some(requests) => Until::Iterations(requests),
                None => Until::For(simple.duration.unwrap_or(DURATION)),
            },
            stages: Vec::new(),
        }));
    };
    if simple.users.is_some() || simple.think.is_some() {
        return Err(anyhow!(
            "--rate is one model of load, --users and --think are of the other"
        ))
        .hint("users wait for answers, a rate does not: keep one of them");
    }
    if !(rate > 0.0 && rate <= MOST_PER_SECOND) {
        return Err(anyhow!("{rate} is not a rate")).hint(format!(
            "a rate is more than 0 and at most {MOST_PER_SECOND} a second"
        ));
    }
    let duration = match simple.requests {
        Some(requests) => time_for(requests, rate)?,
        None => simple.duration.unwrap_or(DURATION),
    };
    Ok(Load::Open(Open {
        phases: vec![Phase {
            name: None,
            duration,
            from: rate,
            to: rate,
            counted: true,
        }],
        arrivals: simple.arrivals,
        max_users: bounded(
            simple.max_users.map_or(USUAL_MAX_USERS, NonZeroUsize::get),
            "--max-users",
        )?,
    }))
}

/// How long so many requests take at a rate.
fn time_for(requests: u64, rate: f64) -> anyhow::Result<Duration> {
    let requests: f64 = requests.to_string().parse()?;
    Duration::try_from_secs_f64(requests / rate)
        .map_err(|_| anyhow!("{requests} requests at {rate} a second take too long"))
}

fn bounded(users: usize, flag: &str) -> anyhow::Result<NonZeroUsize> {
    NonZeroUsize::new(users)
        .filter(|users| users.get() <= MOST_USERS)
        .ok_or_else(|| anyhow!("{flag} {users} is more than {MOST_USERS}"))
}

fn call(simple: &Simple, url: &url::Url) -> anyhow::Result<Call> {
    let mut all: Vec<(HeaderName, Template)> = Vec::new();
    for written in &simple.headers {
        let (name, text) = written
            .split_once(':')
            .ok_or_else(|| anyhow!("`{written}` is no header"))
            .hint("write it like -H 'accept: application/json'")?;
        let name = header_name(name.trim()).map_err(|why| anyhow!(why))?;
        check_header_value(text.trim()).map_err(|why| anyhow!("`{name}`: {why}"))?;
        all.push((name, Template::fixed(text.trim())));
    }
    let method = match (&simple.method, &simple.body) {
        (Some(method), _) => parse_method(method).map_err(|why| anyhow!(why))?,
        (None, None) => Method::GET,
        (None, Some(_)) => Method::POST,
    };
    let body = match &simple.body {
        None => Body::Empty,
        Some(BodyArg::Text(text)) => Body::Text(Template::fixed(text)),
        Some(BodyArg::Bytes(bytes)) => Body::Bytes(bytes.clone()),
        Some(BodyArg::Json(text)) => {
            serde_json::from_str::<serde::de::IgnoredAny>(text).context("read the JSON body")?;
            if !all.iter().any(|(name, _)| name == header::CONTENT_TYPE) {
                all.push((header::CONTENT_TYPE, Template::fixed("application/json")));
            }
            // As it was typed: its spaces and numbers are part of what is measured.
            Body::Text(Template::fixed(text))
        }
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Ok(Call {
        method,
        path: Template::fixed(&target),
        query: Vec::new(),
        headers: all,
        auth: None,
        body,
        events: None,
        expect: Expect::default(),
        captures: Vec::new(),
    })
}
