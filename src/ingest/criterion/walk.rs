//! Where in a criterion folder the benchmarks lie. What their files say is for others to read.
//!
//! A benchmark may itself be the group of others (`fib` beside `fib/10`), and any name may be
//! `new`, `report` or `base`: a folder is a baseline of a benchmark only where the files say so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow};

use super::benchmark::{BENCHMARK, Depth};
use crate::ingest::shares;

/// A group, a function, a value and a baseline; a baseline's name may hold `/`.
const DEPTH: usize = 8;
/// As deep as a benchmark can lie below the folder that criterion writes to.
const FIRST_DEPTH: usize = 4;

/// What lies in the folder of one of the baselines that were asked for.
pub(super) struct FoundBenchmark<R> {
    pub(super) place: PathBuf,
    /// Which of them.
    pub(super) baseline: usize,
    pub(super) read: R,
}

/// What `read` finds in the folders below `root` that are named like one of the `baselines`; it says `None` where
/// that folder is no baseline. In no order that means anything.
pub(super) fn benchmarks<R: Send>(
    root: &Path,
    baselines: &[&str],
    read: impl Fn(&Path) -> Option<R> + Sync,
) -> anyhow::Result<Vec<FoundBenchmark<R>>> {
    let plain = |part| matches!(part, Component::Normal(_));
    for baseline in baselines {
        if !Path::new(baseline).components().all(plain) {
            return Err(anyhow!("`{baseline}` is not the name of a baseline"));
        }
    }
    let links = CountedLinks::of(root);
    let mut found = Vec::new();
    let mut level = vec![root.to_path_buf()];
    for depth in 0..=DEPTH {
        let mut below = Vec::new();
        for looked in shares::each_small(&level, |folder| look(folder, baselines, links, &read)) {
            let (children, here) = looked?;
            found.extend(here);
            if depth < DEPTH {
                below.extend(children);
            }
        }
        level = below;
    }
    Ok(found)
}

/// The folders in `folder`, and its `baselines` where it is a benchmark that has some.
fn look<R>(
    folder: &Path,
    baselines: &[&str],
    links: CountedLinks,
    read: impl Fn(&Path) -> Option<R>,
) -> anyhow::Result<(Vec<PathBuf>, Vec<FoundBenchmark<R>>)> {
    let mut children = folders_in(folder)?;
    let mut found = Vec::new();
    for (baseline, name) in baselines.iter().enumerate() {
        // Asked of the disk only where the listing makes it possible.
        let first = Path::new(name).components().next();
        let may_hold = first.is_some_and(|first| {
            children
                .iter()
                .any(|child| child.file_name() == Some(first.as_os_str()))
        });
        if !may_hold {
            continue;
        }
        let place = folder.join(name);
        found.extend(read(&place).map(|read| FoundBenchmark {
            place,
            baseline,
            read,
        }));
    }
    // What lies in a benchmark is mostly its baselines, and those hold files alone.
    if !found.is_empty() {
        children.retain(|child| links.may_hold_folders(child));
    }
    Ok((children, found))
}

/// The device whose file system counts the links to a folder: one without folders in it has two, its name and its
/// own dot. Asking for that costs a fifth of listing it. Others count otherwise, or not at all (btrfs, overlay,
/// network file systems), and no folder is left out by what they say.
#[derive(Clone, Copy)]
struct CountedLinks {
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "known of Linux only")
    )]
    device: Option<u64>,
}

