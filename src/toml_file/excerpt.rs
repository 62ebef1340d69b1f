//! The line of a file that an error is about, drawn with a mark below the part that is meant.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::text::sanitize;

/// More than any terminal shows on either side of what is marked; the renderer cuts it to the terminal's width.
const MOST_CHARACTERS: usize = 400;

/// One line, of which a part is marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    before: String,
    marked: String,
    after: String,
}

impl Excerpt {
    /// Of what goes on over several lines, the first one.
    pub(super) fn of(text: &str, span: &Range<usize>) -> Option<Self> {
        if text.is_empty() || *span == (0..text.len()) {
            return None;
        }
        let (before, from) = text.split_at_checked(span.start)?;
        let (start, _) = before.rmatch_indices('\n').next().unwrap_or((0, ""));
        let before = before.get(start..)?.trim_start_matches('\n');
        let line = from.lines().next().unwrap_or_default();
        let length = span.len().min(line.len());
        let (marked, after) = line.split_at_checked(length)?;
        let skipped = before.chars().count().saturating_sub(MOST_CHARACTERS);
        Some(Self {
            before: before.chars().skip(skipped).collect(),
            marked: marked.chars().take(MOST_CHARACTERS).collect(),
            after: after.chars().take(MOST_CHARACTERS).collect(),
        })
    }

    pub(super) fn drawn(&self, number: usize, width: usize, color: bool) -> String {
        let before = sanitize::inline(&self.before);
        let marked = sanitize::inline(&self.marked);
        let span = before.len()..before.len() + marked.len();
        let line = before + &marked + &sanitize::inline(&self.after);
        let mark = AnnotationKind::Primary.span(span);
        let source = Snippet::source(line.trim_end())
            .line_start(number)
            .annotation(mark);
        let renderer = match color {
            true => Renderer::styled().hyperlink(false),
            false => Renderer::plain(),
        };
        let report = [Group::with_level(Level::ERROR).element(source)];
        renderer.term_width(width).render(&report) + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, marked: &str) -> String {
        let start = text.find(marked).unwrap();
        let number = text[..start].matches('\n').count() + 1;
        let excerpt = Excerpt::of(text, &(start..start + marked.len())).unwrap();
        excerpt.drawn(number, 80, false)
    }

    #[test]
    fn the_part_that_is_meant_stands_above_its_mark() {
        for (text, marked, said) in [
            (
                "a = 1\n[[rule]]\nmax_regresion = \"5%\"\n",
                "max_regresion",
                "  |\n3 | max_regresion = \"5%\"\n  | ^^^^^^^^^^^^^\n",
            ),
            // Wide characters, a tab and the line ends of Windows.
            (
                "a = 1\r\n\tname = \"\t測定測定\" # x\r\nb = 2",
                "\"\t測定測定\"",
                "  |\n2 |  name = \" 測定測定\" # x\n  |         ^^^^^^^^^^^\n",
            ),
            // What a terminal or a workflow runner would obey, and what cannot be seen.
            (
                "x = \"\u{1b}[31m##[error] \u{202e}\u{200b}e\u{301}\u{301}\u{301}\" b",
                "b",
                "  |\n1 | x = \"\u{fffd}[31m## [error] \u{fffd}\u{fffd}e\u{301}\u{301}\" b\n  |                           ^\n",
            ),
            // Of several lines the first, and a place behind the end of a line.
            (
                "a = 1\nb = [\n1,\n2]\n",
                "[\n1,\n2]",
                "  |\n2 | b = [\n  |     ^\n",
            ),
            ("a = \n", "\n", "  |\n1 | a =\n  |    ^\n"),
        ] {
            assert_eq!(drawn(text, marked), said, "{text}");
        }
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides_of_what_is_meant() {
        let (left, right) = ("1, ".repeat(300), "2, ".repeat(300));
        let short = drawn(&format!("x = [{left}\"here\", {right}]"), "\"here\"");
        assert!(
            short.contains("..., 1, ") || short.contains("...1, "),
            "{short}"
        );
        assert!(short.contains("1, \"here\", 2, "), "{short}");
        let long = format!("\"{}\"", "y".repeat(600));
        let cut = drawn(&format!("x = [{left}{long}, {right}]"), &long);
        assert!(cut.contains("yy...yy"), "{cut}");
        for drawn in [short, cut] {
            let widths = drawn.lines().map(|line| line.chars().count());
            assert!(widths.max().unwrap() <= 80, "{drawn}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_what_is_about_the_whole_file() {
        assert_eq!(Excerpt::of("", &(0..0)), None);
        assert_eq!(Excerpt::of("a = 1\n", &(0..6)), None);
    }

    #[test]
    fn colours_are_there_where_they_are_wanted() {
        let excerpt = Excerpt::of("a = 1\nb = 2\n", &(6..7)).unwrap();
        assert!(!excerpt.drawn(2, 80, false).contains('\u{1b}'));
        let colored = excerpt.drawn(2, 80, true);
        assert!(colored.contains('\u{1b}'));
        assert_eq!(sanitize::lines(&colored), colored);
    }
}
