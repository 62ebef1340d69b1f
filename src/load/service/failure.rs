//! Why a service could not be measured, with the last of what it printed.

use std::fmt;

/// What went wrong, and the service's last output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFailure {
    pub sentence: String,
    /// At most twenty lines, sanitized.
    pub output: Vec<String>,
}

impl fmt::Display for ServiceFailure {
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

impl std::error::Error for ServiceFailure {}
