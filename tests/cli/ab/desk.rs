//! A folder in which perfgate measures, and what is left of a measurement.

use std::fs;
use std::path::PathBuf;

pub(crate) use crate::support::desk::{Desk, Said, said};

impl Desk {
    /// Where an ended measurement was kept.
    pub(crate) fn kept(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.path("perfgate-results")).unwrap();
        folders.next().unwrap().unwrap().path()
    }

    /// How many processes with this command line still run.
    pub(crate) fn processes(&self, line: &str) -> usize {
        let wanted: Vec<u8> = line
            .split(' ')
            .flat_map(|word| [word.as_bytes(), b"\0"].concat())
            .collect();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter(|entry| {
                fs::read(entry.path().join("cmdline")).is_ok_and(|found| found == wanted)
            })
            .count()
    }

    /// How many processes name this and were started from here.
    pub(crate) fn processes_with(&self, word: &str) -> usize {
        let here = fs::canonicalize(self.path("")).unwrap();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == here))
            .filter(|entry| {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(word)
            })
            .count()
    }
}
