//! Run files as they are written: whole or not at all, and by default under the time of the run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::hint::WithHint;
use crate::model::Run;
use crate::model::run_file;
use crate::store::{self, Destination};

/// Where runs go that nobody named a file for; `check` looks there too.
pub(crate) const FOLDER: &str = "perfgate-results";

/// A file that can be written, as far as that can be known before anything is measured.
pub(crate) struct RunFile {
    place: RunPlace,
    _made: MadeFolders,
}

/// The folders that were made for a file, the innermost first. Those that are still empty at the end go again.
struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Those that are not there yet.
    fn of(path: &Path) -> Self {
        let folders = path.ancestors().skip(1);
        let absent =
            folders.take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        Self(absent.map(Path::to_owned).collect())
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        // A folder with anything in it stays, and with it those around it.
        let _stays = self.0.iter().try_for_each(fs::remove_dir);
    }
}

enum RunPlace {
    Named(PathBuf, Destination),
    /// The time of the run, which another run may have too.
    Time(String),
}

impl RunFile {
    pub(crate) fn at(path: PathBuf) -> anyhow::Result<Self> {
        let made = MadeFolders::of(&path);
        let destination = Destination::of(&path)
            .and_then(|destination| destination.prepare().map(|()| destination))
            .with_context(|| format!("write {}", path.display()))
            .or_hint("--output takes the path of a file in a folder that can be written")?;
        Ok(Self {
            place: RunPlace::Named(path, destination),
            _made: made,
        })
    }

    /// `perfgate-results/2026-11-20T10-00-00Z.json`; another name where that is taken.
    pub(crate) fn of_time(now: jiff::Timestamp) -> anyhow::Result<Self> {
        // Without colons, which not every file system takes.
        let name = now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
        let Self { _made: made, .. } = Self::at(names(&name).next().unwrap_or_default())?;
        Ok(Self {
            place: RunPlace::Time(name),
            _made: made,
        })
    }

    /// Writes the run and tells where: a kill in the middle leaves no half of it.
    pub(crate) fn write(&self, run: &Run) -> anyhow::Result<PathBuf> {
        let text = run_file::write(run);
        let bytes = text.as_bytes();
        match &self.place {
            RunPlace::Named(path, destination) => {
                let written = destination.write(bytes).map(|()| path.clone());
                written.with_context(|| format!("write {}", path.display()))
            }
            RunPlace::Time(name) => store::write_new(names(name), bytes)
                .with_context(|| format!("write {FOLDER}/{name}.json")),
        }
    }
}

/// As many names as anybody begins runs in a second.
fn names(name: &str) -> impl Iterator<Item = PathBuf> {
    let numbered = (2..1000).map(move |n| format!("{name}-{n}.json"));
    std::iter::once(format!("{name}.json"))
        .chain(numbered)
        .map(|name| Path::new(FOLDER).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_written_whole_and_nothing_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/run.json");
        let file = RunFile::at(path.clone()).unwrap();
        let mut run = Run::default();
        run.provenance.partial = true;
        file.write(&Run::default()).unwrap();
        file.write(&run).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(run_file::parse(&text).unwrap(), [run]);
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1);
    }

    #[test]
    fn folders_that_were_made_for_a_run_that_never_came_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, kept) = (folder.path().join("a/b/run.json"), folder.path().join("c"));
        fs::create_dir(&kept).unwrap();
        drop(RunFile::at(path.clone()).unwrap());
        drop(RunFile::at(kept.join("run.json")).unwrap());
        assert!(!folder.path().join("a").exists() && kept.exists());
        RunFile::at(path.clone())
            .unwrap()
            .write(&Run::default())
            .unwrap();
        drop(RunFile::at(folder.path().join("a/d/run.json")).unwrap());
        assert!(path.exists() && !folder.path().join("a/d").exists());
    }

    #[test]
    fn what_cannot_be_a_file_is_told_before_anything_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        assert!(RunFile::at(folder.path().to_owned()).is_err());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(RunFile::at(folder.path().join("file/run.json")).is_err());
        assert!(RunFile::at(PathBuf::from("..")).is_err());
        #[cfg(target_os = "linux")]
        assert!(RunFile::at(PathBuf::from("/proc/run.json")).is_err());
    }
}
