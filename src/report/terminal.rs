//! The report on a terminal: one conclusion, what needs a decision, aligned and coloured by meaning, the rest in a line.

use super::entry::Entry;
use crate::compare::{Cause, Method, OutcomeName};
use crate::verdict::{Standing, VerdictKind};
use unicode_width::UnicodeWidthStr;

use super::change::{self, each_run};
use super::conclusion::{self, short_name, silenced};
use super::interval::Interval;
use super::sentence::Sentence;
use super::table::{Cell, Line, Table, wrapped};
use super::targets::{TargetState, Targets};
use super::tone::Tone;
use super::units::{self, plural};
use super::view::{Group, GroupKind, Row, View};
use super::{Document, Style, cause, headline, remarks, suite, why};
use crate::model::unit::Dimension;
use crate::text::sanitize;

/// Off a terminal, in a log or a file, a table may be wider than prose is read.
const TABLE_WIDTH: usize = 140;
const PROSE_WIDTH: usize = 100;
const INDENT: &str = "  ";
/// A group longer than this is cut, and says so: the other formats hold all of it.
const ROWS: usize = 50;
const WEAK_ROWS: usize = 30;
const FEW_ROWS: usize = 5;

fn tone(kind: GroupKind) -> Tone {
    match kind {
        GroupKind::Failing => Tone::Bad,
        GroupKind::Warning | GroupKind::Possible | GroupKind::Incomparable => Tone::Doubtful,
        GroupKind::Better => Tone::Good,
        GroupKind::NoSignal | GroupKind::NotGated | GroupKind::Unchanged => Tone::Faint,
        GroupKind::New => Tone::Plain,
    }
}
/// The report: one conclusion, the rows that need a decision, the rest in one line, and what to do next.
pub(super) fn text(document: &Document, style: &Style) -> String {
    let view = View::of(document);
    let table_width = style.width.unwrap_or(TABLE_WIDTH);
    let width = table_width.min(PROSE_WIDTH);
    let mut page = Page::new(width);
    page.line(&verdict(&view, style));
    for sentence in [&view.consequence, &view.obstacle].into_iter().flatten() {
        page.say(&sentence.terminal());
    }
    for cause in cause::told(&document.likely_causes, &document.profiles, "") {
        page.say(&cause.terminal());
    }
    let rows = Rows::of(&view, style);
    if !rows.table.lines.is_empty() {
        page.block();
        let room = style.width.map(|width| width.saturating_sub(INDENT.len()));
        for line in rows.table.written(table_width - INDENT.len(), room, style) {
            page.line(&format!("{INDENT}{line}"));
        }
    }
    page.block();
    for line in suite::lines(&document.tests, table_width - INDENT.len(), style) {
        page.line(&format!("{INDENT}{line}"));
    }
    page.block();
    for line in rest(&view, rows.hidden, style) {
        page.say(&line);
    }
    if let Some(changed) = view.base_rules.and_then(|rules| rules.told("")) {
        page.block();
        page.note(&changed.terminal());
    }
    let mut remarks: Vec<&Sentence> = view.remarks.iter().map(|remark| &remark.text).collect();
    if !style.verbose {
        let pressing = view.remarks.iter().filter(|remark| !remark.is_background);
        remarks = pressing.map(|remark| &remark.text).collect();
    }
    let folded = view.remarks.len() - remarks.len();
    page.block();
    for remark in remarks {
        page.note(&remark.terminal());
    }
    page.block();
    let more = if folded > 0 {
        format!(
            "; {} (--verbose)",
            plural(folded, "more note", "more notes")
        )
    } else {
        String::new()
    };
    page.say(&format!("{}{more}", compared(&view, style)));
    if style.verbose {
        page.say(&view.origin.terminal());
    }
    let next = next(&view, style);
    if !next.is_empty() {
        page.block();
        page.line("Next");
        let longest = next.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        for (name, command) in next {
            page.line(&format!("{INDENT}{name:longest$}  {command}"));
        }
    }
    if style.ascii {
        ascii(&page.out)
    } else {
        page.out
    }
}

