//! A control group as one probe: version 2, or version 1 where only that is mounted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::limits::{Limits, ROOT};
use super::probe::{Probe, Reading, increase};
use crate::hint::WithHint;

/// A file with a number, and its format.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FigureFile {
    file: PathBuf,
    form: FileFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    Number,
    /// A line `usage_usec 12`, in microseconds.
    Usage,
    /// A line with this label, as in `inactive_file 12`.
    Labelled(&'static str),
    /// A line for each disk, as in `8:0 rbytes=1 wbytes=2`; the name of the number to add up.
    Disks(&'static str),
    /// A line for each disk and direction, as in `8:0 Read 1`; the direction to add up.
    Directions(&'static str),
}

/// The files in which this system counts the group.
#[derive(Debug)]
pub(super) struct CgroupProbe {
    name: String,
    limits: Limits,
    cpu: Option<FigureFile>,
    memory: Option<FigureFile>,
    /// The part of the memory that the system can take back at any time: unused pages of files.
    cache: Option<FigureFile>,
    peak: Option<FigureFile>,
    read: Option<FigureFile>,
    written: Option<FigureFile>,
    highest: u64,
    /// The sums of `cpu`, `read` and `written`.
    sums: [RisingCounter; 3],
    warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct RisingCounter {
    before: Option<u64>,
    sum: u64,
}

impl RisingCounter {
    fn update(&mut self, now: Option<u64>) -> Option<u64> {
        // A group that was made anew counts from zero.
        self.sum += increase(self.before.unwrap_or(now?), now?);
        self.before = now;
        Some(self.sum)
    }
}

impl CgroupProbe {
    pub(super) fn find(path: &Path) -> anyhow::Result<Self> {
        Self::below(Path::new(ROOT), path)
    }

    /// Finds a group. `path` is relative to the root, or the folder itself where it is absolute.
    fn below(root: &Path, path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        if !path.is_absolute() && !root.is_dir() {
            return Err(anyhow!(
                "control groups can only be watched where there is {ROOT}, on Linux"
            ))
            .hint("watch a Prometheus endpoint of the service instead");
        }
        let folders = folders(root, path);
        let mut group = Self {
            cpu: any(
                &folders,
                &[
                    ("cpu.stat", FileFormat::Usage),
                    ("cpuacct.usage", FileFormat::Number),
                ],
            ),
            memory: any(
                &folders,
                &[
                    ("memory.current", FileFormat::Number),
                    ("memory.usage_in_bytes", FileFormat::Number),
                ],
            ),
            cache: any(
                &folders,
                &[
                    // Version 1 has both; only the first includes the groups below.
                    ("memory.stat", FileFormat::Labelled("total_inactive_file")),
                    ("memory.stat", FileFormat::Labelled("inactive_file")),
                ],
            ),
            peak: any(
                &folders,
                &[
                    ("memory.peak", FileFormat::Number),
                    ("memory.max_usage_in_bytes", FileFormat::Number),
                ],
            ),
            read: disk(&folders, "rbytes", "Read"),
            written: disk(&folders, "wbytes", "Write"),
            limits: Limits::of(root, &folders),
            name,
            highest: 0,
            sums: [RisingCounter::default(); 3],
            warnings: Vec::new(),
        };
        if group.cpu.is_none() && group.memory.is_none() {
            return Err(anyhow!(
                "watch control group `{}`: there is none",
                group.name
            ))
            .hint(format!(
                "give its path below {ROOT}, as /proc/PID/cgroup of a process in it shows"
            ));
        }
        group.warn_of_absent();
        // The peak and the sums are from before the watch began.
        group.highest = group.peak.as_ref().and_then(FigureFile::read).unwrap_or(0);
        group.read()?;
        Ok(group)
    }

    fn warn_of_absent(&mut self) {
        let absent: Vec<&str> = [
            ("`cpu`", self.cpu.is_none()),
            ("`rss`", self.memory.is_none()),
            (
                "`read` and `written`",
                self.read.is_none() || self.written.is_none(),
            ),
        ]
        .into_iter()
        .filter_map(|(metric, is_absent)| is_absent.then_some(metric))
        .collect();
        if !absent.is_empty() {
            self.warnings.push(format!(
                "control group `{}` does not count {}",
                self.name,
                absent.join(" nor ")
            ));
        }
    }
}

impl Probe for CgroupProbe {
    fn read(&mut self) -> anyhow::Result<Reading> {
        let read = |figure: &Option<FigureFile>| figure.as_ref().and_then(FigureFile::read);
        let (cpu, memory) = (read(&self.cpu), read(&self.memory));
        if cpu.is_none() && memory.is_none() {
            return Err(anyhow!(
                "control group `{}` is not there any more",
                self.name
            ));
        }
        let cache = read(&self.cache).unwrap_or(0);
        let rss = memory.map(|memory| memory.saturating_sub(cache));
        let highest = read(&self.peak).unwrap_or(0);
        let rose = highest > self.highest;
        self.highest = self.highest.max(highest);
        let [of_cpu, of_read, of_written] = &mut self.sums;
        Ok(Reading {
            cpu: of_cpu.update(cpu),
            rss,
            peak: rss.map(|rss| {
                if rose {
                    rss.max(highest.saturating_sub(cache))
                } else {
                    rss
                }
            }),
            read: of_read.update(read(&self.read)),
            written: of_written.update(read(&self.written)),
            ..Reading::default()
        })
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

/// The folders in which files of the group may be: version 2, its folder beside version 1, then version 1's
/// controllers.
fn folders(root: &Path, path: &Path) -> Vec<PathBuf> {
    if path.is_absolute() && !path.starts_with(root) {
        return vec![path.to_owned()];
    }
    let below = path.strip_prefix(root).unwrap_or(path);
    let controllers = ["unified", "cpuacct", "cpu,cpuacct", "memory", "blkio"];
    // The path may be that of one controller; those of the others are beside it.
    let inner = controllers
        .iter()
        .find_map(|controller| below.strip_prefix(controller).ok());
    let inner = inner.unwrap_or(below);
    std::iter::once(root.join(below))
        .chain(
            controllers
                .iter()
                .map(|controller| root.join(controller).join(inner)),
        )
        .collect()
}

fn any(folders: &[PathBuf], forms: &[(&str, FileFormat)]) -> Option<FigureFile> {
    let figures = forms.iter().flat_map(|&(file, form)| {
        folders.iter().map(move |folder| FigureFile {
            file: folder.join(file),
            form,
        })
    });
    figures.into_iter().find(|figure| figure.read().is_some())
}

/// The file of bytes that were read or written; it is empty where there were none.
fn disk(folders: &[PathBuf], second: &'static str, first: &'static str) -> Option<FigureFile> {
    let forms = [
        ("io.stat", FileFormat::Disks(second)),
        (
            "blkio.throttle.io_service_bytes_recursive",
            FileFormat::Directions(first),
        ),
        (
            "blkio.throttle.io_service_bytes",
            FileFormat::Directions(first),
        ),
    ];
    any(folders, &forms)
}

impl FigureFile {
    fn read(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.file)
            .context("read a control group")
            .ok()?;
        self.form.parse(&text)
    }
}

impl FileFormat {
    fn parse(self, text: &str) -> Option<u64> {
        let words = |line: &str| -> Vec<String> {
            line.split_ascii_whitespace().map(str::to_owned).collect()
        };
        let labelled = |label: &str| {
            text.lines().find_map(|line| match words(line).as_slice() {
                [own, value] if own == label => value.parse::<u64>().ok(),
                _ => None,
            })
        };
        match self {
            Self::Number => text.trim().parse().ok(),
            Self::Usage => labelled("usage_usec")?.checked_mul(1000),
            Self::Labelled(label) => labelled(label),
            Self::Disks(key) => Some(
                text.split_ascii_whitespace()
                    .filter_map(|word| word.split_once('='))
                    .filter(|(own, _)| *own == key)
                    .filter_map(|(_, value)| value.parse::<u64>().ok())
                    .sum(),
            ),
            Self::Directions(direction) => Some(
                text.lines()
                    .filter_map(|line| match words(line).as_slice() {
                        [_, own, value] if own == direction => value.parse::<u64>().ok(),
                        _ => None,
                    })
                    .sum(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
    }

    #[test]
    fn a_group_of_version_2_is_read_and_counted_from_the_first_look() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("app.slice/shop");
        write(
            &folder,
            &[
                ("cpu.stat", "usage_usec 5000000\nuser_usec 4000000\n"),
                ("memory.current", "3000000\n"),
                ("memory.stat", "anon 2000000\ninactive_file 1000000\n"),
                ("memory.peak", "9000000\n"),
                (
                    "io.stat",
                    "8:0 rbytes=100 wbytes=7 rios=1\n8:16 rbytes=20 wbytes=1\n",
                ),
            ],
        );
        let mut group = CgroupProbe::below(root.path(), Path::new("app.slice/shop")).unwrap();
        assert!(group.warnings().is_empty());
        write(
            &folder,
            &[
                ("cpu.stat", "usage_usec 5250000\n"),
                (
                    "io.stat",
                    "8:0 rbytes=150 wbytes=7\n8:16 rbytes=20 wbytes=4\n",
                ),
            ],
        );
        let read = group.read().unwrap();
        let expected = Reading {
            cpu: Some(250_000_000),
            rss: Some(2_000_000),
            peak: Some(2_000_000),
            read: Some(50),
            written: Some(3),
            ..Reading::default()
        };
        assert_eq!(read, expected, "a peak of before our time is not ours");
        write(&folder, &[("memory.peak", "9500000\n")]);
        assert_eq!(group.read().unwrap().peak, Some(8_500_000));
        fs::remove_dir_all(&folder).unwrap();
        let error = group.read().unwrap_err().to_string();
        assert_eq!(
            error,
            "control group `app.slice/shop` is not there any more"
        );
    }

    #[test]
    fn a_group_of_version_1_is_read_from_all_its_controllers() {
        let root = tempfile::tempdir().unwrap();
        let at = |controller: &str| root.path().join(controller).join("docker/x");
        write(&at("cpu,cpuacct"), &[("cpuacct.usage", "1000\n")]);
        write(
            &at("memory"),
            &[
                ("memory.usage_in_bytes", "500\n"),
                ("memory.stat", "inactive_file 1\ntotal_inactive_file 100\n"),
            ],
        );
        let bytes = "blkio.throttle.io_service_bytes";
        write(
            &at("blkio"),
            &[(bytes, "8:0 Read 40\n8:0 Write 2\nTotal 42\n")],
        );
        for path in [PathBuf::from("docker/x"), at("memory")] {
            let mut group = CgroupProbe::below(root.path(), &path).unwrap();
            write(&at("cpu,cpuacct"), &[("cpuacct.usage", "1700\n")]);
            write(&at("blkio"), &[(bytes, "8:0 Read 41\n8:0 Write 2\n")]);
            let read = group.read().unwrap();
            assert_eq!((read.cpu, read.rss), (Some(700), Some(400)));
            assert_eq!((read.read, read.written), (Some(1), Some(0)));
            write(&at("cpu,cpuacct"), &[("cpuacct.usage", "1000\n")]);
            write(&at("blkio"), &[(bytes, "8:0 Read 40\n8:0 Write 2\n")]);
        }
    }

    #[test]
    fn a_group_that_is_not_there_and_one_that_counts_little_are_told() {
        let root = tempfile::tempdir().unwrap();
        let error = CgroupProbe::below(root.path(), Path::new("nope")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "watch control group `nope`: there is none"
        );
        let alone = root.path().join("elsewhere");
        write(&alone, &[("cpu.stat", "usage_usec 1\n")]);
        let mut group = CgroupProbe::below(Path::new("/nowhere"), &alone).unwrap();
        let warnings = group.warnings();
        assert!(
            warnings[0].ends_with("does not count `rss` nor `read` and `written`"),
            "{warnings:?}"
        );
    }
}
