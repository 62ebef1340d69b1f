//! The CPU time of one process, from a coarse and a fine count of the kernel.

use std::collections::HashMap;

use super::probe::increase;

/// The CPU time since the process was first seen.
///
/// Clock ticks (10 ms) include all threads that ever ended; nanoseconds are known only of living threads. As long as no
/// thread ends unseen, the two agree within two ticks, and the nanoseconds are more exact.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessCpu {
    threads: HashMap<u32, u64>,
    fine: u64,
    coarse: u64,
    grown: u64,
}

impl ProcessCpu {
    /// A process that was there before the watch began: nothing that it used so far is counted.
    pub(super) fn of_a_process_already_there(threads: &[(u32, u64)], ticks: u64) -> Self {
        Self {
            threads: threads.iter().copied().collect(),
            fine: 0,
            coarse: ticks,
            grown: 0,
        }
    }

    /// Adds a reading of the threads' nanoseconds and of the clock ticks.
    pub(super) fn update(&mut self, threads: &[(u32, u64)], ticks: Ticks) {
        for (thread, now) in threads {
            let before = self.threads.insert(*thread, *now).unwrap_or(0);
            self.fine += increase(before, *now);
        }
        self.threads
            .retain(|known, _| threads.iter().any(|(thread, _)| thread == known));
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

    fn ticks(now: u64) -> Ticks {
        Ticks {
            now: now * MS,
            length: 10 * MS,
        }
    }

    #[test]
    fn living_threads_are_counted_to_the_nanosecond() {
        let mut cpu = ProcessCpu::of_a_process_already_there(&[(1, 500), (2, 700)], 40 * MS);
        cpu.update(&[(1, 512), (2, 700), (3, 30)], ticks(50));
        assert_eq!(cpu.grown(), 42);
        cpu.update(&[(1, 512), (3, 31)], ticks(50));
        assert_eq!(cpu.grown(), 43);
    }

    #[test]
    fn threads_that_came_and_went_unseen_are_in_the_ticks() {
        let mut cpu = ProcessCpu::default();
        cpu.update(&[(1, MS)], ticks(500));
        assert_eq!(cpu.grown(), 500 * MS);
        cpu.update(&[(1, 2 * MS)], ticks(490));
        assert_eq!(cpu.grown(), 500 * MS, "what was counted stays");
    }

    #[test]
    fn a_kernel_without_fine_counts_is_read_by_its_ticks() {
        let mut cpu = ProcessCpu::of_a_process_already_there(&[], 100 * MS);
        cpu.update(&[], ticks(400));
        assert_eq!(cpu.grown(), 300 * MS);
    }
}
