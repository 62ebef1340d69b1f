//! YAML as JSON, for descriptions of interfaces: the core schema, anchors and merge keys.

use std::collections::HashMap;

use anyhow::{Context, anyhow};
use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use crate::hint::WithHint;

/// A document that repeats its parts by anchors can be short and hold more than any memory.
const MOST_VALUES: usize = 2_000_000;

/// The first document of a text.
pub(super) fn read(text: &str) -> anyhow::Result<Value> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| anyhow!("{error}"))
            .context("read it as YAML")
            .hint("the file has to be YAML or JSON")?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        tree.take(event)
            .with_context(|| format!("line {}", span.start.line()))?;
    }
    tree.whole
        .ok_or_else(|| anyhow!("it holds no document"))
        .hint("the file has to be YAML or JSON")
}

/// A value that is no list, no mapping and not nothing, as a text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

/// A list or a mapping that is not closed yet.
enum Open {
    List(Vec<Value>),
    Mapping {
        entries: Map<String, Value>,
        key: Option<String>,
    },
}

#[derive(Default)]
struct Tree {
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, Value>,
    whole: Option<Value>,
    values: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>) -> anyhow::Result<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Value::String(text.into_owned()),
                };
                self.put(value, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open.push((Open::List(Vec::new()), anchor)),
            Event::MappingStart(_, anchor, _) => {
                let mapping = Open::Mapping {
                    entries: Map::new(),
                    key: None,
                };
                self.open.push((mapping, anchor));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((open, anchor)) = self.open.pop() {
                    let value = match open {
                        Open::List(entries) => Value::Array(entries),
                        Open::Mapping { entries, .. } => Value::Object(entries),
                    };
                    self.put(value, anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().unwrap_or_default();
                self.values += size(&value);
                self.put(value, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, value: Value, anchor: usize) -> anyhow::Result<()> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(anyhow!("it holds more than {MOST_VALUES} values"))
                .hint("its anchors repeat each other: write it without them");
        }
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.whole = Some(value),
            Some((Open::List(entries), _)) => entries.push(value),
            Some((Open::Mapping { entries, key }, _)) => match key.take() {
                None => *key = Some(as_key(value)),
                Some(name) if name == "<<" => merge(entries, value),
                Some(name) => {
                    entries.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(entries) => 1 + entries.iter().map(size).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// What the mapping says itself comes before what it takes over.
fn merge(entries: &mut Map<String, Value>, from: Value) {
    match from {
        Value::Object(more) => {
            for (key, value) in more {
                entries.entry(key).or_insert(value);
            }
        }
        Value::Array(several) => several.into_iter().for_each(|one| merge(entries, one)),
        _ => {}
    }
}

fn as_key(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A scalar without quotes, by the core schema of YAML 1.2 (section 10.3.2).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::Number(whole.into());
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && text.chars().any(|c| c.is_ascii_digit());
    let number = text.parse::<f64>().ok().filter(|_| is_number);
    match number.and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_is_read_as_the_json_that_it_stands_for() {
        let text = "# a comment\nopenapi: 3.0.3\nversion: '1.0'\nn: [1, -2.5, .5, 0x, ~, yes, true]\nbase: &base {a: 1, b: 2}\nmore:\n  <<: *base\n  b: 3\n200: |\n  two\n  lines\n---\nsecond: document\n";
        let expected = json!({
            "openapi": "3.0.3", "version": "1.0", "n": [1, -2.5, 0.5, "0x", null, "yes", true],
            "base": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}, "200": "two\nlines\n"
        });
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn what_is_broken_or_endless_is_an_error_with_its_line() {
        let error = read("a: [1\nb: }\n").unwrap_err();
        assert!(format!("{error:#}").contains("YAML"), "{error:#}");
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for n in 1..40 {
            bomb += &format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
        }
        let error = read(&bomb).unwrap_err();
        assert!(format!("{error:#}").contains("more than"), "{error:#}");
        assert!(read("").is_err());
    }
}
