//! One revision as a Git worktree: checked out, built once, and removed or kept whatever happens.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::built::{Cache, Entry};
use super::order::Version;
use super::revision::{git, short};
use super::submodules;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::group::{Awaited, Launch, Spending, spend};

/// How the folders of worktrees that are not kept are called.
pub(super) const PREFIX: &str = "perfgate-ab-";
/// Variables that name a folder for what cargo builds of whatever it builds.
const SHARED_TARGETS: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];
/// In such a folder: held as long as its owner lives.
pub(super) const LOCK: &str = "lock";

/// A folder for worktrees that are not kept, under paths of one length.
#[derive(Debug)]
pub(super) struct Temporary {
    folder: tempfile::TempDir,
    _lock: File,
}

impl Temporary {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .context("make a folder for the worktrees")?;
        let lock = File::create(folder.path().join(LOCK))
            .context("make a file in the folder for the worktrees")?;
        // Without locks on this file system nobody takes the folder of another for a forgotten one.
        drop(lock.try_lock());
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn place(&self, name: &str) -> VersionFolder {
        VersionFolder::Temporary(self.folder.path().join(name))
    }
}

/// Where a revision is checked out.
#[derive(Debug)]
pub(super) enum VersionFolder {
    /// The user's own folder.
    Own(PathBuf),
    Temporary(PathBuf),
    Kept {
        entry: Entry,
        is_built: bool,
    },
}

impl VersionFolder {
    /// In the cache. `None` where the commit cannot be there.
    pub(super) fn kept(cache: &Cache, root: &Path, commit: &str) -> anyhow::Result<Option<Self>> {
        // The submodules of a tree are worktrees of other repositories, which do not survive.
        let modules = format!("{commit}:.gitmodules");
        if git(root, ["cat-file", "-e", &modules]).is_ok() {
            return Ok(None);
        }
        let entry = cache.entry(commit)?;
        Ok(entry.map(|entry| Self::Kept {
            entry,
            is_built: false,
        }))
    }
}

/// A revision. Dropped, it is no worktree any more, and what is not kept is removed.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    /// What messages call it.
    name: String,
    place: VersionFolder,
}

impl Tree {
    pub(super) fn check_out(
        root: &Path,
        name: &str,
        commit: &str,
        place: VersionFolder,
    ) -> anyhow::Result<Self> {
        let mut tree = Self {
            root: root.to_owned(),
            name: name.to_owned(),
            place,
        };
        tree.add(commit)?;
        Ok(tree)
    }

    fn add(&mut self, commit: &str) -> anyhow::Result<()> {
        if let VersionFolder::Kept { entry, is_built } = &mut self.place {
            *is_built = entry.is_built() && entry.take_up(&self.root, commit).unwrap_or(false);
            if *is_built {
                return Ok(());
            }
            entry.let_go(&self.root);
            entry.clear()?;
        }
        if matches!(self.place, VersionFolder::Own(_)) {
            return Ok(());
        }
        let path = self.folder();
        let arguments: [&OsStr; 5] = [
            "worktree".as_ref(),
            "add".as_ref(),
            "--detach".as_ref(),
            path.as_os_str(),
            commit.as_ref(),
        ];
        git(&self.root, arguments)
            .with_context(|| format!("check {} out into {}", short(commit), path.display()))?;
        let modules = git(&self.root, ["rev-parse", "--git-common-dir"])?;
        submodules::initialise(&path, &self.root.join(modules).join("modules"))
            .with_context(|| format!("check {} out", self.name))
    }

    pub(super) fn folder(&self) -> PathBuf {
        match &self.place {
            VersionFolder::Own(path) | VersionFolder::Temporary(path) => path.clone(),
            VersionFolder::Kept { entry, .. } => entry.tree(),
        }
    }

    /// Whether an earlier comparison has built it.
    pub(super) fn is_built(&self) -> bool {
        matches!(self.place, VersionFolder::Kept { is_built: true, .. })
    }

    /// It is built to the end and can be kept.
    pub(super) fn keep(&mut self) -> anyhow::Result<()> {
        if let VersionFolder::Kept { entry, is_built } = &mut self.place {
            entry.is_finished()?;
            *is_built = true;
        }
        Ok(())
    }

