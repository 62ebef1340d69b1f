//! What goes with what in a measurement: kinds of evidence and their keys, metrics and their units. What reads a file and
//! the JSON Schema that is published hold to the same tables.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::model::timeline::MOST_SLICES;
use crate::model::unit::Dimension;
use crate::model::{MetricName, Unit};

/// The kinds of evidence, by the key that holds each.
pub(super) const KINDS: [&str; 6] = [
    "samples",
    "histogram",
    "quantiles",
    "estimate",
    "count",
    "value",
];

/// The keys that only go with some kinds, and those.
pub(super) const COMPANIONS: [(&str, &[&str]); 8] = [
    ("weights", &["samples"]),
    ("scale", &["histogram"]),
    ("n", &["quantiles"]),
    ("mean", &["quantiles"]),
    ("min", &["quantiles"]),
    ("max", &["quantiles"]),
    ("resolution", &["histogram", "quantiles"]),
    ("of", &["count"]),
];

/// The kinds that cannot go without one of those keys, and that key.
pub(super) const NEEDED: [(&str, &str); 3] =
    [("histogram", "scale"), ("quantiles", "n"), ("count", "of")];

/// How directions and roles are written; the usual role is not.
pub(super) const BETTER: [&str; 2] = ["lower", "higher"];
pub(super) const ROLES: [&str; 3] = ["total", "fixed", "covariate"];

/// Whether a metric cannot go without a unit.
pub(super) fn needs_unit(metric: &str) -> bool {
    metric != MetricName::ERRORS
}

/// Whether the unit of a metric can be one of this dimension.
pub(super) fn suits(metric: &str, dimension: Dimension) -> bool {
    match metric {
        MetricName::LATENCY | MetricName::TIME => matches!(dimension, Dimension::Time(_)),
        MetricName::THROUGHPUT | MetricName::ERRORS => dimension == Dimension::Other,
        _ => true,
    }
}

/// How a share between 0 and 1 is written.
const QUANTILE: &str = r"^(0|0?\.[0-9]+|1|1\.0*|0\.)$";

pub(super) fn one_kind_of_evidence(schema: &mut Schema) {
    let kinds = KINDS.map(|kind| json!({ "required": [kind] }));
    schema.insert("oneOf".to_owned(), kinds.into_iter().collect());
    let mut required: Map<String, Value> = NEEDED
        .iter()
        .map(|(kind, key)| ((*kind).to_owned(), json!([key])))
        .collect();
    let mut one_of_several = Map::new();
    for (key, kinds) in COMPANIONS {
        if let [kind] = kinds {
            required.insert(key.to_owned(), json!([kind]));
        } else {
            let each = kinds.iter().map(|kind| json!({ "required": [kind] }));
            let any: Vec<Value> = each.collect();
            one_of_several.insert(key.to_owned(), json!({ "anyOf": any }));
        }
    }
    schema.insert("dependentRequired".to_owned(), required.into());
    schema.insert("dependentSchemas".to_owned(), one_of_several.into());
}

pub(super) fn named_by_quantile(schema: &mut Schema) {
    let names = json!({ "pattern": QUANTILE });
    schema.insert("propertyNames".to_owned(), names);
}

pub(super) fn steps_of_quantiles(schema: &mut Schema) {
    named_by_quantile(schema);
    put(schema, "/additionalProperties", "minimum", json!(0));
}

pub(super) fn base64_by_name(schema: &mut Schema) {
    let encoding = json!("base64");
    put(schema, "/additionalProperties", "contentEncoding", encoding);
}

pub(super) fn above_zero(schema: &mut Schema) {
    put(schema, "/items", "exclusiveMinimum", json!(0));
}

pub(super) fn slice_numbers(schema: &mut Schema) {
    let last = json!(MOST_SLICES - 1);
    put(schema, "/items/prefixItems/0", "maximum", last);
}

/// Puts a keyword into a part of a schema.
fn put(schema: &mut Schema, part: &str, keyword: &str, value: Value) {
    let part = schema.pointer_mut(part).and_then(Value::as_object_mut);
    debug_assert!(part.is_some(), "a schema has no such part");
    if let Some(part) = part {
        part.insert(keyword.to_owned(), value);
    }
}

/// What a metric of known direction asks: a unit that suits it, and no number below zero.
pub(super) fn of_known(metric: &str) -> Value {
    let at_least_zero = || json!({ "minimum": 0 });
    let mut properties = json!({
        "samples": { "items": at_least_zero() },
        "quantiles": { "additionalProperties": at_least_zero() },
        "estimate": { "properties": { "point": at_least_zero() } },
    });
    let numbers = ["max", "mean", "min", "value"].map(|key| (key.to_owned(), at_least_zero()));
    if let Some(properties) = properties.as_object_mut() {
        properties.extend(numbers);
        properties.extend(units(metric).map(|units| ("unit".to_owned(), units)));
    }
    let mut rule = json!({ "properties": properties });
    if let (true, Some(rule)) = (needs_unit(metric), rule.as_object_mut()) {
        rule.insert("required".to_owned(), json!(["unit"]));
    }
    rule
}

/// Which units a metric takes; `None` where it takes any.
fn units(metric: &str) -> Option<Value> {
    let (good, bad): (Vec<&str>, Vec<&str>) =
        Unit::spellings().partition(|name| suits(metric, Unit::new(name).dimension()));
    match suits(metric, Unit::none().dimension()) {
        true if bad.is_empty() => None,
        true => Some(json!({ "not": { "enum": bad } })),
        false => Some(json!({ "enum": good })),
    }
}
