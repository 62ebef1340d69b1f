//! Which workload of the baseline the current runs of a workload are held against, and why there is none.

use std::cmp::Reverse;

use super::Run;
use super::history::{History, MOST_KEYS, Workload};
use super::load::Difference;
use super::run::MeasuredTime;
use super::workload::{KeyPart, WorkloadKey};

/// The workloads of two sides, with which of them are held against each other.
#[derive(Clone, Debug, Default)]
pub struct Matching<'a> {
    /// One for each workload of the current side, in the order of their keys.
    pub current: Vec<Matched<'a>>,
    /// Workloads of the baseline that no current one is held against.
    pub left: Vec<Workload<'a>>,
}

/// A workload of the current side.
#[derive(Clone, Debug)]
pub struct Matched<'a> {
    pub current: Workload<'a>,
    pub partner: Partner<'a>,
    /// The work of the partner on other machines that the baseline knows.
    pub on_other_machines: Vec<Workload<'a>>,
}

/// What a workload of the current side is held against.
#[derive(Clone, Debug)]
pub enum Partner<'a> {
    Found {
        baseline: Workload<'a>,
        /// What one of the two keys does not say; empty where they are equal.
        lacking: Vec<KeyPart>,
    },
    /// The same work on another machine: comparable by a policy that asks for it.
    Elsewhere {
        /// One for each machine that the baseline knows, oldest first.
        known: Vec<Workload<'a>>,
    },
    None(NoPartner),
}

/// Why the baseline holds nothing to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPartner {
    /// The baseline is empty.
    NoBaseline,
    /// It does not know this work in any form.
    Unknown,
    /// It knows the source and the tool, with another load.
    OtherLoad(Vec<Difference>),
    /// It knows the work, on other machines.
    OtherEnvironment(Vec<KnownMachine>),
    /// The nearest workload differs in this.
    Differs(Vec<Difference>),
    /// Several workloads fit, because one of the keys does not say which it is.
    SeveralFit(Vec<WorkloadKey>),
    /// Several workloads of the current side fit one that does not say which it is.
    Contested(Vec<WorkloadKey>),
}

/// A machine on which a baseline knows some work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownMachine {
    pub key: String,
    /// In which parts of its key it differs from the machine of the current runs.
    pub differs: Vec<&'static str>,
}

/// Whether a machine that the baseline does not know is another workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machines {
    /// It is.
    Apart,
    /// It is, and the work of other machines is there as [`Partner::Elsewhere`].
    Across,
    /// All machines are one.
    Alike,
}

