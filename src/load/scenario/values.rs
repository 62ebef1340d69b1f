//! `[values]`: what is made anew for every iteration.

use std::collections::BTreeMap;

use crate::load::template::ValueGenerator;
use crate::toml_file::{FormError, Node};

use super::names::is_name;

const KINDS: [&str; 5] = ["int", "choice", "text", "uuid", "counter"];

pub(super) fn values(node: &Node<'_>) -> Result<BTreeMap<String, ValueGenerator>, FormError> {
    let mut values = BTreeMap::new();
    for (name, entry) in node.entries()? {
        if !is_name(name) {
            return Err(entry
                .error("it is no name for a value")
                .hint("letters, digits, `_` and `-`; a letter first"));
        }
        values.insert(name.to_owned(), generator(&entry)?);
    }
    Ok(values)
}

fn generator(node: &Node<'_>) -> Result<ValueGenerator, FormError> {
    let form = node.form("a value", &KINDS)?;
    let mut given = KINDS.iter().filter_map(|kind| form.node(kind));
    let (Some(kind), None) = (given.next(), given.next()) else {
        return Err(node
            .error("expected one of int, choice, text, uuid, counter")
            .hint(format!(
                "write it like {} = {{ int = [1, 50] }}",
                node.label()
            )));
    };
    match kind.label() {
        "int" => int(&kind),
        "choice" => choice(&kind),
        "text" => Ok(ValueGenerator::Text {
            length: kind.whole(1..=65_536_usize)?,
        }),
        label => {
            if !kind.flag()? {
                return Err(kind.error("expected true"));
            }
            Ok(match label {
                "uuid" => ValueGenerator::Uuid,
                _ => ValueGenerator::Counter,
            })
        }
    }
}

fn int(node: &Node<'_>) -> Result<ValueGenerator, FormError> {
    let ends = node.list()?;
    let [low, high] = ends.as_slice() else {
        return Err(node.error("expected the lowest and the highest number, like [1, 50]"));
    };
    let (low, high) = (
        low.whole(i64::MIN..=i64::MAX)?,
        high.whole(i64::MIN..=i64::MAX)?,
    );
    if low > high {
        return Err(node.error(format!("it ends at {high}, before it begins at {low}")));
    }
    Ok(ValueGenerator::Int { low, high })
}

fn choice(node: &Node<'_>) -> Result<ValueGenerator, FormError> {
    let mut words = Vec::new();
    for entry in node.list()? {
        words.push(match entry.value() {
            toml::de::DeValue::Integer(_) => entry.whole(i64::MIN..=i64::MAX)?.to_string(),
            _ => entry.any_text()?.to_owned(),
        });
    }
    if words.is_empty() {
        return Err(node.error("there is nothing to choose from"));
    }
    Ok(ValueGenerator::Choice(words))
}
