//! Processes as one probe: a single one, all of a name, or those of the service.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use super::cpu::{ProcessCpu, Ticks};
use super::inheritance::{self, EndedProcess};
use super::limits::Limits;
use super::network::Traffic;
use super::probe::{Probe, Reading, increase};
use super::proc::{self, OpenProcess, ProcessIo, ProcessMemory, Scheduled, Stat};
use super::process_selection::{Others, ProcessSelection, stats};
use crate::hint::WithHint;

/// Of so many processes files are kept open, two of each. The load generator needs most of what a process may open.
const MOST_OPEN: usize = 128;
/// For so long a process that got no CPU time is taken for what it was: the system may have taken pages from it.
const UNSEEN: Duration = Duration::from_secs(8);

/// The selected processes that run, with sums that include those that have ended.
#[derive(Debug)]
pub(super) struct ProcessProbe {
    selection: ProcessSelection,
    others: Others,
    known: HashMap<u32, TrackedProcess>,
    carried: Carried,
    /// Of processes that have ended.
    effort: Effort,
    /// The sums of the previous reading. No sum may fall below them.
    total: Total,
    denied: Denied,
    tick: u64,
    /// Whether the next reading looks at processes that rest, too.
    looks_closely: bool,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct TrackedProcess {
    stat: Stat,
    open: Option<OpenProcess>,
    /// Its first thread as it was before the rest was read, and when that was.
    scheduled: Option<Scheduled>,
    read_at: Instant,
    cpu: ProcessCpu,
    childrens: CountedSum,
    read: CountedSum,
    written: CountedSum,
    faults: CountedSum,
    peak: u64,
    /// What was read last.
    resident: Option<u64>,
    files: Option<u64>,
}

/// A sum of the system, and how much of it was counted.
#[derive(Clone, Copy, Debug, Default)]
struct CountedSum {
    now: u64,
    counted: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    cpu: i128,
    read: i128,
    written: i128,
}

/// What the kernel did for processes, as far as it was seen: what ends between two looks takes a little of it along.
#[derive(Clone, Copy, Debug, Default)]
struct Effort {
    faults: u64,
    switches: u64,
    run_delay: u64,
}

impl Effort {
    fn of<'a>(processes: impl Iterator<Item = &'a TrackedProcess>) -> Self {
        let mut all = Self::default();
        for process in processes {
            let (delay, turns) = process.cpu.scheduled();
            all.faults += process.faults.counted;
            all.switches += turns;
            all.run_delay += delay;
        }
        all
    }

    fn and(self, other: Self) -> Self {
        Self {
            faults: self.faults + other.faults,
            switches: self.switches + other.switches,
            run_delay: self.run_delay + other.run_delay,
        }
    }
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

impl CountedSum {
    fn update(&mut self, now: u64) -> u64 {
        let growth = increase(self.now, now);
        self.now = now;
        self.counted += growth;
        growth
    }
}

impl TrackedProcess {
    /// What it is now; `None` where it has ended. One that got no CPU time since the last look is what it was.
    fn look(&mut self, pid: u32, now: Instant, closely: bool) -> Option<Stat> {
        let Some(open) = &self.open else {
            return proc::stat(pid).filter(|stat| stat.started == self.stat.started);
        };
        // Read before the rest, so that what happens in between is seen at the next look.
        let alone = self.stat.sleeps_alone();
        let scheduled = alone.then(|| open.scheduled(pid)).flatten();
        let is_fresh = now.saturating_duration_since(self.read_at) < UNSEEN;
        if !closely && is_fresh && scheduled.is_some() && scheduled == self.scheduled {
            return Some(self.stat.clone());
        }
        self.scheduled = scheduled;
        self.read_at = now;
        open.stat()
    }

    /// Each of its threads, given what it is now.
    fn threads(&self, pid: u32, stat: &Stat) -> Vec<Scheduled> {
        match self.scheduled {
            Some(scheduled) if stat.threads == 1 => vec![scheduled],
            _ => proc::threads(pid),
        }
    }
}

impl ProcessProbe {
    /// The oldest of the processes: they share a group and a network.
    fn one(&self) -> Option<u32> {
        let oldest = self
            .known
            .iter()
            .min_by_key(|(pid, known)| (known.stat.started, **pid));
        oldest.map(|(pid, _)| *pid)
    }

