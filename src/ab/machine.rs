//! What the machine did beside the measuring: time that its host gave to others, and how fast its cores ran.

use std::fs;
use std::time::{Duration, Instant};

/// Told from this share on: less does not show in what is measured.
const TOLD_STEAL: f64 = 0.01;
/// Told where the slowest and the fastest reading differ by more than this.
const TOLD_FREQUENCY: f64 = 0.1;

/// Between windows it is read no oftener: on a machine of many cores each reading takes milliseconds.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Readings since it was made. Where the system tells nothing, nothing is told.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    read_at: Option<Instant>,
    first: Option<Times>,
    last: Option<Times>,
    /// The slowest and the fastest mean over the cores, in kHz.
    frequencies: Option<(f64, f64)>,
}

/// Of all cores, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    all: u64,
    steal: u64,
}

impl Machine {
    /// Reads, unless it was read a moment ago. To be done between windows.
    pub fn read_between_windows(&mut self) {
        let is_new = self.read_at.is_some_and(|at| at.elapsed() < SHORTEST_PAUSE);
        if !is_new {
            self.read();
            self.read_at = Some(Instant::now());
        }
    }

    /// Reads once, as at the end.
    pub fn read(&mut self) {
        let times = fs::read_to_string("/proc/stat").ok();
        let times = times.and_then(|text| Times::of(&text));
        self.first = self.first.or(times);
        self.last = times.or(self.last);
        if let Some(now) = frequency() {
            let (slowest, fastest) = self.frequencies.unwrap_or((now, now));
            self.frequencies = Some((slowest.min(now), fastest.max(now)));
        }
    }

    /// What a reader of the verdict should know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let (Some(first), Some(last)) = (self.first, self.last)
            && let Some(share) = last
                .stolen_since(first)
                .filter(|share| *share >= TOLD_STEAL)
        {
            notes.push(format!(
                "the host of this machine gave {:.0} % of its CPU time to others meanwhile (steal)",
                100.0 * share
            ));
        }
        if let Some((slowest, fastest)) = self.frequencies
            && slowest * (1.0 + TOLD_FREQUENCY) < fastest
        {
            notes.push(format!(
                "the cores ran at {:.1} to {:.1} GHz",
                slowest / 1e6,
                fastest / 1e6
            ));
        }
        notes
    }
}

impl Times {
    /// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal, and two that user and nice
    /// hold already.
    fn of(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Option<Vec<u64>> = line
            .split_whitespace()
            .take(8)
            .map(|number| number.parse().ok())
            .collect();
        let ticks = ticks?;
        Some(Self {
            all: ticks
                .iter()
                .fold(0, |sum, ticks| sum.saturating_add(*ticks)),
            steal: *ticks.get(7)?,
        })
    }

    fn stolen_since(self, first: Self) -> Option<f64> {
        let all = self.all.checked_sub(first.all).filter(|all| *all > 0)?;
        let steal = self.steal.checked_sub(first.steal)?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a comparison lasts no 2^53 ticks"
        )]
        Some(steal as f64 / all as f64)
    }
}

/// The mean over the cores, in kHz.
fn frequency() -> Option<f64> {
    let cores = fs::read_dir("/sys/devices/system/cpu").ok()?.flatten();
    let readings: Vec<f64> = cores
        .filter_map(|core| fs::read_to_string(core.path().join("cpufreq/scaling_cur_freq")).ok())
        .filter_map(|text| text.trim().parse().ok())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a machine has few cores")]
    let count = readings.len() as f64;
    (count > 0.0).then(|| readings.iter().sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_the_host_took_is_told_from_one_per_cent_on() {
        // `head -1 /proc/stat`, Linux 6.1 on a virtual machine.
        let at = |idle: u64, steal: u64| {
            Times::of(&format!(
                "cpu  100 5 50 {idle} 10 0 5 {steal} 0 0\ncpu0 1\n"
            ))
        };
        let machine = |steal: u64| Machine {
            first: at(1000, 30),
            last: at(1900 + (100 - steal), 30 + steal),
            ..Machine::default()
        };
        let told = machine(40).notes();
        assert!(told.iter().any(|note| note.contains("4 %")), "{told:?}");
        assert!(machine(9).notes().is_empty());
        assert_eq!(Times::of("cpu0 1 2 3\n"), None);
        assert!(Machine::default().notes().is_empty());
    }

    #[test]
    fn cores_that_change_their_speed_are_told() {
        let machine = |slowest: f64, fastest: f64| Machine {
            frequencies: Some((slowest, fastest)),
            ..Machine::default()
        };
        let told = machine(2.0e6, 3.4e6).notes();
        assert_eq!(told, ["the cores ran at 2.0 to 3.4 GHz"]);
        assert!(machine(3.3e6, 3.4e6).notes().is_empty());
    }
}
