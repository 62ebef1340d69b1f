//! What a document has to say to a pull request: text and words that the publishing room can carry.

use anyhow::Context;

use super::args::{CommentWhen, ReportFormat};
use super::post_send::Order;
use crate::exit::Exit;
use crate::publish::comment::When;
use crate::publish::github::Conclusion;
use crate::report::{self, Document, Style};

pub(super) struct Message {
    /// The comment, without its marker.
    pub(super) text: String,
    /// One line.
    pub(super) sentence: String,
    pub(super) when: When,
    pub(super) conclusion: Conclusion,
}

impl Message {
    pub(super) fn of(order: &Order<'_>) -> anyhow::Result<Self> {
        let (document, style) = (order.document, Style::default());
        let markdown = ReportFormat::Markdown.into();
        Ok(Self {
            text: report::render(document, markdown, &style, order.template)
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
