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
use super::{har, openapi, yaml};

/// What becomes a scenario, and of what.
pub(super) struct Service {
    pub(super) from: String,
    pub(super) draft: Draft,
    /// Documents of which it was not made.
    pub(super) others: Vec<String>,
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

/// The best of what there is: the named file, the address with a path, a document that is here, the address alone.
pub(super) fn find(
    survey: &Survey,
    url: Option<&Address>,
    named: Option<&Path>,
) -> anyhow::Result<Option<Service>> {
    if let Some(file) = named {
        let document = read(file)?;
        let made = made_of(&document, file, None);
        return made
            .map(Some)
            .ok_or_else(|| anyhow!("{}: it holds no operation that a first scenario could ask for", file.display()))
            .hint("a scenario is made of OpenAPI or Swagger with `paths`, or of a HAR file with GET requests");
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
        let service = made_of(&read(path).ok()?, path, base)?;
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

fn made_of(document: &Value, file: &Path, base: Option<&str>) -> Option<Service> {
    let shown = file.display();
    let (kind, draft) = if har::is_recording(document) {
        ("a recording", har::draft(document, file, base)?)
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
        method: "get",
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
