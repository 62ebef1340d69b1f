//! What current results are compared with.

use super::Run;

/// A bounded window of runs, oldest first, and a pinned anchor where there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    pub runs: Vec<Run>,
    pub anchor: Option<Anchor>,
}

/// Runs of a chosen state (a release), against which slow drift is budgeted.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    pub label: String,
    /// How much worse than the anchor is too much: 0.15 is 15 %.
    pub budget: f64,
    pub runs: Vec<Run>,
}
