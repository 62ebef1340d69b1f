//! Texts, numbers, times and words.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::ops::Deref;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::written;
use super::schema::schema;

type ReadText<T> = fn(&str) -> Result<T, String>;
type ReadNumber<T> = fn(f64) -> Result<T, String>;

/// What may stand there, and what is made of it; a refusal becomes the message.
struct Reading<T> {
    expected: &'static str,
    text: Option<ReadText<T>>,
    number: Option<ReadNumber<T>>,
}

impl<T> Visitor<'_> for Reading<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        match self.text {
            Some(read) => read(text).map_err(E::custom),
            None => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        match self.number {
            Some(_) if !number.is_finite() => Err(E::custom("expected a finite number")),
            Some(read) => read(number).map_err(E::custom),
            None => Err(E::invalid_type(Unexpected::Float(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        match (self.number, number.to_string().parse()) {
            (Some(_), Ok(number)) => self.visit_f64(number),
            _ => Err(E::invalid_type(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<T, E> {
        Err(E::custom("the number is too large"))
    }
}

/// Reads a text by a function whose refusal becomes the message.
pub fn from_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: ReadText<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Reading {
        expected: "a text in quotes",
        text: Some(read),
        number: None,
    })
}

/// Reads a finite number, whole or not, by a function whose refusal becomes the message.
pub fn from_number<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: ReadNumber<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Reading {
        expected: "a number",
        text: None,
        number: Some(read),
    })
}

/// Reads a text or a finite number, each by a function whose refusal becomes the message.
pub fn from_text_or_number<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    text: ReadText<T>,
    number: ReadNumber<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Reading {
        expected,
        text: Some(text),
        number: Some(number),
    })
}

/// A text that holds something.
#[derive(Clone, Debug)]
pub struct FilledText(String);

impl Deref for FilledText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for FilledText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for FilledText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| match text.trim().is_empty() {
            true => Err("it is empty".to_owned()),
            false => Ok(Self(text.to_owned())),
        })
    }
}

schema!(FilledText, { "type": "string", "pattern": "\\S" });

/// A whole number from `LOW` to `HIGH`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Whole<const LOW: u64, const HIGH: u64>(u64);

impl<const LOW: u64, const HIGH: u64> Whole<LOW, HIGH> {
    /// A number of the program's own, as a default.
    pub const fn new(number: u64) -> Self {
        assert!(LOW <= number && number <= HIGH);
        Self(number)
    }

    pub fn get(self) -> u64 {
        self.0
    }

    /// As a type that holds every number up to `HIGH`.
    pub fn to<T: TryFrom<u64>>(self) -> Option<T> {
        T::try_from(self.0).ok()
    }
}

impl<const LOW: u64, const HIGH: u64> Display for Whole<LOW, HIGH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const LOW: u64, const HIGH: u64> Deserialize<'de> for Whole<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const LOW: u64, const HIGH: u64>;
        impl<const LOW: u64, const HIGH: u64> Visitor<'_> for Number<LOW, HIGH> {
            type Value = Whole<LOW, HIGH>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {LOW} to {HIGH}")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                self.visit_i128(number.into())
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                self.visit_i128(number.into())
            }

            fn visit_i128<E: Error>(self, number: i128) -> Result<Self::Value, E> {
                u64::try_from(number)
                    .ok()
                    .filter(|number| (LOW..=HIGH).contains(number))
                    .map(Whole)
                    .ok_or_else(|| {
                        E::custom(format!("expected a whole number from {LOW} to {HIGH}"))
                    })
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl<const LOW: u64, const HIGH: u64> JsonSchema for Whole<LOW, HIGH> {
    fn schema_name() -> Cow<'static, str> {
        format!("WholeFrom{LOW}To{HIGH}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LOW, "maximum": HIGH })
    }
}

/// A test that lasts longer is a slip of the keyboard.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A time up to 30 days.
#[derive(Clone, Copy, Debug)]
pub struct DurationText(pub Duration);

/// A time of more than nothing, up to 30 days.
#[derive(Clone, Copy, Debug)]
pub struct PositiveDuration(pub Duration);

/// Refuses what is longer than 30 days.
pub fn at_most_30_days(time: Duration) -> Result<Duration, String> {
    match time > LONGEST {
        true => Err("it is longer than 30 days".to_owned()),
        false => Ok(time),
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| {
            at_most_30_days(written::duration(text)?).map(Self)
        })
    }
}

/// As a default in the schema.
impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs();
        match self.0.subsec_nanos() == 0 && seconds > 0 && seconds.is_multiple_of(3600) {
            true => serializer.serialize_str(&format!("{}h", seconds / 3600)),
            false => serializer.serialize_str(&written::duration_text(self.0)),
        }
    }
}

/// As a default in the schema.
impl Serialize for PositiveDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        DurationText(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PositiveDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| {
            let time = at_most_30_days(written::duration(text)?)?;
            match time.is_zero() {
                true => Err("it must be longer than nothing".to_owned()),
                false => Ok(Self(time)),
            }
        })
    }
}

schema!(DurationText, {
    "title": "duration",
    "type": "string",
    "pattern": "^\\s*\\+?[0-9.]+\\s*(ms|s|m|min|h)\\s*$",
    "examples": ["30s", "500ms", "2m"],
});
schema!(PositiveDuration, {
    "title": "duration",
    "type": "string",
    "pattern": "^\\s*\\+?[0-9.]+\\s*(ms|s|m|min|h)\\s*$",
    "examples": ["30s", "500ms", "2m"],
});

/// `true`, where nothing else makes sense.
#[derive(Clone, Copy, Debug)]
pub struct True;

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Flag;
        impl Visitor<'_> for Flag {
            type Value = True;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<True, E> {
                match flag {
                    true => Ok(True),
                    false => Err(E::custom("expected true")),
                }
            }
        }
        deserializer.deserialize_bool(Flag)
    }
}

schema!(True, { "const": true });

/// One of a few words: an enum without fields.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Word<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, word).map(Self)
    }
}

/// Which of a few words a text is.
pub fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<NoWord>::new(text)).map_err(|error| error.0)
}

/// What is said of a text that is none of a few words.
#[derive(Debug)]
struct NoWord(String);

impl Display for NoWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoWord {}

impl Error for NoWord {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        Self(format!("`{word}` is not one of {}", known.join(", ")))
    }
}

impl<T: JsonSchema> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
