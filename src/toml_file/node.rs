//! One value of a file, of whatever kind, with what messages call it and where it stands.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::form::Form;
use super::place::{FormError, Place, Text};
use super::written;

/// A value, and how messages call it.
#[derive(Clone, Debug)]
pub struct Node<'t> {
    source: Text<'t>,
    value: &'t DeValue<'t>,
    span: Range<usize>,
    label: String,
}

impl<'t> Node<'t> {
    pub(super) fn new(source: Text<'t>, value: &'t Spanned<DeValue<'t>>, label: &str) -> Self {
        Self {
            source,
            value: value.get_ref(),
            span: value.span(),
            label: label.to_owned(),
        }
    }

    pub fn value(&self) -> &'t DeValue<'t> {
        self.value
    }

    /// What messages call it: the key, or the key of the list that it stands in.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn place(&self) -> Place {
        self.source.place(&self.span)
    }

    /// "`key`: message", at the value.
    pub fn error(&self, message: impl Display) -> FormError {
        self.source
            .error(&self.span, format!("`{}`: {message}", self.label))
    }

    /// The reading of the value, whose refusal becomes an error at the value.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&'t DeValue<'t>) -> Result<T, String>,
    ) -> Result<T, FormError> {
        read(self.value).map_err(|message| self.error(message))
    }

    /// A text that holds something.
    pub fn text(&self) -> Result<&'t str, FormError> {
        let text = self.any_text()?;
        if text.trim().is_empty() {
            return Err(self.error("it is empty"));
        }
        Ok(text)
    }

    /// A text that may be empty.
    pub fn any_text(&self) -> Result<&'t str, FormError> {
        self.read(string)
    }

    pub fn flag(&self) -> Result<bool, FormError> {
        self.read(|value| {
            value
                .as_bool()
                .ok_or_else(|| format!("expected true or false, found {}", found(value)))
        })
    }

    pub fn whole<T>(&self, range: RangeInclusive<T>) -> Result<T, FormError>
    where
        T: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        self.read(|value| {
            value
                .as_integer()
                .and_then(integer)
                .and_then(|number| T::try_from(number).ok())
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let (low, high) = (range.start(), range.end());
                    format!("expected a whole number from {low} to {high}")
                })
        })
    }

    /// A finite number, whole or not.
    pub fn number(&self) -> Result<f64, FormError> {
        self.read(|value| {
            let number = match value {
                DeValue::Integer(whole) => integer(whole).and_then(|n| n.to_string().parse().ok()),
                DeValue::Float(number) => number.as_str().parse().ok(),
                other => return Err(format!("expected a number, found {}", found(other))),
            };
            number
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| "expected a finite number".to_owned())
        })
    }

    pub fn duration(&self) -> Result<std::time::Duration, FormError> {
        self.read(|value| written::duration(string(value)?))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, words: &[(&'static str, T)]) -> Result<T, FormError> {
        self.read(|value| {
            let text = string(value)?;
            let named = words.iter().find(|(word, _)| *word == text);
            named.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<String> = words.iter().map(|(w, _)| format!("\"{w}\"")).collect();
                format!("`{text}` is not one of {}", names.join(", "))
            })
        })
    }

    /// The entries of a list.
    pub fn list(&self) -> Result<Vec<Self>, FormError> {
        match self.value {
            DeValue::Array(entries) => Ok(entries
                .iter()
                .map(|entry| Self::new(self.source, entry, &self.label))
                .collect()),
            other => Err(self.error(format!("expected a list, found {}", found(other)))),
        }
    }

    /// The entries of a list, or the one value that stands there without.
    pub fn one_or_more(&self) -> Result<Vec<Self>, FormError> {
        match self.value {
            DeValue::Array(_) => self.list(),
            _ => Ok(vec![self.clone()]),
        }
    }

    /// The entries of a table whose keys are free, in the order of the file.
    pub fn entries(&self) -> Result<Vec<(&'t str, Self)>, FormError> {
        let mut entries: Vec<_> = self
            .table()?
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().as_ref();
                (key.span().start, name, Self::new(self.source, value, name))
            })
            .collect();
        entries.sort_by_key(|(at, ..)| *at);
        Ok(entries
            .into_iter()
            .map(|(_, name, node)| (name, node))
            .collect())
    }

    /// A table whose keys are all known.
    pub fn form(&self, title: &'static str, known: &[&'static str]) -> Result<Form<'t>, FormError> {
        Form::strict(
            self.source,
            (self.table()?, self.span.clone()),
            title,
            known,
        )
    }

    fn table(&self) -> Result<&'t DeTable<'t>, FormError> {
        self.value
            .as_table()
            .ok_or_else(|| self.error(format!("expected a table, found {}", found(self.value))))
    }
}

/// Of any radix.
fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

pub fn string<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("expected a text in quotes, found {}", found(value)))
}

pub(super) fn found(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
