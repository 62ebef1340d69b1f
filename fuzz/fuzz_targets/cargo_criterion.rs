//! Cargo-criterion's message stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::{self, Format, ReadOptions};

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions {
        from: Some(Format::CargoCriterion),
        ..ReadOptions::default()
    };
    let _ = ingest::parse_bytes(Format::CargoCriterion, bytes, &options);
});