    /// Variables for the build and for what is run: what cargo builds of one tree is never taken for another's.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        if matches!(self.place, VersionFolder::Own(_)) {
            return BTreeMap::new();
        }
        let target = self.target();
        let shared = SHARED_TARGETS
            .into_iter()
            .filter(|name| shared_target(name).is_some());
        shared
            .map(|name| (name.to_owned(), target.clone()))
            .collect()
    }

    fn target(&self) -> String {
        self.folder().join("target").to_string_lossy().into_owned()
    }

    /// Builds it. `None` where somebody asked to stop.
    pub(super) fn build(
        &self,
        command: &str,
        variables: &BTreeMap<String, String>,
        stop: &Stop,
    ) -> anyhow::Result<Option<()>> {
        let mut environment = self.environment();
        environment.extend(variables.clone());
        // Our stdout is the verdict's.
        self.run(command, (std::io::stderr().into(), environment), stop)
    }

    /// Builds it by a command of cargo that says on its stdout what it has built.
    pub(super) fn told(
        &self,
        command: &str,
        variables: &BTreeMap<String, String>,
        stop: &Stop,
    ) -> anyhow::Result<Option<String>> {
        let mut output = tempfile::tempfile().context("keep the output of a build")?;
        let writer = output.try_clone().context("keep the output of a build")?;
        let mut environment = variables.clone();
        if !matches!(self.place, VersionFolder::Own(_)) {
            // In a folder for both, cargo would take what it built of one for what the other is.
            environment.insert("CARGO_TARGET_DIR".to_owned(), self.target());
        }
        let to = (writer.into(), environment);
        if self.run(command, to, stop)?.is_none() {
            return Ok(None);
        }
        let mut text = String::new();
        output
            .seek(SeekFrom::Start(0))
            .and_then(|_| output.read_to_string(&mut text))
            .with_context(|| format!("read what `{command}` says"))?;
        Ok(Some(text))
    }

    fn run(
        &self,
        command: &str,
        (stdout, environment): (Stdio, BTreeMap<String, String>),
        stop: &Stop,
    ) -> anyhow::Result<Option<()>> {
        /// Longer than this nothing is built on a runner.
        const WITHIN: Duration = Duration::from_secs(3600);
        let folder = self.folder();
        let doing = || format!("build {} in {}", self.name, folder.display());
        let launch = Launch {
            command,
            folder: &folder,
            environment: &environment,
            stdout,
            stderr: std::io::stderr().into(),
        };
        let is_stopped = || stop.is_asked();
        match spend(launch, &Spending::plain(WITHIN, &is_stopped)).with_context(doing)? {
            Awaited::Ended(spent) if spent.ended.is_success => Ok(Some(())),
            Awaited::Ended(spent) => Err(anyhow!("`{command}` ended with {}", spent.ended.how))
                .with_context(doing)
                .hint("its output is above; the same command has to build both revisions"),
            Awaited::TimedOut => {
                Err(anyhow!("`{command}` took longer than an hour")).with_context(doing)
            }
            Awaited::Stopped => Ok(None),
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        match &self.place {
            VersionFolder::Own(_) => {}
            VersionFolder::Kept {
                entry,
                is_built: true,
            } => entry.let_go(&self.root),
            VersionFolder::Kept { entry, .. } => {
                entry.let_go(&self.root);
                // What cannot be removed is no build, and is removed the next time.
                drop(entry.clear());
            }
            VersionFolder::Temporary(path) => remove(&self.root, path),
        }
        drop(git(&self.root, ["worktree", "prune"]));
    }
}

/// The folder that cargo would build both versions into. One that is named from the folder of a version is its own.
fn shared_target(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(name)?);
    let is_own = folder
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (!is_own).then_some(folder)
}

/// A folder for what cargo builds that a command names although both versions would share it.
pub fn named_target(command: &str) -> Option<PathBuf> {
    let mut shared = SHARED_TARGETS.into_iter().filter_map(shared_target);
    shared.find(|folder| {
        folder
            .to_str()
            .is_some_and(|folder| command.contains(folder))
    })
}

fn remove(root: &Path, path: &Path) {
    let arguments: [&OsStr; 4] = [
        "worktree".as_ref(),
        "remove".as_ref(),
        "--force".as_ref(),
        path.as_os_str(),
    ];
    // The folder goes with its holder; what is left in the repository is pruned.
    drop(git(root, arguments));
    drop(std::fs::remove_dir_all(path));
}

/// Removes what a perfgate that was killed has left of its worktrees.
pub(super) fn sweep(root: &Path) {
    let Ok(listed) = git(root, ["worktree", "list", "--porcelain"]) else {
        return;
    };
    let paths = listed
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    for path in paths.map(Path::new) {
        let Some(folder) = path.parent() else {
            continue;
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let lock = name
            .starts_with(PREFIX)
            .then(|| File::open(folder.join(LOCK)).ok())
            .flatten();
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            remove(root, path);
            // Gone with the last of them.
            let is_empty = Version::BOTH
                .iter()
                .all(|v| !folder.join(v.as_str()).exists());
            if is_empty {
                drop(std::fs::remove_dir_all(folder));
            }
        }
    }
}
