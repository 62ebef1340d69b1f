//! A request that somebody made, as a step of a scenario: what proves who asked becomes a variable, and stands in no comment.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::load::definition::secret::is_secret;

use super::draft::{Step, key, literal, path_text, quoted};

/// What is this long and made of letters and digits at random is taken for a secret, whatever it is called.
const RANDOM: usize = 32;
/// Around the name of a variable, until the text is written: no text of a request holds them.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';
/// Around a placeholder of a script, likewise.
pub(super) const BEGIN: char = '\u{e002}';
pub(super) const END: char = '\u{e003}';
/// Words of a name, beside those that make a value secret in a run, that say so of what was recorded.
const SECRET_WORDS: [&str; 14] = [
    "key",
    "keys",
    "jwt",
    "sid",
    "session",
    "csrf",
    "xsrf",
    "otp",
    "pin",
    "pass",
    "passphrase",
    "passcode",
    "bearer",
    "sig",
];
/// Headers that a client writes by itself, or that belong to its connection or its cache.
const CLIENTS_OWN: [&str; 26] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "accept-language",
    "user-agent",
    "referer",
    "origin",
    "cookie",
    "cache-control",
    "pragma",
    "priority",
    "upgrade-insecure-requests",
    "if-none-match",
    "if-modified-since",
    "dnt",
    "te",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "expect",
    "range",
    "save-data",
    "trailer",
];

#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    /// A file, by its path from the folder of the scenario.
    File(String),
    /// What a scenario cannot hold, or what may hold secrets that nobody sees: its type.
    Other(String),
}

impl Body {
    /// A text that was sent with this content type.
    pub(super) fn of_text(text: &str, content_type: &str) -> Self {
        let kind = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if text.is_empty() {
            return Self::None;
        }
        if kind == "application/x-www-form-urlencoded" {
            return Self::Form(pairs(text));
        }
        match serde_json::from_str(text) {
            Ok(document) if kind.ends_with("json") => Self::Json(document),
            _ => Self::Other(kind),
        }
    }
}

/// The fields of a form, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

