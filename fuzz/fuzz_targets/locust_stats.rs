//! Locust's `_stats.csv`, whole and behind its own header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::{self, Format, ReadOptions};

const HEADER: &[u8] = b"Type,Name,Request Count,Failure Count,Median Response Time,\
    Average Response Time,Min Response Time,Max Response Time,Requests/s,50%,95%,100%\r\n";

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions {
        from: Some(Format::Locust),
        ..ReadOptions::default()
    };
    let _ = ingest::parse_bytes(Format::Locust, bytes, &options);
    let _ = ingest::parse_bytes(Format::Locust, &[HEADER, bytes].concat(), &options);
});
