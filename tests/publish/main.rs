//! What reaches a pull request: posting as whole processes, and the action as a runner executes it, both against a
//! small GitHub that misbehaves like the large one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

#[path = "../support"]
mod support {
    pub(crate) mod github;
    pub(crate) mod hostile;
    pub(crate) mod scenes;
    pub(crate) mod verdicts;
}

#[cfg(unix)]
mod action;
mod post;
