//! The comment and the step summary: Markdown by a template, within the size that its place allows.

use super::conclusion::CommentPlace;
use super::template::{Rows, Template, head, subjects};
use super::view::View;
use super::{Document, RenderError};

const SHIPPED: &str = include_str!("../../templates/comment.md");
/// For two results that nobody gates: a table of before and after, for people to read.
pub const BEFORE_AND_AFTER: &str = include_str!("../../templates/compare.md");

/// How often the number of rows is tried; a better fit is not worth more time.
const TRIES: usize = 5;

/// The comment on a pull request. `template` replaces the shipped one.
pub fn comment(
    document: &Document,
    place: &CommentPlace,
    template: Option<&str>,
) -> Result<String, RenderError> {
    // A table for people to read is no comment, and may be as long as a summary.
    let room = match template {
        Some(BEFORE_AND_AFTER) => Room::Summary,
        _ => Room::Comment,
    };
    markdown(document, place, template, room)
}

/// The same with every row, and with the room that a job summary has.
pub fn step_summary(
    document: &Document,
    place: &CommentPlace,
    template: Option<&str>,
) -> Result<String, RenderError> {
    markdown(document, place, template, Room::Summary)
}

/// How long the text may be where it goes.
#[derive(Clone, Copy, Debug)]
enum Room {
    /// A comment: GitHub refuses 65,536 characters, and the publisher adds a line.
    Comment,
    /// A job summary: 1 MiB, counted in bytes; other steps' text is counted for themselves.
    Summary,
}

impl Room {
    fn holds(self) -> usize {
        match self {
            Self::Comment => 65_000,
            Self::Summary => 1_040_000,
        }
    }

    /// How many rows are tried first; most gates have no more.
    fn first(self) -> usize {
        match self {
            Self::Comment => 400,
            Self::Summary => 4_000,
        }
    }

    fn length(self, text: &str) -> usize {
        match self {
            // GitHub does not say what a character is; UTF-16 units are the most that it can mean.
            Self::Comment => text.encode_utf16().count(),
            Self::Summary => text.len(),
        }
    }
}

/// A number of rows and how long the text with them is.
#[derive(Clone, Copy)]
struct Try {
    rows: usize,
    length: usize,
}

fn markdown(
    document: &Document,
    place: &CommentPlace,
    template: Option<&str>,
    room: Room,
) -> Result<String, RenderError> {
    let template = template.unwrap_or(SHIPPED);
    let names_subjects = template.contains("subjects");
    let template = Template::parse(template)?;
    let view = View::of(document);
    let values = Rows::of(&view);
    let all = values.count();
    let full = matches!(room, Room::Summary) || place.run_url.is_none();
    let mut around = head(&view, place, full);
    if names_subjects {
        around.insert_value("subjects", subjects(document));
    }
    let write = |rows: usize| -> Result<(String, Try), RenderError> {
        let text = template.render(&values.context(&around, rows))?;
        let text = format!("{}\n", text.trim());
        let length = room.length(&text);
        Ok((text, Try { rows, length }))
    };
    let (text, first) = write(room.first().min(all))?;
    let (mut best, mut fits) = if first.length < room.holds() {
        (text, first)
    } else {
        write(0)?
    };
    if fits.length >= room.holds() {
        return Err(RenderError::TooLong);
    }
    let mut over = (first.length >= room.holds()).then_some(first);
    // The rows stand in the order of their importance, so the least important go first.
    for _ in 0..TRIES {
        let next = guess(fits, over, room).min(all);
        if next <= fits.rows {
            break;
        }
        let (text, tried) = write(next)?;
        if tried.length < room.holds() {
            (best, fits) = (text, tried);
        } else {
            over = Some(tried);
        }
    }
    Ok(best)
}

/// How many rows may fit, were all as long as those between two tries.
fn guess(fits: Try, over: Option<Try>, room: Room) -> usize {
    let left = room.holds().saturating_sub(fits.length);
    match over {
        Some(over) => {
            let length = over.length.saturating_sub(fits.length).max(1);
            // A little less than that: a text that is too long was written for nothing.
            fits.rows + (over.rows - fits.rows) * left / length * 49 / 50
        }
        None => fits.rows + left * fits.rows / fits.length.max(1) + 1,
    }
}
