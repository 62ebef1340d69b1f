//! Where a value is in a response: a JSON path, a header, a regular expression. Pure.

use std::fmt;

use regex_lite::Regex;
use serde_json_path::JsonPath;

use super::excerpt::{SHOWN, excerpt};

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

    /// Whether it reads headers; otherwise it reads the body.
    pub fn needs_headers(&self) -> bool {
        matches!(self, Self::Header(_))
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
