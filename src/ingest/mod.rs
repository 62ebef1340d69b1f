//! Stand-in: reading results is written elsewhere.

use std::path::{Path, PathBuf};

use crate::model::Run;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Perfgate,
    Locust,
    Criterion,
    CargoCriterion,
}

impl Format {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Perfgate => "perfgate",
            Self::Locust => "locust",
            Self::Criterion => "criterion",
            Self::CargoCriterion => "cargo-criterion",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub from: Option<Format>,
    pub warmup: Option<std::time::Duration>,
}

#[derive(Clone, Debug)]
pub struct Ingested {
    pub path: PathBuf,
    pub format: Format,
    pub runs: Vec<Run>,
}

pub fn read(path: &Path, _options: &ReadOptions) -> anyhow::Result<Vec<Ingested>> {
    anyhow::bail!("read {}: stand-in", path.display())
}

pub fn discover(_folder: &Path) -> Vec<PathBuf> {
    Vec::new()
}
