//! Every kind of file that perfgate reads: results of other tools, runs, baselines, scenarios and the configuration.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test ends at the first surprise, and figures are read, not computed"
)]

mod config;
mod contract;
mod criterion;
mod locust;
mod mapping;
mod published;
mod recognition;
mod run_file;
mod run_file_properties;
mod scenario;
mod shipped;
mod store;
mod tools;
