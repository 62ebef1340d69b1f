//! Columns that line up in a terminal of a given width.

use unicode_width::UnicodeWidthStr;

use super::Style;
use super::interval::{CELLS, Interval};
use super::tone::Tone;
use crate::text::columns::Columns;
use crate::text::shorten;

const COLUMNS: usize = 7;
/// Which columns are numbers, to be read from the right.
const RIGHT: [bool; COLUMNS] = [false, false, true, false, true, false, false];
/// The columns that may be shortened, the longer first.
const NAMES: [usize; 2] = [0, 1];
/// The spaces in front of each column: more between groups of columns, fewer around the arrow between two numbers.
const GAPS: [usize; COLUMNS] = [0, 2, 2, 1, 1, 3, 2];
const LAYOUT: Columns<COLUMNS> = Columns {
    right: RIGHT,
    gaps: GAPS,
    shorten: shorten::middle_to_width,
};
const GAP_OF_BAR: usize = 2;
/// A note is indented under its row.
const NOTE: &str = "    ";
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
    Row {
        cells: Box<[Cell; COLUMNS]>,
        interval: Option<Interval>,
    },
    /// Stands under the row before it.
    Note(String),
    /// Stands above the rows that follow.
    Title(String),
    Empty,
}

pub(super) struct Table {
    pub(super) lines: Vec<Line>,
}

impl Table {
    /// In `width` columns; intervals are drawn where `room` for them is known and left over.
    pub(super) fn written(&self, width: usize, room: Option<usize>, style: &Style) -> Vec<String> {
        // As wide as the widest cell; names give way where that is too wide.
        let cells = self.lines.iter().filter_map(|line| match line {
            Line::Row { cells, .. } => Some(texts(cells)),
            _ => None,
        });
        let mut fitted = LAYOUT.fitted(cells).within(width, &NAMES, LEAST);
        let mut used = fitted.used();
        // Where names cannot give way any more, what a row ends in stands under it.
        let is_folded = used > width;
        if let (true, Some(last)) = (is_folded, fitted.widths.last_mut()) {
            used -= std::mem::take(last);
        }
        let bars = room.is_some_and(|room| used + GAP_OF_BAR + CELLS <= room);
        let reach = self.intervals().map(Interval::reach).fold(0.0, f64::max);
        let mut out = Vec::new();
        for line in &self.lines {
            match line {
                Line::Row { cells, interval } => {
                    let tone = |column: usize, text: &str| match cells.get(column) {
                        Some(cell) => cell.tone.paint(text, style),
                        None => text.to_owned(),
                    };
                    let mut text = fitted.line(texts(cells), tone);
                    if let Some(interval) = interval.filter(|_| bars && reach > 0.0) {
                        let pad = " ".repeat(
                            (used + GAP_OF_BAR).saturating_sub(shown_width(cells, &fitted.widths)),
                        );
                        text = format!("{text}{pad}{}", interval.drawn(reach));
                    }
                    out.push(text);
                    if let [.., last] = cells.as_ref()
                        && is_folded
                        && !last.text.is_empty()
                    {
                        out.push(format!("{NOTE}{}", last.tone.paint(&last.text, style)));
                    }
                }
                Line::Note(note) => {
                    let text = wrapped(&format!("{NOTE}{note}"), NOTE, width);
                    out.extend(text.split('\n').map(str::to_owned));
                }
                Line::Title(title) => out.push(Tone::Faint.paint(title, style)),
                Line::Empty => out.push(String::new()),
            }
        }
        if bars && reach > 0.0 {
            let legend = "the bars: change with its 95 % interval, │ no change, ┊ limit";
            out.push(Tone::Faint.paint(legend, style));
        }
        out
    }

    fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.lines.iter().filter_map(|line| match line {
            Line::Row { interval, .. } => interval.as_ref(),
            _ => None,
        })
    }
}

fn texts(cells: &[Cell; COLUMNS]) -> [&str; COLUMNS] {
    cells.each_ref().map(|cell| cell.text.as_str())
}

/// How wide a row is without what it ends in.
fn shown_width(cells: &[Cell; COLUMNS], widths: &[usize; COLUMNS]) -> usize {
    let mut used = 0;
    let mut shown = 0;
    for (((cell, width), gap), right) in cells.iter().zip(widths).zip(GAPS).zip(RIGHT) {
        let text = cell.text.width().min(*width);
        used += gap + width;
        if text > 0 {
            shown = if right { used } else { used - width + text };
        }
    }
    shown
}

/// Broken into lines between words, but never between a number and its unit, and never so that a line begins with what a
/// CI runner would read as a command (`::error::`).
pub(super) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut together: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match together.last_mut() {
            Some(before)
                if before.ends_with(|c: char| c.is_ascii_digit())
                    || word.starts_with('%')
                    || word.starts_with("::") =>
            {
                before.push(' ');
                before.push_str(word);
            }
            _ => together.push(word.to_owned()),
        }
    }
    let (mut out, mut used) = (String::new(), 0);
    for (i, words) in together.iter().enumerate() {
        if i > 0 && used + 1 + words.width() > width {
            out.push('\n');
            out.push_str(indent);
            used = indent.width();
        } else if i > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(words);
        used += words.width();
    }
    out
}
