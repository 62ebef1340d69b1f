//! The page from its first line to its last.

use serde::Serialize;

use super::About;
use super::flame;
use super::intervals::tone;
use super::markup::Markup;
use super::measured::Known;
use super::parts::{folded, section};
use super::pictures::{Pictures, is_silenced};
use super::table::{Column, Table};
use super::whole::Whole;
use crate::report::base_rules::BaseRules;
use crate::report::cause;
use crate::report::conclusion::{self, CommentPlace};
use crate::report::document::Document;
use crate::report::entry::Entry;
use crate::report::headline;
use crate::report::sentence::Sentence;
use crate::report::targets::{Target, TargetState};
use crate::report::units::{self, plural};
use crate::report::view::{Group, GroupKind, Row, View};
use crate::report::why;
use crate::report::{RenderError, why_of_each};
use crate::verdict::VerdictKind;

/// The most rows in the tables of all series; the data has all of them.
const ROWS: usize = 2_000;

/// What the pictures show, as data.
#[derive(Serialize)]
struct Data<'a> {
    verdict: &'a Document,
    pictures: &'a Pictures<'a>,
}

pub(super) fn page(document: &Document, about: &About<'_>) -> Result<String, RenderError> {
    let view = View::of(document);
    let known = about.measured.as_ref().map(Known::of);
    let pictures = Pictures::of(&view, known.as_ref());
    let head = Head::of(&view, about);
    let verdict = why_of_each(document);
    let whole = Whole {
        title: &head.title(),
        data: &serde_json::to_string(&Data {
            verdict: &verdict,
            pictures: &pictures,
        })
        .map_err(RenderError::Json)?,
    };
    Ok(whole.write(|page| {
        head.write(page, &view);
        targets(page, &view);
        if about.only_results {
            all_series(page, &view, about);
        } else {
            decisions(page, &view);
        }
        flame::write(page, document);
        pictures.write(page, known.as_ref(), &view);
        if !about.only_results {
            all_series(page, &view, about);
        }
        foot(page, &view, about);
    }))
}

/// The first lines: the same that a comment begins with.
struct Head {
    tone: &'static str,
    word: &'static str,
    gate: Option<String>,
    conclusion: String,
}

impl Head {
    fn of(view: &View<'_>, about: &About<'_>) -> Self {
        let document = view.document;
        let gate = document.gate.clone();
        if about.only_results {
            return Self {
                tone: "calm",
                word: "RESULTS",
                gate,
                conclusion: results(view),
            };
        }
        let bad = document.exit_code != 0 || headline::is_empty_gate(document);
        Self {
            tone: match document.verdict {
                _ if bad => "bad",
                VerdictKind::Pass => "good",
                VerdictKind::Fail => "bad",
                VerdictKind::Warn | VerdictKind::Inconclusive => "doubt",
                VerdictKind::NoBaseline => "calm",
            },
            word: headline::word(document),
            gate,
            conclusion: if view.is_quiet() {
                headline::held(document)
            } else {
                headline::conclusion(document)
            },
        }
    }

    fn title(&self) -> String {
        let gate = self.gate.as_ref();
        let gate = gate.map_or_else(String::new, |gate| {
            Sentence::new(" ").foreign(gate).spoken()
        });
        format!("perfgate{gate}: {}", self.conclusion)
    }

