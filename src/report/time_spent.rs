//! Where the time of a comparison in turns went.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::duration;

/// In seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSpent {
    /// Revisions were checked out and built, which is no part of the time budget.
    pub building_s: f64,
    /// Services started until they were ready, `--prepare` ran, and whatever ran without being counted.
    pub warming_up_s: f64,
    /// Windows that count.
    pub loading_s: f64,
    /// Processes were started and ended, results were read and judged.
    pub other_s: f64,
}

impl TimeSpent {
    /// `of 41s, 36s under load, 4s warming up and 1s (2 %) neither; 12s before that to build both`
    pub(super) fn remark(&self) -> String {
        let told = |seconds: f64| {
            // A stored document may say anything.
            let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            duration::text(time)
        };
        let measuring = self.warming_up_s + self.loading_s + self.other_s;
        let share = if measuring > 0.0 {
            100.0 * self.other_s / measuring
        } else {
            0.0
        };
        let mut remark = format!(
            "of {}, {} under load, {} warming up and {} ({share:.0} %) neither",
            told(measuring),
            told(self.loading_s),
            told(self.warming_up_s),
            told(self.other_s)
        );
        if self.building_s > 0.0 {
            remark.push_str("; before that ");
            remark.push_str(&told(self.building_s));
            remark.push_str(" to build");
        }
        remark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_neither_is_told_and_what_no_clock_says_is_nothing() {
        let mut spent = TimeSpent {
            warming_up_s: 4.0,
            loading_s: 35.0,
            other_s: 1.0,
            building_s: 0.0,
        };
        let told = "of 40s, 35s under load, 4s warming up and 1s (2 %) neither";
        assert_eq!(spent.remark(), told);
        spent.building_s = 72.0;
        assert_eq!(
            spent.remark(),
            format!("{told}; before that 1m 12s to build")
        );
        spent.loading_s = -1e300;
        assert!(spent.remark().contains("0ms under load"));
        assert!(TimeSpent::default().remark().contains("(0 %) neither"));
    }
}
