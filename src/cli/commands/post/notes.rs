//! Notes of a check run, at the lines of the config whose rules judged.

use std::path::{Component, Path, PathBuf};

use crate::cli::env::Env;
use crate::publish::github::Note;
use crate::report::{self, Document};

/// What needs a decision and has a rule of a file; a series that is judged by default has no line.
pub(crate) fn notes(document: &Document, env: &Env) -> Vec<Note> {
    let folder = folder(env);
    let placed = report::placed(document).into_iter().filter_map(|one| {
        let (path, line) = place(&folder, &one.from)?;
        Some(Note {
            path,
            line,
            fails: one.fails,
            title: one.title,
            message: one.message,
        })
    });
    placed.collect()
}

/// Where this process works, from the root of the repository.
fn folder(env: &Env) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let root = env.get("GITHUB_WORKSPACE").map(Path::new);
    let root = root.and_then(|root| root.canonicalize().ok());
    match (here, root) {
        (Ok(here), Some(root)) => here
            .strip_prefix(root)
            .map(Path::to_owned)
            .unwrap_or_default(),
        _ => PathBuf::new(),
    }
}

/// `perfgate.toml:14` as a path from the root of the repository and a line. The text may be a stranger's.
fn place(folder: &Path, from: &str) -> Option<(String, u32)> {
    let (path, line) = from.rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    if !path.chars().all(plain) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for component in folder.components().chain(Path::new(path).components()) {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some((parts.join("/"), line)).filter(|(path, _)| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_from_the_root_and_nothing_outside_of_it_is() {
        let placed = |folder: &str, from: &str| place(Path::new(folder), from);
        let is = |path: &str, line| Some((path.to_owned(), line));
        assert_eq!(placed("", "perfgate.toml:14"), is("perfgate.toml", 14));
        assert_eq!(placed("a/b", "perfgate.toml:1"), is("a/b/perfgate.toml", 1));
        assert_eq!(placed("a/b", "../../c.toml:3"), is("c.toml", 3));
        for outside in [
            "default",
            "--max-regression",
            "perfgate.toml:0",
            "perfgate.toml:x",
            "../c.toml:3",
            "/etc/passwd:1",
            "a b\n::error::.toml:3",
            ":3",
        ] {
            assert_eq!(placed("", outside), None, "{outside}");
        }
    }
}
