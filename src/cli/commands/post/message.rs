//! What a document has to say to a pull request: text and words that the publishing room can carry.

use anyhow::Context;

use crate::cli::args::{CommentWhen, ReportFormat};
use crate::cli::commands::post::place::Destination;
use crate::cli::commands::post::send::{Content, Order};
use crate::exit::Exit;
use crate::publish::comment::When;
use crate::publish::github::Conclusion;
use crate::report::{self, Document, NotJudged, Style};

pub(crate) struct Message {
    /// The comment, without its marker.
    pub(crate) text: String,
    /// One line.
    pub(crate) sentence: String,
    pub(crate) when: When,
    pub(crate) conclusion: Conclusion,
}

impl Message {
    pub(crate) fn of(order: &Order<'_>, to: &Destination) -> anyhow::Result<Self> {
        match order.content {
            Content::Verdict { document, template } => Self::of_verdict(order, document, template),
            Content::NotJudged { reason } => Ok(Self::not_judged(order, to, reason)),
        }
    }

    /// Written by every run, and for the first time too: an old green must not stand for this commit.
    fn not_judged(order: &Order<'_>, to: &Destination, reason: &str) -> Self {
        let (commit, run_url) = match to {
            Destination::GitHub(place) => (place.head.as_deref(), place.run_url.as_deref()),
            Destination::GitLab { place, .. } => {
                (place.head.as_deref(), order.env.get("CI_JOB_URL"))
            }
        };
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
            conclusion: Conclusion::Error,
        }
    }

    fn of_verdict(
        order: &Order<'_>,
        document: &Document,
        template: Option<&str>,
    ) -> anyhow::Result<Self> {
        let style = Style::default();
        let markdown = ReportFormat::Markdown.into();
        Ok(Self {
            text: report::render(document, markdown, &style, template)
                .context("render the comment")?,
            sentence: report::summary(document),
            when: when(order.flags.comment, document),
            conclusion: match Exit::of_verdict(document.exit_code) {
                Some(Exit::Pass) => Conclusion::Success,
                Some(Exit::Fail | Exit::Undecided) => Conclusion::Failure,
                _ => Conclusion::Error,
            },
        })
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
