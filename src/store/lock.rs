//! One writer of a baseline at a time, over processes: waits a while, then says so.
//!
//! The baseline is replaced by every write, so a lock on it would be one on the old file. A hidden file beside it is
//! locked instead, which its holder removes before it lets go. Whoever waited finds that the file of that name is
//! another one or none, and begins anew. The system drops the lock with the process, however it ends; then the file
//! stays until the next writer takes it and removes it. Where an open file cannot be removed (Windows) it stays.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::file::{folder_of, is_at};
use crate::hint::WithHint;
use crate::text::duration;

const PAUSE: Duration = Duration::from_millis(20);

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Locks a baseline, which need not exist yet, in a folder that does.
    pub(super) fn of(baseline: &Path, patience: Duration) -> anyhow::Result<Self> {
        let path = lock_file(baseline);
        let start = Instant::now();
        loop {
            let file = open(&path)
                .with_context(|| format!("create a file in {}", folder_of(baseline).display()))
                .hint("the folder of the baseline has to be writable; the baseline is as it was")?;
            wait(&file, baseline, start, patience)?;
            if is_at(&file, &path) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if cfg!(unix) {
            // Still locked: whoever opens the name from here on makes a file of its own.
            drop(fs::remove_file(&self.path));
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let made = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    match made {
        // Left by a killed process of another user: it can be locked all the same.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            File::open(path).map_err(|_| error)
        }
        made => made,
    }
}

fn wait(file: &File, baseline: &Path, start: Instant, patience: Duration) -> anyhow::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                return Err(anyhow!(
                    "lock {}: another process has been writing it for {}",
                    baseline.display(),
                    duration::text(patience)
                ))
                .hint("wait for the other perfgate to end, or look for one that hangs; nothing was written");
            }
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(error)
                    .with_context(|| format!("lock {}", baseline.display()))
                    .hint("this file system has no locks: keep the baseline on another one");
            }
            Err(_) => sleep(PAUSE),
        }
    }
}

fn lock_file(baseline: &Path) -> PathBuf {
    let name = baseline.file_name().unwrap_or_default().to_string_lossy();
    baseline.with_file_name(format!(".{name}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_waited_for_and_then_named() {
        let folder = tempfile::tempdir().unwrap();
        let baseline = folder.path().join("main.json");
        let held = Lock::of(&baseline, Duration::ZERO).unwrap();
        let error = Lock::of(&baseline, Duration::from_millis(60)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("another process has been writing it")
        );
        assert!(crate::hint::of(&error).is_some());
        drop(held);
        assert!(Lock::of(&baseline, Duration::ZERO).is_ok());
    }

    #[test]
    fn each_baseline_of_a_folder_has_a_lock_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Lock::of(&folder.path().join(name), Duration::ZERO);
        let _main = at("main.json").unwrap();
        assert!(at("release.json").is_ok());
        assert!(at("main.json").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_a_killed_process_left_is_taken_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let baseline = folder.path().join("main.json");
        fs::write(lock_file(&baseline), "").unwrap();
        drop(Lock::of(&baseline, Duration::ZERO).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(Lock::of(&folder.path().join("main.json"), Duration::ZERO).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
