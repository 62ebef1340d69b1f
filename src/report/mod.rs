//! Stand-in: reports are written elsewhere.

use std::fmt;

use serde::Serialize;

use crate::compare::Policy;
use crate::verdict::Verdict;

pub const JSON_SCHEMA: &str = "{}\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    Markdown,
    Junit,
    Github,
}

pub mod context {
    //! Stand-in.

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Context {
        pub tool_version: String,
        pub gate: Option<String>,
        pub baseline: Option<BaselineSource>,
        pub current: CurrentSource,
        pub environment: Surroundings,
        pub config: Option<String>,
        pub settings: Vec<Setting>,
        pub interleaved: bool,
        pub notes: Vec<String>,
        pub commands: Commands,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct BaselineSource {
        pub path: String,
        pub runs: usize,
        pub sessions: usize,
        pub commit: Option<String>,
        pub newest_at: Option<jiff::Timestamp>,
        pub oldest_at: Option<jiff::Timestamp>,
        pub environment: Option<String>,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct CurrentSource {
        pub runs: usize,
        pub commit: Option<String>,
        pub sources: Vec<Source>,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Source {
        pub path: String,
        pub format: String,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Surroundings {
        pub key: Option<String>,
        pub differences: Vec<Difference>,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Difference {
        pub name: String,
        pub baseline: String,
        pub current: String,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Setting {
        pub name: String,
        pub value: String,
        pub from: String,
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Commands {
        pub repeat: Option<String>,
        pub explain: Option<String>,
        pub next: Option<String>,
    }
}

pub use context::Context;

#[derive(Clone, Debug, Serialize)]
pub struct Document {
    verdict: &'static str,
}

pub fn document(verdict: &Verdict, _policy: &Policy, _context: Context) -> Document {
    Document {
        verdict: verdict.kind().as_str(),
    }
}

pub struct Style {
    pub color: bool,
    pub width: Option<usize>,
}

#[derive(Debug)]
pub struct RenderError(String);

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RenderError {}

pub fn render(
    document: &Document,
    _format: Format,
    _style: &Style,
    _template: Option<&str>,
) -> Result<String, RenderError> {
    serde_json::to_string(document)
        .map(|text| text + "\n")
        .map_err(|error| RenderError(error.to_string()))
}

pub fn outputs(document: &Document) -> Vec<(String, String)> {
    vec![("verdict".to_owned(), document.verdict.to_owned())]
}

pub fn step_summary(document: &Document, template: Option<&str>) -> Result<String, RenderError> {
    let style = Style {
        color: false,
        width: None,
    };
    render(document, Format::Markdown, &style, template)
}
