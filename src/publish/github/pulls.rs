//! Which pull request it is, where the event does not say it.

use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::GitHub;
use crate::publish::context::Request;
use crate::publish::failure::{Failure, FailureKind};

/// As little of a pull request as is needed.
#[derive(Clone, Debug, Deserialize)]
struct Pull {
    number: u64,
    state: Option<String>,
    head: Head,
}

#[derive(Clone, Debug, Deserialize)]
struct Head {
    sha: String,
}

/// What became of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundPull {
    /// At least one: a branch can be proposed to several others at once.
    Numbers(Vec<u64>),
    /// None, and why.
    None(&'static str),
}

impl GitHub<'_> {
    pub async fn find(&self, request: &Request) -> Result<FoundPull, Failure> {
        let (sha, pulls): (_, Vec<Pull>) = match request {
            Request::Number(number) => return Ok(FoundPull::Numbers(vec![*number])),
            Request::None(why) => return Ok(FoundPull::None(why)),
            Request::Branch { head, sha } => {
                let head: String = byte_serialize(head.as_bytes()).collect();
                let path = self.route(&format!("pulls?state=open&head={head}"));
                let doing = format!("look for the pull request of {sha} in {}", self.repository);
                (sha, self.api.list(&path, &doing).await?)
            }
            Request::Commit(sha) => {
                let path = self.route(&format!("commits/{sha}/pulls"));
                let doing = format!("look for the pull request of {sha} in {}", self.repository);
                match self.api.list(&path, &doing).await {
                    // A commit that the server does not know yet.
                    Err(Failure {
                        kind: FailureKind::NotFound | FailureKind::Refused { status: 422, .. },
                        ..
                    }) => (sha, Vec::new()),
                    pulls => (sha, pulls?),
                }
            }
        };
        let is_it = |pull: &&Pull| {
            pull.head.sha == *sha && pull.state.as_deref().is_none_or(|state| state == "open")
        };
        let mut numbers: Vec<u64> = pulls.iter().filter(is_it).map(|p| p.number).collect();
        numbers.sort_unstable();
        Ok(if !numbers.is_empty() {
            FoundPull::Numbers(numbers)
        } else if pulls.is_empty() {
            FoundPull::None("no open pull request has this commit")
        } else {
            FoundPull::None("the pull request has a newer commit by now")
        })
    }

    /// The commit that a pull request ends in.
    pub async fn head(&self, number: u64) -> Result<String, Failure> {
        let path = self.route(&format!("pulls/{number}"));
        let doing = format!("read {}#{number}", self.repository);
        let pull: Pull = self.api.get(path, doing).await?;
        Ok(pull.head.sha)
    }
}
