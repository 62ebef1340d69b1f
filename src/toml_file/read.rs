//! A file read by serde into one struct; what serde refuses is said with its line, its key and what to write instead.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::{FileError, Problem, TomlText};
use super::values::TABLES;
use super::{habits, nearest};

/// What messages know about a kind of file.
#[derive(Clone, Copy)]
pub struct FileFormat {
    /// How messages call the file as a whole: `the scenario`.
    pub name: &'static str,
    /// What to write where a key is missing in the table of this path, or, for the key "", where a table must have
    /// exactly one key and does not.
    pub advice: fn(path: &[&str], key: &str) -> Option<&'static str>,
    /// What tells, of a file that is refused, that it is meant for another program.
    pub foreign: fn(&DeTable<'_>) -> Option<Problem>,
}

/// The struct that serde reads from the text, turned by `check` into what the program works with. `name` is what
/// messages call the file.
pub fn read<T: DeserializeOwned, V>(
    name: &str,
    text: &str,
    format: FileFormat,
    check: impl FnOnce(T) -> Result<V, Problem>,
) -> Result<V, FileError> {
    let source = TomlText { name, text };
    let file = T::deserialize(toml::Deserializer::from(source.document()?));
    let error = match file {
        Ok(file) => match check(file) {
            Ok(value) => return Ok(value),
            Err(problem) => told(&source, problem),
        },
        Err(error) => refused(&source, format, &error),
    };
    let document = source.document()?;
    match (format.foreign)(document.get_ref()) {
        Some(problem) => Err(told(&source, problem)),
        None => Err(error),
    }
}

/// A problem with the line, the column and the key of its place.
fn told(source: &TomlText<'_>, problem: Problem) -> FileError {
    let Problem {
        span,
        message,
        hint,
        is_named,
    } = problem;
    let key = match is_named {
        true => Whereabouts::of(source, &span).and_then(|at| at.key()),
        false => None,
    };
    let message = key.map_or(message.clone(), |key| format!("`{key}`: {message}"));
    FileError {
        hint,
        ..source.error(&span, message)
    }
}

/// One key on the way to a value.
#[derive(Clone, Debug)]
struct Segment {
    key: String,
    /// The value under the key is a list, and the way leads into one of its entries.
    is_list: bool,
}

/// Where a span of the text leads to in the document.
struct Whereabouts {
    /// The keys on the way. For the span of a key, those of the table that it stands in.
    path: Vec<Segment>,
    /// What messages call the kind of the value; nothing where the span is that of a key.
    kind: Option<String>,
}

impl Whereabouts {
    fn of(source: &TomlText<'_>, span: &Range<usize>) -> Option<Self> {
        let document = source.document().ok()?;
        let mut at = None;
        if document.span() == *span {
            at = Some(Self {
                path: Vec::new(),
                kind: Some("a table".to_owned()),
            });
        }
        find(document.get_ref(), span, &mut Vec::new(), &mut at);
        at
    }

    /// The key that messages name a value by.
    fn key(&self) -> Option<String> {
        self.path.last().map(|segment| segment.key.clone())
    }

    fn keys(&self) -> Vec<&str> {
        let keys = self.path.iter();
        keys.map(|segment| segment.key.as_str()).collect()
    }

