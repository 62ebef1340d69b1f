//! What may be a secret: a run file is read by many, and a token that is new for every job is no other load.

use http::HeaderName;
use serde_json::Value;

use crate::load::template::Template;

/// Words of a name, written without `-`, `_` and `.`, that say that its value is a secret.
const SECRET: [&str; 12] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "signature",
    "apikey",
    "accesskey",
    "privatekey",
    "sessionid",
];

pub fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    plain == "auth" || plain == "pwd" || SECRET.iter().any(|word| plain.contains(word))
}

/// A field of a form, or a parameter of a query.
pub(super) fn field(name: &str, value: &Template) -> String {
    match is_secret(name) {
        true => value.written_without_text(),
        false => value.written(),
    }
}

/// The kind of `authorization` stays, for it says what the service has to do.
pub(super) fn header(name: &HeaderName, value: &Template) -> String {
    if *name != http::header::AUTHORIZATION {
        return field(name.as_str(), value);
    }
    let written = value.written();
    match written.split_once(' ') {
        Some((kind, _)) if kind.chars().all(|c| c.is_ascii_alphabetic()) => {
            format!("{kind} ***")
        }
        _ => "***".to_owned(),
    }
}

/// A path with its query, where somebody wrote them in one.
pub fn path(written: &str) -> String {
    let Some((path, query)) = written.split_once('?') else {
        return written.to_owned();
    };
    let fields = query.split('&').map(|field| match field.split_once('=') {
        Some((name, value)) if is_secret(name) && !value.contains("{{") => format!("{name}=***"),
        _ => field.to_owned(),
    });
    format!("{path}?{}", fields.collect::<Vec<_>>().join("&"))
}

/// A body that is JSON, with its fields in the order in which they are sent; any other as it is.
pub(super) fn body(written: String) -> String {
    match serde_json::from_str::<Value>(&written) {
        Ok(mut document) if has_secret(&document) => {
            hide(&mut document);
            document.to_string()
        }
        _ => written,
    }
}

/// What a service said, without secrets: an error may repeat what it was sent. Nothing where that cannot be told.
pub fn said(text: &str) -> Option<String> {
    if let Ok(mut document) = serde_json::from_str::<Value>(text) {
        hide(&mut document);
        return Some(without_tokens(&document.to_string()));
    }
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    let is_safe = words.into_iter().all(|word| !is_secret(word));
    is_safe.then(|| without_tokens(text))
}

/// Secrets that were met in what was sent and answered, so that none is shown, wherever it stands.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<String>);

/// A shorter text would hide parts of what is none.
const SHORTEST: usize = 4;

impl Secrets {
    /// Learns the value of a name that holds secrets.
    pub fn learn(&mut self, name: &str, value: &str) {
        if !is_secret(name) {
            return;
        }
        if name.eq_ignore_ascii_case("cookie") && value.contains(';') {
            return value.split(';').for_each(|pair| self.learn(name, pair));
        }
        // `Bearer abc`, `session=abc; Path=/`: the secret is behind what is none.
        let value = match value.split_once(' ') {
            Some((kind, rest)) if kind.chars().all(|c| c.is_ascii_alphabetic()) => rest,
            _ => value,
        };
        let first = value.split(';').next().unwrap_or(value);
        let secret = match first.split_once('=') {
            Some((_, secret)) if name.to_ascii_lowercase().contains("cookie") => secret,
            _ => first,
        };
        let secret = secret.trim();
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            // What holds another secret is hidden first.
            self.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// Learns the fields of a JSON document, or of a form.
    pub fn learn_body(&mut self, body: &str) {
        match serde_json::from_str::<Value>(body) {
            Ok(document) => self.learn_document(&document),
            Err(_) => self.learn_form(body),
        }
    }

    /// Learns the parameters of a query, or the fields of a form.
    pub fn learn_form(&mut self, form: &str) {
        for field in form.split('&') {
            if let Some((name, value)) = field.split_once('=') {
                self.learn(name, value);
            }
        }
    }

    fn learn_document(&mut self, document: &Value) {
        match document {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) => self.learn(name, text),
                        Value::Number(number) => self.learn(name, &number.to_string()),
                        other => self.learn_document(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_document(item)),
            _ => {}
        }
    }

