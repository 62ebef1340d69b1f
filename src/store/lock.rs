//! One writer at a time, over processes: waits a while, then says so.
//!
//! The folder itself is locked, not the baseline and not a lock file. The baseline is replaced by every write, so
//! a lock on it would be one on the old file; a lock file beside it is litter that people commit, and cannot be
//! removed without a race. Where a folder cannot be locked (Windows, some network file systems) a hidden lock
//! file beside the baseline serves, and stays. The system drops either lock with the process, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;

const PAUSE: Duration = Duration::from_millis(20);

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the place of a baseline whose folder exists.
    pub(super) fn of(baseline: &Path, patience: Duration) -> anyhow::Result<Self> {
        let folder = super::file::folder_of(baseline);
        if let Ok(file) = File::open(folder)
            && let Some(lock) = wait(file, baseline, patience)?
        {
            return Ok(lock);
        }
        let beside = lock_file(baseline);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .with_context(|| format!("create lock {}", beside.display()))
            .hint("the folder of the baseline has to be writable")?;
        wait(file, baseline, patience)?
            .ok_or_else(|| anyhow!("lock {}: this file system has no locks", beside.display()))
    }
}

/// `None` where this kind of file cannot be locked at all.
fn wait(file: File, baseline: &Path, patience: Duration) -> anyhow::Result<Option<Lock>> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                return Err(anyhow!(
                    "lock {}: another process has been writing it for {} s",
                    baseline.display(),
                    patience.as_secs_f64()
                ))
                .hint("wait for the other perfgate to end, or look for one that hangs; nothing was written");
            }
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => {
                return Ok(None);
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

    #[cfg(unix)]
    #[test]
    fn a_lock_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(Lock::of(&folder.path().join("main.json"), Duration::ZERO).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
