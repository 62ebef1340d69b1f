//! What a scenario file may look at beside itself: environment variables, files, and the time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::variables::expand;
use crate::toml_file::{Located, Problem};

/// More than this is no body and no data of a load test.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

pub trait Surroundings {
    fn variable(&self, name: &str) -> Option<String>;
    fn file(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What dates are counted from.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The environment and the files of this process.
#[derive(Clone, Copy, Debug)]
pub struct Machine;

impl Surroundings for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let about = fs::metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        if about.len() > LARGEST_FILE {
            return Err(io::Error::other("it is larger than 256 MiB"));
        }
        fs::read(path)
    }
}

/// Completes texts, and reads the files that they name.
pub(super) struct Reader<'r> {
    /// The text of the scenario.
    pub(super) source: &'r str,
    /// What relative paths start from.
    pub(super) folder: &'r Path,
    pub(super) around: &'r dyn Surroundings,
}

impl Reader<'_> {
    /// A text with its environment variables.
    pub(super) fn text<T: AsRef<str>>(&self, text: &Located<T>) -> Result<String, Problem> {
        self.expanded(text, text.get().as_ref())
    }

    pub(super) fn expanded<T>(&self, at: &Located<T>, text: &str) -> Result<String, Problem> {
        expand(text, |name| self.around.variable(name))
            .map_err(|unfilled| at.error(unfilled.message).hint(unfilled.hint))
    }

    pub(super) fn path<T: AsRef<str>>(&self, name: &Located<T>) -> Result<PathBuf, Problem> {
        Ok(self.folder.join(self.text(name)?))
    }

    /// A file that is read now, rather than in the middle of the run.
    pub(super) fn file<T: AsRef<str>>(&self, name: &Located<T>) -> Result<Vec<u8>, Problem> {
        let path = self.path(name)?;
        self.around.file(&path).map_err(|error| {
            name.error(format!("read {}: {error}", path.display()))
                .hint("paths start at the folder of the scenario")
        })
    }
}
