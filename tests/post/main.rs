//! `perfgate post` and `check --post` as whole processes, against a small GitHub that misbehaves like the large one:
//! no comment twice, no verdict lost, no wait above the limit, and the right exit code.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

#[path = "../support/github/mod.rs"]
mod github;
#[path = "../support"]
mod support {
    pub(crate) mod hostile;
    pub(crate) mod scenes;
    pub(crate) mod verdicts;
}

mod bad_days;
mod checks;
mod comments;
mod described;
mod events;
mod forks;
mod gitlab;
mod job;
mod network;
mod unjudged;
