//! Where in a file something stands, and what is wrong there.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and the line that it was written on.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    pub from: Place,
}

/// The value without its place.
pub fn value<T>(field: Option<Placed<T>>) -> Option<T> {
    field.map(|field| field.value)
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

/// The text of a file under the name that messages call it by.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    pub name: &'t str,
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
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).unwrap_or_default();
        (line, column.chars().count() + 1)
    }

    pub fn place(&self, span: &Range<usize>) -> Place {
        Place {
            file: self.name.to_owned(),
            line: self.position(span.start).0,
        }
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