impl CountedLinks {
    #[cfg(target_os = "linux")]
    fn of(root: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        /// ext2 to ext4, XFS, tmpfs.
        const COUNTING: [u64; 3] = [0xef53, 0x5846_5342, 0x0102_1994];
        let kind = rustix::fs::statfs(root)
            .ok()
            .and_then(|about| u64::try_from(about.f_type).ok());
        let counts = kind.is_some_and(|kind| COUNTING.contains(&kind));
        let device = fs::metadata(root).ok().map(|about| about.dev());
        Self {
            device: device.filter(|_| counts),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(_: &Path) -> Self {
        Self { device: None }
    }

    #[cfg(target_os = "linux")]
    fn may_hold_folders(self, folder: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let Some(device) = self.device else {
            return true;
        };
        // Another file system may be mounted below.
        fs::symlink_metadata(folder)
            .map_or(true, |about| about.dev() != device || about.nlink() != 2)
    }

    #[cfg(not(target_os = "linux"))]
    fn may_hold_folders(self, _: &Path) -> bool {
        true
    }
}

/// The names under which benchmarks lie in `root`.
pub(super) fn baselines(root: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut waiting = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        for child in folders_in(&folder).unwrap_or_default() {
            if child.join(BENCHMARK).is_file() {
                names.extend(baseline_name(root, &child));
            } else if depth < DEPTH {
                waiting.push((child, depth + 1));
            }
        }
    }
    names
}

/// What is left of a baseline's path behind the benchmark's own folder.
fn baseline_name(root: &Path, place: &Path) -> Option<String> {
    let below: Vec<_> = place.strip_prefix(root).ok()?.components().collect();
    let last = below.len().checked_sub(1)?;
    let own = Depth::of(place)?.0.map_or(last, |own| own.min(last));
    let name: PathBuf = below.get(own..)?.iter().collect();
    Some(name.to_string_lossy().into_owned())
}

/// The criterion folder that `folder` stands for: itself, or the one in it. `None` where there is none,
/// or where it only lies somewhere below.
pub(in crate::ingest) fn root(folder: &Path) -> Option<PathBuf> {
    [
        folder.join("target").join("criterion"),
        folder.join("criterion"),
    ]
    .into_iter()
    .find(|inner| inner.is_dir() && first_benchmark(inner).is_some())
    .or_else(|| {
        let (first, own) = first_benchmark(folder)?;
        let depth = first.strip_prefix(folder).ok()?.components().count();
        // A folder above criterion's holds several results; one below it is a part of one.
        own.0
            .is_none_or(|own| depth <= own + 1)
            .then(|| folder.to_path_buf())
    })
}

/// Some baseline folder of some benchmark, the same one each time.
fn first_benchmark(root: &Path) -> Option<(PathBuf, Depth)> {
    let mut waiting = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        // A folder that may not be listed hides nothing but itself.
        let mut children = folders_in(&folder).unwrap_or_default();
        children.sort();
        let first = children
            .iter()
            .find_map(|child| Some((child.clone(), Depth::of(child)?)));
        if first.is_some() {
            return first;
        }
        if depth + 1 < FIRST_DEPTH {
            waiting.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        }
    }
    None
}

/// Whether only cargo-criterion has written here, in a form of its own.
pub(in crate::ingest) fn is_cargo_criterion_store(folder: &Path) -> bool {
    ["target/criterion", "criterion", ""].iter().any(|inner| {
        let inner = folder.join(inner);
        inner.join("data").is_dir() && inner.join("reports").is_dir()
    })
}

/// Links are not followed: they could lead in circles.
fn folders_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = || format!("list {}", folder.display());
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).with_context(listed)? {
        let entry = entry.with_context(listed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.file_type().with_context(listed)?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_below_benchmarks_are_found_whatever_a_file_system_says_of_links() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for place in [
            "fib/new",
            "fib/base",
            "fib/report",
            "fib/10/new",
            "fib/new/deep/new",
        ] {
            fs::create_dir_all(root.join(place)).unwrap();
            fs::write(root.join(place).join(BENCHMARK), "{}").unwrap();
        }
        let read = |place: &Path| place.join(BENCHMARK).is_file().then_some(());
        let uncounted = CountedLinks { device: None };
        for links in [CountedLinks::of(root), uncounted] {
            let (children, found) = look(&root.join("fib"), &["new"], links, read).unwrap();
            assert_eq!(found.len(), 1);
            for below in ["fib/10", "fib/new"] {
                assert!(children.contains(&root.join(below)), "{below}");
            }
        }
        let mut all: Vec<PathBuf> = benchmarks(root, &["new"], read)
            .unwrap()
            .into_iter()
            .map(|found| found.place)
            .collect();
        all.sort();
        let expected = ["fib/10/new", "fib/new", "fib/new/deep/new"].map(|place| root.join(place));
        assert_eq!(all, expected);
        // Nothing is left out where nothing is counted.
        let (children, _) = look(&root.join("fib"), &["new"], uncounted, read).unwrap();
        assert_eq!(children.len(), 4);
    }
}
