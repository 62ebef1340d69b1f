//! One number a run: what a piece of evidence says of a statistic, and how sure it can be of it by itself.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::order;
use crate::model::evidence::{Distribution, Moments, Point, Samples};
use crate::model::{Evidence, Quantile, Statistic};

/// A statistic of one run, with the step at which the tool rounded it (0 where it did not).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub value: f64,
    pub resolution: f64,
}

/// The statistic of the evidence; `None` where this evidence does not carry it.
pub fn read(evidence: &Evidence, statistic: Statistic) -> Option<Reading> {
    let exact = |value| Reading {
        value,
        resolution: 0.0,
    };
    match (evidence, statistic) {
        (Evidence::Samples(s), Statistic::Quantile(q)) => sample_quantile(s, q).map(exact),
        (Evidence::Samples(s), Statistic::Mean) => sample_mean(s).map(exact),
        (Evidence::Samples(s), Statistic::Max) => {
            s.values().iter().copied().reduce(f64::max).map(exact)
        }
        (Evidence::Samples(s), Statistic::Min) => {
            s.values().iter().copied().reduce(f64::min).map(exact)
        }
        (Evidence::Histogram(d), Statistic::Mean) => histogram(d, statistic).map(exact),
        (Evidence::Histogram(d), statistic) => histogram(d, statistic).map(|value| Reading {
            value,
            resolution: d.resolution,
        }),
        (Evidence::Quantiles(q), Statistic::Quantile(at)) => {
            q.points().get(&at).map(|point| Reading {
                value: point.value,
                resolution: point.resolution,
            })
        }
        (Evidence::Quantiles(q), Statistic::Mean) => q.moments().mean.map(exact),
        (Evidence::Quantiles(q), Statistic::Max) => q.moments().max.map(exact),
        (Evidence::Quantiles(q), Statistic::Min) => q.moments().min.map(exact),
        (Evidence::Estimate(e), Statistic::Value) => Some(exact(e.point)),
        (Evidence::Value(v), Statistic::Value) => Some(exact(*v)),
        (Evidence::Proportion(p), Statistic::Rate) => Some(exact(p.rate())),
        // A tool's own figure of a time stands in for the typical one that others give by samples.
        (Evidence::Estimate(e), Statistic::Quantile(Quantile::P50)) => Some(exact(e.point)),
        (Evidence::Value(v), Statistic::Quantile(Quantile::P50)) => Some(exact(*v)),
        _ => None,
    }
}

/// Many quantiles of a distribution, sorted once for all of them; `None` where the evidence holds single numbers of it.
pub fn quantiles(evidence: &Evidence, at: &[Quantile]) -> Option<Vec<Option<f64>>> {
    Some(match evidence {
        Evidence::Samples(samples) => match samples.weights() {
            Some(weights) => {
                let sorted = order::Weighted::new(samples.values(), weights);
                at.iter().map(|q| sorted.quantile(q.fraction())).collect()
            }
            None => {
                let sorted = order::sorted(samples.values());
                at.iter()
                    .map(|q| order::quantile(&sorted, q.fraction()))
                    .collect()
            }
        },
        Evidence::Histogram(d) => at
            .iter()
            .map(|q| histogram(d, Statistic::Quantile(*q)))
            .collect(),
        Evidence::Quantiles(_)
        | Evidence::Estimate(_)
        | Evidence::Proportion(_)
        | Evidence::Value(_) => return None,
    })
}

fn sample_quantile(samples: &Samples, q: Quantile) -> Option<f64> {
    match samples.weights() {
        Some(weights) => order::weighted_quantile(samples.values(), weights, q.fraction()),
        None => order::quantile(&order::sorted(samples.values()), q.fraction()),
    }
}

fn sample_mean(samples: &Samples) -> Option<f64> {
    let values = samples.values();
    let (sum, weight) = match samples.weights() {
        Some(weights) => (
            values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>(),
            weights.iter().sum::<f64>(),
        ),
        #[expect(clippy::cast_precision_loss, reason = "no set has 2^53 values")]
        None => (values.iter().sum::<f64>(), values.len() as f64),
    };
    (weight > 0.0).then(|| sum / weight)
}

