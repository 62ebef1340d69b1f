//! Errors: k of n against k of n, judged before latency.

use super::pairs::Pair;
use super::policy::Limits;
use crate::model::{Evidence, Measurement, Unit};
use crate::stats::proportion::{self, Counted, Difference};
use crate::stats::student;

use super::effect::CONFIDENCE;

/// A rise of fewer points than this is none, whatever its significance.
pub const LEAST_RISE: f64 = 0.001;
/// A rise of fewer failures than this is none.
const LEAST_EVENTS: f64 = 5.0;
const FEWEST_RUNS: usize = 3;

/// How the error rate moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorShift {
    pub base: Counted,
    pub current: Counted,
    pub difference: Difference,
    pub p_worse: f64,
    pub p_better: f64,
    /// A smaller move does not matter, as a rate.
    floor: f64,
    /// A rise that cannot be ruled out beyond this leaves the question open.
    pub limit: f64,
}

impl ErrorShift {
    pub fn of(pair: &Pair<'_>, limits: &Limits) -> Option<Self> {
        let (base, current) = (counts(&pair.base), counts(&pair.current));
        let (all_base, all_current) = (total(&base)?, total(&current)?);
        let newcombe = proportion::newcombe(all_base, all_current, CONFIDENCE);
        let p_worse = proportion::upper_tail(all_base, all_current);
        let p_better = proportion::upper_tail(all_current, all_base);
        let asked = limits
            .min_delta
            .as_ref()
            .and_then(|q| q.in_unit(&Unit::none()));
        let relative = all_base.rate() * limits.max_regression;
        let floor = asked.unwrap_or(LEAST_RISE).max(relative / 2.0);
        let limit = floor
            .max(relative)
            .max(LEAST_EVENTS / all_current.of.min(all_base.of));
        let mut shift = Self {
            base: all_base,
            current: all_current,
            difference: newcombe,
            p_worse,
            p_better,
            floor,
            limit,
        };
        // From three runs a side the runs themselves say how much rates differ; requests are no replicates.
        if base.len().min(current.len()) >= FEWEST_RUNS {
            shift.widen_by_runs(&base, &current);
        }
        Some(shift)
    }

    fn widen_by_runs(&mut self, base: &[Counted], current: &[Counted]) {
        let (squares_b, n_b) = squares(base);
        let (squares_c, n_c) = squares(current);
        let df = n_b + n_c - 2.0;
        let error = ((squares_b + squares_c) / df * (1.0 / n_b + 1.0 / n_c)).sqrt();
        if error <= 0.0 {
            return;
        }
        let t = self.difference.estimate / error;
        let reach = student::quantile(f64::midpoint(1.0, CONFIDENCE), df) * error;
        self.p_worse = self.p_worse.max(student::upper_tail(t, df));
        self.p_better = self.p_better.max(student::upper_tail(-t, df));
        self.difference.low = self.difference.low.min(self.difference.estimate - reach);
        self.difference.high = self.difference.high.max(self.difference.estimate + reach);
    }

    /// Whether a move this large matters: more points than the limit's floor, and enough failures.
    pub fn material(&self, towards_worse: bool) -> bool {
        let moved = if towards_worse {
            self.difference.estimate
        } else {
            -self.difference.estimate
        };
        let of = if towards_worse {
            self.current.of
        } else {
            self.base.of
        };
        moved > self.floor && moved * of >= LEAST_EVENTS
    }
}

fn counts(measurements: &[&Measurement]) -> Vec<Counted> {
    #[expect(clippy::cast_precision_loss, reason = "request counts stay below 2^53")]
    let counted = |m: &&Measurement| match m.evidence {
        Evidence::Proportion(p) => Some(Counted {
            count: p.count() as f64,
            of: p.of() as f64,
        }),
        _ => None,
    };
    measurements.iter().filter_map(counted).collect()
}

fn total(counts: &[Counted]) -> Option<Counted> {
    counts.iter().copied().reduce(|a, b| Counted {
        count: a.count + b.count,
        of: a.of + b.of,
    })
}

/// The sum of squares of the runs' rates about their mean, and how many runs there are.
#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
fn squares(runs: &[Counted]) -> (f64, f64) {
    let n = runs.len() as f64;
    let mean = runs.iter().map(|r| r.rate()).sum::<f64>() / n;
    (runs.iter().map(|r| (r.rate() - mean).powi(2)).sum(), n)
}
