//! Which file a baseline's name means: a path if one exists, else `baselines/NAME`, else `baselines/NAME.json`;
//! `{base}` in it is the branch that is compared with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::env::Env;
use crate::hint::WithHint;
use crate::publish::ci;
use crate::store;

/// A baseline as it was named, and the folders in which it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaselineName {
    text: String,
    folders: Vec<PathBuf>,
    /// Named by the config file.
    pub(crate) in_config: bool,
}

/// What a name led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Located {
    Found(PathBuf),
    /// Where it would be created.
    Missing(PathBuf),
}

impl Located {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Found(path) | Self::Missing(path) => path,
        }
    }
}

impl BaselineName {
    /// A name in the config file starts at its folder; a typed one at the working folder, then there.
    pub(crate) fn new(text: String, config_folder: Option<PathBuf>, in_config: bool) -> Self {
        let mut folders = Vec::new();
        if !in_config {
            folders.push(PathBuf::new());
        }
        folders.extend(config_folder.filter(|folder| in_config || !folder.as_os_str().is_empty()));
        Self {
            text,
            folders,
            in_config,
        }
    }

    /// As it was named.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn locate(&self, env: &Env) -> anyhow::Result<Located> {
        let name = if self.text.contains("{base}") {
            let branch =
                branch(env, Path::new(".")).with_context(|| format!("find {}", self.text))?;
            self.text.replace("{base}", &branch)
        } else {
            self.text.clone()
        };
        let candidates = self.folders.iter().flat_map(|folder| {
            [
                folder.join(&name),
                folder.join("baselines").join(&name),
                folder.join("baselines").join(format!("{name}.json")),
            ]
        });
        for candidate in candidates {
            match exists(&candidate) {
                Ok(true) => return Ok(Located::Found(candidate)),
                Ok(false) => {}
                // `release/1.x` below a file `release` is certainly not there, and may be in the next place.
                Err(error) if is_below_a_file(&error) => {}
                Err(error) => return Err(error).context("find the baseline"),
            }
        }
        let folder = self.folders.first().cloned().unwrap_or_default();
        let is_path =
            name.contains(['/', std::path::MAIN_SEPARATOR]) && !self.text.starts_with("{base}");
        let missing = if is_path || name.ends_with(".json") {
            folder.join(name)
        } else {
            folder.join("baselines").join(format!("{name}.json"))
        };
        exists(&missing).context("find the baseline")?;
        Ok(Located::Missing(missing))
    }
}

/// For commands that cannot do without one.
pub(crate) fn located(name: Option<&BaselineName>, env: &Env) -> anyhow::Result<Located> {
    match name {
        Some(name) => name.locate(env),
        None => Err(anyhow!("no baseline is named")).hint(
            "add `--baseline baselines/main.json`, or `baseline = \"baselines/main.json\"` to perfgate.toml",
        ),
    }
}

/// `target/criterion@main` is the baseline `main` inside a folder.
fn exists(path: &Path) -> anyhow::Result<bool> {
    let inside = || {
        let text = path.to_str()?;
        let (folder, _) = text.rsplit_once('@')?;
        Some(Path::new(folder).is_dir())
    };
    Ok(inside().unwrap_or(false) || store::exists(path)?)
}

fn is_below_a_file(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::NotADirectory)
}

/// The pull request's target branch, else the current one.
pub(crate) fn branch(env: &Env, working: &Path) -> anyhow::Result<String> {
    let named = ci::base_branch(&env.lookup());
    let branch = match named {
        Some(branch) => branch,
        None => current_branch(working)?,
    };
    if branch
        .split('/')
        .any(|part| matches!(part, "" | "." | ".."))
    {
        return Err(anyhow!("`{branch}` is not a branch name")).hint("name the baseline itself");
    }
    Ok(branch)
}

fn current_branch(working: &Path) -> anyhow::Result<String> {
    let hint = "name the baseline itself, without {base}";
    let working = fs::canonicalize(working).context("read the working folder")?;
    let git = working
        .ancestors()
        .map(|folder| folder.join(".git"))
        .find(|git| git.exists())
        .ok_or_else(|| anyhow!("{{base}} needs a branch, and this is no git repository"))
        .hint(hint)?;
    // In a linked worktree .git is a file that says where the folder is.
    let folder = match fs::read_to_string(&git) {
        Ok(pointer) if git.is_file() => {
            let target = pointer.trim().strip_prefix("gitdir:").unwrap_or_default();
            git.with_file_name(target.trim())
        }
        _ => git,
    };
    let path = folder.join("HEAD");
    let head = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    head.trim()
        .strip_prefix("ref: refs/heads/")
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("{{base}} needs a branch, and HEAD is detached"))
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, folder: &Path) -> BaselineName {
        BaselineName::new(text.to_owned(), Some(folder.to_owned()), true)
    }

    #[test]
    fn a_path_comes_before_a_name_in_baselines() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("baselines")).unwrap();
        fs::write(at("baselines/main.json"), "x").unwrap();
        let locate = |text: &str| name(text, folder.path()).locate(&Env::default()).unwrap();
        assert_eq!(locate("main"), Located::Found(at("baselines/main.json")));
        assert_eq!(
            locate("main.json"),
            Located::Found(at("baselines/main.json"))
        );
        fs::write(at("main.json"), "x").unwrap();
        assert_eq!(locate("main.json"), Located::Found(at("main.json")));
        assert_eq!(locate("v1"), Located::Missing(at("baselines/v1.json")));
        assert_eq!(locate("out/v1"), Located::Missing(at("out/v1")));
    }

    #[test]
    fn base_is_the_target_branch_and_keeps_its_slashes() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::from_iter([("GITHUB_BASE_REF", "release/1.x")]);
        let located = name("{base}", folder.path()).locate(&env).unwrap();
        let expected = folder.path().join("baselines/release/1.x.json");
        assert_eq!(located, Located::Missing(expected));
        let env = Env::from_iter([("GITHUB_BASE_REF", "../../etc")]);
        assert!(name("{base}", folder.path()).locate(&env).is_err());
    }

    #[test]
    fn the_current_branch_is_read_from_a_repository_and_from_a_linked_worktree() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("repo/.git/worktrees/w")).unwrap();
        fs::create_dir_all(at("repo/src")).unwrap();
        fs::create_dir(at("linked")).unwrap();
        fs::write(at("repo/.git/HEAD"), "ref: refs/heads/feature/x\n").unwrap();
        fs::write(at("repo/.git/worktrees/w/HEAD"), "0123abcd\n").unwrap();
        fs::write(at("linked/.git"), "gitdir: ../repo/.git/worktrees/w\n").unwrap();
        assert_eq!(current_branch(&at("repo/src")).unwrap(), "feature/x");
        let detached = current_branch(&at("linked")).unwrap_err();
        assert!(format!("{detached:#}").contains("detached"));
    }
}
