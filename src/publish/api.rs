//! One request and its answer: what is repeated, what is waited for, where a redirect may lead.

use std::time::{Duration, Instant};

use anyhow::Context;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::carrier::{Carried, Carrier};
use super::client::Network;
use super::failure::{Failure, FailureKind, innermost, quoted};
use super::retry_budget::{RetryBudget, pause};
use super::secret::Secret;
use crate::text::duration;

/// How often something that a server failed to do is tried in all.
pub(super) const TRIES: u32 = 3;

/// The most redirects that are followed for one request.
const MOST_REDIRECTS: usize = 5;

/// Waits for a limit so often at most, however short they are.
const MOST_WAITS: u32 = 8;

/// After a conflict with another writer.
const CONFLICT: Duration = Duration::from_secs(1);

/// Entries on a page; one that holds fewer is the last.
const PAGE: usize = 100;

/// Nobody has so many; a server that never ends its list must not keep us.
const MOST_PAGES: usize = 200;

/// Which kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    GitHub,
    GitLab,
}

/// A server, who we are there, and how long it may take.
pub struct Api<'a> {
    carrier: Carrier,
    base: Url,
    secret: Secret,
    budget: &'a RetryBudget<'a>,
}

/// How a server is reached.
pub struct Reach<'a> {
    pub server: Server,
    /// The address that its routes begin with.
    pub base: &'a str,
    pub network: &'a Network,
    pub secret: Secret,
}

/// What is asked for.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Behind the server's address.
    pub(super) path: String,
    pub(super) body: Option<&'a Value>,
    pub(super) doing: String,
}

/// How a call that must not be repeated blindly went wrong.
pub(super) enum Trouble {
    /// It was not done.
    Refused(Failure),
    /// It may have been done.
    Uncertain(Failure),
}

/// How one try ended without an answer that decides anything.
pub(super) enum Attempt {
    Again(Failure),
    Never(Failure),
}

pub(super) struct Answer {
    pub(super) status: u16,
    headers: http::HeaderMap,
    text: String,
}

impl From<Carried> for Answer {
    fn from(carried: Carried) -> Self {
        Self {
            status: carried.status,
            headers: carried.headers,
            text: carried.text,
        }
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's own words; GitLab has several places for them.
    fn message(&self) -> String {
        let answer: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let said = ["message", "error_description", "error"]
            .into_iter()
            .find_map(|name| answer.get(name))
            .map(|said| {
                said.as_str()
                    .map_or_else(|| said.to_string(), str::to_owned)
            });
        quoted(&said.unwrap_or_default())
    }

    /// A refusal that waiting cures; any other 403 is about permissions.
    fn is_rate_limit(&self) -> bool {
        let said = || self.message().to_lowercase().contains("rate limit");
        match self.status {
            429 => true,
            403 => {
                self.header("retry-after").is_some()
                    || self.header("x-ratelimit-remaining") == Some("0")
                    || said()
            }
            _ => false,
        }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl<'a> Api<'a> {
    /// The route of everything that is no REST.
    pub(super) const GRAPHQL: &'static str = "/graphql";

    /// Has to be called inside a runtime.
    pub fn new(reach: Reach<'_>, budget: &'a RetryBudget<'a>) -> anyhow::Result<Self> {
        let base = Url::parse(reach.base).context("read the server's address")?;
        let client = reach.network.client()?;
        let secret = reach.secret;
        let carrier = match reach.server {
            Server::GitHub => Carrier::github(client, &secret),
            Server::GitLab => Carrier::gitlab(client, &secret),
        }
        .context("set up HTTP")?;
        Ok(Self {
            carrier,
            base,
            secret,
            budget,
        })
    }

    /// A call that may be repeated as it is: reading, and writing what was written already.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut tries = 1;
        loop {
            let lost = match self.patiently(call).await {
                Ok(answer) if answer.status < 500 => return Ok(answer),
                Ok(answer) => self.failure(call, &answer),
                Err(Lost::For(failure)) => return Err(failure),
                Err(Lost::Perhaps(failure)) => failure,
            };
            if tries == TRIES || !self.budget.wait(pause(tries)).await {
                return Err(lost);
            }
            tries += 1;
        }
    }

    /// A call that makes something new: what may have happened is for the caller to find out.
    pub(super) async fn create(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        match self.patiently(call).await {
            Ok(answer) if answer.status < 500 => Ok(answer),
            Ok(answer) => Err(Trouble::Uncertain(self.failure(call, &answer))),
            Err(Lost::For(failure)) => Err(Trouble::Refused(failure)),
            Err(Lost::Perhaps(failure)) => Err(Trouble::Uncertain(failure)),
        }
    }

    /// Waits, before the call that was uncertain is looked after.
    pub(super) async fn pause(&self, repetition: u32) -> bool {
        self.budget.wait(pause(repetition)).await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: String,
        doing: String,
    ) -> Result<T, Failure> {
        let call = Call {
            method: Method::GET,
            path,
            body: None,
            doing,
        };
        let answer = self.call(&call).await?;
        self.read(&call, &answer)
    }

    /// What a single try finds out, for what is good to know and not needed.
    pub(super) async fn ask_once<T: DeserializeOwned>(&self, call: &Call<'_>) -> Option<T> {
        let answer = self.redirected(call).await.ok()?;
        self.read(call, &answer).ok()
    }

    /// All pages of a list, by their number until one is not full: a link to the next may lead anywhere.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        doing: &str,
    ) -> Result<Vec<T>, Failure> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("{path}{joint}per_page={PAGE}&page={page}");
            let entries: Vec<T> = self.get(path, doing.to_owned()).await?;
            let last = entries.len() < PAGE;
            all.extend(entries);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// What a good answer holds, or what a bad one means.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        answer: &Answer,
    ) -> Result<T, Failure> {
        if !answer.is_success() {
            return Err(self.failure(call, answer));
        }
        serde_json::from_str(&answer.text).map_err(|error| {
            let said = self.secret.scrub(&quoted(&error.to_string()));
            Failure::new(&call.doing, FailureKind::Garbled(said))
        })
    }

