//! A whole run as written to [`Run`]: as soon as it is read, so that only one form is held at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::error::Flaw;
use super::form::{
    Entries, EnvironmentForm, LoadForm, MeasurementForm, Object, RunForm, Text, ToolForm,
};
use super::histogram::HistogramMemory;
use super::measurement::{self, Known};
use super::timeline;
use crate::model::run::Metrics;
use crate::model::{Environment, Load, Ordered, Provenance, Run, Subject, ToolName};

/// A run with the schema that its document names; a flaw does not stop the JSON from being read, so that it
/// can be told with its path.
pub(crate) struct Parsed {
    pub(crate) schema: Option<String>,
    pub(crate) run: Result<Run, Flaw>,
}

impl Parsed {
    pub(super) fn of(form: RunForm<'_>, known: &mut Known) -> Self {
        known.next_run();
        Self {
            schema: form.schema.as_ref().map(|schema| schema.0.to_string()),
            run: run(form, known),
        }
    }
}

/// A list of runs.
pub(crate) struct ParsedList(pub(crate) Vec<Parsed>);

impl<'de> Deserialize<'de> for ParsedList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ListWithin(&HistogramMemory::default()).deserialize(deserializer)
    }
}

/// A run of a list: as in a file of its own, but for what a baseline leaves out.
struct StoredRun;

impl JsonSchema for StoredRun {
    fn schema_name() -> Cow<'static, str> {
        "Run".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = RunForm::json_schema(generator);
        schema.remove("title");
        let words = "A run as in perfgate.run/1; the schema can be left out.";
        schema.insert("description".to_owned(), words.into());
        schema.insert("required".to_owned(), json!(["subjects"]));
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(properties) = properties {
            properties.remove("timeline");
        }
        schema
    }
}

impl JsonSchema for ParsedList {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Runs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<StoredRun>::json_schema(generator)
    }
}

/// A list of runs whose histograms stay within a bound.
pub(super) struct ListWithin<'a>(pub(super) &'a HistogramMemory);

impl<'de> DeserializeSeed<'de> for ListWithin<'_> {
    type Value = ParsedList;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ParsedList, D::Error> {
        struct Lists<'a>(&'a HistogramMemory);
        impl<'de> Visitor<'de> for Lists<'_> {
            type Value = ParsedList;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of runs")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ParsedList, A::Error> {
                let mut list = Vec::new();
                let mut known = Known::within(self.0);
                while let Some(Object(form)) = seq.next_element::<Object<RunForm<'de>>>()? {
                    let parsed = Parsed::of(form, &mut known);
                    if parsed.run.is_err() {
                        // The rest can only cost memory: the flaw is told either way.
                        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                        list.push(parsed);
                        break;
                    }
                    list.push(parsed);
                }
                Ok(ParsedList(list))
            }
        }
        deserializer.deserialize_seq(Lists(self.0))
    }
}

fn run(form: RunForm<'_>, known: &mut Known) -> Result<Run, Flaw> {
    let subjects = form.subjects.ok_or_else(|| {
        Flaw::new("it has no `subjects`").hint(
            "a run holds what was measured: {\"subjects\": {\"GET /search\": {\"latency\": …}}}",
        )
    })?;
    let mut run = Run {
        subjects: BTreeMap::new(),
        warnings: form
            .warnings
            .unwrap_or_default()
            .into_iter()
            .map(|warning| warning.0.into_owned())
            .collect(),
        provenance: Provenance {
            tool: form.tool.map(tool).transpose()?,
            started_at: form.started_at.map(|text| instant(&text)).transpose()?,
            session: owned(form.session),
            launch: None,
            duration_s: not_negative(form.duration_s, "duration_s")?,
            commit: owned(form.commit),
            scenario: owned(form.scenario),
            source: owned(form.source),
            inputs: owned(form.inputs),
            load: form.load.map(load).transpose()?,
            environment: form
                .environment
                .map_or(Ok(Environment::default()), environment)?,
            partial: form.partial.unwrap_or(false),
            invalid: form.invalid.map(reason).transpose()?,
        },
        timeline: form
            .timeline
            .map(|Object(form)| timeline::take(form, &known.memory))
            .transpose()
            .map_err(|flaw| flaw.at("timeline"))?
            .map(Box::new),
        unsettled: None,
    };
    let mut measured: Vec<(Subject, Metrics)> = Vec::with_capacity(subjects.0.len());
    for (name, entries) in subjects.0 {
        let of_subject = |flaw: Flaw| flaw.at(&name.0).at("subjects");
        let metrics = metrics(entries, known).map_err(of_subject)?;
        measured.push((known.subject(&name.0), metrics));
    }
    // Sorted already in a file of ours, and a map that is built in one go has no empty slots.
    measured.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in measured.windows(2) {
        if let [(before, _), (after, _)] = pair
            && before == after
        {
            return Err(Flaw::twice("subject", after.as_str()).at("subjects"));
        }
    }
    run.subjects = measured.into_iter().collect();
    Ok(run)
}

