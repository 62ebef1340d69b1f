//! What is drawn of a document: which series, and the sections that they stand in.

use serde::Serialize;

use super::clock::Clock;
use super::intervals::Intervals;
use super::markup::Markup;
use super::measured::Known;
use super::parts::{cards, legend, section};
use super::percentiles::Percentiles;
use super::runs::{Runs, colour};
use super::sessions::{Course, Machines};
use crate::compare::Cause;
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::units;
use crate::report::view::{Group, GroupKind, View};

/// The most series of which the runs, the percentiles, the course and the clock are drawn.
const RUNS: usize = 24;
const PERCENTILES: usize = 12;
const COURSES: usize = 12;
const CLOCKS: usize = 6;
#[derive(Serialize)]
pub(super) struct Pictures<'a> {
    changes: Intervals<'a>,
    runs: Vec<Runs<'a>>,
    percentiles: Vec<Percentiles<'a>>,
    clock: Vec<Clock>,
    sessions: Vec<Course<'a>>,
    machines: Machines,
}

impl<'a> Pictures<'a> {
    pub(super) fn of(view: &View<'a>, known: Option<&Known<'_>>) -> Self {
        let document = view.document;
        let entries = important(view);
        let drawn = entries
            .iter()
            .filter_map(|entry| Runs::of(entry, known, document.interleaved))
            .filter(Runs::show_anything);
        let mut machines = Machines::default();
        let sessions: Vec<Course<'_>> = match known {
            Some(known) => entries
                .iter()
                .filter(|entry| entry.baseline.is_some())
                .filter_map(|entry| Course::of(entry, known, &mut machines))
                .filter(Course::moved)
                .take(COURSES)
                .collect(),
            None => Course::stored(document).into_iter().collect(),
        };
        let mut seen: Vec<(&str, &str, Option<&str>)> = Vec::new();
        let mut percentiles = Vec::new();
        for entry in entries.iter().filter(|_| known.is_some()) {
            let metric = (
                entry.subject.as_str(),
                entry.metric.as_str(),
                entry.workload.as_deref(),
            );
            if percentiles.len() >= PERCENTILES || seen.contains(&metric) {
                continue;
            }
            seen.push(metric);
            percentiles.extend(known.and_then(|known| Percentiles::of(entry, known)));
        }
        let clock = known.map_or_else(Vec::new, |known| clocks(&entries, known));
        Self {
            clock,
            changes: Intervals::of(view),
            runs: drawn.take(RUNS).collect(),
            percentiles,
            sessions,
            machines,
        }
    }
}

/// One for each subject.
fn clocks(entries: &[&Entry], known: &Known<'_>) -> Vec<Clock> {
    let mut seen: Vec<(&str, Option<&str>)> = Vec::new();
    let mut clocks = Vec::new();
    for entry in entries {
        let subject = (entry.subject.as_str(), entry.workload.as_deref());
        if clocks.len() < CLOCKS && !seen.contains(&subject) {
            seen.push(subject);
            clocks.extend(Clock::of(entry, known));
        }
    }
    clocks
}

/// What needs a decision first, and what nothing judges last.
fn important<'a>(view: &View<'a>) -> Vec<&'a Entry> {
    let mut groups: Vec<&Group<'a>> = view.groups.iter().collect();
    groups.sort_by_key(|group| (group.kind == GroupKind::NotGated, group.kind));
    let mut entries: Vec<&Entry> = groups
        .into_iter()
        .flat_map(|group| group.entries.iter().copied())
        .collect();
    entries.sort_by_key(|entry| is_silenced(entry) || !entry.gated);
    entries
}

/// Not judged, because more of its requests fail: that is the row to look at.
pub(super) fn is_silenced(entry: &Entry) -> bool {
    entry.cause == Some(Cause::ErrorsRose)
}

impl Pictures<'_> {
    pub(super) fn write(&self, page: &mut Markup, known: Option<&Known<'_>>, view: &View<'_>) {
        self.changes.write(page);
        runs_section(page, &self.runs, known, view);
        percentiles_section(page, &self.percentiles);
        clock_section(page, &self.clock);
        sessions_section(page, self);
    }
}

fn runs_section(page: &mut Markup, runs: &[Runs<'_>], known: Option<&Known<'_>>, view: &View<'_>) {
    if runs.is_empty() {
        return;
    }
    let one_side = runs.iter().all(Runs::has_one_side);
    let title = if one_side {
        "The runs"
    } else {
        "The runs of each side"
    };
    section(page, "runs", title, |page| {
        let mut said = Sentence::new(if one_side {
            "Each dot is one run, in the order in which they were made; the line is the value of all of them."
        } else {
            "Each dot is one run, in the order in which they were made: open those of the baseline, filled those of now. The lines are the values that were compared, the broken line the limit."
        });
        let left_out = view.document.comparisons.len().saturating_sub(runs.len());
        if left_out > 0 {
            said = said.own(format!(
                " {} more are not drawn, those whose runs are all alike among them: the tables below have their numbers.",
                units::count(left_out)
            ));
        }
        page.paragraph("soft", &said);
        if let Some(known) = known {
            let mut shown: Vec<usize> = runs.iter().flat_map(Runs::sessions).collect();
            shown.sort_unstable();
            shown.dedup();
            let keys = shown.into_iter().filter_map(|index| {
                let session = known.sessions.get(index)?;
                let number = Sentence::new(format!("session {}: ", units::count(index + 1)));
                Some((colour(index), number.then(session.told())))
            });
            legend(page, keys);
        }
        cards(page, |page| {
            for one in runs {
                one.write(page);
            }
        });
    });
}

/// The colours of lines.
fn both_sides(page: &mut Markup) {
    let keys = [("before", "baseline"), ("now", "now")];
    let keys = keys.map(|(class, name)| (class.to_owned(), Sentence::new(name)));
    legend(page, keys.into_iter());
}

fn percentiles_section(page: &mut Markup, percentiles: &[Percentiles<'_>]) {
    if percentiles.is_empty() {
        return;
    }
    section(page, "percentiles", "Percentiles", |page| {
        page.paragraph(
            "soft",
            &Sentence::new("The median over the runs of each side, up to where every run still has about ten observations beyond. Under it: now against the baseline."),
        );
        both_sides(page);
        cards(page, |page| {
            for one in percentiles {
                one.write(page);
            }
        });
    });
}

fn clock_section(page: &mut Markup, clocks: &[Clock]) {
    if clocks.is_empty() {
        return;
    }
    section(page, "clock", "Both sides on one clock", |page| {
        page.paragraph(
            "soft",
            &Sentence::new("From when the load began, the runs of a side together: latency (the strong line is p99, the thin one p50), requests a second of one run, and errors where there are any. A line is broken where nothing came back."),
        );
        both_sides(page);
        cards(page, |page| {
            for one in clocks {
                one.write(page);
            }
        });
    });
}

fn sessions_section(page: &mut Markup, pictures: &Pictures<'_>) {
    if pictures.sessions.is_empty() {
        return;
    }
    section(
        page,
        "sessions",
        "Over the sessions of the baseline",
        |page| {
            page.paragraph(
            "soft",
            &Sentence::new("The median of each session, oldest first, and now. Broken lines: the limit of this gate, and what the anchor allows; the thin line is the anchor."),
        );
            let machines = pictures.machines.told().enumerate();
            legend(
                page,
                machines.map(|(i, key)| {
                    let number = Sentence::new(format!("machine {}: ", units::count(i + 1)));
                    (colour(i), number.then(key))
                }),
            );
            cards(page, |page| {
                for one in &pictures.sessions {
                    one.write(page);
                }
            });
        },
    );
}
