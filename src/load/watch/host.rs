//! The whole machine: how busy its processors are, and how much of its memory is used.

use std::fs;

use anyhow::{Context, anyhow};

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
    Ok(Reading {
        cpu: Some(busy(&stat).ok_or_else(not_known)?),
        rss: Some(used),
        peak: Some(used),
        ..Reading::default()
    })
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
    fn another_form_is_no_figure() {
        assert_eq!(busy("cpu  1 2 x\n"), None);
        assert_eq!(cores("intr 1\n"), None);
    }
}
