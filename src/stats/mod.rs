//! Numerics alone: what is known of a method, with its source cited and reference vectors tested.
//!
//! Nothing here knows a rule, a limit or an outcome.

pub mod changes;
pub mod energy;
pub mod kendall;
pub mod launches;
pub mod location;
pub mod multiplicity;
pub mod order;
pub mod pelt;
pub mod power;
pub mod proportion;
pub mod ranks;
pub mod reading;
pub mod sequential;
pub mod slope;
pub mod spread;
pub mod student;
pub mod trend;