impl<'a> Matching<'a> {
    pub fn of(
        baseline: impl IntoIterator<Item = &'a Run>,
        current: impl IntoIterator<Item = &'a Run>,
        machines: Machines,
    ) -> Self {
        let group = |runs: Vec<&'a Run>| match machines {
            Machines::Apart | Machines::Across => History::of(runs),
            Machines::Alike => History::anywhere(runs),
        };
        let baseline = group(baseline.into_iter().collect()).workloads;
        let current = group(current.into_iter().collect()).workloads;
        let candidates: Vec<Candidates> = current
            .iter()
            .map(|workload| Candidates::of(&workload.key, &baseline))
            .collect();
        // An equal key has the first claim, and of those that only fit none has the better one.
        let mut claims = vec![Claim::default(); baseline.len()];
        for found in &candidates {
            if let Candidates::Equal(index) | Candidates::Fits(index) = found
                && let Some(claim) = claims.get_mut(*index)
            {
                match found {
                    Candidates::Equal(_) => claim.equal = true,
                    _ => claim.fitting += 1,
                }
            }
        }
        let mut taken = vec![false; baseline.len()];
        let keys: Vec<WorkloadKey> = current.iter().map(|w| w.key.clone()).collect();
        let matched = current
            .into_iter()
            .zip(&candidates)
            .map(|(current, found)| {
                let partner = match found {
                    Candidates::Equal(index) => partner(&baseline, *index, &current, &mut taken),
                    Candidates::Fits(index) => {
                        let claim = claims.get(*index).copied().unwrap_or_default();
                        if claim.equal || claim.fitting > 1 {
                            let fits = |key: &&WorkloadKey| {
                                baseline.get(*index).is_some_and(|b| b.key.fits(key))
                            };
                            Partner::None(NoPartner::Contested(
                                keys.iter().filter(fits).cloned().collect(),
                            ))
                        } else {
                            partner(&baseline, *index, &current, &mut taken)
                        }
                    }
                    Candidates::Several(several) => {
                        let keys = several.iter().filter_map(|index| baseline.get(*index));
                        Partner::None(NoPartner::SeveralFit(keys.map(|w| w.key.clone()).collect()))
                    }
                    Candidates::None => stranger(&baseline, &current, machines, &mut taken),
                };
                let on_other_machines = on_other_machines(&partner, &baseline);
                Matched {
                    current,
                    partner,
                    on_other_machines,
                }
            })
            .collect();
        Self {
            current: matched,
            left: baseline
                .into_iter()
                .zip(taken)
                .filter_map(|(workload, taken)| (!taken).then_some(workload))
                .collect(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Claim {
    equal: bool,
    fitting: usize,
}

enum Candidates {
    Equal(usize),
    Fits(usize),
    Several(Vec<usize>),
    None,
}

impl Candidates {
    fn of(key: &WorkloadKey, baseline: &[Workload<'_>]) -> Self {
        if let Ok(index) = baseline.binary_search_by(|w| w.key.cmp(key)) {
            return Self::Equal(index);
        }
        if baseline.len() > MOST_KEYS {
            return Self::None;
        }
        let fits: Vec<usize> = baseline
            .iter()
            .enumerate()
            .filter(|(_, w)| w.key.fits(key))
            .map(|(index, _)| index)
            .collect();
        match fits.as_slice() {
            [] => Self::None,
            [one] => Self::Fits(*one),
            _ => Self::Several(fits),
        }
    }
}

fn partner<'a>(
    baseline: &[Workload<'a>],
    index: usize,
    current: &Workload<'a>,
    taken: &mut [bool],
) -> Partner<'a> {
    if let Some(taken) = taken.get_mut(index) {
        *taken = true;
    }
    let Some(baseline) = baseline.get(index) else {
        return Partner::None(NoPartner::Unknown);
    };
    match other_duration(baseline, current) {
        Some(duration) => Partner::None(NoPartner::OtherLoad(vec![duration])),
        None => Partner::Found {
            baseline: baseline.clone(),
            lacking: baseline.key.lacking(&current.key),
        },
    }
}

fn on_other_machines<'a>(partner: &Partner<'a>, baseline: &[Workload<'a>]) -> Vec<Workload<'a>> {
    let Partner::Found { baseline: own, .. } = partner else {
        return Vec::new();
    };
    if baseline.len() > MOST_KEYS {
        return Vec::new();
    }
    let elsewhere = |w: &&Workload<'a>| {
        w.key.environment != own.key.environment && w.key.is_same_work(&own.key)
    };
    baseline.iter().filter(elsewhere).cloned().collect()
}

/// The times that two loads were measured for, where they differ too much to be one load. A digest covers the time that
/// was asked for.
fn other_duration(baseline: &Workload<'_>, current: &Workload<'_>) -> Option<Difference> {
    let known = |workload: &Workload<'_>| workload.key.load.digest.is_some();
    if known(baseline) && known(current) {
        return None;
    }
    let (before, now) = (
        typical_time(&baseline.reference().base)?,
        typical_time(&current.runs().collect::<Vec<_>>())?,
    );
    before.is_other_load(now).then(|| Difference::Term {
        name: "duration".to_owned(),
        before: format!("{:.0} s", before.seconds),
        now: format!("{:.0} s", now.seconds),
    })
}

/// That of the run in the middle.
fn typical_time(runs: &[&Run]) -> Option<MeasuredTime> {
    let mut times: Vec<MeasuredTime> = runs.iter().filter_map(|run| run.measured_time()).collect();
    times.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    times.get(times.len() / 2).copied()
}

/// The nearest thing that the baseline holds to a key that fits none of its own.
fn stranger<'a>(
    baseline: &[Workload<'a>],
    current: &Workload<'a>,
    machines: Machines,
    taken: &mut [bool],
) -> Partner<'a> {
    let key = &current.key;
    if baseline.is_empty() {
        return Partner::None(NoPartner::NoBaseline);
    }
    let differences: Vec<(&Workload<'a>, Vec<Difference>)> = baseline
        .iter()
        .map(|w| (w, w.key.differences(key)))
        .collect();
    let is_environment = |d: &Difference| matches!(d, Difference::Environment { .. });
    let mut known: Vec<&Workload<'a>> = differences
        .iter()
        .filter(|(_, found)| found.iter().all(is_environment))
        .map(|(w, _)| *w)
        .collect();
    if !known.is_empty() {
        known.sort_by_key(|w| w.measured());
        if machines == Machines::Across {
            let mut works: Vec<WorkloadKey> = known.iter().map(|w| w.key.anywhere()).collect();
            works.sort();
            works.dedup();
            if works.len() == 1 {
                return Partner::Elsewhere {
                    known: known.into_iter().cloned().collect(),
                };
            }
            return Partner::None(NoPartner::SeveralFit(
                known.iter().map(|w| w.key.clone()).collect(),
            ));
        }
        let here = current.newest().map(|run| &run.provenance.environment);
        let machine = |w: &&Workload<'a>| {
            let there = &w.newest()?.provenance.environment;
            Some(KnownMachine {
                key: w.key.environment.clone()?,
                differs: here
                    .map(|here| there.key_differences(here))
                    .unwrap_or_default(),
            })
        };
        let mut environments: Vec<KnownMachine> = known.iter().filter_map(machine).collect();
        environments.sort();
        environments.dedup();
        return Partner::None(NoPartner::OtherEnvironment(environments));
    }
    let weight = |found: &[Difference]| {
        let of_load = found.iter().all(|d| d.is_of_load() || is_environment(d));
        let elsewhere = found.iter().any(is_environment);
        let of_tool = found.iter().any(|d| matches!(d, Difference::Tool { .. }));
        (!of_load, of_tool, elsewhere, found.len())
    };
    let nearest = differences
        .into_iter()
        .enumerate()
        .map(|(index, (w, found))| (weight(&found), Reverse(w.measured()), index, found))
        .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    Partner::None(match nearest {
        Some(((false, _, elsewhere, _), _, index, found)) => {
            // What became of this work is said where its new load is.
            if let Some(taken) = taken.get_mut(index).filter(|_| !elsewhere) {
                *taken = true;
            }
            NoPartner::OtherLoad(found.into_iter().filter(|d| !is_environment(d)).collect())
        }
        Some((.., found)) => NoPartner::Differs(found),
        None => NoPartner::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::history::tests::of;

    fn partner<'a>(baseline: &'a [Run], current: &'a [Run]) -> Partner<'a> {
        let mut matching = Matching::of(baseline, current, Machines::Apart);
        assert_eq!(matching.current.len(), 1);
        matching.current.remove(0).partner
    }

    #[test]
    fn other_work_has_no_partner_and_it_is_said_what_differs() {
        let baseline = [of(Some("a"), Some("200/s"), "x", 0)];
        let other_load = [of(Some("a"), Some("400/s"), "x", 9)];
        let Partner::None(NoPartner::OtherLoad(found)) = partner(&baseline, &other_load) else {
            panic!("another load is another workload");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "`rate` was 200/s, is 400/s");

        let elsewhere = [of(Some("a"), Some("200/s"), "y", 9)];
        let Partner::None(NoPartner::OtherEnvironment(known)) = partner(&baseline, &elsewhere)
        else {
            panic!("another machine is another workload");
        };
        assert_eq!((known.len(), known[0].key.as_str()), (1, "x"));

        let stranger = [of(Some("b"), Some("200/s"), "x", 9)];
        assert!(matches!(
            partner(&baseline, &stranger),
            Partner::None(NoPartner::Differs(_))
        ));
        assert!(matches!(
            partner(&[], &stranger),
            Partner::None(NoPartner::NoBaseline)
        ));
    }

    #[test]
    fn a_part_that_one_side_lacks_matches_where_exactly_one_fits() {
        let old = [of(None, None, "x", 0)];
        let new = [of(Some("a"), Some("1/s"), "x", 9)];
        let Partner::Found { lacking, .. } = partner(&old, &new) else {
            panic!("it is the only one that fits");
        };
        assert_eq!(lacking, [KeyPart::Source, KeyPart::Load]);

        let two = [of(Some("a"), None, "x", 0), of(Some("b"), None, "x", 1)];
        let unnamed = [of(None, None, "x", 9)];
        assert!(matches!(
            partner(&two, &unnamed),
            Partner::None(NoPartner::SeveralFit(several)) if several.len() == 2
        ));

        let both = [of(Some("a"), None, "x", 8), of(Some("b"), None, "x", 9)];
        let matching = Matching::of(&old, &both, Machines::Apart);
        assert!(matching.current.iter().all(|m| matches!(
            &m.partner,
            Partner::None(NoPartner::Contested(several)) if several.len() == 2
        )));
    }

    #[test]
    fn other_machines_are_there_where_they_are_asked_for() {
        let baseline = [of(None, None, "x", 5), of(None, None, "y", 0)];
        let current = [of(None, None, "z", 9)];
        let across = Matching::of(&baseline, &current, Machines::Across);
        let Partner::Elsewhere { known } = &across.current[0].partner else {
            panic!("the same work is known elsewhere");
        };
        let machines: Vec<_> = known.iter().map(|w| w.key.environment.as_deref()).collect();
        assert_eq!(machines, [Some("y"), Some("x")]);
        let alike = Matching::of(&baseline, &current, Machines::Alike);
        let Partner::Found { baseline, .. } = &alike.current[0].partner else {
            panic!("all machines are one");
        };
        assert_eq!(baseline.runs().count(), 2);
    }
}
