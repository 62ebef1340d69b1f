//! The comment and the step summary: Markdown by a template, within the size that its place allows.

use super::template::{Rows, Template};
use super::view::View;
use super::{Document, RenderError};

const SHIPPED: &str = include_str!("../../templates/comment.md");

/// Most comments hold no more rows than this.
const FIRST: usize = 200;

/// How long the text may be where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Room {
    /// A comment: GitHub refuses 65,536 characters, and the publisher adds a line.
    Comment,
    /// A job summary: 1 MiB, counted in bytes; other steps' text is counted for themselves.
    Summary,
}

impl Room {
    fn holds(self, text: &str) -> bool {
        match self {
            // GitHub does not say what a character is; UTF-16 units are the most that it can mean.
            Self::Comment => text.len() < 65_000 || text.encode_utf16().count() < 65_000,
            Self::Summary => text.len() < 1_040_000,
        }
    }
}

pub(super) fn markdown(
    document: &Document,
    template: Option<&str>,
    room: Room,
) -> Result<String, RenderError> {
    let template = Template::parse(template.unwrap_or(SHIPPED))?;
    let view = View::of(document);
    let rows = Rows::of(&view);
    let write = |kept: usize| -> Result<Option<String>, RenderError> {
        let text = template.render(&rows.context(&view, kept))?;
        let text = format!("{}\n", text.trim());
        Ok(room.holds(&text).then_some(text))
    };
    // The rows stand in the order of their importance, so the least important go first. The number that
    // fits is looked for from below: a text of all rows may be a hundred times too long.
    let Some(mut best) = write(0)? else {
        return Err(RenderError::TooLong);
    };
    let (mut fits, mut too_many) = (0, rows.count() + 1);
    let mut next = FIRST.min(rows.count());
    while fits < rows.count() && too_many > rows.count() {
        match write(next)? {
            Some(text) => (best, fits) = (text, next),
            None => too_many = next,
        }
        next = next.saturating_mul(2).min(rows.count());
    }
    while fits < rows.count() && too_many - fits > 1 {
        let middle = fits + (too_many - fits) / 2;
        match write(middle)? {
            Some(text) => (best, fits) = (text, middle),
            None => too_many = middle,
        }
    }
    Ok(best)
}
