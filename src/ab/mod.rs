//! Base and head measured in turns on one machine, until it is known which series changed.
//!
//! ```text
//!  base ─┐                                  ┌─► decided ─► Judgement
//!        ├─► round ─► round ─► … ─► look ───┤
//!  head ─┘   (order)                (looks) └─► series in doubt ─► more rounds
//! ```
//!
//! A *version* is one of the two things that are compared. A *window* measures one version once and gives one
//! [`Run`](crate::model::Run). A *round* is a window of each version, a *block* is two rounds in mirrored order. A
//! *launch* is one start of a program: commands are launched for every window, services for every block. A *look*
//! judges what all rounds until then say, and only the series that it leaves in doubt are measured on.
//!
//! `order`, `looks` and `dependence` are pure; `command`, `round` and what comes beside them start programs.

pub mod built;
mod busy;
pub mod command;
mod confirmation;
pub mod control;
pub mod criterion;
mod dependence;
mod doubts;
mod filter;
pub mod layout;
mod looks;
mod machine;
mod order;
mod plan;
pub mod revision;
mod round;
mod same_program;
pub mod service;
mod submodules;
mod tree;
mod until_sure;
pub mod witness;
pub mod worktrees;

pub use busy::Busy;
pub use confirmation::{Again, Confirmation, Confirmed};
pub use dependence::Dependence;
pub use doubts::Glance;
pub use filter::Filter;
pub use looks::{Progress, Sequence};
pub use machine::Machine;
pub use order::{Order, Version};
pub use plan::{FIRST_LOOK, Plan, Stage};
pub use round::{End, State, Watcher, Window, Windows, measure};
pub use same_program::{Files, Finding, SameProgram, same_executables, written_by_both};
pub use tree::named_target;
