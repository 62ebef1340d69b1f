//! Base against base, measured as base and head were, where the time is left for it.

use std::time::Duration;

use super::rerun::Rerun;
use super::rounds::{FirstLook, Stamping};
use super::terms::Terms;
use super::time_sheet::TimeSheet;
use super::versions::Versions;
use super::view::View;
use crate::ab::{self, End, FIRST_LOOK};
use crate::cli::args::AbArgs;

/// What the comparison was measured with, and what it took.
pub(super) struct Control<'c> {
    pub(super) args: &'c AbArgs,
    pub(super) rerun: Option<&'c Rerun>,
    pub(super) terms: Terms<'c>,
    /// The comparison took so long.
    pub(super) spent: Duration,
    pub(super) rounds: usize,
}

impl Control<'_> {
    /// What it came to; `None` where somebody asked to stop.
    pub(super) fn measure(
        &self,
        versions: &Versions,
        stamping: &mut Stamping<'_>,
        view: &mut View<'_>,
        sheet: &mut TimeSheet,
    ) -> anyhow::Result<Option<String>> {
        let rounds = u32::try_from(self.rounds.max(1)).unwrap_or(u32::MAX);
        let needed = self.spent / rounds * u32::try_from(FIRST_LOOK).unwrap_or(5);
        let left = self.terms.budget.saturating_sub(self.spent);
        if left < needed {
            let told = "there was no time left to measure base against base (--time-budget)";
            return Ok(Some(told.to_owned()));
        }
        let twice = versions.base_twice();
        let asked = (self.args, &self.terms);
        let look = FirstLook::measure(asked, &twice, self.rerun, (stamping, view, sheet))?;
        if look.end == End::Stopped {
            return Ok(None);
        }
        let note = ab::control::note(&look.judgement, look.rounds);
        let nothing = || "base against base showed nothing that is gated".to_owned();
        Ok(Some(note.unwrap_or_else(nothing)))
    }
}
