//! Which pull request it is, where the event does not say it.

use url::form_urlencoded::byte_serialize;

use super::api::Api;
use super::models::Pull;
use super::{MOST_PAGES, PAGE};
use crate::publish::context::Request;
use crate::publish::failure::{Failure, Kind};

/// What became of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Number(u64),
    /// None, and why.
    None(&'static str),
}

impl Api<'_> {
    pub async fn find(&self, request: &Request) -> Result<Found, Failure> {
        let (sha, pulls) = match request {
            Request::Number(number) => return Ok(Found::Number(*number)),
            Request::None(why) => return Ok(Found::None(why)),
            Request::Branch { head, sha } => {
                let head: String = byte_serialize(head.as_bytes()).collect();
                let path = format!("{}/pulls?state=open&head={head}", self.repository);
                let doing = format!("look for the pull request of {sha} in {}", self.name);
                (sha, self.pulls(&path, &doing).await?)
            }
            Request::Commit(sha) => {
                let path = format!("{}/commits/{sha}/pulls?", self.repository);
                let doing = format!("look for the pull request of {sha} in {}", self.name);
                match self.pulls(&path, &doing).await {
                    // A commit that the server does not know yet.
                    Err(Failure {
                        kind: Kind::NotFound | Kind::Refused { status: 422, .. },
                        ..
                    }) => (sha, Vec::new()),
                    pulls => (sha, pulls?),
                }
            }
        };
        let is_it = |pull: &&Pull| {
            pull.head.sha == *sha && pull.state.as_deref().is_none_or(|state| state == "open")
        };
        let number = pulls.iter().filter(is_it).map(|pull| pull.number).min();
        Ok(match number {
            Some(number) => Found::Number(number),
            None if pulls.is_empty() => Found::None("no open pull request has this commit"),
            None => Found::None("the pull request has a newer commit by now"),
        })
    }

    /// The commit that a pull request ends in.
    pub async fn head(&self, number: u64) -> Result<String, Failure> {
        let path = format!("{}/pulls/{number}", self.repository);
        let doing = format!("read {}#{number}", self.name);
        let pull: Pull = self.get(path, doing).await?;
        Ok(pull.head.sha)
    }

    async fn pulls(&self, path: &str, doing: &str) -> Result<Vec<Pull>, Failure> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let joint = if path.ends_with('?') { "" } else { "&" };
            let path = format!("{path}{joint}per_page={PAGE}&page={page}");
            let pulls: Vec<Pull> = self.get(path, doing.to_owned()).await?;
            let last = pulls.len() < PAGE;
            all.extend(pulls);
            if last {
                break;
            }
        }
        Ok(all)
    }
}
