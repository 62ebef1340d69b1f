//! Whether a stored document agrees with itself. One that came from a stranger may say anything; what it says must
//! at least not contradict its own rows.

use super::document::{Counts, Document};
use super::entry::Entry;
use crate::verdict::Undecided;

use super::words::{Control, Judged, OnInconclusive, Outcome, Severity, Standing};
use super::workload;

impl Document {
    /// The first contradiction between the rows and what is said of all of them.
    pub fn contradiction(&self) -> Option<String> {
        if self.counts != counted(&self.comparisons) {
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
        let (verdict, code) = self.expected();
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
        let judged = |e: &&Entry| e.gated && e.budget.is_some_and(|b| b.limit.is_some());
        let budgets = self.comparisons.iter().filter(judged).count();
        let alone = self.counts.compared == 0 && self.counts.missing == 0;
        let nothing = matches!(self.verdict, Judged::Inconclusive | Judged::NoBaseline);
        (budgets > 0 && alone && !nothing).then_some(budgets)
    }

    /// What could not be decided, as far as it would fail if it were sure.
    fn undecided(&self) -> Undecided {
        let mut undecided = Undecided::default();
        let can_fail = |e: &&Entry| e.gated && e.severity == Severity::Fail;
        for entry in self.comparisons.iter().filter(can_fail) {
            let inconclusive = entry.outcome == Outcome::Inconclusive;
            let worse_by = entry
                .change
                .map_or(f64::INFINITY, |_| entry.towards_worse() - 1.0);
            undecided.add(entry.standing.into(), inconclusive, worse_by);
            let compared = !matches!(
                entry.outcome,
                Outcome::Missing | Outcome::New | Outcome::Incomparable
            );
            undecided.compared += usize::from(compared);
        }
        undecided
    }

    /// The verdict of these rows under this policy, and the code it ends with.
    fn expected(&self) -> (Judged, u8) {
        let (verdict, code) = self.expected_of_rows();
        // A part of the gate looked at nothing: the verdict is that of the others, and never better than a warning.
        let partly = self.counts.compared > 0 && workload::unjudged(self).next().is_some();
        match (verdict, code) {
            (Judged::Pass, 0) if partly && self.policy.require_baseline => (Judged::Warn, 3),
            (Judged::Pass, 0) if partly => (Judged::Warn, 0),
            (verdict, 0) if partly && self.policy.require_baseline => (verdict, 3),
            expected => expected,
        }
    }

    fn expected_of_rows(&self) -> (Judged, u8) {
        let any = |wanted| self.comparisons.iter().any(|e| e.standing == wanted);
        let asked = |yes: bool| if yes { 3 } else { 0 };
        let on_inconclusive = self.policy.on_inconclusive;
        let control = |state| self.comparisons.iter().any(|e| e.control == Some(state));
        if any(Standing::Fail) {
            (Judged::Fail, 1)
        } else if control(Control::Missing) {
            (Judged::Inconclusive, 2)
        } else if self.verdict == Judged::NoBaseline && self.counts.compared == 0 {
            (Judged::NoBaseline, asked(self.policy.require_baseline))
        } else if self.budgets_only().is_some() && !self.policy.require_baseline {
            let warns = any(Standing::Warn);
            (if warns { Judged::Warn } else { Judged::Pass }, 0)
        } else if self.counts.compared == 0 {
            (Judged::Inconclusive, 2)
        } else if self.undecided().rules(on_inconclusive.into())
            || on_inconclusive != OnInconclusive::Pass && control(Control::Worse)
        {
            let fails = on_inconclusive == OnInconclusive::Fail;
            (Judged::Inconclusive, asked(fails))
        } else if any(Standing::Warn) {
            (Judged::Warn, 0)
        } else {
            (Judged::Pass, 0)
        }
    }
}

/// A row that fails the gate by its outcome and stands as if it did not, or the other way round.
fn hides(entry: &Entry) -> bool {
    let over = entry.budget.is_some_and(|budget| budget.broken)
        || entry.drift.as_ref().is_some_and(|drift| drift.broken);
    let bad = matches!(entry.outcome, Outcome::Regressed | Outcome::Missing);
    let fails = entry.standing == Standing::Fail;
    let must = entry.gated && bad && entry.severity == Severity::Fail;
    let may = entry.gated && (bad || over);
    (must && !fails) || (fails && !may)
}

fn counted(entries: &[Entry]) -> Counts {
    let of = |outcome| {
        let is = |entry: &&Entry| entry.gated && entry.outcome == outcome;
        entries.iter().filter(is).count()
    };
    let mut counts = Counts {
        compared: 0,
        regressed: of(Outcome::Regressed),
        improved: of(Outcome::Improved),
        unchanged: of(Outcome::Unchanged),
        inconclusive: of(Outcome::Inconclusive),
        missing: of(Outcome::Missing),
        new: of(Outcome::New),
        incomparable: of(Outcome::Incomparable),
    };
    counts.compared = counts.regressed + counts.improved + counts.unchanged + counts.inconclusive;
    counts
}
