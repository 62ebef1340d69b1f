//! A scenario file as a whole.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::toml_file::{Form, FormError, LineStarts, Text, value};

use super::error::ScenarioError;
use super::names::Names;
use super::reader::{Reader, some_time, time};
use super::steps::General;
use super::surroundings::{Machine, Surroundings};
use super::watched::{Situation, watched};
use super::{Base, Protocol, Scenario, Share, Tls, data, flows, levels, service, values};

const KEYS: [&str; 20] = [
    "name",
    "base",
    "warmup",
    "timeout",
    "seed",
    "threads",
    "redirects",
    "cookies",
    "http",
    "streams",
    "headers",
    "auth",
    "load",
    "tls",
    "values",
    "data",
    "flow",
    "step",
    "watch",
    "service",
];
const TLS_KEYS: [&str; 2] = ["ca", "server_name"];

pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Of a redirect that leads to a redirect.
pub(super) const REDIRECTS: u8 = 5;
/// Users that share a connection of HTTP/2.
pub(super) const STREAMS: usize = 10;

#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

const VERSIONS: [(&str, Version); 2] = [("1.1", Version::One), ("2", Version::Two)];

/// Reads a scenario; relative files start at the folder of `path`, which need not exist.
pub fn parse(text: &str, path: &Path) -> Result<Scenario, ScenarioError> {
    parse_in(text, path, &Machine)
}

/// The same with other variables and files than those of this process.
pub fn parse_in(
    text: &str,
    path: &Path,
    around: &dyn Surroundings,
) -> Result<Scenario, ScenarioError> {
    read(text, path, around).map_err(|error| ScenarioError::new(path, error))
}

fn read(text: &str, path: &Path, around: &dyn Surroundings) -> Result<Scenario, FormError> {
    let name = path.display().to_string();
    let lines = LineStarts::of(text);
    let text = Text {
        name: &name,
        text,
        lines: &lines,
    };
    let document = text.document()?;
    let top = Form::new(text, &document, "the scenario", &KEYS)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let reader = Reader { folder, around };
    let base = base(&top, &reader)?;
    let values = match top.node("values") {
        Some(node) => values::values(&node)?,
        None => Default::default(),
    };
    let forms = top.tables("data", "[[data]]", &data::KEYS)?;
    let feeds = data::feeds(&forms, &reader)?;
    let columns = feeds.iter().flat_map(|feed| {
        let named = |column| format!("{}.{column}", feed.name);
        feed.columns.iter().map(named)
    });
    let made: BTreeSet<String> = values.keys().cloned().chain(columns).collect();
    let general = General {
        reader: &reader,
        names: Names::new(made, flows::captured(&top)),
        headers: top.node("headers"),
        auth: top.node("auth"),
    };
    let name = title(&top, path)?;
    let flows = flows::flows(&top, &general, &name)?;
    let Some(load) = top.table("load", "[load]", &levels::KEYS)? else {
        return Err(top
            .error("there is no [load]")
            .hint("write [load] and below it users = 50 or rate = 200, and duration = \"30s\""));
    };
    let service = match top.table("service", "[service]", &service::KEYS)? {
        Some(form) => Some(service::service(&form, &base, &reader)?),
        None => None,
    };
    let watch = match top.node("watch") {
        Some(node) => {
            let steps = flows.iter().flat_map(|flow| &flow.steps);
            let situation = Situation {
                reader: &reader,
                base: &base,
                has_service: service.is_some(),
                subjects: steps.map(|step| step.subject.as_str()).collect(),
            };
            watched(&node, &situation)?
        }
        None => Vec::new(),
    };
    Ok(Scenario {
        name,
        protocol: protocol(&top)?,
        levels: levels::levels(&load, &flows)?,
        warmup: top
            .node("warmup")
            .map_or(Ok(Duration::ZERO), |node| time(&node))?,
        timeout: top
            .node("timeout")
            .map_or(Ok(TIMEOUT), |node| some_time(&node))?,
        seed: value(top.whole("seed", 0..=u64::MAX >> 1)?).unwrap_or(1),
        threads: value(top.whole("threads", 1..=256_usize)?).and_then(NonZeroUsize::new),
        redirects: value(top.whole("redirects", 0..=20)?).unwrap_or(REDIRECTS),
        cookies: value(top.flag("cookies")?).unwrap_or(false),
        tls: tls(&top, &reader)?,
        base,
        flows,
        values,
        feeds,
        watch,
        service,
        share: Share::default(),
    })
}

fn base(top: &Form<'_>, reader: &Reader<'_>) -> Result<Base, FormError> {
    let node = top.node("base").ok_or_else(|| {
        top.error("there is no `base`")
            .hint("write where every path begins: base = \"http://127.0.0.1:8080\"")
    })?;
    Base::parse(&reader.text(&node)?).map_err(|why| node.error(why))
}

/// The name that was given, or that of the file.
fn title(top: &Form<'_>, path: &Path) -> Result<String, FormError> {
    if let Some(node) = top.node("name") {
        let name = node.text()?.trim();
        if name.chars().any(char::is_control) {
            return Err(node.error("a name is one line of text"));
        }
        return Ok(name.to_owned());
    }
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    Ok(stem.unwrap_or_else(|| "scenario".to_owned()))
}

fn protocol(top: &Form<'_>) -> Result<Protocol, FormError> {
    let streams = value(top.whole("streams", 1..=1000_usize)?);
    match value(top.choice("http", &VERSIONS)?) {
        Some(Version::Two) => {
            let streams = NonZeroUsize::new(streams.unwrap_or(STREAMS));
            Ok(Protocol::Http2 {
                streams: streams.unwrap_or(NonZeroUsize::MIN),
            })
        }
        _ if streams.is_some() => Err(top
            .error_at(
                "streams",
                "`streams`: HTTP/1.1 has one request at a time on a connection",
            )
            .hint("add http = \"2\"")),
        _ => Ok(Protocol::Http1),
    }
}

fn tls(top: &Form<'_>, reader: &Reader<'_>) -> Result<Tls, FormError> {
    let Some(form) = top.table("tls", "[tls]", &TLS_KEYS)? else {
        return Ok(Tls::default());
    };
    let ca = match form.node("ca") {
        Some(node) => {
            let bytes = reader.file(&node)?;
            if !String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----") {
                return Err(node
                    .error("the file has no certificate")
                    .hint("it must be PEM, which begins with -----BEGIN CERTIFICATE-----"));
            }
            Some(reader.path(&node)?)
        }
        None => None,
    };
    Ok(Tls {
        ca,
        server_name: match form.node("server_name") {
            Some(node) => Some(reader.text(&node)?),
            None => None,
        },
    })
}
