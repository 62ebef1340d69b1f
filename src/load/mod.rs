//! The load runner: a scenario becomes load on an HTTP service, and what was measured becomes a run.
//!
//! ```text
//!  scenario ─► plan ─► engine ─► http ─► (the service)
//!                        │                    ▲
//!                        ▼                 watch
//!                      record ─► Run ◄────────┘
//! ```
//!
//! `template`, `scenario`, `definition`, `plan`, `promql`, `request`, `record`, `search` and `merge` are pure; `http`, `engine`, `watch`, `group` and
//! `service` use the network, processes and clocks.

pub mod clock;
mod counter;
pub mod definition;
pub mod engine;
pub mod exposition;
pub mod group;
pub mod http;
pub mod merge;
pub mod plan;
pub mod profiler;
pub mod promql;
pub mod provider;
pub mod record;
pub mod request;
pub mod scenario;
pub mod search;
pub mod service;
pub mod template;
pub mod watch;

pub use engine::{
    Event, FailureReason, FlowTrace, LevelStage, LoadOutcome, Observer, RunRequest, Snapshot, Stop,
    Stretch, once, run,
};
pub use merge::{MergeError, merge};
pub use scenario::Scenario;