    fn write(&self, page: &mut Markup, view: &View<'_>) {
        let document = view.document;
        let class = format!("verdict {}", self.tone);
        page.element("header", &[("class", &class)], |page| {
            page.element("p", &[("class", "badge")], |badge| badge.text(self.word));
            page.element("h1", &[], |h1| {
                h1.text("perfgate");
                if let Some(gate) = &self.gate {
                    h1.text(" ");
                    h1.sentence(&Sentence::default().foreign(gate));
                }
                h1.text(": ");
                h1.text(&self.conclusion);
            });
            page.line();
            let place = CommentPlace::default();
            let mut lines: Vec<Sentence> = Vec::new();
            if view.is_quiet() {
                let rest = conclusion::quiet(view, &place).into_iter().skip(1);
                lines.push(Sentence::join(rest, " · ").without_signs());
                lines.extend(conclusion::drifts(view));
            } else if self.word != "RESULTS" {
                lines.extend(conclusion::named(view));
                lines.extend(conclusion::this_change(view));
                lines.extend(conclusion::drifts(view));
                lines.extend(cause::told(
                    &document.likely_causes,
                    &document.profiles,
                    "**",
                ));
                lines.extend(view.consequence.clone());
                lines.extend(first_baseline(view));
                lines.extend(view.obstacle.clone());
            }
            lines.extend(
                view.base_rules
                    .and_then(|rules| BaseRules::told(rules, "**")),
            );
            for line in lines.iter().filter(|line| !line.is_empty()) {
                page.paragraph("", line);
            }
            let sides = view.sides.clone();
            let sides = match headline::partial(document) {
                Some(partial) => sides.own("; ").own(partial),
                None => sides,
            };
            page.paragraph("soft", &sides);
        });
        page.line();
    }
}

/// The command that makes the first baseline, where there is none.
fn first_baseline(view: &View<'_>) -> Option<Sentence> {
    let next = view.commands.iter().find(|(name, _)| *name == "next");
    let (_, command) = next.filter(|_| view.document.verdict == VerdictKind::NoBaseline)?;
    Some(Sentence::new("Next, on the base branch: ").command(command))
}

/// `5 runs, 21 series`, of results that nothing is held against.
fn results(view: &View<'_>) -> String {
    let document = view.document;
    let shown = format!(
        "{}, {}",
        plural(document.current.runs, "run", "runs"),
        plural(document.comparisons.len(), "series", "series")
    );
    if view.targets.is_empty() {
        shown
    } else {
        format!("{shown}, {}", view.targets.line())
    }
}

fn targets(page: &mut Markup, view: &View<'_>) {
    if view.targets.is_empty() {
        return;
    }
    section(page, "targets", &view.targets.line(), |page| {
        let mut table = Table::stacked(&[
            Column::Word("state"),
            Column::Words("target"),
            Column::Number("value"),
            Column::Words("limit"),
        ]);
        for target in &view.targets.rows {
            let (state, tone) = match target.state() {
                TargetState::Met => ("✓ met", "good"),
                TargetState::Failed => ("✗ **not met**", "bad"),
                TargetState::Warned => ("✗ not met", "doubt"),
                TargetState::NotJudged => ("? not judged", "doubt"),
            };
            let value = match (target.check.value, target.note()) {
                (Some(_), Some(note)) => target.value().own("; ").then(note),
                (None, Some(note)) => note,
                (_, None) => target.value(),
            };
            let row = vec![
                Sentence::new(state),
                conclusion::series(target.entry),
                value,
                target.limit(),
            ];
            table.toned(tone, row);
        }
        // Where all hold, the heading says it.
        let all_met = |target: &Target<'_>| target.state() == TargetState::Met;
        if view.targets.rows.iter().all(all_met) {
            folded(page, "The targets and their limits", |page| {
                table.write(page)
            });
        } else {
            table.write(page);
        }
    });
}

/// The rows that a comment has in sight.
fn decisions(page: &mut Markup, view: &View<'_>) {
    let only_budgets = view.document.budgets_only().is_some();
    let mut table = Table::stacked(&[
        Column::Word(""),
        Column::Words("series"),
        Column::Number("baseline → now"),
        Column::Words("change, limit"),
    ]);
    for group in view.groups.iter().filter(|g| g.kind <= GroupKind::Possible) {
        for entry in &group.entries {
            // The list of targets tells of it, or one line of all of them.
            if only_budgets && !entry.budgets.is_empty() || is_silenced(entry) {
                continue;
            }
            let mut said = vec![conclusion::effect(entry)];
            said.extend(why::notes_of_this_change(entry));
            let word = match why::only_drifted(entry) {
                true => "drift",
                false => group.kind.word(entry),
            };
            let row = vec![
                Sentence::new(format!("**{word}**")),
                conclusion::series(entry),
                conclusion::values(entry),
                Sentence::join(said, "; "),
            ];
            table.toned(tone(group.kind), row);
        }
    }
    if !table.rows.is_empty() {
        section(page, "decide", "Needs a decision", |page| table.write(page));
    }
    if !view.is_quiet() {
        let rest = conclusion::rest(view, &CommentPlace::default());
        let rest = Sentence::join(rest, " · ").without_signs();
        if !rest.is_empty() {
            page.paragraph("rest", &rest);
        }
    }
}

