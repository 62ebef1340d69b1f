//! Where the time of a comparison goes: what the versions ran for is told by what measures them, the rest by clocks.

use std::time::{Duration, Instant};

use crate::ab::Busy;
use crate::report::TimeSpent;

/// The times until now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeSheet {
    pub(super) building: Duration,
    /// From the end of the builds on, without what is not judged.
    pub(super) measuring: Duration,
    pub(super) busy: Busy,
}

impl TimeSheet {
    /// All of the work is a warm-up.
    pub(super) fn warm_up<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.busy.warming_up += begun.elapsed();
        done
    }

    /// For the document.
    pub(super) fn spent(&self) -> TimeSpent {
        let seconds = |time: Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
        let Busy {
            warming_up,
            loading,
        } = self.busy;
        TimeSpent {
            building_s: seconds(self.building),
            warming_up_s: seconds(warming_up),
            loading_s: seconds(loading),
            other_s: seconds(self.measuring.saturating_sub(warming_up + loading)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_version_ran_for_is_the_rest() {
        let mut sheet = TimeSheet {
            measuring: Duration::from_millis(1500),
            busy: Busy {
                warming_up: Duration::from_millis(200),
                loading: Duration::from_millis(1100),
            },
            ..TimeSheet::default()
        };
        assert!((sheet.spent().other_s - 0.2).abs() < 1e-9);
        // Clocks that do not agree to the last tick make no negative time.
        sheet.measuring = Duration::from_secs(1);
        assert!(sheet.spent().other_s.abs() < 1e-9);
    }
}
