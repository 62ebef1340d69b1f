//! The text of a baseline, `perfgate.baseline/1`: made to be read in the diff of a review.
//!
//! Runs are oldest first, a header on one line and each subject on one line. The brackets between two runs share
//! a line (`}}, {`), so a run that comes or goes adds or removes lines and changes none: no comma moves.

use std::fmt::Write as _;

use schemars::JsonSchema;

use crate::json_schema;
use crate::model::run_file::{
    Detail, Document, FileError, Flaw, Object, ParsedList, Text, check_schema, header, line,
    metrics_line, present,
};
use crate::model::{Anchor, Baseline, Run};

pub const SCHEMA: &str = "perfgate.baseline/1";

/// What editors and other programs check such a file with.
pub fn json_schema() -> String {
    json_schema::of_read::<BaselineForm<'_>>()
}

/// Recognises a baseline of any major by the beginning of its content.
pub fn is_baseline(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    // Inside a JSON string the quotes would be escaped, so this is a key.
    head.match_indices("\"schema\"").any(|(at, key)| {
        head.get(at + key.len()..)
            .and_then(|rest| rest.trim_start().strip_prefix(':'))
            .is_some_and(|value| value.trim_start().starts_with("\"perfgate.baseline/"))
    })
}

pub(super) fn write(baseline: &Baseline) -> String {
    let mut text = format!("{{\n\"schema\": {}", line(SCHEMA));
    if let Some(anchor) = &baseline.anchor {
        let (budget, label) = (line(&anchor.budget), line(&anchor.label));
        let _infallible = write!(
            text,
            ",\n\"anchor\": {{\"budget\": {budget}, \"label\": {label}, \"runs\": "
        );
        push_runs(&mut text, &anchor.runs);
        text.push('}');
    }
    text.push_str(",\n\"runs\": ");
    push_runs(&mut text, &baseline.runs);
    text.push_str("\n}\n");
    text
}

fn push_runs(text: &mut String, runs: &[Run]) {
    text.push('[');
    for (index, run) in runs.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        push_run(text, run);
    }
    text.push(']');
}

fn push_run(text: &mut String, run: &Run) {
    text.push_str("{\n");
    let header: Vec<String> = header(run)
        .into_iter()
        .map(|(key, value)| format!("\"{key}\": {value}"))
        .collect();
    if !header.is_empty() {
        text.push_str("  ");
        text.push_str(&header.join(", "));
        text.push_str(",\n");
    }
    text.push_str("  \"subjects\": {");
    for (index, (subject, metrics)) in run.subjects.iter().enumerate() {
        text.push_str(if index == 0 { "\n    " } else { ",\n    " });
        text.push_str(&line(subject.as_str()));
        text.push_str(": ");
        text.push_str(&metrics_line(metrics, Detail::Brief));
    }
    text.push_str(if run.subjects.is_empty() {
        "}}"
    } else {
        "\n}}"
    });
}

/// How many bytes a run takes in the file, about.
pub(super) fn size(run: &Run) -> usize {
    let mut text = String::new();
    push_run(&mut text, run);
    text.len() + ", ".len()
}

/// The window of runs that new results are compared with, oldest first, and the pinned anchor where there is one.
/// `perfgate baseline` writes it.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "perfgate.baseline/1", extend("required" = ["schema", "runs"]))]
struct BaselineForm<'a> {
    /// What this document is.
    #[schemars(extend("const" = SCHEMA))]
    #[serde(borrow, default, deserialize_with = "present")]
    schema: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    anchor: Option<Object<AnchorForm<'a>>>,
    /// Runs, oldest first.
    #[serde(default, deserialize_with = "present")]
    runs: Option<ParsedList>,
}

/// Runs of a chosen state, against which slow drift is budgeted.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Anchor", extend("required" = ["budget", "label", "runs"]))]
struct AnchorForm<'a> {
    /// How much worse than the anchor is too much: 0.15 is 15 %.
    #[schemars(range(min = 0))]
    #[serde(default, deserialize_with = "present")]
    budget: Option<f64>,
    /// What it is called: a release.
    #[serde(borrow, default, deserialize_with = "present")]
    label: Option<Text<'a>>,
    /// Runs, oldest first.
    #[serde(default, deserialize_with = "present")]
    runs: Option<ParsedList>,
}

