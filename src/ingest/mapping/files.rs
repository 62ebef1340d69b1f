//! Which mapping reads a file, by its path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Mapping;
use crate::model::Pattern;

/// The mappings of a config.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    all: Vec<Arc<Mapping>>,
    /// Where their paths start.
    folder: PathBuf,
}

impl Mappings {
    /// `folder` is that of the config; an empty path is the working folder.
    pub fn new(all: impl IntoIterator<Item = Mapping>, folder: &Path) -> Self {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        Self {
            all: all.into_iter().map(Arc::new).collect(),
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
        }
    }

    pub fn named(&self, name: &str) -> Option<&Arc<Mapping>> {
        self.all.iter().find(|mapping| mapping.name == name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|mapping| mapping.name.as_str())
    }

    /// The first one whose `files` match the path.
    pub(in crate::ingest) fn of(&self, path: &Path) -> Option<&Arc<Mapping>> {
        if self.all.iter().all(|mapping| mapping.files.is_none()) {
            return None;
        }
        let path = path.canonicalize().ok()?;
        let inside = path.strip_prefix(&self.folder).ok()?;
        let parts: Option<Vec<&str>> = inside
            .components()
            .map(|part| part.as_os_str().to_str())
            .collect();
        let parts = parts?;
        self.all.iter().find(|mapping| {
            let glob = mapping.files.as_deref();
            glob.is_some_and(|glob| {
                let glob: Vec<&str> = glob.split('/').filter(|part| *part != ".").collect();
                matches(&glob, &parts)
            })
        })
    }
}

/// As everywhere in the config: `*` is any part of a name, and `**` any folders.
fn matches(glob: &[&str], path: &[&str]) -> bool {
    match (glob, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=path.len())
            .any(|skipped| path.get(skipped..).is_some_and(|path| matches(rest, path))),
        ([first, glob @ ..], [name, path @ ..]) => {
            Pattern::new(*first).matches(name) && matches(glob, path)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_in_a_name_and_two_of_them_are_folders() {
        let is = |glob: &str, path: &str| {
            matches(
                &glob.split('/').collect::<Vec<_>>(),
                &path.split('/').collect::<Vec<_>>(),
            )
        };
        assert!(is("out/*.csv", "out/a.csv"));
        assert!(!is("out/*.csv", "out/b/a.csv"));
        assert!(!is("*.csv", "out/a.csv"));
        assert!(is("**/*.csv", "a.csv") && is("**/*.csv", "out/b/a.csv"));
        assert!(is("out/**/a.csv", "out/a.csv") && !is("out/**/a.csv", "a.csv"));
    }
}
