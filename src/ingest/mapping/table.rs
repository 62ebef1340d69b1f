//! The rows of a file, as the cells that a plan needs: CSV and JSON lines in a stream, a JSON document as a whole.

use anyhow::{Context, anyhow, bail};
use csv::ByteRecord;
use serde_json::Value;

use super::cell::{Cell, find};
use super::plan::{Need, Plan};
use super::{KEY, Layout, UNDER_KEY};
use crate::hint::WithHint;
use crate::ingest::head::Head;
use crate::ingest::records::shortened;
use crate::ingest::rows::{self, Row};
use crate::ingest::source::{self, End, ResultBytes};
use crate::ingest::{json, text};
use crate::text::nearest::near;

const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// So many names are told where one is missing.
const MOST_NAMES: usize = 12;

/// Takes the cells of one row, in the order of the plan.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[Cell<'_>]) -> anyhow::Result<()>;

/// In which format the rows of one file are written.
#[derive(Debug, PartialEq)]
pub(super) enum RowFormat {
    Csv { delimiter: u8 },
    Json,
    Ndjson,
}

/// What the mapping says of the file's form, and what the file itself does where the mapping is silent.
pub(super) fn layout(plan: &Plan<'_>, source: ResultBytes<'_>) -> anyhow::Result<RowFormat> {
    let bytes = source.head()?;
    source::refuse_utf16(&bytes)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        text::decode(bytes)?;
        bail!("it is empty");
    }
    let head = Head::of(&bytes);
    let layout = plan.mapping.layout.unwrap_or_else(|| {
        if !head.is_json() {
            Layout::Csv
        } else if plan.mapping.rows.is_none() && is_lines(&head) {
            Layout::Ndjson
        } else {
            Layout::Json
        }
    });
    Ok(match layout {
        Layout::Csv => RowFormat::Csv {
            delimiter: match plan.mapping.delimiter {
                Some(delimiter) => delimiter,
                None => delimiter(plan, &head),
            },
        },
        Layout::Json => RowFormat::Json,
        Layout::Ndjson => RowFormat::Ndjson,
    })
}

/// Whether the first line is a document of its own and another one follows.
fn is_lines(head: &Head<'_>) -> bool {
    let mut lines = head.text().lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next().is_some() && serde_json::from_str::<Value>(first).is_ok_and(|one| one.is_object())
}

/// The one that makes most of the wanted columns, and then the one that makes most columns.
fn delimiter(plan: &Plan<'_>, head: &Head<'_>) -> u8 {
    let mut best = (b',', (0, 0));
    for delimiter in DELIMITERS {
        let columns = head.columns(delimiter);
        let wanted = match &plan.mapping.columns {
            Some(names) => usize::from(names.len() == columns.len()),
            None => plan
                .needed
                .iter()
                .filter(|need| columns.contains(&need.name))
                .count(),
        };
        let score = (wanted, columns.len());
        if score > best.1 {
            best = (u8::try_from(delimiter).unwrap_or(b','), score);
        }
    }
    best.0
}

pub(super) fn each(
    plan: &Plan<'_>,
    found: &RowFormat,
    source: ResultBytes<'_>,
    sink: Sink<'_>,
) -> anyhow::Result<End> {
    let mut rows = 0_u64;
    let mut counted = |cells: &[Cell<'_>]| {
        rows += 1;
        sink(cells)
    };
    let end = match found {
        RowFormat::Csv { delimiter } => csv(plan, *delimiter, source, &mut counted)?,
        RowFormat::Json => document(plan, source, &mut counted)?,
        RowFormat::Ndjson => source.each_line(|_, line| {
            let record: Value = json::line(line)?;
            if !record.is_object() {
                bail!("it is no object");
            }
            in_record(plan, None, &record, &mut counted)
        })?,
    };
    if rows == 0 {
        return Err(anyhow!("it holds no row")).hint(
            "the run that should have written it may have measured nothing: look at its output",
        );
    }
    Ok(end)
}