pub fn parse(text: &str) -> Result<Baseline, FileError> {
    let document = Document {
        text,
        from: 0,
        schema: SCHEMA,
    };
    if text.trim().is_empty() {
        return Err(Flaw::new("it is empty")
            .hint("take it back from git, or delete it and run `perfgate baseline update`")
            .locate(text, 0));
    }
    let Object(form) = serde_json::from_str::<Object<BaselineForm<'_>>>(text)
        .map_err(|error| conflict(text).unwrap_or_else(|| document.explain(&error)))?;
    baseline(form).map_err(|flaw| flaw.locate(text, 0))
}

fn baseline(form: BaselineForm<'_>) -> Result<Baseline, Flaw> {
    check_schema(form.schema.as_ref().map(|text| text.0.as_ref()), SCHEMA)?;
    Ok(Baseline {
        anchor: form
            .anchor
            .map(|Object(form)| anchor(form).map_err(|flaw| flaw.at("anchor")))
            .transpose()?,
        runs: runs(form.runs)?,
    })
}

fn anchor(form: AnchorForm<'_>) -> Result<Anchor, Flaw> {
    let budget = form
        .budget
        .ok_or_else(|| Flaw::new("an anchor needs `budget`: 0.15 is 15 %"))?;
    if budget < 0.0 {
        return Err(
            Flaw::new(format!("{budget} is negative, and a budget cannot be")).at("budget"),
        );
    }
    let runs = runs(form.runs)?;
    for (index, run) in runs.iter().enumerate() {
        whole(run).map_err(|flaw| flaw.at_index(index).at("runs"))?;
    }
    Ok(Anchor {
        label: form
            .label
            .ok_or_else(|| Flaw::new("an anchor needs `label`"))?
            .0
            .into_owned(),
        budget,
        runs,
    })
}

fn runs(list: Option<ParsedList>) -> Result<Vec<Run>, Flaw> {
    let list = list.ok_or_else(|| Flaw::new("it has no `runs`"))?;
    list.0
        .into_iter()
        .enumerate()
        .map(|(index, parsed)| {
            let of_ours = |flaw: Flaw| flaw.at_index(index).at("runs");
            if let Some(schema) = &parsed.schema {
                check_schema(Some(schema), crate::model::run_file::SCHEMA).map_err(of_ours)?;
            }
            parsed.run.map_err(of_ours)
        })
        .collect()
}

/// An anchor is compared with for long: nothing in it may be half measured or mean nothing.
fn whole(run: &Run) -> Result<(), Flaw> {
    let hint = "take the run out, or measure it again";
    if run.provenance.invalid.is_some() {
        return Err(Flaw::new("an anchor is no invalid run")
            .hint(hint)
            .at("invalid"));
    }
    if run.provenance.partial {
        return Err(Flaw::new("an anchor is no partial run")
            .hint(hint)
            .at("partial"));
    }
    Ok(())
}

/// A merge left undone breaks the JSON in a way that only git's words explain.
fn conflict(text: &str) -> Option<FileError> {
    let marked = |line: &&str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    let line = text.lines().position(|line| marked(&line))?;
    Some(FileError {
        line: line + 1,
        column: 1,
        field: String::new(),
        message: "it holds the conflict markers of an unfinished git merge".to_owned(),
        hint: Some(
            "take one side whole (`git checkout --theirs FILE` or `--ours`), then run `perfgate baseline update` again"
                .to_owned(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::is_baseline;

    #[test]
    fn a_baseline_is_known_by_its_content_alone() {
        assert!(is_baseline(
            b"{\n\"schema\": \"perfgate.baseline/1\",\n\"runs\": ["
        ));
        assert!(is_baseline(
            b"\xef\xbb\xbf{ \"runs\": [], \"schema\" :\t\"perfgate.baseline/7\"}"
        ));
        assert!(!is_baseline(
            b"{\"schema\": \"perfgate.run/1\", \"session\": \"perfgate.baseline/1\"}"
        ));
        assert!(!is_baseline(
            b"{\"session\": \"\\\"schema\\\": \\\"perfgate.baseline/1\\\"\"}"
        ));
        assert!(!is_baseline(b""));
    }
}
