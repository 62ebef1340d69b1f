//! The document as it is written, for both directions: serde reads a text into these forms before anything is judged,
//! and a run is put into the same forms to be written. Keys stand in the order in which they are written. The JSON Schema
//! that is published comes from these forms as well, their comments with it.
//!
//! Text is borrowed from the document wherever it holds no escape.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::SCHEMA;
use super::rules::{self, BETTER, ROLES};
use crate::model::MetricName;

/// A string, borrowed where it can be. (`Option<Cow<str>>` would always copy.)
#[derive(serde::Serialize, JsonSchema)]
#[schemars(inline, description = "")]
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
#[derive(serde::Serialize, JsonSchema)]
#[schemars(inline, description = "")]
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
#[derive(JsonSchema)]
#[schemars(inline, with = "BTreeMap<String, T>", description = "")]
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
#[derive(serde::Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, description = "")]
pub(crate) enum Resolution<'a> {
    /// One step.
    All(#[schemars(range(min = 0))] f64),
    /// A step for each quantile.
    Each(#[schemars(transform = rules::steps_of_quantiles)] Entries<'a, f64>),
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
    ($(#[$container:meta])* $name:ident $(<$life:lifetime>)? { $($(#[$attribute:meta])* $key:ident: $type:ty,)* }) => {
        #[derive(Default, serde::Deserialize, serde::Serialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$container])*
        pub(crate) struct $name $(<$life>)? {
            $(
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                $(#[$attribute])*
                pub(crate) $key: Option<$type>,
            )*
        }
    };
}

form!(
    /// One run: one execution of a workload on one build, with where it came from. A file holds one, a JSON array of
    /// them, or one per line; this describes one.
    #[schemars(title = "perfgate.run/1", extend("required" = ["schema", "subjects"]))]
    RunForm<'a> {
        /// What this document is.
        #[schemars(extend("const" = SCHEMA))]
        #[serde(borrow)]
        schema: Text<'a>,
        /// The commit that was measured.
        #[serde(borrow)]
        commit: Text<'a>,
        /// How long it took, in seconds.
        #[schemars(range(min = 0))]
        duration_s: f64,
        #[serde(borrow)]
        environment: Object<EnvironmentForm<'a>>,
        /// A digest of the files that the source calls its inputs.
        #[serde(borrow)]
        inputs: Text<'a>,
        /// Why its numbers say nothing about the system under test, in a sentence. Such a run is never judged.
        #[schemars(extend("pattern" = "\\S"))]
        #[serde(borrow)]
        invalid: Text<'a>,
        #[serde(borrow)]
        load: Object<LoadForm<'a>>,
        /// It was ended early: what it holds is true and less than was asked for. Such a run is judged with a remark, and
        /// no baseline takes it unless it is forced to.
        partial: bool,
        /// The workload; series of different scenarios are not comparable.
        #[serde(borrow)]
        scenario: Text<'a>,
        /// Runs of one session on one machine share it.
        #[serde(borrow)]
        session: Text<'a>,
        /// The name of the source that made the run, or the label that its user gave it; runs of different sources are
        /// never compared.
        #[serde(borrow)]
        source: Text<'a>,
        /// When it began, RFC 3339.
        #[schemars(extend("format" = "date-time"))]
        #[serde(borrow)]
        started_at: Text<'a>,
        /// What was measured, by name: an endpoint, a benchmark, a command.
        #[schemars(with = "Option<BTreeMap<String, MetricsByName>>")]
        #[serde(borrow)]
        subjects: Entries<'a, Entries<'a, Object<MeasurementForm<'a>>>>,
        #[serde(borrow)]
        timeline: Object<TimelineForm<'a>>,
        #[serde(borrow)]
        tool: Object<ToolForm<'a>>,
        /// What a reader of the numbers should know.
        #[serde(borrow)]
        warnings: Vec<Text<'a>>,
    }
);

/// The measurements of a subject: some metrics have a known direction, any other name is one of the user's own.
struct MetricsByName;

impl JsonSchema for MetricsByName {
    fn schema_name() -> Cow<'static, str> {
        "Metrics".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let measurement = generator.subschema_for::<MeasurementForm<'_>>();
        let with = |rule: Value| json!({ "allOf": [measurement, rule] });
        let known: Map<String, Value> = MetricName::DIRECTIONS
            .iter()
            .map(|(name, _)| ((*name).to_owned(), with(rules::of_known(name))))
            .collect();
        let words = "Metrics by name. Those that stand here have a known direction; any other name is a metric of your own.";
        schemars::json_schema!({
            "description": words,
            "type": "object",
            "properties": known,
            "additionalProperties": with(json!({ "required": ["unit", "better"] })),
        })
    }
}

form!(
    /// The program that measured.
    #[schemars(rename = "Tool", extend("required" = ["name"]))]
    ToolForm<'a> {
        /// Its name.
        #[serde(borrow)]
        name: Text<'a>,
        /// Its version.
        #[serde(borrow)]
        version: Text<'a>,
    }
);

form!(
    /// What happened when, in slices of equal length from when the first request was counted. Drawn, and no part of what
    /// is judged; a baseline holds none.
    #[schemars(rename = "Timeline", extend("required" = ["slice_s"]))]
    TimelineForm<'a> {
        /// The length of a slice, in seconds. There are at most 600.
        #[schemars(extend("exclusiveMinimum" = 0))]
        slice_s: f64,
        /// The slices of each subject, by its name: whole numbers as LEB128, compressed by zlib, in base64. Of each slice:
        /// how many slices without a request lie before it, the errors, the number of buckets of latency, and of each
        /// bucket how many empty ones lie before it and its count. Bucket b holds successes from 2^(b/10) µs to
        /// 2^((b+1)/10) µs; there are 304. Bucket 304 holds successes whose latency is not known one by one.
        #[schemars(transform = rules::base64_by_name)]
        #[serde(borrow)]
        subjects: Entries<'a, Text<'a>>,
        /// What was watched: of each subject and metric the slices that were looked at, each with its number and the mean
        /// of what was seen in it.
        #[serde(borrow)]
        gauges: Entries<'a, Entries<'a, Object<GaugeForm<'a>>>>,
    }
);

