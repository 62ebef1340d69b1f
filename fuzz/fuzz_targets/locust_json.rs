//! The list of Locust's `--json`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::{self, Format, ReadOptions};

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions {
        from: Some(Format::Locust),
        ..ReadOptions::default()
    };
    let _ = ingest::parse_bytes(Format::Locust, bytes, &options);
});
