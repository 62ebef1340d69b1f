//! `--layout-check`: the head against itself with its code in other orders, for what got worse or may have.

use std::time::{Duration, Instant};

use super::rerun::Rerun;
use super::rounds::{Rounds, Stamping, windows_of};
use super::terms::Terms;
use super::time_sheet::TimeSheet;
use super::versions::Versions;
use super::view::View;
use crate::ab::layout::{self, ORDERS, Worse};
use crate::ab::{self, End, FIRST_LOOK, Order, Plan, Sequence, same_executables};
use crate::cli::args::AbArgs;
use crate::cli::env::{Env, today};
use crate::compare::Judgement;
use crate::text::sanitize;

/// What the comparison was measured with, and what it came to.
pub(super) struct LayoutCheck<'c> {
    pub(super) args: &'c AbArgs,
    pub(super) env: &'c Env,
    pub(super) terms: Terms<'c>,
    /// What is measured of the head in other orders.
    pub(super) worse: Vec<Worse>,
}

/// What one order came to.
enum Tried {
    Judged(Box<Judgement>),
    /// It is the same executable again.
    Same,
    OutOfTime,
    Stopped,
}

impl LayoutCheck<'_> {
    /// Sentences for the verdict; `None` where somebody asked to stop.
    pub(super) fn measure(
        &self,
        versions: &Versions,
        stamping: &mut Stamping<'_>,
        view: &mut View<'_>,
        sheet: &mut TimeSheet,
    ) -> Option<Vec<String>> {
        let only = Rerun::of_series(self.worse.iter().map(|one| &one.series));
        let mut judged = Vec::new();
        let mut notes = Vec::new();
        for order in 1..=ORDERS {
            let tried = self.order(order, &only, (versions, &mut *stamping, &mut *view), sheet);
            // What cannot be built or run in another order is told, and changes no verdict.
            match tried {
                Ok(Tried::Judged(judgement)) => judged.push(*judgement),
                Ok(Tried::Stopped) => return None,
                Ok(Tried::Same) => {
                    notes.push("layout check: head was linked into the same executable again; its build uses no linker that takes another order (lld, mold, or Go's since 1.22)".to_owned());
                    break;
                }
                Ok(Tried::OutOfTime) => {
                    notes.push(format!(
                        "layout check: the time reached for {} of {ORDERS} other orders (--time-budget)",
                        judged.len()
                    ));
                    break;
                }
                Err(error) => {
                    let why = sanitize::inline(&format!("{error:#}"));
                    notes.push(format!(
                        "layout check: head could not be measured in another order: {why}"
                    ));
                    break;
                }
            }
        }
        let mut told = layout::notes(&self.worse, &judged);
        told.append(&mut notes);
        Some(told)
    }

    fn order(
        &self,
        number: usize,
        only: &Rerun,
        (versions, stamping, view): (&Versions, &mut Stamping<'_>, &mut View<'_>),
        sheet: &mut TimeSheet,
    ) -> anyhow::Result<Tried> {
        let Terms {
            seed,
            settings,
            stop,
            budget,
            ..
        } = self.terms;
        let left = budget.saturating_sub(sheet.measuring);
        if left.is_zero() {
            return Ok(Tried::OutOfTime);
        }
        let begun = Instant::now();
        let built = versions.head_in_order(number, &self.args.revisions, self.env, stop);
        sheet.building += begun.elapsed();
        // Holds the tree until it is measured.
        let Some((twice, _reordered)) = built? else {
            return Ok(Tried::Stopped);
        };
        let programs = twice.programs(None);
        if same_executables(&programs, &twice.benches()) {
            return Ok(Tried::Same);
        }
        let begun = Instant::now();
        let measured = (|| {
            let mut windows = windows_of(self.args, &twice, &self.terms)?;
            sheet.warm_up(|| windows.warm_up(self.args.measuring.warmup, stop))?;
            let mut rounds = Rounds {
                windows: windows.as_mut(),
                stamping,
                rerun: Some(only),
            };
            let order = Order::of_seed(seed);
            let plan = Plan::up_to(FIRST_LOOK);
            let mut sequence = Sequence::new(plan, order, &settings.policy, today());
            let left = left.saturating_sub(begun.elapsed());
            let left = left.max(Duration::from_millis(1));
            let end = ab::measure(&mut sequence, order, &mut rounds, view, (left, stop))?;
            sheet.busy += windows.busy();
            anyhow::Ok((end, sequence.rounds(), sequence.finish()))
        })();
        view.end();
        sheet.measuring += begun.elapsed();
        Ok(match measured? {
            (End::Stopped, ..) => Tried::Stopped,
            (_, rounds, _) if rounds < FIRST_LOOK => Tried::OutOfTime,
            (.., judgement) => Tried::Judged(Box::new(judgement)),
        })
    }
}
