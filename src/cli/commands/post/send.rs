//! Posting, for `post` and for `check --post`: the place is found, the message sent, and what went wrong is one
//! warning. Only `required` lets it change an exit code.

use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use crate::cli::args::PostFlags;
use crate::cli::commands::post::gate_changes;
use crate::cli::commands::post::message::Message;
use crate::cli::commands::post::place::{Destination, Nowhere, find};
use crate::cli::commands::post::request::{Content, PostRequest};
use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::publish::RunNumber;
use crate::publish::api::{Api, Reach, Server};
use crate::publish::client::Network;
use crate::publish::comment::Marker;
use crate::publish::context;
use crate::publish::failure::Failure;
use crate::publish::github::{CheckRun, FoundPull, GitHub, Status};
use crate::publish::gitlab;
use crate::publish::retry_budget::RetryBudget;
use crate::publish::thread::{Thread, Upsert, Written};
use crate::report::{self, Document};

/// What became of it.
#[derive(Default)]
pub(crate) struct Posted {
    written: Option<Written>,
    /// Why there is no comment, where that is in order.
    none: Option<&'static str>,
    failed: bool,
}

impl Posted {
    /// For the steps that follow.
    pub(crate) fn outputs(&self) -> Vec<(String, String)> {
        let url = self.written.as_ref().and_then(Written::url);
        let pair = |url: &str| ("comment-url".to_owned(), url.to_owned());
        url.map(pair).into_iter().collect()
    }

    pub(crate) fn was_delivered(&self) -> bool {
        let is_there = self
            .written
            .as_ref()
            .is_some_and(|w| *w != Written::Removed);
        is_there && !self.failed
    }

    /// What became of the comment, and where it is to be seen.
    pub(crate) fn line(&self) -> Option<String> {
        let (what, url) = match self.written.as_ref() {
            Some(Written::Created(url)) => ("created", url),
            Some(Written::Updated(url)) => ("updated", url),
            Some(Written::Unchanged(url)) => ("unchanged", url),
            Some(Written::Newer(url)) => ("left to a newer run", url),
            Some(Written::NotWanted) => return Some("no comment: nothing failed".to_owned()),
            Some(Written::Removed) => {
                let why = "no comment: an earlier one was deleted, and nothing failed; the summary has the report";
                return Some(why.to_owned());
            }
            None => return self.none.map(|why| format!("no comment: {why}")),
        };
        let url = url.as_deref().unwrap_or_default();
        Some(format!("comment {what} {url}").trim_end().to_owned())
    }

    pub(crate) fn exit(&self, exit: Exit, required: bool) -> Exit {
        if self.failed && required {
            Exit::Error
        } else {
            exit
        }
    }
}

/// An error is what cannot be right anywhere: a certificate that is none, a repository that is no name. What may
/// happen on a good day (no network, no permission) is in the answer, and told.
pub(crate) fn send(order: &PostRequest<'_>, output: &mut Output<'_>) -> anyhow::Result<Posted> {
    let (destination, secret) = match find(order.flags, order.env)? {
        Ok(found) => found,
        Err(Nowhere::None(why)) => {
            return Ok(Posted {
                none: Some(why),
                ..Posted::default()
            });
        }
        Err(Nowhere::Unable { why, hint }) => return Ok(unable(order, output, &why, hint)),
    };
    let message = Message::of(order, &destination)?;
    let (server, base) = match &destination {
        Destination::GitHub(place) => (Server::GitHub, place.api.as_str()),
        Destination::GitLab { place, .. } => (Server::GitLab, place.api.as_str()),
    };
    let network = Network::of(&order.env.lookup(), order.flags.ca.clone());
    let reach = Reach {
        server,
        base,
        network: &network,
        secret,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start posting")?;
    let sleep = |time: Duration| -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(tokio::time::sleep(time))
    };
    let budget = RetryBudget::new(order.flags.post_timeout, &sleep, &SystemTime::now);
    let mut posted = Posted::default();
    let mut told = None;
    let outcome = runtime.block_on(async {
        let mut posting = Posting {
            api: &Api::new(reach, &budget)?,
            message: &message,
            flags: order.flags,
            found: OnceCell::new(),
        };
        if let Some(better) = posting.with_gate_changes(order, &destination).await? {
            posting.message = &*told.insert(better);
        }
        anyhow::Ok(match &destination {
            Destination::GitHub(place) => posting.github(place, &mut posted).await,
            Destination::GitLab { place, request } => {
                posting.gitlab(place, *request, &mut posted).await
            }
        })
    })?;
    if let Err(failure) = outcome {
        posted.failed = true;
        let hint = failure.hint();
        warn(order, output, &format!("not posted: {failure}"), hint);
    }
    Ok(posted)
}

/// Nothing could be tried.
fn unable(order: &PostRequest<'_>, output: &mut Output<'_>, why: &str, hint: &str) -> Posted {
    warn(order, output, &format!("not posted: {why}"), hint);
    Posted {
        failed: true,
        ..Posted::default()
    }
}

