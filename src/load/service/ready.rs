//! Whether a service is ready: its URL answers with the expected status, and nothing else answered there before.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::hint::WithHint;
use crate::load::group::{Pauses, ProcessGroup};
use crate::load::provider;
use crate::load::scenario::Ready;

/// The longest time between two questions, and how often it is looked meanwhile whether the service has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// A question that takes longer is asked again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a service is not ready.
pub(super) enum Unready {
    /// It ended; the text says how.
    Ended(String),
    /// It did not answer as expected in time; the text says what the last attempt met.
    Late(String),
}

/// Asks the URL of a service until it is ready.
pub(super) struct ReadyCheck<'a> {
    ready: &'a Ready,
    url: Url,
    client: reqwest::Client,
}

impl<'a> ReadyCheck<'a> {
    pub(super) fn new(ready: &'a Ready) -> anyhow::Result<Self> {
        provider::install();
        let url = Url::parse(&ready.url)
            .with_context(|| format!("read the ready URL `{}` of the service", ready.url))?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Each question opens a connection: one that is kept open would be load of its own on the service.
            .pool_max_idle_per_host(0)
            // This only asks whether the service answers. The load itself checks certificates.
            .tls_danger_accept_invalid_certs(true)
            .build()
            .context("prepare the ready check of the service")?;
        Ok(Self { ready, url, client })
    }

    /// Refuses to start while something else answers at the URL: it would be measured instead of the service.
    pub(super) async fn refuse_another(&self) -> anyhow::Result<()> {
        let host = self.url.host().map(|host| match host {
            url::Host::Domain(name) => name.to_owned(),
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        });
        let (Some(host), Some(port)) = (host, self.url.port_or_known_default()) else {
            return Err(anyhow!(
                "read the ready URL `{}` of the service: it names no host",
                self.ready.url
            ));
        };
        let addresses = lookup_host((host.as_str(), port))
            .await
            .with_context(|| format!("look up `{host}` of the service's ready URL"))?;
        for address in addresses {
            let connected = timeout(Duration::from_secs(1), TcpStream::connect(address)).await;
            if let Ok(Ok(_)) = connected {
                return Err(anyhow!(
                    "something else answers at {} already, and would be measured instead of the service",
                    self.ready.url
                ))
                .hint("end it, or let the service of the scenario listen on another port");
            }
        }
        Ok(())
    }

    pub(super) async fn wait(&self, processes: &mut ProcessGroup) -> Result<(), Unready> {
        let until = Instant::now() + self.ready.within;
        let mut met = "nothing answered".to_owned();
        let mut pauses = Pauses::up_to(POLL_INTERVAL);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Unready::Late(met));
            }
            let answer = self.ask(left, processes).await?;
            if let Some(ended) = processes.ended() {
                return Err(Unready::Ended(ended));
            }
            match answer {
                Answer::Status(status)
                    if [status, Ready::ANY_STATUS].contains(&self.ready.status) =>
                {
                    return Ok(());
                }
                Answer::Status(status) => {
                    met = format!("it answered {status} and not {}", self.ready.status);
                }
                Answer::None(why) => met = why,
            }
            let left = until.saturating_duration_since(Instant::now());
            sleep(pauses.next().min(left)).await;
        }
    }

    /// Asks once, and gives up at once if the service ends meanwhile.
    async fn ask(&self, left: Duration, processes: &mut ProcessGroup) -> Result<Answer, Unready> {
        let timeout_of_answer = left.min(ANSWER_TIMEOUT);
        let asked = self
            .client
            .get(self.url.clone())
            .timeout(timeout_of_answer)
            .send();
        let mut asked = std::pin::pin!(asked);
        loop {
            match timeout(POLL_INTERVAL, &mut asked).await {
                Ok(Ok(answer)) => return Ok(Answer::Status(answer.status().as_u16())),
                Ok(Err(error)) if error.is_timeout() => {
                    return Ok(Answer::None(
                        "it took the connection and gave no answer".to_owned(),
                    ));
                }
                Ok(Err(error)) => return Ok(Answer::None(innermost(&error))),
                Err(_) => {
                    if let Some(ended) = processes.ended() {
                        return Err(Unready::Ended(ended));
                    }
                }
            }
        }
    }
}

enum Answer {
    Status(u16),
    None(String),
}

/// The innermost cause, as in `Connection refused (os error 111)`, without the client's words around it.
fn innermost(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

impl Ready {
    /// For a service of which nobody says how it answers: any answer means that it is ready.
    pub const ANY_STATUS: u16 = 0;
}
