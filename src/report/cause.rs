//! Why an outcome is what it is, as it stands in the document. Worded in `why`.

use serde::{Deserialize, Serialize};

use super::words::Better;
use crate::compare;
use crate::model::workload;

/// Kept as data so that a stored document is worded again, never trusted for its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    BelowMinDelta,
    OfSingleNames,
    WithinResolution {
        step: f64,
    },
    TooFewObservations {
        have: u64,
        need: u64,
    },
    ErrorsRose,
    ControlMoved {
        by: f64,
    },
    UnitsDiffer {
        baseline: String,
        current: String,
    },
    DirectionsDiffer {
        baseline: Better,
        current: Better,
    },
    KindsDiffer {
        baseline: String,
        current: String,
    },
    ToolsDiffer {
        baseline: String,
        current: String,
    },
    ScenariosDiffer {
        baseline: String,
        current: String,
    },
    EnvironmentsDiffer {
        baseline: String,
        current: String,
    },
    WorkloadsDiffer {
        differences: Vec<Difference>,
    },
    WorkloadUnclear {
        workloads: Vec<String>,
        of_baseline: bool,
    },
    Vanished {
        renamed_to: Option<String>,
    },
    Appeared {
        renamed_from: Option<String>,
    },
    Incomplete {
        present: usize,
        runs: usize,
    },
}

/// One thing that makes two workloads different work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Difference {
    Source {
        baseline: String,
        current: String,
    },
    Tool {
        baseline: String,
        current: String,
    },
    Scenario {
        baseline: String,
        current: String,
    },
    /// The content of the files that the source calls its inputs.
    Inputs,
    /// Something that was asked of the load tool, by name.
    Term {
        name: String,
        baseline: String,
        current: String,
    },
    /// The definition of the load, where no term names what changed.
    Load,
    Environment {
        baseline: String,
        current: String,
    },
}

impl From<&workload::Difference> for Difference {
    fn from(difference: &workload::Difference) -> Self {
        use workload::Difference as From;
        let both = |before: &String, now: &String| (before.clone(), now.clone());
        match difference {
            From::Source { before, now } => {
                let (baseline, current) = both(before, now);
                Self::Source { baseline, current }
            }
            From::Tool { before, now } => {
                let (baseline, current) = both(before, now);
                Self::Tool { baseline, current }
            }
            From::Scenario { before, now } => {
                let (baseline, current) = both(before, now);
                Self::Scenario { baseline, current }
            }
            From::Inputs => Self::Inputs,
            From::Term { name, before, now } => {
                let (baseline, current) = both(before, now);
                Self::Term {
                    name: name.clone(),
                    baseline,
                    current,
                }
            }
            From::Digest => Self::Load,
            From::Environment { before, now } => {
                let (baseline, current) = both(before, now);
                Self::Environment { baseline, current }
            }
        }
    }
}

impl Cause {
    /// `None` where the numbers tell.
    pub(super) fn of(cause: &compare::Cause) -> Option<Self> {
        Some(match cause {
            compare::Cause::Numbers => return None,
            compare::Cause::BelowMinDelta => Self::BelowMinDelta,
            compare::Cause::WithinResolution { step } => Self::WithinResolution { step: *step },
            compare::Cause::TooFewObservations { have, need } => Self::TooFewObservations {
                have: *have,
                need: *need,
            },
            compare::Cause::OfSingleNames => Self::OfSingleNames,
            compare::Cause::ErrorsRose => Self::ErrorsRose,
            compare::Cause::ControlMoved { by } => Self::ControlMoved { by: *by },
            compare::Cause::UnitsDiffer { baseline, current } => Self::UnitsDiffer {
                baseline: baseline.to_string(),
                current: current.to_string(),
            },
            compare::Cause::DirectionsDiffer { baseline, current } => Self::DirectionsDiffer {
                baseline: (*baseline).into(),
                current: (*current).into(),
            },
            compare::Cause::KindsDiffer { baseline, current } => Self::KindsDiffer {
                baseline: (*baseline).to_owned(),
                current: (*current).to_owned(),
            },
            compare::Cause::ToolsDiffer { baseline, current } => Self::ToolsDiffer {
                baseline: baseline.clone(),
                current: current.clone(),
            },
            compare::Cause::ScenariosDiffer { baseline, current } => Self::ScenariosDiffer {
                baseline: baseline.clone(),
                current: current.clone(),
            },
            compare::Cause::EnvironmentsDiffer { baseline, current } => Self::EnvironmentsDiffer {
                baseline: baseline.clone(),
                current: current.clone(),
            },
            compare::Cause::WorkloadsDiffer { differences } => Self::WorkloadsDiffer {
                differences: differences.iter().map(Difference::from).collect(),
            },
            compare::Cause::WorkloadUnclear {
                workloads,
                of_baseline,
            } => Self::WorkloadUnclear {
                workloads: workloads.clone(),
                of_baseline: *of_baseline,
            },
            compare::Cause::Vanished { renamed_to } => Self::Vanished {
                renamed_to: renamed_to.as_ref().map(ToString::to_string),
            },
            compare::Cause::Appeared { renamed_from } => Self::Appeared {
                renamed_from: renamed_from.as_ref().map(ToString::to_string),
            },
            compare::Cause::Incomplete { present, runs } => Self::Incomplete {
                present: *present,
                runs: *runs,
            },
        })
    }
}
