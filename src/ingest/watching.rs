//! Who is told how far a large file is read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// A smaller file is read before anybody could look.
const WORTH_TELLING: u64 = 1024 * 1024;

/// Is told of each large file while it is read, by any thread.
pub trait ReadWatcher: Send + Sync {
    /// A file of so many bytes is going to be read; what is told of it later carries the number that this gives.
    fn begins(&self, path: &Path, bytes: u64) -> u64;
    /// So many of its bytes were read.
    fn is_at(&self, file: u64, bytes: u64);
    /// Nothing more is read of it.
    fn is_over(&self, file: u64);
}

/// The watcher, where there is one.
#[derive(Clone, Default)]
pub struct Watching(Option<Arc<dyn ReadWatcher>>);

impl Watching {
    pub fn by(watcher: Arc<dyn ReadWatcher>) -> Self {
        Self(Some(watcher))
    }

    /// The file, of which the watcher is told from now on.
    pub(super) fn file(&self, path: &Path, file: File) -> WatchedFile {
        let told = self.0.as_ref().and_then(|watcher| {
            let bytes = file.metadata().ok()?.len();
            (bytes >= WORTH_TELLING).then(|| Told {
                number: watcher.begins(path, bytes),
                watcher: Arc::clone(watcher),
                at: 0,
            })
        });
        WatchedFile { file, told }
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watching").field(&self.0.is_some()).finish()
    }
}

/// A file that says how far it is read.
pub(super) struct WatchedFile {
    file: File,
    told: Option<Told>,
}

struct Told {
    watcher: Arc<dyn ReadWatcher>,
    number: u64,
    at: u64,
}

impl Read for WatchedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if let Some(told) = &mut self.told {
            told.at = told
                .at
                .saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            told.watcher.is_at(told.number, told.at);
        }
        Ok(read)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.watcher.is_over(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Notes {
        fn add(&self, note: String) {
            self.0.lock().unwrap().push(note);
        }
    }

    impl ReadWatcher for Notes {
        fn begins(&self, path: &Path, bytes: u64) -> u64 {
            let name = path.file_name().unwrap().display();
            self.add(format!("{name} of {bytes}"));
            7
        }
        fn is_at(&self, file: u64, bytes: u64) {
            self.add(format!("{file} at {bytes}"));
        }
        fn is_over(&self, file: u64) {
            self.add(format!("{file} over"));
        }
    }

    #[test]
    fn a_large_file_tells_how_far_it_is_read_and_when_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: usize| {
            let path = folder.path().join(name);
            std::fs::write(&path, vec![b'x'; bytes]).unwrap();
            path
        };
        let notes = Arc::new(Notes::default());
        let watching = Watching::by(Arc::<Notes>::clone(&notes));
        for path in [write("small", 1024 * 1024 - 1), write("large", 1024 * 1024)] {
            let mut file = watching.file(&path, File::open(&path).unwrap());
            let mut half = vec![0; 512 * 1024];
            file.read_exact(&mut half).unwrap();
        }
        assert_eq!(
            *notes.0.lock().unwrap(),
            ["large of 1048576", "7 at 524288", "7 over"]
        );
    }
}
