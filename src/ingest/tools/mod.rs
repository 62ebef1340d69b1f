//! One file for each tool whose output is read. Each of them defines one `ADAPTER`; `format.rs` lists them.

pub(super) mod hey;
pub(super) mod hyperfine;
pub(super) mod pytest_benchmark;
pub(super) mod vegeta;
pub(super) mod wrk;
