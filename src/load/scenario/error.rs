//! What is wrong in a scenario file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::toml_file::FormError;

#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioError {
    pub path: PathBuf,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl ScenarioError {
    pub(super) fn new(path: &Path, error: FormError) -> Self {
        Self {
            path: path.to_owned(),
            line: error.line,
            column: error.column,
            message: error.message,
            hint: error.hint,
        }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line, column) = (self.path.display(), self.line, self.column);
        write!(
            f,
            "read {path}: line {line}, column {column}: {}",
            self.message
        )
    }
}

impl std::error::Error for ScenarioError {}
