//! What of the time of a comparison is spent on the two versions.

use std::ops::AddAssign;
use std::time::Duration;

use super::command::Executed;

/// The rest of the time is spent between windows: processes are started and ended, results are read and judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Services that start until they are ready, `--prepare`, and whatever runs without being counted.
    pub warming_up: Duration,
    /// Windows that count.
    pub loading: Duration,
}

impl Busy {
    /// A window of a command.
    pub fn add_window(&mut self, executed: &Executed) {
        self.warming_up += executed.preparing;
        self.loading += executed.spent.wall;
    }
}

impl AddAssign for Busy {
    fn add_assign(&mut self, other: Self) {
        self.warming_up += other.warming_up;
        self.loading += other.loading;
    }
}
