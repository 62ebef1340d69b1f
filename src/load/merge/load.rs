//! What several machines were asked to do together.

use crate::model::{Digest, Load, Run};

use super::MergeError;

/// In the terms of a merged load: how many machines each put it on.
const MACHINES: &str = "machines";

/// Each machine put on the whole load of the scenario, so that so many machines together are another load than one.
pub(super) fn together(runs: &[Run]) -> Result<Option<Load>, MergeError> {
    let mut loads = runs.iter().map(|run| run.provenance.load.as_ref());
    let Some(first) = loads.next().flatten() else {
        return match loads.flatten().next() {
            Some(other) => Err(differ(&Load::default(), other)),
            None => Ok(None),
        };
    };
    for other in loads {
        let none = Load::default();
        let other = other.unwrap_or(&none);
        if other.digest != first.digest || other.digest.is_none() && other.terms != first.terms {
            return Err(differ(first, other));
        }
    }
    let machines = runs.len().to_string();
    let digest = first.digest.as_ref().map(|part| {
        let mut digest = Digest::new("perfgate merged load 1");
        digest.field(machines.as_bytes());
        digest.field(part.as_bytes());
        digest.hex()
    });
    let mut terms = first.terms.clone();
    terms.insert(MACHINES.to_owned(), machines);
    Ok(Some(Load { digest, terms }))
}

/// With the first term that tells them apart.
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
