//! `perfgate.verdict/1`: all that a report shows, as data. Every format is made from this alone, so that a
//! stored document can be shown again later and elsewhere.

use super::entry::Entry;
use crate::compare::{OnInconclusive, OnMissing};
use crate::verdict::VerdictKind;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::base_rules::BaseRules;
use super::cause::LikelyCause;
use super::context::{BaselineSource, Commands, CurrentSource, Setting, Surroundings};
use super::profile::Profile;
use super::suite::Test;
use super::time_spent::TimeSpent;
use super::workload::Workload;
use crate::json_schema;
use crate::model::Statistic;
use crate::verdict::Counts;

pub const SCHEMA: &str = "perfgate.verdict/1";

/// A verdict of perfgate with everything that a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "perfgate.verdict/1")]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    pub verdict: VerdictKind,
    /// 0 pass, 1 fail, 2 nothing compared, 3 a decision was asked for where there is none.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    pub exit_code: u8,
    pub counts: Counts,
    /// All of them, in the order of their series.
    pub comparisons: Vec<Entry>,
    pub reasons: Vec<String>,
    /// How many series shared the error allowance.
    pub family: usize,
    pub baseline: Option<BaselineSource>,
    pub current: CurrentSource,
    pub environment: Surroundings,
    pub interleaved: bool,
    pub policy: PolicySummary,
    pub tool: Tool,
    pub gate: Option<String>,
    pub notes: Vec<String>,
    pub commands: Commands,
    /// What was judged, and what could not be.
    #[serde(default)]
    pub workloads: Vec<Workload>,
    /// Each test in one line, where sources with names of their own were judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// Workloads of the baseline without current results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// What a pull request changes of the gate that judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_rules: Option<BaseRules>,
    /// What else moved where something regressed. It changed no outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likely_causes: Vec<LikelyCause>,
    /// Where regressed programs spent their time, in runs that were not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// How the worst series moved over the sessions of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// Where the time went, where both sides were measured in turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<TimeSpent>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySummary {
    pub config: Option<String>,
    pub max_regression: f64,
    pub on_missing: OnMissing,
    pub on_inconclusive: OnInconclusive,
    pub require_baseline: bool,
    /// Only budgets were asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub targets_only: bool,
    pub settings: Vec<Setting>,
    pub unmatched: Vec<Unmatched>,
    pub unused_acceptances: Vec<UnusedAcceptance>,
}

/// A rule or acceptance that matches no series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmatched {
    pub pattern: String,
    pub nearest: Option<String>,
    pub from: String,
}

/// An acceptance that covers nothing any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnusedAcceptance {
    pub subject: String,
    pub metric: String,
    pub reason: String,
    #[schemars(with = "String", extend("format" = "date"))]
    pub until: jiff::civil::Date,
    pub expired: bool,
    pub from: String,
}

/// The course of one series of the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    pub subject: String,
    pub metric: String,
    pub statistic: Statistic,
    /// One number for each session of the baseline, oldest first.
    pub sessions: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// Why a text is not a verdict document.
#[derive(Debug)]
pub enum DocumentError {
    /// It says that it is something else.
    OtherSchema(String),
    Json(serde_json::Error),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherSchema(schema) if schema.starts_with("perfgate.verdict/") => write!(
                f,
                "its schema is `{schema}`, written by another perfgate; this one reads {SCHEMA}"
            ),
            Self::OtherSchema(schema) => write!(f, "its schema is `{schema}`, not {SCHEMA}"),
            Self::Json(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DocumentError {}

impl Document {
    /// Reads a stored document.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text).map_err(DocumentError::Json)?;
        if head.schema != SCHEMA {
            return Err(DocumentError::OtherSchema(head.schema));
        }
        serde_json::from_str(text).map_err(DocumentError::Json)
    }

    /// For whoever shows a document that somebody else wrote: numbers, outcomes and names stay. Whatever could be a
    /// sentence goes, or its author would speak with the voice of those who show it.
    #[must_use]
    pub fn without_prose(mut self) -> Self {
        self.reasons.clear();
        self.notes.clear();
        self.commands = Commands::default();
        // Whether a gate was loosened is not for those to say who may have loosened it.
        self.base_rules = None;
        self.environment
            .differences
            .retain(|difference| is_word(&difference.name));
        for unused in &mut self.policy.unused_acceptances {
            unused.reason.clear();
        }
        for entry in &mut self.comparisons {
            entry.why.clear();
            if let Some(accepted) = &mut entry.accepted {
                accepted.reason.clear();
            }
        }
        self
    }

    /// The JSON Schema of what is written.
    pub fn json_schema() -> String {
        json_schema::of_written::<Self>()
    }

    /// Shown, and judged by nothing: totals, quantiles of too few requests, series switched off.
    pub fn not_gated(&self) -> usize {
        self.comparisons.iter().filter(|e| !e.gated).count()
    }
}

/// `kernel`, `locust`: one short word, which says nothing by itself.
fn is_word(text: &str) -> bool {
    const LONGEST: usize = 24;
    text.len() <= LONGEST
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