fn csv(
    plan: &Plan<'_>,
    delimiter: u8,
    source: ResultBytes<'_>,
    sink: Sink<'_>,
) -> anyhow::Result<End> {
    let mut places = match &plan.mapping.columns {
        Some(names) => Some(Places::of(plan, names.clone())?),
        None => None,
    };
    rows::each(source, delimiter, |_, record| {
        let Some(places) = &places else {
            places = Some(Places::of(plan, names(record))?);
            return Ok(());
        };
        let row = Row::of(record);
        if row.len() != places.columns {
            return Err(anyhow!(
                "it has {} columns, and {} are named",
                row.len(),
                places.columns
            ))
            .hint("a cell that holds the delimiter or a line break stands in double quotes");
        }
        let cells = places
            .at
            .iter()
            .map(|at| Ok(Cell::of_text(row.text(*at)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        sink(&cells)
    })
}

/// Where the needed columns stand.
struct Places {
    at: Vec<usize>,
    columns: usize,
}

fn names(header: &ByteRecord) -> Vec<String> {
    let name = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        text.trim_start_matches('\u{feff}').trim().to_owned()
    };
    header.iter().map(name).collect()
}

impl Places {
    fn of(plan: &Plan<'_>, names: Vec<String>) -> anyhow::Result<Self> {
        let place = |need: &Need<'_>| {
            let mut all = names
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == need.name);
            match (all.next(), all.next()) {
                (Some((at, _)), None) => Ok(at),
                (Some(_), Some(_)) => bail!("two columns are named `{}`", need.name),
                (None, _) if need.name == KEY => no_subject(),
                (None, _) => missing("column", need.name, names.iter().map(String::as_str)),
            }
        };
        let at = plan.needed.iter().map(place);
        Ok(Self {
            at: at.collect::<anyhow::Result<_>>()?,
            columns: names.len(),
        })
    }
}

fn no_subject<T>() -> anyhow::Result<T> {
    Err(anyhow!("only a JSON object has keys that could name its records"))
        .hint("say in the mapping which column names what was measured: subject = \"endpoint\"; or subject_text = \"all\"")
}

fn missing<'n, T>(
    what: &str,
    wanted: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<T> {
    let count = names.clone().count();
    let mut shown: Vec<String> = names
        .clone()
        .take(MOST_NAMES)
        .map(|name| format!("`{}`", shortened(name)))
        .collect();
    if count > MOST_NAMES {
        shown.push(format!("and {} more", count - MOST_NAMES));
    }
    let there = match shown.is_empty() {
        true => "there is none at all".to_owned(),
        false => format!("there are {}", shown.join(", ")),
    };
    let hint = match near(wanted, names) {
        Some(near) => format!("did you mean `{}`? {there}", shortened(near)),
        None => there,
    };
    Err(anyhow!("there is no {what} `{wanted}`")).hint(hint)
}

fn document(plan: &Plan<'_>, source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let text = text::of(source)?;
    let document: Value = json::with_words(&text)?;
    let records = match plan.mapping.rows.as_deref() {
        None => &document,
        Some(path) => match find(&document, path) {
            Some(records) => records,
            None => {
                return missing("place", path, keys(&document).map(String::as_str))
                    .context("find `rows`");
            }
        },
    };
    match records {
        Value::Array(records) => {
            for (at, record) in records.iter().enumerate() {
                in_record(plan, None, record, sink)
                    .with_context(|| format!("record {}", at + 1))?;
            }
        }
        Value::Object(records) if plan.mapping.takes_keys() => {
            for (key, record) in records {
                in_record(plan, Some(key), record, sink)
                    .with_context(|| format!("record `{}`", shortened(key)))?;
            }
        }
        Value::Object(_) => in_record(plan, None, records, sink)?,
        _ => {
            let rows = plan.mapping.rows.as_deref().unwrap_or("the document");
            return Err(anyhow!("{rows} is neither a list nor an object")).hint(
                "`rows` is the way to the records: rows = \"metrics\", or rows = \"run.results\"",
            );
        }
    }
    Ok(End::Complete)
}

fn keys(value: &Value) -> impl Iterator<Item = &String> + Clone {
    value
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
}

fn in_record<'v>(
    plan: &Plan<'_>,
    key: Option<&'v str>,
    record: &'v Value,
    sink: Sink<'_>,
) -> anyhow::Result<()> {
    let mut cells = Vec::with_capacity(plan.needed.len());
    for need in &plan.needed {
        cells.push(match need.name {
            KEY => match key {
                Some(key) => Cell::of_text(key),
                None => return no_subject(),
            },
            UNDER_KEY => Cell::of_json(Some(record)),
            name => match find(record, name) {
                None if !need.optional => {
                    return missing("key", name, keys(record).map(String::as_str));
                }
                found => Cell::of_json(found),
            },
        });
    }
    sink(&cells)
}
