//! A control group as one thing to look at: version 2, and version 1 where only that is mounted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::look::{Eye, Look, risen};
use crate::hint::WithHint;

const ROOT: &str = "/sys/fs/cgroup";

/// A number, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Figure {
    file: PathBuf,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    /// `usage_usec 12`: microseconds.
    Usage,
    /// `inactive_file 12`
    Labelled(&'static str),
    /// `8:0 rbytes=1 wbytes=2`, a line for each disk.
    Disks(&'static str),
    /// `8:0 Read 1`, a line for each disk and direction.
    Directions(&'static str),
}

/// The figures that this system has of the group.
#[derive(Debug)]
pub(super) struct Cgroup {
    name: String,
    cpu: Option<Figure>,
    memory: Option<Figure>,
    /// Of the memory, what the system would take back at any time: pages of files that nobody uses.
    cache: Option<Figure>,
    peak: Option<Figure>,
    read: Option<Figure>,
    written: Option<Figure>,
    highest: u64,
    /// Of `cpu`, `read` and `written`: the last of the system's, and the sum so far.
    sums: [Rising; 3],
    warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rising {
    before: Option<u64>,
    sum: u64,
}

impl Rising {
    fn update(&mut self, now: Option<u64>) -> Option<u64> {
        // A group that was made anew counts from nothing.
        self.sum += risen(self.before.unwrap_or(now?), now?);
        self.before = now;
        Some(self.sum)
    }
}

impl Cgroup {
    pub(super) fn find(path: &Path) -> anyhow::Result<Self> {
        Self::below(Path::new(ROOT), path)
    }

    /// `path` is below the root, or a folder of its own where it is absolute.
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
                &[("cpu.stat", Form::Usage), ("cpuacct.usage", Form::Number)],
            ),
            memory: any(
                &folders,
                &[
                    ("memory.current", Form::Number),
                    ("memory.usage_in_bytes", Form::Number),
                ],
            ),
            cache: any(
                &folders,
                &[
                    // Version 1 writes both, and the first is of the group without those below it.
                    ("memory.stat", Form::Labelled("total_inactive_file")),
                    ("memory.stat", Form::Labelled("inactive_file")),
                ],
            ),
            peak: any(
                &folders,
                &[
                    ("memory.peak", Form::Number),
                    ("memory.max_usage_in_bytes", Form::Number),
                ],
            ),
            read: disk(&folders, "rbytes", "Read"),
            written: disk(&folders, "wbytes", "Write"),
            name,
            highest: 0,
            sums: [Rising::default(); 3],
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
        // Both are of before our time.
        group.highest = group.peak.as_ref().and_then(Figure::read).unwrap_or(0);
        group.look()?;
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

impl Eye for Cgroup {
    fn look(&mut self) -> anyhow::Result<Look> {
        let read = |figure: &Option<Figure>| figure.as_ref().and_then(Figure::read);
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
        Ok(Look {
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
            open_files: None,
        })
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

/// Where files of the group may be: version 2 and its place beside version 1, then version 1's controllers.
fn folders(root: &Path, path: &Path) -> Vec<PathBuf> {
    if path.is_absolute() && !path.starts_with(root) {
        return vec![path.to_owned()];
    }
    let below = path.strip_prefix(root).unwrap_or(path);
    let controllers = ["unified", "cpuacct", "cpu,cpuacct", "memory", "blkio"];
    // The path may be that of one controller: the others' are beside it.
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

fn any(folders: &[PathBuf], forms: &[(&str, Form)]) -> Option<Figure> {
    let figures = forms.iter().flat_map(|&(file, form)| {
        folders.iter().map(move |folder| Figure {
            file: folder.join(file),
            form,
        })
    });
    figures.into_iter().find(|figure| figure.read().is_some())
}

/// A group that never read or wrote has an empty file.
fn disk(folders: &[PathBuf], second: &'static str, first: &'static str) -> Option<Figure> {
    let forms = [
        ("io.stat", Form::Disks(second)),
        (
            "blkio.throttle.io_service_bytes_recursive",
            Form::Directions(first),
        ),
        ("blkio.throttle.io_service_bytes", Form::Directions(first)),
    ];
    any(folders, &forms)
}

impl Figure {
    fn read(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.file)
            .context("read a control group")
            .ok()?;
        self.form.parse(&text)
    }
}

impl Form {
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
        let mut group = Cgroup::below(root.path(), Path::new("app.slice/shop")).unwrap();
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
        let look = group.look().unwrap();
        let expected = Look {
            cpu: Some(250_000_000),
            rss: Some(2_000_000),
            peak: Some(2_000_000),
            read: Some(50),
            written: Some(3),
            open_files: None,
        };
        assert_eq!(look, expected, "a peak of before our time is not ours");
        write(&folder, &[("memory.peak", "9500000\n")]);
        assert_eq!(group.look().unwrap().peak, Some(8_500_000));
        fs::remove_dir_all(&folder).unwrap();
        let error = group.look().unwrap_err().to_string();
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
            let mut group = Cgroup::below(root.path(), &path).unwrap();
            write(&at("cpu,cpuacct"), &[("cpuacct.usage", "1700\n")]);
            write(&at("blkio"), &[(bytes, "8:0 Read 41\n8:0 Write 2\n")]);
            let look = group.look().unwrap();
            assert_eq!((look.cpu, look.rss), (Some(700), Some(400)));
            assert_eq!((look.read, look.written), (Some(1), Some(0)));
            write(&at("cpu,cpuacct"), &[("cpuacct.usage", "1000\n")]);
            write(&at("blkio"), &[(bytes, "8:0 Read 40\n8:0 Write 2\n")]);
        }
    }

    #[test]
    fn a_group_that_is_not_there_and_one_that_counts_little_are_told() {
        let root = tempfile::tempdir().unwrap();
        let error = Cgroup::below(root.path(), Path::new("nope")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "watch control group `nope`: there is none"
        );
        let alone = root.path().join("elsewhere");
        write(&alone, &[("cpu.stat", "usage_usec 1\n")]);
        let mut group = Cgroup::below(Path::new("/nowhere"), &alone).unwrap();
        let warnings = group.warnings();
        assert!(
            warnings[0].ends_with("does not count `rss` nor `read` and `written`"),
            "{warnings:?}"
        );
    }
}
