//! Tables of the documents, from the structs that read the files: a row for each key.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde_json::Value;

use crate::json_schema::{DEFAULT_IN_WORDS, without_null};

/// The keys of a struct, or of an enum, in the order in which they are declared.
fn declared<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Probe<'p>(&'p Cell<&'static [&'static str]>);
    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("only the names of the keys are asked for"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.set(fields);
            self.deserialize_any(visitor)
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.set(variants);
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map identifier ignored_any
        }
    }
    let keys = Cell::new(&[][..]);
    let _ = T::deserialize(Probe(&keys));
    keys.get()
}

/// A row of a table; keys that mean the same share one.
#[derive(PartialEq)]
struct Row {
    values: String,
    default: String,
    what: String,
}

/// The table of some keys of a struct or an enum; of all of them where none is named.
pub(crate) fn table<T: DeserializeOwned + JsonSchema>(only: &[&str]) -> String {
    let mut schema = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    without_null(&mut schema);
    let mut rows: Vec<(Vec<String>, Row)> = Vec::new();
    for key in declared::<T>() {
        if !only.is_empty() && !only.contains(key) {
            continue;
        }
        let row = row(&schema, key);
        match rows.last_mut() {
            Some((keys, last)) if *last == row => keys.push(format!("`{key}`")),
            _ => rows.push((vec![format!("`{key}`")], row)),
        }
    }
    let has_defaults = rows.iter().any(|(_, row)| !row.default.is_empty());
    let mut text = match has_defaults {
        true => "| key | values | default | what it does |\n|---|---|---|---|\n".to_owned(),
        false => "| key | values | what it does |\n|---|---|---|\n".to_owned(),
    };
    for (keys, row) in rows {
        let (keys, values, what) = (keys.join(" "), row.values, row.what);
        let default = match row.default.as_str() {
            _ if !has_defaults => String::new(),
            "" => "| ".to_owned(),
            default => format!("| {default} "),
        };
        text.push_str(&format!("| {keys} | {values} {default}| {what} |\n"));
    }
    text
}

fn row(schema: &Value, key: &str) -> Row {
    let property = |schema: &Value| schema["properties"].get(key).cloned();
    let (owner, property) = match schema["oneOf"].as_array() {
        Some(variants) if schema["properties"].is_null() => variants
            .iter()
            .find_map(|variant| Some((variant.clone(), property(variant)?)))
            .unwrap(),
        _ => (schema.clone(), property(schema).unwrap()),
    };
    let is_variant = owner != *schema;
    let required = owner["required"].as_array();
    let is_required = required.is_some_and(|keys| keys.iter().any(|one| one == key));
    let default = match (&property[DEFAULT_IN_WORDS], &property["default"]) {
        _ if is_variant => String::new(),
        (Value::String(words), _) => words.clone(),
        (_, Value::Null) if is_required => "required".to_owned(),
        (_, Value::Null) => String::new(),
        (_, Value::Number(number)) => number.as_u64().map_or(number.to_string(), thousands),
        (_, value) => format!("`{value}`"),
    };
    let described = [&property["description"], &owner["description"]];
    let what = described.iter().find_map(|text| text.as_str());
    Row {
        values: values(&property).replace('|', "\\|"),
        default,
        what: what
            .unwrap_or_else(|| panic!("`{key}` has no doc comment"))
            .replace('\n', " ")
            .replace('|', "\\|"),
    }
}

/// What may stand under a key.
fn values(schema: &Value) -> String {
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    let quoted = |value: &Value| format!("`{value}`");
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    }
    if !schema["const"].is_null() {
        return quoted(&schema["const"]);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(each) = schema[choice].as_array() {
            if let [one, list] = each.as_slice()
                && list["type"] == "array"
                && list["items"] == *one
            {
                return format!("{}, or a list", values(one));
            }
            let mut all: Vec<String> = each.iter().map(values).collect();
            all.dedup();
            let are_words = each.iter().all(|one| one["const"].is_string());
            return all.join(if are_words { " " } else { ", " });
        }
    }
    match schema["type"].as_str() {
        Some("boolean") => "`true` `false`".to_owned(),
        Some("integer" | "number") => number(schema),
        Some("string") => "text".to_owned(),
        Some("array") if schema["items"]["type"] == "object" => "tables".to_owned(),
        Some("array") => "list".to_owned(),
        _ => "table".to_owned(),
    }
}

fn number(schema: &Value) -> String {
    let low = schema["minimum"].as_u64();
    match (low, schema["maximum"].as_u64()) {
        (Some(low), Some(high)) if high <= 1_000_000 => {
            format!("{} to {}", thousands(low), thousands(high))
        }
        _ if schema["type"] == "integer" => "whole number".to_owned(),
        _ => "number".to_owned(),
    }
}

/// `1,000,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const BEGIN: &str = "<!-- keys of ";
const END: &str = "<!-- end of keys -->";

/// Every table between `<!-- keys of NAME: some keys -->` and `<!-- end of keys -->` in a document is that of the
/// structs, or is written anew where `UPDATE_GOLDENS` is set.
pub(crate) fn hold(document: &str, table: impl Fn(&str, &[&str]) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let old = fs::read_to_string(&path).unwrap();
    let mut new = String::new();
    let mut rest = old.as_str();
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (marker, behind) = after.split_once(" -->\n").unwrap();
        let (_, behind) = behind.split_once(END).unwrap();
        let (name, only) = marker.split_once(": ").unwrap_or((marker, ""));
        let only: Vec<&str> = only.split_whitespace().collect();
        let table = table(name, &only);
        new.push_str(&format!("{before}{BEGIN}{marker} -->\n{table}{END}"));
        rest = behind;
    }
    new.push_str(rest);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &new).unwrap();
    }
    assert!(
        new == fs::read_to_string(&path).unwrap(),
        "{document} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
    );
}
