//! Scenario files as users write them, run from end to end against a server that writes down what came.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod answers;
mod failures;
mod flows;
mod identity;
mod loaded;
mod requests;
#[path = "../support/server/mod.rs"]
mod server;
mod service;
mod shapes;
mod values;
mod wires;
