//! Why a service could not be measured, with the last of what it printed.

use std::fmt;

/// A sentence and the lines that belong under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub sentence: String,
    /// Harmless to print, at most twenty lines.
    pub output: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if self.output.is_empty() {
            return f.write_str("; it printed nothing");
        }
        f.write_str("; the last it printed:")?;
        self.output
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}

impl std::error::Error for Failure {}
