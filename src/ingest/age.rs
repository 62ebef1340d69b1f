//! Which results are older than the command that should have written them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When the command began that should have written the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since(SystemTime);

impl Since {
    /// `begun` is best read from the clock of the file system that the results are on: the times of files are kept
    /// more coarsely than the system's own time, so a new file may look older than the moment before it.
    pub fn new(begun: SystemTime) -> Self {
        Self(begun)
    }

    /// Whether a file that was written at this time is older than the command.
    fn is_after(self, written: SystemTime) -> bool {
        // Archives and some file systems keep whole seconds only, so the second itself may be the command's.
        let begun = if has_whole_seconds(written) {
            without_fraction(self.0)
        } else {
            self.0
        };
        written < begun
    }

    /// Whether a result is left over from before: it is as old as the oldest of its files.
    pub(super) fn is_stale(self, files: &[impl AsRef<Path>]) -> bool {
        let times = files.iter().filter_map(|file| written(file.as_ref()));
        times.min().is_some_and(|oldest| self.is_after(oldest))
    }

    /// Whether nothing in the folder, which is one result, was written by the command.
    pub(super) fn is_stale_folder(self, folder: &Path) -> bool {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file());
        let newest = files.filter_map(|file| written(&file)).max();
        newest.is_some_and(|newest| self.is_after(newest))
    }
}

/// A file that cannot be looked at is not called old: reading it tells what is wrong.
fn written(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn has_whole_seconds(time: SystemTime) -> bool {
    since_epoch(time).subsec_nanos() == 0
}

fn without_fraction(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(since_epoch(time).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_file_of_the_same_tick_is_the_commands_and_one_of_before_is_not() {
        let since = Since::new(at(1000.5));
        for (written, old) in [
            (1000.5, false),
            (1000.75, false),
            (1000.25, true),
            (900.25, true),
            // Kept in whole seconds: this may have been 1000.9.
            (1000.0, false),
            (999.0, true),
        ] {
            assert_eq!(since.is_after(at(written)), old, "{written}");
        }
    }

    #[test]
    fn a_set_is_as_old_as_its_oldest_file_and_a_folder_as_new_as_its_newest() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        for (path, time) in [(&old, 900.25), (&new, 1100.25)] {
            let file = fs::File::create(path).unwrap();
            file.set_modified(at(time)).unwrap();
        }
        let since = Since::new(at(1000.5));
        assert!(since.is_stale(&[&new, &old]));
        assert!(!since.is_stale(&[&new]));
        assert!(!since.is_stale(&[&folder.path().join("missing")]));
        assert!(!since.is_stale_folder(folder.path()));
        fs::remove_file(new).unwrap();
        assert!(since.is_stale_folder(folder.path()));
    }
}
