//! The report on a terminal: changes first, aligned, coloured by meaning.

use unicode_width::UnicodeWidthStr;

use super::change::each_run;
use super::entry::Entry;
use super::headline;
use super::sentence::Sentence;
use super::table::{Cell, Line, Table};
use super::view::{Group, Kind, Row, View};
use super::words::{Judged, Method, Outcome, Standing};
use super::{Document, Style};
use crate::model::unit::Dimension;
use crate::text::sanitize;

/// Off a terminal, in a log or a file, a table may be wider than prose is read.
const TABLE_WIDTH: usize = 140;
const PROSE_WIDTH: usize = 100;
/// A group longer than this is cut, and says so: the other formats hold all of it.
const ROWS: usize = 50;
const WEAK_ROWS: usize = 30;
const FEW_ROWS: usize = 5;

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Bad,
    Doubtful,
    Good,
    Faint,
    Strong,
}

impl Tone {
    pub(super) fn paint(self, text: &str, style: &Style) -> String {
        let code = match self {
            _ if !style.color || text.is_empty() => return text.to_owned(),
            Self::Plain => return text.to_owned(),
            Self::Bad => "1;31",
            Self::Doubtful => "33",
            Self::Good => "32",
            Self::Faint => "2",
            Self::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Failing => Self::Bad,
            Kind::Warning | Kind::Possible | Kind::Incomparable => Self::Doubtful,
            Kind::Better => Self::Good,
            Kind::NoSignal | Kind::NotGated | Kind::Unchanged => Self::Faint,
            Kind::New => Self::Plain,
        }
    }
}

pub(super) fn text(document: &Document, style: &Style) -> String {
    let view = View::of(document);
    let table_width = style.width.unwrap_or(TABLE_WIDTH);
    let width = table_width.min(PROSE_WIDTH);
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&verdict(&view, style));
    line(&view.counted);
    for sentence in [&view.consequence, &view.obstacle].into_iter().flatten() {
        line(&wrapped(&sentence.terminal(), "", width));
    }
    let table = table(&view, style.runs);
    if !table.lines.is_empty() {
        line("");
        for row in table.written(table_width, style) {
            line(&row);
        }
    }
    for group in view
        .groups
        .iter()
        .filter(|group| group.kind == Kind::NoSignal)
    {
        line("");
        line(&wrapped(&group.title(), "", width));
    }
    if !view.remarks.is_empty() {
        line("");
        for remark in &view.remarks {
            line(&wrapped(
                &format!("note: {}", remark.terminal()),
                "      ",
                width,
            ));
        }
    }
    line("");
    line(&wrapped(&view.sides.terminal(), "", width));
    line(&wrapped(&view.origin.terminal(), "", width));
    for (name, command) in &view.commands {
        line(&format!("{name}: {}", sanitize::inline(command)));
    }
    out
}

fn verdict(view: &View<'_>, style: &Style) -> String {
    let empty = headline::is_empty_gate(view.document);
    let (word, tone) = match view.document.verdict {
        _ if empty => ("ERROR", Tone::Bad),
        Judged::Pass => ("PASS", Tone::Good),
        Judged::Warn => ("WARN", Tone::Doubtful),
        Judged::NoBaseline => ("NO BASELINE", Tone::Doubtful),
        Judged::Inconclusive => ("INCONCLUSIVE", Tone::Doubtful),
        Judged::Fail => ("FAIL", Tone::Bad),
    };
    let gate = view.gate().map_or_else(String::new, |gate| {
        format!("{}: ", Sentence::default().foreign(gate).terminal())
    });
    format!(
        "{}  {}",
        tone.paint(word, style),
        Tone::Strong.paint(&format!("{gate}{}", view.headline), style)
    )
}

