//! Load scenarios; no file is read and no variable is set.

#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use perfgate::load::scenario::{Surroundings, parse_in};

struct Nowhere;

impl Surroundings for Nowhere {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    /// Whatever the file is called: as data, its own name is the text.
    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(path.to_string_lossy().replace('/', "\n").into_bytes())
    }
}

fuzz_target!(|text: &str| {
    let _ = parse_in(text, Path::new("scenario.toml"), &Nowhere);
});
