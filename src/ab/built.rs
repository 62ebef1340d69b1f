//! Revisions that were built before: kept by commit and by what built them, in the folder of the user's caches.
//!
//! ```text
//! <cache>/ab/<repository>/<commit>-<what built it>/tree    what git checked out and the build made of it
//!                                                 /built   how its tracked files looked after the build
//!                                                 /lock    held while it is used
//! ```
//!
//! A tree is a worktree of the repository only while it is used. Its path stays the same, because builds hold it, and
//! all paths are of one length.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use super::command::on_path;
use super::revision::git;
use crate::model::digest::Digest;

/// The most builds of one repository that are kept; those that were used longest ago go first.
const MOST_KEPT: usize = 6;
/// What was not used for so long is removed.
const LONGEST_KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

const TREE: &str = "tree";
const BUILT: &str = "built";
const LOCK: &str = "lock";

/// Variables that change what a build makes, by how their names begin.
const OF_BUILDS: [&str; 14] = [
    "AR", "CARGO_", "CC", "CFLAGS", "CGO_", "CPPFLAGS", "CXX", "GO", "JAVA", "LD", "MAKE", "NODE",
    "PYTHON", "RUST",
];
/// Programs that build: another version of one makes another program of the same source.
const TOOLS: [&str; 18] = [
    "ar", "c++", "cargo", "cc", "clang", "cmake", "g++", "gcc", "go", "java", "javac", "ld",
    "make", "mvn", "node", "npm", "python3", "rustc",
];

/// The builds of one repository.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// What both sides are built with and by.
    by: String,
    /// What is kept is built anew all the same.
    pub rebuilds: bool,
}

impl Cache {
    /// Below the folder of all caches. `build` is the command; everything that may change what it makes is part of the key.
    pub fn of(caches: &Path, root: &Path, build: &str) -> anyhow::Result<Self> {
        let common = git(root, ["rev-parse", "--git-common-dir"])?;
        let common = root.join(common);
        let common = common.canonicalize().unwrap_or(common);
        let repository = hex("repository", &[common.as_os_str().as_encoded_bytes()], 12);
        let tools = tools(root);
        let environment = environment();
        let by: Vec<&[u8]> = [build.as_bytes(), env!("CARGO_PKG_VERSION").as_bytes()]
            .into_iter()
            .chain(tools.iter().map(String::as_bytes))
            .chain(environment.iter().map(Vec::as_slice))
            .collect();
        Ok(Self {
            folder: caches.join("ab").join(repository),
            by: hex("what builds", &by, 8),
            rebuilds: false,
        })
    }

    /// The place of a commit. `None` where another process uses it.
    pub fn entry(&self, commit: &str) -> anyhow::Result<Option<Entry>> {
        let commit = commit.get(..12).unwrap_or(commit);
        let folder = self.folder.join(format!("{commit}-{}", self.by));
        fs::create_dir_all(&folder)
            .with_context(|| format!("make the folder {}", folder.display()))?;
        let Some(lock) = locked(&folder) else {
            return Ok(None);
        };
        let entry = Entry {
            folder,
            _lock: lock,
        };
        if self.rebuilds {
            entry.clear()?;
        }
        Ok(Some(entry))
    }

    /// Removes what is too old and too much; what is used stays.
    pub fn tidy(&self) {
        let Ok(listed) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut kept: Vec<(SystemTime, PathBuf)> = listed
            .flatten()
            .map(|entry| entry.path())
            .map(|folder| {
                let used = folder
                    .join(BUILT)
                    .metadata()
                    .and_then(|facts| facts.modified());
                // Nothing was built to the end.
                (used.unwrap_or(SystemTime::UNIX_EPOCH), folder)
            })
            .collect();
        kept.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        for (place, (used, folder)) in kept.iter().enumerate() {
            let is_old = used.elapsed().is_ok_and(|age| age > LONGEST_KEPT);
            if (place >= MOST_KEPT || is_old)
                && let Some(_lock) = locked(folder)
            {
                // What cannot be removed now is removed another time.
                drop(fs::remove_dir_all(folder));
            }
        }
    }
}

