//! Two sets of runs and a policy in, one [`Comparison`] a series out. Judging cannot fail: what is wrong with
//! the data is an outcome with a reason.
//!
//! Workloads of the two sides are matched by their keys (`model::matching`), and each is laid out by `layout`.
//!
//! The way of a series: `pairs` finds it on both sides, `rules` says what is asked of it, `effect` or
//! `errors` says how far it moved and how sure that is, `outcome` says what that means once all series of the
//! gate share the error allowance.

mod absolute;
mod accepted;
mod advice;
mod between;
mod budgets;
mod causes;
pub mod changes;
mod comparison;
mod controls;
mod drift;
mod effect;
mod elsewhere;
mod errors;
mod exact;
mod guard;
mod judge;
mod layout;
mod levels;
mod measured;
mod names;
mod observations;
mod outcome;
mod pairs;
pub mod policy;
mod question;
mod readings;
mod rules;
mod scale;
mod shown;
mod tested;
mod throughput;
mod totals;
mod weighed;
mod workloads;

pub use crate::model::Pattern;
pub use accepted::with_outcomes;
pub use budgets::{BudgetCheck, BudgetState, GradeReached, UnfitLimit};
pub use causes::{LikelyCauses, Moved, likely_causes};
pub use changes::{PolicyChange, changes};
pub use comparison::{
    Accepted, Assumption, Cause, Change, Comparison, ControlState, Direction, Doubt, Drift,
    FoundBaseline, JudgedWorkload, Judgement, LeftOut, Method, Outcome, OutcomeName,
    RefusedControl, Side, Test, UnmatchedRule, UnusedAcceptance, Weighed,
};
pub use errors::LEAST_RISE;
pub use judge::{Sides, judge, judge_at};
pub use policy::{
    Acceptance, Allowed, Budget, Budgets, DEFAULT_MAX_REGRESSION, Decide, Grade, JudgingMachine,
    Limits, OnInconclusive, OnMissing, OnOtherEnvironment, Origin, Policy, Quantity, Rule,
    RulesFrom, SeriesRole, Severity, WantedDirection,
};
pub use totals::{Figure, Totals};
pub use weighed::Look;
