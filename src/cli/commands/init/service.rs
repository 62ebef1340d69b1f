//! A service to load: from its address, from a description of its interface, or from a recording of a browser.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::Value;
use url::Url;

use crate::hint::WithHint;
use crate::load::scenario::{Simple, from_url};

use super::draft::{Draft, Flow, Step, literal, path_text};
use super::survey::{LARGEST_DOCUMENT, Survey, name, written};
use super::{artillery, curl, har, openapi, yaml};

/// What becomes a scenario, and of what.
pub(super) struct Service {
    pub(super) from: String,
    pub(super) draft: Draft,
    /// Documents of which it was not made.
    pub(super) others: Vec<String>,
}

/// What a scenario is asked to be made of, where that is said.
pub(super) enum Origin<'a> {
    Curl(&'a str),
    Recording(&'a Path),
    Artillery(&'a Path),
}

/// An address that was typed.
pub(super) struct Address {
    /// Scheme, host and port.
    pub(super) origin: String,
    url: Url,
}

/// `None` where a file was named.
pub(super) fn address(text: &str) -> anyhow::Result<Option<Address>> {
    if Path::new(text).exists() {
        return Ok(None);
    }
    let whole = match text.contains("://") {
        true => text.to_owned(),
        // As `perfgate run` takes it: a host with its port.
        false if text.contains(':') => format!("http://{text}"),
        false => {
            return Err(anyhow!(
                "{text}: there is no such file, and it is no address"
            ))
            .hint("name a file (OpenAPI or HAR), or an address like http://127.0.0.1:8080/items");
        }
    };
    // Everything that a run would refuse is refused here.
    from_url(Simple {
        url: whole.clone(),
        ..Simple::default()
    })?;
    let url = Url::parse(&whole).context("read the address")?;
    Ok(Some(Address {
        origin: url.origin().ascii_serialization(),
        url,
    }))
}

/// The scenario of one request, visit or script.
pub(super) fn of_origin(origin: &Origin<'_>, takes_unsafe: bool) -> anyhow::Result<Service> {
    let (kind, file) = match origin {
        Origin::Curl(command) => {
            let draft = curl::draft(command, takes_unsafe).context("read the command of curl")?;
            return Ok(Service {
                from: "a command of curl".to_owned(),
                draft,
                others: Vec::new(),
            });
        }
        Origin::Recording(file) => ("HAR", *file),
        Origin::Artillery(file) => ("Artillery", *file),
    };
    let document = read(file)?;
    let is_so = match origin {
        Origin::Artillery(_) => artillery::is_script(&document),
        _ => har::is_recording(&document),
    };
    if !is_so {
        let needed = match kind {
            "HAR" => "a recording of a browser has its requests in `log.entries`",
            _ => "a script of Artillery has a `config` and `scenarios`",
        };
        return Err(anyhow!("{}: it is no file of {kind}", file.display())).hint(needed);
    }
    named(&document, file, takes_unsafe)
}

fn named(document: &Value, file: &Path, takes_unsafe: bool) -> anyhow::Result<Service> {
    made_of(document, file, None, takes_unsafe)
        .ok_or_else(|| anyhow!("{}: it holds no operation that a first scenario could ask for", file.display()))
        .hint("a scenario is made of OpenAPI or Swagger with `paths`, of a HAR file or a script of Artillery with GET requests, or with --unsafe-methods of the others, too")
}

/// The best of what there is: the named file, the address with a path, a document that is here, the address alone.
pub(super) fn find(
    survey: &Survey,
    url: Option<&Address>,
    asked: Option<&Path>,
    takes_unsafe: bool,
) -> anyhow::Result<Option<Service>> {
    if let Some(file) = asked {
        return named(&read(file)?, file, takes_unsafe).map(Some);
    }
    let base = url.map(|url| url.origin.as_str());
    if let Some(url) = url
        && (url.url.path() != "/" || url.url.query().is_some())
    {
        return Ok(Some(of_address(url)));
    }
    let documents = documents(survey);
    let mut made = documents.iter().enumerate().filter_map(|(at, file)| {
        let path = Path::new(file);
        let service = made_of(&read(path).ok()?, path, base, takes_unsafe)?;
        let others = documents
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        Some(Service {
            others: others.map(|(_, file)| file.clone()).collect(),
            ..service
        })
    });
    Ok(made.next().or_else(|| url.map(of_address)))
}

/// Files that describe or record a service, the likeliest first.
pub(super) fn documents(survey: &Survey) -> Vec<String> {
    let is_description = |path: &&Path| {
        let text = survey.head(path);
        let begins = |word: &str| {
            text.lines().any(|line| line.starts_with(word)) || text.contains(&format!("\"{word}\""))
        };
        (begins("openapi") || begins("swagger")) && text.contains("paths")
    };
    let mut found: Vec<(usize, usize, String)> = survey
        .with_extension(&["json", "yaml", "yml"])
        .filter(is_description)
        .filter(|path| {
            !["package.json", "package-lock.json", "tsconfig.json"].contains(&name(path).as_str())
        })
        .map(|path| {
            let name = name(path);
            let is_named = ["openapi", "swagger", "api"]
                .iter()
                .any(|word| name.contains(word));
            (
                usize::from(!is_named),
                path.components().count(),
                written(path),
            )
        })
        .collect();
    found.extend(
        survey
            .with_extension(&["har"])
            .map(|path| (2, path.components().count(), written(path))),
    );
    found.sort();
    found.into_iter().map(|(_, _, file)| file).collect()
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let doing = || format!("read {}", file.display());
    let size = fs::metadata(file).with_context(doing)?.len();
    if size > LARGEST_DOCUMENT {
        return Err(anyhow!("it is larger than {} MiB", LARGEST_DOCUMENT >> 20))
            .with_context(doing)
            .hint("name a smaller document, or the address of the service");
    }
    let bytes = fs::read(file).with_context(doing)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim_start().starts_with('{') {
        // What looks like JSON and is none may be YAML in braces.
        let document = serde_json::from_str(text);
        let document = document.or_else(|error| yaml::read(text).map_err(|_| anyhow!(error)));
        return document
            .with_context(doing)
            .or_hint("the file has to be JSON or YAML");
    }
    yaml::read(text).with_context(doing)
}

fn made_of(
    document: &Value,
    file: &Path,
    base: Option<&str>,
    takes_unsafe: bool,
) -> Option<Service> {
    let shown = file.display();
    let (kind, draft) = if har::is_recording(document) {
        let draft = har::draft(document, file, base, takes_unsafe)?;
        ("a recording", draft)
    } else if artillery::is_script(document) {
        let draft = artillery::draft(document, file, takes_unsafe)?;
        ("a script of Artillery", draft)
    } else if openapi::is_description(document) {
        (
            "a description of an interface",
            openapi::draft(document, file, base),
        )
    } else {
        return None;
    };
    (!draft.flows.is_empty()).then(|| Service {
        from: format!("{kind}: {shown}"),
        draft,
        others: Vec::new(),
    })
}

fn of_address(address: &Address) -> Service {
    let url = &address.url;
    let query = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), literal(&value)));
    let step = Step {
        method: "get".to_owned(),
        path: path_text(&literal(url.path())),
        query: query.collect(),
        ..Step::default()
    };
    Service {
        from: format!("an address: {}", address.origin),
        draft: Draft {
            from: "One request, of an address.".to_owned(),
            base: format!("${{BASE_URL:-{}}}", address.origin),
            flows: vec![Flow {
                steps: vec![step],
                ..Flow::default()
            }],
            ..Draft::default()
        },
        others: Vec::new(),
    }
}
