//! What a doctor says: as lines that fit a terminal, and as the document `perfgate.doctor/1`.

use schemars::JsonSchema;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::trial::Trial;
use super::workflows::WorkflowFile;
use crate::json_schema;
use crate::text::sanitize;

const SCHEMA: &str = "perfgate.doctor/1";

/// What was seen of a gate.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "perfgate.doctor/1")]
pub(crate) struct DoctorDocument {
    #[schemars(extend("const" = SCHEMA))]
    pub(super) schema: String,
    /// Nothing was found that keeps it from failing.
    pub(super) able_to_fail: bool,
    /// In one line.
    pub(super) headline: String,
    /// Each keeps the gate from failing where it should.
    pub(super) findings: Vec<String>,
    /// What else was seen, in the order in which it is told.
    pub(super) facts: Vec<String>,
    /// What the gate finds of slowdowns that are put into its own runs; `null` where nothing is stored.
    pub(super) trial: Option<TrialTold>,
    /// The workflows of the repository that run perfgate.
    pub(super) workflows: Vec<WorkflowFile>,
}

/// The gate tried on the newest session of its baseline.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrialTold {
    pub(super) sessions: usize,
    /// The one session that is stored stands on both sides.
    against_itself: bool,
    /// Series that can fail.
    gated: usize,
    warned_at_most: usize,
    shown_only: usize,
    /// Series that fail although nothing was changed.
    false_alarms: Vec<String>,
    slowdowns: Vec<Slowdown>,
    /// Series that no size was found on.
    never_found: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Slowdown {
    /// 0.1 is 10 % slower.
    size: f64,
    /// On so many series.
    found: usize,
    possible: usize,
    of: usize,
}

impl TrialTold {
    pub(super) fn of(trial: &Trial, sessions: usize, against_itself: bool) -> Self {
        let names = |all: &[crate::model::Series]| all.iter().map(ToString::to_string).collect();
        let slowdown = |(size, found, possible): &(f64, usize, usize)| Slowdown {
            size: *size,
            found: *found,
            possible: *possible,
            of: trial.slowed,
        };
        Self {
            sessions,
            against_itself,
            gated: trial.gated.len(),
            warned_at_most: trial.warned,
            shown_only: trial.shown,
            false_alarms: names(&trial.false_alarms),
            slowdowns: trial.found.iter().map(slowdown).collect(),
            never_found: names(&trial.never),
        }
    }
}

impl DoctorDocument {
    pub(super) fn json(mut self) -> Result<String, serde_json::Error> {
        SCHEMA.clone_into(&mut self.schema);
        Ok(sanitize::json(&serde_json::to_string_pretty(&self)?) + "\n")
    }

    /// In lines of so many columns.
    pub(super) fn text(&self, width: usize) -> String {
        let count = match self.findings.len() {
            0 => "ABLE TO FAIL".to_owned(),
            1 => "1 FINDING".to_owned(),
            n => format!("{n} FINDINGS"),
        };
        let mut text = wrapped(&format!("{count}  {}", self.headline), ("", "  "), width);
        if !self.findings.is_empty() {
            text.push('\n');
        }
        for finding in &self.findings {
            text += &wrapped(finding, ("  ✗ ", "    "), width);
        }
        text.push('\n');
        for fact in &self.facts {
            text += &wrapped(fact, ("  ", "    "), width);
        }
        text
    }
}

/// Broken between words; a word that is longer than a line stands alone.
fn wrapped(text: &str, (first, further): (&str, &str), width: usize) -> String {
    let mut out = String::new();
    let mut line = String::from(first);
    let mut is_empty = true;
    // Two spaces stand where somebody put them.
    for word in sanitize::inline(text).split(' ') {
        if !is_empty && line.width() + 1 + word.width() > width {
            out += line.trim_end();
            out.push('\n');
            further.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out
}

/// The JSON Schema of what `--format json` writes.
pub(crate) fn json_schema() -> String {
    json_schema::of_written::<DoctorDocument>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_go_on_below_their_first_word() {
        let told = DoctorDocument {
            headline: "this gate finds little".to_owned(),
            findings: vec!["one two three four five six seven eight nine".to_owned()],
            facts: vec!["w".repeat(40)],
            ..DoctorDocument::default()
        };
        let text = told.text(30);
        assert_eq!(
            text,
            format!(
                "1 FINDING  this gate finds\n  little\n\n  ✗ one two three four five\n    six seven eight nine\n\n  {}\n",
                "w".repeat(40)
            )
        );
    }
}