/// Lines of a report, with an empty one between its blocks.
struct Page {
    out: String,
    width: usize,
    new_block: bool,
}

impl Page {
    fn new(width: usize) -> Self {
        Self {
            out: String::new(),
            width,
            new_block: false,
        }
    }

    /// Ends a block: an empty line is written if another block follows.
    fn block(&mut self) {
        self.new_block = true;
    }

    fn line(&mut self, text: &str) {
        if std::mem::take(&mut self.new_block) {
            self.out.push('\n');
        }
        // Where a long line is broken a name may stand first.
        for line in text.trim_end().split('\n') {
            let line = sanitize::without_command_at_start(line.to_owned());
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    fn say(&mut self, text: &str) {
        let text = wrapped(&format!("{INDENT}{text}"), INDENT, self.width);
        self.line(&text);
    }

    fn note(&mut self, text: &str) {
        let text = wrapped(&format!("{INDENT}note: {text}"), "        ", self.width);
        self.line(&text);
    }
}

/// What a terminal without UTF-8 can show of our own signs.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '→' => out.push_str("->"),
            'µ' => out.push('u'),
            '…' => out.push_str("..."),
            '│' | '┊' => out.push('|'),
            '✓' => out.push('+'),
            '✗' => out.push('x'),
            '─' => out.push('-'),
            '●' => out.push('*'),
            other => out.push(other),
        }
    }
    out
}

fn verdict(view: &View<'_>, style: &Style) -> String {
    let word = headline::word(view.document);
    let tone = match view.document.verdict {
        _ if headline::is_empty_gate(view.document) => Tone::Bad,
        VerdictKind::Pass => Tone::Good,
        VerdictKind::Warn | VerdictKind::NoBaseline | VerdictKind::Inconclusive => Tone::Doubtful,
        VerdictKind::Fail => Tone::Bad,
    };
    let gate = view.gate().map_or_else(String::new, |gate| {
        format!("{}: ", Sentence::default().foreign(gate).terminal())
    });
    let said = headline::problems(view.document)
        .map_or_else(|| view.headline.clone(), |said| said.written(bare));
    format!(
        "{}  {}",
        tone.paint(word, style),
        Tone::Strong.paint(&format!("{gate}{said}"), style)
    )
}

/// A name from outside: as it is where it cannot be mistaken, else quoted, so that it is not read as a part of our sentence.
fn bare(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " /._-{}[]:+=%*".contains(c);
    if name.chars().all(is_plain)
        && name.trim() == name
        && !name.is_empty()
        && !name.starts_with(':')
    {
        sanitize::inline(name)
    } else {
        Sentence::default().foreign(name).terminal()
    }
}

/// What is listed, and how many series are not.
struct Rows {
    table: Table,
    hidden: usize,
}

impl Rows {
    fn of(view: &View<'_>, style: &Style) -> Self {
        let mut lines = Vec::new();
        let mut hidden = 0;
        let only_budgets = view.document.budgets_only().is_some();
        for group in most_important_first(view) {
            let gated = !matches!(group.kind, GroupKind::NotGated | GroupKind::Incomparable);
            let entries = if style.all || style.runs && gated {
                group.entries.clone()
            } else {
                listed(group, view)
            };
            // The list of targets tells of them.
            let told = |e: &&Entry| only_budgets && !e.budgets.is_empty() && !style.runs;
            let entries: Vec<&Entry> = entries.into_iter().filter(|e| !told(e)).collect();
            let shown = entries.len().min(if style.all { usize::MAX } else { ROWS });
            hidden += group.entries.len() - shown;
            if shown == 0 {
                continue;
            }
            // What fails is told by the first line.
            if !lines.is_empty() {
                lines.push(Line::Empty);
            }
            if group.kind != GroupKind::Failing {
                lines.push(Line::Title(title(group.kind).to_owned()));
            }
            for entry in entries.iter().take(shown) {
                rows(entry, group.kind, style, &mut lines);
            }
        }
        if lists_targets(view, style) {
            if !lines.is_empty() {
                lines.push(Line::Empty);
            }
            if !view.document.policy.targets_only {
                lines.push(Line::Title(format!("{}:", view.targets.line())));
            }
            targets(&view.targets, &mut lines);
        }
        Self {
            table: Table { lines },
            hidden,
        }
    }
}

