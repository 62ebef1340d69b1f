//! Tables, lists of tables, and tables whose keys are free.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::place::Problem;
use super::located::Located;

/// A table that a struct reads. Serde alone would take a list for it, too.
#[derive(Clone, Debug, Default)]
pub struct Table<T>(T);

impl<T> Deref for Table<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Table<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Table)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Table<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Tables of a list: `[[rule]]`.
#[derive(Clone, Debug)]
pub struct Tables<T> {
    entries: Vec<Located<Table<T>>>,
    span: Range<usize>,
}

impl<T> Tables<T> {
    /// What is wrong with all of them: their key stands before the message.
    pub fn error(&self, message: impl Display) -> Problem {
        Problem::with_key(&self.span, message.to_string())
    }

    pub fn span(&self) -> &Range<usize> {
        &self.span
    }
}

impl<T> Deref for Tables<T> {
    type Target = [Located<Table<T>>];

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl<'t, T> IntoIterator for &'t Tables<T> {
    type Item = &'t Located<Table<T>>;
    type IntoIter = std::slice::Iter<'t, Located<Table<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

/// What [`Tables`] expect, for messages: they are written with two brackets.
pub const TABLES: &str = "tables";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tables<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(Vec<Located<Table<T>>>);
        impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_seq(Each(PhantomData))
            }
        }
        struct Each<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(TABLES)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        let Located { value, span } = Located::<Entries<T>>::deserialize(deserializer)?;
        Ok(Self {
            entries: value.0,
            span,
        })
    }
}

impl<T: JsonSchema> JsonSchema for Tables<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("TablesOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items })
    }
}

/// A table whose keys are free, in the order of the file.
#[derive(Clone, Debug)]
pub struct FreeTable<T>(pub(super) Vec<(String, Located<T>)>);

impl<T> FreeTable<T> {
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Located<T>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FreeTable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
            type Value = FreeTable<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(Located<String>, Located<T>)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                entries.sort_by_key(|(key, _)| key.span.start);
                let entries = entries.into_iter();
                let entries = entries.map(|(key, value)| (key.value, value));
                Ok(FreeTable(entries.collect()))
            }
        }
        deserializer.deserialize_map(Table(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for FreeTable<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("TableOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}
