//! A response as checks and captures read it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde_json::{Map, Value};

use super::json;
use crate::load::http::Response;
use crate::load::http::events::StreamEvent;
use crate::load::template::{Extractor, SHOWN, excerpt};

/// A response whose body is decoded as text or JSON at most once, and only if it is needed.
pub(super) struct ReadResponse<'a> {
    answer: &'a Response,
    text: OnceCell<Cow<'a, str>>,
    json: OnceCell<Result<Value, String>>,
}

impl<'a> ReadResponse<'a> {
    pub(super) fn new(answer: &'a Response) -> Self {
        Self {
            answer,
            text: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        self.text
            .get_or_init(|| String::from_utf8_lossy(&self.answer.body))
    }

    /// How many bytes the body has.
    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.answer.body.len()).unwrap_or(u64::MAX)
    }

    /// What is wrong with a GraphQL answer: `errors` is there only where something went wrong (October 2021, 7.1).
    pub(super) fn graphql_errors(&self) -> Option<String> {
        let document = match self.json() {
            Ok(document) => document,
            Err(why) => return Some(format!("no JSON ({why}) in {self}")),
        };
        let answers: Vec<&Value> = match document {
            // Over server-sent events each event has an answer of its own.
            Value::Array(events) if self.answer.stream.is_some() => events
                .iter()
                .filter_map(|event| event.get("data"))
                .collect(),
            answer => vec![answer],
        };
        let first = answers
            .into_iter()
            .find_map(|answer| match answer.get("errors")? {
                Value::Null => None,
                Value::Array(errors) => errors.first(),
                other => Some(other),
            })?;
        let message = first.get("message").unwrap_or(first);
        let message = excerpt(json::as_text(message).as_bytes(), SHOWN);
        Some(format!("the answer has an error: {message}"))
    }

    fn json(&self) -> Result<&Value, &str> {
        self.json
            .get_or_init(|| match &self.answer.stream {
                Some(stream) => Ok(stream.events.iter().map(document).collect()),
                None => {
                    serde_json::from_slice(&self.answer.body).map_err(|error| error.to_string())
                }
            })
            .as_ref()
            .map_err(String::as_str)
    }

    pub(super) fn find(&self, probe: &Extractor) -> Option<ExtractedValue<'_>> {
        match probe {
            Extractor::Json(path) => path
                .query(self.json().ok()?)
                .first()
                .map(ExtractedValue::Json),
            Extractor::Header(name) => {
                let mut headers = self.answer.headers.iter();
                let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
                Some(ExtractedValue::Text(String::from_utf8_lossy(value)))
            }
            Extractor::Regex(regex) => {
                let group = usize::from(regex.captures_len() > 1);
                let found = regex.captures(self.text())?.get(group)?;
                Some(ExtractedValue::Text(Cow::Borrowed(found.as_str())))
            }
        }
    }
}

/// An event as JSON: its data as the JSON that it is, or as a text.
fn document(event: &StreamEvent) -> Value {
    let mut fields = Map::new();
    fields.insert("event".to_owned(), Value::from(event.name.as_str()));
    if let Some(id) = &event.id {
        fields.insert("id".to_owned(), Value::from(id.as_str()));
    }
    let data = serde_json::from_str(&event.data);
    let data = data.unwrap_or_else(|_| Value::from(event.data.as_str()));
    fields.insert("data".to_owned(), data);
    Value::Object(fields)
}

/// Shows the beginning of the body.
impl fmt::Display for ReadResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer.body.is_empty() {
            true => f.write_str("an empty body"),
            false => f.write_str(&excerpt(&self.answer.body, SHOWN)),
        }
    }
}

/// The value that an extractor found.
pub(super) enum ExtractedValue<'a> {
    Json(&'a Value),
    Text(Cow<'a, str>),
}

impl ExtractedValue<'_> {
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Json(value) => json::as_text(value),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// Compares with the expected value. Text from a header or a regular expression equals a string by its content, and
    /// a number by its digits.
    pub(super) fn equals(&self, expected: &Value) -> bool {
        match self {
            Self::Json(value) => json::is_same(value, expected),
            Self::Text(text) => *text == json::as_text(expected),
        }
    }
}

impl fmt::Display for ExtractedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Json(value) => value.to_string(),
            Self::Text(text) => Value::from(text.as_ref()).to_string(),
        };
        f.write_str(&excerpt(text.as_bytes(), SHOWN))
    }
}

/// The message of a search that found nothing.
pub(super) fn found_nothing(extractor: &Extractor, answer: &ReadResponse<'_>) -> String {
    match extractor {
        Extractor::Header(_) => format!("{extractor} is not in the answer"),
        Extractor::Regex(_) => format!("{extractor} found nothing in {answer}"),
        Extractor::Json(_) => match answer.json() {
            Ok(_) => format!("{extractor} found nothing in {answer}"),
            Err(why) => format!("{extractor} found no JSON ({why}) in {answer}"),
        },
    }
}
