//! Baseline files, read whole and replaced whole, by one writer at a time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::file::{Destination, folder_of};
use super::format;
use super::lock::Lock;
use crate::hint::WithHint;
use crate::model::Baseline;
use crate::model::run_file::FileError;

const PATIENCE: Duration = Duration::from_secs(10);
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// Reads a baseline file.
pub fn read(path: &Path) -> anyhow::Result<Baseline> {
    let text = read_text(path)?
        .ok_or_else(|| anyhow!("read baseline {}: there is no such file", path.display()))
        .hint("`perfgate baseline update` makes one from results")?;
    parse(path, &text)
}

/// Changes a baseline file, or begins it: nobody else writes it meanwhile, and it is replaced in one step.
pub fn update(
    path: &Path,
    change: impl FnOnce(Baseline) -> anyhow::Result<Baseline>,
) -> anyhow::Result<Baseline> {
    let write = || format!("write baseline {}", path.display());
    let destination = Destination::of(path).with_context(write)?;
    let Destination::File(target) = &destination else {
        return Err(anyhow!("it is neither a file nor a folder"))
            .with_context(write)
            .hint("a baseline is a regular file: name another path");
    };
    let folder = folder_of(target);
    fs::create_dir_all(folder).with_context(|| format!("create folder {}", folder.display()))?;
    let _lock = Lock::of(target, PATIENCE).with_context(write)?;
    let before = read_text(target)?;
    let baseline = match &before {
        Some(text) => parse(path, text)?,
        None => Baseline::default(),
    };
    let baseline = change(baseline)?;
    let text = format::write(&baseline);
    // A baseline that could not be read again would stop every later gate; better to stop here.
    told(
        format::parse(&text),
        "a result holds what a baseline cannot: look at it with `perfgate inspect`",
    )
    .context("it could not be read again")
    .with_context(write)?;
    if before.as_ref() != Some(&text) {
        destination.write(text.as_bytes()).with_context(write)?;
    }
    Ok(baseline)
}

/// `None` where there is no file.
fn read_text(path: &Path) -> anyhow::Result<Option<String>> {
    let shown = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("open baseline {shown}")),
    };
    let length = file.metadata().map_or(0, |facts| facts.len());
    if length > SIZE_LIMIT {
        return too_large(path);
    }
    let room = usize::try_from(length).unwrap_or(0);
    let mut bytes = Vec::with_capacity(room.saturating_add(1));
    file.take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("read baseline {shown}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > SIZE_LIMIT) {
        return too_large(path);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(anyhow!("read baseline {shown}: it is not UTF-8 text"))
            .hint("perfgate writes UTF-8: take the file back from git"),
    }
}

fn too_large<T>(path: &Path) -> anyhow::Result<T> {
    let shown = path.display();
    Err(anyhow!("read baseline {shown}: it is larger than 256 MiB"))
        .hint("a baseline stays below a few MiB: check the path")
}

fn parse(path: &Path, text: &str) -> anyhow::Result<Baseline> {
    told(
        format::parse(text),
        "take the file back from git, where it was whole",
    )
    .with_context(|| format!("read baseline {}", path.display()))
}

/// A flaw of the text as an error, with its own hint or another.
fn told<T>(result: Result<T, FileError>, otherwise: &str) -> anyhow::Result<T> {
    result.or_else(|mut error| {
        let hint = error.hint.take().unwrap_or_else(|| otherwise.to_owned());
        Err(error).hint(hint)
    })
}
