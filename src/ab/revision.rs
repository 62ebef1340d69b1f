//! Revisions as the two versions: which commits are compared, and what differs between them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::store;
use crate::text::sanitize;

/// Which revisions are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionRequest {
    pub base: String,
    pub head: String,
    /// The base itself, and not where head has left it.
    pub exact: bool,
    /// Head is the folder as it is.
    pub head_is_worktree: bool,
}

/// What was found of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    root: PathBuf,
    pub base: String,
    pub head: String,
    /// Sentences for the reader: which commits, how far apart, and what is not measured.
    pub notes: Vec<String>,
    head_is_worktree: bool,
}

impl Chosen {
    /// `folder` is anywhere in the repository.
    pub fn find(asked: &RevisionRequest, folder: &Path) -> anyhow::Result<Self> {
        let root = git(folder, ["rev-parse", "--show-toplevel"])
            .context("find the Git repository")
            .hint("--base-ref compares revisions: run it inside a Git repository")?;
        let root = PathBuf::from(root);
        let head = commit(&root, &asked.head, "head")?;
        let named = commit(&root, &asked.base, "base")?;
        let base = if asked.exact {
            named
        } else {
            fork_point(&root, &asked.base, &named, &head)?
        };
        let ahead = git(&root, ["rev-list", "--count", &format!("{base}..{head}")])?;
        let how = if asked.exact {
            asked.base.clone()
        } else {
            format!("where head has left {}", asked.base)
        };
        let changed = git(&root, ["status", "--porcelain", "--untracked-files=no"])?;
        let changed = changed.lines().count();
        let mut notes = Vec::new();
        match (changed, asked.head_is_worktree) {
            (0, _) => {}
            (n, true) => notes.push(format!("measures your folder with its {}", uncommitted(n))),
            (n, false) => notes.push(format!(
                "measures {}, not your {} (--head-worktree measures them)",
                short(&head),
                uncommitted(n)
            )),
        }
        notes.push(format!(
            "base is {} ({how}), head is {}, {ahead} {} later",
            short(&base),
            short(&head),
            if ahead == "1" { "commit" } else { "commits" }
        ));
        if base == head && !(asked.head_is_worktree && changed > 0) {
            return Err(anyhow!(
                "base and head are the same commit, {}",
                short(&base)
            ))
            .hint("name another --base-ref, or --head-worktree for what is not committed yet");
        }
        Ok(Self {
            root,
            base,
            head,
            notes,
            head_is_worktree: asked.head_is_worktree,
        })
    }
}

impl Chosen {
    /// Where the repository is checked out.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Head is the folder as it is.
    pub fn head_is_worktree(&self) -> bool {
        self.head_is_worktree
    }

    /// The files in version control that differ between what is measured, and with the folder as it is those that are
    /// not in version control yet.
    pub fn differing(&self) -> anyhow::Result<Vec<String>> {
        let listed = |arguments: &[&str]| -> anyhow::Result<Vec<String>> {
            let told = git(&self.root, arguments).context("compare the files of base and head")?;
            let names = told.split('\0').filter(|name| !name.is_empty());
            Ok(names.map(str::to_owned).collect())
        };
        let mut diff = vec!["diff", "--name-only", "--no-renames", "-z", &self.base];
        if !self.head_is_worktree {
            diff.push(&self.head);
            return listed(&diff);
        }
        let mut files = listed(&diff)?;
        files.extend(listed(&[
            "ls-files",
            "--others",
            "--exclude-standard",
            "-z",
        ])?);
        Ok(files)
    }
}

fn uncommitted(count: usize) -> String {
    format!(
        "{count} uncommitted {}",
        if count == 1 { "file" } else { "files" }
    )
}

pub(super) fn short(commit: &str) -> &str {
    commit.get(..9).unwrap_or(commit)
}

