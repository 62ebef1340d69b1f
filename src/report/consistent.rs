//! Whether a stored document agrees with itself. One that came from a stranger may say anything; what it says must
//! at least not contradict its own rows.

use super::document::Document;
use super::entry::Entry;
use super::unjudged;
use crate::compare::{BudgetState, OutcomeName, Severity};
use crate::verdict::{Grounds, Situation, Standing, VerdictKind};

impl Document {
    /// The first contradiction between the rows and what is said of all of them.
    pub fn contradiction(&self) -> Option<String> {
        let grounds = self.grounds();
        if self.counts != grounds.counts() {
            return Some("its counts are not those of its comparisons".to_owned());
        }
        let hidden = self.comparisons.iter().find(|entry| hides(entry));
        if let Some(entry) = hidden {
            let series = format!("{} {}", entry.shown_subject(), entry.metric_statistic());
            let outcome = entry.outcome.as_str();
            return Some(format!(
                "`{series}` is {outcome} and does not stand as that asks"
            ));
        }
        let (verdict, exit) = grounds.verdict();
        let code = exit.code();
        if self.verdict != verdict || self.exit_code != code {
            return Some(format!(
                "it says {} and {}, and its comparisons say {} and {code}",
                self.verdict.as_str(),
                self.exit_code,
                verdict.as_str()
            ));
        }
        None
    }

    /// How many budgets were judged, where they are all that was: there is no baseline.
    pub(super) fn budgets_only(&self) -> Option<usize> {
        let all = self.comparisons.iter().flat_map(|entry| &entry.budgets);
        let judged = all.filter(|budget| budget.state != BudgetState::NotJudged);
        let budgets = judged.count();
        let alone = self.counts.compared == 0 && self.counts.missing == 0;
        let nothing = matches!(
            self.verdict,
            VerdictKind::Inconclusive | VerdictKind::NoBaseline
        );
        (budgets > 0 && alone && !nothing).then_some(budgets)
    }

    /// What its verdict has to follow from.
    fn grounds(&self) -> Grounds {
        let unknown_workloads = unjudged::workloads(self).count();
        let has_no_baseline = if self.workloads.is_empty() {
            let says_so = self.verdict == VerdictKind::NoBaseline || self.budgets_only().is_some();
            self.counts.compared == 0 && says_so
        } else {
            unknown_workloads == self.workloads.len()
        };
        Grounds {
            rows: self.comparisons.iter().map(Entry::row).collect(),
            situation: if has_no_baseline {
                Situation::NoBaseline
            } else {
                Situation::Compared
            },
            unknown_workloads,
            on_inconclusive: self.policy.on_inconclusive,
            require_baseline: self.policy.require_baseline,
            targets_only: self.policy.targets_only,
        }
    }
}

/// A row that fails the gate by its outcome and stands as if it did not, or the other way round.
fn hides(entry: &Entry) -> bool {
    let over = entry
        .broken_budget()
        .is_some_and(|b| b.level == Severity::Fail);
    let drifted = entry.drift.as_ref().is_some_and(|drift| drift.broken);
    let bad = matches!(entry.outcome, OutcomeName::Regressed | OutcomeName::Missing);
    let fails = entry.standing == Standing::Fail;
    let must = over || entry.gated && bad && entry.severity == Severity::Fail;
    let may = over || entry.gated && (bad || drifted);
    (must && !fails) || (fails && !may)
}
