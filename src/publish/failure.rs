//! Why something could not be published, in words for the person who has to do something about it.

use std::fmt;
use std::time::Duration;

use crate::text::{duration, sanitize, shorten};

/// A server's own words, cut: it may be anything.
const MOST: usize = 300;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `list the comments of acme/shop#7`
    pub doing: String,
    pub kind: FailureKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The token may not do this: a normal day on a pull request from a fork.
    Forbidden(String),
    /// The conversation is closed to comments.
    Locked,
    /// The token is not known.
    Unauthorized(String),
    /// Not there, or not to be seen with this token.
    NotFound,
    /// The server asks to wait longer than is waited.
    RateLimited(Duration),
    /// No answer, or half of one.
    Unreachable(String),
    /// Another answer than was hoped for.
    Refused { status: u16, message: String },
    /// Sent elsewhere, where the token must not go.
    Elsewhere(String),
    /// An answer that is not understood.
    Garbled(String),
}

impl Failure {
    pub fn new(doing: &str, kind: FailureKind) -> Self {
        Self {
            doing: doing.to_owned(),
            kind,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match &self.kind {
            FailureKind::Forbidden(_) => {
                "on pull requests from forks the token is read-only; else the job needs `pull-requests: write`, or a GitLab token the scope `api`"
            }
            FailureKind::Locked => {
                "unlock the conversation to have the comment; the summary of the run has the report all the same"
            }
            FailureKind::Unauthorized(_) => "the token is expired, or not of this server",
            FailureKind::NotFound => "the token may not see it, or it is gone",
            FailureKind::RateLimited(_) => {
                "the limit is shared by all jobs of the repository; post again later"
            }
            FailureKind::Unreachable(said) if said.contains("certificate") => {
                "`--ca FILE` names the certificate of your own authority"
            }
            FailureKind::Unreachable(_) => "HTTPS_PROXY, NO_PROXY and --ca are heeded",
            FailureKind::Refused { .. } | FailureKind::Elsewhere(_) | FailureKind::Garbled(_) => {
                "the report and the step summary are written all the same"
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = &self.doing;
        match &self.kind {
            FailureKind::Forbidden(said) => write!(f, "{doing}: no permission ({said})"),
            FailureKind::Locked => write!(f, "{doing}: the conversation is locked"),
            FailureKind::Unauthorized(said) => {
                write!(f, "{doing}: the token was not accepted ({said})")
            }
            FailureKind::NotFound => write!(f, "{doing}: not found"),
            FailureKind::RateLimited(wait) => {
                let wait = duration::text(*wait);
                write!(f, "{doing}: a rate limit asks to wait {wait}")
            }
            FailureKind::Unreachable(said) => write!(f, "{doing}: {said}"),
            FailureKind::Refused { status, message } => {
                write!(f, "{doing}: status {status}, {message}")
            }
            FailureKind::Elsewhere(to) => {
                write!(f, "{doing}: redirected to {to}, which is not followed")
            }
            FailureKind::Garbled(said) => {
                write!(f, "{doing}: the answer is not understood: {said}")
            }
        }
    }
}

impl std::error::Error for Failure {}

/// A stranger's words on one line.
pub(super) fn quoted(text: &str) -> String {
    match text.trim() {
        "" => "no reason given".to_owned(),
        text => shorten::end(&sanitize::inline(text), MOST),
    }
}

/// The last cause of an error says most; the first says where.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    quoted(&last.to_string())
}
