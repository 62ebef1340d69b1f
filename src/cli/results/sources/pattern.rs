//! Which paths a pattern of the config names: `*` and `?` are parts of a name, `**` is any folders.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compare::Pattern;

/// Deeper than this no tree of sources goes; a folder that holds a link to itself does.
const DEEPEST: usize = 32;

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Every path that the pattern could stand for, sorted by name. Parts without a star are taken as they are, whether
/// they exist or not.
pub(crate) fn paths(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for part in Path::new(pattern).components() {
        let text = part.as_os_str().to_string_lossy();
        found = if text == "**" {
            found.iter().flat_map(|at| with_folders_below(at)).collect()
        } else if is_pattern(&text) {
            let pattern = Pattern::new(text);
            found.iter().flat_map(|at| entries(at, &pattern)).collect()
        } else {
            found.into_iter().map(|at| at.join(part)).collect()
        };
    }
    found
}

/// The folder that exists and lies closest to what the pattern names.
pub(crate) fn nearest_folder(folder: &Path, pattern: &str) -> PathBuf {
    let mut nearest = here(folder).to_owned();
    for part in Path::new(pattern).components() {
        let text = part.as_os_str().to_string_lossy();
        let next = nearest.join(part);
        if is_pattern(&text) || !next.is_dir() {
            break;
        }
        nearest = next;
    }
    nearest
}

/// Every file below a folder, sorted by path.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let any = Pattern::any();
    with_folders_below(folder)
        .iter()
        .flat_map(|folder| entries(folder, &any))
        .filter(|path| path.is_file())
        .collect()
}

fn with_folders_below(folder: &Path) -> Vec<PathBuf> {
    let any = Pattern::any();
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((at, depth)) = waiting.pop() {
        if depth < DEEPEST {
            let below = entries(&at, &any).into_iter();
            let folders = below.filter(|path| path.is_dir() && !path.is_symlink());
            waiting.extend(folders.map(|path| (path, depth + 1)));
        }
        found.push(at);
    }
    found.sort();
    found
}

/// What is hidden is named by its dot only.
fn entries(folder: &Path, pattern: &Pattern) -> Vec<PathBuf> {
    let wants_hidden = pattern.as_str().starts_with('.');
    let mut names: Vec<_> = fs::read_dir(here(folder))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| {
            let name = name.to_string_lossy();
            pattern.matches(&name) && (wants_hidden || !name.starts_with('.'))
        })
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn stars_match_names_in_order_and_nothing_else() {
        let folder = tree(&["b/run_stats.csv", "a/run_stats.csv", "a/run_failures.csv"]);
        let found = paths(folder.path(), "*/*_stats.csv");
        let expected = ["a/run_stats.csv", "b/run_stats.csv"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
        assert!(paths(folder.path(), "c*/*_stats.csv").is_empty());
    }

    #[test]
    fn two_stars_are_any_folders_and_hidden_ones_are_left_out() {
        let folder = tree(&["x.py", "a/x.py", "a/b/x.py", "a/b/x.txt", ".git/x.py"]);
        let found = paths(folder.path(), "**/*.py");
        let expected = ["x.py", "a/x.py", "a/b/x.py"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
        assert_eq!(files_below(&folder.path().join("a")).len(), 3);
    }

    #[test]
    fn the_nearest_folder_is_as_deep_as_there_are_folders_without_a_star() {
        let folder = tree(&["target/criterion/a/new/x"]);
        let nearest = |pattern: &str| {
            let found = nearest_folder(folder.path(), pattern);
            found.strip_prefix(folder.path()).unwrap().to_owned()
        };
        assert_eq!(nearest("target/criterion"), Path::new("target/criterion"));
        assert_eq!(nearest("target/criterion@main"), Path::new("target"));
        assert_eq!(nearest("out/run_stats.csv"), Path::new(""));
        assert_eq!(nearest("target/*/x"), Path::new("target"));
    }
}
