//! What a command asks to be posted.

use crate::cli::args::PostFlags;
use crate::cli::env::Env;
use crate::report::Document;

/// What is to be posted.
pub(crate) struct PostRequest<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) flags: &'a PostFlags,
    pub(crate) env: &'a Env,
    pub(crate) required: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Verdict {
        document: &'a Document,
        template: Option<&'a str>,
        /// Another job wrote it, so that what the pull request changes of its gate is asked of the server.
        is_from_elsewhere: bool,
    },
    /// The gate ended before it judged.
    NotJudged { reason: &'a str },
}