pub(super) fn is_unsafe(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// A text from outside, in which nothing marks a variable or a placeholder.
pub(super) fn plain(text: &str) -> String {
    text.replace([OPEN, CLOSE, BEGIN, END], "")
}

/// A variable of the environment that stands in a recorded text.
pub(super) fn variable(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// A recorded text as a scenario writes it: variables are variables, and nothing else is one.
pub(super) fn written(text: &str) -> String {
    literal(text).replace(OPEN, "${").replace(CLOSE, "}")
}

/// The secrets that were found, each with the variable that stands for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// What to set before the scenario runs; no line without secrets.
    pub(super) fn note(&self) -> Option<String> {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "Secrets were taken out. Set these variables before you run it: {}.",
                names.join(", ")
            )
        })
    }

    /// The variable of a value, by its name where that value is new.
    pub(super) fn of(&mut self, name: &str, value: &str) -> String {
        if let Some((known, _)) = self.0.iter().find(|(_, known)| *known == value) {
            return variable(known);
        }
        let plain: String = name
            .chars()
            .map(|c| match c.is_ascii_alphanumeric() {
                true => c.to_ascii_uppercase(),
                false => '_',
            })
            .collect();
        let plain = plain.trim_matches('_');
        // A name of its own: `PATH` and `HOME` are set everywhere.
        let plain = match is_named_secret(name) && !plain.starts_with(|c: char| c.is_ascii_digit())
        {
            true => plain.to_owned(),
            false => format!("SECRET_{plain}"),
        };
        let names = (1..).map(|n: usize| match n {
            1 => plain.clone(),
            n => format!("{plain}_{n}"),
        });
        for name in names {
            if !self.0.contains_key(&name) {
                self.0.insert(name.clone(), value.to_owned());
                return variable(&name);
            }
        }
        String::new()
    }

    /// A value without its secrets.
    pub(super) fn hidden(&mut self, name: &str, value: &str) -> String {
        // What is filled in when it is sent is no secret of the file.
        if value.is_empty() || value.contains([OPEN, BEGIN]) {
            return value.to_owned();
        }
        let is_known = self.0.values().any(|known| known == value);
        if is_known || is_named_secret(name) || looks_random(value) {
            return self.of(name, value);
        }
        let mut text = String::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.find("eyJ") {
            let (before, behind) = rest.split_at(at);
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
            let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
            let (token, after) = behind.split_at(end.max(1));
            text += before;
            text += &match looks_random(token) {
                true => self.of(name, token),
                false => token.to_owned(),
            };
            rest = after;
        }
        text + rest
    }

    /// What says who asks: its kind stays.
    pub(super) fn authorization(&mut self, value: &str) -> String {
        match value.split_once(' ') {
            Some((kind, rest)) if kind.chars().all(|c| c.is_ascii_alphabetic()) => {
                format!("{kind} {}", self.hidden("authorization", rest.trim()))
            }
            _ => self.hidden("authorization", value),
        }
    }

    fn document(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hidden(name, text)),
            Value::Number(number) if is_named_secret(name) => {
                Value::String(self.of(name, &number.to_string()))
            }
            Value::Array(items) => items.iter().map(|item| self.document(name, item)).collect(),
            Value::Object(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), self.document(key, value)))
                .collect(),
            _ => value.clone(),
        }
    }

    /// The steps of all requests. A secret that one of them names is one in all the others, too.
    pub(super) fn steps(&mut self, requests: &[Recorded], notes: &mut Vec<String>) -> Vec<Step> {
        for request in requests {
            self.step(request, &mut Vec::new());
        }
        requests
            .iter()
            .map(|request| self.step(request, notes))
            .collect()
    }

    fn step(&mut self, request: &Recorded, notes: &mut Vec<String>) -> Step {
        let url = &request.url;
        // What marks a variable was percent-encoded with the rest of the path.
        let path = url.path();
        let path = path
            .replace("%EE%80%80", "\u{e000}")
            .replace("%EE%80%81", "\u{e001}");
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| self.hidden("path", segment))
            .collect();
        let path = segments
            .iter()
            .map(|segment| path_with_variables(segment))
            .collect::<Vec<_>>()
            .join("/");
        let query = url
            .query_pairs()
            .map(|(name, value)| {
                let value = written(&self.hidden(&name, &value));
                (name.into_owned(), value)
            })
            .collect();
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .filter(|(name, value)| is_kept(name) && is_plain(value))
            .map(|(name, value)| {
                let value = match name.eq_ignore_ascii_case("authorization") {
                    true => self.authorization(value),
                    false => self.hidden(name, value),
                };
                (name.to_ascii_lowercase(), written(&value))
            })
            .collect();
        let mut more = Vec::new();
        match &request.body {
            Body::None => headers.retain(|(name, _)| name != "content-type"),
            Body::Json(document) => {
                let document = self.document("json", document);
                match json_line(&document) {
                    Some(line) => {
                        // It says its type itself.
                        headers.retain(|(name, value)| {
                            name != "content-type" || !value.starts_with("application/json")
                        });
                        more.push(line);
                    }
                    None => {
                        if headers.iter().all(|(name, _)| name != "content-type") {
                            headers
                                .push(("content-type".to_owned(), "application/json".to_owned()));
                        }
                        more.push(format!(
                            "body = {}",
                            quoted(&written(&document.to_string()))
                        ));
                    }
                }
            }
            Body::Form(fields) => {
                headers.retain(|(name, _)| name != "content-type");
                let is_repeated = fields.iter().enumerate().any(|(at, (name, _))| {
                    fields.iter().skip(at + 1).any(|(other, _)| other == name)
                });
                if is_repeated {
                    notes.push(format!(
                        "The form of {} {} has a field several times; only the last of them is here.",
                        request.method, path
                    ));
                }
                let fields: BTreeMap<&str, String> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), written(&self.hidden(name, value))))
                    .collect();
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!("{} = {}", key(name), quoted(value)));
                more.push(format!(
                    "form = {{ {} }}",
                    fields.collect::<Vec<_>>().join(", ")
                ));
            }
            Body::File(file) => more.push(format!("body_file = {}", quoted(&written(file)))),
            Body::Other(kind) => {
                headers.retain(|(name, _)| name != "content-type");
                let kind = match kind.as_str() {
                    "" => "without a type",
                    kind => kind,
                };
                notes.push(format!(
                    "The body of {} {path} ({kind}) is left out: put it into a file, and name that as `body_file`.",
                    request.method
                ));
            }
        }
        Step {
            method: request.method.to_ascii_lowercase(),
            path,
            query,
            headers,
            more,
            ..Step::default()
        }
    }
}