fn metrics(
    entries: Entries<'_, Object<MeasurementForm<'_>>>,
    known: &mut Known,
) -> Result<Metrics, Flaw> {
    let mut metrics = Metrics::default();
    for (name, Object(form)) in entries.0 {
        let metric = known.metric(&name.0);
        let measurement =
            measurement::take(&metric, form, known).map_err(|flaw| flaw.at(&name.0))?;
        if metrics.insert(metric, measurement).is_some() {
            return Err(Flaw::twice("metric", &name.0));
        }
    }
    Ok(metrics)
}

fn owned(text: Option<Text<'_>>) -> Option<String> {
    text.map(|text| text.0.into_owned())
}

fn tool(Object(form): Object<ToolForm<'_>>) -> Result<ToolName, Flaw> {
    let name = owned(form.name).ok_or_else(|| Flaw::new("a tool needs `name`").at("tool"))?;
    Ok(ToolName {
        name,
        version: owned(form.version),
    })
}

fn instant(text: &Text<'_>) -> Result<jiff::Timestamp, Flaw> {
    text.0.parse().map_err(|_| {
        Flaw::new(format!("`{}` is not a time", super::place::shown(&text.0)))
            .hint("write it as RFC 3339: \"2026-11-20T10:00:00Z\"")
            .at("started_at")
    })
}

/// A run that is never judged says why.
fn reason(text: Text<'_>) -> Result<String, Flaw> {
    if text.0.trim().is_empty() {
        return Err(
            Flaw::new("it is empty, and it has to say why the run counts for nothing")
                .hint("write a sentence, or leave `invalid` out of a run that is to be judged")
                .at("invalid"),
        );
    }
    Ok(text.0.into_owned())
}

fn not_negative(value: Option<f64>, key: &str) -> Result<Option<f64>, Flaw> {
    match value {
        Some(value) if value < 0.0 => Err(Flaw::new(format!("{value} is negative")).at(key)),
        value => Ok(value),
    }
}

fn load(Object(form): Object<LoadForm<'_>>) -> Result<Load, Flaw> {
    let mut terms = Ordered::default();
    for (name, value) in form.terms.map(|terms| terms.0).unwrap_or_default() {
        if terms
            .insert(name.0.to_string(), value.0.into_owned())
            .is_some()
        {
            return Err(Flaw::twice("term", &name.0).at("terms").at("load"));
        }
    }
    Ok(Load {
        digest: owned(form.digest),
        terms,
    })
}

fn environment(Object(form): Object<EnvironmentForm<'_>>) -> Result<Environment, Flaw> {
    Ok(Environment {
        os: owned(form.os),
        arch: owned(form.arch),
        cpu: owned(form.cpu),
        cores: form.cores,
        memory_gib: not_negative(form.memory_gib, "memory_gib")
            .map_err(|flaw| flaw.at("environment"))?,
        runner: owned(form.runner),
        kernel: owned(form.kernel),
        image: owned(form.image),
        compiler: owned(form.compiler),
        key: owned(form.key),
        assumed: form.assumed.unwrap_or(false),
    })
}
