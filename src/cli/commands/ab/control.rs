//! Base against base, measured as base and head were, where the time is left for it.

use std::time::Duration;

use super::rerun::Rerun;
use super::rounds::{Rounds, Stamping, windows_of};
use super::versions::Versions;
use super::view::View;
use crate::ab::{self, End, FIRST_LOOK, Order, Plan, Sequence};
use crate::cli::args::AbArgs;
use crate::cli::env::today;
use crate::cli::settings::Settings;
use crate::load::Stop;

/// What the comparison was measured with, and what it took.
pub(super) struct Control<'c> {
    pub(super) args: &'c AbArgs,
    pub(super) settings: &'c Settings,
    pub(super) rerun: Option<&'c Rerun>,
    pub(super) seed: u64,
    /// The comparison took so long, of so much.
    pub(super) spent: Duration,
    pub(super) budget: Duration,
    pub(super) rounds: usize,
}

impl Control<'_> {
    /// What it came to; `None` where somebody asked to stop.
    pub(super) fn measure(
        &self,
        versions: &Versions,
        stamping: &mut Stamping<'_>,
        view: &mut View<'_>,
        stop: &Stop,
    ) -> anyhow::Result<Option<String>> {
        let rounds = u32::try_from(self.rounds.max(1)).unwrap_or(u32::MAX);
        let needed = self.spent / rounds * u32::try_from(FIRST_LOOK).unwrap_or(5);
        let left = self.budget.saturating_sub(self.spent);
        if left < needed {
            let told = "there was no time left to measure base against base (--time-budget)";
            return Ok(Some(told.to_owned()));
        }
        let twice = versions.base_twice();
        let asked = (self.seed, self.settings, self.budget);
        let mut windows = windows_of(self.args, &twice, asked, stop)?;
        windows.warm_up(self.args.measuring.warmup, stop)?;
        let mut rounds = Rounds {
            windows: windows.as_mut(),
            stamping,
            rerun: self.rerun,
        };
        let order = Order::of_seed(self.seed);
        let plan = Plan::up_to(FIRST_LOOK);
        let mut sequence = Sequence::new(plan, order, &self.settings.policy, today());
        if ab::measure(&mut sequence, order, &mut rounds, view, (left, stop))? == End::Stopped {
            return Ok(None);
        }
        let measured = sequence.rounds();
        let note = ab::control::note(&sequence.finish(), measured);
        let nothing = || "base against base showed nothing that is gated".to_owned();
        Ok(Some(note.unwrap_or_else(nothing)))
    }
}