/// A part of a path: percent-encoded, but for its variables.
fn path_with_variables(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let Some((name, after)) = behind.split_once(CLOSE) else {
            break;
        };
        whole += &path_text(&literal(before));
        whole += &format!("${{{name}}}");
        rest = after;
    }
    whole + &path_text(&literal(rest))
}

fn is_kept(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_browsers = name.starts_with(':') || name.starts_with("sec-");
    !is_browsers && !CLIENTS_OWN.contains(&name.as_str())
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c == '\t' || !c.is_control())
}

/// `None` for what TOML cannot write: nothing, and numbers beyond its own.
fn json_line(document: &Value) -> Option<String> {
    match document {
        Value::Object(_) | Value::Array(_) => Some(format!("json = {}", inline(document)?)),
        _ => None,
    }
}

fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) if !number.is_u64() && float.is_finite() => format!("{float:?}"),
            _ => return None,
        },
        Value::String(text) => quoted(&written(text)),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(inline).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(entries) => {
            let entries: Option<Vec<String>> = entries
                .iter()
                .map(|(name, value)| Some(format!("{} = {}", key(name), inline(value)?)))
                .collect();
            match entries? {
                none if none.is_empty() => "{}".to_owned(),
                entries => format!("{{ {} }}", entries.join(", ")),
            }
        }
    })
}

/// By its words: `X-Api-Key`, `sessionId` and `password2` are, `keyword` and `monkey` are not.
fn is_named_secret(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphabetic()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    is_secret(name)
        || words
            .iter()
            .any(|word| SECRET_WORDS.contains(&word.as_str()))
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
    use serde_json::json;

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

    #[test]
    fn names_of_secrets_are_told_by_their_words() {
        for name in [
            "key",
            "X-Api-Key",
            "apiKey",
            "sessionId",
            "password2",
            "client_secret",
            "id_token",
            "csrf-token",
        ] {
            assert!(is_named_secret(name), "{name}");
        }
        for name in ["keyword", "monkey", "page", "Pinned", "author", "side"] {
            assert!(!is_named_secret(name), "{name}");
        }
    }

    fn text(request: &Recorded) -> String {
        let mut notes = Vec::new();
        let steps = Secrets::default().steps(std::slice::from_ref(request), &mut notes);
        let lines: Vec<String> = steps.iter().flat_map(Step::lines).collect();
        format!("{}\n{}", lines.join("\n"), notes.join("\n"))
    }

    #[test]
    fn json_is_written_as_toml_and_as_text_where_toml_has_no_word_for_it() {
        let mut request = Recorded {
            method: "POST".to_owned(),
            url: Url::parse("http://h/users").unwrap(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Body::Json(
                json!({"name": "a ${b} {{c}}", "n": 1.5, "tags": [1, {"x": true}], "password": "hunter2"}),
            ),
        };
        assert_eq!(
            text(&request),
            "post = \"/users\"\njson = { n = 1.5, name = 'a $${b} \\{{c}}', password = \"${PASSWORD}\", tags = [1, { x = true }] }\n"
        );
        request.body = Body::Json(json!({"note": null, "token": "abc"}));
        assert_eq!(
            text(&request),
            "post = \"/users\"\nheaders = { content-type = \"application/json\" }\nbody = '{\"note\":null,\"token\":\"${TOKEN}\"}'\n"
        );
    }

    #[test]
    fn a_secret_of_one_place_is_one_in_every_place() {
        let request = Recorded {
            method: "GET".to_owned(),
            url: Url::parse("http://h/u/s3cret-9?next=s3cret-9&keyword=a").unwrap(),
            headers: vec![
                ("X-Session".to_owned(), "s3cret-9".to_owned()),
                ("Authorization".to_owned(), "Bearer abc".to_owned()),
                (
                    "X-Note".to_owned(),
                    "see eyJhbGci.eyJzdWIi.sig now".to_owned(),
                ),
                ("Cookie".to_owned(), "a=b".to_owned()),
            ],
            body: Body::Other("text/xml".to_owned()),
        };
        assert_eq!(
            text(&request),
            "get = \"/u/${X_SESSION}\"\nquery = { next = \"${X_SESSION}\", keyword = \"a\" }\n\
             headers = { x-session = \"${X_SESSION}\", authorization = \"Bearer ${AUTHORIZATION}\", x-note = \"see ${SECRET_X_NOTE} now\" }\n\
             The body of GET /u/${X_SESSION} (text/xml) is left out: put it into a file, and name that as `body_file`."
        );
    }
}