/// `None` where another process holds it, or the file system has no locks.
fn locked(folder: &Path) -> Option<File> {
    let lock = File::create(folder.join(LOCK)).ok()?;
    lock.try_lock().ok()?;
    Some(lock)
}

/// The place of one commit, ours until it is dropped.
#[derive(Debug)]
pub struct Entry {
    folder: PathBuf,
    _lock: File,
}

impl Entry {
    pub fn tree(&self) -> PathBuf {
        self.folder.join(TREE)
    }

    /// Whether it was built to the end.
    pub fn is_built(&self) -> bool {
        self.folder.join(BUILT).is_file() && self.tree().is_dir()
    }

    /// Makes the tree that was kept a worktree again. `false` where its tracked files are no longer what the build left:
    /// what was measured in it has changed them.
    pub fn take_up(&self, root: &Path, commit: &str) -> anyhow::Result<bool> {
        let (tree, aside) = (self.tree(), self.folder.join("aside"));
        self.let_go(root);
        let moving = || format!("take up {}", tree.display());
        fs::rename(&tree, &aside).with_context(moving)?;
        let arguments: [&std::ffi::OsStr; 6] = [
            "worktree".as_ref(),
            "add".as_ref(),
            "--detach".as_ref(),
            "--no-checkout".as_ref(),
            tree.as_os_str(),
            commit.as_ref(),
        ];
        git(root, arguments).with_context(moving)?;
        fs::rename(tree.join(".git"), aside.join(".git")).with_context(moving)?;
        fs::remove_dir(&tree).with_context(moving)?;
        fs::rename(&aside, &tree).with_context(moving)?;
        git(&tree, ["reset", "--quiet"]).with_context(moving)?;
        let was = fs::read_to_string(self.folder.join(BUILT)).with_context(moving)?;
        Ok(was == state(&tree)?)
    }

    /// The build has made of the tree what it can.
    pub fn is_finished(&self) -> anyhow::Result<()> {
        let state = state(&self.tree())?;
        fs::write(self.folder.join(BUILT), state)
            .with_context(|| format!("keep the build in {}", self.folder.display()))
    }

    /// Keeps the files, and ends their being a worktree.
    pub fn let_go(&self, root: &Path) {
        drop(fs::remove_file(self.tree().join(".git")));
        drop(git(root, ["worktree", "prune"]));
    }

    /// Removes all that is kept of it.
    pub fn clear(&self) -> anyhow::Result<()> {
        for name in [BUILT, TREE, "aside"] {
            let path = self.folder.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// How the tracked files differ from their commit.
fn state(tree: &Path) -> anyhow::Result<String> {
    let told = git(tree, ["diff", "HEAD", "--no-ext-diff", "--binary"])?;
    Ok(hex("tracked files", &[told.as_bytes()], 16))
}

fn hex(what: &str, fields: &[&[u8]], digits: usize) -> String {
    let mut digest = Digest::new(what);
    for field in fields {
        digest.field(field);
    }
    let text = digest.hex();
    let text = text.rsplit(':').next().unwrap_or_default();
    text.get(..digits).unwrap_or(text).to_owned()
}

/// Each tool that is there, by its place, size and time, and what rustup makes of `rustc` here.
fn tools(root: &Path) -> Vec<String> {
    let mut found: Vec<String> = TOOLS
        .iter()
        .filter_map(|tool| {
            let program = on_path(tool)?;
            let facts = program.metadata().ok()?;
            let time = facts
                .modified()
                .ok()?
                .duration_since(SystemTime::UNIX_EPOCH)
                .ok()?;
            Some(format!(
                "{} {} {}",
                program.display(),
                facts.len(),
                time.as_nanos()
            ))
        })
        .collect();
    let rustc = Command::new("rustc").arg("-vV").current_dir(root).output();
    if let Ok(told) = rustc {
        found.push(String::from_utf8_lossy(&told.stdout).into_owned());
    }
    found
}

fn environment() -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            name == "PATH" || OF_BUILDS.iter().any(|begins| name.starts_with(begins))
        })
        .map(|(name, value)| [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat())
        .collect();
    found.sort();
    found
}
