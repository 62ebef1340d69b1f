//! Stand-in: the store is written elsewhere.

use std::path::Path;

use crate::model::{Baseline, Evidence, Run};

pub const JSON_SCHEMA: &str = "{}\n";

pub fn is_baseline(_head: &[u8]) -> bool {
    false
}

pub fn read(_path: &Path) -> anyhow::Result<Baseline> {
    Ok(Baseline::default())
}

pub fn update(
    _path: &Path,
    change: impl FnOnce(Baseline) -> anyhow::Result<Baseline>,
) -> anyhow::Result<Baseline> {
    change(Baseline::default())
}

pub struct Window {
    pub runs: usize,
}

pub fn add(
    baseline: Baseline,
    _new: Vec<Run>,
    _window: &Window,
    _reduce: &dyn Fn(&Evidence) -> Evidence,
) -> Baseline {
    baseline
}
