//! `[[watch]]`: what is looked at beside the requests.

use std::io;
use std::path::{Path, PathBuf};

use super::address::web_address;
use super::file::{MetricFile, WatchFile};
use super::flows::subject;
use super::surroundings::{Reader, Surroundings};
use super::{Base, Chosen, MetricKind, MetricRead, WatchTarget, Watched};
use crate::load::promql::Query;
use crate::model::Better;
use crate::toml_file::{FilledText, Located, OneOrMany, Problem, Scalar, Table};

/// What every entry is held against.
pub(super) struct Situation<'s> {
    pub(super) reader: &'s Reader<'s>,
    /// What a path stands for; none where every address is whole.
    pub(super) base: Option<&'s Base>,
    pub(super) has_service: bool,
    /// The subjects of the steps.
    pub(super) subjects: Vec<&'s str>,
}

/// A config file is read by commands that measure nothing as well, where variables of the measuring job are not set.
struct NoVariables;

impl Surroundings for NoVariables {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::other("nothing is read here"))
    }
}

/// What is watched beside the command of another load tool. Variables are not filled in.
pub fn watched_beside(files: &OneOrMany<Table<WatchFile>>) -> Result<Vec<Watched>, Problem> {
    let reader = Reader {
        source: "",
        folder: Path::new(""),
        around: &NoVariables,
    };
    watched(
        files,
        &Situation {
            reader: &reader,
            base: None,
            has_service: false,
            subjects: Vec::new(),
        },
    )
}

/// A table is one entry, a list several.
pub(super) fn watched(
    files: &OneOrMany<Table<WatchFile>>,
    situation: &Situation<'_>,
) -> Result<Vec<Watched>, Problem> {
    let mut all: Vec<Watched> = Vec::new();
    for file in files.entries() {
        let watched = one(file, situation)?;
        let taken = all.iter().any(|other| other.name == watched.name)
            || situation.subjects.contains(&watched.name.as_str());
        if taken {
            let span = file.name.as_ref().map_or(file.span(), Located::span);
            let message = format!("`name`: there is another subject `{}`", watched.name);
            return Err(Problem::at(span, message)
                .hint("give each thing that is watched a `name` of its own"));
        }
        all.push(watched);
    }
    Ok(all)
}

fn one(file: &Located<Table<WatchFile>>, situation: &Situation<'_>) -> Result<Watched, Problem> {
    let reader = situation.reader;
    if let (Some(metrics), None) = (&file.metrics, &file.prometheus) {
        return Err(Problem::at(
            metrics.span(),
            "metrics are chosen of a `prometheus` address",
        ));
    }
    let WatchFile {
        service,
        pid,
        process,
        cgroup,
        host,
        prometheus,
        ..
    } = &**file.get();
    let (usual, what) = match (service, pid, process, cgroup, host, prometheus) {
        (Some(service), None, None, None, None, None) => {
            if !situation.has_service {
                return Err(service
                    .error("there is no [service] that perfgate starts")
                    .hint("watch it by `process`, `pid` or `cgroup`"));
            }
            ("service".to_owned(), WatchTarget::Service)
        }
        (None, Some(pid), None, None, None, None) => (
            "service".to_owned(),
            WatchTarget::Pid(self::pid(pid, reader)?),
        ),
        (None, None, Some(process), None, None, None) => {
            let name = reader.text(process)?;
            (name.clone(), WatchTarget::Process(name))
        }
        (None, None, None, Some(cgroup), None, None) => {
            let path = PathBuf::from(reader.text(cgroup)?);
            let last = path.file_name();
            let last = last.map(|name| name.to_string_lossy().into_owned());
            let usual = last.unwrap_or_else(|| "cgroup".to_owned());
            (usual, WatchTarget::Cgroup(path))
        }
        (None, None, None, None, Some(_), None) => ("host".to_owned(), WatchTarget::Host),
        (None, None, None, None, None, Some(address)) => {
            let source = self::prometheus(file, address, situation)?;
            ("metrics".to_owned(), source)
        }
        _ => {
            return Err(file
                .error_here("expected one of service, pid, process, cgroup, host, prometheus")
                .hint("write it like process = \"nginx\""));
        }
    };
    Ok(Watched {
        name: match &file.name {
            Some(name) => subject(name)?,
            None => usual,
        },
        what,
    })
}

/// From a variable, a number comes as a text.
fn pid(pid: &Located<Scalar>, reader: &Reader<'_>) -> Result<u32, Problem> {
    match pid.get() {
        Scalar::Text(text) => {
            let number = reader.expanded(pid, text)?.parse().ok();
            let number = number.filter(|number| *number > 0);
            number.ok_or_else(|| pid.error("expected the number of a process"))
        }
        Scalar::Whole(number) => {
            let number = u32::try_from(*number).ok().filter(|number| *number > 0);
            let (low, high) = (1, u32::MAX);
            number.ok_or_else(|| pid.error(format!("expected a whole number from {low} to {high}")))
        }
        Scalar::Float(_) | Scalar::Flag(_) => Err(pid.error("expected the number of a process")),
    }
}

