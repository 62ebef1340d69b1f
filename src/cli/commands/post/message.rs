//! What a document has to say to a pull request: text and words that the publishing room can carry.

use anyhow::Context;

use crate::cli::args::CommentWhen;
use crate::cli::commands::post::notes::notes;
use crate::cli::commands::post::place::Destination;
use crate::cli::commands::post::request::{Content, PostRequest};
use crate::cli::env::today;
use crate::exit::Exit;
use crate::publish::comment::When;
use crate::publish::github::{Conclusion, Note};
use crate::report::{self, Document, NotJudged};

pub(crate) struct Message {
    /// The comment, without its marker.
    pub(crate) text: String,
    /// One line.
    pub(crate) sentence: String,
    pub(crate) when: When,
    /// A fail, or no verdict at all: a pull request has to be told, whoever deleted an earlier comment.
    pub(crate) is_needed: bool,
    pub(crate) conclusion: Conclusion,
    /// At lines of files, where a check run shows them.
    pub(crate) notes: Vec<Note>,
}

impl Message {
    pub(crate) fn of(order: &PostRequest<'_>, to: &Destination) -> anyhow::Result<Self> {
        match order.content {
            Content::Verdict {
                document, template, ..
            } => Self::of_verdict(order, to, document, template),
            Content::NotJudged { reason } => Ok(Self::not_judged(order, to, reason)),
        }
    }

    /// Written by every run, and for the first time too: an old green must not stand for this commit.
    fn not_judged(order: &PostRequest<'_>, to: &Destination, reason: &str) -> Self {
        let commit = match to {
            Destination::GitHub(place) => place.head.as_deref(),
            Destination::GitLab { place, .. } => place.head.as_deref(),
        };
        let run_url = run_url(order, to);
        let told = NotJudged {
            gate: order.flags.id.as_deref(),
            commit,
            reason,
            run_url,
        };
        Self {
            text: told.markdown(),
            sentence: told.summary(),
            when: When::OnChange,
            is_needed: true,
            conclusion: Conclusion::Error,
            notes: Vec::new(),
        }
    }

    fn of_verdict(
        order: &PostRequest<'_>,
        to: &Destination,
        document: &Document,
        template: Option<&str>,
    ) -> anyhow::Result<Self> {
        let run_url = run_url(order, to);
        let place = report::CommentPlace {
            commits_url: match to {
                // The page of a run is below that of its repository.
                Destination::GitHub(_) => run_url
                    .and_then(|url| url.split_once("/actions/"))
                    .map(|(repository, _)| format!("{repository}/commit")),
                Destination::GitLab { .. } => order
                    .env
                    .get("CI_PROJECT_URL")
                    .map(|project| format!("{project}/-/commit")),
            },
            run_url: run_url.map(str::to_owned),
            table_url: order.flags.full_table.clone(),
            today: Some(today()),
        };
        Ok(Self {
            text: report::comment(document, &place, template).context("render the comment")?,
            sentence: report::summary(document),
            when: when(order.flags.comment, document),
            is_needed: document.exit_code != Exit::Pass.code(),
            conclusion: match Exit::of_verdict(document.exit_code) {
                Some(Exit::Pass) => Conclusion::Success,
                Some(Exit::Fail | Exit::Undecided) => Conclusion::Failure,
                _ => Conclusion::Error,
            },
            notes: notes(document, order.env),
        })
    }
}

/// The page of the run that measured: from the event and the environment, never from the document.
fn run_url<'p>(order: &'p PostRequest<'_>, to: &'p Destination) -> Option<&'p str> {
    match to {
        Destination::GitHub(place) => place.run_url.as_deref(),
        Destination::GitLab { .. } => order.env.get("CI_JOB_URL"),
    }
}

fn when(flag: CommentWhen, document: &Document) -> When {
    match flag {
        CommentWhen::OnChange => When::OnChange,
        CommentWhen::Always => When::Always,
        CommentWhen::OnFailure if document.exit_code == Exit::Pass.code() => When::IfThere,
        CommentWhen::OnFailure => When::OnChange,
    }
}
