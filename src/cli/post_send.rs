//! Posting, for `post` and for `check --post`: the place is found, the message sent, and what went wrong is one
//! warning. Only `required` lets it change an exit code.

use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use super::args::PostFlags;
use super::env::Env;
use super::output::Output;
use super::post_message::Message;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::publish::ci::Ci;
use crate::publish::client::Network;
use crate::publish::comment::Marker;
use crate::publish::context::{Place, Request};
use crate::publish::failure::Failure;
use crate::publish::github::{Api, CheckRun, Found, Status, Upsert, Written};
use crate::publish::patience::Patience;
use crate::publish::secret::Secret;
use crate::report::{self, Document};

/// What is to be posted.
pub(super) struct Order<'a> {
    pub(super) document: &'a Document,
    pub(super) template: Option<&'a str>,
    pub(super) flags: &'a PostFlags,
    pub(super) env: &'a Env,
    pub(super) required: bool,
}

/// What became of it.
#[derive(Default)]
pub(super) struct Posted {
    written: Option<Written>,
    /// Why there is no comment, where that is in order.
    none: Option<&'static str>,
    failed: bool,
}

impl Posted {
    /// For the steps that follow.
    pub(super) fn outputs(&self) -> Vec<(String, String)> {
        let url = self.written.as_ref().and_then(Written::url);
        let pair = |url: &str| ("comment-url".to_owned(), url.to_owned());
        url.map(pair).into_iter().collect()
    }

    pub(super) fn was_delivered(&self) -> bool {
        self.written.is_some() && !self.failed
    }

    /// Where a comment is to be seen, and since when.
    pub(super) fn line(&self) -> Option<String> {
        let (what, url) = match self.written.as_ref() {
            Some(Written::Created(url)) => ("created", url),
            Some(Written::Updated(url)) => ("updated", url),
            Some(Written::Unchanged(url)) => ("unchanged", url),
            Some(Written::Newer(url)) => ("left to a newer run", url),
            Some(Written::NotWanted) => return Some("no comment: nothing failed".to_owned()),
            None => return self.none.map(|why| format!("no comment: {why}")),
        };
        let url = url.as_deref().unwrap_or_default();
        Some(format!("comment {what} {url}").trim_end().to_owned())
    }

    pub(super) fn exit(&self, exit: Exit, required: bool) -> Exit {
        if self.failed && required {
            Exit::Error
        } else {
            exit
        }
    }
}

/// An error is what cannot be right anywhere: a certificate that is none, a repository that is no name. What may
/// happen on a good day (no network, no permission) is in the answer, and told.
pub(super) fn send(order: &Order<'_>, output: &mut Output<'_>) -> anyhow::Result<Posted> {
    let get = order.env.lookup();
    let message = Message::of(order)?;
    if order.env.get("GITHUB_REPOSITORY").is_none() {
        let why = match Ci::detect(&get) {
            Some(ci) => format!("{ci:?} names no repository of GitHub"),
            None => "this is no CI job that is known".to_owned(),
        };
        let hint = "GITHUB_REPOSITORY=owner/name and --pr NUMBER say where to";
        return Ok(unable(order, output, &why, hint));
    }
    let place = Place::of(&get, order.env.event().as_ref(), order.flags.pr)
        .context("find the pull request")?;
    let asks_nothing = matches!(place.request, Request::None(_))
        && order.flags.status.is_none()
        && order.flags.check_run.is_none();
    if let (Request::None(why), true) = (&place.request, asks_nothing) {
        return Ok(Posted {
            none: Some(why),
            ..Posted::default()
        });
    }
    let token = order.env.get("GITHUB_TOKEN").or(order.env.get("GH_TOKEN"));
    let Some(token) = token.and_then(Secret::new) else {
        let why = "GITHUB_TOKEN is not set, or is no token";
        let hint = "`env: GITHUB_TOKEN: ${{ github.token }}` gives a step its token";
        return Ok(unable(order, output, why, hint));
    };
    let network = Network::of(&get, order.flags.ca.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start posting")?;
    let sleep = |time: Duration| -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(tokio::time::sleep(time))
    };
    let patience = Patience::new(order.flags.post_timeout, &sleep, &SystemTime::now);
    let mut posted = Posted::default();
    let outcome = runtime.block_on(async {
        let api = Api::new(&place, &network, token, &patience)?;
        let posting = Posting {
            api: &api,
            place: &place,
            message: &message,
            flags: order.flags,
        };
        anyhow::Ok(posting.all(&mut posted).await)
    })?;
    if let Err(failure) = outcome {
        posted.failed = true;
        let hint = failure.hint();
        warn(order, output, &format!("not posted: {failure}"), hint);
    }
    Ok(posted)
}