/// One line, which GitHub shows at the run.
fn warn(order: &PostRequest<'_>, output: &mut Output<'_>, what: &str, hint: &str) {
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
    message: &'a Message,
    flags: &'a PostFlags,
    /// Which pull requests, once that is known.
    found: OnceCell<FoundPull>,
}

/// What a marker says of a run.
struct Origin<'a> {
    gate: &'a str,
    run: Option<RunNumber>,
}

impl Posting<'_> {
    /// The message again, with what the pull request changes of the gate that judged it.
    async fn with_gate_changes(
        &self,
        order: &PostRequest<'_>,
        to: &Destination,
    ) -> anyhow::Result<Option<Message>> {
        let Content::Verdict {
            document,
            template,
            is_from_elsewhere: true,
        } = order.content
        else {
            return Ok(None);
        };
        let Destination::GitHub(place) = to else {
            return Ok(None);
        };
        let github = GitHub {
            api: self.api,
            repository: &place.repository,
        };
        // Where it cannot be found now, posting says why.
        let Ok(found) = github.find(&place.request).await else {
            return Ok(None);
        };
        let found = self.found.get_or_init(|| found);
        let FoundPull::Numbers(numbers) = found else {
            return Ok(None);
        };
        let Some(number) = numbers.first() else {
            return Ok(None);
        };
        let document = Document {
            base_rules: Some(gate_changes::look(&github, *number, document).await),
            ..document.clone()
        };
        let order = PostRequest {
            content: Content::Verdict {
                document: &document,
                template,
                is_from_elsewhere: false,
            },
            ..*order
        };
        Message::of(&order, to).map(Some)
    }

    /// The comment first: it is what people read. A failure of one does not keep the others back.
    async fn github(
        &self,
        place: &context::PullRequestPlace,
        posted: &mut Posted,
    ) -> Result<(), Failure> {
        let github = GitHub {
            api: self.api,
            repository: &place.repository,
        };
        let found = match self.found.get() {
            Some(found) => found.clone(),
            None => github.find(&place.request).await?,
        };
        let origin = Origin {
            gate: &place.gate,
            run: place.run,
        };
        let comment = match &found {
            // Nothing tells which of them the run belongs to, and what was measured is the head of each.
            FoundPull::Numbers(numbers) => {
                let mut outcome = Ok(());
                for number in numbers {
                    let thread = Thread::github(&place.repository.to_string(), *number);
                    let marker = self.marker(&origin, place.head.clone());
                    outcome = outcome.and(self.comment(&thread, &marker, posted).await);
                }
                outcome
            }
            FoundPull::None(why) => {
                posted.none = Some(*why);
                Ok(())
            }
        };
        if self.flags.status.is_none() && self.flags.check_run.is_none() {
            return comment;
        }
        let sha = match (&place.head, found) {
            (Some(sha), _) => sha.clone(),
            (None, FoundPull::Numbers(numbers)) => match numbers.first() {
                Some(number) => github.head(*number).await?,
                None => return comment,
            },
            (None, FoundPull::None(_)) => return comment,
        };
        let marker = self.marker(&origin, Some(sha.clone()));
        let url = place.run_url.as_deref();
        let checks = self.checks(&github, &Commit { sha, marker, url }).await;
        comment.and(checks)
    }

    async fn gitlab(
        &self,
        place: &gitlab::MergeRequestPlace,
        request: u64,
        posted: &mut Posted,
    ) -> Result<(), Failure> {
        let thread = Thread::gitlab(place.project, request, place.page.as_deref());
        let origin = Origin {
            gate: &place.gate,
            run: place.run,
        };
        let marker = self.marker(&origin, place.head.clone());
        self.comment(&thread, &marker, posted).await
    }

    fn marker(&self, origin: &Origin<'_>, sha: Option<String>) -> Marker {
        let gate = self.flags.id.as_deref().unwrap_or(origin.gate);
        Marker::new(gate, sha, origin.run)
    }

    async fn comment(
        &self,
        thread: &Thread,
        marker: &Marker,
        posted: &mut Posted,
    ) -> Result<(), Failure> {
        let upsert = Upsert {
            thread,
            marker,
            text: &self.message.text,
            when: self.message.when,
            is_needed: self.message.is_needed,
        };
        posted.written = Some(self.api.upsert(&upsert).await?);
        Ok(())
    }

    async fn checks(&self, github: &GitHub<'_>, commit: &Commit<'_>) -> Result<(), Failure> {
        let Message {
            text,
            sentence,
            conclusion,
            notes,
            ..
        } = self.message;
        let (sha, url) = (commit.sha.as_str(), commit.url);
        let mut outcome = Ok(());
        if let Some(name) = &self.flags.status {
            let status = Status {
                name,
                sha,
                conclusion: *conclusion,
                sentence,
                url,
            };
            outcome = github.status(&status).await;
        }
        if let Some(name) = &self.flags.check_run {
            let check = CheckRun {
                name,
                sha,
                conclusion: *conclusion,
                title: sentence,
                text,
                notes,
                url,
                marker: &commit.marker,
            };
            outcome = outcome.and(github.check(&check).await);
        }
        outcome
    }
}

/// What statuses and checks belong to.
struct Commit<'a> {
    sha: String,
    marker: Marker,
    url: Option<&'a str>,
}
