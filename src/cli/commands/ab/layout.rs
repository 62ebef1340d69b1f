//! `--layout-check`: the head against itself with its code in other orders, for what got worse or may have.

use std::time::Instant;

use super::rerun::Rerun;
use super::rounds::{FirstLook, Stamping};
use super::terms::Terms;
use super::time_sheet::TimeSheet;
use super::versions::Versions;
use super::view::View;
use crate::ab::layout::{self, ORDERS, Worse};
use crate::ab::{End, FIRST_LOOK, same_executables};
use crate::cli::args::AbArgs;
use crate::cli::env::Env;
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
        if sheet.measuring >= self.terms.budget {
            return Ok(Tried::OutOfTime);
        }
        let begun = Instant::now();
        let built = versions.head_in_order(number, &self.args.revisions, self.env, self.terms.stop);
        sheet.building += begun.elapsed();
        // Holds the tree until it is measured.
        let Some((twice, _reordered)) = built? else {
            return Ok(Tried::Stopped);
        };
        let programs = twice.programs(None);
        if same_executables(&programs, &twice.benches()) {
            return Ok(Tried::Same);
        }
        let asked = (self.args, &self.terms);
        let look = FirstLook::measure(asked, &twice, Some(only), (stamping, view, sheet))?;
        Ok(match look.end {
            End::Stopped => Tried::Stopped,
            _ if look.rounds < FIRST_LOOK => Tried::OutOfTime,
            _ => Tried::Judged(Box::new(look.judgement)),
        })
    }
}
