//! The files of a benchmark as bytes, and `sample.json`.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::iterations::{Field, Iterations};
use super::quick;
use crate::hint::WithHint;
use crate::ingest::text;

#[derive(Deserialize)]
struct SampleFile {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// `sample.json`: `times` are totals of a sample in nanoseconds, over `iters` iterations each.
pub fn parse_sample(json: &[u8]) -> anyhow::Result<Iterations> {
    let (iters, times) = match quick::samples(json) {
        Some(found) => found,
        None => {
            let SampleFile { iters, times } = serde_json::from_slice(json)?;
            (iters, times)
        }
    };
    let totals = Field {
        name: "times",
        values: times,
    };
    let counts = Field {
        name: "iters",
        values: iters,
    };
    Iterations::new(totals, counts, 1.0)
}

/// `None` where there is no such file: a folder of that name is none.
pub(super) fn read_json<T>(
    path: &Path,
    room: &mut text::Room,
    parse: fn(&[u8]) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    // Thousands of them are small and whole; what is wrong with another one is said of its text.
    let parsed = text::small(path, room).map(parse);
    if let Some(Ok(parsed)) = parsed {
        return Ok(Some(parsed));
    }
    let text = match text::read_text(path) {
        Ok(text) => text,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let parsed = parse(text.as_bytes());
    let cut_off = parsed.as_ref().err().is_some_and(ends_early);
    let parsed = parsed
        .map(Some)
        .with_context(|| format!("read {}", path.display()));
    if cut_off {
        parsed.hint("it is cut off: the benchmark run may have been stopped; run it again")
    } else {
        parsed
    }
}

fn ends_early(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<serde_json::Error>()
        .is_some_and(serde_json::Error::is_eof)
}

fn is_missing(error: &anyhow::Error) -> bool {
    error
        .root_cause()
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind)
        .is_some_and(|kind| {
            use ErrorKind::{IsADirectory, NotADirectory, NotFound};
            matches!(kind, NotFound | IsADirectory | NotADirectory)
        })
}
