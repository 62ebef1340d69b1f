//! JSON of tools: errors with their place, and the bare `NaN` and `Infinity` that some of them write.

use std::borrow::Cow;

use anyhow::anyhow;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::hint::WithHint;

/// A whole document.
pub(super) fn document<'a, T: Deserialize<'a>>(text: &'a str) -> anyhow::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| placed(&error))
        .hint("the file may be cut short, or hold other output beside the JSON")
}

/// A document of a tool that writes numbers which JSON does not have: they are read as null.
pub(super) fn lenient<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    document(&without_bare_words(text, Words::Null))
}

/// The same, where such a number means something else than null does: it is read as a text, `"NaN"`.
pub(super) fn with_words<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    document(&without_bare_words(text, Words::Quoted))
}

/// One line of a stream; the caller says which.
pub(super) fn line<'a, T: Deserialize<'a>>(line: &'a [u8]) -> anyhow::Result<T> {
    serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = text.strip_suffix(&place).unwrap_or(&text);
        anyhow!("column {}: {what}", error.column())
    })
}

/// serde_json's message with the place in front, as everywhere.
pub(super) fn placed(error: &serde_json::Error) -> anyhow::Error {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    anyhow!("line {}, column {}: {what}", error.line(), error.column())
}

/// What becomes of a word that stands for a number.
#[derive(Clone, Copy)]
enum Words {
    Null,
    Quoted,
}

/// `NaN`, `Infinity` and `-Infinity` outside of strings become `null`, or strings.
fn without_bare_words(text: &str, words: Words) -> Cow<'_, str> {
    const WORDS: [&str; 5] = ["-Infinity", "Infinity", "-NaN", "NaN", "nan"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if !in_string && let Some(word) = WORDS.iter().find(|word| rest.starts_with(**word)) {
            match words {
                Words::Null => plain.push_str("null"),
                Words::Quoted => plain.extend(["\"", word, "\""]),
            }
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        match next {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        plain.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_are_null_and_words_in_strings_stay() {
        let text = r#"{"a": NaN, "NaN \" NaN": [-Infinity, Infinity, 1], "é": "NaN"}"#;
        let expected = r#"{"a": null, "NaN \" NaN": [null, null, 1], "é": "NaN"}"#;
        assert_eq!(without_bare_words(text, Words::Null), expected);
        let expected = r#"{"a": "NaN", "NaN \" NaN": ["-Infinity", "Infinity", 1], "é": "NaN"}"#;
        assert_eq!(without_bare_words(text, Words::Quoted), expected);
    }

    #[test]
    fn errors_say_where() {
        let error = document::<Vec<u64>>("[1,\n x]").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 2: expected value");
        let error = line::<Vec<u64>>(b"x").unwrap_err();
        assert!(error.to_string().starts_with("column 1: "), "{error}");
    }
}
