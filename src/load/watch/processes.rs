//! Processes as one thing to look at: one, all of a name, or those of the service.

use std::collections::{BTreeMap, HashMap};

use anyhow::{anyhow, bail};

use super::cpu::{Cpu, Ticks};
use super::inheritance::{self, Ended};
use super::look::{Eye, Look, risen};
use super::proc::{self, Io, Memory, Stat};
use super::which::{Which, stats};
use crate::hint::WithHint;

/// Those that are there, with sums over those that were.
#[derive(Debug)]
pub(super) struct Processes {
    which: Which,
    known: HashMap<u32, Known>,
    carried: Carried,
    /// The sums of the look before, below which none may fall.
    total: Total,
    denied: Denied,
    tick: u64,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Known {
    stat: Stat,
    cpu: Cpu,
    childrens: Sum,
    read: Sum,
    written: Sum,
    peak: u64,
}

/// Of the system, and how much of it is of our time.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    now: u64,
    counted: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    cpu: i128,
    read: i128,
    written: i128,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    cpu: u64,
    read: u64,
    written: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Denied {
    io: bool,
    files: bool,
}

impl Sum {
    fn update(&mut self, now: u64) -> u64 {
        let growth = risen(self.now, now);
        self.now = now;
        self.counted += growth;
        growth
    }
}

impl Processes {
    pub(super) fn find(which: Which) -> anyhow::Result<Self> {
        if !proc::is_there() {
            return Err(anyhow!(
                "processes can only be watched where there is /proc, on Linux"
            ))
            .hint("watch a Prometheus endpoint of the service instead");
        }
        let mut processes = Self {
            which,
            known: HashMap::new(),
            carried: Carried::default(),
            total: Total::default(),
            denied: Denied::default(),
            tick: proc::tick(),
            warnings: Vec::new(),
        };
        let there = processes.there();
        if there.is_empty() {
            return Err(processes.which.absent());
        }
        for (pid, stat) in there {
            let known = processes.meet(pid, stat, true);
            processes.known.insert(pid, known);
        }
        processes.warn_of_children();
        processes.look()?;
        Ok(processes)
    }

    fn there(&self) -> BTreeMap<u32, Stat> {
        self.which.there(|pid, stat| {
            let known = self.known.get(&pid);
            known.is_some_and(|known| known.stat.started == stat.started)
        })
    }

    /// A process seen for the first time. What it used before our time is not counted; one that began in our time
    /// is counted whole.
    fn meet(&self, pid: u32, stat: Stat, already_there: bool) -> Known {
        let ticks = stat.ticks.saturating_mul(self.tick);
        let mut known = Known {
            cpu: Cpu::default(),
            childrens: Sum::default(),
            read: Sum::default(),
            written: Sum::default(),
            peak: 0,
            stat,
        };
        if already_there {
            let io = proc::io(pid).unwrap_or_default();
            known.cpu = Cpu::of_a_process_already_there(&proc::threads(pid), ticks);
            known.childrens.now = known.stat.childrens_ticks.saturating_mul(self.tick);
            known.read.now = io.read;
            known.written.now = io.written;
            known.peak = proc::memory(pid).unwrap_or_default().peak;
        }
        known
    }

    fn warn_of_children(&mut self) {
        let Which::One(pid) = self.which else {
            return;
        };
        let children = stats().filter(|(_, stat)| stat.parent == pid).count();
        if children > 0 {
            self.warnings.push(format!(
                "process {pid} has {children} child processes, which are not watched with it: \
                 watch them by name or as a cgroup"
            ));
        }
    }

    /// Takes leave of those that ended, given what each of the living took over.
    fn settle(&mut self, gone: &HashMap<u32, Known>, taken: &mut Taken) {
        let heir = |mut pid: u32| {
            // Each step leads to another of the gone; a number met anew must not lead in a circle.
            for _ in 0..=gone.len() {
                let known = gone.get(&pid)?;
                pid = known.stat.parent;
                if self.known.contains_key(&pid) {
                    return Some(pid);
                }
            }
            None
        };
        let ended = |counted: &dyn Fn(&Known) -> u64, left: &dyn Fn(&Known) -> u64| -> Vec<Ended> {
            gone.iter()
                .map(|(pid, known)| Ended {
                    heir: heir(*pid),
                    counted: counted(known),
                    left: left(known),
                })
                .collect()
        };
        let tick = self.tick;
        let cpu = ended(
            &|known| known.cpu.grown() + known.childrens.counted,
            &|known| known.stat.ticks.saturating_mul(tick) + known.childrens.now,
        );
        let read = ended(&|known| known.read.counted, &|known| known.read.now);
        let written = ended(&|known| known.written.counted, &|known| known.written.now);
        self.carried.cpu += inheritance::carried(&cpu, &mut taken.cpu, 2 * tick);
        self.carried.read += inheritance::carried(&read, &mut taken.read, 0);
        self.carried.written += inheritance::carried(&written, &mut taken.written, 0);
    }

