//! Where in a file something stands, and what is wrong there.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::excerpt::Excerpt;

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

/// What is wrong in a file, and where: `perfgate.toml:14:1: unknown key …`.
#[derive(Clone, Debug, PartialEq)]
pub struct FileError {
    /// As messages call the file.
    pub path: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
    /// The line itself; nothing where the error is about the file as a whole.
    pub excerpt: Option<Box<Excerpt>>,
}

impl FileError {
    /// The line of the file with its number, and below it what is marked; `width` is that of the terminal.
    pub fn drawn(&self, width: usize, color: bool) -> Option<String> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt.drawn(self.line, width, color))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{path}:{line}:{column}: {message}")
    }
}

impl std::error::Error for FileError {}

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

/// The text of a file under the name that messages call it by.
#[derive(Clone, Copy, Debug)]
pub struct TomlText<'t> {
    pub name: &'t str,
    pub text: &'t str,
}

impl<'t> TomlText<'t> {
    /// The document, or where it is no TOML.
    pub fn document(&self) -> Result<Spanned<DeTable<'t>>, FileError> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.error(&span, error.message())
        })
    }

    /// Line and column count from 1 on, the column in characters.
    pub fn error(&self, span: &Range<usize>, message: impl Into<String>) -> FileError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        FileError {
            path: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            message: message.into(),
            hint: None,
            excerpt: Excerpt::of(self.text, span).map(Box::new),
        }
    }
}
