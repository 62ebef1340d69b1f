//! What is loaded: the first argument is a scenario file or a URL, and the flags say the rest.

use std::fs;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::find_max;
use super::overrides::{self, Planned};
use crate::cli::args::{LoadFlags, RequestFlags, RunArgs, watched};
use crate::cli::results::scenarios::read_scenario;
use crate::hint::WithHint;
use crate::load::scenario::{self, BodyArg, ClientCertificate, Simple, Watched};

/// What the first argument means.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Scenario(PathBuf),
    Url(String),
}

impl Target {
    fn of(text: &str, is_file: impl Fn(&Path) -> bool) -> anyhow::Result<Self> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        let path = Path::new(text);
        if is_file(path) || (lower.ends_with(".toml") && !text.contains("://")) {
            return Ok(Self::Scenario(path.to_owned()));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(anyhow!("load {text}: perfgate does not speak {scheme}"))
                .hint("a URL begins with http:// or https://; WebSockets are steps of a scenario");
        }
        if is_host(text) {
            return Ok(Self::Url(format!("http://{text}")));
        }
        Err(anyhow!(
            "load {text}: there is no such file, and it is no URL"
        ))
        .hint("name a scenario (load/api.toml) or a URL (http://127.0.0.1:8080/items)")
    }
}

/// `localhost/x`, `127.0.0.1/x`, `[::1]:80`, `shop:8080/x`: what can be a host and hardly a file.
fn is_host(text: &str) -> bool {
    let authority = text.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() => (host, port.parse::<u16>().ok()),
        _ => (authority, None),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().is_ok()
        || authority.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    address || host == "localhost" || (port.is_some() && !host.is_empty() && host.chars().all(name))
}

pub(crate) fn plan(args: &RunArgs) -> anyhow::Result<Planned> {
    match Target::of(&args.what, Path::is_file)? {
        Target::Scenario(path) => {
            refuse_request_flags(&path, &args.request)?;
            let mut planned = overrides::apply(read_scenario(&path)?, &args.load, &path)?;
            watched::add(&mut planned.scenario.watch, args.watch.clone())?;
            planned.scenario.share = args.load.share.unwrap_or_default();
            Ok(planned)
        }
        Target::Url(url) => {
            let mut watch = Vec::new();
            watched::add(&mut watch, args.watch.clone())?;
            let mut load = args.load.clone();
            if args.find_max.is_some() {
                load.rate.get_or_insert(find_max::START);
            }
            let simple = simple(url, &load, &args.request, watch)?;
            let mut scenario = scenario::from_url(simple)?;
            scenario.share = args.load.share.unwrap_or_default();
            Ok(Planned {
                scenario,
                warnings: Vec::new(),
            })
        }
    }
}

fn simple(
    url: String,
    load: &LoadFlags,
    request: &RequestFlags,
    watch: Vec<Watched>,
) -> anyhow::Result<Simple> {
    Ok(Simple {
        url,
        method: request.method.clone(),
        headers: request.headers.clone(),
        body: body(request)?,
        rate: load.rate,
        arrivals: load.arrivals.map(Into::into).unwrap_or_default(),
        users: load.users,
        max_users: load.max_users,
        think: load.think,
        duration: load.duration,
        requests: load.requests,
        warmup: load.warmup,
        timeout: request.timeout,
        http2: request.http2,
        ca: request.ca.clone(),
        insecure: request.insecure,
        client: match (&request.cert, &request.key) {
            (Some(cert), Some(key)) => Some(ClientCertificate {
                cert: cert.clone(),
                key: key.clone(),
            }),
            _ => None,
        },
        threads: load.threads,
        seed: load.seed,
        watch,
    })
}

fn body(request: &RequestFlags) -> anyhow::Result<Option<BodyArg>> {
    if let Some(json) = &request.json {
        let bytes = content(json).with_context(|| "read --json")?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("read --json: it is not UTF-8"))?;
        return Ok(Some(BodyArg::Json(text)));
    }
    let Some(body) = &request.body else {
        return Ok(None);
    };
    if !body.starts_with('@') && body != "-" {
        return Ok(Some(BodyArg::Text(body.clone())));
    }
    let bytes = content(body).with_context(|| "read --body")?;
    Ok(Some(BodyArg::Bytes(bytes.into())))
}

/// The text itself, the file behind an `@`, or standard input.
fn content(argument: &str) -> anyhow::Result<Vec<u8>> {
    if argument == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("read standard input")?;
        return Ok(bytes);
    }
    match argument.strip_prefix('@') {
        Some(path) => fs::read(path)
            .with_context(|| format!("read {path}"))
            .hint("an @ stands before the name of a file"),
        None => Ok(argument.as_bytes().to_vec()),
    }
}

/// A scenario says for each step what is sent; a flag could only guess which is meant.
fn refuse_request_flags(path: &Path, request: &RequestFlags) -> anyhow::Result<()> {
    let given = [
        ("--method", request.method.is_some()),
        ("--header", !request.headers.is_empty()),
        ("--body", request.body.is_some()),
        ("--json", request.json.is_some()),
        ("--timeout", request.timeout.is_some()),
        ("--http2", request.http2),
        ("--ca", request.ca.is_some()),
        ("--insecure", request.insecure),
        ("--cert", request.cert.is_some()),
        ("--key", request.key.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(anyhow!(
            "load {}: {flag} is for a URL, and a scenario says itself what is sent",
            path.display()
        ))
        .hint("write it into the scenario"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint;

    fn target(text: &str) -> anyhow::Result<Target> {
        Target::of(text, |path| path == Path::new("load/api"))
    }

    #[test]
    fn urls_need_no_scheme_where_they_cannot_be_files() {
        for (text, url) in [
            ("http://a/b", "http://a/b"),
            ("HTTPS://a/b", "HTTPS://a/b"),
            ("localhost", "http://localhost"),
            ("localhost:8080/x?y=1", "http://localhost:8080/x?y=1"),
            ("127.0.0.1/x", "http://127.0.0.1/x"),
            ("[::1]:80/x", "http://[::1]:80/x"),
            ("[::1]/x", "http://[::1]/x"),
            ("shop.test:8080", "http://shop.test:8080"),
        ] {
            assert_eq!(target(text).unwrap(), Target::Url(url.to_owned()));
        }
    }

    #[test]
    fn files_are_scenarios_and_what_is_neither_is_told_so() {
        for text in ["load/api", "load/absent.toml"] {
            assert_eq!(target(text).unwrap(), Target::Scenario(text.into()));
        }
        for bad in ["load/other", "api", "shop.test/x", ":80", "a:b"] {
            let error = target(bad).unwrap_err();
            assert!(format!("{error}").contains("no such file"), "{error}");
            assert!(hint::of(&error).is_some());
        }
        let error = target("ws://localhost/x").unwrap_err();
        assert!(format!("{error}").contains("does not speak ws"), "{error}");
    }
}
