//! `[[data]]`: rows of CSV files.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::toml_file::{Form, FormError, Node, value};

use super::names::is_name;
use super::reader::Reader;
use super::{Feed, Order, Rows};

pub(super) const KEYS: [&str; 3] = ["name", "csv", "order"];

const ORDERS: [(&str, Order); 2] = [("sequence", Order::Sequence), ("random", Order::Random)];

pub(super) fn feeds(forms: &[Form<'_>], reader: &Reader<'_>) -> Result<Vec<Feed>, FormError> {
    let mut feeds: Vec<Feed> = Vec::new();
    for form in forms {
        let feed = feed(form, reader)?;
        if feeds.iter().any(|other| other.name == feed.name) {
            let message = format!("there are two [[data]] of the name `{}`", feed.name);
            return Err(form.error_at("name", message));
        }
        feeds.push(feed);
    }
    Ok(feeds)
}

fn feed(form: &Form<'_>, reader: &Reader<'_>) -> Result<Feed, FormError> {
    let missing = |key: &str| {
        form.error(format!("[[data]] has no `{key}`")).hint(
            "write it like name = \"user\", csv = \"users.csv\"; its columns are {{user.email}}",
        )
    };
    let name = form.node("name").ok_or_else(|| missing("name"))?;
    if !is_name(name.text()?) {
        return Err(name
            .error("it is no name for data")
            .hint("letters, digits, `_` and `-`; a letter first"));
    }
    let csv = form.node("csv").ok_or_else(|| missing("csv"))?;
    let bytes = reader.file(&csv)?;
    let (columns, rows) = table(&csv, &bytes)?;
    Ok(Feed {
        name: name.text()?.to_owned(),
        columns,
        rows: Arc::new(rows),
        order: value(form.choice("order", &ORDERS)?).unwrap_or_default(),
    })
}

type Table = (Vec<String>, Rows);

fn table(node: &Node<'_>, bytes: &[u8]) -> Result<Table, FormError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut csv = csv::Reader::from_reader(bytes);
    let wrong = |error: csv::Error| match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            node.error(format!(
                "line {line} of the file has {len} fields, and its header {expected_len}"
            ))
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            node.error(format!("line {line} of the file is not UTF-8"))
        }
        _ => node.error(error.to_string()),
    };
    let columns: Vec<String> = csv
        .headers()
        .map_err(wrong)?
        .iter()
        .map(|column| column.trim().to_owned())
        .collect();
    if columns.iter().all(String::is_empty) {
        return Err(node.error("the file has no header; its first line names the columns"));
    }
    let mut seen = BTreeSet::new();
    for column in &columns {
        if !is_name(column) {
            let message = format!("the column `{column}` cannot be named in a placeholder");
            return Err(node.error(message).hint(
                "the first line names the columns: letters, digits, `_` and `-`; a letter first",
            ));
        }
        if !seen.insert(column) {
            return Err(node.error(format!("the file has two columns `{column}`")));
        }
    }
    let mut rows = Rows::new(columns.len());
    let mut row = csv::StringRecord::new();
    while csv.read_record(&mut row).map_err(wrong)? {
        rows.push(&row);
    }
    rows.shrink();
    if rows.is_empty() {
        return Err(node.error("the file has a header and no rows"));
    }
    Ok((columns, rows))
}
