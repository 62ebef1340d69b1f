//! Where in a file something stands, and what is wrong there.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

/// What is wrong at a place of a file, before line and column are known.
#[derive(Debug)]
pub struct Problem {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Whether the key of the value stands before the message.
    pub(super) is_named: bool,
}

impl Problem {
    /// What is wrong with a table, or with several of its keys together.
    pub fn at(span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span: span.clone(),
            message: message.into(),
            hint: None,
            is_named: false,
        }
    }

    /// What is wrong with one value: its key stands before the message.
    pub fn with_key(span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            is_named: true,
            ..Self::at(span, message)
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct FormError {
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl FormError {
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

impl std::error::Error for FormError {}

/// The text of a file, and where its lines begin.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    pub text: &'t str,
    pub lines: &'t LineStarts,
}

/// Where each line of a text begins: a long file has many things whose line is told.
#[derive(Clone, Debug)]
pub struct LineStarts(Vec<usize>);

impl LineStarts {
    pub fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// The number of the line, from 1 on, that an offset into the text stands on.
    pub fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

impl<'t> Text<'t> {
    /// The document, or where it is no TOML.
    pub fn document(&self) -> Result<Spanned<DeTable<'t>>, FormError> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.error(&span, error.message())
        })
    }

    /// One-based line and column, in characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let LineStarts(starts) = self.lines;
        let offset = offset.min(self.text.len());
        let line = self.lines.line(offset);
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).unwrap_or_default();
        (line, column.chars().count() + 1)
    }

    pub fn error(&self, span: &Range<usize>, message: impl Into<String>) -> FormError {
        let (line, column) = self.position(span.start);
        FormError {
            line,
            column,
            message: message.into(),
            hint: None,
        }
    }
}
