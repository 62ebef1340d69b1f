//! What serde_json says, as a sentence with a field: broken JSON, wrong types, unknown and doubled keys.

use serde_json::error::Category;

use super::error::{FileError, Flaw};
use super::place::{self, Step, shown};
use super::schema;
use crate::text::{nearest, sanitize};

/// A document of which reading stopped: where it begins, and what it should have been.
pub(crate) struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) from: usize,
    pub(crate) schema: &'static str,
}

impl Document<'_> {
    pub(crate) fn explain(&self, error: &serde_json::Error) -> FileError {
        let Self { text, from, .. } = *self;
        let mut reached = place::offset(text, error.line(), error.column());
        // A bracket where something else belongs is refused before it is taken.
        if matches!(text.as_bytes().get(reached), Some(b'{' | b'[')) {
            reached += 1;
        }
        let (steps, start) = place::at(text, from, reached);
        let (offset, message, hint) = match error.classify() {
            Category::Data => {
                // A key that we do not know is no mistake in a document that is not ours.
                if let Err(flaw) = self.check_schema(&steps) {
                    return flaw;
                }
                let (message, hint) = data(&words(error), &steps);
                (start, message, hint)
            }
            Category::Eof => (
                reached,
                "it ends in the middle of the document".to_owned(),
                Some("the program that wrote it may have been stopped: write it again".to_owned()),
            ),
            Category::Syntax | Category::Io => {
                let word = place::bare(text, start);
                match not_a_number(word) {
                    Some(message) => (
                        start,
                        message,
                        Some("leave out what was not measured".to_owned()),
                    ),
                    None => (
                        reached.saturating_sub(1),
                        format!("it is not JSON: {}", words(error)),
                        None,
                    ),
                }
            }
        };
        let (line, column) = place::line_and_column(text, offset);
        FileError {
            line,
            column,
            field: place::field(&steps),
            message,
            hint,
        }
    }

    fn check_schema(&self, steps: &[Step]) -> Result<(), FileError> {
        // In an array of runs each element says what it is.
        let element: Vec<Step> = steps
            .first()
            .filter(|step| matches!(step, Step::Index(_)))
            .cloned()
            .into_iter()
            .collect();
        let path: Vec<Step> = element
            .iter()
            .cloned()
            .chain([Step::Key("schema".to_owned())])
            .collect();
        let found = place::string_at(self.text, self.from, &path);
        schema::check(found.as_deref(), self.schema).map_err(|flaw| {
            let flaw = match element.first() {
                Some(Step::Index(index)) => flaw.at_index(*index),
                _ => flaw,
            };
            flaw.locate(self.text, self.from)
        })
    }
}

/// The message without the place, which is told in our own way.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

fn not_a_number(word: &str) -> Option<String> {
    let bare = word.trim_start_matches(['-', '+']).to_ascii_lowercase();
    matches!(bare.as_str(), "nan" | "inf" | "infinity").then(|| {
        format!(
            "`{}` is not a number that can be measured or written in JSON",
            shown(word)
        )
    })
}

fn data(words: &str, steps: &[Step]) -> (String, Option<String>) {
    let key = match steps.last() {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    if words.starts_with("unknown field ") {
        let (_, known) = words.rsplit_once(", expected ").unwrap_or_default();
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let hint = nearest::near(key, known.iter().copied()).map_or_else(
            || format!("the keys here are {}", list(&known)),
            |near| format!("did you mean `{near}`?"),
        );
        return (format!("the key `{}` is not known", shown(key)), Some(hint));
    }
    if words.starts_with("duplicate field ") {
        return (format!("the key `{}` appears twice", shown(key)), None);
    }
    let (found, expected) = match words.split_once(": ").map(|(_, rest)| rest) {
        Some(rest) => rest.rsplit_once(", expected ").unwrap_or((rest, "")),
        None => (words, ""),
    };
    let expected = match expected {
        "f64" => "a number",
        "u64" | "u32" => "a whole number, not negative",
        "a sequence" => "a list",
        other => other,
    };
    let hint = (found == "null").then(|| "leave the key out where nothing was measured".to_owned());
    if expected.is_empty() {
        return (shown(words), hint);
    }
    let brief = sanitize::escaped(found, 80);
    (format!("expected {expected}, found {brief}"), hint)
}

pub(super) fn list(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Flaw {
    /// The flaw of a value that is none of the few it could be.
    pub(super) fn none_of(found: &str, known: &[&str]) -> Self {
        Self::new(format!("`{}` is none of {}", shown(found), list(known)))
    }
}
