//! `[[watch]]`: what is looked at beside the requests.

use std::path::PathBuf;

use crate::model::Better;
use crate::toml_file::{Form, FormError, Node, value};

use super::reader::Reader;
use super::steps::subject;
use super::{Base, Chosen, ChosenKind, Source, Watched};

const KEYS: [&str; 7] = [
    "name",
    "service",
    "pid",
    "process",
    "cgroup",
    "prometheus",
    "metrics",
];
const SOURCES: [&str; 5] = ["service", "pid", "process", "cgroup", "prometheus"];
const METRIC_KEYS: [&str; 4] = ["name", "unit", "better", "kind"];
const KINDS: [(&str, ChosenKind); 2] = [
    ("counter", ChosenKind::Counter),
    ("gauge", ChosenKind::Gauge),
];
const DIRECTIONS: [(&str, Better); 2] = [("lower", Better::Lower), ("higher", Better::Higher)];

/// What every entry is held against.
pub(super) struct Situation<'s> {
    pub(super) reader: &'s Reader<'s>,
    pub(super) base: &'s Base,
    pub(super) has_service: bool,
    /// The subjects of the steps.
    pub(super) subjects: Vec<&'s str>,
}

/// A table is one entry, a list several.
pub(super) fn watched(
    node: &Node<'_>,
    situation: &Situation<'_>,
) -> Result<Vec<Watched>, FormError> {
    let mut all: Vec<Watched> = Vec::new();
    for entry in node.one_or_more()? {
        let form = entry.form("[[watch]]", &KEYS)?;
        let watched = one(&form, situation)?;
        let taken = all.iter().any(|other| other.name == watched.name)
            || situation.subjects.contains(&watched.name.as_str());
        if taken {
            let message = format!("`name`: there is another subject `{}`", watched.name);
            return Err(form
                .error_at("name", message)
                .hint("give each thing that is watched a `name` of its own"));
        }
        all.push(watched);
    }
    Ok(all)
}

fn one(form: &Form<'_>, situation: &Situation<'_>) -> Result<Watched, FormError> {
    let mut given = SOURCES.iter().filter_map(|key| form.node(key));
    let (Some(node), None) = (given.next(), given.next()) else {
        return Err(form
            .error("expected one of service, pid, process, cgroup, prometheus")
            .hint("write it like process = \"nginx\""));
    };
    if node.label() != "prometheus" && form.has("metrics") {
        return Err(form.error_at("metrics", "metrics are chosen of a `prometheus` address"));
    }
    let reader = situation.reader;
    let (usual, what) = match node.label() {
        "service" => {
            if !node.flag()? {
                return Err(node.error("expected true"));
            }
            if !situation.has_service {
                return Err(node
                    .error("there is no [service] that perfgate starts")
                    .hint("watch it by `process`, `pid` or `cgroup`"));
            }
            ("service".to_owned(), Source::Service)
        }
        "pid" => {
            // From a variable, a number comes as a text.
            let pid = match node.value() {
                toml::de::DeValue::String(_) => reader.text(&node)?.parse().ok(),
                _ => Some(node.whole(1..=u32::MAX)?),
            };
            let pid = pid.filter(|pid| *pid > 0);
            let pid = pid.ok_or_else(|| node.error("expected the number of a process"))?;
            ("service".to_owned(), Source::Pid(pid))
        }
        "process" => {
            let name = reader.text(&node)?;
            (name.clone(), Source::Process(name))
        }
        "cgroup" => {
            let path = PathBuf::from(reader.text(&node)?);
            let last = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            (
                last.unwrap_or_else(|| "cgroup".to_owned()),
                Source::Cgroup(path),
            )
        }
        _ => ("metrics".to_owned(), prometheus(form, &node, situation)?),
    };
    Ok(Watched {
        name: match form.node("name") {
            Some(name) => subject(&name)?,
            None => usual,
        },
        what,
    })
}

fn prometheus(
    form: &Form<'_>,
    node: &Node<'_>,
    situation: &Situation<'_>,
) -> Result<Source, FormError> {
    let url = situation
        .base
        .address(node, &situation.reader.text(node)?)?;
    let forms = form.tables("metrics", "a list of tables", &METRIC_KEYS)?;
    let mut metrics: Vec<Chosen> = Vec::new();
    for form in &forms {
        let metric = chosen(form)?;
        if metrics
            .iter()
            .any(|other| other.selector == metric.selector)
        {
            return Err(form.error_at(
                "name",
                format!("`name`: {} is chosen twice", metric.selector),
            ));
        }
        metrics.push(metric);
    }
    if metrics.is_empty() {
        return Err(node
            .error("no `metrics` are chosen")
            .hint("write metrics = [{ name = \"process_resident_memory_bytes\", unit = \"B\", better = \"lower\" }]"));
    }
    Ok(Source::Prometheus { url, metrics })
}

fn chosen(form: &Form<'_>) -> Result<Chosen, FormError> {
    let name = form
        .node("name")
        .ok_or_else(|| form.error("a metric has no `name`"))?;
    let selector = name.text()?.trim();
    if !is_selector(selector) {
        return Err(name
            .error(format!("`{selector}` is no metric"))
            .hint("write it like http_requests_total or http_requests_total{code=\"500\"}"));
    }
    let better = value(form.choice("better", &DIRECTIONS)?).ok_or_else(|| {
        form.error(format!(
            "the metric {selector} does not say what is `better`"
        ))
        .hint("better = \"lower\" or better = \"higher\"")
    })?;
    let bare = selector.split('{').next().unwrap_or_default();
    let counts = ["_total", "_sum", "_count", "_bucket"]
        .iter()
        .any(|end| bare.ends_with(end));
    let usual = if counts {
        ChosenKind::Counter
    } else {
        ChosenKind::Gauge
    };
    Ok(Chosen {
        selector: selector.to_owned(),
        unit: match form.node("unit") {
            Some(unit) => unit.any_text()?.to_owned(),
            None => String::new(),
        },
        better,
        kind: value(form.choice("kind", &KINDS)?).unwrap_or(usual),
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
