//! perfgate decides whether a change made the software slower, says how sure it is, and tells the pull request.
//!
//! This library is what the program `perfgate` is made of. It has no stable interface of its own: files and the command
//! line are what users rely on. This page is for whoever reads or changes the code.
//!
//! # The way of the data
//!
//! ```text
//!   load ──┐
//!  ingest ─┴─► Run ─► History ──┐
//!                               ├─► compare ─► [Comparison] ─► verdict ─► Verdict ─► report ─► text ─► publish
//!  store ─► Baseline ─► History ┘
//! ```
//!
//! The folders are the way the data takes. [`model`], [`stats`], [`compare`], [`verdict`], [`history`] and [`report`] are pure: data in,
//! data out, without files, clock, network, environment or printing. [`load`], [`ab`], [`ingest`], [`store`], [`publish`]
//! and [`cli`] are the edges. [`text`], [`hint`], [`toml_file`] and [`json_schema`] stand beside the line: names from
//! outside made harmless, errors with a next step, files of TOML, and what describes our documents to other programs.
//!
//! # The types to know
//!
//! | type | what it holds |
//! |---|---|
//! | [`model::Series`] | subject, metric, statistic, unit and direction: what one number is, with one written name |
//! | [`model::Evidence`] | what a run really has of a metric: samples, a histogram, quantiles, an estimate, a proportion or one value; finite and never empty |
//! | [`model::Run`] | series to evidence, and where it comes from; the same type for both sides |
//! | [`compare::Policy`] | the ordered rules, parsed once |
//! | [`compare::Comparison`] | one series before and after: the change with its interval, the outcome and its cause |
//! | [`verdict::Verdict`] | the outcome of the whole gate; only it yields an exit code |
//!
//! Comparing and judging cannot fail: data that cannot be judged becomes an outcome with a reason, and a bad file is
//! refused where it is read.
//!
//! # Where to start
//!
//! - How a gate runs from arguments to exit code: `src/cli/commands/check.rs`.
//! - How one series is decided: [`compare::judge`], with `docs/how-it-decides.md` beside it.
//! - How a tool's output is read: `src/ingest/tools/siege.rs`, the smallest of them.
//! - How load is made: [`load::run`].
//! - What a new format, metric, command or statistic needs: `CONTRIBUTING.md`.

pub mod ab;
pub mod cli;
pub mod compare;
pub mod exit;
pub mod hint;
pub mod history;
pub mod ingest;
pub mod json_schema;
pub mod load;
pub mod model;
pub mod publish;
pub mod report;
pub mod stats;
pub mod store;
pub mod text;
pub mod toml_file;
pub mod verdict;
