//! What only GraphQL tells: whose token it is, and which comments of a pull request were deleted by whom.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::publish::api::{Api, Call};

/// A pull request, as GraphQL asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    pub owner: String,
    pub name: String,
    pub number: u64,
}

/// Who asks, and what became of earlier comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::publish) struct Past {
    /// As REST calls it: `github-actions[bot]`.
    me: String,
    /// Somebody deleted a comment that somebody else wrote.
    deleted: Vec<Deleted>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Deleted {
    by: Option<String>,
    author: Option<String>,
}

const QUERY: &str = include_str!("timeline.graphql");

/// The suffix of an app in REST and of the viewer, which authors do not have.
const APP: &str = "[bot]";

#[derive(Deserialize)]
struct Answered {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    viewer: Actor,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(rename = "pullRequest")]
    pull: Option<PullRequest>,
}

#[derive(Deserialize)]
struct PullRequest {
    #[serde(rename = "timelineItems")]
    timeline: Timeline,
}

#[derive(Deserialize)]
struct Timeline {
    nodes: Vec<Option<Event>>,
}

#[derive(Deserialize)]
struct Event {
    actor: Option<Actor>,
    #[serde(rename = "deletedCommentAuthor")]
    author: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

impl Actor {
    /// As REST writes it. No person can have a name with brackets, so nobody can be called like an app.
    fn name(self) -> String {
        if self.kind == "Bot" && !self.login.ends_with(APP) {
            self.login + APP
        } else {
            self.login
        }
    }
}

impl Past {
    pub(in crate::publish) fn is_me(&self, login: Option<&str>) -> bool {
        login == Some(self.me.as_str())
    }

    /// Someone other than us deleted a comment of ours: it was not wanted there.
    pub(in crate::publish) fn was_removed(&self) -> bool {
        self.deleted.iter().any(|deleted| {
            self.is_me(deleted.author.as_deref()) && !self.is_me(deleted.by.as_deref())
        })
    }
}

impl Api<'_> {
    /// One try, and `None` where the server does not tell: posting does not depend on it.
    pub(in crate::publish) async fn past(&self, pull: &Pull) -> Option<Past> {
        let Pull {
            owner,
            name,
            number,
        } = pull;
        let variables = json!({"owner": owner, "name": name, "number": number});
        let body = json!({"query": QUERY, "variables": variables});
        let call = Call {
            method: Method::POST,
            path: Self::GRAPHQL.to_owned(),
            body: Some(&body),
            doing: format!("ask what became of the comments on {owner}/{name}#{number}"),
        };
        let answered: Answered = self.ask_once(&call).await?;
        let data = answered.data?;
        let events = data
            .repository
            .and_then(|repository| repository.pull)
            .map_or_else(Vec::new, |pull| pull.timeline.nodes);
        let deleted = events.into_iter().flatten().map(|event| Deleted {
            by: event.actor.map(Actor::name),
            author: event.author.map(Actor::name),
        });
        Some(Past {
            me: data.viewer.name(),
            deleted: deleted.collect(),
        })
    }
}
