//! The workloads of a judgement: what each was held against, and why some were not.

use super::comparison::{Cause, FoundBaseline, JudgedWorkload};
use super::totals::Totals;
use crate::model::matching::NoPartner;
use crate::model::workload::KeyPart;
use crate::model::{Difference, Matched, Matching, Partner, Run, WorkloadKey};

/// Why a workload of the current side is compared with nothing, as each of its series says it; `None` where it is
/// compared, or simply new.
pub(super) fn stranger(matched: &Matched<'_>) -> Option<Cause> {
    let Partner::None(why) = &matched.partner else {
        return None;
    };
    let labels = |keys: &[WorkloadKey]| labels(&keys.iter().collect::<Vec<_>>());
    match why {
        NoPartner::NoBaseline | NoPartner::Unknown => None,
        NoPartner::OtherEnvironment(known) => Some(Cause::EnvironmentsDiffer {
            baseline: known
                .iter()
                .map(|machine| machine.key.as_str())
                .collect::<Vec<_>>()
                .join("; "),
            current: matched.current.key.environment.clone().unwrap_or_default(),
        }),
        NoPartner::OtherLoad(differences) | NoPartner::Differs(differences) => {
            match differences.as_slice() {
                // Another source beside those that the baseline knows is new, and changes nothing.
                all if all.iter().any(|d| matches!(d, Difference::Source { .. })) => None,
                [Difference::Tool { before, now }] => Some(Cause::ToolsDiffer {
                    baseline: before.clone(),
                    current: now.clone(),
                }),
                [Difference::Scenario { before, now }] => Some(Cause::ScenariosDiffer {
                    baseline: before.clone(),
                    current: now.clone(),
                }),
                all => Some(Cause::WorkloadsDiffer {
                    differences: all.to_vec(),
                }),
            }
        }
        NoPartner::SeveralFit(keys) => Some(Cause::WorkloadUnclear {
            workloads: labels(keys),
            of_baseline: true,
        }),
        NoPartner::Contested(keys) => Some(Cause::WorkloadUnclear {
            workloads: labels(keys),
            of_baseline: false,
        }),
    }
}

/// What tells each of some keys from the others.
fn labels(keys: &[&WorkloadKey]) -> Vec<String> {
    keys.iter()
        .map(|key| {
            let others: Vec<&WorkloadKey> =
                keys.iter().filter(|other| *other != key).copied().collect();
            key.label(&others)
        })
        .collect()
}

pub(super) fn workloads(matching: &Matching<'_>, in_one_session: &[bool]) -> Vec<JudgedWorkload> {
    let keys: Vec<&WorkloadKey> = matching.current.iter().map(|m| &m.current.key).collect();
    matching
        .current
        .iter()
        .zip(labels(&keys))
        .zip(in_one_session)
        .map(|((matched, label), in_one_session)| {
            let found = match &matched.partner {
                Partner::Found { baseline, lacking } => FoundBaseline::Here {
                    runs: baseline.runs().count(),
                    lacking: lacking_parts(matched, lacking),
                },
                Partner::Elsewhere { known } => FoundBaseline::Elsewhere {
                    runs: known.last().map_or(0, |newest| newest.runs().count()),
                    environment: known.last().and_then(|w| w.key.environment.clone()),
                },
                Partner::None(why) => FoundBaseline::No(why.clone()),
            };
            JudgedWorkload {
                key: matched.current.key.clone(),
                label,
                runs: matched.current.runs().count(),
                totals: Totals::of(matched),
                repeated: repeated(matched),
                in_one_session: *in_one_session,
                found,
            }
        })
        .collect()
}

/// What one of two keys does not say; that neither says where it was measured is worth telling, too.
fn lacking_parts(matched: &Matched<'_>, lacking: &[KeyPart]) -> Vec<KeyPart> {
    let mut parts = lacking.to_vec();
    if matched.current.key.environment.is_none() && !parts.contains(&KeyPart::Environment) {
        parts.push(KeyPart::Environment);
    }
    parts
}

/// Each run of one side is held against each of the other, which for more runs than this would take too long.
const MOST_HELD: usize = 1_000;

/// How many current runs are one of those that they are compared with.
fn repeated(matched: &Matched<'_>) -> usize {
    let Partner::Found { baseline, .. } = &matched.partner else {
        return 0;
    };
    let base = baseline.reference().base;
    if base.len().max(matched.current.runs().count()) > MOST_HELD {
        return 0;
    }
    let is_known = |run: &&Run| base.iter().any(|known| known.is_same_measurement(run));
    matched.current.runs().filter(is_known).count()
}

/// The workloads of the baseline without current results, on the machines of the current runs.
pub(super) fn absent(matching: &Matching<'_>) -> Vec<String> {
    let here = |key: &WorkloadKey| {
        let mut current = matching.current.iter().map(|m| &m.current.key.environment);
        key.environment.is_none() || current.any(|machine| *machine == key.environment)
    };
    let known: Vec<&WorkloadKey> = matching
        .current
        .iter()
        .map(|m| &m.current.key)
        .chain(matching.left.iter().map(|w| &w.key))
        .filter(|key| here(key))
        .collect();
    matching
        .left
        .iter()
        .map(|w| &w.key)
        .filter(|key| here(key))
        .map(|key| {
            let others: Vec<&WorkloadKey> = known
                .iter()
                .filter(|other| **other != key)
                .copied()
                .collect();
            key.label(&others)
        })
        .collect()
}