    fn warn_once(&mut self, what: &str, metrics: &str) {
        self.warnings.push(format!(
            "{what} of {} cannot be read, so {metrics} left out: run perfgate as the user of the process",
            self.which
        ));
    }

    /// Never below the look before: where children end in ways that cannot be told apart, a sum stands still.
    fn sum(&self) -> Total {
        let total = |carried: i128, of: &dyn Fn(&Known) -> u64, least: u64| {
            let living: i128 = self.known.values().map(|known| i128::from(of(known))).sum();
            u64::try_from(living + carried).unwrap_or(0).max(least)
        };
        Total {
            cpu: total(
                self.carried.cpu,
                &|known| known.cpu.grown() + known.childrens.counted,
                self.total.cpu,
            ),
            read: total(
                self.carried.read,
                &|known| known.read.counted,
                self.total.read,
            ),
            written: total(
                self.carried.written,
                &|known| known.written.counted,
                self.total.written,
            ),
        }
    }

    fn update(&mut self, pid: u32, stat: Stat, taken: &mut Taken) -> Memory {
        let with_children = self.which != Which::One(pid);
        let (tick, denied) = (self.tick, &mut self.denied);
        let Some(known) = self.known.get_mut(&pid) else {
            return Memory::default();
        };
        let ticks = Ticks {
            now: stat.ticks.saturating_mul(tick),
            length: tick,
        };
        known.cpu.update(&proc::threads(pid), ticks);
        if with_children {
            let childrens = stat.childrens_ticks.saturating_mul(tick);
            taken.cpu.insert(pid, known.childrens.update(childrens));
        }
        match proc::io(pid) {
            Ok(Io { read, written }) => {
                taken.read.insert(pid, known.read.update(read));
                taken.written.insert(pid, known.written.update(written));
            }
            // One that ends at this moment denies nothing.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => denied.io = true,
            Err(_) => {}
        }
        let memory = proc::memory(pid).unwrap_or_default();
        let rose = memory.peak > known.peak;
        known.peak = known.peak.max(memory.peak);
        known.stat = stat;
        Memory {
            resident: memory.resident,
            peak: if rose { memory.peak } else { memory.resident },
        }
    }
}

/// By process, what it took over of children since the look before.
#[derive(Debug, Default)]
struct Taken {
    cpu: HashMap<u32, u64>,
    read: HashMap<u32, u64>,
    written: HashMap<u32, u64>,
}

impl Eye for Processes {
    fn look(&mut self) -> anyhow::Result<Look> {
        let there = self.there();
        if there.is_empty() {
            bail!("{} has ended", self.which);
        }
        let gone: HashMap<u32, Known> = self
            .known
            .extract_if(|pid, known| {
                let now = there.get(pid).map(|stat| stat.started);
                now != Some(known.stat.started)
            })
            .collect();
        if matches!(self.which, Which::One(_)) && self.known.is_empty() {
            bail!("{} has ended, and its number is another's now", self.which);
        }
        let (mut taken, mut resident, mut peak) = (Taken::default(), 0, 0);
        let (mut files, before) = (0, self.denied);
        for (pid, stat) in there {
            if !self.known.contains_key(&pid) {
                let known = self.meet(pid, stat.clone(), false);
                self.known.insert(pid, known);
            }
            let memory = self.update(pid, stat, &mut taken);
            resident += memory.resident;
            peak += memory.peak;
            match proc::open_files(pid) {
                Ok(count) => files += count,
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    self.denied.files = true;
                }
                Err(_) => {}
            }
        }
        if self.denied.io && !before.io {
            self.warn_once("/proc/PID/io", "`read` and `written` are");
        }
        if self.denied.files && !before.files {
            self.warn_once("/proc/PID/fd", "`open_files` is");
        }
        self.settle(&gone, &mut taken);
        self.total = self.sum();
        Ok(Look {
            cpu: Some(self.total.cpu),
            rss: Some(resident),
            peak: Some(peak),
            read: (!self.denied.io).then_some(self.total.read),
            written: (!self.denied.io).then_some(self.total.written),
            open_files: (!self.denied.files).then_some(files),
        })
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}