form!(
    /// One metric of a subject over time.
    #[schemars(rename = "Gauge")]
    GaugeForm<'a> {
        /// The unit of every value.
        #[serde(borrow)]
        unit: Text<'a>,
        /// In the order of time: the number of a slice, and the mean of what was seen in it.
        #[schemars(transform = rules::slice_numbers)]
        values: Vec<(u32, f64)>,
    }
);

form!(
    /// What the tool was asked to do; runs of different loads are never compared.
    #[schemars(rename = "Load")]
    LoadForm<'a> {
        /// Covers everything that defines the load, and not the address of the service.
        #[serde(borrow)]
        digest: Text<'a>,
        /// What was asked for, by name, as people write it: rate is 200/s.
        #[serde(borrow)]
        terms: Entries<'a, Text<'a>>,
    }
);

form!(
    /// The machine. System, architecture, CPU and cores make the key under which timings are comparable; the rest is shown
    /// where it differs.
    #[schemars(rename = "Environment")]
    EnvironmentForm<'a> {
        /// The architecture: `x86_64`.
        #[serde(borrow)]
        arch: Text<'a>,
        /// The result says nothing of its machine: this is the machine that read it.
        assumed: bool,
        /// The compiler.
        #[serde(borrow)]
        compiler: Text<'a>,
        /// How many cores.
        #[schemars(range(max = 4_294_967_295_u32))]
        cores: u32,
        /// The CPU model.
        #[serde(borrow)]
        cpu: Text<'a>,
        /// The runner's image.
        #[serde(borrow)]
        image: Text<'a>,
        /// The kernel.
        #[serde(borrow)]
        kernel: Text<'a>,
        /// A key of your own, in place of the derived one.
        #[serde(borrow)]
        key: Text<'a>,
        /// Memory in GiB.
        #[schemars(range(min = 0))]
        memory_gib: f64,
        /// The system: `linux`.
        #[serde(borrow)]
        os: Text<'a>,
        /// The CI runner.
        #[serde(borrow)]
        runner: Text<'a>,
    }
);

form!(
    /// What was measured of one metric. It holds exactly one kind of evidence: `samples`, `histogram`, `quantiles`,
    /// `estimate`, `count` with `of`, or `value`.
    #[schemars(rename = "Measurement", transform = rules::one_kind_of_evidence)]
    MeasurementForm<'a> {
        /// Which direction is an improvement. Needed for metrics of your own naming.
        #[schemars(extend("enum" = BETTER))]
        #[serde(borrow)]
        better: Text<'a>,
        /// How many of all.
        count: u64,
        estimate: Object<EstimateForm>,
        /// An HdrHistogram, V2 (compressed), in base64.
        #[schemars(extend("contentEncoding" = "base64"))]
        #[serde(borrow)]
        histogram: Text<'a>,
        /// The largest observation, where the tool tells it.
        max: f64,
        /// The mean, where the tool tells it.
        mean: f64,
        /// The smallest observation, where the tool tells it.
        min: f64,
        /// How many observations stand behind the quantiles.
        #[schemars(range(min = 1))]
        n: u64,
        /// How many there were.
        #[schemars(range(min = 1))]
        of: u64,
        /// Quantiles by share: `{"0.5": 12, "0.95": 30}`.
        #[schemars(transform = rules::named_by_quantile)]
        #[serde(borrow)]
        quantiles: Entries<'a, f64>,
        /// The step at which the tool rounds: of each observation of a histogram, one for all quantiles, or one for each.
        #[serde(borrow)]
        resolution: Resolution<'a>,
        /// `total` sums up other subjects; `fixed` follows from something else: a rate that the load model sets, a
        /// throughput worked out from a time. Both are shown and not gated unless a rule names the subject of a total, the
        /// metric of a fixed one. `covariate` is recorded to tell why something else moved: it is compared for a likely
        /// cause, and a series only where a rule names its metric without a pattern.
        #[schemars(extend("enum" = ROLES))]
        #[serde(borrow)]
        role: Text<'a>,
        /// Observations inside the run, in the order they were taken.
        #[schemars(length(min = 1))]
        samples: Cow<'a, [f64]>,
        /// The factor from the histogram's whole numbers to the unit.
        #[schemars(extend("exclusiveMinimum" = 0))]
        scale: f64,
        /// The unit of every number of this measurement: `ns`, `us`, `ms`, `s`, `min`, `B`, `KiB`, `MB`, `req/s`, any other.
        /// An empty text is a plain number. Only `errors` can go without.
        #[serde(borrow)]
        unit: Text<'a>,
        /// The one number that the tool gave.
        value: f64,
        /// How much work stands behind each sample (criterion's iteration counts); as many as samples.
        #[schemars(length(min = 1), transform = rules::above_zero)]
        weights: Cow<'a, [f64]>,
    }
);

form!(
    /// A number with an interval that the tool worked out itself.
    #[schemars(rename = "Estimate", extend("required" = ["point", "low", "high", "confidence"]))]
    EstimateForm {
        /// The confidence of the interval: 0.95.
        #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
        confidence: f64,
        /// The upper end of its interval.
        high: f64,
        /// The lower end of its interval.
        low: f64,
        /// The estimate.
        point: f64,
    }
);
