//! What placeholders stand for: `[values]`, made anew for every iteration, and `[[data]]`, rows of CSV files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::file::DataFile;
use super::generators::{GeneratorFile, generator};
use super::surroundings::Reader;
use super::template::is_name;
use super::{Feed, Rows};
use crate::load::template::ValueGenerator;
use crate::toml_file::{FilledText, FreeTable, Located, Problem, Table};

pub(super) const NAME_HINT: &str = "letters, digits, `_` and `-`; a letter first";

pub(super) fn values(
    table: Option<&FreeTable<GeneratorFile>>,
    reader: &Reader<'_>,
) -> Result<BTreeMap<String, ValueGenerator>, Problem> {
    let mut values = BTreeMap::new();
    for (name, value) in table.iter().flat_map(|table| table.entries()) {
        if !is_name(name) {
            return Err(value.error("it is no name for a value").hint(NAME_HINT));
        }
        values.insert(name.to_owned(), generator(value, reader)?);
    }
    Ok(values)
}

pub(super) fn feeds(
    files: &[Located<Table<DataFile>>],
    reader: &Reader<'_>,
) -> Result<Vec<Feed>, Problem> {
    let mut feeds: Vec<Feed> = Vec::new();
    for file in files {
        let name = file.name.get().to_string();
        if !is_name(&name) {
            return Err(file.name.error("it is no name for data").hint(NAME_HINT));
        }
        if feeds.iter().any(|other| other.name == name) {
            return Err(file
                .name
                .error(format!("there are two [[data]] of the name `{name}`")));
        }
        let bytes = reader.file(&file.csv)?;
        let (columns, rows) = table(&file.csv, &bytes)?;
        feeds.push(Feed {
            name,
            columns,
            rows: Arc::new(rows),
            order: file.order.0,
        });
    }
    Ok(feeds)
}

fn table(file: &Located<FilledText>, bytes: &[u8]) -> Result<(Vec<String>, Rows), Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut csv = csv::Reader::from_reader(bytes);
    let wrong = |error: csv::Error| match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            file.error(format!(
                "line {line} of the file has {len} fields, and its header {expected_len}"
            ))
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            file.error(format!("line {line} of the file is not UTF-8"))
        }
        _ => file.error(error.to_string()),
    };
    let columns: Vec<String> = csv
        .headers()
        .map_err(wrong)?
        .iter()
        .map(|column| column.trim().to_owned())
        .collect();
    if columns.iter().all(String::is_empty) {
        return Err(file.error("the file has no header; its first line names the columns"));
    }
    let mut seen = BTreeSet::new();
    for column in &columns {
        if !is_name(column) {
            let message = format!("the column `{column}` cannot be named in a placeholder");
            return Err(file.error(message).hint(
                "the first line names the columns: letters, digits, `_` and `-`; a letter first",
            ));
        }
        if !seen.insert(column) {
            return Err(file.error(format!("the file has two columns `{column}`")));
        }
    }
    let mut rows = Rows::new(columns.len());
    let mut row = csv::StringRecord::new();
    while csv.read_record(&mut row).map_err(wrong)? {
        rows.push(&row);
    }
    rows.shrink();
    if rows.is_empty() {
        return Err(file.error("the file has a header and no rows"));
    }
    Ok((columns, rows))
}
