//! The workloads of a gate as they stand in the document.

use crate::model::Difference;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{FoundBaseline, JudgedWorkload};
use crate::model::matching::NoPartner;

/// One workload of the current runs: what it is, and what it was held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What tells it from the other workloads of the gate.
    pub name: String,
    pub source: Option<String>,
    pub tool: Option<String>,
    pub scenario: Option<String>,
    /// What was asked of the load tool, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub load: BTreeMap<String, String>,
    pub environment: Option<String>,
    pub runs: usize,
    /// How many runs of the baseline it was held against.
    pub baseline_runs: usize,
    pub state: State,
    /// Where it was not judged: in what it differs from the nearest workload of the baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Where it was not judged: the machines, or the workloads, that the baseline knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
    /// What one side does not say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// How many of its runs the baseline holds as well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub name: String,
    /// In which parts a machine differs from that of the current runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
}

/// What a workload was held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Compared,
    /// With the same work on another machine.
    ComparedElsewhere,
    NoBaseline,
    Unknown,
    OtherLoad,
    OtherEnvironment,
    SeveralFit,
    Contested,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Workload {
    pub(super) fn of(judged: &JudgedWorkload) -> Self {
        let key = &judged.key;
        let plain = |name: &str| Known {
            name: name.to_owned(),
            differs: Vec::new(),
        };
        let mut lacking = Vec::new();
        let (mut differences, mut known, mut baseline_runs) = (Vec::new(), Vec::new(), 0);
        let state = match &judged.found {
            FoundBaseline::Here { runs, lacking: of } => {
                baseline_runs = *runs;
                lacking = of.iter().map(ToString::to_string).collect();
                State::Compared
            }
            FoundBaseline::Elsewhere { runs, environment } => {
                baseline_runs = *runs;
                known.extend(environment.as_deref().map(plain));
                State::ComparedElsewhere
            }
            FoundBaseline::No(NoPartner::NoBaseline) => State::NoBaseline,
            FoundBaseline::No(NoPartner::Unknown) => State::Unknown,
            FoundBaseline::No(NoPartner::OtherLoad(found)) => {
                differences = found.clone();
                State::OtherLoad
            }
            FoundBaseline::No(NoPartner::Differs(found)) => {
                differences = found.clone();
                State::Unknown
            }
            FoundBaseline::No(NoPartner::OtherEnvironment(machines)) => {
                known.extend(machines.iter().map(|machine| Known {
                    name: machine.key.clone(),
                    differs: machine.differs.iter().map(ToString::to_string).collect(),
                }));
                State::OtherEnvironment
            }
            FoundBaseline::No(NoPartner::SeveralFit(keys)) => {
                known.extend(keys.iter().map(|key| plain(&key.name())));
                State::SeveralFit
            }
            FoundBaseline::No(NoPartner::Contested(keys)) => {
                known.extend(keys.iter().map(|key| plain(&key.name())));
                State::Contested
            }
        };
        Self {
            name: judged.label.clone(),
            source: key.source.clone(),
            tool: key.tool.clone(),
            scenario: key.scenario.clone(),
            load: key
                .load
                .terms
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            environment: key.environment.clone(),
            runs: judged.runs,
            baseline_runs,
            state,
            differences,
            known,
            lacking,
            repeated: judged.repeated,
        }
    }

    pub(super) fn is_judged(&self) -> bool {
        matches!(self.state, State::Compared | State::ComparedElsewhere)
    }
}
