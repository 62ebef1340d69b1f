//! One table of a file as a form with known fields: each is taken by name and kind, and what is wrong is said
//! with its place.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Node, found};
use super::place::{FormError, Place, Placed, Text};
use super::{habits, nearest};

/// A table whose keys are all known.
#[derive(Clone, Debug)]
pub struct Form<'t> {
    source: Text<'t>,
    table: &'t DeTable<'t>,
    span: Range<usize>,
    /// What messages call it: `[[rule]]`.
    title: &'static str,
}

/// What stands under a key, where something does.
pub type Field<T> = Result<Option<Placed<T>>, FormError>;

impl<'t> Form<'t> {
    pub fn new(
        source: Text<'t>,
        table: &'t Spanned<DeTable<'t>>,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Self, FormError> {
        Self::strict(source, (table.get_ref(), table.span()), title, known)
    }

    pub(super) fn strict(
        source: Text<'t>,
        (table, span): (&'t DeTable<'t>, Range<usize>),
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Self, FormError> {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let known_keys = || known.iter().copied();
                let near = nearest::near(name, known_keys());
                let near = near.or_else(|| nearest::close(name, known_keys()));
                let hint = match (habits::instead(title, name), near) {
                    (Some(instead), _) => instead.to_owned(),
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) => format!("known here: {}", known.join(", ")),
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

    pub fn place(&self) -> Place {
        self.source.place(&self.span)
    }

    pub fn title(&self) -> &'static str {
        self.title
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &'t str> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    /// The value under a key, of whatever kind.
    pub fn node(&self, key: &str) -> Option<Node<'t>> {
        let value = self.table.get(key)?;
        Some(Node::new(self.source, value, key))
    }

    /// An error about the table as a whole.
    pub fn error(&self, message: impl Into<String>) -> FormError {
        self.source.error(&self.span, message)
    }

    /// An error at the value of a key, or at the table where there is none.
    pub fn error_at(&self, key: &str, message: impl Into<String>) -> FormError {
        let span = self.table.get(key).map_or(self.span.clone(), Spanned::span);
        self.source.error(&span, message)
    }

    /// What `read` makes of the value of a key.
    fn taken<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Node<'t>) -> Result<T, FormError>,
    ) -> Field<T> {
        self.node(key)
            .map(|node| {
                Ok(Placed {
                    value: read(&node)?,
                    from: node.place(),
                })
            })
            .transpose()
    }

    /// The value of a key through `read`, whose refusal becomes an error at the value.
    pub fn field<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'t DeValue<'t>) -> Result<T, String>,
    ) -> Field<T> {
        self.taken(key, |node| node.read(read))
    }

    pub fn text(&self, key: &str) -> Field<String> {
        self.taken(key, |node| node.text().map(str::to_owned))
    }

    pub fn duration(&self, key: &str) -> Field<std::time::Duration> {
        self.taken(key, Node::duration)
    }

    pub fn flag(&self, key: &str) -> Field<bool> {
        self.taken(key, Node::flag)
    }

    pub fn number(&self, key: &str) -> Field<f64> {
        self.taken(key, Node::number)
    }

    pub fn whole<T>(&self, key: &str, range: RangeInclusive<T>) -> Field<T>
    where
        T: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        self.taken(key, |node| node.whole(range))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&'static str, T)]) -> Field<T> {
        self.taken(key, |node| node.choice(words))
    }

    /// The one table under a key: `[defaults]`.
    pub fn table(
        &self,
        key: &str,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Option<Form<'t>>, FormError> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong_shape(key, value, title));
        };
        Form::strict(self.source, (table, value.span()), title, known).map(Some)
    }

    /// Every table under a key: `[[rule]]`.
    pub fn tables(
        &self,
        key: &str,
        title: &'static str,
        known: &[&'static str],
    ) -> Result<Vec<Form<'t>>, FormError> {
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

    fn wrong_shape(&self, key: &str, value: &Spanned<DeValue<'t>>, title: &str) -> FormError {
        let found = found(value.get_ref());
        let message = format!("`{key}` in {}: expected {title}, found {found}", self.title);
        self.source.error(&value.span(), message)
    }
}
