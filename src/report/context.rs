//! Where a verdict comes from: everything a report says that no comparison holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::base_rules::BaseRules;

/// Gathered by the command that judged; goes into the document as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    pub tool_version: String,
    /// The `--id` of this gate, where a repository has several.
    pub gate: Option<String>,
    pub baseline: Option<BaselineSource>,
    pub current: CurrentSource,
    pub environment: Surroundings,
    /// The config file that was read.
    pub config: Option<String>,
    /// What deviates from the defaults and the file.
    pub settings: Vec<Setting>,
    /// Both sides were measured in one session.
    pub interleaved: bool,
    /// Sentences for the reader: warnings of runs, how a tool rounds, what was dropped.
    pub notes: Vec<String>,
    pub commands: Commands,
    /// What a pull request changes of the gate, where this is one.
    pub base_rules: Option<BaseRules>,
}

/// What was compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineSource {
    pub path: String,
    pub runs: usize,
    /// How many of them were ended early.
    #[serde(default, skip_serializing_if = "none")]
    pub partial: usize,
    pub sessions: usize,
    /// Of the newest run.
    pub commit: Option<String>,
    #[schemars(with = "Option<String>")]
    pub newest_at: Option<jiff::Timestamp>,
    #[schemars(with = "Option<String>")]
    pub oldest_at: Option<jiff::Timestamp>,
    /// The environment key of its runs.
    pub environment: Option<String>,
}

/// A side that is whole says nothing about it.
fn none(count: &usize) -> bool {
    *count == 0
}

/// What was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrentSource {
    pub runs: usize,
    /// How many of them were ended early.
    #[serde(default, skip_serializing_if = "none")]
    pub partial: usize,
    pub commit: Option<String>,
    pub sources: Vec<ResultFile>,
}

/// One result that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source")]
pub struct ResultFile {
    pub path: String,
    /// `locust`, `criterion`, …
    pub format: String,
}

/// The machine of the current runs, and what differs from the baseline's without splitting it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Surroundings {
    pub key: Option<String>,
    pub differences: Vec<Difference>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EnvironmentDifference")]
pub struct Difference {
    /// `kernel`, `compiler`, …
    pub name: String,
    pub baseline: String,
    pub current: String,
}

/// A setting that is not the default, and where it was set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// `--strict`, `PERFGATE_BASELINE`, `perfgate.toml:3`.
    pub from: String,
}

/// What the reader can type next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Gives this verdict again.
    pub repeat: Option<String>,
    /// Says how it came about.
    pub explain: Option<String>,
    /// What this outcome asks for: seeding the baseline, measuring again.
    pub next: Option<String>,
    /// Judges what is in doubt, once that is measured again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<String>,
}
