//! Text to where people decide: the pull request, the step's files. This room knows its context and a text, never
//! what a verdict holds.
//!
//! `ci`, `context`, `gitlab`, `comment`, `proxy` and `retry_budget` are pure; `actions` writes files; `api` and what uses it speak
//! HTTP.

pub mod actions;
pub mod api;
mod carrier;
pub mod ci;
pub mod client;
pub mod comment;
pub mod context;
pub mod failure;
pub mod github;
pub mod gitlab;
pub mod proxy;
pub mod retry_budget;
pub mod secret;
pub mod thread;

/// Looks up an environment variable; one that is empty is not set.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The number of a run of a workflow, and which attempt at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunNumber {
    pub id: u64,
    pub attempt: u64,
}
