//! Text with placeholders for values: `/items/{{id}}`.
//!
//! `{{name}}` is a placeholder. `{{name:raw}}` is one whose value is not escaped; where it is a whole JSON string,
//! `"{{name:raw}}"`, the quotes belong to it. `\{{` is two braces. After an even number of backslashes, which is how
//! JSON writes a backslash, `{{` begins a placeholder again.

use std::fmt;

use super::escape::Escape;
use super::excerpt::excerpt;
use super::values::Values;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(String),
    Raw(String),
    /// A raw value whose quotes belonged to it. They are not in the texts beside it.
    Quoted(String),
}

/// A name that has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub name: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{{{{{}}}}}` has no value", self.name)
    }
}

impl std::error::Error for Missing {}

impl Template {
    /// Text without placeholders, in which braces have no meaning.
    pub fn fixed(text: &str) -> Self {
        let mut template = Self::default();
        template.push_text(text);
        template
    }

    /// Parses a text. The error says what is wrong and at which character.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            let (before, from_braces) = rest.split_at(at);
            let backslashes = before.len() - before.trim_end_matches('\\').len();
            let behind = from_braces.get(2..).unwrap_or_default();
            if backslashes % 2 == 1 {
                template.push_text(before.strip_suffix('\\').unwrap_or(before));
                template.push_text("{{");
                rest = behind;
                continue;
            }
            template.push_text(before);
            let place = || position(text, text.len() - from_braces.len());
            let Some((inner, after)) = behind.split_once("}}") else {
                return Err(format!("`{{{{` at {} is never closed by `}}}}`", place()));
            };
            let part = Part::parse(inner).map_err(|why| {
                format!(
                    "`{{{{{}}}}}` at {} {why}",
                    excerpt(inner.as_bytes(), 40),
                    place()
                )
            })?;
            rest = template.push_place(part, after);
        }
        template.push_text(rest);
        Ok(template)
    }

    /// A JSON document in which each string is a template of its own, including the names of fields.
    pub fn json(value: &serde_json::Value) -> Result<Self, String> {
        let mut template = Self::default();
        template.push_json(value)?;
        Ok(template)
    }

    pub fn is_fixed(&self) -> bool {
        self.as_fixed().is_some()
    }

    /// The whole text, if there are no placeholders.
    pub fn as_fixed(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of all placeholders; a name that is used twice comes twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(name) | Part::Raw(name) | Part::Quoted(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The template as it is written in a scenario.
    pub fn written(&self) -> String {
        let mut written = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => written.push_str(&text.replace("{{", "\\{{")),
                Part::Value(name) => written.push_str(&format!("{{{{{name}}}}}")),
                Part::Raw(name) => written.push_str(&format!("{{{{{name}:raw}}}}")),
                Part::Quoted(name) => written.push_str(&format!("\"{{{{{name}:raw}}}}\"")),
            }
        }
        written
    }

    /// The template as it is written in a scenario, with its own text hidden, because text may be a secret and names
    /// are not.
    pub fn written_without_text(&self) -> String {
        let mut without = Self::default();
        for part in &self.parts {
            match part {
                Part::Text(_) => without.push_text("***"),
                place => without.parts.push(place.clone()),
            }
        }
        without.written()
    }

    /// Appends the rendered text to `out`. Where a value is missing, the text before it has been appended.
    pub fn render(&self, values: &Values, escape: Escape, out: &mut String) -> Result<(), Missing> {
        for part in &self.parts {
            match part {
                Part::Text(text) => escape.text(text, out),
                Part::Value(name) => escape.value(known(values, name)?, out),
                Part::Raw(name) => escape.raw(known(values, name)?, out),
                Part::Quoted(name) if escape == Escape::Json => {
                    escape.raw(known(values, name)?, out);
                }
                Part::Quoted(name) => {
                    escape.text("\"", out);
                    escape.raw(known(values, name)?, out);
                    escape.text("\"", out);
                }
            }
        }
        Ok(())
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Adds a placeholder. Returns the part of `after` that is still to be read.
    fn push_place<'a>(&mut self, part: Part, after: &'a str) -> &'a str {
        if let Part::Raw(name) = &part
            && let Some(behind_quote) = after.strip_prefix('"')
            && self.drop_opening_quote()
        {
            self.parts.push(Part::Quoted(name.clone()));
            return behind_quote;
        }
        self.parts.push(part);
        after
    }

    /// Removes the quote at the end of the text, unless a backslash makes it part of a string. Returns whether it did.
    fn drop_opening_quote(&mut self) -> bool {
        let Some(Part::Text(text)) = self.parts.last_mut() else {
            return false;
        };
        let Some(before) = text.strip_suffix('"') else {
            return false;
        };
        if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
            return false;
        }
        text.pop();
        if text.is_empty() {
            self.parts.pop();
        }
        true
    }

    fn push_json(&mut self, value: &serde_json::Value) -> Result<(), String> {
        use serde_json::Value;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.push_text(&value.to_string()),
            Value::String(text) => self.push_json_text(text)?,
            Value::Array(items) => {
                self.push_text("[");
                for (at, item) in items.iter().enumerate() {
                    self.push_text(if at == 0 { "" } else { "," });
                    self.push_json(item)?;
                }
                self.push_text("]");
            }
            Value::Object(fields) => {
                self.push_text("{");
                for (at, (name, field)) in fields.iter().enumerate() {
                    self.push_text(if at == 0 { "" } else { "," });
                    self.push_json_text(name)?;
                    self.push_text(":");
                    self.push_json(field)?;
                }
                self.push_text("}");
            }
        }
        Ok(())
    }

    fn push_json_text(&mut self, text: &str) -> Result<(), String> {
        let parts = Self::parse(text)?.parts;
        if let [Part::Raw(name)] = parts.as_slice() {
            self.parts.push(Part::Quoted(name.clone()));
            return Ok(());
        }
        self.push_text("\"");
        for part in parts {
            match part {
                Part::Text(text) => {
                    let mut escaped = String::new();
                    Escape::Json.value(&text, &mut escaped);
                    self.push_text(&escaped);
                }
                // The quotes were characters of the string.
                Part::Quoted(name) => {
                    self.push_text("\\\"");
                    self.parts.push(Part::Raw(name));
                    self.push_text("\\\"");
                }
                place => self.parts.push(place),
            }
        }
        self.push_text("\"");
        Ok(())
    }
}

impl Part {
    /// Parses the text between the braces. The error continues "`{{…}}` at …".
    fn parse(inner: &str) -> Result<Self, &'static str> {
        let (name, is_raw) = match inner.trim().split_once(':') {
            None => (inner.trim(), false),
            Some((name, "raw")) => (name, true),
            Some(_) => return Err("has something other than `raw` behind its colon"),
        };
        if name.is_empty() {
            return Err("names nothing");
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !name.chars().all(is_name) {
            return Err("is no name: names have letters, digits, `_`, `.` and `-`");
        }
        Ok(match is_raw {
            true => Self::Raw(name.to_owned()),
            false => Self::Value(name.to_owned()),
        })
    }
}

fn known<'a>(values: &'a Values, name: &str) -> Result<&'a str, Missing> {
    values.get(name).ok_or_else(|| Missing {
        name: name.to_owned(),
    })
}

/// A position as people count: `character 8`, or `line 2, character 8`.
fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let character = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    match text.contains('\n') {
        true => format!(
            "line {}, character {character}",
            before.matches('\n').count() + 1
        ),
        false => format!("character {character}"),
    }
}
