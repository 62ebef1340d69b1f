//! What a request carries: JSON, a form, a text, a file, or a GraphQL query.

use serde_json::{Map, Value};
use toml::de::DeValue;

use crate::load::template::Template;
use crate::toml_file::{Form, FormError, Node};

use super::Body;
use super::names::Names;
use super::reader::Reader;

/// The keys of a step of which one may be there.
pub(super) const KINDS: [&str; 5] = ["json", "form", "body", "body_file", "graphql"];

pub(super) fn body(step: &Form<'_>, reader: &Reader<'_>, names: &Names) -> Result<Body, FormError> {
    let given: Vec<Node<'_>> = KINDS.iter().filter_map(|kind| step.node(kind)).collect();
    let node = match given.as_slice() {
        [] => return Ok(Body::Empty),
        [node] => node,
        [first, second, ..] => {
            let (first, second) = (first.label(), second.label());
            return Err(step.error_at(
                second,
                format!("the step has `{first}` and also `{second}`"),
            ));
        }
    };
    match node.label() {
        "json" => json(node, reader, names),
        "form" => Ok(Body::Form(reader.pairs(node, names)?)),
        "body" => Ok(Body::Text(reader.template(node, names)?)),
        "body_file" => Ok(Body::Bytes(reader.file(node)?.into())),
        _ => graphql(node, reader, names),
    }
}

fn json(node: &Node<'_>, reader: &Reader<'_>, names: &Names) -> Result<Body, FormError> {
    if !matches!(node.value(), DeValue::Table(_) | DeValue::Array(_)) {
        return Err(node
            .error("expected a table or a list")
            .hint("write json = { name = \"x\" }; a text of your own is a `body`"));
    }
    let document = document(node, &|node, text| reader.expanded(node, text))?;
    template(node, &document, names)
}

fn template(node: &Node<'_>, document: &Value, names: &Names) -> Result<Body, FormError> {
    let template = Template::json(document).map_err(|why| node.error(why))?;
    names.check(node, &template)?;
    Ok(Body::Json(template))
}

/// A POST of `query` and `variables`, as every GraphQL service takes it.
fn graphql(node: &Node<'_>, reader: &Reader<'_>, names: &Names) -> Result<Body, FormError> {
    let form = node.form("`graphql`", &["query", "variables", "operation"])?;
    let query = form
        .node("query")
        .ok_or_else(|| node.error("it has no `query`"))?;
    query.text()?;
    let complete = |node: &Node<'_>, text: &str| reader.expanded(node, text);
    let mut fields = Map::new();
    fields.insert("query".to_owned(), document(&query, &complete)?);
    if let Some(operation) = form.node("operation") {
        operation.text()?;
        let name = document(&operation, &complete)?;
        fields.insert("operationName".to_owned(), name);
    }
    if let Some(variables) = form.node("variables") {
        variables.entries()?;
        fields.insert("variables".to_owned(), document(&variables, &complete)?);
    }
    template(node, &Value::Object(fields), names)
}

/// What makes a text of the file complete.
type Complete<'c> = dyn Fn(&Node<'_>, &str) -> Result<String, FormError> + 'c;

/// A value of the file as JSON.
pub(super) fn document(node: &Node<'_>, complete: &Complete<'_>) -> Result<Value, FormError> {
    Ok(match node.value() {
        DeValue::String(text) => Value::from(complete(node, text)?),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Integer(_) => Value::from(node.whole(i64::MIN..=i64::MAX)?),
        DeValue::Float(_) => Value::from(node.number()?),
        DeValue::Array(_) => {
            let entries = node.list()?;
            let values = entries.iter().map(|entry| document(entry, complete));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        DeValue::Table(_) => {
            let entries = node.entries()?;
            let fields = entries
                .iter()
                .map(|(name, entry)| Ok(((*name).to_owned(), document(entry, complete)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
    })
}
