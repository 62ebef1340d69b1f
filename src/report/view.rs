//! What a report shows of a document, in groups and rows of sentences; no format and no escaping in it.

use super::base_rules::BaseRules;
use super::because::because;
use super::change;
use super::document::Document;
use super::entry::Entry;
use super::headline;
use super::remarks::{self, Remark};
use super::sentence::Sentence;
use super::targets::Targets;
use super::units;
use super::unjudged;
use super::why;
use crate::compare::{Cause, OutcomeName};
use crate::verdict::{Standing, VerdictKind};

/// The groups of a report, most important first: the order in which rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupKind {
    Failing,
    Warning,
    Possible,
    Better,
    /// Warnings that share one cause, which is said once.
    Incomparable,
    NoSignal,
    New,
    NotGated,
    Unchanged,
}

/// More rows than this with one cause are one line.
const SHARED: usize = 5;
const CANDIDATES: usize = 10;

impl GroupKind {
    pub(super) fn of(entry: &Entry) -> Self {
        match (entry.standing, entry.outcome) {
            (Standing::Quiet, _) if !entry.gated => Self::NotGated,
            (Standing::Fail, _) => Self::Failing,
            (Standing::Warn, _) => Self::Warning,
            (Standing::Possible | Standing::Blind, _) => Self::Possible,
            (Standing::Better, _) => Self::Better,
            (Standing::NoSignal, _) => Self::NoSignal,
            (Standing::Quiet, OutcomeName::New) => Self::New,
            (Standing::Quiet, OutcomeName::Unchanged) => Self::Unchanged,
            // Switched off by a rule.
            (Standing::Quiet, _) => Self::NotGated,
        }
    }

    /// One word beside a row.
    pub(super) fn word(self, entry: &Entry) -> &'static str {
        match self {
            Self::Failing => "FAIL",
            Self::Warning | Self::Incomparable => "warn",
            Self::Possible => "possible",
            Self::Better => "better",
            Self::NoSignal => "no signal",
            Self::New => "new",
            Self::Unchanged => "same",
            Self::NotGated => match entry.outcome {
                OutcomeName::Missing => "missing",
                OutcomeName::New => "new",
                _ => "shown",
            },
        }
    }
}

/// One kind of rows.
pub(super) struct Group<'a> {
    pub(super) kind: GroupKind,
    pub(super) entries: Vec<&'a Entry>,
}

impl Group<'_> {
    /// What the group is, in one line. It holds no name from outside, because it is put into HTML as it is.
    pub(super) fn title(&self) -> String {
        let n = self.entries.len();
        let counted = |what: &str| format!("{} {what}", units::count(n));
        match self.kind {
            GroupKind::NoSignal => remarks::no_signal(&self.entries),
            GroupKind::Failing => counted("failing"),
            GroupKind::Warning => units::plural(n, "warning", "warnings"),
            GroupKind::Possible => counted("possible, not certain"),
            GroupKind::Better => counted("improved"),
            GroupKind::Incomparable => counted("cannot be compared"),
            GroupKind::New => counted("new"),
            GroupKind::NotGated => counted("shown and not gated"),
            GroupKind::Unchanged => counted("unchanged"),
        }
    }
}

/// The cells of one row.
pub(super) struct Row<'a> {
    pub(super) entry: &'a Entry,
    pub(super) baseline: Sentence,
    pub(super) current: Sentence,
    pub(super) change: Sentence,
    pub(super) limit: Sentence,
    /// What the cells do not say.
    pub(super) notes: Vec<Sentence>,
}

impl<'a> Row<'a> {
    pub(super) fn of(entry: &'a Entry, kind: GroupKind) -> Self {
        let values = [&entry.baseline, &entry.current].into_iter().flatten();
        let scale = entry.scale(values.map(|side| side.value));
        let cell = |side: &Option<crate::compare::Side>| {
            side.as_ref()
                .map_or_else(Sentence::default, |side| scale.write(side.value))
        };
        let changed = change::change(entry);
        Self {
            entry,
            baseline: cell(&entry.baseline),
            current: cell(&entry.current),
            change: if changed.is_empty() {
                Sentence::new(outcome(entry))
            } else {
                changed
            },
            limit: if entry.gated || !entry.budgets.is_empty() {
                why::deciding_limit(entry, "", " and ")
            } else {
                Sentence::new("not gated")
            },
            notes: match kind {
                // One line says it of all of them.
                GroupKind::NoSignal | GroupKind::Incomparable => Vec::new(),
                _ => why::notes(entry),
            },
        }
    }
}

/// What stands for a change where there is none.
fn outcome(entry: &Entry) -> &'static str {
    match (entry.outcome, &entry.cause) {
        (OutcomeName::Missing, Some(Cause::Incomplete { .. })) => "incomplete",
        (OutcomeName::Missing, _) => "missing",
        (OutcomeName::New, _) => "new",
        (_, Some(Cause::ErrorsRose)) => "not judged",
        (OutcomeName::Incomparable, _) => "not comparable",
        _ => "",
    }
}

