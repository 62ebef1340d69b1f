//! Run files as they are written: whole or not at all, and by default under the time of the run.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::model::Run;
use crate::model::run_file;
use crate::store::{folder_of, temporary};

/// Where runs go that nobody named a file for; `check` looks there too.
pub(in crate::cli) const FOLDER: &str = "perfgate-results";

/// Of a file that is not a run yet.
const PREFIX: &str = ".run.";

/// A file that can be written, as far as that can be known before anything is measured.
pub(in crate::cli) struct RunFile {
    pub(in crate::cli) path: PathBuf,
}

impl RunFile {
    pub(in crate::cli) fn at(path: PathBuf) -> anyhow::Result<Self> {
        let shown = path.display();
        let hint = "--output takes the path of a file in a folder that can be written";
        if path.is_dir() {
            return Err(anyhow!("write {shown}: it is a folder")).hint(hint);
        }
        if path.file_name().is_none() {
            return Err(anyhow!("write {shown}: it names no file")).hint(hint);
        }
        let folder = folder_of(&path);
        fs::create_dir_all(folder)
            .with_context(|| format!("create folder {}", folder.display()))
            .hint(hint)?;
        // A folder may be there and take no files.
        temporary(folder, PREFIX)
            .with_context(|| format!("write {shown}"))
            .hint(hint)?;
        Ok(Self { path })
    }

    /// `perfgate-results/2026-11-20T10-00-00Z.json`; another name where that is taken.
    pub(in crate::cli) fn of_time(now: jiff::Timestamp) -> anyhow::Result<Self> {
        // Without colons, which not every file system takes.
        let name = now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
        let folder = Path::new(FOLDER);
        let numbered = (2..1000).map(|n| format!("{name}-{n}.json"));
        let free = std::iter::once(format!("{name}.json"))
            .chain(numbered)
            .map(|name| folder.join(name))
            .find(|path| !path.exists());
        Self::at(free.unwrap_or_else(|| folder.join(format!("{name}.json"))))
    }

    /// To a temporary name, flushed and renamed: a kill in the middle leaves no half of a run.
    pub(in crate::cli) fn write(&self, run: &Run) -> anyhow::Result<()> {
        let doing = || format!("write {}", self.path.display());
        let mut file = temporary(folder_of(&self.path), PREFIX).with_context(doing)?;
        file.write_all(run_file::write(run).as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .with_context(doing)
            .hint("is the disk full?")?;
        file.persist(&self.path)
            .map_err(|error| error.error)
            .with_context(doing)?;
        Ok(())
    }
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
