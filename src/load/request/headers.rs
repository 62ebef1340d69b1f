//! The header lines of a request, with values that cannot end their line.

use crate::load::http::{Failure, FailureKind};
use crate::load::template::{Escape, Missing, SHOWN, Template, Values, excerpt};

/// Header lines that replace those of an earlier request and use their memory again.
pub(super) struct HeaderLines<'a> {
    lines: &'a mut Vec<(String, String)>,
    written: usize,
}

impl<'a> HeaderLines<'a> {
    pub(super) fn over(lines: &'a mut Vec<(String, String)>) -> Self {
        Self { lines, written: 0 }
    }

    /// Writes a line. Refuses a value that would end it and begin another, because a captured value can contain
    /// anything.
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
            let value = excerpt(value.as_bytes(), SHOWN);
            let what = format!(
                "header {header} cannot hold the character {} of `{value}`",
                bad.escape_unicode()
            );
            return Err(Failure::new(FailureKind::Check, what));
        }
        match self.lines.get_mut(self.written) {
            Some(line) => *line = (name, value),
            None => self.lines.push((name, value)),
        }
        self.written += 1;
        Ok(())
    }

    /// Removes the remaining lines of the earlier request.
    pub(super) fn end(self) {
        self.lines.truncate(self.written);
    }
}

/// Renders a template; a missing value is a failure of the request.
pub(super) fn render(
    template: &Template,
    values: &Values,
    escape: Escape,
    out: &mut String,
) -> Result<(), Failure> {
    template.render(values, escape, out).map_err(impossible)
}

fn impossible(missing: Missing) -> Failure {
    Failure::new(FailureKind::Capture, missing.to_string())
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
            let mut lines = HeaderLines::over(&mut kept);
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
            let failure = HeaderLines::over(&mut kept)
                .write("x-id", text(hostile))
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::Check);
            assert!(
                failure
                    .what
                    .starts_with("header x-id cannot hold the character \\u{")
            );
            assert!(!failure.what.chars().any(char::is_control), "{failure}");
        }
        let mut kept = Vec::new();
        for harmless in ["", "a\tb", "ü: \"x\""] {
            HeaderLines::over(&mut kept)
                .write("x-id", text(harmless))
                .unwrap();
        }
    }
}
