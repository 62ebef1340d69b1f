//! A log that several threads of a tool wrote, each to a file of its own: together they are one run.
//!
//! pgbench calls the first `pgbench_log.PID`, and those of its other threads `pgbench_log.PID.1`, `pgbench_log.PID.2` and
//! so on (its `-j`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::adapter::Read;
use super::{Format, recognise};
use crate::hint::WithHint;

/// The name of the first file, and which thread's this is.
fn parts(name: &str) -> Option<(&str, u32)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (first, thread) = name.rsplit_once('.')?;
    let (_, process) = first.rsplit_once('.')?;
    let thread = Some(thread).filter(|thread| digits(thread) && !thread.starts_with('0'))?;
    digits(process).then_some((first, thread.parse().ok()?))
}

fn is_log(path: &Path) -> bool {
    let form = recognise::head(path)
        .ok()
        .and_then(|head| recognise::form(&head).ok());
    form.is_some_and(|(format, form)| {
        format == Format::Pgbench && matches!(form.read, Read::Stream(_))
    })
}

/// The first file of the run to which this one belongs, which is mostly itself.
pub(super) fn first_of(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str());
    let first = name
        .and_then(parts)
        .map(|(first, _)| path.with_file_name(first))
        .filter(|first| first.is_file() && is_log(first) && is_log(path));
    first.unwrap_or_else(|| path.to_owned())
}

/// The same results, of which those that several threads wrote are named once, by their first files.
pub fn first_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut firsts: Vec<PathBuf> = Vec::new();
    for path in paths {
        let first = first_of(path);
        if first == *path || !(paths.contains(&first) || firsts.contains(&first)) {
            firsts.push(first);
        }
    }
    firsts
}

/// All files of the run of which this is the first, in the order of their threads.
pub(super) fn files_of(first: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![first.to_owned()];
    let Some(own) = first.file_name().and_then(|name| name.to_str()) else {
        return Ok(files);
    };
    // Only what is numbered by a process has threads beside it.
    if parts(&format!("{own}.1")).is_none() || !is_log(first) {
        return Ok(files);
    }
    let folder = match first.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let listed = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let threads: BTreeSet<u32> = listed
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let (of, thread) = parts(name.to_str()?)?;
            (of == own && is_log(&entry.path())).then_some(thread)
        })
        .collect();
    for (expected, thread) in (1..).zip(threads) {
        if expected != thread {
            return Err(anyhow!(
                "read {}: it is the log of several threads, and there is {own}.{thread} and no {own}.{expected}",
                first.display()
            ))
            .hint("each thread of pgbench has a file of its own: keep them together");
        }
        files.push(first.with_file_name(format!("{own}.{thread}")));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "0 1 1807 0 1795877710 68728\n0 2 1904 0 1795877710 71050\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn names(files: &[PathBuf]) -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        files.iter().map(name).collect()
    }

    #[test]
    fn the_logs_of_all_threads_belong_to_the_first_and_nothing_else_does() {
        let many: Vec<String> = (1..=10).map(|n| format!("pgbench_log.7.{n}")).collect();
        let mut files: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), LINES)).collect();
        files.extend([
            ("pgbench_log.7", LINES),
            ("pgbench_log.77", LINES),
            ("pgbench_log.7.txt", LINES),
            ("pgbench_log.7.11", "notes"),
            ("run.1.log", LINES),
        ]);
        let folder = folder(&files);
        let at = |name: &str| folder.path().join(name);
        let all = names(&files_of(&at("pgbench_log.7")).unwrap());
        assert_eq!(all.len(), 11);
        assert_eq!(all[2], "pgbench_log.7.2");
        assert_eq!(all[10], "pgbench_log.7.10");
        assert_eq!(first_of(&at("pgbench_log.7.3")), at("pgbench_log.7"));
        for alone in [
            "pgbench_log.77",
            "pgbench_log.7.txt",
            "pgbench_log.7.11",
            "run.1.log",
        ] {
            assert_eq!(first_of(&at(alone)), at(alone));
            assert_eq!(files_of(&at(alone)).unwrap(), [at(alone)]);
        }
    }

    #[test]
    fn files_of_several_threads_are_named_once() {
        let folder = folder(&[
            ("a.7", LINES),
            ("a.7.1", LINES),
            ("a.7.2", LINES),
            ("a.8", LINES),
        ]);
        let at = |name: &str| folder.path().join(name);
        let all = ["a.7.1", "a.7", "a.7.2", "a.8", "a.8"].map(at);
        assert_eq!(names(&first_files(&all)), ["a.7", "a.8", "a.8"]);
        let threads = ["a.7.2", "a.7.1"].map(at);
        assert_eq!(names(&first_files(&threads)), ["a.7"]);
    }

    #[test]
    fn a_missing_thread_is_named() {
        let folder = folder(&[("log.7", LINES), ("log.7.2", LINES)]);
        let error = files_of(&folder.path().join("log.7")).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.ends_with("there is log.7.2 and no log.7.1"), "{text}");
    }
}
