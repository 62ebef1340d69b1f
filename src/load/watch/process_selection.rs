//! Which processes are watched as one, and how they are found.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::anyhow;

use super::proc::{self, Stat};
use crate::hint::WithHint;
use crate::toml_file::nearest::near;

/// Which processes are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProcessSelection {
    One(u32),
    Named(String),
    /// The process group with this number, and all descendants of its leader.
    Group(u32),
}

/// All visible processes.
pub(super) fn stats() -> impl Iterator<Item = (u32, Stat)> {
    proc::all()
        .into_iter()
        .filter_map(|pid| Some((pid, proc::stat(pid)?)))
}

/// Whether a process has this name. Perfgate itself is never meant.
fn is_named(pid: u32, stat: &Stat, name: &str) -> bool {
    // The kernel cuts names at 15 bytes.
    let cut = name.get(..15).unwrap_or(name);
    pid != std::process::id()
        && (stat.name == cut || proc::called(pid).is_some_and(|called| called == name))
}

fn of_service(leader: u32, all: HashMap<u32, Stat>) -> BTreeMap<u32, Stat> {
    let mut ours: HashSet<u32> = all
        .iter()
        .filter(|(pid, stat)| **pid == leader || stat.group == leader)
        .map(|(pid, _)| *pid)
        .collect();
    loop {
        let children: Vec<u32> = all
            .iter()
            .filter(|(pid, stat)| ours.contains(&stat.parent) && !ours.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if children.is_empty() {
            break;
        }
        ours.extend(children);
    }
    all.into_iter()
        .filter(|(pid, _)| ours.contains(pid))
        .collect()
}

impl ProcessSelection {
    /// The selected processes; empty where none is alive. Dead processes that nobody has waited for are included, even
    /// if their name is gone and they are only `known`: their sums are in no other process.
    pub(super) fn find(&self, known: impl Fn(u32, &Stat) -> bool) -> BTreeMap<u32, Stat> {
        let found: BTreeMap<u32, Stat> = match self {
            Self::One(pid) => proc::stat(*pid)
                .map(|stat| (*pid, stat))
                .into_iter()
                .collect(),
            Self::Named(name) => stats()
                .filter(|(pid, stat)| known(*pid, stat) || is_named(*pid, stat, name))
                .collect(),
            Self::Group(leader) => of_service(*leader, stats().collect()),
        };
        if found.values().all(Stat::is_dead) {
            return BTreeMap::new();
        }
        found
    }

    pub(super) fn not_found(&self) -> anyhow::Error {
        let error = anyhow!("watch {self}: there is no such process");
        let Self::Named(name) = self else {
            return error;
        };
        let names: HashSet<String> = stats()
            .flat_map(|(pid, stat)| [Some(stat.name), proc::called(pid)])
            .flatten()
            .collect();
        let Some(near) = near(name, names.iter().map(String::as_str)) else {
            return error;
        };
        let hinted: anyhow::Result<()> = Err(error).hint(format!("there is one named `{near}`"));
        hinted.err().unwrap_or_else(|| anyhow!("watch {self}"))
    }
}

impl std::fmt::Display for ProcessSelection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(pid) => write!(f, "process {pid}"),
            Self::Named(name) => write!(f, "every process named `{name}`"),
            Self::Group(_) => f.write_str("the service"),
        }
    }
}
