//! GitHub: octocrab carries the requests, and everything that is decided about them is decided here. Its own models
//! refuse answers that GitHub gives (a comment without a user), and its own retries repeat what may have happened.

mod api;
mod checks;
mod comments;
mod models;
mod pulls;

use std::time::Duration;

pub use api::Api;
pub use checks::{CheckRun, Conclusion, Status};
pub use comments::{Upsert, Written};
pub use pulls::Found;

/// How often something that a server failed to do is tried in all.
const TRIES: u32 = 3;

/// Entries on a page; one that holds fewer is the last.
const PAGE: usize = 100;

/// Nobody has so many; a server that never ends its list must not keep us.
const MOST_PAGES: usize = 200;

/// So many redirects in a row lead nowhere.
const MOST_REDIRECTS: usize = 5;

/// Waits for a limit so often at most, however short they are.
const MOST_WAITS: u32 = 8;

/// After a conflict with another writer.
const CONFLICT: Duration = Duration::from_secs(1);
