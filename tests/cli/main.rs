//! `perfgate` as its users run it: whole processes, what they print, what they leave in files, and how they end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test ends at the first surprise, and its numbers are small"
)]

#[path = "../support"]
mod support {
    pub(crate) mod desk;
    pub(crate) mod server;
}

#[cfg(unix)]
mod ab;
#[cfg(unix)]
mod children;
mod docs;
mod doctor;
mod exit_codes;
mod files;
mod gate;
mod history;
mod hostile;
#[cfg(unix)]
mod init;
mod merge;
mod names;
mod report;
mod run;
#[cfg(unix)]
mod sources;
mod unsound;
mod usage;
#[cfg(target_os = "linux")]
mod watch;
mod workloads;
