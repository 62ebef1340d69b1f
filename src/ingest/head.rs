//! What stands at the start of a file: all that recognition sees.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::outline::Outline;

/// How much of a file is looked at, after unpacking.
pub(super) const LIMIT: usize = 64 * 1024;

/// The start of a file as text.
#[derive(Debug)]
pub struct Head<'a> {
    text: Cow<'a, str>,
    bytes: &'a [u8],
    /// Whether the file may go on behind the head.
    cut: bool,
    /// The outermost keys, where it is JSON: looked for once, and asked for by every form.
    keys: OnceCell<Option<Vec<String>>>,
}

impl<'a> Head<'a> {
    /// Whatever stands behind the first 64 KiB is not looked at.
    pub fn of(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let head = bytes.get(..LIMIT).unwrap_or(bytes);
        Self {
            // The head may end inside a character; what is looked for is not cut.
            text: String::from_utf8_lossy(head),
            bytes: head,
            cut: bytes.len() >= LIMIT,
            keys: OnceCell::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The outermost keys, where the text begins like a JSON object or a list of them.
    pub(super) fn outline(&self) -> Option<Outline<'_>> {
        Outline::of(&self.text)
    }

    /// Whether it begins like a JSON object, or a list of objects, with all of these keys.
    pub(super) fn has_keys(&self, keys: &[&str]) -> bool {
        let known = self.keys.get_or_init(|| {
            let names = self.outline()?.names().map(str::to_owned).collect();
            Some(names)
        });
        known
            .as_ref()
            .is_some_and(|known| keys.iter().all(|key| known.iter().any(|name| name == key)))
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

    /// The columns of the first line that is not empty, split at `delimiter`, without quotes.
    pub(super) fn columns(&self, delimiter: char) -> Vec<&str> {
        let header = self.lines().find(|line| !line.trim().is_empty());
        header
            .unwrap_or_default()
            .split(delimiter)
            .map(|column| column.trim().trim_matches('"'))
            .collect()
    }
}
