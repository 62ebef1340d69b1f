//! perfgate decides whether a change made the software slower, says how sure it is, and tells the pull request.
//!
//! ```text
//!    load ──┐
//!  ingest ──┴► Run ──┐
//!                    ├─► compare ─► [Comparison] ─► verdict ─► Verdict ─► report ─► text ─► publish
//!  store ─► Baseline ┘
//! ```
//!
//! The folders are the way the data takes. `model`, `stats`, `compare`, `verdict` and `report` are pure:
//! data in, data out. `load`, `ingest`, `store`, `publish` and `cli` are the edges; `toml_file` reads TOML for them.
//! Everyone may use `text`: names from outside are made harmless there, shortened and recognised.
//! The types to know are [`model::Series`],
//! [`model::Evidence`], [`model::Run`], [`compare::Policy`], [`compare::Comparison`] and [`verdict::Verdict`].

pub mod ab;
pub mod cli;
pub mod compare;
pub mod exit;
pub mod hint;
pub mod ingest;
pub mod load;
pub mod model;
pub mod publish;
pub mod report;
pub mod stats;
pub mod store;
pub mod text;
pub mod toml_file;
pub mod verdict;