    pub(super) fn failure(&self, call: &Call<'_>, answer: &Answer) -> Failure {
        let message = self.secret.scrub(&answer.message());
        let kind = match answer.status {
            401 => FailureKind::Unauthorized(message),
            403 if message.to_lowercase().contains("is locked") => FailureKind::Locked,
            403 => FailureKind::Forbidden(message),
            404 | 410 => FailureKind::NotFound,
            status => FailureKind::Refused { status, message },
        };
        Failure::new(&call.doing, kind)
    }

    /// One try at a call that may not be right any more after a wait: whoever waited looks again before the next.
    pub(super) async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Attempt> {
        let answer = match self.redirected(call).await {
            Ok(answer) => answer,
            Err(Lost::For(failure)) => return Err(Attempt::Never(failure)),
            Err(Lost::Perhaps(failure)) => return Err(Attempt::Again(failure)),
        };
        if answer.is_rate_limit() {
            let asked = self.asked(&answer);
            let limited = Failure::new(&call.doing, FailureKind::RateLimited(asked));
            return Err(if self.budget.wait(asked).await {
                Attempt::Again(limited)
            } else {
                Attempt::Never(limited)
            });
        }
        if answer.status == 409 || answer.status >= 500 {
            return Err(Attempt::Again(self.failure(call, &answer)));
        }
        Ok(answer)
    }

    fn asked(&self, answer: &Answer) -> Duration {
        let number = |name: &str| answer.header(name)?.trim().parse().ok();
        self.budget.asked(number)
    }

    /// Limits and conflicts mean that nothing was done, so they are waited for whatever the call is.
    async fn patiently(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let mut waits = 0;
        loop {
            let answer = self.redirected(call).await?;
            waits += 1;
            if answer.is_rate_limit() {
                let asked = self.asked(&answer);
                if waits > MOST_WAITS || !self.budget.wait(asked).await {
                    let kind = FailureKind::RateLimited(asked);
                    return Err(Lost::For(Failure::new(&call.doing, kind)));
                }
            } else if answer.status != 409 || waits > TRIES || !self.budget.wait(CONFLICT).await {
                return Ok(answer);
            }
        }
    }

    /// GitHub asks for the same request again elsewhere, method and body included: a repository was renamed.
    async fn redirected(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let mut target = self
            .address(&call.path)
            .map_err(|said| Lost::For(Failure::new(&call.doing, FailureKind::Garbled(said))))?;
        for _ in 0..MOST_REDIRECTS {
            let answer = self.once(call, &target).await.map_err(Lost::Perhaps)?;
            if !matches!(answer.status, 301 | 302 | 307 | 308) {
                return Ok(answer);
            }
            let Some(next) = answer
                .header("location")
                .and_then(|to| target.join(to).ok())
            else {
                return Ok(answer);
            };
            if next.origin() != self.base.origin() {
                let host = quoted(next.host_str().unwrap_or("another place"));
                return Err(Lost::For(Failure::new(
                    &call.doing,
                    FailureKind::Elsewhere(host),
                )));
            }
            target = next;
        }
        let kind = FailureKind::Elsewhere("one place after the other".to_owned());
        Err(Lost::For(Failure::new(&call.doing, kind)))
    }

    fn address(&self, path: &str) -> Result<Url, String> {
        let base = self.base.as_str().trim_end_matches('/');
        // An Enterprise server has it beside its REST: `/api/v3` and `/api/graphql`.
        let base = match base.strip_suffix("/v3") {
            Some(api) if path == Self::GRAPHQL => api,
            _ => base,
        };
        Url::parse(&format!("{base}{path}")).map_err(|error| error.to_string())
    }

    async fn once(&self, call: &Call<'_>, target: &Url) -> Result<Answer, Failure> {
        let unreachable = |said: String| {
            let said = self.secret.scrub(&said);
            Failure::new(&call.doing, FailureKind::Unreachable(said))
        };
        let most = self.budget.for_a_request();
        if most.is_zero() {
            return Err(unreachable("there was no time left".to_owned()));
        }
        let body = call.body.map(Value::to_string);
        let sent = self.carrier.carry(&call.method, target, body);
        let started = Instant::now();
        let answered = tokio::time::timeout(most, sent).await;
        self.budget.spend(started.elapsed());
        match answered {
            Ok(Ok(carried)) => Ok(carried.into()),
            Ok(Err(error)) => Err(unreachable(innermost(&*error))),
            Err(_) => {
                let most = duration::text(most);
                Err(unreachable(format!("no answer in {most}")))
            }
        }
    }
}

/// How a call got no answer that can be read.
enum Lost {
    /// Nothing was done.
    For(Failure),
    /// Nobody knows.
    Perhaps(Failure),
}
