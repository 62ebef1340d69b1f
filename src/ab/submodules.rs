//! The submodules of a worktree, taken from what the repository itself has of them.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::revision::git;
use crate::hint::WithHint;
use crate::text::sanitize;

/// A submodule as `.gitmodules` names it.
struct Submodule {
    name: String,
    path: String,
}

/// Checks all of them out. `modules` is where the repository keeps its own: what is there needs no network, and the rest
/// is fetched from where `.gitmodules` says.
pub(super) fn initialise(tree: &Path, modules: &Path) -> anyhow::Result<()> {
    for submodule in listed(tree)? {
        let local = modules.join(&submodule.name);
        let is_local = local.join("HEAD").is_file() && from(tree, &submodule, &local).is_ok();
        if !is_local {
            let path = submodule.path.as_str();
            let doing = || format!("initialise the submodule {}", sanitize::inline(path));
            git(tree, ["submodule", "update", "--init", "--recursive", "--", path])
                .with_context(doing)
                .hint("this clone does not have what the revision needs of it: run `git submodule update --init --recursive`, or see that this machine reaches its remote")?;
            continue;
        }
        let folder = tree.join(&submodule.path);
        initialise(&folder, &local.join("modules"))?;
    }
    Ok(())
}

fn listed(tree: &Path) -> anyhow::Result<Vec<Submodule>> {
    if !tree.join(".gitmodules").is_file() {
        return Ok(Vec::new());
    }
    let file: PathBuf = tree.join(".gitmodules");
    let told = git(
        tree,
        [
            "config".as_ref(),
            "-z".as_ref(),
            "--file".as_ref(),
            file.as_os_str(),
            "--get-regexp".as_ref(),
            r"^submodule\..*\.path$".as_ref(),
        ],
    )
    .context("read .gitmodules")?;
    let entries = told.split('\0').filter_map(|entry| entry.split_once('\n'));
    Ok(entries
        .filter_map(|(key, path)| {
            let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
            // A name that leads out of the folder is git's to refuse.
            let is_plain = !name.split('/').any(|part| part == "..");
            is_plain.then(|| Submodule {
                name: name.to_owned(),
                path: path.to_owned(),
            })
        })
        .collect())
}

/// Cloned from the repository's own copy, which has to hold the commit.
fn from(tree: &Path, submodule: &Submodule, local: &Path) -> anyhow::Result<()> {
    let url = format!("submodule.{}.url={}", submodule.name, local.display());
    let arguments = [
        "-c",
        &url,
        // A file is what git does not clone submodules from unless it is told.
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "update",
        "--init",
        "--",
        &submodule.path,
    ];
    git(tree, arguments).map(|_| ())
}
