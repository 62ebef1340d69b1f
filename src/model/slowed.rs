//! What a run would have held, had everything in it been worse by a factor: for trying a gate on its own runs.

use super::{Better, Distribution, Evidence, EvidenceError, Measurement, Point};
use crate::model::evidence::{Estimate, Moments};

impl Evidence {
    /// Every value multiplied: samples with their weights, the scale of a histogram, quantiles with their mean and
    /// extremes, an interval. The steps at which a tool rounds stay what they are, and so does k of n.
    pub fn multiplied(&self, factor: f64) -> Result<Self, EvidenceError> {
        match self {
            Self::Samples(samples) => Self::weighted_samples(
                samples
                    .values()
                    .iter()
                    .map(|value| value * factor)
                    .collect(),
                samples.weights().map(<[f64]>::to_vec),
            ),
            Self::Histogram(distribution) => {
                let Distribution {
                    histogram,
                    scale,
                    resolution,
                } = &**distribution;
                Self::rounded_histogram(histogram.clone(), scale * factor, *resolution)
            }
            Self::Quantiles(quantiles) => {
                let point = |point: &Point| Point {
                    value: point.value * factor,
                    ..*point
                };
                let Moments { mean, min, max } = quantiles.moments();
                let times = |value: Option<f64>| value.map(|value| value * factor);
                let moments = Moments {
                    mean: times(mean),
                    min: times(min),
                    max: times(max),
                };
                match quantiles.of_single_names() {
                    [] => {
                        let points = quantiles.points().iter();
                        let points = points.map(|(quantile, value)| (*quantile, point(value)));
                        Self::quantiles(points, quantiles.n(), moments)
                    }
                    names => Self::without_percentiles(quantiles.n(), moments, names.to_vec()),
                }
            }
            Self::Estimate(estimate) => Self::estimate(Estimate {
                point: estimate.point * factor,
                low: estimate.low * factor,
                high: estimate.high * factor,
                ..*estimate
            }),
            Self::Proportion(_) => Ok(self.clone()),
            Self::Value(value) => Self::value(value * factor),
        }
    }
}

impl Measurement {
    /// Worse by a share: 0.1 makes a time 10 % longer, and a rate as much slower as each of its operations took longer.
    pub fn slowed(&self, share: f64) -> Result<Self, EvidenceError> {
        let factor = match self.better {
            Better::Lower => 1.0 + share,
            Better::Higher => 1.0 / (1.0 + share),
        };
        Ok(Self {
            evidence: self.evidence.multiplied(factor)?,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Quantile, Role, Unit};
    use hdrhistogram::Histogram;

    #[test]
    fn every_kind_of_evidence_is_multiplied_and_what_is_no_size_stays() {
        let samples = Evidence::weighted_samples(vec![1.0, 2.0], Some(vec![3.0, 4.0])).unwrap();
        let expected = Evidence::weighted_samples(vec![1.5, 3.0], Some(vec![3.0, 4.0])).unwrap();
        assert_eq!(samples.multiplied(1.5).unwrap(), expected);
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        histogram.record_n(40, 100).unwrap();
        let one = Evidence::rounded_histogram(histogram.clone(), 0.5, 1.0).unwrap();
        let two = Evidence::rounded_histogram(histogram, 1.0, 1.0).unwrap();
        assert_eq!(one.multiplied(2.0).unwrap(), two);
        let quantiles = |by: f64| {
            let p95 = Quantile::from_fraction(0.95).unwrap();
            let point = Point {
                value: 10.0 * by,
                resolution: 1.0,
            };
            let moments = Moments {
                mean: Some(5.0 * by),
                min: None,
                max: Some(20.0 * by),
            };
            Evidence::quantiles([(p95, point)], 100, moments).unwrap()
        };
        assert_eq!(quantiles(1.0).multiplied(2.0).unwrap(), quantiles(2.0));
        let share = Evidence::proportion(3, 100).unwrap();
        assert_eq!(share.multiplied(2.0).unwrap(), share);
        assert_eq!(
            Evidence::Value(4.0).multiplied(0.5).unwrap(),
            Evidence::Value(2.0)
        );
        assert!(Evidence::Value(f64::MAX).multiplied(2.0).is_err());
    }

    #[test]
    fn what_is_better_higher_falls() {
        let rate = Measurement {
            unit: Unit::new("req/s"),
            better: Better::Higher,
            role: Role::Outcome,
            evidence: Evidence::Value(125.0),
        };
        assert_eq!(rate.slowed(0.25).unwrap().evidence, Evidence::Value(100.0));
    }
}