/// The rows of a group that are listed. The others are counted in the second line of the report.
fn listed<'a>(group: &Group<'a>, view: &View<'_>) -> Vec<&'a Entry> {
    let all = group.entries.iter().copied();
    match group.kind {
        Kind::Failing | Kind::Warning | Kind::Possible | Kind::Better | Kind::New => all.collect(),
        // For a first look with one run a side, where there is little else to see.
        Kind::NoSignal
            if group.entries.len() <= WEAK_ROWS
                && group
                    .entries
                    .iter()
                    .all(|e| e.method == Method::AssumedSpread) =>
        {
            all.collect()
        }
        // Nothing judges them, but a reader wants to know.
        Kind::NotGated if view.document.counts.compared > 0 => all
            .filter(|e| e.outcome == Outcome::Regressed)
            .filter(|e| e.control.is_some() || !is_told_by_another(e, view.document))
            .collect(),
        // The reason is told once; a few rows show what it holds for.
        Kind::Incomparable if group.entries.len() <= FEW_ROWS => all.collect(),
        Kind::NoSignal | Kind::Incomparable | Kind::NotGated | Kind::Unchanged => Vec::new(),
    }
}

/// One slowdown shows in the median, in the mean, in the time without the wait for a user and in the total over all
/// subjects: a row that is not gated tells nothing new beside one of the same subject that is, and neither does that of a
/// subject of which the metric is never gated.
fn is_told_by_another(entry: &Entry, document: &Document) -> bool {
    let same_work = |e: &&Entry| e.gated && e.workload == entry.workload;
    let gated = || document.comparisons.iter().filter(same_work);
    let of_subject = |e: &Entry| e.subject == entry.subject;
    let timed = |e: &Entry| matches!(e.unit().dimension(), Dimension::Time(_));
    let of_kind = |e: &Entry| e.metric == entry.metric || timed(e) && timed(entry);
    let bad = |e: &&Entry| {
        let bad = [
            Standing::Warn,
            Standing::Possible,
            Standing::Blind,
            Standing::Fail,
        ];
        bad.contains(&e.standing)
    };
    let has_own = gated().any(|e| of_subject(e) && of_kind(e));
    gated()
        .filter(bad)
        .any(|e| of_kind(e) && (of_subject(e) || !has_own))
}

fn table(view: &View<'_>, runs: bool) -> Table {
    let mut lines = Vec::new();
    for group in &view.groups {
        let tone = Tone::of(group.kind);
        let gated = !matches!(group.kind, Kind::NotGated | Kind::Incomparable);
        let entries = if runs && gated {
            group.entries.clone()
        } else {
            listed(group, view)
        };
        for entry in entries.iter().take(ROWS) {
            let row = Row::of(entry, group.kind);
            lines.push(Line::Row([
                Cell::new(group.kind.word(entry).to_owned(), tone),
                Cell::new(sanitize::inline(&entry.shown_subject()), Tone::Plain),
                Cell::new(sanitize::inline(&entry.metric_statistic()), Tone::Plain),
                Cell::new(row.baseline.terminal(), Tone::Plain),
                Cell::new(row.current.terminal(), Tone::Plain),
                Cell::new(row.change.terminal(), tone),
                Cell::new(row.limit.terminal(), Tone::Plain),
            ]));
            lines.extend(row.notes.iter().map(|note| Line::Note(note.terminal())));
            if runs {
                lines.extend(runs_of(entry).map(|note| Line::Note(note.terminal())));
            }
        }
        let more = entries.len().saturating_sub(ROWS);
        if more > 0 {
            lines.push(Line::Note(format!("and {more} more")));
        }
    }
    Table { lines }
}

/// `runs: 56.1 56.4 56.9 ms against 72.1 72.8 73 ms`
fn runs_of(entry: &Entry) -> Option<Sentence> {
    let (baseline, current) = (entry.baseline.as_ref()?, entry.current.as_ref()?);
    Some(
        Sentence::new("runs: ")
            .then(each_run(entry, &baseline.values))
            .own(" in the baseline, ")
            .then(each_run(entry, &current.values))
            .own(" now"),
    )
}

/// Broken between words, never inside a number or before what a runner would take for a command.
pub(super) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let (mut out, mut used) = (String::new(), 0);
    for (i, word) in words.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| words.get(i));
        let after_number = before.is_some_and(|w| w.ends_with(|c: char| c.is_ascii_digit()));
        let keeps = after_number || word.starts_with('%') || word.starts_with("::");
        if i > 0 {
            if used + 1 + word.width() > width && !keeps {
                out.push('\n');
                out.push_str(indent);
                used = indent.width();
            } else {
                out.push(' ');
                used += 1;
            }
        }
        out.push_str(word);
        used += word.width();
    }
    out
}
