//! The load runner: a scenario becomes load on an HTTP service, and what was measured becomes a run.
//!
//! ```text
//!  scenario ─► plan ─► engine ─► wire ─► (the service)
//!                        │                    ▲
//!                        ▼                 watch
//!                      record ─► Run ◄────────┘
//! ```
//!
//! `scenario`, `definition`, `plan`, `request` and `record` are pure; `wire`, `engine`, `watch`, `group` and `service` touch the world.

pub mod definition;
pub mod engine;
pub mod group;
pub mod merge;
pub mod pace;
pub mod plan;
pub mod provider;
pub mod record;
pub mod request;
pub mod scenario;
pub mod service;
pub mod watch;
pub mod wire;

pub use engine::{Observer, Order, Outcome, Phase, Reason, Snapshot, Stop, run};
pub use merge::{MergeError, merge};
pub use scenario::Scenario;