fn all_series(page: &mut Markup, view: &View<'_>, about: &About<'_>) {
    if view.groups.is_empty() {
        return;
    }
    if about.only_results {
        section(page, "series", "What was measured", |page| {
            let entries = view.document.comparisons.iter();
            measured(entries.take(ROWS)).write(page);
            more_rows(page, view.document.comparisons.len().saturating_sub(ROWS));
        });
        return;
    }
    section(page, "series", "All series", |page| {
        let mut left = ROWS;
        for group in &view.groups {
            let shown = left.min(group.entries.len());
            left -= shown;
            folded(page, &group.title(), |page| {
                compared(group, shown).write(page);
                more_rows(page, group.entries.len() - shown);
            });
        }
    });
}

fn more_rows(page: &mut Markup, rows: usize) {
    if rows > 0 {
        let said = format!("{} more rows are in the data.", units::count(rows));
        page.paragraph("soft", &Sentence::new(said));
    }
}

fn compared(group: &Group<'_>, shown: usize) -> Table {
    let mut table = Table::new(&[
        Column::Words("series"),
        Column::Number("baseline"),
        Column::Number("now"),
        Column::Words("change"),
        Column::Words("limit"),
    ]);
    for entry in group.entries.iter().take(shown) {
        let row = Row::of(entry, group.kind);
        let mut said = vec![row.change];
        said.extend(row.notes);
        table.rows.push(vec![
            conclusion::series(entry),
            row.baseline,
            row.current,
            Sentence::join(said, "; "),
            row.limit,
        ]);
    }
    table
}

/// Of results alone: the value, and by how much their runs differ.
fn measured<'e>(entries: impl Iterator<Item = &'e Entry>) -> Table {
    let mut table = Table::new(&[
        Column::Words("series"),
        Column::Number("value"),
        Column::Number("runs"),
        Column::Number("smallest"),
        Column::Number("largest"),
    ]);
    for entry in entries {
        let Some(side) = &entry.current else { continue };
        let scale = entry.scale([side.value]);
        let values = side.values.iter().copied();
        let end = |value: Option<f64>| value.map_or_else(Sentence::default, |v| scale.write(v));
        table.rows.push(vec![
            conclusion::series(entry),
            scale.write(side.value),
            Sentence::new(units::count(side.runs)),
            end(values.clone().reduce(f64::min)),
            end(values.reduce(f64::max)),
        ]);
    }
    table
}

fn foot(page: &mut Markup, view: &View<'_>, about: &About<'_>) {
    section(page, "how", "How it was measured", |page| {
        if !about.only_results {
            page.paragraph("", &Sentence::new(view.counted.clone()));
        }
        page.element("ul", &[], |list| {
            for remark in &view.remarks {
                list.element("li", &[], |item| item.sentence(&remark.text));
                list.line();
            }
        });
        page.paragraph("", &view.origin);
        for (name, command) in &view.commands {
            let told = Sentence::new(format!("{name}: ")).command(command);
            page.paragraph("", &told);
        }
        if about.measured.is_none() {
            page.paragraph(
                "soft",
                &Sentence::new("Made from a stored verdict, which holds one number of each run. With the results at hand, `perfgate report` also shows sessions, percentiles and the course over the baseline."),
            );
        }
    });
}