    pub(super) fn find(selection: ProcessSelection) -> anyhow::Result<Self> {
        if !proc::is_there() {
            return Err(anyhow!(
                "processes can only be watched where there is /proc, on Linux"
            ))
            .hint("watch a Prometheus endpoint of the service instead");
        }
        let mut processes = Self {
            selection,
            others: Others::default(),
            known: HashMap::new(),
            carried: Carried::default(),
            effort: Effort::default(),
            total: Total::default(),
            denied: Denied::default(),
            tick: proc::tick(),
            looks_closely: true,
            warnings: Vec::new(),
        };
        let selected = processes.selected();
        if selected.is_empty() {
            return Err(processes.selection.not_found());
        }
        for (pid, stat) in selected {
            let known = processes.track(pid, stat, true);
            processes.known.insert(pid, known);
        }
        processes.warn_of_children();
        processes.read()?;
        Ok(processes)
    }

    fn selected(&mut self) -> BTreeMap<u32, Stat> {
        let (now, closely) = (Instant::now(), self.looks_closely);
        if closely {
            self.others.forget();
        }
        let known = self.known.iter_mut();
        let before = known
            .filter_map(|(pid, known)| Some((*pid, known.look(*pid, now, closely)?)))
            .collect();
        self.selection.find(before, &mut self.others)
    }

    /// A process that is seen for the first time. What it used before the watch began is not counted; a process that
    /// started later is counted whole.
    fn track(&self, pid: u32, stat: Stat, already_there: bool) -> TrackedProcess {
        let ticks = stat.ticks.saturating_mul(self.tick);
        // It may have ended meanwhile, and another may have its number.
        let is_same = |open: &OpenProcess| open.stat().is_some_and(|it| it.started == stat.started);
        let open = (self.known.len() < MOST_OPEN)
            .then(|| OpenProcess::open(pid).ok().filter(is_same))
            .flatten();
        let mut known = TrackedProcess {
            open,
            scheduled: None,
            read_at: Instant::now(),
            cpu: ProcessCpu::default(),
            childrens: CountedSum::default(),
            read: CountedSum::default(),
            written: CountedSum::default(),
            faults: CountedSum::default(),
            peak: 0,
            resident: None,
            files: None,
            stat,
        };
        if already_there {
            let io = proc::io(pid).unwrap_or_default();
            known.cpu = ProcessCpu::of_a_process_already_there(&proc::threads(pid), ticks);
            known.childrens.now = known.stat.childrens_ticks.saturating_mul(self.tick);
            known.read.now = io.read;
            known.written.now = io.written;
            known.faults.now = known.stat.faults;
            known.peak = proc::memory(pid).unwrap_or_default().peak;
        }
        known
    }