fn histogram(d: &Distribution, statistic: Statistic) -> Option<f64> {
    let number = match statistic {
        Statistic::Quantile(q) => middle(&d.histogram, d.histogram.value_at_quantile(q.fraction())),
        Statistic::Mean => d.histogram.mean(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "recorded values stay below 2^53"
        )]
        Statistic::Max => d.histogram.max() as f64,
        Statistic::Min => middle(&d.histogram, d.histogram.min()),
        Statistic::Value | Statistic::Rate => return None,
    };
    Some(number * d.scale)
}

/// The middle of the bucket that holds the value: its upper end would be biased by half a bucket.
#[expect(
    clippy::cast_precision_loss,
    reason = "recorded values stay below 2^53"
)]
fn middle(histogram: &Histogram<u64>, value: u64) -> f64 {
    let (low, high) = (
        histogram.lowest_equivalent(value),
        histogram.highest_equivalent(value),
    );
    f64::midpoint(low as f64, high as f64)
}

/// The statistic and its inner spread, for what is judged: sorted once for both.
pub fn read_with_spread(
    evidence: &Evidence,
    statistic: Statistic,
) -> Option<(Reading, Option<f64>)> {
    if let (Evidence::Samples(samples), Statistic::Quantile(q)) = (evidence, statistic) {
        let n = samples.values().len();
        let around = around_samples(samples, about_one_error(n, q));
        let [_, value, _] = around;
        let reading = Reading {
            value: value?,
            resolution: 0.0,
        };
        // One observation says nothing of its own.
        return Some((reading, relative_half(around).filter(|_| n > 1)));
    }
    let reading = read(evidence, statistic)?;
    Some((reading, inner_spread(evidence, statistic)))
}

/// How far the statistic of one run could be off by chance alone, relative to it. A lower bound of the spread
/// between runs, never the verdict.
fn inner_spread(evidence: &Evidence, statistic: Statistic) -> Option<f64> {
    match (evidence, statistic) {
        // A symmetric interval of the given confidence, as a standard error.
        (Evidence::Estimate(e), _) => {
            let z = super::student::normal_quantile(f64::midpoint(1.0, e.confidence));
            (e.point > 0.0).then(|| (e.high - e.low) / (2.0 * z * e.point))
        }
        (Evidence::Histogram(d), Statistic::Quantile(q)) if d.histogram.len() > 1 => {
            let n = usize::try_from(d.histogram.len()).ok()?;
            let fractions = about_one_error(n, q);
            relative_half(fractions.map(|fraction| {
                let fraction = Quantile::from_fraction(fraction)?;
                histogram(d, Statistic::Quantile(fraction))
            }))
        }
        _ => None,
    }
}

/// The quantile between those about one standard error of it to each side (binomial, e.g. Conover 1999,
/// section 3.2).
fn about_one_error(observations: usize, q: Quantile) -> [f64; 3] {
    #[expect(clippy::cast_precision_loss, reason = "no set has 2^53 values")]
    let n = observations as f64;
    let step = (q.fraction() * (1.0 - q.fraction()) / n).sqrt();
    [-step, 0.0, step].map(|off| (q.fraction() + off).clamp(0.0, 1.0))
}

/// Half of what is between the ends, relative to the middle.
fn relative_half(around: [Option<f64>; 3]) -> Option<f64> {
    let [low, middle, high] = around;
    let (low, middle, high) = (low?, middle?, high?);
    (middle > 0.0).then(|| (high - low) / (2.0 * middle))
}

fn around_samples(samples: &Samples, fractions: [f64; 3]) -> [Option<f64>; 3] {
    match samples.weights() {
        Some(weights) => {
            let sorted = order::Weighted::new(samples.values(), weights);
            fractions.map(|fraction| sorted.quantile(fraction))
        }
        None => {
            let sorted = order::sorted(samples.values());
            fractions.map(|fraction| order::quantile(&sorted, fraction))
        }
    }
}

