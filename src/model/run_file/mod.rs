//! perfgate's own file of results, `perfgate.run/1`, to [`Run`]s and back: two functions and no file.
//!
//! `form` is the document, for both directions and for the JSON Schema, and `rules` is what goes with what in it.
//! The way in: `form` is what serde reads, `convert`, `measurement` and `evidence` judge it, `histogram` and
//! `timeline` unpack.
//! Only an error takes the slow way through `syntax` and `place`, which find its line and field.

mod convert;
mod error;
mod evidence;
mod form;
mod histogram;
mod layout;
mod measurement;
mod place;
mod rules;
mod schema;
mod syntax;
mod timeline;
mod write;

pub use error::FileError;
pub use histogram::HistogramMemory;
pub use write::write;

pub(crate) use convert::{Parsed, ParsedList};
pub(crate) use error::Flaw;
pub(crate) use form::{Object, Text, present};
pub(crate) use histogram::decode as decode_histogram;
pub(crate) use layout::line;
pub(crate) use schema::check as check_schema;
pub(crate) use syntax::Document;
pub(crate) use write::{Detail, header, metrics_line};

use serde::de::DeserializeSeed;

use super::Run;
use crate::json_schema;
use convert::ListWithin;
use form::RunForm;
use measurement::Known;

pub const SCHEMA: &str = "perfgate.run/1";

/// What editors and other programs check such a file with.
pub fn json_schema() -> String {
    json_schema::of_read::<RunForm<'_>>()
}

/// Reads one run, a JSON array of runs, or one run after another (one per line).
pub fn parse(text: &str) -> Result<Vec<Run>, FileError> {
    parse_within(text, &HistogramMemory::default())
}

/// The same, with a bound on memory that several documents share.
pub fn parse_within(text: &str, memory: &HistogramMemory) -> Result<Vec<Run>, FileError> {
    let from = text.len() - text.trim_start().len();
    let document = Document {
        text,
        from,
        schema: SCHEMA,
    };
    let runs = if text.get(from..).is_some_and(|body| body.starts_with('[')) {
        array(&document, memory)?
    } else {
        sequence(&document, memory)?
    };
    if runs.is_empty() {
        return Err(Flaw::new("it holds no run")
            .hint("the program that should have written it may have failed: look at its output")
            .locate(text, from));
    }
    Ok(runs)
}

fn array(document: &Document<'_>, memory: &HistogramMemory) -> Result<Vec<Run>, FileError> {
    let mut json = serde_json::Deserializer::from_str(document.text);
    let read = ListWithin(memory).deserialize(&mut json);
    let ParsedList(list) = read
        .and_then(|list| json.end().map(|()| list))
        .map_err(|error| document.explain(&error))?;
    list.into_iter()
        .enumerate()
        .map(|(index, parsed)| {
            finish(parsed).map_err(|flaw| flaw.at_index(index).locate(document.text, document.from))
        })
        .collect()
}

fn sequence(document: &Document<'_>, memory: &HistogramMemory) -> Result<Vec<Run>, FileError> {
    let text = document.text;
    let mut runs = Vec::new();
    let mut known = Known::within(memory);
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Object<RunForm<'_>>>();
    loop {
        let from = documents.byte_offset();
        let Some(next) = documents.next() else {
            return Ok(runs);
        };
        let Object(form) = next.map_err(|error| Document { from, ..*document }.explain(&error))?;
        let parsed = Parsed::of(form, &mut known);
        let run = finish(parsed).map_err(|flaw| flaw.locate(text, from))?;
        runs.push(run);
    }
}

fn finish(parsed: Parsed) -> Result<Run, Flaw> {
    // First, so that a newer file is called newer and not wrong.
    schema::check(parsed.schema.as_deref(), SCHEMA)?;
    parsed.run
}
