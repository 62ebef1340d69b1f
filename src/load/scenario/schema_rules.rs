//! What the JSON Schema of a scenario says beyond the type of each key: which keys go together, and how names are spelt.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::keys::{BODIES, METHODS, MOST_LEVELS, OF_RATES, OF_STAGES, OF_USERS};
use crate::json_schema::{exactly_one_of, with_only};

pub(super) fn steps_or_flows(schema: &mut Schema) {
    schema.insert("oneOf".to_owned(), exactly_one_of(&["step", "flow"]));
    let needs = json!({ "streams": ["http"], "once": ["step"] });
    schema.insert("dependentRequired".to_owned(), needs);
}

pub(super) fn token_or_password(schema: &mut Schema) {
    let token = with_only(&["bearer"], &["user", "password"]);
    let password = with_only(&["user", "password"], &["bearer"]);
    schema.insert("oneOf".to_owned(), json!([token, password]));
}

pub(super) fn users_or_rate_or_phases(schema: &mut Schema) {
    let stages = with_only(
        &["stage"],
        &[&["users", "rate", "phase"][..], &OF_STAGES, &OF_RATES].concat(),
    );
    let users = with_only(
        &["users"],
        &[&["rate", "phase", "stage"][..], &OF_RATES].concat(),
    );
    let ends = json!({ "oneOf": exactly_one_of(&["duration", "iterations", "requests"]) });
    let users = json!({ "allOf": [users, ends] });
    let others = |mut keys: Vec<&'static str>| {
        keys.extend(OF_USERS);
        keys
    };
    let rate = with_only(
        &["rate", "duration"],
        &others(vec!["users", "phase", "stage"]),
    );
    let phases = with_only(
        &["phase"],
        &others(vec!["users", "rate", "duration", "stage"]),
    );
    schema.insert("oneOf".to_owned(), json!([users, stages, rate, phases]));
}

pub(super) fn request_or_socket(schema: &mut Schema) {
    let mut targets: Vec<&str> = METHODS.to_vec();
    targets.extend(["websocket", "messages"]);
    let mut ways = vec![with_only(&["path"], &targets)];
    targets.extend(["method", "path"]);
    ways.extend(METHODS.iter().map(|method| with_only(&[method], &targets)));
    targets.extend(["query", "events", "expect", "capture", "until"]);
    targets.extend(BODIES);
    ways.push(with_only(&["websocket", "messages"], &targets));
    let mut bodies = vec![with_only(&[], &BODIES)];
    bodies.extend(BODIES.iter().map(|body| with_only(&[body], &BODIES)));
    let rules = json!([{ "oneOf": ways }, { "oneOf": bodies }]);
    schema.insert("allOf".to_owned(), rules);
    let needs = json!({ "until": ["repeat"] });
    schema.insert("dependentRequired".to_owned(), needs);
}

pub(super) fn one_target(schema: &mut Schema) {
    let targets = ["service", "pid", "process", "cgroup", "host"];
    let mut others = targets.to_vec();
    others.extend(["prometheus", "metrics"]);
    let mut ways = vec![with_only(&["prometheus", "metrics"], &others)];
    ways.extend(targets.iter().map(|target| with_only(&[target], &others)));
    schema.insert("oneOf".to_owned(), Value::Array(ways));
}

/// Letters, digits, `_` and `-`; a letter first.
pub(super) const NAME: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";

pub(super) fn names(schema: &mut Schema) {
    schema.insert("propertyNames".to_owned(), json!({ "pattern": NAME }));
}

pub(super) fn header_names(schema: &mut Schema) {
    let pattern = json!({ "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" });
    schema.insert("propertyNames".to_owned(), pattern);
}

/// Begins with a slash, or with a variable that does.
pub(super) fn path(schema: &mut Schema) {
    schema.insert("title".to_owned(), json!("path"));
    schema.insert("pattern".to_owned(), json!("^(/|\\$\\{)"));
}

/// Adds a rule to the list of a value that may be a list.
fn rule_of_list(schema: &mut Schema, keyword: &str, value: Value) {
    // Of a key that may be left out, the value stands one level deeper.
    let list = match schema.pointer("/anyOf/0/anyOf/1").is_some() {
        true => schema.pointer_mut("/anyOf/0/anyOf/1"),
        false => schema.pointer_mut("/anyOf/1"),
    };
    if let Some(Value::Object(list)) = list {
        list.insert(keyword.to_owned(), value);
    }
}

pub(super) fn filled_list(schema: &mut Schema) {
    rule_of_list(schema, "minItems", json!(1));
}

pub(super) fn two_at_most(schema: &mut Schema) {
    rule_of_list(schema, "minItems", json!(1));
    rule_of_list(schema, "maxItems", json!(2));
}

pub(super) fn levels(schema: &mut Schema) {
    rule_of_list(schema, "minItems", json!(1));
    rule_of_list(schema, "maxItems", json!(MOST_LEVELS));
    rule_of_list(schema, "uniqueItems", json!(true));
}

pub(super) fn low_and_high(_: &mut SchemaGenerator) -> Schema {
    let items = json!({ "type": "integer" });
    json_schema!({ "title": "`[low, high]`", "type": "array", "items": items, "minItems": 2, "maxItems": 2 })
}

pub(super) fn two_numbers(_: &mut SchemaGenerator) -> Schema {
    let items = json!({ "type": "number" });
    json_schema!({ "title": "`[low, high]`", "type": "array", "items": items, "minItems": 2, "maxItems": 2 })
}

pub(super) fn words(_: &mut SchemaGenerator) -> Schema {
    let items = json!({ "type": ["string", "integer"] });
    json_schema!({ "type": "array", "items": items, "minItems": 1 })
}

pub(super) fn table_or_list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "title": "table or list", "type": ["object", "array"] })
}

pub(super) fn any_table(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

pub(super) fn process_number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "title": "number",
        "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": u32::MAX },
            { "type": "string", "pattern": "\\S" },
        ],
    })
}