/// Everything in the order in which it is read.
pub(super) struct View<'a> {
    pub(super) document: &'a Document,
    pub(super) headline: String,
    pub(super) counted: String,
    pub(super) consequence: Option<Sentence>,
    /// Why much of the gate cannot be compared.
    pub(super) obstacle: Option<Sentence>,
    /// Those that hold a row, by importance.
    pub(super) groups: Vec<Group<'a>>,
    pub(super) targets: Targets<'a>,
    /// That the pull request changes the gate.
    pub(super) base_rules: Option<&'a BaseRules>,
    pub(super) remarks: Vec<Remark>,
    pub(super) sides: Sentence,
    pub(super) origin: Sentence,
    pub(super) commands: Vec<(&'static str, &'a str)>,
}

impl<'a> View<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let groups = grouped(document);
        Self {
            document,
            headline: headline::headline(document),
            counted: headline::counted(document),
            consequence: headline::consequence(document),
            obstacle: match unjudged::reasons(document).as_slice() {
                [] => obstacle(&groups),
                reasons => Some(Sentence::join(reasons.iter().cloned(), " ")),
            },
            groups,
            targets: Targets::of(document),
            base_rules: document.base_rules.as_ref(),
            remarks: remarks::remarks(document),
            sides: remarks::sides(document),
            origin: remarks::origin(document),
            commands: remarks::commands(document),
        }
    }

    /// All is well and every gated series could have shown otherwise: one line says it.
    pub(super) fn is_quiet(&self) -> bool {
        self.document.verdict == VerdictKind::Pass
            && self
                .groups
                .iter()
                .all(|group| matches!(group.kind, GroupKind::NotGated | GroupKind::Unchanged))
    }

    pub(super) fn gate(&self) -> Option<&'a str> {
        self.document.gate.as_deref()
    }
}

/// The rows by what they ask of a reader, the most important group and row first.
fn grouped(document: &Document) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = [
        GroupKind::Failing,
        GroupKind::Warning,
        GroupKind::Possible,
        GroupKind::Better,
        GroupKind::Incomparable,
        GroupKind::NoSignal,
        GroupKind::New,
        GroupKind::NotGated,
        GroupKind::Unchanged,
    ]
    .into_iter()
    .map(|kind| Group {
        kind,
        entries: Vec::new(),
    })
    .collect();
    let shared = shared_cause(document);
    let unjudged = unjudged::workloads(document).next().is_some();
    for entry in &document.comparisons {
        let kind = match GroupKind::of(entry) {
            GroupKind::Warning if unjudged && unjudged::is_of_one(entry) => GroupKind::Incomparable,
            GroupKind::Warning if shared.is_some() && entry.cause.as_ref() == shared => {
                GroupKind::Incomparable
            }
            kind => kind,
        };
        if let Some(group) = groups.iter_mut().find(|group| group.kind == kind) {
            group.entries.push(entry);
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    for group in &mut groups {
        sort(group);
    }
    groups
}

/// The series that a reader asks about first: the worst of those that need a decision.
pub fn worst(document: &Document) -> Option<&Entry> {
    let decides = [GroupKind::Failing, GroupKind::Warning, GroupKind::Possible];
    let group = grouped(document)
        .into_iter()
        .find(|group| decides.contains(&group.kind))?;
    let mut measured = group.entries.into_iter();
    measured.find(|entry| entry.current.is_some())
}

fn obstacle(groups: &[Group<'_>]) -> Option<Sentence> {
    let group = groups
        .iter()
        .find(|group| group.kind == GroupKind::Incomparable)?;
    let first = group.entries.first()?;
    let n = units::plural(group.entries.len(), "series", "series");
    Some(
        Sentence::new(format!("{n} cannot be compared, because "))
            .then(because(first, first.cause.as_ref()?)),
    )
}

/// The cause for which most of a gate cannot be compared: another machine, another tool.
fn shared_cause(document: &Document) -> Option<&Cause> {
    let causes: Vec<&Cause> = document
        .comparisons
        .iter()
        .filter(|e| e.gated && e.outcome == OutcomeName::Incomparable)
        .filter_map(|e| e.cause.as_ref())
        .collect();
    // One that most of them share is among the first few.
    let (cause, n) = causes
        .iter()
        .take(CANDIDATES)
        .map(|cause| {
            (
                *cause,
                causes.iter().filter(|other| *other == cause).count(),
            )
        })
        .max_by_key(|(_, n)| *n)?;
    (n > SHARED).then_some(cause)
}

/// Errors first, then the largest change; groups without a change stay in the order of their series.
fn sort(group: &mut Group<'_>) {
    let size = |entry: &Entry| entry.towards_worse();
    match group.kind {
        GroupKind::Failing | GroupKind::Warning | GroupKind::Possible => {
            group.entries.sort_by(|a, b| {
                (!a.is_rate())
                    .cmp(&!b.is_rate())
                    .then(size(b).total_cmp(&size(a)))
            })
        }
        GroupKind::Better => group.entries.sort_by(|a, b| size(a).total_cmp(&size(b))),
        GroupKind::Incomparable
        | GroupKind::NoSignal
        | GroupKind::New
        | GroupKind::NotGated
        | GroupKind::Unchanged => {}
    }
}
