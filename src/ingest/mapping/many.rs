//! The observations of one series: each of them while they are few, and a histogram beyond that, so that memory depends
//! on the number of series and not on the length of the file.

use anyhow::{anyhow, bail};
use hdrhistogram::Histogram;

use crate::hint::WithHint;
use crate::model::Evidence;

/// So many are kept one by one, in their order.
const FEW: usize = 1000;
/// As in the histograms of load tools.
const DIGITS: u8 = 3;
/// Steps below the median's first digit: finer than what three digits keep.
const STEPS: i32 = 5;
/// Whole numbers are exact in a float up to here.
const LARGEST_TICK: f64 = 9_007_199_254_740_992.0;

#[derive(Default)]
pub(super) struct Many {
    /// With the time of each, 0 where the file tells none.
    few: Vec<(f64, f64)>,
    rest: Option<Counts>,
}

struct Counts {
    histogram: Histogram<u64>,
    tick: f64,
}

impl Many {
    pub(super) fn is_histogram(&self) -> bool {
        self.rest.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.rest.is_none()
    }

    pub(super) fn add(&mut self, at: f64, value: f64) -> anyhow::Result<()> {
        if let Some(counts) = &mut self.rest {
            return counts.add(value);
        }
        self.few.push((at, value));
        if self.few.len() > FEW {
            let mut counts = Counts::for_values(&self.few)?;
            for (_, value) in self.few.drain(..) {
                counts.add(value)?;
            }
            self.rest = Some(counts);
        }
        Ok(())
    }

    pub(super) fn evidence(self) -> anyhow::Result<Evidence> {
        if let Some(counts) = self.rest {
            return Ok(Evidence::histogram(counts.histogram, counts.tick)?);
        }
        let mut few = self.few;
        few.sort_by(|a, b| a.0.total_cmp(&b.0));
        match few.as_slice() {
            [(_, value)] => Ok(Evidence::value(*value)?),
            _ => Ok(Evidence::samples(
                few.into_iter().map(|(_, value)| value).collect(),
            )?),
        }
    }
}

impl Counts {
    fn for_values(values: &[(f64, f64)]) -> anyhow::Result<Self> {
        let mut sorted: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        let largest = sorted.last().copied().unwrap_or(0.0);
        let typical = [median, largest, 1.0]
            .into_iter()
            .find(|value| *value > 0.0);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the logarithm of a finite number is below 400"
        )]
        let digits = typical.unwrap_or(1.0).log10().floor() as i32;
        Ok(Self {
            histogram: Histogram::<u64>::new(DIGITS).map_err(|error| anyhow!("{error}"))?,
            tick: 10_f64.powi((digits - STEPS).max(-300)),
        })
    }

    fn add(&mut self, value: f64) -> anyhow::Result<()> {
        if value < 0.0 {
            return Err(anyhow!(
                "{value} is negative, and more than {FEW} numbers of one series are kept as a histogram"
            ))
            .hint("let the file hold a summary of them, such as quantiles");
        }
        let ticks = (value / self.tick).round();
        if ticks > LARGEST_TICK {
            bail!("{value} is too large beside the other numbers of its series");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 2^53"
        )]
        let ticks = ticks as u64;
        self.histogram
            .record(ticks)
            .map_err(|error| anyhow!("{error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Quantile, Statistic};
    use crate::stats::reading::read;

    #[test]
    fn a_long_series_reads_as_the_same_numbers_of_any_size() {
        for scale in [1e-12, 1.0, 1e12] {
            let (mut few, mut many) = (Many::default(), Many::default());
            for n in 0..20_000_u32 {
                let value = scale * (50.0 + f64::from(n % 997) / 10.0);
                many.add(0.0, value).unwrap();
                if n < 997 {
                    few.add(0.0, value).unwrap();
                }
            }
            assert!(many.is_histogram() && !few.is_histogram());
            let (few, many) = (few.evidence().unwrap(), many.evidence().unwrap());
            for quantile in [Quantile::P50, Quantile::P95] {
                let of = |evidence| read(evidence, Statistic::Quantile(quantile)).unwrap().value;
                assert!((of(&many) / of(&few) - 1.0).abs() < 2e-3, "{scale}");
            }
            assert_eq!(many.observations(), Some(20_000));
        }
    }

    #[test]
    fn few_are_kept_in_the_order_of_their_times() {
        let mut many = Many::default();
        for (at, value) in [(3.0, 30.0), (1.0, 10.0), (2.0, -20.0)] {
            many.add(at, value).unwrap();
        }
        let Evidence::Samples(samples) = many.evidence().unwrap() else {
            panic!("no samples");
        };
        assert_eq!(samples.values(), [10.0, -20.0, 30.0]);
    }

    #[test]
    fn what_no_histogram_holds_is_an_error() {
        for odd in [-1.0, 1e300] {
            let mut many = Many::default();
            for _ in 0..FEW + 1 {
                many.add(0.0, 5.0).unwrap();
            }
            assert!(many.add(0.0, odd).is_err());
        }
        let mut zeros = Many::default();
        for _ in 0..FEW + 10 {
            zeros.add(0.0, 0.0).unwrap();
        }
        assert!(zeros.evidence().is_ok());
    }
}
