//! The interval of a change as a bar of characters, where a terminal has room for it.

use super::entry::Entry;
use crate::model::Better;

/// Cells of a bar; one of them is no change.
pub(super) const CELLS: usize = 25;
/// Beyond this a bar would show nothing of the others.
const WIDEST: f64 = 1.0;

/// Where a change lies, as a fraction of the baseline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    low: f64,
    at: f64,
    high: f64,
    /// Towards worse.
    limit: Option<f64>,
}

impl Interval {
    /// Of a change that has a ratio and an interval.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let by = entry.change.filter(|_| !entry.is_rate())?;
        let limit = entry.rule.max_regression;
        Some(Self {
            low: by.low()? - 1.0,
            at: by.ratio - 1.0,
            high: by.high()? - 1.0,
            limit: entry.gated.then_some(match entry.better {
                Better::Lower => limit,
                Better::Higher => -limit,
            }),
        })
    }

    /// How far from no change it reaches.
    pub(super) fn reach(&self) -> f64 {
        let ends = [self.low, self.at, self.high, self.limit.unwrap_or(0.0)];
        ends.into_iter()
            .map(f64::abs)
            .fold(0.0, f64::max)
            .min(WIDEST)
    }

    /// `      │  ┊  ──●──    `: no change, the limit, and the interval about the estimate.
    pub(super) fn drawn(&self, reach: f64) -> String {
        let cell = |value: f64| {
            let share = (value / reach.max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cell of a bar"
            )]
            let at = ((share + 1.0) / 2.0 * (CELLS - 1) as f64).round() as usize;
            at
        };
        let mut cells = [' '; CELLS];
        let mut put = |at: usize, sign: char| {
            if let Some(cell) = cells.get_mut(at) {
                *cell = sign;
            }
        };
        for at in cell(self.low)..=cell(self.high) {
            put(at, '─');
        }
        put(cell(0.0), '│');
        if let Some(limit) = self.limit {
            put(cell(limit), '┊');
        }
        put(cell(self.at), '●');
        cells.iter().collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_no_change_the_limit_and_the_interval() {
        let slower = Interval {
            low: 0.25,
            at: 0.29,
            high: 0.33,
            limit: Some(0.10),
        };
        assert_eq!(slower.drawn(0.48), "            │  ┊  ─●─");
        let none = Interval {
            low: -0.04,
            at: 0.0,
            high: 0.04,
            limit: None,
        };
        assert_eq!(none.drawn(0.48), "           ─●─");
        let beyond = Interval {
            low: 0.5,
            at: 3.0,
            high: 9.0,
            limit: Some(0.1),
        };
        assert_eq!(beyond.reach(), 1.0);
        assert_eq!(beyond.drawn(1.0), "            │┊    ──────●");
    }
}
