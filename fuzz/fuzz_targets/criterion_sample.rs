//! Criterion's `sample.json`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::{self, Format, ReadOptions};

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions {
        from: Some(Format::Criterion),
        ..ReadOptions::default()
    };
    let _ = ingest::parse_bytes(Format::Criterion, bytes, &options);
});
