//! The list of targets: every budget with its value, its limit and whether it holds.

use super::document::Document;
use super::entry::Entry;
use super::sentence::Sentence;
use super::units;
use crate::compare::{BudgetCheck, BudgetState, Severity};

/// One budget of one series.
pub(super) struct Target<'a> {
    pub(super) entry: &'a Entry,
    pub(super) check: &'a BudgetCheck,
}

/// What became of a target, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TargetState {
    Failed,
    Warned,
    NotJudged,
    Met,
}

/// All of them: what is broken first, then in the order of the series.
pub(super) struct Targets<'a> {
    pub(super) rows: Vec<Target<'a>>,
}

impl Target<'_> {
    pub(super) fn state(&self) -> TargetState {
        match (self.check.state, self.check.level) {
            (BudgetState::Held, _) => TargetState::Met,
            (BudgetState::NotJudged, _) => TargetState::NotJudged,
            (BudgetState::Broken, Severity::Fail) => TargetState::Failed,
            (BudgetState::Broken, Severity::Warn | Severity::Off) => TargetState::Warned,
        }
    }

    pub(super) fn value(&self) -> Sentence {
        match self.check.value {
            Some(value) => self.entry.scale([value]).write(value),
            None => Sentence::new("not judged"),
        }
    }

    /// `at most 80 %`, and what follows where that is not failing.
    pub(super) fn limit(&self) -> Sentence {
        let limit = allowed(self.entry, self.check);
        match self.check.level {
            Severity::Fail => limit,
            Severity::Warn | Severity::Off => limit.own(" (warns)"),
        }
    }

    /// The grade that the series reached, and why there is no value.
    pub(super) fn note(&self) -> Option<Sentence> {
        let grade = self.entry.grade.as_ref();
        let grade = grade.map(|grade| match &grade.name {
            Some(name) => Sentence::default().foreign(name),
            None => Sentence::new("below all grades"),
        });
        match self.check.state {
            BudgetState::NotJudged => self
                .entry
                .cause
                .as_ref()
                .map(|cause| super::because::because(self.entry, cause)),
            BudgetState::Held | BudgetState::Broken => grade,
        }
    }
}

impl TargetState {
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Failed => "❌",
            Self::Warned => "⚠️",
            Self::NotJudged => "❔",
            Self::Met => "✅",
        }
    }

    /// For a machine, and a template.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::NotJudged => "not-judged",
            Self::Met => "met",
        }
    }
}

impl<'a> Targets<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let of_entry = |entry: &'a Entry| {
            let checks = entry.budgets.iter();
            checks.map(move |check| Target { entry, check })
        };
        let mut rows: Vec<Target<'a>> = document.comparisons.iter().flat_map(of_entry).collect();
        rows.sort_by_key(Target::state);
        Self { rows }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn all_met(&self) -> bool {
        self.rows.iter().all(|row| row.state() == TargetState::Met)
    }

    /// `11 of 12 targets met`
    pub(super) fn line(&self) -> String {
        let count = |wanted| {
            let is = |row: &&Target<'_>| row.state() == wanted;
            self.rows.iter().filter(is).count()
        };
        let of = units::plural(self.rows.len(), "target", "targets");
        let not_judged = match count(TargetState::NotJudged) {
            0 => String::new(),
            n => format!(", {} not judged", units::count(n)),
        };
        let met = units::count(count(TargetState::Met));
        format!("{met} of {of} met{not_judged}")
    }
}

/// `at most 500 ms`, `at least 100 req/s`, `90 to 110 req/s`
pub(super) fn allowed(entry: &Entry, check: &BudgetCheck) -> Sentence {
    let written = |value: f64| entry.scale([value]).by_hand().write(value);
    match (check.least, check.most) {
        (Some(least), Some(most)) => {
            let scale = entry.scale([least, most]).by_hand();
            scale.write(least).own(" to ").then(scale.write(most))
        }
        (None, Some(most)) => Sentence::new("at most ").then(written(most)),
        (Some(least), None) => Sentence::new("at least ").then(written(least)),
        (None, None) => Sentence::default(),
    }
}

/// The budget that decided on a row: the worst one that is broken, or the strictest one where the row was judged by nothing
/// else.
pub(super) fn decisive(entry: &Entry) -> Option<&BudgetCheck> {
    entry
        .broken_budget()
        .or_else(|| entry.budgets.last().filter(|_| entry.baseline.is_none()))
}
