//! Load, from a scenario to the numbers of a run, against servers and processes whose behaviour is known.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test ends at the first surprise and says what it saw"
)]

#[path = "../support"]
mod support {
    pub(crate) mod server;
}

mod engine;
mod scenarios;
#[cfg(target_os = "linux")]
mod service;
#[cfg(target_os = "linux")]
mod watch;
mod wire;
