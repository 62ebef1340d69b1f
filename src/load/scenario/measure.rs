//! `[measure]`: what is measured of each request beside its time and its outcome.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Flow;
use super::schema_rules::header_names;
use crate::toml_file::{FreeTable, Located, PositiveDuration, Problem, Word};

/// The longest name of a metric that a server may give.
const LONGEST_NAME: usize = 40;

/// What is measured of each request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeasureFile {
    /// Whether each flow is a subject of its own, `flow buy`: how long all its steps took without their pauses, and how many came to their end a second
    #[schemars(extend("default" = false))]
    pub(super) flows: Option<Located<bool>>,
    /// Requests that take longer are counted: `slow`, as a share of all that succeeded
    pub(super) slow: Option<PositiveDuration>,
    /// Whether the times that an answer has in `Server-Timing` are metrics: `server_db`
    #[serde(default)]
    pub(super) server_timing: bool,
    /// Headers in which an answer says how long something took, with their unit: `{ "X-Process-Time" = "s" }`
    #[schemars(transform = header_names)]
    pub(super) headers: Option<FreeTable<Word<TimeUnit>>>,
}

/// The unit of a time in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimeUnit {
    S,
    Ms,
    Us,
    Ns,
}

/// What is measured of each request beside its time and its outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// Whether flows are measured as a whole.
    pub flows: bool,
    /// Requests that take longer are counted.
    pub slow: Option<Duration>,
    /// Whether the times in `Server-Timing` are metrics.
    pub server_timing: bool,
    pub headers: Vec<MeasuredHeader>,
}

/// A header in which the server says how long something took.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredHeader {
    /// In lower case.
    pub header: String,
    pub metric: String,
    pub seconds_per_unit: f64,
}

impl Measure {
    /// Whether headers of answers are needed for it.
    pub fn needs_headers(&self) -> bool {
        self.server_timing || !self.headers.is_empty()
    }
}

/// Reads the table.
pub(super) fn read(file: &MeasureFile) -> Result<Measure, Problem> {
    let mut headers: Vec<MeasuredHeader> = Vec::new();
    for (name, unit) in file.headers.iter().flat_map(FreeTable::entries) {
        let Some(metric) = metric_name("", name) else {
            return Err(unit.error(format!("`{name}` is no header that can name a metric")));
        };
        if headers.iter().any(|other| other.metric == metric) {
            return Err(unit.error(format!("`{name}` is named twice")));
        }
        headers.push(MeasuredHeader {
            header: name.to_ascii_lowercase(),
            metric,
            seconds_per_unit: match unit.get().0 {
                TimeUnit::S => 1.0,
                TimeUnit::Ms => 1e-3,
                TimeUnit::Us => 1e-6,
                TimeUnit::Ns => 1e-9,
            },
        });
    }
    Ok(Measure {
        flows: file.flows.as_ref().is_some_and(|flows| *flows.get()),
        slow: file.slow.map(|slow| slow.0),
        server_timing: file.server_timing,
        headers,
    })
}

/// Refuses a step that is called like a flow that is measured as a whole.
pub(super) fn check_flows(file: &MeasureFile, flows: &[Flow]) -> Result<(), Problem> {
    let Some(asked) = file.flows.as_ref().filter(|asked| *asked.get()) else {
        return Ok(());
    };
    let taken = flows.iter().map(Flow::subject).find(|subject| {
        let mut steps = flows.iter().flat_map(|flow| &flow.steps);
        steps.any(|step| step.subject == *subject)
    });
    match taken {
        None => Ok(()),
        Some(subject) => {
            Err(asked.error(format!("there is a step of the name `{subject}` already")))
        }
    }
}

/// A metric's name of what a server or a header calls it.
pub fn metric_name(prefix: &str, name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let good = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_plain);
    let plain = name.to_ascii_lowercase().replace('-', "_");
    good.then(|| match prefix {
        "" => plain,
        prefix => format!("{prefix}_{plain}"),
    })
}
