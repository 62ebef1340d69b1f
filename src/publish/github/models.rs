//! What is read of GitHub's answers: as little as is needed, and nothing that GitHub may leave out.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) body: Option<String>,
    pub(super) html_url: Option<String>,
    /// Gone where the account is.
    pub(super) user: Option<User>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) login: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) state: Option<String>,
    pub(super) head: Head,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Head {
    pub(super) sha: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CheckRuns {
    pub(super) check_runs: Vec<CheckRun>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) external_id: Option<String>,
}

/// The words that come with a refusal.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) message: Option<String>,
}
