//! Criterion's `sample.json`, `benchmark.json` and `estimates.json`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::ingest::criterion;

fuzz_target!(|bytes: &[u8]| {
    let _ = criterion::parse_sample(bytes);
    let _ = criterion::parse_benchmark(bytes);
    let _ = criterion::parse_estimates(bytes);
});
