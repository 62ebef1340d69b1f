//! What stands at the start of a file: all that recognition sees.

use std::borrow::Cow;

use super::outline::Outline;

/// How much of a file is looked at, after unpacking.
pub(super) const LIMIT: usize = 64 * 1024;

/// The start of a file as text.
#[derive(Debug)]
pub struct Head<'a> {
    text: Cow<'a, str>,
    /// Whether the file may go on behind the head.
    cut: bool,
}

impl<'a> Head<'a> {
    /// Whatever stands behind the first 64 KiB is not looked at.
    pub fn of(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let head = bytes.get(..LIMIT).unwrap_or(bytes);
        Self {
            // The head may end inside a character; what is looked for is not cut.
            text: String::from_utf8_lossy(head),
            cut: bytes.len() >= LIMIT,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The outermost keys, where the text begins like a JSON object or a list of them.
    pub(super) fn outline(&self) -> Option<Outline<'_>> {
        Outline::of(&self.text)
    }

    /// Whether it begins like a JSON object, or a list of objects, with all of these keys.
    pub(super) fn has_keys(&self, keys: &[&str]) -> bool {
        self.outline().is_some_and(|outline| outline.has_all(keys))
    }

    /// Whether it begins like JSON of any kind.
    pub(super) fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }

    /// Whether the text, apart from white space, begins like this.
    pub(super) fn starts_with(&self, start: &str) -> bool {
        self.text.trim_start().starts_with(start)
    }

    /// Whether a line begins like this; white space in front of it does not count.
    pub(super) fn has_line(&self, start: &str) -> bool {
        self.lines()
            .any(|line| line.trim_start().starts_with(start))
    }

    /// Complete lines, and the last one only where the file ends with it.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let complete = match self.text.rfind('\n') {
            Some(end) if self.cut => self.text.get(..end).unwrap_or_default(),
            _ => &self.text,
        };
        complete.lines()
    }
}
