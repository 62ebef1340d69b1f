//! What is wrong with a file, and where: line, column and field.

use std::fmt;

use super::place::{self, Occurrence, Step};

/// Why a file was refused. The hint says what to do next and is not part of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    pub line: usize,
    pub column: usize,
    /// `subjects."GET /search".latency.samples[3]`; empty where the whole document is meant.
    pub field: String,
    pub message: String,
    pub hint: Option<String>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, ", `{}`", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for FileError {}

/// What is wrong with a value that was read well; it learns its path on the way out.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// Innermost first.
    steps: Vec<Step>,
    which: Occurrence,
    message: String,
    hint: Option<String>,
}

impl Flaw {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            which: Occurrence::First,
            message: message.into(),
            hint: None,
        }
    }

    /// A name that was written twice: the place is that of the second.
    pub(super) fn twice(what: &str, name: &str) -> Self {
        let mut flaw = Self::new(format!("the {what} `{}` appears twice", place::shown(name)));
        flaw.which = Occurrence::LastKey;
        flaw.at(name)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn at(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.steps.push(Step::Index(index));
        self
    }

    /// Finds its place in the document that begins at `from`.
    pub(crate) fn locate(mut self, text: &str, from: usize) -> FileError {
        self.steps.reverse();
        // A quantile may be written `0.950`: then the object around it is near enough.
        let offset = (0..=self.steps.len())
            .rev()
            .filter_map(|length| self.steps.get(..length))
            .find_map(|steps| place::of(text, from, steps, self.which))
            .unwrap_or(from);
        let (line, column) = place::line_and_column(text, offset);
        FileError {
            line,
            column,
            field: place::field(&self.steps),
            message: self.message,
            hint: self.hint,
        }
    }
}
