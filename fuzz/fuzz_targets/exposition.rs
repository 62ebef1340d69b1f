//! Prometheus' text format, and the selector of a metric.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::load::exposition;
use perfgate::load::watch::Selector;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for sample in exposition::samples(&text).flatten() {
        assert!(!sample.name.is_empty());
    }
    exposition::declared(&text).count();
    let _ = Selector::parse(&text);
});
