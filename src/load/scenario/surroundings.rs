//! What a scenario file may look at beside itself: environment variables and files.

use std::fs;
use std::io;
use std::path::Path;

/// More than this is no body and no data of a load test.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

pub trait Surroundings {
    fn variable(&self, name: &str) -> Option<String>;
    fn file(&self, path: &Path) -> io::Result<Vec<u8>>;
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
