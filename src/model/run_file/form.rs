//! The document as it is written, for both directions: serde reads a text into these forms before anything is judged,
//! and a run is put into the same forms to be written. Keys stand in the order in which they are written.
//!
//! Text is borrowed from the document wherever it holds no escape.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A string, borrowed where it can be. (`Option<Cow<str>>` would always copy.)
#[derive(serde::Serialize)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(super) fn opt(text: Option<&'a str>) -> Option<Self> {
        text.map(Self::of)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Strings)
    }
}

/// An object, never the list of its values in order, which derived forms would take as well.
#[derive(serde::Serialize)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Maps<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Maps<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Maps(PhantomData))
    }
}

/// An object of free names, in the order in which they were written, doubled ones and all.
pub(crate) struct Entries<'a, T>(pub(crate) Vec<(Text<'a>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

struct EntriesVisitor<'a, T>(PhantomData<(&'a (), T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<'a, T> {
    type Value = Entries<'a, T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // Most subjects have one metric or few, and a form of one is large.
        let mut entries = Vec::with_capacity(1);
        while let Some(entry) = map.next_entry::<Text<'a>, T>()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// A step at which the tool rounds: one for all quantiles, or one for each.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Resolution<'a> {
    All(f64),
    Each(Entries<'a, f64>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Resolution<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Either<'a> {
            type Value = Resolution<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or an object of quantiles")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Resolution::All(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                f64::deserialize(serde::de::value::I64Deserializer::new(value)).map(Resolution::All)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                f64::deserialize(serde::de::value::U64Deserializer::new(value)).map(Resolution::All)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                EntriesVisitor(PhantomData)
                    .visit_map(map)
                    .map(Resolution::Each)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// A key that is there has a value: `null`, which is how many languages write NaN, is refused.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Forms alike: every key is optional here, because what is missing is told better later.
macro_rules! form {
    ($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? { $($(#[$attribute:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name $(<$life>)? {
            $(
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                $(#[$attribute])*
                pub(crate) $key: Option<$type>,
            )*
        }
    };
}

form!(RunForm<'a> {
    #[serde(borrow)] schema: Text<'a>,
    #[serde(borrow)] commit: Text<'a>,
    duration_s: f64,
    #[serde(borrow)] environment: Object<EnvironmentForm<'a>>,
    #[serde(borrow)] inputs: Text<'a>,
    #[serde(borrow)] invalid: Text<'a>,
    #[serde(borrow)] load: Object<LoadForm<'a>>,
    partial: bool,
    #[serde(borrow)] scenario: Text<'a>,
    #[serde(borrow)] session: Text<'a>,
    #[serde(borrow)] source: Text<'a>,
    #[serde(borrow)] started_at: Text<'a>,
    #[serde(borrow)] subjects: Entries<'a, Entries<'a, Object<MeasurementForm<'a>>>>,
    #[serde(borrow)] timeline: Object<TimelineForm<'a>>,
    #[serde(borrow)] tool: Object<ToolForm<'a>>,
    #[serde(borrow)] warnings: Vec<Text<'a>>,
});

form!(ToolForm<'a> {
    #[serde(borrow)] name: Text<'a>,
    #[serde(borrow)] version: Text<'a>,
});

form!(TimelineForm<'a> {
    slice_s: f64,
    #[serde(borrow)] subjects: Entries<'a, Text<'a>>,
    #[serde(borrow)] gauges: Entries<'a, Entries<'a, Object<GaugeForm<'a>>>>,
});

form!(GaugeForm<'a> {
    #[serde(borrow)] unit: Text<'a>,
    values: Vec<(u32, f64)>,
});

form!(LoadForm<'a> {
    #[serde(borrow)] digest: Text<'a>,
    #[serde(borrow)] terms: Entries<'a, Text<'a>>,
});

form!(EnvironmentForm<'a> {
    #[serde(borrow)] arch: Text<'a>,
    assumed: bool,
    #[serde(borrow)] compiler: Text<'a>,
    cores: u32,
    #[serde(borrow)] cpu: Text<'a>,
    #[serde(borrow)] image: Text<'a>,
    #[serde(borrow)] kernel: Text<'a>,
    #[serde(borrow)] key: Text<'a>,
    memory_gib: f64,
    #[serde(borrow)] os: Text<'a>,
    #[serde(borrow)] runner: Text<'a>,
});

form!(MeasurementForm<'a> {
    #[serde(borrow)] better: Text<'a>,
    count: u64,
    estimate: Object<EstimateForm>,
    #[serde(borrow)] histogram: Text<'a>,
    max: f64,
    mean: f64,
    min: f64,
    n: u64,
    of: u64,
    #[serde(borrow)] quantiles: Entries<'a, f64>,
    #[serde(borrow)] resolution: Resolution<'a>,
    #[serde(borrow)] role: Text<'a>,
    samples: Cow<'a, [f64]>,
    scale: f64,
    #[serde(borrow)] unit: Text<'a>,
    value: f64,
    weights: Cow<'a, [f64]>,
});

form!(EstimateForm {
    confidence: f64,
    high: f64,
    low: f64,
    point: f64,
});
