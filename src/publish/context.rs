//! From GitHub's environment and event to a place to publish at: which server and repository, which pull request or
//! how to find it, which commit, which run. Pure: nothing is looked up here.

use std::fmt;

use serde_json::Value;

use super::{RunNumber, Variables};

/// Where something is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestPlace {
    /// Without a slash at the end; an Enterprise server has a path here.
    pub api: String,
    pub repository: Repository,
    pub request: Request,
    /// The commit that statuses and checks belong to, where the event knows it.
    pub head: Option<String>,
    /// The run that measured.
    pub run: Option<RunNumber>,
    /// The page of that run.
    pub run_url: Option<String>,
    /// What tells gates of one pull request apart, where the user does not: workflow and job.
    pub gate: String,
}

/// `owner/name`, safe in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    pub owner: String,
    pub name: String,
}

/// Which pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Number(u64),
    /// The open one of this branch (`owner:branch`), if its head still is this commit. A fork's event names no number.
    Branch {
        head: String,
        sha: String,
    },
    /// The open one whose head is this commit.
    Commit(String),
    /// There is none, and why.
    None(&'static str),
}

/// Why there is no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextError {
    NoRepository,
    BadRepository(String),
    BadUrl(String),
    /// Of an event that is always of a pull request.
    NoPullRequest(String),
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRepository => f.write_str("GITHUB_REPOSITORY is not set"),
            Self::BadRepository(text) => {
                write!(f, "GITHUB_REPOSITORY: `{text}` is not owner/name")
            }
            Self::BadUrl(text) => write!(f, "GITHUB_API_URL: `{text}` is not an http address"),
            Self::NoPullRequest(event) => write!(
                f,
                "GITHUB_EVENT_PATH: the event `{event}` names no number of a pull request"
            ),
        }
    }
}

impl std::error::Error for ContextError {}

