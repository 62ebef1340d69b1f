//! Stand-in for Locust.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::ReadOptions;
use crate::model::Run;

const ENDS: [&str; 4] = [
    "_stats.csv",
    "_stats_history.csv",
    "_failures.csv",
    "_exceptions.csv",
];

pub(super) fn recognise_csv(head: &str) -> bool {
    [
        "Type,Name,Request Count",
        "Timestamp,User Count,Type,Name",
        "Method,Name,Error",
        "Count,Message,Traceback",
    ]
    .iter()
    .any(|start| head.starts_with(start))
}

pub(super) fn recognise_json(head: &str) -> bool {
    head.trim_start().starts_with('[') && head.contains("\"num_requests\"")
}

pub(super) fn is_prefix(path: &Path) -> bool {
    PathBuf::from(format!("{}_stats.csv", path.display())).is_file()
}

pub(super) fn parse(
    _bytes: &[u8],
    _warmup: Option<std::time::Duration>,
) -> anyhow::Result<Vec<Run>> {
    anyhow::bail!("stand-in")
}

pub(super) fn read(path: &Path, _options: &ReadOptions) -> anyhow::Result<Vec<Run>> {
    let file = if path.is_file() {
        path.to_path_buf()
    } else {
        PathBuf::from(format!("{}_stats.csv", path.display()))
    };
    std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    Ok(vec![Run::default()])
}

pub(super) fn prefixes(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut prefixes: Vec<PathBuf> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let prefix = ENDS.iter().find_map(|end| name.strip_suffix(end))?;
            Some(folder.join(prefix))
        })
        .collect();
    prefixes.sort();
    prefixes.dedup();
    prefixes
}
