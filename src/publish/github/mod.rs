//! What GitHub alone has: pull requests to be looked up, statuses, check runs. octocrab carries the requests, and everything
//! that is decided about them is decided here: its own models refuse answers that GitHub gives (a comment without a
//! user), and its own retries repeat what may have happened.

mod checks;
mod ends;
mod pulls;
mod timeline;

pub use checks::{CheckRun, Conclusion, Note, Status};
pub use ends::{ChangedFile, Ends};
pub use pulls::FoundPull;
pub(in crate::publish) use timeline::Past;
pub use timeline::Pull;

use super::api::Api;
use super::context::Repository;

/// One repository on one server.
pub struct GitHub<'a> {
    pub api: &'a Api<'a>,
    pub repository: &'a Repository,
}

impl GitHub<'_> {
    /// A route of the repository.
    fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }
}
