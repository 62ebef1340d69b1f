//! What is looked for in an answer: `expect`, what counts as success, and `capture`, values for later steps.

use crate::load::template::Extractor;
use crate::toml_file::{Form, FormError, Node};

use super::Expect;
use super::body::document;
use super::names::{Names, is_name};
use super::reader::Reader;

const EXPECT_KEYS: [&str; 3] = ["status", "contains", "json"];
const CAPTURE_KEYS: [&str; 3] = ["json", "header", "regex"];

pub(super) fn expect(
    step: &Form<'_>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Expect, FormError> {
    let Some(form) = step.table("expect", "`expect`", &EXPECT_KEYS)? else {
        return Ok(Expect::default());
    };
    let mut expect = Expect::default();
    if let Some(status) = form.node("status") {
        let codes = status.one_or_more()?;
        if codes.is_empty() {
            return Err(status.error("no status would be a success"));
        }
        for code in codes {
            expect.status.push(code.whole(100..=599_u16)?);
        }
    }
    if let Some(contains) = form.node("contains") {
        for text in contains.one_or_more()? {
            text.text()?;
            expect.contains.push(reader.template(&text, names)?);
        }
    }
    if let Some(json) = form.node("json") {
        for (path, wanted) in json.entries()? {
            let path = json_path(&wanted, path)?;
            expect.json.push((path, fixed(&wanted)?));
        }
    }
    Ok(expect)
}

/// The JSON value that is expected, the same for every request.
fn fixed(node: &Node<'_>) -> Result<serde_json::Value, FormError> {
    document(node, &|node, text| match text.contains("{{") {
        true => Err(node
            .error("an expected value has no placeholders")
            .hint("`contains` may have some")),
        false => Ok(text.to_owned()),
    })
}

pub(super) fn captures(
    step: &Form<'_>,
    names: &Names,
) -> Result<Vec<(String, Extractor)>, FormError> {
    let Some(table) = step.node("capture") else {
        return Ok(Vec::new());
    };
    let mut captures = Vec::new();
    for (name, entry) in table.entries()? {
        if !is_name(name) {
            return Err(entry
                .error("it is no name for a value")
                .hint("letters, digits, `_` and `-`; a letter first"));
        }
        if names.is_made(name) {
            return Err(entry.error(format!("[values] makes a `{name}` already")));
        }
        captures.push((name.to_owned(), probe(&entry)?));
    }
    Ok(captures)
}

fn probe(node: &Node<'_>) -> Result<Extractor, FormError> {
    let form = node.form("`capture`", &CAPTURE_KEYS)?;
    let mut given = CAPTURE_KEYS.iter().filter_map(|key| form.node(key));
    let (Some(place), None) = (given.next(), given.next()) else {
        return Err(node
            .error("expected one of json, header, regex")
            .hint(format!(
                "write it like {} = {{ json = \"$.id\" }}",
                node.label()
            )));
    };
    let text = place.text()?;
    match place.label() {
        "json" => json_path(&place, text),
        "header" => Extractor::header(text).map_err(|why| place.error(why)),
        _ => Extractor::regex(text).map_err(|why| {
            place
                .error(why)
                .hint("in single quotes, backslashes stay as they are: '(\\d+)'")
        }),
    }
}

fn json_path(node: &Node<'_>, text: &str) -> Result<Extractor, FormError> {
    Extractor::json(text).map_err(|why| node.error(why).hint("it begins with $: $.items[0].id"))
}
