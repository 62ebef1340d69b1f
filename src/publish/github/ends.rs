//! What a pull request changes, by its two ends: the commit at which it left its base, and its head.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::byte_serialize;

use super::GitHub;
use crate::publish::api::Call;

/// The server lists no more files than this.
const MOST_FILES: usize = 300;

/// Both ends, and the files in which they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The branch that it goes to.
    pub branch: String,
    pub base: String,
    pub head: String,
    pub files: Vec<ChangedFile>,
    /// Whether these are all of the files.
    pub is_complete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    #[serde(rename = "filename")]
    pub path: String,
    /// `added`, `removed`, `modified`, `renamed`, …
    pub status: String,
    #[serde(rename = "previous_filename")]
    pub before: Option<String>,
}

#[derive(Deserialize)]
struct Pull {
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Deserialize)]
struct Compared {
    merge_base_commit: Commit,
    #[serde(default)]
    files: Vec<ChangedFile>,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[derive(Deserialize)]
struct Content {
    encoding: Option<String>,
    content: Option<String>,
}

impl GitHub<'_> {
    /// One try each, and `None` where the server does not tell: the comment says so then.
    pub async fn ends(&self, number: u64) -> Option<Ends> {
        let pull: Pull = self.look(format!("pulls/{number}")).await?;
        let (base, head) = (&pull.base.sha, &pull.head.sha);
        let compared: Compared = self
            .look(format!("compare/{base}...{head}?per_page=1"))
            .await?;
        Some(Ends {
            is_complete: compared.files.len() < MOST_FILES,
            files: compared.files,
            branch: pull.base.name,
            base: compared.merge_base_commit.sha,
            head: pull.head.sha,
        })
    }

    /// A file of text as it is at a commit that has it.
    pub async fn text_at(&self, path: &str, commit: &str) -> Option<String> {
        // A segment of a path writes a space otherwise than a query does.
        let segment = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
        let segments = path
            .split('/')
            .map(|part| segment(part).replace('+', "%20"));
        let path: Vec<String> = segments.collect();
        let route = format!("contents/{}?ref={commit}", path.join("/"));
        let content: Content = self.look(route).await?;
        if content.encoding.as_deref() != Some("base64") {
            return None;
        }
        let text: String = content.content?.split_whitespace().collect();
        String::from_utf8(STANDARD.decode(text).ok()?).ok()
    }

    async fn look<T: DeserializeOwned>(&self, route: String) -> Option<T> {
        let call = Call {
            method: Method::GET,
            doing: format!("read {route} of {}", self.repository),
            path: self.route(&route),
            body: None,
        };
        self.api.ask_once(&call).await
    }
}
