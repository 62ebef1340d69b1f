//! From runs to a verdict and its reports: what is decided, how often it is wrong, and how it is shown.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

#[path = "../support"]
mod support {
    pub(crate) mod hostile;
    pub(crate) mod runs;
    pub(crate) mod scenes;
    pub(crate) mod verdicts;
}

mod calibration;
mod causes;
mod confirmed;
mod controls;
mod evidence;
mod gated;
mod histories;
mod interleaved;
mod large;
mod recorded;
mod report;
mod rules;
mod sessions;
mod strength;
mod symmetry;
mod targets;
mod teams;
mod traps;
mod zero;
