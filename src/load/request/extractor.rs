//! Where a value is in a response, and how it is extracted.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use regex_lite::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::excerpt::excerpt;
use super::json;
use crate::load::http::Response;

/// How many characters of a body or a value are shown in a message.
pub(super) const SHOWN: usize = 100;

/// Where a value is in a response.
#[derive(Clone, Debug)]
pub enum Extractor {
    /// The first match of a JSON path (RFC 9535) in the body.
    Json(JsonPath),
    Header(String),
    /// The first group of a regular expression in the body; the whole match where it has no group.
    Regex(Regex),
}

impl Extractor {
    /// A JSON path, as in `$.items[0].id`.
    pub fn json(path: &str) -> Result<Self, String> {
        JsonPath::parse(path).map(Self::Json).map_err(|error| {
            let seen = excerpt(path.as_bytes(), SHOWN);
            match path.starts_with('$') {
                true => format!("`{seen}` is no JSON path: {error}"),
                false => {
                    format!("`{seen}` is no JSON path: one begins with `$`, like `$.items[0].id`")
                }
            }
        })
    }

    pub fn header(name: &str) -> Result<Self, String> {
        http::HeaderName::from_bytes(name.as_bytes())
            .map(|name| Self::Header(name.as_str().to_owned()))
            .map_err(|_| {
                let name = excerpt(name.as_bytes(), SHOWN);
                format!("`{name}` cannot be the name of a header")
            })
    }

    pub fn regex(pattern: &str) -> Result<Self, String> {
        Regex::new(pattern).map(Self::Regex).map_err(|error| {
            let pattern = excerpt(pattern.as_bytes(), SHOWN);
            format!("`{pattern}` is no regular expression: {error}")
        })
    }

    pub(super) fn needs_headers(&self) -> bool {
        matches!(self, Self::Header(_))
    }

    /// The message of a search that found nothing.
    pub(super) fn found_nothing(&self, answer: &ReadResponse<'_>) -> String {
        match self {
            Self::Header(_) => format!("{self} is not in the answer"),
            Self::Regex(_) => format!("{self} found nothing in {answer}"),
            Self::Json(_) => match answer.json() {
                Ok(_) => format!("{self} found nothing in {answer}"),
                Err(why) => format!("{self} found no JSON ({why}) in {answer}"),
            },
        }
    }
}

impl fmt::Display for Extractor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(path) => f.write_str(&excerpt(path.to_string().as_bytes(), SHOWN)),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Regex(regex) => write!(f, "/{}/", excerpt(regex.as_str().as_bytes(), SHOWN)),
        }
    }
}

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

    fn json(&self) -> Result<&Value, &str> {
        self.json
            .get_or_init(|| {
                serde_json::from_slice(&self.answer.body).map_err(|error| error.to_string())
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
