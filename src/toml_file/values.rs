//! Kinds of values that the structs of our files are made of. Each reads itself, with a message that says what is
//! expected, and says the same in the JSON Schema.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use super::place::Problem;
use super::written;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Located<T> {
    value: T,
    span: Range<usize>,
}

impl<T> Located<T> {
    pub fn get(&self) -> &T {
        &self.value
    }

    pub fn into_inner(self) -> T {
        self.value
    }

    pub fn span(&self) -> &Range<usize> {
        &self.span
    }

    /// What is wrong with the value: its key stands before the message.
    pub fn error(&self, message: impl Display) -> Problem {
        Problem::with_key(&self.span, message.to_string())
    }

    /// What is wrong with the table as a whole.
    pub fn error_here(&self, message: impl Display) -> Problem {
        Problem::at(&self.span, message.to_string())
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(Self {
            value: spanned.into_inner(),
            span,
        })
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
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

/// The schema of a type that is written where it is used.
macro_rules! schema {
    ($type:ty, $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use schema;

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
pub(super) const TABLES: &str = "tables";

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
pub struct FreeTable<T>(Vec<(String, Located<T>)>);

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
