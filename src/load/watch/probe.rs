//! How a part of the system under test is read, again and again.

use super::limits::Limits;

/// One reading. `cpu`, `read`, `written` and the traffic are sums that only grow. Unknown figures are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// CPU time in nanoseconds.
    pub(super) cpu: Option<u64>,
    /// Resident memory in bytes, as all that follow.
    pub(super) rss: Option<u64>,
    /// The peak of resident memory since the previous reading, as far as the system tells; never less than `rss`.
    pub(super) peak: Option<u64>,
    pub(super) read: Option<u64>,
    pub(super) written: Option<u64>,
    pub(super) open_files: Option<u64>,
    /// Bytes that came from and went to other machines, and those that stayed on this one. Sums.
    pub(super) received: Option<u64>,
    pub(super) sent: Option<u64>,
    pub(super) looped: Option<u64>,
    /// The load average of a minute, in hundredths.
    pub(super) load: Option<u64>,
    /// Page faults, switches between threads, and nanoseconds in which a thread was ready and had no processor. Sums.
    pub(super) faults: Option<u64>,
    pub(super) switches: Option<u64>,
    pub(super) run_delay: Option<u64>,
    /// Whether all that was read before has ended, and something else of the same name is there instead.
    pub(super) began_anew: bool,
}

/// A part of the system under test that can be read.
pub(super) trait Probe: Send {
    /// Takes a reading, which may need milliseconds. An error says why there is nothing to read any more.
    fn read(&mut self) -> anyhow::Result<Reading>;

    /// Has the next reading look at everything, also at what seems to rest.
    fn look_closely(&mut self) {}

    /// Warnings about the readings, each returned once.
    fn warnings(&mut self) -> Vec<String>;

    /// What it may use of the machine, where that is less than all.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// How much a sum grew that may start again from zero.
pub(super) fn increase(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}