fn prometheus(
    file: &WatchFile,
    address: &Located<FilledText>,
    situation: &Situation<'_>,
) -> Result<WatchTarget, Problem> {
    let url = situation.reader.text(address)?;
    let url = match situation.base {
        Some(base) => base.address(address, &url)?,
        None => web_address(&url)
            .map(|_| url)
            .map_err(|why| address.error(why))?,
    };
    let mut metrics: Vec<Chosen> = Vec::new();
    for file in file.metrics.iter().flatten() {
        let metric = chosen(file)?;
        if metrics.iter().any(|other| other.name == metric.name) {
            let message = format!("{} is chosen twice", metric.name);
            return Err(file.name.error(message));
        }
        metrics.push(metric);
    }
    if metrics.is_empty() {
        return Err(address
            .error("no `metrics` are chosen")
            .hint("write metrics = [{ name = \"process_resident_memory_bytes\", unit = \"B\", better = \"lower\" }]"));
    }
    Ok(WatchTarget::Prometheus { url, metrics })
}

fn chosen(file: &MetricFile) -> Result<Chosen, Problem> {
    let name = file.name.trim();
    let read = match (&file.query, &file.kind) {
        (Some(_), Some(kind)) => {
            return Err(kind.error("a `query` says itself how its metrics are read"));
        }
        (Some(query), None) => {
            Query::parse(query).map_err(|why| {
                query
                    .error(format!("it is not understood: {why}"))
                    .hint("write it like sum(rate(cache_hits_total[5m])) / sum(rate(cache_requests_total[5m]))")
            })?;
            MetricRead::Query(query.to_string())
        }
        (None, kind) => {
            if !is_selector(name) {
                return Err(file
                    .name
                    .error(format!("`{name}` is no metric"))
                    .hint("write it like http_requests_total or http_requests_total{code=\"500\"}, or give it a `query`"));
            }
            let kind = kind.as_ref().map(|kind| kind.get().0);
            MetricRead::Plain(kind.unwrap_or(usual_kind(name)))
        }
    };
    Ok(Chosen {
        name: name.to_owned(),
        unit: file.unit.clone(),
        better: file.better.0,
        read,
    })
}

/// By the endings that Prometheus gives to what counts.
fn usual_kind(selector: &str) -> MetricKind {
    let bare = selector.split('{').next().unwrap_or_default();
    let counts = ["_total", "_sum", "_count", "_bucket"]
        .iter()
        .any(|end| bare.ends_with(end));
    if counts {
        MetricKind::Counter
    } else {
        MetricKind::Gauge
    }
}

/// An endpoint as it is typed, and what is chosen of it.
pub fn endpoint(url: &str, metrics: &[(String, Better)]) -> Result<WatchTarget, String> {
    web_address(url)?;
    let mut all: Vec<Chosen> = Vec::new();
    for (selector, better) in metrics {
        let selector = selector.trim();
        if !is_selector(selector) {
            return Err(format!(
                "`{selector}` is no metric; write it like http_requests_total or http_requests_total{{code=\"500\"}}"
            ));
        }
        if all.iter().any(|other| other.name == selector) {
            return Err(format!("{selector} is chosen twice"));
        }
        all.push(Chosen {
            name: selector.to_owned(),
            unit: String::new(),
            better: *better,
            read: MetricRead::Plain(usual_kind(selector)),
        });
    }
    Ok(WatchTarget::Prometheus {
        url: url.to_owned(),
        metrics: all,
    })
}

/// `name` or `name{label="value",other="value"}`.
fn is_selector(text: &str) -> bool {
    let word = |text: &str| {
        let mut letters = text.chars();
        letters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | ':'))
            && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
    };
    let Some((name, labels)) = text.split_once('{') else {
        return word(text);
    };
    let Some(mut rest) = labels.strip_suffix('}') else {
        return false;
    };
    while !rest.trim().is_empty() {
        let Some((label, value)) = rest.split_once("=\"") else {
            return false;
        };
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(behind) = end.and_then(|end| value.get(end + 1..)) else {
            return false;
        };
        let behind = behind.trim_start();
        if !word(label.trim()) || !(behind.is_empty() || behind.starts_with(',')) {
            return false;
        }
        rest = behind.trim_start_matches(',');
    }
    word(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_a_name_and_labels() {
        for good in [
            "up",
            "a:b_total",
            "x{}",
            "x{a=\"1\"}",
            "x{a=\"1\", b=\"},\\\"\",}",
        ] {
            assert!(is_selector(good), "{good}");
        }
        for bad in [
            "",
            "1x",
            "x{",
            "x}",
            "x{a}",
            "x{a=1}",
            "x{a=\"1}",
            "x y",
            "x{a=\"1\"b=\"2\"}",
        ] {
            assert!(!is_selector(bad), "{bad}");
        }
    }
}
