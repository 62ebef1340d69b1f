//! A small GitHub that keeps what it is told: pull requests, comments, statuses, checks. It answers over real
//! connections, and can be told to behave as badly as GitHub does on a bad day.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod answers;
pub(crate) mod fault;
pub(crate) mod http;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard};

use fault::Fault;

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// That of a workflow: a bot that may not ask for its own name.
    Workflow,
    /// The same on a pull request from a fork.
    ReadOnly,
    /// Of an app of one's own, which may not ask for its name either.
    App,
    /// Of a person called `robin`, who may write only what is hers.
    Person,
}

#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) body: String,
    /// None of a deleted account.
    pub(crate) login: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) open: bool,
    /// `owner:branch`
    pub(crate) head: String,
    pub(crate) sha: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) id: u64,
    pub(crate) sha: String,
    pub(crate) sent: serde_json::Value,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query, and without the path of the server.
    pub(crate) path: String,
    /// As it stood in the request line: a proxy gets a whole address.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

pub(crate) struct World {
    pub(crate) token: Token,
    pub(crate) pulls: Vec<Pull>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) statuses: Vec<(String, serde_json::Value)>,
    pub(crate) checks: Vec<Check>,
    pub(crate) faults: Vec<Fault>,
    /// What each commit has, where both ends of a pull request are compared; `None` refuses to compare.
    pub(crate) files: Option<Vec<(&'static str, &'static str, String)>>,
    /// No more comments by anyone.
    pub(crate) locked: bool,
    /// Whether GraphQL answers.
    pub(crate) graphql: bool,
    /// Who deleted a comment of whom.
    pub(crate) deleted: Vec<(Option<String>, Option<String>)>,
    pub(crate) asked: Vec<Asked>,
    /// More characters than this are refused.
    pub(crate) most: usize,
    next: u64,
    pub(crate) address: String,
}

impl World {
    pub(crate) fn add_comment(&mut self, number: u64, login: Option<&str>, body: &str) -> u64 {
        self.next += 1;
        self.comments.push(Comment {
            id: self.next,
            number,
            body: body.to_owned(),
            login: login.map(str::to_owned),
        });
        self.next
    }

    fn me(&self) -> &'static str {
        match self.token {
            Token::Workflow | Token::ReadOnly => BOT,
            Token::App => "perf-app[bot]",
            Token::Person => "robin",
        }
    }

    /// Those that begin with a marker of ours, on one pull request.
    pub(crate) fn marked(&self, number: u64) -> Vec<Comment> {
        let is = |c: &&Comment| c.number == number && c.body.starts_with("<!-- perfgate-gate:");
        self.comments.iter().filter(is).cloned().collect()
    }

    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        // A question to GraphQL is a POST and writes nothing.
        let is = |asked: &&Asked| {
            let asks = asked.path == "/graphql" && part != "/graphql";
            asked.method == method && asked.path.contains(part) && !asks
        };
        self.asked.iter().filter(is).count()
    }

    pub(crate) fn writes(&self) -> usize {
        self.asked
            .iter()
            .filter(|asked| asked.method != "GET" && asked.path != "/graphql")
            .count()
    }
}

pub(crate) const BOT: &str = "github-actions[bot]";
pub(crate) const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// At which every pull request left its base.
pub(crate) const BASE: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
pub(crate) const MERGE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A running one; it ends with the test.
pub(crate) struct GitHub {
    world: Arc<Mutex<World>>,
    pub(crate) url: String,
}

impl GitHub {
    /// With one open pull request, number 7, of branch `fast` at [`HEAD`].
    pub(crate) fn start() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let world = Arc::new(Mutex::new(World {
            token: Token::Workflow,
            pulls: vec![Pull {
                number: 7,
                open: true,
                head: "acme:fast".to_owned(),
                sha: HEAD.to_owned(),
            }],
            comments: Vec::new(),
            statuses: Vec::new(),
            checks: Vec::new(),
            faults: Vec::new(),
            files: Some(Vec::new()),
            locked: false,
            graphql: true,
            deleted: Vec::new(),
            asked: Vec::new(),
            most: 65_536,
            next: 1_000,
            address: String::new(),
        }));
        let serving = Arc::clone(&world);
        let port = http::serve(tls, move |request| routes::answer(&serving, request));
        let url = format!("{scheme}://127.0.0.1:{port}");
        world.lock().unwrap().address.clone_from(&url);
        Self { world, url }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn fault(&self, fault: Fault) -> &Self {
        self.world().faults.push(fault);
        self
    }

    pub(crate) fn comment(&self, login: Option<&str>, body: &str) -> u64 {
        self.world().add_comment(7, login, body)
    }
}