/// Nothing could be tried.
fn unable(order: &Order<'_>, output: &mut Output<'_>, why: &str, hint: &str) -> Posted {
    warn(order, output, &format!("not posted: {why}"), hint);
    Posted {
        failed: true,
        ..Posted::default()
    }
}

/// One line, which GitHub shows at the run.
fn warn(order: &Order<'_>, output: &mut Output<'_>, what: &str, hint: &str) {
    if order.required {
        let error = Err::<(), _>(anyhow!("{what}")).hint(hint);
        return error.unwrap_or_else(|error| output.error(&error));
    }
    if order.env.in_github_actions() {
        let message = format!("{what}; {hint}");
        output.diagnostics(&report::warning("perfgate", &message));
    } else {
        output.warn(what);
        output.note(&format!("hint: {hint}"));
    }
}

struct Posting<'a> {
    api: &'a Api<'a>,
    place: &'a Place,
    message: &'a Message,
    flags: &'a PostFlags,
}

impl Posting<'_> {
    /// The comment first: it is what people read. A failure of one does not keep the others back.
    async fn all(&self, posted: &mut Posted) -> Result<(), Failure> {
        let found = self.api.find(&self.place.request).await?;
        let comment = match found {
            Found::Number(number) => self.comment(number, posted).await,
            Found::None(why) => {
                posted.none = Some(why);
                Ok(())
            }
        };
        let checks = self.checks(&found).await;
        comment.and(checks)
    }

    fn marker(&self, sha: Option<String>) -> Marker {
        let gate = self.flags.id.as_deref().unwrap_or(&self.place.gate);
        Marker::new(gate, sha, self.place.run)
    }

    async fn comment(&self, number: u64, posted: &mut Posted) -> Result<(), Failure> {
        let upsert = Upsert {
            number,
            marker: &self.marker(self.place.head.clone()),
            text: &self.message.text,
            when: self.message.when,
        };
        posted.written = Some(self.api.upsert(&upsert).await?);
        Ok(())
    }

    async fn checks(&self, found: &Found) -> Result<(), Failure> {
        let (status, check) = (&self.flags.status, &self.flags.check_run);
        if status.is_none() && check.is_none() {
            return Ok(());
        }
        let sha = match (&self.place.head, found) {
            (Some(sha), _) => sha.clone(),
            (None, Found::Number(number)) => self.api.head(*number).await?,
            (None, Found::None(_)) => return Ok(()),
        };
        let url = self.place.run_url.as_deref();
        let Message {
            text,
            sentence,
            conclusion,
            ..
        } = self.message;
        let mut outcome = Ok(());
        if let Some(name) = status {
            let status = Status {
                name,
                sha: &sha,
                conclusion: *conclusion,
                sentence,
                url,
            };
            outcome = self.api.status(&status).await;
        }
        if let Some(name) = check {
            let check = CheckRun {
                name,
                sha: &sha,
                conclusion: *conclusion,
                title: sentence,
                text,
                url,
                marker: &self.marker(Some(sha.clone())),
            };
            outcome = outcome.and(self.api.check(&check).await);
        }
        outcome
    }
}
