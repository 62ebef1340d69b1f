//! Values that may be written in more than one way.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::place::Problem;
use super::any::Scalar;
use super::located::Located;

/// `false`, which takes something back, or a value.
#[derive(Clone, Debug)]
pub enum FalseOr<T> {
    False,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FalseOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = FalseOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, or false")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                match flag {
                    true => Err(E::custom("expected a table, or false")),
                    false => Ok(FalseOr::False),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(FalseOr::Value)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for FalseOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("FalseOr{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": false }, generator.subschema_for::<T>()] })
    }
}

/// A text, a number or a truth value, or a table.
#[derive(Clone, Debug)]
pub enum ScalarOr<T> {
    Scalar(Scalar),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ScalarOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = ScalarOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false, or a table")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(ScalarOr::Scalar(Scalar::Flag(flag)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(ScalarOr::Scalar(Scalar::Whole(number)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(ScalarOr::Scalar(Scalar::Float(number)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ScalarOr::Scalar(Scalar::Text(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ScalarOr::Table)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for ScalarOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("ScalarOr{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (scalar, table) = (
            generator.subschema_for::<Scalar>(),
            generator.subschema_for::<T>(),
        );
        json_schema!({ "anyOf": [scalar, table] })
    }
}

/// `true`, which asks for the usual, or a text that says more.
#[derive(Clone, Debug)]
pub enum TrueOr<T> {
    True,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TrueOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TrueOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, or a text in quotes")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                match flag {
                    true => Ok(TrueOr::True),
                    false => Err(E::custom("expected true, or a text in quotes")),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(text.into_deserializer()).map(TrueOr::Value)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for TrueOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("TrueOr{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": true }, generator.subschema_for::<T>()] })
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug)]
pub struct OneOrMany<T> {
    entries: Vec<Located<T>>,
    span: Range<usize>,
}

impl<T> OneOrMany<T> {
    pub fn entries(&self) -> &[Located<T>] {
        &self.entries
    }

    pub fn span(&self) -> &Range<usize> {
        &self.span
    }

    /// What is wrong with all of it: its key stands before the message.
    pub fn error(&self, message: impl Display) -> Problem {
        Problem::with_key(&self.span, message.to_string())
    }
}

enum Either<T> {
    One(T),
    Many(Vec<Located<T>>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Located { value, span } = Located::<Either<T>>::deserialize(deserializer)?;
        let entries = match value {
            Either::One(value) => vec![Located {
                value,
                span: span.clone(),
            }],
            Either::Many(entries) => entries,
        };
        Ok(Self { entries, span })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<T> Any<T> {
            fn one<'de, E: Error>(value: impl IntoDeserializer<'de, E>) -> Result<Either<T>, E>
            where
                T: Deserialize<'de>,
            {
                T::deserialize(value.into_deserializer()).map(Either::One)
            }
        }
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Either<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a list of values")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Self::one(flag)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Self::one(number)
            }

            fn visit_i128<E: Error>(self, number: i128) -> Result<Self::Value, E> {
                Self::one(number)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Self::one(number)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Self::one(text)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Either::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Either::Many(entries))
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}
