//! Why an outcome is what it is, as it stands in the document. Worded in `why`.

use serde::{Deserialize, Serialize};

use super::words::Better;
use crate::compare;

/// Kept as data so that a stored document is worded again, never trusted for its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    BelowMinDelta,
    WithinResolution { step: f64 },
    TooFewObservations { have: u64, need: u64 },
    OfSingleNames,
    ErrorsRose,
    NotPositive { baseline: f64, current: f64 },
    UnitsDiffer { baseline: String, current: String },
    DirectionsDiffer { baseline: Better, current: Better },
    KindsDiffer { baseline: String, current: String },
    ToolsDiffer { baseline: String, current: String },
    ScenariosDiffer { baseline: String, current: String },
    EnvironmentsDiffer { baseline: String, current: String },
    Vanished { renamed_to: Option<String> },
    Appeared { renamed_from: Option<String> },
    Incomplete { present: usize, runs: usize },
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
            compare::Cause::NotPositive { baseline, current } => Self::NotPositive {
                baseline: *baseline,
                current: *current,
            },
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
