//! The header lines of a request: names once, values that cannot end their line.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use super::probe::SHOWN;
use super::shown::shown;
use super::{Escape, Missing, Template, Values};
use crate::load::wire::{Failure, Kind};

/// Whether a header says how a message stands on its connection. The connection writes these, a scenario cannot.
pub fn belongs_to_the_wire(name: &HeaderName) -> bool {
    [
        &CONNECTION,
        &CONTENT_LENGTH,
        &TE,
        &TRAILER,
        &TRANSFER_ENCODING,
        &UPGRADE,
    ]
    .contains(&name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Header lines that are written over those of an earlier request, in their room.
pub(super) struct Lines<'a> {
    lines: &'a mut Vec<(String, String)>,
    written: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn over(lines: &'a mut Vec<(String, String)>) -> Self {
        Self { lines, written: 0 }
    }

    /// Refuses a value that would end its line and begin another: a capture can hold anything.
    pub(super) fn write(
        &mut self,
        header: &str,
        fill: impl FnOnce(&mut String) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let earlier = self.lines.get_mut(self.written).map(std::mem::take);
        let (mut name, mut value) = earlier.unwrap_or_default();
        name.clear();
        name.push_str(header);
        value.clear();
        fill(&mut value)?;
        if let Some(bad) = value.chars().find(|&c| c != '\t' && c.is_ascii_control()) {
            let value = shown(value.as_bytes(), SHOWN);
            let what = format!(
                "header {header} cannot hold the character {} of `{value}`",
                bad.escape_unicode()
            );
            return Err(Failure::new(Kind::Check, what));
        }
        match self.lines.get_mut(self.written) {
            Some(line) => *line = (name, value),
            None => self.lines.push((name, value)),
        }
        self.written += 1;
        Ok(())
    }

    /// What the earlier request had beyond these lines is gone.
    pub(super) fn end(self) {
        self.lines.truncate(self.written);
    }
}

/// Renders, where a value that is missing makes the request impossible.
pub(super) fn render(
    template: &Template,
    values: &Values,
    escape: Escape,
    out: &mut String,
) -> Result<(), Failure> {
    template.render(values, escape, out).map_err(impossible)
}

fn impossible(missing: Missing) -> Failure {
    Failure::new(Kind::Capture, missing.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> impl FnOnce(&mut String) -> Result<(), Failure> {
        move |out| {
            out.push_str(text);
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_over_older_ones_and_leave_none_of_them() {
        let mut kept = Vec::new();
        for (names, expected) in [
            (vec!["a", "b", "c"], 3),
            (vec!["d"], 1),
            (vec!["e", "f"], 2),
        ] {
            let mut lines = Lines::over(&mut kept);
            for name in &names {
                lines.write(name, text("v")).unwrap();
            }
            lines.end();
            assert_eq!(kept.len(), expected);
            assert!(
                kept.iter()
                    .zip(&names)
                    .all(|(line, name)| line.0 == *name && line.1 == "v")
            );
        }
    }

    #[test]
    fn a_value_that_would_begin_another_line_is_refused() {
        for hostile in ["a\r\nx: b", "a\nb", "a\rb", "a\0b", "\u{7f}", "\u{1b}[2J"] {
            let mut kept = Vec::new();
            let failure = Lines::over(&mut kept)
                .write("x-id", text(hostile))
                .unwrap_err();
            assert_eq!(failure.kind, Kind::Check);
            assert!(
                failure
                    .what
                    .starts_with("header x-id cannot hold the character \\u{")
            );
            assert!(!failure.what.chars().any(char::is_control), "{failure}");
        }
        let mut kept = Vec::new();
        for harmless in ["", "a\tb", "ü: \"x\""] {
            Lines::over(&mut kept)
                .write("x-id", text(harmless))
                .unwrap();
        }
    }
}
