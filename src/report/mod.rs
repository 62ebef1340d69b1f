//! A verdict as people and programs read it. Verdict, policy and context make a [`Document`]; every format is
//! made from the document alone.
//!
//! Sentences keep our words and names from outside apart until a format escapes the names, all in `text::sanitize`.

mod badge;
mod base_rules;
mod because;
mod cause;
mod change;
mod conclusion;
mod consistent;
pub mod context;
mod control;
mod document;
mod entry;
pub mod figures;
mod github;
mod headline;
pub mod history;
mod html;
mod interval;
mod junit;
mod markdown;
mod not_judged;
mod of_verdict;
mod openmetrics;
mod profile;
mod remarks;
mod sentence;
mod suite;
mod summary;
mod table;
mod targets;
mod template;
mod terminal;
mod time_spent;
mod tone;
mod trend;
mod unit_jump;
mod units;
mod unjudged;
mod view;
mod why;
mod workload;

use std::fmt;
use std::str::FromStr;

use crate::text::sanitize;

pub use base_rules::{BaseRules, BaseState, GateChange, GateSetting};
pub use cause::LikelyCause;
pub use conclusion::CommentPlace;
pub use context::Context;
pub use document::{
    Document, DocumentError, PolicySummary, SCHEMA, Tool, Trend, Unmatched, UnusedAcceptance,
};
pub use entry::{Entry, Rule};
pub use github::{Annotation, outputs, placed, warning};
pub use html::{About, RunsBehind, history as history_page, html};
pub use markdown::{BEFORE_AND_AFTER, comment, step_summary};
pub use not_judged::NotJudged;
pub use of_verdict::document;
pub use profile::Profile;
pub use suite::{Figure, Test};
pub use summary::summary;
pub use time_spent::TimeSpent;
pub use unjudged::plainly as unjudged_plainly;
pub use view::worst;
pub use workload::{Known, State, Workload};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    Markdown,
    Junit,
    Github,
    Badge,
    Html,
    Openmetrics,
}

impl Format {
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Json,
        Self::Markdown,
        Self::Junit,
        Self::Github,
        Self::Badge,
        Self::Html,
        Self::Openmetrics,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Badge => "badge",
            Self::Html => "html",
            Self::Openmetrics => "openmetrics",
        }
    }
}

impl FromStr for Format {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(())
    }
}

/// What the place allows where a text goes; only [`Format::Text`] minds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub color: bool,
    /// Of the terminal; 100 where nothing says.
    pub width: Option<usize>,
    /// Every gated series is listed, with the number of each run of both sides.
    pub runs: bool,
    /// Every series is listed.
    pub all: bool,
    /// Notes that the reader cannot act on are shown, too.
    pub verbose: bool,
    /// The place shows no signs beyond ASCII.
    pub ascii: bool,
    /// The day, from which an acceptance that is offered counts.
    pub today: Option<jiff::civil::Date>,
}

/// Why a document could not be written.
#[derive(Debug)]
pub enum RenderError {
    Template {
        line: Option<usize>,
        message: String,
    },
    /// Even without a single row the template's text is longer than a comment may be.
    TooLong,
    Json(serde_json::Error),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template {
                line: Some(line),
                message,
            } => write!(f, "line {line} of the template: {message}"),
            Self::Template {
                line: None,
                message,
            } => write!(f, "the template: {message}"),
            Self::TooLong => f.write_str(
                "the template: its text is longer than a comment may be, even without any row",
            ),
            Self::Json(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RenderError {}

impl From<tera::Error> for RenderError {
    fn from(error: tera::Error) -> Self {
        use tera::ErrorKind;
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => Self::Template {
                line: Some(report.span().start_line),
                message: report.message().to_owned(),
            },
            other => Self::Template {
                line: None,
                message: other.to_string(),
            },
        }
    }
}

/// Writes a document. `template` replaces the shipped one of [`Format::Markdown`].
pub fn render(
    document: &Document,
    format: Format,
    style: &Style,
    template: Option<&str>,
) -> Result<String, RenderError> {
    match format {
        Format::Text => Ok(terminal::text(document, style)),
        Format::Json => json(document),
        Format::Markdown => comment(document, &CommentPlace::default(), template),
        Format::Junit => Ok(junit::junit(document)),
        Format::Github => Ok(github::annotations(document)),
        Format::Badge => Ok(badge::badge(document)),
        Format::Html => html(document, &About::default()),
        Format::Openmetrics => Ok(openmetrics::openmetrics(document)),
    }
}

fn json(document: &Document) -> Result<String, RenderError> {
    let text = serde_json::to_string_pretty(&why_of_each(document)).map_err(RenderError::Json)?;
    // `##[` is a command to a runner anywhere in a line; the escape is the same JSON.
    Ok(sanitize::json(&text) + "\n")
}

/// The document with the sentence of each series in it, as it is written.
fn why_of_each(document: &Document) -> Document {
    let mut document = document.clone();
    let entries = std::mem::take(&mut document.comparisons).into_iter();
    document.comparisons = entries
        .map(|entry| Entry {
            why: why::why(&entry).plain(),
            ..entry
        })
        .collect();
    document
}
