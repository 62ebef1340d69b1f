//! The JSON Schema of a document or a file, from the structs that write and read it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// What stands in the column of defaults of the reference; no keyword of JSON Schema.
pub const DEFAULT_IN_WORDS: &str = "x-default";

/// Of a document that perfgate writes.
pub fn of_written<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    format!("{:#}", schema.to_value())
}

/// Of a file that perfgate reads, in which a key without a value is left out.
pub fn of_read<T: JsonSchema>() -> String {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    without_null(&mut schema);
    published(&mut schema);
    format!("{schema:#}")
}

/// An `Option` is a key that may be left out; `null` is no value of it.
pub fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(without_null);
            if fields.get("default") == Some(&Value::Null) {
                fields.remove("default");
            }
            let is_null = |schema: &Value| *schema == json!({ "type": "null" });
            if let Some(Value::Array(any)) = fields.get_mut("anyOf") {
                any.retain(|schema| !is_null(schema));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    fields.remove("anyOf");
                    for (key, value) in only {
                        fields.entry(key).or_insert(value);
                    }
                }
            }
            for key in ["type", "enum"] {
                let Some(Value::Array(of)) = fields.get_mut(key) else {
                    continue;
                };
                of.retain(|one| !one.is_null() && one != "null");
                let alone = match of.as_slice() {
                    [only] => Some(only.clone()),
                    _ => None,
                };
                match (key, alone) {
                    ("type", Some(only)) => fields.insert("type".to_owned(), only),
                    ("enum", Some(only)) => {
                        fields.remove("enum");
                        fields.insert("const".to_owned(), only)
                    }
                    _ => None,
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A table with these keys and without those.
pub fn with_only(keys: &[&str], others: &[&str]) -> Value {
    let others = others.iter().filter(|other| !keys.contains(other));
    let absent = others.map(|other| ((*other).to_owned(), Value::Bool(false)));
    json!({ "required": keys, "properties": absent.collect::<serde_json::Map<_, _>>() })
}

/// A table with exactly one of the keys.
pub fn exactly_one_of(keys: &[&str]) -> Value {
    let each = keys.iter().map(|key| with_only(&[key], keys));
    each.collect()
}

fn published(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove(DEFAULT_IN_WORDS);
            fields.values_mut().for_each(published);
        }
        Value::Array(items) => items.iter_mut().for_each(published),
        _ => {}
    }
}
