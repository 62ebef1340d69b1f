//! What a control group may use: processors and memory.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) const ROOT: &str = "/sys/fs/cgroup";

/// Limits below those of the machine; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Limits {
    /// In processors.
    pub(super) cpus: Option<f64>,
    /// In bytes.
    pub(super) memory: Option<u64>,
}

impl Limits {
    /// The narrowest of the groups in these folders and of all above them, up to the root.
    pub(super) fn of(root: &Path, folders: &[PathBuf]) -> Self {
        let groups = folders.iter().flat_map(|folder| {
            folder
                .ancestors()
                .take_while(|group| group.starts_with(root))
        });
        groups.map(own).fold(Self::default(), Self::narrower)
    }

    /// Those of the group that a process is in.
    pub(super) fn of_process(pid: u32) -> Self {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        Self::of(Path::new(ROOT), &folders_of(Path::new(ROOT), &text))
    }

    fn narrower(self, other: Self) -> Self {
        let memory = self.memory.into_iter().chain(other.memory).min();
        let cpus = self.cpus.into_iter().chain(other.cpus).reduce(f64::min);
        Self { cpus, memory }
    }
}

/// `/proc/PID/cgroup`: a line for version 2 (`0::/app`), and one for each hierarchy of version 1 (`4:memory:/app`).
fn folders_of(root: &Path, text: &str) -> Vec<PathBuf> {
    let line = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let path = path.trim_start_matches('/');
        Some(if controllers.is_empty() {
            vec![root.join(path), root.join("unified").join(path)]
        } else {
            vec![root.join(controllers).join(path)]
        })
    };
    text.lines().filter_map(line).flatten().collect()
}

/// The limits that one group has of its own, in either version.
fn own(group: &Path) -> Limits {
    let text = |file: &str| fs::read_to_string(group.join(file)).ok();
    let number = |file: &str| text(file)?.trim().parse::<f64>().ok();
    let version_2 = || {
        let text = text("cpu.max")?;
        let (quota, period) = text.trim().split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
    };
    let version_1 = || Some(number("cpu.cfs_quota_us")? / number("cpu.cfs_period_us")?);
    let memory = text("memory.max").or_else(|| text("memory.limit_in_bytes"));
    Limits {
        cpus: version_2()
            .or_else(version_1)
            .filter(|cpus| cpus.is_finite() && *cpus > 0.0),
        // Without a limit version 1 writes the largest number of pages.
        memory: memory
            .and_then(|text| text.trim().parse::<u64>().ok())
            .filter(|bytes| *bytes > 0 && *bytes < 1 << 60),
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
    fn the_narrowest_limit_of_a_group_and_of_those_above_it_holds() {
        let root = tempfile::tempdir().unwrap();
        let (slice, shop) = (
            root.path().join("app.slice"),
            root.path().join("app.slice/shop"),
        );
        write(
            &slice,
            &[("cpu.max", "150000 100000\n"), ("memory.max", "3000\n")],
        );
        write(
            &shop,
            &[("cpu.max", "max 100000\n"), ("memory.max", "5000\n")],
        );
        let expected = Limits {
            cpus: Some(1.5),
            memory: Some(3000),
        };
        assert_eq!(Limits::of(root.path(), &[shop]), expected);
        write(
            &slice,
            &[("cpu.max", "max 100000\n"), ("memory.max", "max\n")],
        );
        let none = Limits::of(root.path(), &[slice, root.path().join("nothing")]);
        assert_eq!(none, Limits::default());
    }

    #[test]
    fn limits_of_version_1_are_in_the_hierarchies_of_the_process() {
        let root = tempfile::tempdir().unwrap();
        let text = "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/init.scope\nwhat\n";
        let folders = folders_of(root.path(), text);
        write(
            &root.path().join("memory/docker/x"),
            &[("memory.limit_in_bytes", "4096\n")],
        );
        write(
            &root.path().join("cpu,cpuacct/docker"),
            &[
                ("cpu.cfs_quota_us", "-1\n"),
                ("cpu.cfs_period_us", "100000\n"),
            ],
        );
        write(
            &root.path().join("cpu,cpuacct/docker/x"),
            &[
                ("cpu.cfs_quota_us", "50000\n"),
                ("cpu.cfs_period_us", "100000\n"),
            ],
        );
        let expected = Limits {
            cpus: Some(0.5),
            memory: Some(4096),
        };
        assert_eq!(Limits::of(root.path(), &folders), expected);
    }
}
