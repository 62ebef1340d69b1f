//! Values of any kind.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::located::Located;
use super::schema::schema;
use super::tables::FreeTable;

/// A text, a number, or a truth value.
#[derive(Clone, Debug)]
pub enum Scalar {
    Text(String),
    Whole(i64),
    Float(f64),
    Flag(bool),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar, E> {
                Ok(Scalar::Flag(flag))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Whole(number))
            }

            fn visit_i128<E: Error>(self, _: i128) -> Result<Scalar, E> {
                Err(E::custom("the number is too large"))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

schema!(Scalar, { "title": "text, number, `true` or `false`", "type": ["string", "number", "boolean"] });

/// A value of any kind, as deep as it goes.
#[derive(Clone, Debug)]
pub enum AnyValue {
    Text(String),
    Whole(i64),
    Float(f64),
    Flag(bool),
    /// A date, a time or both, as TOML writes them.
    Time(String),
    List(Vec<Located<Self>>),
    Table(FreeTable<Self>),
}

/// The only key of the map as which TOML hands over a date.
const DATE_KEY: &str = "$__toml_private_datetime";

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = AnyValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<AnyValue, E> {
                Ok(AnyValue::Flag(flag))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<AnyValue, E> {
                Ok(AnyValue::Whole(number))
            }

            fn visit_i128<E: Error>(self, _: i128) -> Result<AnyValue, E> {
                Err(E::custom("the number is too large"))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<AnyValue, E> {
                match number.is_finite() {
                    true => Ok(AnyValue::Float(number)),
                    false => Err(E::custom("expected a finite number")),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AnyValue, E> {
                Ok(AnyValue::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(AnyValue::List(entries))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
                let mut entries: Vec<(String, Located<AnyValue>)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key == DATE_KEY {
                        return map.next_value().map(AnyValue::Time);
                    }
                    entries.push((key, map.next_value()?));
                }
                entries.sort_by_key(|(_, value)| value.span.start);
                Ok(AnyValue::Table(FreeTable(entries)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

schema!(AnyValue, {});
