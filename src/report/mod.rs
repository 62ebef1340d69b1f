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

/// Provenance for the document.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Context {
    pub tool_version: String,
    pub baseline: Option<BaselineContext>,
    pub current: CurrentContext,
    pub environment: EnvironmentContext,
    pub policy: PolicyContext,
    pub notes: Vec<String>,
    pub repeat: String,
    pub explain: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BaselineContext {
    pub path: String,
    pub runs: usize,
    pub sessions: usize,
    pub commits: Vec<String>,
    pub newest_at: Option<String>,
    pub environment: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CurrentContext {
    pub runs: usize,
    pub commit: Option<String>,
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EnvironmentContext {
    pub key: Option<String>,
    pub differences: Vec<Difference>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    pub name: String,
    pub baseline: String,
    pub current: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyContext {
    pub config: Option<String>,
    pub deviations: Vec<Deviation>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Deviation {
    pub name: String,
    pub value: String,
    pub from: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Document {
    verdict: &'static str,
    context: Context,
}

pub fn document(verdict: &Verdict, _policy: &Policy, context: Context) -> Document {
    Document {
        verdict: verdict.kind().as_str(),
        context,
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
