//! Errors: k of n against k of n, judged before latency. The unit of replication is the run here too: rates of runs
//! differ by more than chance inside a run explains.

use super::effect::{CONFIDENCE, Effect, Prepared};
use super::levels::{History, Levels, SidesBySession, SpreadFallback};
use super::policy::Limits;
use super::question::Question;
use super::readings::launches;
use crate::model::{Evidence, Measurement, Unit};
use crate::stats::proportion::{self, Counted, Difference};
use crate::stats::spread::Variance;

/// A rise of fewer points than this is none, whatever its significance.
pub const LEAST_RISE: f64 = 0.001;
/// A rise of fewer failures than this is none.
const LEAST_EVENTS: f64 = 5.0;
/// Without a history, rates of runs are taken to vary by so many times what chance inside a run explains, with so many
/// degrees of freedom.
const PRIOR_OF_BINOMIAL: f64 = 3.0;
const PRIOR_DF: f64 = 3.0;

/// How the error rate moved.
#[derive(Clone, Debug)]
pub(super) struct ErrorShift {
    pub base: Counted,
    pub current: Counted,
    pub prepared: Prepared,
    /// A change of the rate by all of itself, on the scale on which it is judged.
    pub size: f64,
    /// A smaller move does not matter, as a rate.
    least: f64,
}

impl ErrorShift {
    pub fn of(question: &Question<'_>) -> Option<Self> {
        let Question { pair, limits, .. } = question;
        let (base, current) = (counts(&pair.base), counts(&pair.current));
        let compared_with = counts(&question.compared_with());
        let (all_base, all_current) = (total(&compared_with)?, total(&current)?);
        let newest = total(&base)?;
        let levels = levels(question, (&base, &current), newest.rate());
        Some(Self {
            size: share_of(smoothed(newest), 1.0),
            base: all_base,
            current: all_current,
            prepared: Prepared::new(levels),
            least: least_rise(limits, all_base.rate()),
        })
    }

    pub fn estimate(&self) -> f64 {
        self.current.rate() - self.base.rate()
    }

    /// Whether a move this large matters: more points than the limit, and enough failures.
    pub fn material(&self, towards_worse: bool) -> bool {
        let (moved, of) = if towards_worse {
            (self.estimate(), self.current.of)
        } else {
            (-self.estimate(), self.base.of)
        };
        moved > self.least && moved * of >= LEAST_EVENTS
    }

    /// Whether a rise of twice what matters can be ruled out.
    pub fn rise_is_ruled_out(&self, effect: &Effect) -> bool {
        let events = LEAST_EVENTS / self.current.of.min(self.base.of);
        self.difference(effect).high < 2.0 * self.least.max(events)
    }

    /// The difference of the rates with its interval, from the scale on which it was tested. Where a handful of
    /// requests failed on either side, chance inside the runs is all that there is to it.
    pub fn difference(&self, effect: &Effect) -> Difference {
        let few = self.base.count.max(self.current.count) < LEAST_EVENTS;
        if few {
            return proportion::newcombe(self.base, self.current, CONFIDENCE);
        }
        let estimate = self.estimate();
        let at = |shift: f64| rate(effect.base + shift) - rate(effect.base);
        let middle = at(effect.shift);
        Difference {
            estimate,
            low: (estimate - (middle - at(effect.low))).max(-1.0),
            high: (estimate + (at(effect.high) - middle)).min(1.0),
        }
    }
}

/// In points: what a rule says, else a tenth of one, and what is tolerated of the rate that there was.
fn least_rise(limits: &Limits, base: f64) -> f64 {
    let asked = limits
        .min_delta
        .as_ref()
        .and_then(|q| q.in_unit(&Unit::none()));
    asked
        .unwrap_or(LEAST_RISE)
        .max(base * limits.max_regression)
}

fn levels(question: &Question<'_>, sides: (&[Counted], &[Counted]), pooled: f64) -> Levels {
    let (base, current) = sides;
    let each = |counts: &[Counted]| counts.iter().map(|c| arcsine(*c)).collect::<Vec<f64>>();
    let history = History::of(question, |of| each(&counts(of)));
    let binomial = binomial_variance(base.iter().chain(current));
    Levels {
        base: each(base),
        current: each(current),
        history: history.sessions,
        history_in_base: history.in_base,
        base_as_history: history.base_as_history,
        on_other_machines: history.on_other_machines,
        sessions: SidesBySession::of(question),
        launches: launches(question),
        floor: binomial.sqrt(),
        fallback: SpreadFallback::Prior(Variance {
            value: PRIOR_OF_BINOMIAL * binomial,
            df: PRIOR_DF,
        }),
        assumed_between: share_of(pooled, question.assumed_between),
    }
}

/// The variance stabilising transformation of a share, for counts that may be zero (Anscombe 1948, Biometrika 35:246).
fn arcsine(counted: Counted) -> f64 {
    smoothed(counted).sqrt().asin()
}

/// A share that is never zero.
fn smoothed(counted: Counted) -> f64 {
    let Counted { count, of } = counted;
    (count + 0.375) / (of + 0.75)
}

/// A relative difference of a rate, on this scale.
fn share_of(rate: f64, relative: f64) -> f64 {
    relative * (rate / (1.0 - rate).max(0.01)).sqrt() / 2.0
}

/// Back from the scale.
fn rate(level: f64) -> f64 {
    level.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2)
}

/// What chance inside a run explains on this scale: a quarter of one over the requests, of a typical run.
fn binomial_variance<'a>(runs: impl Iterator<Item = &'a Counted>) -> f64 {
    let (mut inverse, mut n) = (0.0, 0.0);
    for run in runs {
        inverse += 0.25 / run.of.max(1.0);
        n += 1.0;
    }
    if n > 0.0 { inverse / n } else { 0.25 }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arcsine_of_a_share_agrees_with_scipy_and_turns_back() {
        // numpy.arcsin(numpy.sqrt((k + 3/8) / (n + 3/4)))
        for (count, of, expected) in [
            (0.0, 5000.0, 0.008_659_712_8),
            (60.0, 6000.0, 0.100_474_710_5),
            (30.0, 90.0, 0.616_939_921_3),
        ] {
            let got = arcsine(Counted { count, of });
            assert!((got - expected).abs() < 1e-9, "{count} of {of}: {got}");
            assert!((rate(got) - (count + 0.375) / (of + 0.75)).abs() < 1e-12);
        }
    }
}