    /// The text without any of them, and without what looks like a token.
    pub fn hidden(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.0 {
            shown = shown.replace(secret, "***");
        }
        without_tokens(&shown)
    }

    /// The value of a header, a field or a capture.
    pub fn hidden_value(&self, name: &str, value: &str) -> String {
        match (is_secret(name), value.split_once(' ')) {
            (false, _) => self.hidden(value),
            (true, Some((kind, _))) if name.eq_ignore_ascii_case("authorization") => {
                format!("{kind} ***")
            }
            (true, _) => "***".to_owned(),
        }
    }

    /// A form, or any other body: JSON and text.
    pub fn hidden_body(&self, text: &str, is_form: bool) -> String {
        if is_form {
            let hidden = path(&format!("?{text}"));
            return self.hidden(hidden.trim_start_matches('?'));
        }
        self.hidden(&body(text.to_owned()))
    }
}

/// What looks like a JSON web token begins so in every one.
fn without_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, token) = rest.split_at(at);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
        shown.push_str(before);
        shown.push_str("***");
        rest = token.get(end..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| is_secret(name) || has_secret(value)),
        Value::Array(items) => items.iter().any(has_secret),
        _ => false,
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) && !text.contains("{{") => {
                        *text = "***".to_owned();
                    }
                    Value::Number(_) if is_secret(name) => *value = Value::from("***"),
                    other => hide(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_secrets_are_known_in_every_spelling() {
        for name in [
            "password",
            "X-Api-Key",
            "api_key",
            "csrfToken",
            "Client-Secret",
            "cookie",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["key", "sort_key", "page", "author", "accept", "x-request"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_is_secret_is_hidden_and_the_rest_stays() {
        assert_eq!(path("/a?api_key=abc&n=2"), "/a?api_key=***&n=2");
        assert_eq!(path("/a?token={{t}}"), "/a?token={{t}}");
        assert_eq!(
            body(r#"{"user":"ann","password":"hunter2","in":[{"token":7}]}"#.to_owned()),
            r#"{"in":[{"token":"***"}],"password":"***","user":"ann"}"#
        );
        let plain = "password=hunter2 is no JSON";
        assert_eq!(body(plain.to_owned()), plain);
        assert_eq!(
            said(r#"{"detail":[{"input":{"password":"hunter2"},"jwt":"eyJh.eyJi.c"}]}"#).unwrap(),
            r#"{"detail":[{"input":{"password":"***"},"jwt":"***"}]}"#
        );
        assert_eq!(
            said("field `page` is missing").as_deref(),
            Some("field `page` is missing")
        );
        assert_eq!(said("password hunter2 is wrong"), None);
        let mut secrets = Secrets::default();
        secrets.learn("authorization", "Bearer abcdef");
        secrets.learn("set-cookie", "sid=q1w2e3; Path=/");
        secrets.learn_body(r#"{"in":[{"refresh_token":"tick-tock"}],"n":1}"#);
        secrets.learn_form("user=ann&password=hunter2");
        secrets.learn("token", "1");
        assert_eq!(
            secrets.hidden("abcdef q1w2e3 tick-tock hunter2 ann 1 eyJh.eyJi.c"),
            "*** *** *** *** ann 1 ***"
        );
        let form = "user=ann&password=x1";
        assert_eq!(secrets.hidden_body(form, true), "user=ann&password=***");
        assert_eq!(
            secrets.hidden_value("Authorization", "Basic x"),
            "Basic ***"
        );
        assert_eq!(secrets.hidden_value("x-user", "ann"), "ann");
        let bearer = Template::fixed("Bearer abc");
        assert_eq!(header(&http::header::AUTHORIZATION, &bearer), "Bearer ***");
        let cookie = Template::parse("session={{id}}").unwrap();
        assert_eq!(header(&http::header::COOKIE, &cookie), "***{{id}}");
    }
}