/// Where all are met one line tells it.
fn lists_targets(view: &View<'_>, style: &Style) -> bool {
    let asked = style.all || view.document.policy.targets_only;
    !view.targets.is_empty() && (asked || !view.targets.all_met())
}

fn targets(targets: &Targets<'_>, lines: &mut Vec<Line>) {
    let empty = || Cell::new(String::new(), Tone::Plain);
    for target in &targets.rows {
        let (state, tone) = match target.state() {
            TargetState::Met => ("✓ met", Tone::Good),
            TargetState::Failed => ("✗ not met", Tone::Bad),
            TargetState::Warned => ("✗ not met", Tone::Doubtful),
            TargetState::NotJudged => ("? not judged", Tone::Doubtful),
        };
        let value = match target.check.value {
            Some(_) => target.value().terminal(),
            None => String::new(),
        };
        let subject = sanitize::inline(&target.entry.shown_subject());
        lines.push(Line::Row {
            cells: Box::new([
                Cell::new(subject, Tone::Plain),
                Cell::new(
                    short_name(target.entry).written(sanitize::inline),
                    Tone::Plain,
                ),
                empty(),
                empty(),
                Cell::new(value, Tone::Plain),
                Cell::new(state.to_owned(), tone),
                Cell::new(target.limit().terminal(), Tone::Plain),
            ]),
            interval: None,
        });
        lines.extend(target.note().map(|note| Line::Note(note.terminal())));
    }
}

/// What is gated and did not move comes before what is not gated.
fn most_important_first<'v, 'a>(view: &'v View<'a>) -> Vec<&'v Group<'a>> {
    let mut groups: Vec<&Group<'a>> = view.groups.iter().collect();
    groups.sort_by_key(|group| (group.kind == GroupKind::NotGated, group.kind));
    groups
}

/// What stands above rows that do not fail.
fn title(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Failing => "Failing:",
        GroupKind::Warning => "Warnings:",
        GroupKind::Possible => "Possible, not certain:",
        GroupKind::Better => "Improved:",
        GroupKind::Incomparable => "Not comparable:",
        GroupKind::NoSignal => "No sign of a change:",
        GroupKind::New => "New:",
        GroupKind::NotGated => "Shown, not gated:",
        GroupKind::Unchanged => "Unchanged:",
    }
}

fn rows(entry: &Entry, kind: GroupKind, style: &Style, lines: &mut Vec<Line>) {
    let row = Row::of(entry, kind);
    let tone = tone(kind);
    let between = if entry.baseline.is_some() { "→" } else { "" };
    let change = match change::short(entry) {
        short if short.is_empty() && kind == GroupKind::New => short,
        short if short.is_empty() => row.change,
        short => short,
    };
    let limit = if entry.gated || !entry.budgets.is_empty() {
        why::deciding_limit(entry, "limit ", ", ")
    } else {
        row.limit
    };
    lines.push(Line::Row {
        cells: Box::new([
            Cell::new(sanitize::inline(&entry.shown_subject()), Tone::Plain),
            Cell::new(short_name(entry).written(sanitize::inline), Tone::Plain),
            Cell::new(row.baseline.terminal(), Tone::Plain),
            Cell::new(between.to_owned(), Tone::Faint),
            Cell::new(row.current.terminal(), Tone::Plain),
            Cell::new(change.terminal(), tone),
            Cell::new(limit.terminal(), Tone::Plain),
        ]),
        interval: Interval::of(entry),
    });
    lines.extend(row.notes.iter().map(|note| Line::Note(note.terminal())));
    if style.runs {
        lines.extend(runs_of(entry).map(|note| Line::Note(note.terminal())));
    }
}

