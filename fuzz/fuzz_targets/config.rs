//! `perfgate.toml`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = perfgate::cli::settings::config::parse("perfgate.toml", text);
});
