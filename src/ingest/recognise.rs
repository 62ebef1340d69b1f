//! What a file is, from its first bytes alone: no parser is tried to find out.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::outline::Outline;
use super::strangers::{self, Stranger};
use super::{Format, locust, text};
use crate::hint::WithHint;

/// How much of a file is looked at.
const HEAD: u64 = 64 * 1024;

/// Why a file is not taken for a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// Another tool's output, or a file of ours that is not a result.
    Stranger(Stranger),
    Unknown,
}

/// The signs by which each format of a single file is told.
pub(super) const LOOKED_FOR: &str = "a perfgate run file (\"schema\": \"perfgate.run/1\"), \
    Locust's CSV (header `Type,Name,Request Count,…`, or its history, failures or exceptions), \
    Locust's --json (a list of entries with `num_requests`), \
    cargo-criterion's messages (lines with `\"reason\"`)";

/// The format of a file that begins with `head`.
pub fn recognise(head: &[u8]) -> Result<Format, Unrecognised> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // The head may end inside a character; what was looked for is ASCII.
    let head = String::from_utf8_lossy(head);
    let outline = Outline::of(&head);
    if let Some(outline) = &outline {
        let schema = outline.string("schema");
        if schema.is_some_and(|schema| schema.starts_with("perfgate.run/")) {
            return Ok(Format::Perfgate);
        }
        // Written by hand, the schema may come last or have been forgotten: the parser says so.
        if schema.is_none() && outline.has("subjects") {
            return Ok(Format::Perfgate);
        }
    }
    if locust::recognise_csv(&head) || locust::recognise_json(&head) {
        return Ok(Format::Locust);
    }
    if head.lines().any(is_cargo_message) {
        return Ok(Format::CargoCriterion);
    }
    Err(strangers::of(&head, outline.as_ref())
        .map_or(Unrecognised::Unknown, Unrecognised::Stranger))
}

/// Cargo's own messages and cargo-criterion's share the form; a benchmark may have printed first.
fn is_cargo_message(line: &str) -> bool {
    line.trim_start().starts_with('{')
        && Outline::of(line).is_some_and(|outline| outline.string("reason").is_some())
}

/// The format of the file at `path`, or an error that says what was looked for.
pub(super) fn file(path: &Path) -> anyhow::Result<Format> {
    let head = head(path)?;
    let shown = path.display();
    match recognise(&head) {
        Ok(format) => Ok(format),
        Err(Unrecognised::Stranger(stranger)) => Err(anyhow!(
            "recognise {shown}: it looks like {}; looked for {LOOKED_FOR}",
            stranger.what
        ))
        .hint(stranger.hint),
        Err(Unrecognised::Unknown) => {
            // Empty and UTF-16 files are known by name; anything else is just not a result.
            if head.iter().all(u8::is_ascii_whitespace)
                || matches!(head.get(..2), Some(b"\xff\xfe" | b"\xfe\xff"))
            {
                text::decode(head).with_context(|| format!("read {shown}"))?;
            }
            Err(anyhow!(
                "recognise {shown}: its content is no known result; looked for {LOOKED_FOR}"
            ))
            .hint("check that this is the file the load tool wrote, or force a format with --from")
        }
    }
}

/// What stands at the start of the file at `path`.
pub(super) fn head(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = text::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut head = Vec::new();
    file.take(HEAD)
        .read_to_end(&mut head)
        .with_context(|| format!("read {}", path.display()))?;
    Ok(head)
}
