//! Results of other tools to runs.

mod locust;
mod text;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::model::Run;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Perfgate,
    Locust,
    Criterion,
    CargoCriterion,
}

impl FromStr for Format {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "locust" => Ok(Self::Locust),
            _ => Err(()),
        }
    }
}

/// How a result is to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub from: Option<Format>,
    pub warmup: Option<std::time::Duration>,
}

/// What was read of one place.
#[derive(Clone, Debug)]
pub struct Ingested {
    pub path: PathBuf,
    pub format: Format,
    pub runs: Vec<Run>,
}

/// Reads results of any format.
pub fn read(path: &Path, options: &ReadOptions) -> anyhow::Result<Vec<Ingested>> {
    let paths = if path.is_dir() {
        locust::prefixes(path)
    } else {
        vec![path.to_owned()]
    };
    paths
        .into_iter()
        .map(|path| {
            let runs = locust::read(&path, options)?;
            let format = Format::Locust;
            Ok(Ingested { path, format, runs })
        })
        .collect()
}

/// Parses one file's bytes as a format: what the fuzz targets call.
pub fn parse_bytes(
    format: Format,
    bytes: &[u8],
    options: &ReadOptions,
) -> anyhow::Result<Vec<Run>> {
    match format {
        Format::Locust => locust::parse(bytes, options.warmup),
        _ => anyhow::bail!("not here"),
    }
}
