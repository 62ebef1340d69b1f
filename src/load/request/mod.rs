//! From a step and a user's values to a request, and from its answer back to values: templates, data, captures,
//! checks, cookies. Pure: no connection, no clock.

use std::collections::BTreeMap;

/// Text with places for values: `/items/{{id}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(String),
}

/// How a value is made anew for every iteration.
#[derive(Clone, Debug, PartialEq)]
pub enum Generator {
    /// Both ends included.
    Int {
        low: i64,
        high: i64,
    },
    /// One of these, each as likely.
    Choice(Vec<String>),
    /// Letters and digits.
    Text {
        length: usize,
    },
    Uuid,
    /// 1, 2, 3, over all users.
    Counter,
}

/// Where a value stands in an answer.
#[derive(Clone, Debug)]
pub enum Probe {
    /// RFC 9535; the first match.
    Json(serde_json_path::JsonPath),
    Header(String),
    /// The first group where there is one, else the whole match, in the body.
    Regex(regex_lite::Regex),
}

/// What a user knows: made values, rows of feeds, captures.
pub type Values = BTreeMap<String, String>;

impl Template {
    pub fn fixed(text: &str) -> Self {
        Self {
            parts: vec![Part::Text(text.to_owned())],
        }
    }

    /// `{{name}}` is a place for a value; of a name with `:raw` behind it, the value stands without quotes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) = after
                .split_once("}}")
                .ok_or("a placeholder that `{{` begins has no `}}`")?;
            let name = name.trim();
            let name = name.strip_suffix(":raw").unwrap_or(name);
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if name.is_empty() || !name.chars().all(known) {
                return Err(format!(
                    "`{{{{{name}}}}}` is no placeholder; write it like `{{{{id}}}}`"
                ));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(name.to_owned()));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self { parts })
    }

    /// A JSON document from its value: each string, names of fields included, is a template of its own.
    pub fn json(value: &serde_json::Value) -> Result<Self, String> {
        Self::parse(&value.to_string())
    }

    /// The names that it needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

impl Probe {
    /// `$.items[0].id`
    pub fn json(path: &str) -> Result<Self, String> {
        serde_json_path::JsonPath::parse(path)
            .map(Self::Json)
            .map_err(|error| format!("`{path}` is no JSON path: {error}"))
    }

    pub fn header(name: &str) -> Result<Self, String> {
        http::HeaderName::from_bytes(name.as_bytes())
            .map(|name| Self::Header(name.as_str().to_owned()))
            .map_err(|_| format!("`{name}` cannot be the name of a header"))
    }

    pub fn regex(pattern: &str) -> Result<Self, String> {
        regex_lite::Regex::new(pattern)
            .map(Self::Regex)
            .map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
    }
}

/// Whether a header says how a message stands on its connection. The connection writes these, a scenario cannot.
pub fn belongs_to_the_wire(name: &http::HeaderName) -> bool {
    let ours = [
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    ours.contains(&name.as_str())
}
