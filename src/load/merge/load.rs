//! The load of several machines together.

use std::collections::BTreeSet;

use crate::load::definition::{SHARE, WHOLE};
use crate::load::scenario::Share;
use crate::model::{Digest, Load, Run};

use super::error::MergeError;

/// The term of a merged load that says how many machines put it on.
const MACHINES: &str = "machines";

/// The whole load, of complete shares. Without shares each machine put on the whole load, so several machines together
/// are another load than one.
pub(super) fn together(runs: &[Run]) -> Result<Option<Load>, MergeError> {
    let none = Load::default();
    let loads: Vec<&Load> = runs
        .iter()
        .map(|run| run.provenance.load.as_ref().unwrap_or(&none))
        .collect();
    let Some(first) = loads.first().copied() else {
        return Ok(None);
    };
    let shares: Vec<Option<Share>> = loads
        .iter()
        .map(|load| load.terms.get(SHARE).and_then(|share| share.parse().ok()))
        .collect();
    for (other, share) in loads.iter().zip(&shares) {
        let is_other =
            other.digest != first.digest || share.is_some() != shares.iter().any(Option::is_some);
        if is_other || (other.digest.is_none() && other.terms != first.terms) {
            return Err(differ(first, other));
        }
    }
    if runs.iter().all(|run| run.provenance.load.is_none()) {
        return Ok(None);
    }
    let mut terms = first.terms.clone();
    if let Some(of) = shares.iter().flatten().next().map(|share| share.parts().1) {
        complete(shares.iter().flatten(), of)?;
        let whole = terms.get(WHOLE).cloned();
        let kept = terms
            .iter()
            .filter(|(name, _)| ![SHARE, WHOLE].contains(&name.as_str()));
        terms = kept
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        return Ok(Some(Load {
            digest: whole,
            terms,
        }));
    }
    let machines = runs.len().to_string();
    let digest = first.digest.as_ref().map(|part| {
        let mut digest = Digest::new("perfgate merged load 1");
        digest.field(machines.as_bytes());
        digest.field(part.as_bytes());
        digest.hex()
    });
    terms.insert(MACHINES.to_owned(), machines);
    Ok(Some(Load { digest, terms }))
}

fn complete<'s>(shares: impl Iterator<Item = &'s Share>, of: usize) -> Result<(), MergeError> {
    let mut seen = BTreeSet::new();
    for share in shares {
        if !seen.insert(share.parts().0) {
            return Err(MergeError::Share(format!("share {share} is given twice")));
        }
    }
    match (1..=of).find(|number| !seen.contains(number)) {
        Some(number) => Err(MergeError::Share(format!("share {number}/{of} is missing"))),
        None => Ok(()),
    }
}

/// Refuses runs that were not measured at the same time.
pub(super) fn at_once(runs: &[Run]) -> Result<(), MergeError> {
    let times: Vec<(f64, f64)> = runs
        .iter()
        .filter_map(|run| {
            let begin = run.provenance.started_at?.as_microsecond();
            let begin = begin.to_string().parse::<f64>().ok()? / 1e6;
            Some((begin, begin + run.provenance.duration_s?))
        })
        .collect();
    let begin = times
        .iter()
        .map(|(begin, _)| *begin)
        .fold(f64::NEG_INFINITY, f64::max);
    let end = times
        .iter()
        .map(|(_, end)| *end)
        .fold(f64::INFINITY, f64::min);
    let shortest = times
        .iter()
        .map(|(begin, end)| end - begin)
        .fold(f64::INFINITY, f64::min);
    if times.len() > 1 && end - begin < shortest * TOGETHER {
        return Err(MergeError::Apart {
            together_s: (end - begin).max(0.0),
            shortest_s: shortest,
        });
    }
    Ok(())
}

/// The part of the shortest run that all runs must have in common.
const TOGETHER: f64 = 0.5;

/// The error for two loads, with the first term that differs.
fn differ(one: &Load, other: &Load) -> MergeError {
    let mut names = one.terms.keys().chain(other.terms.keys());
    let name = names.find(|name| one.terms.get(*name) != other.terms.get(*name));
    let said = |load: &Load| match name {
        Some(name) => match load.terms.get(name) {
            Some(value) => format!("{name} {value}"),
            None => format!("no {name}"),
        },
        None => load.digest.clone().unwrap_or_else(|| "none".to_owned()),
    };
    MergeError::Differ {
        what: "load",
        one: said(one),
        other: said(other),
    }
}
