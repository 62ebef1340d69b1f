//! One table of a config file as a form with known fields: each is taken by name and kind, and what is wrong is
//! said with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::compare::{Origin, Quantity};

use super::nearest;
use super::place::{ConfigError, Placed, Source};
use super::values;

/// A table whose keys are all known.
pub(super) struct Form<'t> {
    source: Source<'t>,
    table: &'t DeTable<'t>,
    span: Range<usize>,
    /// What messages call it: `[[rule]]`.
    title: &'static str,
}

type Field<T> = Result<Option<Placed<T>>, ConfigError>;

impl<'t> Form<'t> {
    pub(super) fn new(
        source: Source<'t>,
        table: &'t Spanned<DeTable<'t>>,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Self, ConfigError> {
        Self::strict(source, (table.get_ref(), table.span()), title, known)
    }

    fn strict(
        source: Source<'t>,
        (table, span): (&'t DeTable<'t>, Range<usize>),
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Self, ConfigError> {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let hint = match nearest::near(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                let message = format!("unknown key `{name}` in {title}");
                return Err(source.error(&key.span(), message).hint(hint));
            }
        }
        Ok(Self {
            source,
            table,
            span,
            title,
        })
    }

    pub(super) fn origin(&self) -> Origin {
        self.source.origin(&self.span)
    }

    /// An error about the table as a whole.
    pub(super) fn error(&self, message: impl Into<String>) -> ConfigError {
        self.source.error(&self.span, message)
    }

    pub(super) fn error_at(&self, key: &str, message: impl Into<String>) -> ConfigError {
        let span = self.table.get(key).map_or(self.span.clone(), Spanned::span);
        self.source.error(&span, message)
    }

    /// The value of a key through `read`, whose refusal becomes an error at the value.
    fn field<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'t>) -> Result<T, String>,
    ) -> Field<T> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        match read(value.get_ref()) {
            Ok(read) => Ok(Some(Placed {
                value: read,
                from: self.source.origin(&value.span()),
            })),
            Err(message) => Err(self
                .source
                .error(&value.span(), format!("`{key}`: {message}"))),
        }
    }

    fn parsed<T>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Field<T> {
        self.field(key, |value| parse(string(value)?))
    }

    pub(super) fn text(&self, key: &str) -> Field<String> {
        self.parsed(key, |text| {
            if text.trim().is_empty() {
                Err("it is empty".to_owned())
            } else {
                Ok(text.to_owned())
            }
        })
    }

    pub(super) fn percent(&self, key: &str) -> Field<f64> {
        self.field(key, |value| match value {
            DeValue::Integer(_) | DeValue::Float(_) => {
                Err("a percentage is written in quotes, like \"5%\"".to_owned())
            }
            other => values::percent(string(other)?),
        })
    }

    pub(super) fn quantity(&self, key: &str) -> Field<Quantity> {
        self.field(key, |value| match value {
            DeValue::Integer(number) => values::quantity(number.as_str()),
            DeValue::Float(number) => values::quantity(number.as_str()),
            other => values::quantity(string(other)?),
        })
    }

    pub(super) fn duration(&self, key: &str) -> Field<std::time::Duration> {
        self.parsed(key, values::duration)
    }

    pub(super) fn flag(&self, key: &str) -> Field<bool> {
        self.field(key, |value| {
            value
                .as_bool()
                .ok_or_else(|| format!("expected true or false, found {}", found(value)))
        })
    }

    pub(super) fn whole(&self, key: &str, range: std::ops::RangeInclusive<u32>) -> Field<u32> {
        self.field(key, |value| {
            value
                .as_integer()
                .and_then(|number| number.as_str().parse().ok())
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let (low, high) = (range.start(), range.end());
                    format!("expected a whole number from {low} to {high}")
                })
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&'static str, T)]) -> Field<T> {
        self.parsed(key, |text| {
            let named = words.iter().find(|(word, _)| *word == text);
            named.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<String> = words.iter().map(|(w, _)| format!("\"{w}\"")).collect();
                format!("`{text}` is not one of {}", names.join(", "))
            })
        })
    }

    pub(super) fn date(&self, key: &str) -> Field<jiff::civil::Date> {
        self.field(key, |value| {
            let wrong = || "expected a date without quotes, like 2027-01-31".to_owned();
            let written = value.as_datetime().ok_or_else(wrong)?;
            let (Some(date), None) = (written.date, written.time) else {
                return Err(wrong());
            };
            let number = |n: u8| i8::try_from(n).map_err(|_| wrong());
            let year = i16::try_from(date.year).map_err(|_| wrong())?;
            jiff::civil::Date::new(year, number(date.month)?, number(date.day)?)
                .map_err(|_| wrong())
        })
    }

    /// The one table under a key: `[defaults]`.
    pub(super) fn table(
        &self,
        key: &str,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Option<Form<'t>>, ConfigError> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong_shape(key, value, title));
        };
        Form::strict(self.source, (table, value.span()), title, known).map(Some)
    }

    /// Every table under a key: `[[rule]]`.
    pub(super) fn tables(
        &self,
        key: &str,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Vec<Form<'t>>, ConfigError> {
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(self.wrong_shape(key, value, title));
        };
        entries
            .iter()
            .map(|entry| match entry.get_ref() {
                DeValue::Table(table) => {
                    Form::strict(self.source, (table, entry.span()), title, known)
                }
                _ => Err(self.wrong_shape(key, entry, title)),
            })
            .collect()
    }

    fn wrong_shape(&self, key: &str, value: &Spanned<DeValue<'t>>, title: &str) -> ConfigError {
        let found = found(value.get_ref());
        let message = format!("`{key}` in {}: expected {title}, found {found}", self.title);
        self.source.error(&value.span(), message)
    }
}

fn string<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("expected a text in quotes, found {}", found(value)))
}

fn found(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
