//! Which processes are watched as one, and how they are found.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::proc::{self, Stat};
use crate::hint::WithHint;
use crate::toml_file::nearest::near;

/// How long what was looked through last is taken for what there is, as long as nothing was started.
const FULLY: Duration = Duration::from_secs(8);
/// How long a new process may take to become another program: a shell begins what it starts as a copy of itself.
const YOUNG: Duration = Duration::from_secs(3);

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

/// The process that has worked most of those of a group and their descendants; its leader where nothing is known.
pub fn busiest_of_group(leader: u32) -> u32 {
    let of_group = of_service(leader, stats().collect()).into_iter();
    let alive = of_group.filter(|(_, stat)| !stat.is_dead());
    alive
        .max_by_key(|(pid, stat)| (stat.ticks, std::cmp::Reverse(*pid)))
        .map_or(leader, |(pid, _)| pid)
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

/// What is known of the processes that are not watched, so that not every look goes through all there are.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Those that were not selected, with the time at which they were first seen.
    refused: HashMap<u32, Instant>,
    /// When every process was looked at, and the last one that had been started by then.
    looked: Option<Instant>,
    last_started: Option<u64>,
}

/// How much is to be looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    Nothing,
    New,
    All,
}

impl Others {
    /// Decides by what was started since the last time. Read before the processes are, so that nothing is missed.
    fn search(&mut self, now: Instant, last_started: Option<u64>) -> Search {
        let age = |since: Instant| now.saturating_duration_since(since);
        if self.looked.is_none_or(|looked| age(looked) >= FULLY) {
            self.looked = Some(now);
            self.last_started = last_started;
            return Search::All;
        }
        let nothing_new = last_started.is_some() && last_started == self.last_started;
        self.last_started = last_started;
        if nothing_new && self.refused.values().all(|since| age(*since) >= YOUNG) {
            return Search::Nothing;
        }
        Search::New
    }

    /// Has the next look go through everything.
    pub(super) fn forget(&mut self) {
        self.looked = None;
    }
}

impl ProcessSelection {
    /// The selected processes; empty where none is alive. Those that were selected before come with what they are now.
    /// Dead processes that nobody has waited for are among them, even if their name is gone: their sums are in no other
    /// process.
    pub(super) fn find(
        &self,
        before: BTreeMap<u32, Stat>,
        others: &mut Others,
    ) -> BTreeMap<u32, Stat> {
        if before.values().all(Stat::is_dead) {
            others.forget();
        }
        let mut found = before;
        match self {
            Self::One(pid) => {
                if found.is_empty() {
                    found.extend(proc::stat(*pid).map(|stat| (*pid, stat)));
                }
            }
            Self::Named(_) | Self::Group(_) => {
                let now = Instant::now();
                match others.search(now, proc::last_started()) {
                    Search::Nothing => {}
                    search => self.search(search, now, &mut found, others),
                }
            }
        }
        if found.values().all(Stat::is_dead) {
            return BTreeMap::new();
        }
        found
    }

    fn search(
        &self,
        search: Search,
        now: Instant,
        found: &mut BTreeMap<u32, Stat>,
        others: &mut Others,
    ) {
        let all = proc::all();
        let mut refused = HashMap::with_capacity(others.refused.len());
        let mut unknown = HashMap::new();
        for pid in all {
            if found.contains_key(&pid) {
                continue;
            }
            let since = others.refused.get(&pid).copied().unwrap_or(now);
            refused.insert(pid, since);
            let is_settled = now.saturating_duration_since(since) >= YOUNG;
            if search == Search::New && is_settled {
                continue;
            }
            if let Some(stat) = proc::stat(pid) {
                unknown.insert(pid, stat);
            }
        }
        match self {
            Self::One(_) => {}
            Self::Named(name) => {
                let named = |(pid, stat): &(u32, Stat)| is_named(*pid, stat, name);
                found.extend(unknown.into_iter().filter(named));
            }
            Self::Group(leader) => {
                unknown.extend(std::mem::take(found));
                *found = of_service(*leader, unknown);
            }
        }
        refused.retain(|pid, _| !found.contains_key(pid));
        others.refused = refused;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_looked_through_now_and_then_and_what_is_new_at_once() {
        let (mut others, began) = (Others::default(), Instant::now());
        let mut search = |seconds: f64, last| {
            let at = began + Duration::from_secs_f64(seconds);
            others.search(at, last)
        };
        assert_eq!(search(0.0, Some(7)), Search::All);
        assert_eq!(search(1.0, Some(7)), Search::Nothing);
        assert_eq!(search(2.0, Some(9)), Search::New);
        assert_eq!(search(3.0, Some(9)), Search::Nothing);
        // Where the system does not tell what was started, anything may have been.
        assert_eq!(search(4.0, None), Search::New);
        assert_eq!(search(5.0, None), Search::New);
        assert_eq!(search(8.0, Some(9)), Search::All);
        others.refused.insert(3, began + Duration::from_secs(8));
        let mut search = |seconds: u64| {
            let at = began + Duration::from_secs(seconds);
            others.search(at, Some(9))
        };
        // A process that has just begun may still become the program that is meant.
        assert_eq!(search(10), Search::New);
        assert_eq!(search(12), Search::Nothing);
        others.forget();
        assert_eq!(others.search(began, Some(9)), Search::All);
    }
}
