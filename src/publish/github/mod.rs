//! What GitHub alone has: pull requests to be looked up, statuses, check runs. Answers are read with structs of our own: a
//! ready-made client's models refuse what GitHub gives (a comment without a user), and its retries repeat what may have
//! happened.

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
