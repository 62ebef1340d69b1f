//! What a file is, from its first bytes alone: no parser is tried to find out.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::adapter::Form;
use super::head::Head;
use super::source::{self, ResultBytes};
use super::strangers::{self, Stranger};
use super::watching::Watching;
use super::{Format, text};
use crate::hint::WithHint;

/// Why a file is not taken for a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// Another tool's output, or a file of ours that is not a result.
    Stranger(Stranger),
    Unknown,
}

/// The format of a file that begins with `head`.
pub fn recognise(head: &[u8]) -> Result<Format, Unrecognised> {
    form(head).map(|(format, _)| format)
}

/// The format of a file that begins with `head`, and which of its outputs it is.
pub(super) fn form(head: &[u8]) -> Result<(Format, &'static Form), Unrecognised> {
    let unpacked = ResultBytes::Bytes(head).head().unwrap_or_default();
    let head = Head::of(&unpacked);
    let found = Format::ALL
        .iter()
        .find_map(|format| Some((*format, format.adapter().form_of(&head)?)));
    found.ok_or_else(|| {
        strangers::of(head.text(), head.outline().as_ref())
            .map_or(Unrecognised::Unknown, Unrecognised::Stranger)
    })
}

/// Every output, of any tool, that a file which begins with `head` could be: never more than one.
pub fn candidates(head: &[u8]) -> Vec<(Format, &'static str)> {
    let unpacked = ResultBytes::Bytes(head).head().unwrap_or_default();
    let head = Head::of(&unpacked);
    let forms = Format::ALL.iter().flat_map(|format| {
        format
            .adapter()
            .forms
            .iter()
            .map(move |form| (*format, form))
    });
    forms
        .filter(|(_, form)| (form.recognise)(&head))
        .map(|(format, form)| (format, form.what))
        .collect()
}

/// What an error lists: the signs of our own file, and whose output is known.
pub(super) fn looked_for() -> String {
    let tools: Vec<&str> = Format::ALL
        .iter()
        .filter(|format| **format != Format::Perfgate)
        .map(|format| format.as_str())
        .collect();
    format!(
        "a perfgate run file (\"schema\": \"perfgate.run/1\") and the output of {}",
        tools.join(", ")
    )
}

/// The format of the file at `path`, or an error that says what was looked for.
pub(super) fn file(path: &Path) -> anyhow::Result<(Format, &'static Form)> {
    let head = head(path)?;
    let shown = path.display();
    match form(&head) {
        Ok(found) => Ok(found),
        Err(Unrecognised::Stranger(stranger)) => Err(anyhow!(
            "recognise {shown}: it looks like {}; looked for {}",
            stranger.what,
            looked_for()
        ))
        .hint(stranger.hint),
        Err(Unrecognised::Unknown) => {
            // Empty and UTF-16 files are known by name; anything else is just not a result.
            source::refuse_utf16(&head).with_context(|| format!("read {shown}"))?;
            if head.iter().all(u8::is_ascii_whitespace) {
                text::decode(head).with_context(|| format!("read {shown}"))?;
            }
            Err(anyhow!(
                "recognise {shown}: its content is no known result; looked for {}",
                looked_for()
            ))
            .hint("check that this is the file the load tool wrote, or force a format with --from")
        }
    }
}

/// What stands at the start of the file at `path`, unpacked.
pub(super) fn head(path: &Path) -> anyhow::Result<Vec<u8>> {
    ResultBytes::File(path, &Watching::default())
        .head()
        .with_context(|| format!("read {}", path.display()))
}
