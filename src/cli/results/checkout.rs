//! Which commit results belong to where no CI says it: the one that is checked out where they lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::store;

/// Looks commits up, and takes no offence at changes of the files that perfgate itself writes.
#[derive(Debug, Default)]
pub(crate) struct Checkout {
    /// Files whose changes say nothing of what was measured.
    own: Vec<PathBuf>,
}

impl Checkout {
    /// `own` need not exist yet.
    pub(crate) fn new(own: &[&Path]) -> Self {
        let own = own.iter().filter_map(|path| fs::canonicalize(path).ok());
        Self { own: own.collect() }
    }

    /// Of the work tree that the folder lies in, where no tracked file differs from it: what was measured was built from
    /// files that the commit does not have, otherwise. `None` without a repository, and without git.
    pub(crate) fn commit(&self, folder: &Path) -> Option<String> {
        let said = git(folder, &["rev-parse", "--show-toplevel", "HEAD"])?;
        let mut lines = said.lines();
        let (root, commit) = (PathBuf::from(lines.next()?), lines.next()?);
        let status = [
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=no",
        ];
        let changed = git(&root, &status)?;
        let mut files = changed
            .split_terminator('\0')
            .filter_map(|entry| entry.get(3..));
        let is_own = |file: &str| {
            let path = fs::canonicalize(root.join(file));
            path.is_ok_and(|path| self.own.contains(&path))
        };
        files.all(is_own).then(|| commit.to_owned())
    }
}

/// The folder that a result lies in, or is. `target/criterion@main` is no path of its own, and neither is the prefix of
/// a Locust run.
pub(crate) fn nearest_folder(path: &Path) -> &Path {
    let folder = path.ancestors().find(|path| path.is_dir());
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// What git prints, where it succeeds.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = store::git(folder)
        // It only looks, and waits for nobody who holds the index.
        .arg("--no-optional-locks")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()
}