/// The output of git without its last line break.
pub(super) fn git<I, S>(folder: &Path, arguments: I) -> anyhow::Result<String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = store::git(folder)
        .args(arguments)
        .output()
        .context("run git")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(anyhow!("git: {}", sanitize::inline(said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn is_shallow(root: &Path) -> bool {
    git(root, ["rev-parse", "--is-shallow-repository"]).is_ok_and(|told| told == "true")
}

const DEEPEN: &str = "this clone is shallow: run `git fetch --unshallow origin`, or give actions/checkout `fetch-depth: 0`";

fn commit(root: &Path, name: &str, what: &str) -> anyhow::Result<String> {
    let found = git(
        root,
        [
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{name}^{{commit}}"),
        ],
    )
    .map_err(|_| anyhow!("find the {what} revision `{name}`: there is none of this name"));
    if is_shallow(root) {
        return found.hint(DEEPEN);
    }
    let has_remote = git(root, ["remote", "get-url", "origin"]).is_ok();
    let hint = match name {
        _ if name.starts_with("origin/") && !has_remote => {
            "there is no remote `origin` here: name a branch with --base-ref, or as `base_ref` of [ab]"
        }
        "origin/HEAD" => {
            "`git remote set-head origin --auto` asks the remote for it; --base-ref, or `base_ref` of [ab], names another"
        }
        _ => {
            "a branch of the remote is `origin/NAME`, and may have to be fetched first: git fetch origin NAME"
        }
    };
    found.hint(hint)
}

fn fork_point(root: &Path, name: &str, named: &str, head: &str) -> anyhow::Result<String> {
    let found = git(root, ["merge-base", named, head]);
    let found =
        found.map_err(|_| anyhow!("find where head has left `{name}`: they share no commit here"));
    if is_shallow(root) {
        return found.hint(DEEPEN);
    }
    found.hint("--exact compares with the revision itself")
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let sh = |line: &str| {
            let done = Command::new("sh")
                .args(["-c", line])
                .current_dir(folder.path())
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .output()
                .unwrap();
            assert!(
                done.status.success(),
                "{line}: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        sh("git init -q -b main . && git config user.email a@b && git config user.name a");
        sh("echo one > file && git add file && git commit -qm one");
        sh("git checkout -qb work && echo two > file && git commit -qam two");
        sh("git checkout -q main && echo other > other && git add other && git commit -qm later");
        sh("git checkout -q work");
        folder
    }

    fn asked(base: &str) -> RevisionRequest {
        RevisionRequest {
            base: base.to_owned(),
            head: "HEAD".to_owned(),
            exact: false,
            head_is_worktree: false,
        }
    }

    #[test]
    fn the_base_is_where_head_has_left_it() {
        let repository = repository();
        let chosen = Chosen::find(&asked("main"), repository.path()).unwrap();
        assert_ne!(
            chosen.base,
            git(repository.path(), ["rev-parse", "main"]).unwrap()
        );
        let told = chosen.notes.join("\n");
        assert!(
            told.contains("where head has left main") && told.contains("1 commit later"),
            "{told}"
        );
    }

    #[test]
    fn without_a_remote_a_branch_is_asked_for() {
        let repository = repository();
        let why = Chosen::find(&asked("origin/HEAD"), repository.path()).unwrap_err();
        let hint = crate::hint::of(&why).unwrap();
        assert!(hint.contains("no remote `origin` here"), "{hint}");
        assert!(hint.contains("--base-ref"), "{hint}");
    }

    #[test]
    fn exact_compares_with_the_revision_itself() {
        let repository = repository();
        let chosen = Chosen::find(
            &RevisionRequest {
                exact: true,
                ..asked("main")
            },
            repository.path(),
        )
        .unwrap();
        assert_eq!(
            chosen.base,
            git(repository.path(), ["rev-parse", "main"]).unwrap()
        );
    }

    #[test]
    fn uncommitted_files_are_told_or_measured() {
        let repository = repository();
        fs::write(repository.path().join("file"), "three\n").unwrap();
        let chosen = Chosen::find(&asked("main"), repository.path()).unwrap();
        assert!(
            chosen.notes[0].contains("not your 1 uncommitted file"),
            "{:?}",
            chosen.notes
        );
        let folder = RevisionRequest {
            head_is_worktree: true,
            ..asked("HEAD")
        };
        let chosen = Chosen::find(&folder, repository.path()).unwrap();
        assert!(
            chosen.notes[0].contains("with its 1 uncommitted file"),
            "{:?}",
            chosen.notes
        );
    }

    #[test]
    fn a_revision_that_is_not_there_and_one_that_is_the_same_are_refused() {
        let repository = repository();
        let error = Chosen::find(&asked("mian"), repository.path()).unwrap_err();
        assert!(format!("{error:#}").contains("`mian`"), "{error:#}");
        let error = Chosen::find(&asked("HEAD"), repository.path()).unwrap_err();
        assert!(
            format!("{error:#}").contains("the same commit"),
            "{error:#}"
        );
        let nowhere = tempfile::tempdir().unwrap();
        assert!(Chosen::find(&asked("main"), nowhere.path()).is_err());
    }

    #[test]
    fn a_shallow_clone_is_told_how_to_deepen_it() {
        let repository = repository();
        let clone = tempfile::tempdir().unwrap();
        let path = clone.path().join("clone");
        let url = format!("file://{}", repository.path().display());
        git(
            clone.path(),
            [
                "clone",
                "-q",
                "--depth",
                "1",
                "--no-single-branch",
                &url,
                "clone",
            ],
        )
        .unwrap();
        let error = Chosen::find(&asked("origin/main"), &path).unwrap_err();
        assert!(
            crate::hint::of(&error).is_some_and(|hint| hint.contains("fetch-depth: 0")),
            "{error:#}"
        );
    }
}
