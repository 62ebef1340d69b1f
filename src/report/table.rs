//! Columns that line up in a terminal of a given width.

use unicode_width::UnicodeWidthStr;

use super::Style;
use super::terminal::{Tone, wrapped};
use crate::text::shorten;

const COLUMNS: usize = 7;
const HEADS: [&str; COLUMNS] = [
    "", "subject", "metric", "baseline", "current", "change", "limit",
];
/// Which columns are numbers, to be read from the right.
const RIGHT: [bool; COLUMNS] = [false, false, false, true, true, false, false];
/// The columns that may be shortened, the longer first.
const NAMES: [usize; 2] = [1, 2];
const GAP: &str = "  ";
/// A name shorter than this tells nothing.
const LEAST: usize = 12;

pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn new(text: String, tone: Tone) -> Self {
        Self { text, tone }
    }
}

pub(super) enum Line {
    Row([Cell; COLUMNS]),
    /// Stands under the row before it.
    Note(String),
}

pub(super) struct Table {
    pub(super) lines: Vec<Line>,
}

impl Table {
    pub(super) fn written(&self, width: usize, style: &Style) -> Vec<String> {
        let widths = self.widths(width);
        let heads = HEADS.map(|head| Cell::new(head.to_owned(), Tone::Faint));
        let indent = " ".repeat(widths.first().copied().unwrap_or(0) + GAP.len());
        let mut out = vec![row(&heads, &widths, style)];
        for line in &self.lines {
            match line {
                Line::Row(cells) => out.push(row(cells, &widths, style)),
                Line::Note(note) => {
                    let text = wrapped(&format!("{indent}{note}"), &indent, width);
                    out.extend(text.split('\n').map(str::to_owned));
                }
            }
        }
        out
    }

    /// As wide as the widest cell; names give way where that is too wide.
    fn widths(&self, width: usize) -> [usize; COLUMNS] {
        let mut widths = HEADS.map(UnicodeWidthStr::width);
        for line in &self.lines {
            if let Line::Row(cells) = line {
                for (widest, cell) in widths.iter_mut().zip(cells) {
                    *widest = (*widest).max(cell.text.width());
                }
            }
        }
        for column in NAMES {
            let used: usize = widths.iter().sum::<usize>() + GAP.len() * (COLUMNS - 1);
            let over = used.saturating_sub(width);
            if let Some(widest) = widths.get_mut(column) {
                *widest = widest.saturating_sub(over).max(LEAST.min(*widest));
            }
        }
        widths
    }
}

fn row(cells: &[Cell; COLUMNS], widths: &[usize; COLUMNS], style: &Style) -> String {
    let mut out = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(RIGHT) {
        let text = shorten::middle_to_width(&cell.text, *width);
        let pad = " ".repeat(width.saturating_sub(text.width()));
        let text = cell.tone.paint(&text, style);
        out.push_str(&if right { pad + &text } else { text + &pad });
        out.push_str(GAP);
    }
    out.trim_end().to_owned()
}