    /// What messages call the table: `[load]`, `[[flow.step]]`, `` `expect` ``.
    fn title(&self, file: &str) -> String {
        match self.path.as_slice() {
            [] => file.to_owned(),
            [.., last] if last.is_list => format!("[[{}]]", self.keys().join(".")),
            [only] => format!("[{}]", only.key),
            path => {
                let list = path.iter().rposition(|segment| segment.is_list);
                let below = path.iter().skip(list.map_or(0, |at| at + 1));
                let keys: Vec<&str> = below.map(|segment| segment.key.as_str()).collect();
                format!("`{}`", keys.join("."))
            }
        }
    }
}

/// The innermost key or value of exactly this span.
fn find(
    table: &DeTable<'_>,
    span: &Range<usize>,
    path: &mut Vec<Segment>,
    at: &mut Option<Whereabouts>,
) {
    for (key, value) in table {
        if key.span() == *span {
            *at = Some(Whereabouts {
                path: path.clone(),
                kind: None,
            });
        }
        path.push(Segment {
            key: key.get_ref().to_string(),
            is_list: false,
        });
        find_in(value, span, path, at);
        path.pop();
    }
}

fn find_in(
    value: &Spanned<DeValue<'_>>,
    span: &Range<usize>,
    path: &mut Vec<Segment>,
    at: &mut Option<Whereabouts>,
) {
    if value.span() == *span {
        *at = Some(Whereabouts {
            path: path.clone(),
            kind: Some(found(value.get_ref())),
        });
    }
    match value.get_ref() {
        DeValue::Table(table) => find(table, span, path, at),
        DeValue::Array(entries) => {
            if let Some(last) = path.last_mut() {
                last.is_list = true;
            }
            for entry in entries {
                find_in(entry, span, path, at);
            }
        }
        _ => {}
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}

/// What serde refused, in the words of our messages.
fn refused(source: &TomlText<'_>, format: FileFormat, error: &toml::de::Error) -> FileError {
    let span = error.span().unwrap_or(0..0);
    let at = Whereabouts::of(source, &span).unwrap_or(Whereabouts {
        path: Vec::new(),
        kind: None,
    });
    let (message, hint) = match Refusal::of(error.message()) {
        Refusal::Unknown { word, known } => match &at.kind {
            None => unknown_key(&at.title(format.name), word, &known),
            // A text or a date where a table stands for a choice.
            Some(kind) => (named(&at, format!("expected a table, found {kind}")), None),
        },
        Refusal::Missing(key) => {
            let message = match at.path.as_slice() {
                [] => format!("there is no `{key}`"),
                _ => format!("{} has no `{key}`", at.title(format.name)),
            };
            let hint = (format.advice)(&at.keys(), key);
            (message, hint.map(str::to_owned))
        }
        Refusal::NotOneKey => {
            let hint = (format.advice)(&at.keys(), "");
            let message = named(&at, "expected a table of exactly one key".to_owned());
            (message, hint.map(str::to_owned))
        }
        Refusal::Kind(expected) => {
            let kind = at.kind.as_deref().unwrap_or("something else");
            let message = match expected {
                TABLES => format!("expected [[{}]], found {kind}", at.keys().join(".")),
                expected => format!("expected {expected}, found {kind}"),
            };
            (named(&at, message), None)
        }
        Refusal::Other(message, hint) => (named(&at, message.to_owned()), hint.map(str::to_owned)),
    };
    FileError {
        hint,
        ..source.error(&span, message)
    }
}

fn named(at: &Whereabouts, message: String) -> String {
    match at.key() {
        Some(key) => format!("`{key}`: {message}"),
        None => message,
    }
}

fn unknown_key(title: &str, word: &str, known: &[&str]) -> (String, Option<String>) {
    let near = nearest::near(word, known.iter().copied())
        .or_else(|| nearest::close(word, known.iter().copied()));
    let hint = match (habits::instead(title, word), near) {
        (Some(instead), _) => instead.to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("known here: {}", known.join(", ")),
    };
    (format!("unknown key `{word}` in {title}"), Some(hint))
}

/// The sentences of serde and of the deserializer of TOML that people meet.
#[derive(Debug, PartialEq)]
enum Refusal<'e> {
    Unknown {
        word: &'e str,
        known: Vec<&'e str>,
    },
    Missing(&'e str),
    /// A table that stands for a choice must have one key.
    NotOneKey,
    /// The kind of value that was expected.
    Kind(&'e str),
    /// A message of our own, and its hint.
    Other(&'e str, Option<&'e str>),
}

impl<'e> Refusal<'e> {
    fn of(message: &'e str) -> Self {
        let unknown = message
            .strip_prefix("unknown field `")
            .or_else(|| message.strip_prefix("unknown variant `"));
        if let Some(rest) = unknown
            && let Some((word, known)) = rest.rsplit_once("`, expected ")
        {
            let known = known.split('`').skip(1).step_by(2).collect();
            return Self::Unknown { word, known };
        }
        if let Some(key) = message.strip_prefix("missing field `") {
            return Self::Missing(key.trim_end_matches('`'));
        }
        if message.starts_with("wanted exactly 1 element") {
            return Self::NotOneKey;
        }
        if message == "wanted string or table" || message.starts_with("invalid type: unit variant")
        {
            return Self::Kind("a table");
        }
        if let Some(rest) = message.strip_prefix("invalid type: ")
            && let Some((_, expected)) = rest.rsplit_once(", expected ")
        {
            return Self::Kind(match expected {
                "a string" => "a text in quotes",
                "a boolean" => "true or false",
                "a sequence" => "a list",
                "i64" => "a whole number",
                expected if expected.starts_with("struct ") => "a table",
                expected if expected.contains("spanned") => "a table",
                expected => expected,
            });
        }
        match message.split_once(HINT) {
            Some((message, hint)) => Self::Other(message, Some(hint)),
            None => Self::Other(message, None),
        }
    }
}

/// Before the hint in the message of a type that reads itself.
pub const HINT: &str = "\nhint: ";

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::toml_file::Tables;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[expect(dead_code, reason = "read for its refusals")]
        name: String,
        #[expect(dead_code, reason = "read for its refusals")]
        step: Option<Tables<Step>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Step {
        #[expect(dead_code, reason = "read for its refusals")]
        get: Choice,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        #[expect(dead_code, reason = "read for its refusals")]
        Int(i64),
        #[expect(dead_code, reason = "read for its refusals")]
        Flag(bool),
    }

    const FORMAT: FileFormat = FileFormat {
        name: "the file",
        advice: |path, key| match (path, key) {
            (["step"], "get") => Some("write get"),
            (["step", "get"], "") => Some("int or flag"),
            _ => None,
        },
        foreign: |_| None,
    };

    #[test]
    fn what_serde_refuses_is_said_with_its_place_and_its_key() {
        for (text, said) in [
            (
                "nam = 1",
                "1:1 unknown key `nam` in the file (did you mean `name`?)",
            ),
            ("step = []", "1:1 there is no `name`"),
            (
                "name = 5",
                "1:8 `name`: expected a text in quotes, found an integer",
            ),
            (
                "name = ''\nstep = 5",
                "2:8 `step`: expected [[step]], found an integer",
            ),
            (
                "name = ''\n[step]",
                "2:1 `step`: expected [[step]], found a table",
            ),
            (
                "name = ''\n[[step]]\n",
                "2:1 [[step]] has no `get` (write get)",
            ),
            (
                "name = ''\n[[step]]\nget = {}\n",
                "3:7 `get`: expected a table of exactly one key (int or flag)",
            ),
            (
                "name = ''\n[[step]]\nget = { imt = 5 }\n",
                "3:9 unknown key `imt` in `get` (did you mean `int`?)",
            ),
            (
                "name = ''\n[[step]]\nget = 5\n",
                "3:7 `get`: expected a table, found an integer",
            ),
            (
                "name = ''\n[[step]]\nget = { flag = 5 }\n",
                "3:16 `flag`: expected true or false, found an integer",
            ),
        ] {
            let error = read("f.toml", text, FORMAT, |_: File| Ok(())).unwrap_err();
            let hint = error
                .hint
                .map_or(String::new(), |hint| format!(" ({hint})"));
            let shown = format!("{}:{} {}{hint}", error.line, error.column, error.message);
            assert_eq!(shown, said, "{text}");
        }
    }
}
