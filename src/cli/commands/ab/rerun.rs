//! `--rerun VERDICT`: only what an earlier verdict left in doubt is measured. Of the verdict only the names of series are
//! taken: what is run comes from the command line or from `perfgate.toml`, and a name reaches a command as one quoted
//! expression.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::compare::OutcomeName;
use crate::hint::WithHint;
use crate::model::{Run, Series, Subject};
use crate::report::Document;
use crate::text::sanitize;
use crate::verdict::Standing;

/// The most names that are listed; further ones are only counted.
const MOST_NAMED: usize = 5;

/// The subjects that are measured again.
#[derive(Clone, Debug)]
pub(super) struct Rerun {
    subjects: Vec<Subject>,
    verdict: String,
}

impl Rerun {
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let doing = || format!("read the verdict {}", path.display());
        let text = std::fs::read_to_string(path).with_context(doing)?;
        let document = Document::parse(&text)
            .with_context(doing)
            .or_hint("a verdict is what --report json=FILE writes")?;
        let in_doubt = document.comparisons.iter().filter(|entry| {
            entry.outcome == OutcomeName::Regressed
                || matches!(entry.standing, Standing::Fail | Standing::Possible)
        });
        let subjects: BTreeSet<&str> = in_doubt.map(|entry| entry.subject.as_str()).collect();
        if subjects.is_empty() {
            return Err(anyhow!("{}: nothing in it is in doubt", path.display()))
                .hint("without --rerun everything is measured");
        }
        Ok(Self {
            subjects: subjects.into_iter().map(Subject::new).collect(),
            verdict: path.display().to_string(),
        })
    }

    /// What this comparison itself left in doubt.
    pub(super) fn of_series<'s>(series: impl Iterator<Item = &'s Series>) -> Self {
        let subjects: BTreeSet<&Subject> = series.map(|series| &series.subject).collect();
        Self {
            subjects: subjects.into_iter().cloned().collect(),
            verdict: "the comparison".to_owned(),
        }
    }

    pub(super) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Leaves in a run what is measured again.
    pub(super) fn keep(&self, run: &mut Run) -> anyhow::Result<()> {
        run.subjects
            .retain(|subject, _| self.subjects.contains(subject));
        if run.subjects.is_empty() {
            return Err(anyhow!("nothing that {} left in doubt was measured: {}", self.verdict, self.named()))
                .hint("the same commands, or [ab] of perfgate.toml, have to measure what the verdict names");
        }
        Ok(())
    }

    pub(super) fn note(&self) -> String {
        format!(
            "measured again is what {} left in doubt, and nothing else is judged: {}",
            sanitize::inline(&self.verdict),
            self.named()
        )
    }

    fn named(&self) -> String {
        let first = self.subjects.iter().take(MOST_NAMED);
        let mut named: Vec<String> = first
            .map(|subject| sanitize::inline(subject.as_str()))
            .collect();
        let more = self.subjects.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            named.push(format!("{more} more"));
        }
        named.join(", ")
    }
}
