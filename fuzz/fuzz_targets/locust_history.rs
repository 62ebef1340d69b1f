//! Locust's `_stats_history.csv`, whole and behind its own header, with a warm-up and without.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::{self, Format, ReadOptions};

use std::time::Duration;

const HEADER: &[u8] = b"Timestamp,User Count,Type,Name,Requests/s,50%,95%,Total Request Count,\
    Total Failure Count,Total Average Response Time,Total Min Response Time,\
    Total Max Response Time,Total Average Content Size\r\n";

fuzz_target!(|bytes: &[u8]| {
    for warmup in [None, Some(Duration::from_secs(2))] {
        let options = ReadOptions {
            from: Some(Format::Locust),
            warmup,
            ..ReadOptions::default()
        };
        let _ = ingest::parse_bytes(Format::Locust, bytes, &options);
        let _ = ingest::parse_bytes(Format::Locust, &[HEADER, bytes].concat(), &options);
    }
});
