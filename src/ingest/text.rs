//! Bytes of a result file to text, with the refusals that every format shares.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::source::{self, ResultBytes};
use crate::hint::WithHint;

/// A result that has to be read whole is refused beyond this; the formats that grow are streamed.
pub(super) const WHOLE_FILE_LIMIT: u64 = 256 * 1024 * 1024;

/// A file of a benchmark is smaller: no need to ask for its length first.
const SMALL: usize = 8 * 1024;

/// Room for one file of a benchmark, which costs no allocation: a hundred samples take 3 KiB.
pub(super) type Room = [u8; 4096];
pub(super) const ROOM: Room = [0; 4096];

/// All of a source as text, unpacked.
pub(super) fn of(source: ResultBytes<'_>) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    source
        .open()?
        .take(WHOLE_FILE_LIMIT + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > WHOLE_FILE_LIMIT) {
        return Err(anyhow!("it is larger than 256 MiB"))
            .hint("a result of this size is not a summary: check the path");
    }
    decode(bytes)
}

/// The whole file as text without its byte order mark.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let file = source::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut file = file.take(WHOLE_FILE_LIMIT + 1);
    let read = || format!("read {}", path.display());
    let mut bytes = Vec::with_capacity(SMALL);
    let mut start = file.by_ref().take(SMALL as u64);
    start.read_to_end(&mut bytes).with_context(read)?;
    if bytes.len() == SMALL {
        let length = file.get_ref().metadata().map_or(0, |facts| facts.len());
        if length > WHOLE_FILE_LIMIT {
            return too_large(path);
        }
        // Room for all of it; the file may still grow.
        bytes.reserve(usize::try_from(length).unwrap_or(0));
        file.read_to_end(&mut bytes).with_context(read)?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n > WHOLE_FILE_LIMIT) {
            return too_large(path);
        }
    }
    decode(bytes).with_context(|| format!("read {}", path.display()))
}

/// What one call reads of a small file, which is all of it; `None` where there is more than room, or it cannot be read:
/// `read_text` says why. What was cut short by the system is no whole JSON, and is read again.
pub(super) fn small<'a>(path: &Path, room: &'a mut Room) -> Option<&'a [u8]> {
    let mut file = source::open_at_once(path).ok()?;
    let length = file.read(room).ok()?;
    (length < room.len()).then(|| room.get(..length))?
}

fn too_large<T>(path: &Path) -> anyhow::Result<T> {
    Err(anyhow!(
        "read {}: it is larger than 256 MiB",
        path.display()
    ))
    .hint("a result of this size is not a summary: check the path, or split the file by run")
}

/// Bytes to text: empty, UTF-16 and broken UTF-8 are refused by name and place.
pub(super) fn decode(mut bytes: Vec<u8>) -> anyhow::Result<String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(anyhow!("it is empty"))
            .hint("the run that should have written it may have failed: look at its output");
    }
    source::refuse_utf16(&bytes)?;
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..valid).unwrap_or_default();
            let line = before.split(|b| *b == b'\n').count();
            Err(anyhow!("line {line}: it is not UTF-8 (byte {valid})")).hint(source::CONVERT)
        }
    }
}