/// What is not judged because it fails, what shows no sign, and all the rest in one line.
fn rest(view: &View<'_>, hidden: usize, style: &Style) -> Vec<String> {
    let mut lines: Vec<String> = silenced(view.document)
        .into_iter()
        .map(|(subject, metric)| {
            Sentence::default()
                .foreign(&format!("{subject} {metric}"))
                .own(" is not judged: more of its requests fail")
                .written(bare)
        })
        .collect();
    let mut counted = Vec::new();
    for group in most_important_first(view) {
        let n = units::count(group.entries.len());
        match group.kind {
            GroupKind::NoSignal => lines.push(group.title()),
            GroupKind::Unchanged => counted.push(format!(
                "{} unchanged",
                plural(group.entries.len(), "series", "series")
            )),
            GroupKind::Incomparable => counted.push(format!("{n} not comparable")),
            GroupKind::New => counted.push(format!("{n} new")),
            GroupKind::NotGated => counted.push(format!("{n} informational")),
            GroupKind::Failing | GroupKind::Warning | GroupKind::Possible | GroupKind::Better => {}
        }
    }
    if !counted.is_empty() && !view.document.policy.targets_only {
        let all = if hidden > 0 { " (--all)" } else { "" };
        lines.push(format!("{}{all}", counted.join(", ")));
    }
    if !view.targets.is_empty() && !lists_targets(view, style) {
        lines.push(format!("{} (--all)", view.targets.line()));
    }
    lines.extend(headline::partial(view.document));
    lines
}

/// `5 runs against 5 runs of baselines/main.json; runs differ by 0.9 % to 2.1 % (--runs)`
fn compared(view: &View<'_>, style: &Style) -> String {
    let sides = view.sides.written(bare);
    match remarks::runs_differ(view.document) {
        Some(by) if !style.runs => format!("{sides}; runs differ by {by} (--runs)"),
        Some(by) => format!("{sides}; runs differ by {by}"),
        None => sides,
    }
}

/// What to type next; after a pass only what is new.
fn next(view: &View<'_>, style: &Style) -> Vec<(&'static str, String)> {
    let (document, commands) = (view.document, &view.document.commands);
    let passed = document.verdict == VerdictKind::Pass;
    let again = |command: &Option<String>| command.clone().filter(|_| !passed);
    let accept = style
        .today
        .and_then(|today| conclusion::first_acceptance(document, today));
    [
        (remarks::next_step(document), commands.next.clone()),
        ("settle", commands.settle.clone()),
        ("why", again(&commands.explain)),
        ("accept", accept),
        ("repeat", again(&commands.repeat)),
    ]
    .into_iter()
    .filter_map(|(name, command)| Some((name, sanitize::inline(&command?))))
    .collect()
}

/// The rows of a group that are listed. The others are counted in the second line of the report.
fn listed<'a>(group: &Group<'a>, view: &View<'_>) -> Vec<&'a Entry> {
    let all = group.entries.iter().copied();
    match group.kind {
        // Nobody asked for them.
        GroupKind::New if view.document.policy.targets_only => Vec::new(),
        // One line says it of all of them.
        GroupKind::Warning => all.filter(|e| e.cause != Some(Cause::ErrorsRose)).collect(),
        GroupKind::Failing | GroupKind::Possible | GroupKind::Better | GroupKind::New => {
            all.collect()
        }
        // For a first look with one run a side, where there is little else to see.
        GroupKind::NoSignal
            if group.entries.len() <= WEAK_ROWS
                && group
                    .entries
                    .iter()
                    .all(|e| e.method == Method::AssumedSpread) =>
        {
            all.collect()
        }
        // Nothing judges them, but a reader wants to know.
        GroupKind::NotGated if view.document.counts.compared > 0 => all
            .filter(|e| e.outcome == OutcomeName::Regressed)
            .filter(|e| e.control.is_some() || !is_told_by_another(e, view.document))
            .collect(),
        // The reason is told once; a few rows show what it holds for.
        GroupKind::Incomparable if group.entries.len() <= FEW_ROWS => all.collect(),
        GroupKind::NoSignal
        | GroupKind::Incomparable
        | GroupKind::NotGated
        | GroupKind::Unchanged => Vec::new(),
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
