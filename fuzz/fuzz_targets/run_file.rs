//! `perfgate.run/1`: what is read can be written, and is read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::model::run_file;

fuzz_target!(|text: &str| {
    if let Ok(runs) = run_file::parse(text) {
        for run in &runs {
            let again = run_file::parse(&run_file::write(run)).expect("own output is read");
            assert_eq!(again.len(), 1);
        }
    }
});
