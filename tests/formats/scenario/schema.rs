//! The published schema agrees with the reader, and the reference names every key.

use std::collections::BTreeSet;
use std::fs;

use perfgate::load::scenario::json_schema;
use serde_json::Value;

use super::examples::scenarios;
use super::{WHOLE, parse};

fn as_json(text: &str) -> Value {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::Table(table) => {
                Value::Object(table.into_iter().map(|(k, v)| (k, convert(v))).collect())
            }
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Datetime(time) => Value::from(time.to_string()),
            toml::Value::String(text) => Value::from(text),
            toml::Value::Integer(number) => Value::from(number),
            toml::Value::Float(number) => Value::from(number),
            toml::Value::Boolean(flag) => Value::from(flag),
        }
    }
    convert(toml::Value::Table(text.parse().expect(text)))
}

#[test]
fn the_schema_accepts_what_is_read() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut texts = vec![WHOLE.to_owned()];
    texts.extend(
        scenarios()
            .iter()
            .map(|path| fs::read_to_string(path).unwrap()),
    );
    texts.extend(documented());
    for text in texts {
        let errors: Vec<String> = validator
            .iter_errors(&as_json(&text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{text}\n{errors:#?}");
    }
}

/// As editors get it: `UPDATE_GOLDENS=1` writes it anew.
#[test]
fn the_schema_is_the_one_that_was_read_by_a_person() {
    let path = "tests/formats/scenario/scenario.schema.json";
    let schema = format!("{}\n", json_schema());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, &schema).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == schema,
        "{path} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
    );
}

const GOOD: &str =
    "base = \"http://h\"\n[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = 1\n";

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&as_json(GOOD)));
    let replaced = [
        ("get = \"/\"", "gte = \"/\""),
        ("get = \"/\"", "get = \"x\""),
        ("get = \"/\"", ""),
        ("get = \"/\"", "get = \"/\"\npost = \"/\""),
        ("get = \"/\"", "get = \"/\"\nmethod = \"PUT\""),
        ("get = \"/\"", "post = \"/\"\nbody = \"\"\njson = {}"),
        ("get = \"/\"", "post = \"/\"\njson = \"x\""),
        ("get = \"/\"", "get = \"/\"\nmessages = [{ send = \"x\" }]"),
        ("get = \"/\"", "websocket = \"/\""),
        (
            "get = \"/\"",
            "websocket = \"/\"\nmessages = [{ send = \"x\" }]\nget = \"/\"",
        ),
        ("get = \"/\"", "get = \"/\"\nevents = 10"),
        ("get = \"/\"", "get = \"/\"\nevents = { count = 0 }"),
        ("get = \"/\"", "get = \"/\"\nevents = { until = \"\" }"),
        (
            "get = \"/\"",
            "websocket = \"/\"\nmessages = [{ send = \"x\" }]\nevents = {}",
        ),
        ("get = \"/\"", "get = \"/\"\nexpect = { status = 99 }"),
        ("get = \"/\"", "get = \"/\"\nexpect = { stat = 200 }"),
        ("get = \"/\"", "get = \"/\"\ncapture = { a = {} }"),
        (
            "get = \"/\"",
            "get = \"/\"\ncapture = { a = { json = \"$\", header = \"b\" } }",
        ),
        ("get = \"/\"", "get = \"/\"\ntimeout = 5"),
        ("get = \"/\"", "get = \"/\"\nthink = \"1..2\""),
        ("get = \"/\"", "get = \"/\"\nauth = { user = \"x\" }"),
        ("get = \"/\"", "get = \"/\"\nauth = true"),
        ("users = 1", ""),
        ("users = 1", "users = 0"),
        ("users = 1", "users = [1, 1]"),
        ("users = 1", "users = 1\nrate = 1"),
        ("users = 1", "users = 1\narrivals = \"poisson\""),
        ("iterations = 1", ""),
        ("iterations = 1", "iterations = 1\nduration = \"1s\""),
        ("users = 1\niterations = 1", "rate = 0\nduration = \"1s\""),
        ("users = 1\niterations = 1", "rate = 5"),
        (
            "users = 1\niterations = 1",
            "rate = 5\nduration = \"1s\"\nthink = \"1s\"",
        ),
        ("users = 1\niterations = 1", "phase = []"),
        ("users = 1\niterations = 1", "phase = [{ rate = 5 }]"),
        (
            "users = 1\niterations = 1",
            "phase = [{ rate = [0, 0], duration = \"1s\" }]",
        ),
        (
            "users = 1\niterations = 1",
            "duration = \"1s\"\nphase = [{ rate = 5, duration = \"1s\" }]",
        ),
        ("base = \"http://h\"", ""),
        ("base = \"http://h\"", "base = \"http://h\"\nbse = 1"),
        ("base = \"http://h\"", "base = \"http://h\"\nhttp = \"3\""),
        ("base = \"http://h\"", "base = \"http://h\"\nstreams = 5"),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nvalues = { a = {} }",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nvalues = { a = { uuid = false } }",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nwatch = { pid = 1, process = \"a\" }",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nwatch = { prometheus = \"/m\" }",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nservice = { command = \"x\" }",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\ndata = [{ name = \"a\" }]",
        ),
        (
            "base = \"http://h\"",
            "base = \"http://h\"\nflow = [{ step = [{ get = \"/\" }] }]",
        ),
    ];
    for (good, bad) in replaced {
        let text = GOOD.replace(good, bad);
        assert_ne!(text, GOOD);
        assert!(parse(&text).is_err(), "the reader takes\n{text}");
        assert!(
            !validator.is_valid(&as_json(&text)),
            "the schema takes\n{text}"
        );
    }
}

/// The scenarios that the reference shows.
fn documented() -> Vec<String> {
    let reference = fs::read_to_string("docs/scenario.md").unwrap();
    let scenarios: Vec<String> = reference
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .filter(|block| block.contains("base = "))
        .collect();
    assert!(scenarios.len() >= 2, "{scenarios:?}");
    scenarios
}

#[test]
fn the_scenarios_of_the_reference_are_read() {
    for text in documented() {
        if let Err(error) = parse(&text) {
            panic!("{error} ({:?})\n{text}", error.hint);
        }
    }
}

fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                let known = properties.iter().filter(|(_, schema)| schema.is_object());
                found.extend(known.map(|(key, _)| key.clone()));
            }
            fields.values().for_each(|value| keys(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_reference_names_every_key() {
    let reference = fs::read_to_string("docs/scenario.md").unwrap();
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut known = BTreeSet::new();
    keys(&schema, &mut known);
    assert!(known.len() > 70, "{known:?}");
    let missing: Vec<&String> = known
        .iter()
        .filter(|key| {
            let forms = [
                format!("`{key}`"),
                format!("`[{key}]`"),
                format!("`[[{key}]]`"),
            ];
            !forms.iter().any(|form| reference.contains(form))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
