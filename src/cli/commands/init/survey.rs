//! Which files are here, as far as it is worth looking: no folder of dependencies, of builds or of results.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folders that are not searched: they hold dependencies, or what a tool has written.
const SKIPPED: [&str; 18] = [
    "target",
    "node_modules",
    "vendor",
    "venv",
    "env",
    "site-packages",
    "__pycache__",
    "dist",
    "build",
    "out",
    "perfgate-results",
    "baselines",
    "testdata",
    "fixtures",
    "bower_components",
    "third_party",
    "coverage",
    "htmlcov",
];
const DEEPEST: usize = 8;
/// A larger repository is looked at in part, and that is said.
const MOST_FILES: usize = 50_000;
/// What shows what a source file is stands in its first part.
const HEAD: u64 = 256 << 10;
/// No description of an interface and no recording of a browser is larger that anyone made a load test of.
pub(super) const LARGEST_DOCUMENT: u64 = 64 << 20;

/// The files of a folder, relative to it, sorted.
pub(super) struct Survey {
    root: PathBuf,
    files: BTreeSet<PathBuf>,
    /// Not all of them were looked at.
    pub(super) cut: bool,
}

impl Survey {
    pub(super) fn of(root: &Path) -> Self {
        let mut survey = Self {
            root: root.to_owned(),
            files: BTreeSet::new(),
            cut: false,
        };
        survey.walk(Path::new(""), 0);
        survey
    }

    /// What cannot be entered holds nothing that could be measured by this user.
    fn walk(&mut self, below: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(self.root.join(below)) else {
            return;
        };
        let mut folders = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let (Some(text), Ok(kind)) = (name.to_str(), entry.file_type()) else {
                continue;
            };
            if kind.is_dir() {
                if !text.starts_with('.') && !SKIPPED.contains(&text) {
                    folders.push(below.join(&name));
                }
            } else if kind.is_file() {
                if self.files.len() >= MOST_FILES {
                    self.cut = true;
                    return;
                }
                self.files.insert(below.join(&name));
            }
        }
        folders.sort();
        for folder in folders {
            if depth < DEEPEST {
                self.walk(&folder, depth + 1);
            }
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    pub(super) fn with_extension(&self, extensions: &[&str]) -> impl Iterator<Item = &Path> {
        self.files().filter(move |path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| extensions.contains(&extension))
        })
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.contains(path)
    }

    /// The beginning of a file; empty where it cannot be read.
    pub(super) fn head(&self, path: &Path) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = fs::File::open(self.root.join(path)) {
            drop(file.take(HEAD).read_to_end(&mut bytes));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The nearest folder from that of `path` upwards that holds one of these files, and the file.
    pub(super) fn nearest(&self, path: &Path, names: &[&str]) -> Option<PathBuf> {
        let folders = path.ancestors().skip(1);
        folders
            .flat_map(|folder| names.iter().map(|name| folder.join(name)))
            .find(|candidate| self.has(candidate))
    }
}

/// The last part of a path, in small letters.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default().to_ascii_lowercase()
}

/// As it is written in a config, on every system.
pub(super) fn written(path: &Path) -> String {
    let parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

pub(super) fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
