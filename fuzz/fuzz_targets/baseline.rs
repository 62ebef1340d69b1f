//! `perfgate.baseline/1`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = perfgate::store::parse(text);
});