/// The same evidence as the judged statistics alone: what older runs of a baseline keep.
pub fn reduce(evidence: &Evidence) -> Evidence {
    match evidence {
        Evidence::Samples(_) | Evidence::Histogram(_) => {}
        _ => return evidence.clone(),
    }
    let points: BTreeMap<Quantile, Point> = Quantile::ON_REQUEST
        .into_iter()
        .chain(Quantile::USUAL)
        .filter_map(|q| {
            let reading = read(evidence, Statistic::Quantile(q))?;
            Some((
                q,
                Point {
                    value: reading.value,
                    resolution: reading.resolution,
                },
            ))
        })
        .collect();
    let moments = Moments {
        mean: read(evidence, Statistic::Mean).map(|r| r.value),
        min: read(evidence, Statistic::Min).map(|r| r.value),
        max: read(evidence, Statistic::Max).map(|r| r.value),
    };
    let n = evidence.observations().unwrap_or(1);
    Evidence::quantiles(points, n, moments).unwrap_or_else(|_| evidence.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(fraction: f64) -> Statistic {
        Statistic::Quantile(Quantile::from_fraction(fraction).unwrap())
    }

    #[test]
    fn every_kind_gives_its_own_number() {
        let samples = Evidence::samples(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!(read(&samples, p(0.5)).unwrap().value, 2.0);
        assert_eq!(read(&samples, Statistic::Mean).unwrap().value, 2.0);
        assert_eq!(read(&samples, Statistic::Max).unwrap().value, 3.0);
        assert_eq!(read(&samples, Statistic::Rate), None);
        let rate = Evidence::proportion(1, 4).unwrap();
        assert_eq!(read(&rate, Statistic::Rate).unwrap().value, 0.25);
        assert_eq!(
            read(&Evidence::value(7.0).unwrap(), Statistic::Value)
                .unwrap()
                .value,
            7.0
        );
    }

    #[test]
    fn many_quantiles_are_those_that_are_read_one_by_one() {
        let at = [Quantile::P50, Quantile::P99, Quantile::P999];
        let values: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 500)).collect();
        let weights = (0..500).map(|i| f64::from(i % 7 + 1)).collect();
        let mut h = Histogram::<u64>::new(3).unwrap();
        (1..=5_000).for_each(|v| h.record(v).unwrap());
        for evidence in [
            Evidence::samples(values.clone()).unwrap(),
            Evidence::weighted_samples(values, Some(weights)).unwrap(),
            Evidence::histogram(h, 0.001).unwrap(),
        ] {
            let one = |q: &Quantile| read(&evidence, Statistic::Quantile(*q)).map(|r| r.value);
            let wanted: Vec<Option<f64>> = at.iter().map(one).collect();
            assert_eq!(quantiles(&evidence, &at), Some(wanted));
        }
        assert_eq!(quantiles(&Evidence::value(1.0).unwrap(), &at), None);
    }

    #[test]
    fn a_histogram_is_read_in_the_middle_of_its_bucket() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        (1..=100_000).for_each(|v| h.record(v).unwrap());
        let evidence = Evidence::histogram(h, 0.001).unwrap();
        for (fraction, expected) in [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0)] {
            let got = read(&evidence, p(fraction)).unwrap().value;
            assert!((got / expected - 1.0).abs() < 0.001, "{fraction}: {got}");
        }
    }

    #[test]
    fn reducing_keeps_the_judged_statistics() {
        let full = Evidence::samples((1..=1000).map(f64::from).collect()).unwrap();
        let reduced = reduce(&full);
        assert_eq!(reduced.kind(), "quantiles");
        for statistic in [
            p(0.1),
            p(0.5),
            p(0.95),
            p(0.99),
            Statistic::Mean,
            Statistic::Max,
            Statistic::Min,
        ] {
            assert_eq!(read(&full, statistic), read(&reduced, statistic));
        }
        assert_eq!(reduced.observations(), Some(1000));
    }

    #[test]
    fn the_inner_spread_of_a_median_is_that_of_theory() {
        // Uniform on 0..2: the median of n has standard error 1/sqrt(n) about 1.
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(i) / 5_000.0).collect();
        let evidence = Evidence::samples(values).unwrap();
        let (reading, spread) = read_with_spread(&evidence, p(0.5)).unwrap();
        let spread = spread.unwrap();
        assert!((spread - 0.01).abs() < 0.0005, "{spread}");
        assert_eq!(Some(reading), read(&evidence, p(0.5)));
    }
}
