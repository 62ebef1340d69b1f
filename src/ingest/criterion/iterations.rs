//! Samples of many iterations each: totals divided by counts, weighted by them.

use anyhow::bail;

use crate::model::Evidence;
use crate::model::EvidenceError;
use crate::stats::order;

/// Time of one iteration in each sample, with how many iterations stand behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Iterations {
    times: Vec<f64>,
    weights: Vec<f64>,
}

/// A list of numbers under the name that its file gives it.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Field {
    pub(in crate::ingest) name: &'static str,
    pub(in crate::ingest) values: Vec<f64>,
}

impl Field {
    fn check_positive(&self, what: &str) -> anyhow::Result<()> {
        match first_not_positive(&self.values) {
            Some((at, value)) => bail!("{}[{at}]: {value} is not a positive {what}", self.name),
            None => Ok(()),
        }
    }
}

/// All are looked at before any is searched for: several at once, and there is seldom one.
fn first_not_positive(values: &[f64]) -> Option<(usize, f64)> {
    let is_good = |value: f64| (value > 0.0) & (value < f64::INFINITY);
    if values.iter().fold(true, |all, value| all & is_good(*value)) {
        return None;
    }
    let mut each = values.iter().copied().enumerate();
    each.find(|(_, value)| !is_good(*value))
}

impl Iterations {
    /// `factor` brings a total into nanoseconds.
    pub(in crate::ingest) fn new(
        totals: Field,
        counts: Field,
        factor: f64,
    ) -> anyhow::Result<Self> {
        totals.check_positive("time")?;
        counts.check_positive("number of iterations")?;
        let (times, iterations) = (totals.values.len(), counts.values.len());
        if times != iterations {
            bail!(
                "{} holds {times} numbers and {} {iterations}",
                totals.name,
                counts.name
            );
        }
        if times == 0 {
            bail!("{}: it holds no samples", totals.name);
        }
        let mut times = totals.values;
        for (time, count) in times.iter_mut().zip(&counts.values) {
            *time = *time / count * factor;
        }
        // Numbers of absurd size can still leave the range.
        if let Some((at, _)) = first_not_positive(&times) {
            bail!(
                "{}[{at}]: it is not the time of so many iterations",
                totals.name
            );
        }
        Ok(Self {
            times,
            weights: counts.values,
        })
    }

    pub(in crate::ingest) fn evidence(self) -> Result<Evidence, EvidenceError> {
        Evidence::weighted_samples(self.times, Some(self.weights))
    }

    /// The time that half of all iterations stay below.
    pub fn median(&self) -> f64 {
        // Not empty by construction.
        order::weighted_quantile(&self.times, &self.weights, 0.5).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iterations(totals: &[f64], counts: &[f64]) -> anyhow::Result<Iterations> {
        let totals = Field {
            name: "times",
            values: totals.to_vec(),
        };
        let counts = Field {
            name: "iters",
            values: counts.to_vec(),
        };
        Iterations::new(totals, counts, 1.0)
    }

    #[test]
    fn the_median_is_one_of_iterations_and_not_of_samples() {
        // As text, because that compares exactly.
        let median = |totals: &[f64], counts: &[f64]| {
            iterations(totals, counts).unwrap().median().to_string()
        };
        assert_eq!(median(&[10.0, 40.0, 90.0], &[1.0, 2.0, 3.0]), "25");
        assert_eq!(median(&[10.0, 40.0, 120.0], &[1.0, 2.0, 4.0]), "30");
        assert_eq!(median(&[7.0], &[7.0]), "1");
        assert_eq!(median(&[4.0, 2.0, 3.0, 1.0], &[1.0; 4]), "2.5");
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_place() {
        let refused = |totals: &[f64], counts: &[f64]| {
            format!("{:#}", iterations(totals, counts).unwrap_err())
        };
        assert_eq!(
            refused(&[1.0, 0.0], &[1.0, 1.0]),
            "times[1]: 0 is not a positive time"
        );
        assert_eq!(
            refused(&[-1.0], &[1.0]),
            "times[0]: -1 is not a positive time"
        );
        assert_eq!(
            refused(&[1.0], &[0.0]),
            "iters[0]: 0 is not a positive number of iterations"
        );
        assert_eq!(
            refused(&[1.0], &[1.0, 2.0]),
            "times holds 1 numbers and iters 2"
        );
        assert_eq!(refused(&[], &[]), "times: it holds no samples");
        assert_eq!(
            refused(&[f64::MAX], &[f64::MIN_POSITIVE]),
            "times[0]: it is not the time of so many iterations"
        );
    }
}
