//! A body of several parts (RFC 7578): fields, and files that are read once.

use bytes::Bytes;
use http::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize;

use super::surroundings::Reader;
use super::template::Names;
use crate::load::template::{Template, random};
use crate::toml_file::{FilledText, FreeTable, Located, OneOrMany, Problem, ScalarOr};

/// A file as a part of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePart {
    /// The file
    #[schemars(title = "file")]
    pub(super) path: Located<FilledText>,
    /// Its content type
    #[serde(rename = "type")]
    #[schemars(extend("default" = "application/octet-stream"))]
    pub(super) kind: Option<Located<FilledText>>,
    /// What the service is told that the file is called
    #[schemars(extend("x-default" = "the file's own"))]
    pub(super) name: Option<Located<FilledText>>,
}

/// `multipart/form-data`.
#[derive(Clone, Debug)]
pub struct Multipart {
    /// A line of it stands between the parts. It follows from the seed.
    pub boundary: String,
    /// With the boundary.
    pub content_type: String,
    pub parts: Vec<MultipartPart>,
}

#[derive(Clone, Debug)]
pub struct MultipartPart {
    pub name: String,
    pub content: PartContent,
}

#[derive(Clone, Debug)]
pub enum PartContent {
    Field(Template),
    File {
        name: String,
        content_type: String,
        bytes: Bytes,
    },
}

impl Multipart {
    /// The texts that are no files.
    pub fn fields(&self) -> impl Iterator<Item = &Template> {
        self.parts.iter().filter_map(|part| match &part.content {
            PartContent::Field(template) => Some(template),
            PartContent::File { .. } => None,
        })
    }
}

/// What a file is whose type nobody said.
const ANY_TYPE: &str = "application/octet-stream";

pub(super) type MultipartFile = FreeTable<OneOrMany<ScalarOr<FilePart>>>;

pub(super) fn multipart(
    table: &Located<MultipartFile>,
    (reader, names): (&Reader<'_>, &Names),
    seed: u64,
) -> Result<Multipart, Problem> {
    let mut parts = Vec::new();
    for (name, values) in table.entries() {
        for value in values.entries() {
            let content = match value.get() {
                ScalarOr::Scalar(scalar) => {
                    let text = reader.sent(scalar, value.span());
                    PartContent::Field(reader.template_of(value, &text, names)?)
                }
                ScalarOr::Table(part) => file(part, reader)?,
            };
            parts.push(MultipartPart {
                name: name.to_owned(),
                content,
            });
        }
    }
    if parts.is_empty() {
        return Err(table
            .error("there is no part")
            .hint("write multipart = { picture = { path = \"cat.png\", type = \"image/png\" } }"));
    }
    let boundary = boundary(&parts, seed);
    Ok(Multipart {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        boundary,
        parts,
    })
}

fn file(part: &FilePart, reader: &Reader<'_>) -> Result<PartContent, Problem> {
    let own_name = || -> Result<String, Problem> {
        let path = reader.path(&part.path)?;
        let name = path.file_name().unwrap_or_default();
        Ok(name.to_string_lossy().into_owned())
    };
    let content_type = match &part.kind {
        None => ANY_TYPE.to_owned(),
        Some(kind) => {
            let text = reader.text(kind)?;
            if HeaderValue::from_str(&text).is_err() || !text.contains('/') {
                return Err(kind.error("it is no content type; write it like image/png"));
            }
            text
        }
    };
    Ok(PartContent::File {
        name: match &part.name {
            Some(name) => reader.text(name)?,
            None => own_name()?,
        },
        content_type,
        bytes: reader.file(&part.path)?.into(),
    })
}

/// One that stands in none of the parts.
fn boundary(parts: &[MultipartPart], seed: u64) -> String {
    let mut all = (0..).map(|number| format!("perfgate-{:016x}", random(seed, number).u64(..)));
    let is_free = |boundary: &String| parts.iter().all(|part| !part.holds(boundary));
    all.find(is_free).unwrap_or_default()
}

impl MultipartPart {
    fn holds(&self, text: &str) -> bool {
        match &self.content {
            PartContent::Field(template) => template.written().contains(text),
            PartContent::File { bytes, .. } => {
                let mut windows = bytes.windows(text.len());
                windows.any(|window| window == text.as_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_follows_from_the_seed_and_stands_in_no_part() {
        let file = |bytes: &str| MultipartPart {
            name: "f".to_owned(),
            content: PartContent::File {
                name: "f".to_owned(),
                content_type: ANY_TYPE.to_owned(),
                bytes: Bytes::copy_from_slice(bytes.as_bytes()),
            },
        };
        let usual = boundary(&[file("abc")], 7);
        assert_eq!(boundary(&[file("other")], 7), usual);
        assert_ne!(boundary(&[file("abc")], 8), usual);
        let other = boundary(&[file(&format!("a {usual} b"))], 7);
        assert_ne!(other, usual);
        let field = MultipartPart {
            name: "g".to_owned(),
            content: PartContent::Field(Template::fixed(&other)),
        };
        assert!(![&usual, &other].contains(&&boundary(&[file(&usual), field], 7)));
        // RFC 2046, 5.1.1.
        assert!(usual.len() <= 70 && usual.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    }
}
