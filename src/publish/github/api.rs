//! One request and its answer: what is repeated, what is waited for, where a redirect may lead.

use std::time::Instant;

use anyhow::Context;
use http::{Method, Request, Response};
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::models::Refusal;
use super::{CONFLICT, MOST_REDIRECTS, MOST_WAITS, TRIES};
use crate::publish::client::Network;
use crate::publish::context::Place;
use crate::publish::failure::{Failure, Kind, innermost, quoted};
use crate::publish::patience::{Patience, pause};
use crate::publish::secret::Secret;

/// A server, who we are there, and how long it may take.
pub struct Api<'a> {
    octocrab: Octocrab,
    base: Url,
    secret: Secret,
    patience: &'a Patience<'a>,
    /// `/repos/acme/shop`
    pub(super) repository: String,
    /// `acme/shop`
    pub(super) name: String,
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

pub(super) struct Answer {
    pub(super) status: u16,
    headers: http::HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn message(&self) -> String {
        let said = serde_json::from_str::<Refusal>(&self.text)
            .ok()
            .and_then(|refusal| refusal.message);
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
    /// Has to be called inside a runtime.
    pub fn new(
        place: &Place,
        network: &Network,
        secret: Secret,
        patience: &'a Patience<'a>,
    ) -> anyhow::Result<Self> {
        let base = Url::parse(&place.api).context("read GITHUB_API_URL")?;
        let origin = base.origin().ascii_serialization();
        let octocrab = Octocrab::builder()
            .base_uri(origin.as_str())
            .context("read GITHUB_API_URL")?
            .personal_token(secret.reveal())
            .add_header(
                http::header::ACCEPT,
                "application/vnd.github+json".to_owned(),
            )
            .add_header(
                http::HeaderName::from_static("x-github-api-version"),
                "2022-11-28".to_owned(),
            )
            .build_with_reqwest(network.client()?)
            .context("set up HTTP")?;
        let (owner, name) = (&place.repository.owner, &place.repository.name);
        Ok(Self {
            octocrab,
            base,
            secret,
            patience,
            repository: format!("/repos/{owner}/{name}"),
            name: format!("{owner}/{name}"),
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
            if tries == TRIES || !self.patience.wait(pause(tries)).await {
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
        self.patience.wait(pause(repetition)).await
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
            Failure::new(&call.doing, Kind::Garbled(said))
        })
    }

    pub(super) fn failure(&self, call: &Call<'_>, answer: &Answer) -> Failure {
        let message = self.secret.scrub(&answer.message());
        let kind = match answer.status {
            401 => Kind::Unauthorized(message),
            403 => Kind::Forbidden(message),
            404 | 410 => Kind::NotFound,
            status => Kind::Refused { status, message },
        };
        Failure::new(&call.doing, kind)
    }

    /// Limits and conflicts mean that nothing was done, so they are waited for whatever the call is.
    async fn patiently(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let mut waits = 0;
        loop {
            let answer = self.redirected(call).await?;
            let limited = answer.is_rate_limit();
            let asked = if limited {
                let number = |name: &str| answer.header(name)?.trim().parse().ok();
                self.patience.asked(number)
            } else if answer.status == 409 && waits < TRIES {
                CONFLICT
            } else {
                return Ok(answer);
            };
            waits += 1;
            if waits > MOST_WAITS || !self.patience.wait(asked).await {
                let kind = if limited {
                    Kind::RateLimited(asked)
                } else {
                    return Ok(answer);
                };
                return Err(Lost::For(Failure::new(&call.doing, kind)));
            }
        }
    }

    /// GitHub asks for the same request again elsewhere, method and body included: a repository was renamed.
    async fn redirected(&self, call: &Call<'_>) -> Result<Answer, Lost> {
        let mut target = self
            .address(&call.path)
            .map_err(|said| Lost::For(Failure::new(&call.doing, Kind::Garbled(said))))?;
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
                return Err(Lost::For(Failure::new(&call.doing, Kind::Elsewhere(host))));
            }
            target = next;
        }
        let kind = Kind::Elsewhere("one place after the other".to_owned());
        Err(Lost::For(Failure::new(&call.doing, kind)))
    }

    fn address(&self, path: &str) -> Result<Url, String> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).map_err(|error| error.to_string())
    }

    async fn once(&self, call: &Call<'_>, target: &Url) -> Result<Answer, Failure> {
        let unreachable = |said: String| {
            let said = self.secret.scrub(&said);
            Failure::new(&call.doing, Kind::Unreachable(said))
        };
        let most = self.patience.for_a_request();
        if most.is_zero() {
            return Err(unreachable("there was no time left".to_owned()));
        }
        // Without its origin: the token goes with requests to ours alone.
        let path = match target.query() {
            Some(query) => format!("{}?{query}", target.path()),
            None => target.path().to_owned(),
        };
        let request = Request::builder().method(&call.method).uri(path);
        let request = match call.body {
            Some(body) => request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body.to_string()),
            None => request.body(String::new()),
        };
        let request = request.map_err(|error| unreachable(error.to_string()))?;
        let sent = async {
            let response: Response<_> = self.octocrab.execute(request).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let text = self.octocrab.body_to_string(response).await?;
            Ok::<_, octocrab::Error>(Answer {
                status,
                headers,
                text,
            })
        };
        let started = Instant::now();
        let answered = tokio::time::timeout(most, sent).await;
        self.patience.spend(started.elapsed());
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unreachable(innermost(&error))),
            Err(_) => {
                let seconds = most.as_secs_f64();
                Err(unreachable(format!("no answer in {seconds:.1} s")))
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