    fn warn_of_children(&mut self) {
        let ProcessSelection::One(pid) = self.selection else {
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

    /// Keeps the sums of processes that ended, given what each running process took over.
    fn carry_over(
        &mut self,
        ended_processes: &HashMap<u32, TrackedProcess>,
        inherited: &mut InheritedSums,
    ) {
        let heir = |mut pid: u32| {
            // Each step leads to another ended process. The number of steps is limited because a reused number could
            // lead in a circle.
            for _ in 0..=ended_processes.len() {
                let known = ended_processes.get(&pid)?;
                pid = known.stat.parent;
                if self.known.contains_key(&pid) {
                    return Some(pid);
                }
            }
            None
        };
        let ended = |counted: &dyn Fn(&TrackedProcess) -> u64,
                     left: &dyn Fn(&TrackedProcess) -> u64|
         -> Vec<EndedProcess> {
            ended_processes
                .iter()
                .map(|(pid, known)| EndedProcess {
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
        self.carried.cpu += inheritance::carried(&cpu, &mut inherited.cpu, 2 * tick);
        self.carried.read += inheritance::carried(&read, &mut inherited.read, 0);
        self.carried.written += inheritance::carried(&written, &mut inherited.written, 0);
    }

    fn warn_once(&mut self, what: &str, metrics: &str) {
        self.warnings.push(format!(
            "{what} of {} cannot be read, so {metrics} left out: run perfgate as the user of the process",
            self.selection
        ));
    }

    /// The sums of all processes, never below the previous reading. Where children end in ways that cannot be told
    /// apart, a sum stays the same.
    fn sum(&self) -> Total {
        let total = |carried: i128, of: &dyn Fn(&TrackedProcess) -> u64, least: u64| {
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

    fn update(&mut self, pid: u32, stat: Stat, inherited: &mut InheritedSums) -> ProcessMemory {
        let with_children = self.selection != ProcessSelection::One(pid);
        let (tick, closely, denied) = (self.tick, self.looks_closely, &mut self.denied);
        let Some(known) = self.known.get_mut(&pid) else {
            return ProcessMemory::default();
        };
        let ticks = Ticks {
            now: stat.ticks.saturating_mul(tick),
            length: tick,
        };
        known.cpu.update(&known.threads(pid, &stat), ticks);
        known.faults.update(stat.faults);
        if with_children {
            let childrens = stat.childrens_ticks.saturating_mul(tick);
            inherited.cpu.insert(pid, known.childrens.update(childrens));
        }
        match proc::io(pid) {
            Ok(ProcessIo { read, written }) => {
                inherited.read.insert(pid, known.read.update(read));
                inherited.written.insert(pid, known.written.update(written));
            }
            // A process that ends at this moment denies nothing.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => denied.io = true,
            Err(_) => {}
        }
        let memory = match known.resident {
            Some(resident) if !closely && stat.has_the_memory_of(&known.stat) => ProcessMemory {
                resident,
                peak: known.peak,
            },
            _ => proc::memory(pid).unwrap_or_default(),
        };
        let rose = memory.peak > known.peak;
        known.peak = known.peak.max(memory.peak);
        known.stat = stat;
        known.resident = Some(memory.resident);
        ProcessMemory {
            resident: memory.resident,
            peak: if rose { memory.peak } else { memory.resident },
        }
    }
}

/// What each process took over from its children since the previous reading.
#[derive(Debug, Default)]
struct InheritedSums {
    cpu: HashMap<u32, u64>,
    read: HashMap<u32, u64>,
    written: HashMap<u32, u64>,
}

impl Probe for ProcessProbe {
    fn read(&mut self) -> anyhow::Result<Reading> {
        let selected = self.selected();
        if selected.is_empty() {
            bail!("{} has ended", self.selection);
        }
        let ended_processes: HashMap<u32, TrackedProcess> = self
            .known
            .extract_if(|pid, known| {
                let now = selected.get(pid).map(|stat| stat.started);
                now != Some(known.stat.started)
            })
            .collect();
        if matches!(self.selection, ProcessSelection::One(_)) && self.known.is_empty() {
            bail!(
                "{} has ended, and its number is another's now",
                self.selection
            );
        }
        let began_anew = self.known.is_empty() && !ended_processes.is_empty();
        let (mut inherited, mut resident, mut peak) = (InheritedSums::default(), 0, 0);
        let (mut files, before) = (0, self.denied);
        for (pid, stat) in selected {
            if !self.known.contains_key(&pid) {
                let known = self.track(pid, stat.clone(), false);
                self.known.insert(pid, known);
            }
            // Most of many processes rest at most looks, and each costs a dozen system calls.
            if !self.looks_closely
                && let Some(known) = self.known.get(&pid)
                && let (Some(open), Some(memory)) = (known.files, known.resident)
                && stat.has_rested_since(&known.stat)
            {
                resident += memory;
                peak += memory;
                files += open;
                continue;
            }
            let memory = self.update(pid, stat, &mut inherited);
            resident += memory.resident;
            peak += memory.peak;
            match proc::open_files(pid) {
                Ok(count) => {
                    files += count;
                    if let Some(known) = self.known.get_mut(&pid) {
                        known.files = Some(count);
                    }
                }
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
        self.looks_closely = false;
        self.carry_over(&ended_processes, &mut inherited);
        self.effort = self.effort.and(Effort::of(ended_processes.values()));
        let effort = self.effort.and(Effort::of(self.known.values()));
        let scheduled = effort.switches > 0;
        self.total = self.sum();
        let network = self.one().and_then(Traffic::of_process);
        Ok(Reading {
            cpu: Some(self.total.cpu),
            rss: Some(resident),
            peak: Some(peak),
            read: (!self.denied.io).then_some(self.total.read),
            written: (!self.denied.io).then_some(self.total.written),
            open_files: (!self.denied.files).then_some(files),
            received: network.map(|traffic| traffic.received),
            sent: network.map(|traffic| traffic.sent),
            looped: network.map(|traffic| traffic.looped),
            load: None,
            faults: Some(effort.faults),
            // A kernel that counts neither says so by nothing at all.
            switches: scheduled.then_some(effort.switches),
            run_delay: scheduled.then_some(effort.run_delay),
            began_anew,
        })
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn look_closely(&mut self) {
        self.looks_closely = true;
    }

    fn limits(&self) -> Limits {
        self.one().map(Limits::of_process).unwrap_or_default()
    }
}
