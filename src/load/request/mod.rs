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

    /// The names that it needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}
