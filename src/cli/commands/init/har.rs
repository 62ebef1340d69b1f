//! A recording of a browser (HAR) as a first scenario: what was read from its first host, in order, secrets taken out.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use url::Url;

use crate::load::definition::secret::is_secret;

use super::draft::{Draft, Flow, Step, literal, path_text};

/// A longer visit is cut, and that is said.
const MOST_STEPS: usize = 60;
/// What is this long and made of letters and digits at random is taken for a secret, whatever it is called.
const RANDOM: usize = 32;

pub(super) fn is_recording(document: &Value) -> bool {
    document
        .pointer("/log/entries")
        .is_some_and(Value::is_array)
}

/// `None` where nothing was read by GET.
pub(super) fn draft(document: &Value, file: &Path, base: Option<&str>) -> Option<Draft> {
    let entries = document.pointer("/log/entries").and_then(Value::as_array)?;
    let mut draft = Draft {
        from: format!(
            "From {}: what was read from its first host, in order.",
            file.display()
        ),
        ..Draft::default()
    };
    let mut origin: Option<String> = None;
    let mut flow = Flow::default();
    let mut told = Left::default();
    for entry in entries {
        let Some(request) = entry.get("request") else {
            continue;
        };
        let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
        let Ok(url) = Url::parse(text("url")) else {
            continue;
        };
        if !matches!(url.scheme(), "http" | "https") {
            continue;
        }
        let this = url.origin().ascii_serialization();
        let first = origin.get_or_insert_with(|| this.clone());
        if *first != this {
            told.elsewhere += 1;
            continue;
        }
        let status = entry.pointer("/response/status").and_then(Value::as_u64);
        if text("method") != "GET" {
            told.changing += 1;
        } else if status.is_some_and(|status| status >= 400 || status == 0) {
            told.failed += 1;
        } else if flow.steps.len() >= MOST_STEPS {
            told.more += 1;
        } else {
            flow.steps.push(step(&url, request, &mut told));
        }
        if has_cookies(request) {
            told.cookies = true;
        }
    }
    let origin = origin?;
    if flow.steps.is_empty() {
        return None;
    }
    draft.base = format!(
        "${{BASE_URL:-{}}}",
        base.unwrap_or(&origin).trim_end_matches('/')
    );
    if told.cookies {
        draft.top.push("cookies = true                      # each user keeps those it is sent; those of the recording are left out".to_owned());
    }
    draft.notes = told.lines();
    draft.flows.push(flow);
    Some(draft)
}

/// What is not in the scenario.
#[derive(Default)]
struct Left {
    changing: usize,
    elsewhere: usize,
    failed: usize,
    more: usize,
    cookies: bool,
    secrets: BTreeSet<String>,
}

impl Left {
    fn lines(&self) -> Vec<String> {
        let counts = [
            (self.changing, "requests that may change something"),
            (self.elsewhere, "requests to other hosts"),
            (self.failed, "requests that failed"),
            (self.more, "later requests"),
        ];
        let left: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what}: {count}"))
            .collect();
        let mut lines = Vec::new();
        if !left.is_empty() {
            lines.push(format!("Left out {}.", left.join(", ")));
        }
        if !self.secrets.is_empty() {
            let names: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
            lines.push(format!(
                "Secrets were taken out; set these variables where they are needed: {}.",
                names.join(", ")
            ));
        }
        lines
    }

    /// The variable that stands for a secret.
    fn variable(&mut self, name: &str) -> String {
        let plain: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect();
        let name = format!("HAR_{plain}");
        let written = format!("${{{name}:-removed}}");
        self.secrets.insert(name);
        written
    }
}

fn step(url: &Url, request: &Value, told: &mut Left) -> Step {
    let segments = url
        .path()
        .split('/')
        .map(|segment| match looks_random(segment) {
            true => told.variable("PATH"),
            false => path_text(&literal(segment)),
        });
    let path = segments.collect::<Vec<_>>().join("/");
    let query = url.query_pairs().map(|(name, value)| {
        let value = match is_secret(&name) || looks_random(&value) {
            true => told.variable(&name),
            false => literal(&value),
        };
        (name.into_owned(), value)
    });
    let query = query.collect();
    Step {
        method: "get",
        path,
        query,
        headers: accept(request).into_iter().collect(),
        ..Step::default()
    }
}

/// What an answer looks like may depend on it; every other header is the browser's own, or a secret.
fn accept(request: &Value) -> Option<(String, String)> {
    let headers = request.get("headers").and_then(Value::as_array)?;
    let text = |header: &Value, key: &str| {
        header
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let accept = headers
        .iter()
        .find(|header| text(header, "name").eq_ignore_ascii_case("accept"))?;
    let value = text(accept, "value");
    let is_plain = value.chars().all(|c| (' '..='~').contains(&c));
    (is_plain && !value.is_empty()).then(|| ("accept".to_owned(), literal(&value)))
}

fn has_cookies(request: &Value) -> bool {
    let some = |key: &str| {
        request
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    let headers = request.get("headers").and_then(Value::as_array);
    let is_cookie = |header: &Value| {
        header
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.eq_ignore_ascii_case("cookie"))
    };
    some("cookies") || headers.is_some_and(|headers| headers.iter().any(is_cookie))
}

/// A token of three parts, or letters and digits at random; a UUID names a thing and is none.
fn looks_random(text: &str) -> bool {
    if text.starts_with("eyJ") && text.contains('.') {
        return true;
    }
    let plain = text.chars().filter(|c| c.is_ascii_alphanumeric()).count();
    let others = text
        .chars()
        .filter(|c| !c.is_ascii_alphanumeric() && !"-_=+.".contains(*c))
        .count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    // Words of a title have hyphens between them; what is drawn at random has few.
    let hyphens = text.matches(['-', '_']).count();
    plain >= RANDOM && others == 0 && digits * 8 >= plain && hyphens * 8 < plain && !is_uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_drawn_at_random_is_told_from_names() {
        for text in [
            "eyJhbGciOiJI.eyJzdWI.abc",
            "9f86d081884c7d659a2feaa0c55ad015",
            "AKz81mQpZ7wXc04rTn2bVh6LsD9fEj3Y",
        ] {
            assert!(looks_random(text), "{text}");
        }
        for text in [
            "items",
            "4e1243bd-22c6-4e1d-9c2a-6f0e2f5c7b11",
            "a-very-long-title-of-an-article-from-2024-with-words",
            "application.bundle.min.js",
            "1234567890",
        ] {
            assert!(!looks_random(text), "{text}");
        }
    }
}
