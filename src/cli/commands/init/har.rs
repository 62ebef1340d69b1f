//! A recording of a browser (HAR) as a first scenario: what was asked of its first host, in order, secrets taken out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use url::Url;

use super::draft::{Draft, Flow, common_headers};
use super::recorded::{Body, Recorded, Secrets, is_unsafe, pairs, plain};

/// A longer visit is cut, and that is said.
const MOST_STEPS: usize = 60;
/// How many other hosts are named.
const MOST_HOSTS: usize = 10;

pub(super) fn is_recording(document: &Value) -> bool {
    document
        .pointer("/log/entries")
        .is_some_and(Value::is_array)
}

/// `None` where nothing can be asked.
pub(super) fn draft(
    document: &Value,
    file: &Path,
    base: Option<&str>,
    takes_unsafe: bool,
) -> Option<Draft> {
    let entries = document.pointer("/log/entries").and_then(Value::as_array)?;
    let mut requests = Vec::new();
    let mut left = Left {
        takes_unsafe,
        ..Left::default()
    };
    let mut origin: Option<String> = None;
    // Where the last request was sent on to: that is followed, and no step of its own.
    let mut next: Option<Url> = None;
    for entry in entries {
        let Some(request) = entry.get("request").and_then(recorded) else {
            continue;
        };
        let this = request.url.origin().ascii_serialization();
        let first = origin.get_or_insert_with(|| this.clone());
        if *first != this {
            let host = request.url.host_str().unwrap_or_default().to_owned();
            *left.hosts.entry(host).or_default() += 1;
            continue;
        }
        left.has_cookies |= request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let status = entry.pointer("/response/status").and_then(Value::as_u64);
        let sent_on = next.take();
        if request.method == "OPTIONS" {
            // A browser asks so whether it may ask.
        } else if is_unsafe(&request.method) && !takes_unsafe {
            left.changing += 1;
        } else if status.is_some_and(|status| status >= 400 || status == 0) {
            left.failed += 1;
        } else if sent_on.as_ref() == Some(&request.url) {
            next = redirect(entry, &request.url);
        } else if requests.len() >= MOST_STEPS {
            left.more += 1;
        } else {
            next = redirect(entry, &request.url);
            requests.push(request);
        }
    }
    let origin = origin?;
    if requests.is_empty() {
        return None;
    }
    let mut secrets = Secrets::default();
    let mut notes = Vec::new();
    let mut steps = secrets.steps(&requests, &mut notes);
    let mut draft = Draft {
        from: format!(
            "From {}: what was asked of its first host, in order.",
            file.display()
        ),
        base: format!(
            "${{BASE_URL:-{}}}",
            base.unwrap_or(&origin).trim_end_matches('/')
        ),
        ..Draft::default()
    };
    if left.has_cookies {
        draft.top.push("cookies = true                      # each user keeps those it is sent; those of the recording are left out".to_owned());
    }
    draft.top.extend(common_headers(&mut steps));
    draft.notes = left.lines();
    draft.notes.extend(notes);
    draft.notes.extend(secrets.note());
    draft.flows.push(Flow {
        steps,
        ..Flow::default()
    });
    Some(draft)
}

/// What is not in the scenario.
#[derive(Default)]
struct Left {
    takes_unsafe: bool,
    changing: usize,
    hosts: BTreeMap<String, usize>,
    failed: usize,
    more: usize,
    has_cookies: bool,
}

impl Left {
    fn lines(&self) -> Vec<String> {
        let elsewhere = self.hosts.values().sum();
        let counts = [
            (self.changing, "requests that may change something"),
            (elsewhere, "requests to other hosts"),
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
        if !self.hosts.is_empty() {
            let hosts: Vec<&str> = self.hosts.keys().map(String::as_str).collect();
            let named = hosts.get(..MOST_HOSTS.min(hosts.len())).unwrap_or_default();
            let more = match hosts.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!("The other hosts: {}{more}.", named.join(", ")));
        }
        if self.changing > 0 {
            lines.push("`perfgate init --unsafe-methods` takes what may change something, too: point it at a service whose data may be lost.".to_owned());
        }
        if self.takes_unsafe {
            lines.push("It changes data of the service, in every iteration.".to_owned());
        }
        lines
    }
}

fn recorded(request: &Value) -> Option<Recorded> {
    let text =
        |of: &Value, key: &str| plain(of.get(key).and_then(Value::as_str).unwrap_or_default());
    let url = Url::parse(&text(request, "url")).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let list = |of: Option<&Value>| -> Vec<(String, String)> {
        let entries = of.and_then(Value::as_array);
        let entries = entries.into_iter().flatten();
        entries
            .map(|entry| (text(entry, "name"), text(entry, "value")))
            .collect()
    };
    let mut headers = list(request.get("headers"));
    if !list(request.get("cookies")).is_empty() {
        headers.push(("cookie".to_owned(), String::new()));
    }
    let body = request.get("postData").map_or(Body::None, |sent| {
        let content_type = text(sent, "mimeType");
        let content = text(sent, "text");
        let fields = list(sent.get("params"));
        match content_type.starts_with("application/x-www-form-urlencoded") {
            true if !content.is_empty() => Body::Form(pairs(&content)),
            true if !fields.is_empty() => Body::Form(fields),
            _ if content.is_empty() && !fields.is_empty() => Body::Other(content_type),
            _ => Body::of_text(&content, &content_type),
        }
    });
    Some(Recorded {
        method: text(request, "method").to_ascii_uppercase(),
        url,
        headers,
        body,
    })
}

/// Where an answer sends the request on to.
fn redirect(entry: &Value, from: &Url) -> Option<Url> {
    let status = entry.pointer("/response/status").and_then(Value::as_u64)?;
    let to = entry.pointer("/response/redirectURL")?.as_str()?;
    ((300..400).contains(&status) && !to.is_empty()).then(|| from.join(to).ok())?
}