impl PullRequestPlace {
    /// `number` is what the user says; it comes before the event.
    pub fn of(
        get: &Variables<'_>,
        event: Option<&Value>,
        number: Option<u64>,
    ) -> Result<Self, ContextError> {
        let repository = get("GITHUB_REPOSITORY").ok_or(ContextError::NoRepository)?;
        let repository = Repository::parse(&repository)?;
        let server = get("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
        let event = Event {
            name: get("GITHUB_EVENT_NAME").unwrap_or_default(),
            value: event.unwrap_or(&Value::Null),
            sha: get("GITHUB_SHA").filter(|sha| is_sha(sha)),
        };
        let run = event.run(get);
        let found = event.request();
        // Without any event the commit is all that there is; one that lacks its own pull request is a broken one.
        if number.is_none()
            && !event.value.is_null()
            && event.name.starts_with("pull_request")
            && !matches!(found, Request::Number(_))
        {
            return Err(ContextError::NoPullRequest(event.name));
        }
        let request = match number {
            Some(number) => Request::Number(number),
            None => found.clone(),
        };
        let head = event
            .head()
            // A number of the user's may be another pull request than that of the event.
            .filter(|_| number.is_none() || found == request);
        Ok(Self {
            api: api(get)?,
            request,
            head,
            run,
            run_url: run.map(|run| {
                let (server, id) = (server.trim_end_matches('/'), run.id);
                format!("{server}/{repository}/actions/runs/{id}")
            }),
            gate: event.gate(get),
            repository,
        })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl Repository {
    fn parse(text: &str) -> Result<Self, ContextError> {
        let bad = || ContextError::BadRepository(text.to_owned());
        let (owner, name) = text.split_once('/').ok_or_else(bad)?;
        let plain = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && part.chars().all(allowed) && !part.chars().all(|c| c == '.')
        };
        if !plain(owner) || !plain(name) {
            return Err(bad());
        }
        Ok(Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

fn api(get: &Variables<'_>) -> Result<String, ContextError> {
    let text = get("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    let is_http = url::Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if !is_http {
        return Err(ContextError::BadUrl(text));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Forty hexadecimal digits, or sixty-four.
fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

struct Event<'a> {
    name: String,
    value: &'a Value,
    /// `GITHUB_SHA`, which on a pull request is a merge commit that nobody knows.
    sha: Option<String>,
}

impl Event<'_> {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.value.pointer(pointer)?.as_str()
    }

    fn sha_at(&self, pointer: &str) -> Option<String> {
        let sha = self.text(pointer).filter(|sha| is_sha(sha));
        sha.map(str::to_owned)
    }

    fn number(&self, pointer: &str) -> Option<u64> {
        self.value.pointer(pointer)?.as_u64()
    }

    fn request(&self) -> Request {
        match self.name.as_str() {
            "workflow_run" => self.of_another_run(),
            "merge_group" => Request::None("a merge queue tests several pull requests at once"),
            "schedule" => Request::None("a scheduled run belongs to no pull request"),
            "issue_comment" => match self.number("/issue/number") {
                Some(number) if self.value.pointer("/issue/pull_request").is_some() => {
                    Request::Number(number)
                }
                _ => Request::None("the comment stands on an issue"),
            },
            _ => match (self.number("/pull_request/number"), self.head()) {
                (Some(number), _) => Request::Number(number),
                (None, Some(sha)) => Request::Commit(sha),
                (None, None) => Request::None("the event names no pull request and no commit"),
            },
        }
    }

    /// The workflow that measured ended, and this one publishes. Its list of pull requests is empty for forks, and
    /// what its artifacts say is not believed: the branch and the commit of the event are looked up.
    fn of_another_run(&self) -> Request {
        let Some(sha) = self.sha_at("/workflow_run/head_sha") else {
            return Request::None("the event names no commit");
        };
        match self.text("/workflow_run/event") {
            Some("merge_group") => {
                return Request::None("a merge queue tests several pull requests at once");
            }
            Some("schedule") => {
                return Request::None("a scheduled run belongs to no pull request");
            }
            Some(event) if event.starts_with("pull_request") => {}
            _ => return Request::Commit(sha),
        }
        let owner = self.text("/workflow_run/head_repository/owner/login");
        match (owner, self.text("/workflow_run/head_branch")) {
            (Some(owner), Some(branch)) => Request::Branch {
                head: format!("{owner}:{branch}"),
                sha,
            },
            _ => Request::None("the branch or its repository is gone"),
        }
    }

    fn head(&self) -> Option<String> {
        match self.name.as_str() {
            "workflow_run" => self.sha_at("/workflow_run/head_sha"),
            "issue_comment" => None,
            "merge_group" => self
                .sha_at("/merge_group/head_sha")
                .or_else(|| self.sha.clone()),
            _ if self.value.get("pull_request").is_some() => self.sha_at("/pull_request/head/sha"),
            _ => self.sha.clone(),
        }
    }

    fn run(&self, get: &Variables<'_>) -> Option<RunNumber> {
        if self.name == "workflow_run" {
            return Some(RunNumber {
                id: self.number("/workflow_run/id")?,
                attempt: self.number("/workflow_run/run_attempt").unwrap_or(1),
            });
        }
        let number = |name| get(name)?.parse().ok();
        Some(RunNumber {
            id: number("GITHUB_RUN_ID")?,
            attempt: number("GITHUB_RUN_ATTEMPT").unwrap_or(1),
        })
    }

    fn gate(&self, get: &Variables<'_>) -> String {
        let measured = match self.name.as_str() {
            "workflow_run" => self.text("/workflow_run/name").map(str::to_owned),
            _ => get("GITHUB_WORKFLOW"),
        };
        let parts = [measured, get("GITHUB_JOB")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            "default".to_owned()
        } else {
            parts.join("/")
        }
    }
}

#[cfg(test)]
#[path = "context/tests.rs"]
mod tests;
