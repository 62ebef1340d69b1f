//! The words of perfgate as types: what was measured, what a run really holds, where it came from.
//!
//! Nothing here reads a file, knows a tool or computes a statistic.

pub mod baseline;
pub mod course;
pub mod digest;
pub mod environment;
pub mod evidence;
pub mod history;
pub mod joined;
mod load;
pub mod matching;
pub mod metric;
pub mod names;
pub mod ordered;
pub mod pattern;
pub mod run;
pub mod run_file;
mod slowed;
pub mod stacks;
pub mod timeline;
pub mod unit;
pub mod unsettled;
pub mod workload;

pub use baseline::{Anchor, Baseline};
pub use digest::Digest;
pub use environment::Environment;
pub use evidence::{Distribution, Evidence, EvidenceError, Point};
pub use history::{History, Session, Workload};
pub use load::{Difference, Load};
pub use matching::{Matched, Matching, Partner};
pub use metric::{Better, MetricName, Quantile, Series, Statistic, Subject};
pub use ordered::Ordered;
pub use pattern::Pattern;
pub use run::{Measurement, Metrics, Provenance, Role, Run, ToolName};
pub use stacks::Stacks;
pub use timeline::Timeline;
pub use unit::Unit;
pub use unsettled::Unsettled;
pub use workload::WorkloadKey;
