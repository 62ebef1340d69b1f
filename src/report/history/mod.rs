//! A history as people and programs read it: `terminal` with the drawings of `chart` and the `words` that a page says too, `records` for whoever loads it
//! into tables, and the document as it is.

pub(super) mod chart;
mod records;
mod terminal;
pub(super) mod words;

pub use records::ndjson;
pub use terminal::text;

use crate::history::History;
use crate::text::sanitize;

/// The document `perfgate.history/1`.
pub fn json(history: &History) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(history)?;
    Ok(sanitize::json(&text) + "\n")
}
