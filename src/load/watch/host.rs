//! The whole machine: how busy its processors are, how much of its memory is used, its load average, disks, network and
//! open files.

use std::fs;

use anyhow::{Context, anyhow};

use super::network::Traffic;
use super::probe::{Probe, Reading};

/// The kernel counts in ticks of a hundredth of a second on every architecture that is supported.
const TICK: u64 = 10_000_000;

/// How large the machine is. Shares are parts of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MachineSize {
    pub(super) cores: u32,
    /// In bytes.
    pub(super) memory: u64,
}

impl MachineSize {
    /// `None` where the system does not tell.
    pub(super) fn find() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
        Some(Self {
            cores: cores(&stat)?,
            memory: memory(&meminfo, "MemTotal")?,
        })
    }
}

/// Reads the machine. The time that a hypervisor took away is not counted as use.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostProbe;

impl HostProbe {
    pub(super) fn find() -> anyhow::Result<Self> {
        read().map(|_| Self)
    }
}

impl Probe for HostProbe {
    fn read(&mut self) -> anyhow::Result<Reading> {
        read()
    }

    fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}

fn read() -> anyhow::Result<Reading> {
    let stat = fs::read_to_string("/proc/stat").context("watch the machine: read /proc/stat")?;
    let meminfo =
        fs::read_to_string("/proc/meminfo").context("watch the machine: read /proc/meminfo")?;
    let not_known = || anyhow!("watch the machine: /proc has another form than Linux gives it");
    let used = used_memory(&meminfo).ok_or_else(not_known)?;
    // A container may hide what follows; it is left out then.
    let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let disks = disks(&text("/proc/diskstats"), |name| {
        fs::exists(format!("/sys/block/{name}/device")).unwrap_or(false)
    });
    let network = Traffic::of_the_machine();
    Ok(Reading {
        cpu: Some(busy(&stat).ok_or_else(not_known)?),
        rss: Some(used),
        peak: Some(used),
        read: disks.map(|(read, _)| read),
        written: disks.map(|(_, written)| written),
        open_files: open_files(&text("/proc/sys/fs/file-nr")),
        received: network.map(|traffic| traffic.received),
        sent: network.map(|traffic| traffic.sent),
        looped: network.map(|traffic| traffic.looped),
        load: load_average(&text("/proc/loadavg")),
        ..Reading::default()
    })
}

/// Bytes that all disks read and wrote; parts of a disk and what lies above disks would count them again.
fn disks(text: &str, is_disk: impl Fn(&str) -> bool) -> Option<(u64, u64)> {
    /// The kernel counts in sectors of this size, whatever the disk has.
    const SECTOR: u64 = 512;
    let disks = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let name = fields.get(2).filter(|name| is_disk(name))?;
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((*name, number(5)?, number(9)?))
    });
    let sum = disks.fold(None, |sum: Option<(u64, u64)>, (_, read, written)| {
        let (all_read, all_written) = sum.unwrap_or_default();
        Some((all_read + read, all_written + written))
    });
    sum.map(|(read, written)| (read.saturating_mul(SECTOR), written.saturating_mul(SECTOR)))
}

fn open_files(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Of the last minute, in hundredths, as exact as the kernel tells it.
fn load_average(text: &str) -> Option<u64> {
    let (whole, parts) = text.split_ascii_whitespace().next()?.split_once('.')?;
    if parts.len() != 2 {
        return None;
    }
    format!("{whole}{parts}").parse().ok()
}

/// The time in nanoseconds that all processors together worked.
fn busy(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    // As proc(5) has them; guests are counted within user.
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = fields.as_slice() else {
        return None;
    };
    let ticks: u64 = [user, nice, system, irq, softirq].into_iter().sum();
    Some(ticks.saturating_mul(TICK))
}

fn cores(stat: &str) -> Option<u32> {
    let is_core = |line: &&str| {
        let number = line
            .strip_prefix("cpu")
            .and_then(|rest| rest.split(' ').next());
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let count = stat.lines().filter(is_core).count();
    u32::try_from(count).ok().filter(|count| *count > 0)
}

fn used_memory(meminfo: &str) -> Option<u64> {
    memory(meminfo, "MemTotal")?.checked_sub(memory(meminfo, "MemAvailable")?)
}

fn memory(meminfo: &str, field: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Debian 12, Linux 6.1: `head -4 /proc/stat` and `head -3 /proc/meminfo`.
    const STAT: &str = "cpu  1000 20 300 50000 40 5 6 700 80 9\ncpu0 500 10 150 25000 20 3 3 350 40 5\ncpu1 500 10 150 25000 20 2 3 350 40 4\nintr 12345 0\n";
    const MEMINFO: &str =
        "MemTotal:       16384000 kB\nMemFree:         1000000 kB\nMemAvailable:   12288000 kB\n";

    #[test]
    fn idle_waiting_stolen_and_guest_time_are_no_use() {
        assert_eq!(busy(STAT), Some((1000 + 20 + 300 + 5 + 6) * TICK));
        assert_eq!(cores(STAT), Some(2));
    }

    #[test]
    fn memory_that_can_be_had_at_once_is_not_used() {
        assert_eq!(used_memory(MEMINFO), Some(4_096_000 * 1024));
        assert_eq!(used_memory("MemTotal: 5 kB\n"), None);
    }

    #[test]
    fn disks_count_once_and_loops_and_parts_do_not() {
        let text = "   7       0 loop0 5 0 100 0 0 0 100 0 0 0 0\n 254       0 vda 9 0 2000 1 8 0 4000 2 0 0 0\n 254       1 vda1 9 0 2000 1 8 0 4000 2 0 0 0\n";
        let found = disks(text, |name| name == "vda");
        assert_eq!(found, Some((2000 * 512, 4000 * 512)));
        assert_eq!(disks(text, |_| false), None);
    }

    #[test]
    fn load_and_files_are_read_as_the_kernel_writes_them() {
        assert_eq!(load_average("1.05 0.90 0.80 2/300 12345\n"), Some(105));
        assert_eq!(load_average("12.30 0.90 0.80 2/300 12345\n"), Some(1230));
        assert_eq!(load_average("busy"), None);
        assert_eq!(open_files("1600\t0\t9223372036854775807\n"), Some(1600));
    }

    #[test]
    fn another_form_is_no_figure() {
        assert_eq!(busy("cpu  1 2 x\n"), None);
        assert_eq!(cores("intr 1\n"), None);
    }
}
