//! A verdict that was written before: read with a limit, and checked, because anybody may have written the file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::results;
use crate::hint::WithHint;
use crate::report::Document;

/// Ten thousand series are some ten million bytes.
const MOST: u64 = 64 << 20;

/// What the command that reads it says.
pub(crate) struct Words {
    /// What it takes.
    pub(crate) takes: &'static str,
    /// What became of a verdict that cannot be one.
    pub(crate) refused: &'static str,
}

/// Whether a file says of itself that it is a verdict.
pub(crate) fn is_verdict(path: &Path) -> anyhow::Result<bool> {
    let head = results::head(path)?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.trim_start().starts_with('{') && head.contains("\"perfgate.verdict/"))
}

pub(crate) fn read(path: &Path, words: &Words) -> anyhow::Result<Document> {
    let doing = || format!("read {}", path.display());
    let hint = words.takes;
    let file = File::open(path).with_context(doing).hint(hint)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .with_context(doing)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST {
        return Err(anyhow!("it is larger than {} MiB", MOST >> 20))
            .with_context(doing)
            .hint(hint);
    }
    let text = String::from_utf8(bytes).with_context(doing).hint(hint)?;
    let document = Document::parse(&text).with_context(doing).hint(hint)?;
    match document.contradiction() {
        Some(what) => Err(anyhow!("it contradicts itself: {what}"))
            .with_context(doing)
            .hint(words.refused),
        None => Ok(document),
    }
}
