//! Which files of a folder are one Locust run: the CSV set of a prefix, and the `--json` of the same run.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::locust::{JsonSigns, Sameness, SetSigns};
use super::{Format, FoundResult, ReadOptions};
use crate::hint::WithHint;

/// What Locust puts behind the prefix of `--csv`.
const ENDS: [&str; 4] = [
    "_stats.csv",
    "_stats_history.csv",
    "_failures.csv",
    "_exceptions.csv",
];

pub(super) fn belongs_to(file: &Path, prefix: &Path) -> bool {
    ENDS.iter().any(|end| with_end(prefix, end) == file)
}

/// The file of a set that every run has.
pub(super) fn stats_file(prefix: &Path) -> Option<PathBuf> {
    let stats = with_end(prefix, "_stats.csv");
    stats.is_file().then_some(stats)
}

fn with_end(prefix: &Path, end: &str) -> PathBuf {
    let mut path = prefix.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// One result a run: never both forms of the same one.
pub(super) fn runs(
    folder: &Path,
    prefixes: Vec<PathBuf>,
    mut jsons: Vec<PathBuf>,
    options: &ReadOptions,
) -> anyhow::Result<Vec<FoundResult>> {
    let mut found = Vec::new();
    let mut alone = Vec::new();
    for prefix in prefixes {
        let set = SetSigns::of(&prefix);
        let named = |json: &PathBuf| {
            is_named_after(json, &prefix)
                && JsonSigns::of(json).sameness(&set) != Sameness::Different
        };
        match jsons.iter().position(named) {
            Some(at) => found.push(chosen(&prefix, jsons.remove(at), options)),
            None => alone.push(prefix),
        }
    }
    // What their names do not tell, their times and counts do.
    let unclear = pair(&mut alone, &mut jsons, |prefix, json| {
        found.push(chosen(prefix, json, options));
    });
    match (alone.as_slice(), jsons.as_slice()) {
        ([prefix], [json]) if unclear => found.push(chosen(prefix, json.clone(), options)),
        _ if !unclear => {
            found.extend(alone.iter().map(|prefix| csv_set(prefix)));
            found.extend(
                jsons
                    .into_iter()
                    .map(|json| FoundResult::new(json, Format::Locust)),
            );
        }
        (_, jsons) => {
            let shown = jsons.first().map(|json| json.display().to_string());
            return Err(anyhow!(
                "read {}: it holds {} Locust CSV sets and {} other Locust results ({}), and nothing \
                 tells which of them are the same run",
                folder.display(),
                alone.len(),
                jsons.len(),
                shown.unwrap_or_default()
            ))
            .hint("name the files to take, or give each run a folder of its own");
        }
    }
    Ok(found)
}

/// Takes every set and JSON that are certainly one run, and only fit each other, out of both lists. Whether it stays
/// unclear what some of the others are to each other.
fn pair(
    prefixes: &mut Vec<PathBuf>,
    jsons: &mut Vec<PathBuf>,
    mut take: impl FnMut(&Path, PathBuf),
) -> bool {
    let signs: Vec<JsonSigns> = jsons.iter().map(|json| JsonSigns::of(json)).collect();
    let table: Vec<Vec<Sameness>> = prefixes
        .iter()
        .map(|prefix| {
            let set = SetSigns::of(prefix);
            signs.iter().map(|json| json.sameness(&set)).collect()
        })
        .collect();
    let same = |row: usize, column: usize| {
        let found = table.get(row).and_then(|row| row.get(column));
        found.copied().unwrap_or(Sameness::Unknown)
    };
    let fits = |row: usize, column: usize| same(row, column) == Sameness::Same;
    let (rows, columns) = (prefixes.len(), jsons.len());
    let (mut sets, mut files) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let mut fitting = (0..columns).filter(|column| fits(row, *column));
        if let (Some(column), None) = (fitting.next(), fitting.next())
            && (0..rows).filter(|row| fits(*row, column)).count() == 1
            && let (Some(prefix), Some(json)) = (prefixes.get(row), jsons.get(column))
        {
            take(prefix, json.clone());
            sets.push(row);
            files.push(column);
        }
    }
    let left = |row: &usize| !sets.contains(row);
    let unclear = (0..rows).filter(left).any(|row| {
        let mut others = (0..columns).filter(|column| !files.contains(column));
        others.any(|column| same(row, column) != Sameness::Different)
    });
    keep_others(prefixes, &sets);
    keep_others(jsons, &files);
    unclear
}

fn keep_others(paths: &mut Vec<PathBuf>, taken: &[usize]) {
    let mut at = 0;
    paths.retain(|_| {
        at += 1;
        !taken.contains(&(at - 1))
    });
}

pub(super) fn csv_set(prefix: &Path) -> FoundResult {
    let path = stats_file(prefix).unwrap_or_else(|| prefix.to_path_buf());
    FoundResult::new(path, Format::Locust)
}

/// `run1.json` and `run1-stdout.json` go with `run1_stats.csv`; `run10.json` does not.
fn is_named_after(json: &Path, prefix: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let Some((json, prefix)) = name(json).zip(name(prefix)) else {
        return false;
    };
    json.strip_prefix(&prefix)
        .is_some_and(|rest| rest.starts_with(['.', '_', '-']))
}

fn chosen(prefix: &Path, json: PathBuf, options: &ReadOptions) -> FoundResult {
    let set = csv_set(prefix);
    if options.cuts_warmup() {
        // Only the history knows when a request was.
        let note = format!(
            "{} beside it is the same run, exact but without times: left out because of --warmup",
            json.display()
        );
        return FoundResult {
            notes: vec![note],
            ..set
        };
    }
    let note = format!(
        "{} beside it is the same run, rounded and up to a second short: left out",
        set.path.display()
    );
    FoundResult {
        notes: vec![note],
        set: Some(prefix.to_path_buf()),
        ..FoundResult::new(json, Format::Locust)
    }
}
