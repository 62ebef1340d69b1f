//! The CPU time of one process, from a coarse and a fine count of the kernel.

use std::collections::HashMap;

use super::probe::increase;
use super::proc::Scheduled;

/// The CPU time since the process was first seen.
///
/// Clock ticks (10 ms) include all threads that ever ended; nanoseconds are known only of living threads. As long as no
/// thread ends unseen, the two agree within two ticks, and the nanoseconds are more exact.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessCpu {
    threads: HashMap<u32, Scheduled>,
    fine: u64,
    coarse: u64,
    grown: u64,
    /// Of threads that were seen: without a processor although ready, and how often they got one.
    delay: u64,
    turns: u64,
}

impl ProcessCpu {
    /// A process that was there before the watch began: nothing that it used so far is counted.
    pub(super) fn of_a_process_already_there(threads: &[Scheduled], ticks: u64) -> Self {
        Self {
            threads: threads.iter().map(|now| (now.thread, *now)).collect(),
            coarse: ticks,
            ..Self::default()
        }
    }

    /// Adds a reading of the threads' nanoseconds and of the clock ticks.
    pub(super) fn update(&mut self, threads: &[Scheduled], ticks: Ticks) {
        for now in threads {
            let before = self.threads.insert(now.thread, *now).unwrap_or_default();
            self.fine += increase(before.cpu, now.cpu);
            self.delay += increase(before.delay, now.delay);
            self.turns += increase(before.turns, now.turns);
        }
        self.threads
            .retain(|known, _| threads.iter().any(|now| now.thread == *known));
        let coarse = ticks.now.saturating_sub(self.coarse);
        let best = if coarse > self.fine + 2 * ticks.length {
            coarse
        } else {
            self.fine
        };
        self.grown = self.grown.max(best);
    }

    pub(super) fn grown(&self) -> u64 {
        self.grown
    }

    /// The time without a processor, and the turns on one.
    pub(super) fn scheduled(&self) -> (u64, u64) {
        (self.delay, self.turns)
    }
}

/// Clock ticks in nanoseconds: how many there were, and how long one is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    pub(super) now: u64,
    pub(super) length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn ran(threads: &[(u32, u64)]) -> Vec<Scheduled> {
        let one = |(thread, cpu): &(u32, u64)| Scheduled {
            thread: *thread,
            cpu: *cpu,
            delay: cpu / 2,
            turns: 1,
        };
        threads.iter().map(one).collect()
    }

    fn ticks(now: u64) -> Ticks {
        Ticks {
            now: now * MS,
            length: 10 * MS,
        }
    }

    #[test]
    fn living_threads_are_counted_to_the_nanosecond() {
        let mut cpu = ProcessCpu::of_a_process_already_there(&ran(&[(1, 500), (2, 700)]), 40 * MS);
        cpu.update(&ran(&[(1, 512), (2, 700), (3, 30)]), ticks(50));
        assert_eq!(cpu.grown(), 42);
        assert_eq!(cpu.scheduled(), (21, 1), "only the third took a turn");
        cpu.update(&ran(&[(1, 512), (3, 31)]), ticks(50));
        assert_eq!(cpu.grown(), 43);
    }

    #[test]
    fn threads_that_came_and_went_unseen_are_in_the_ticks() {
        let mut cpu = ProcessCpu::default();
        cpu.update(&ran(&[(1, MS)]), ticks(500));
        assert_eq!(cpu.grown(), 500 * MS);
        cpu.update(&ran(&[(1, 2 * MS)]), ticks(490));
        assert_eq!(cpu.grown(), 500 * MS, "what was counted stays");
    }

    #[test]
    fn a_kernel_without_fine_counts_is_read_by_its_ticks() {
        let mut cpu = ProcessCpu::of_a_process_already_there(&[], 100 * MS);
        cpu.update(&[], ticks(400));
        assert_eq!(cpu.grown(), 300 * MS);
    }
}
