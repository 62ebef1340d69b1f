//! What a run really holds for a metric. Every value is finite and every set non-empty by construction.

use std::fmt;

use hdrhistogram::Histogram;

use super::{Ordered, Quantile, Statistic};

/// The kinds of evidence; the variant decides which method is lawful.
///
/// The large kinds are boxed: a baseline holds hundreds of thousands of the small ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    Samples(Samples),
    Histogram(Box<Distribution>),
    Quantiles(Box<Quantiles>),
    Estimate(Estimate),
    Proportion(Proportion),
    Value(f64),
}

/// Why numbers cannot be evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum EvidenceError {
    Empty,
    NotFinite(f64),
    BadWeights(&'static str),
    BadHistogram(String),
    BadTimeline(String),
    BadQuantile(f64),
    /// A higher quantile, or the maximum, with a lower value.
    OutOfOrder {
        lower: (String, f64),
        higher: (String, f64),
    },
    /// `count` exceeds `of`.
    MoreThanAll {
        count: u64,
        of: u64,
    },
    NothingCounted,
    BadInterval(&'static str),
    BadResolution(f64),
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it holds no values"),
            Self::NotFinite(value) => write!(f, "{value} is not a finite number"),
            Self::BadWeights(why) => write!(f, "weights {why}"),
            Self::BadHistogram(why) => write!(f, "the histogram {why}"),
            Self::BadTimeline(why) => write!(f, "the timeline {why}"),
            Self::BadQuantile(q) => write!(f, "{q} is not a quantile between 0 and 1"),
            Self::OutOfOrder { lower, higher } => write!(
                f,
                "{} is {} and {} is {}, which cannot be of one distribution",
                lower.0, lower.1, higher.0, higher.1
            ),
            Self::MoreThanAll { count, of } => write!(f, "count {count} is more than of {of}"),
            Self::NothingCounted => f.write_str("of is 0, so there is no rate"),
            Self::BadInterval(why) => write!(f, "the interval {why}"),
            Self::BadResolution(r) => write!(f, "{r} is not a resolution"),
        }
    }
}

impl std::error::Error for EvidenceError {}

fn finite(value: f64) -> Result<f64, EvidenceError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(EvidenceError::NotFinite(value))
    }
}

/// Quantiles rise, as far as the steps at which they are rounded let one see it.
fn in_order(
    points: &Ordered<Quantile, Point>,
    min: Option<f64>,
    max: Option<f64>,
) -> Result<(), EvidenceError> {
    let name = |quantile: &Quantile| Statistic::Quantile(*quantile).to_string();
    for ((lower, before), (higher, after)) in points.iter().zip(points.iter().skip(1)) {
        let step = before.resolution.max(after.resolution);
        if after.value + step < before.value {
            return Err(EvidenceError::OutOfOrder {
                lower: (name(lower), before.value),
                higher: (name(higher), after.value),
            });
        }
    }
    match (min, max) {
        (Some(min), Some(max)) if max < min => Err(EvidenceError::OutOfOrder {
            lower: ("min".to_owned(), min),
            higher: ("max".to_owned(), max),
        }),
        _ => Ok(()),
    }
}

/// Observations inside one run, in the order they were taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    values: Box<[f64]>,
    weights: Option<Box<[f64]>>,
}

impl Samples {
    pub fn values(&self) -> &[f64] {
        &self.values
    }
    /// How much work stands behind each value: criterion's iteration counts.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}

/// An HdrHistogram; `scale` turns a recorded integer into the metric's unit.
#[derive(Clone, Debug)]
pub struct Distribution {
    pub histogram: Histogram<u64>,
    pub scale: f64,
    /// The step at which the tool rounded each observation, in the metric's unit; 0 where it did not.
    pub resolution: f64,
}

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.histogram == other.histogram
            && self.scale.total_cmp(&other.scale).is_eq()
            && self.resolution.total_cmp(&other.resolution).is_eq()
    }
}

/// One quantile as the tool printed it, with the step at which it rounds (0 where it does not).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub value: f64,
    pub resolution: f64,
}

/// A distribution of which only some quantiles are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    points: Ordered<Quantile, Point>,
    n: u64,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    /// Percentiles that are known of each of several names alone. No file holds it: it is for what is compared now.
    of_single_names: Vec<Quantile>,
}

/// What a tool says beside its quantiles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub mean: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Quantiles {
    pub fn points(&self) -> &Ordered<Quantile, Point> {
        &self.points
    }
    pub fn n(&self) -> u64 {
        self.n
    }
    /// The percentiles that were lost when several names were put together.
    pub fn of_single_names(&self) -> &[Quantile] {
        &self.of_single_names
    }
    pub fn moments(&self) -> Moments {
        Moments {
            mean: self.mean,
            min: self.min,
            max: self.max,
        }
    }
}

/// A point with an interval that the tool worked out itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub point: f64,
    pub low: f64,
    pub high: f64,
    pub confidence: f64,
}

/// k of n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    count: u64,
    of: u64,
}

impl Proportion {
    pub fn count(self) -> u64 {
        self.count
    }
    pub fn of(self) -> u64 {
        self.of
    }
    /// None of as many.
    #[must_use]
    pub fn none(self) -> Self {
        Self { count: 0, ..self }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts beyond 2^53 do not occur"
    )]
    pub fn rate(self) -> f64 {
        self.count as f64 / self.of as f64
    }
}

impl Evidence {
    pub fn samples(values: Vec<f64>) -> Result<Self, EvidenceError> {
        Self::weighted_samples(values, None)
    }

    pub fn weighted_samples(
        values: Vec<f64>,
        weights: Option<Vec<f64>>,
    ) -> Result<Self, EvidenceError> {
        if values.is_empty() {
            return Err(EvidenceError::Empty);
        }
        // Several at once; which one it is is asked where there is one.
        if !values
            .iter()
            .fold(true, |all, value| all & value.is_finite())
        {
            values.iter().try_for_each(|&v| finite(v).map(drop))?;
        }
        if let Some(weights) = &weights {
            if weights.len() != values.len() {
                return Err(EvidenceError::BadWeights("must be as many as samples"));
            }
            let is_good = |weight: f64| (weight > 0.0) & (weight < f64::INFINITY);
            if !weights
                .iter()
                .fold(true, |all, weight| all & is_good(*weight))
            {
                return Err(EvidenceError::BadWeights("must be positive and finite"));
            }
        }
        Ok(Self::Samples(Samples {
            values: values.into_boxed_slice(),
            weights: weights.map(Vec::into_boxed_slice),
        }))
    }

    pub fn histogram(histogram: Histogram<u64>, scale: f64) -> Result<Self, EvidenceError> {
        Self::rounded_histogram(histogram, scale, 0.0)
    }

    /// A histogram of observations that the tool had rounded to steps of `resolution` before.
    pub fn rounded_histogram(
        histogram: Histogram<u64>,
        scale: f64,
        resolution: f64,
    ) -> Result<Self, EvidenceError> {
        if histogram.is_empty() {
            return Err(EvidenceError::Empty);
        }
        if !(scale.is_finite() && scale > 0.0) {
            return Err(EvidenceError::BadHistogram(
                "needs a positive scale".to_owned(),
            ));
        }
        if !(resolution.is_finite() && resolution >= 0.0) {
            return Err(EvidenceError::BadResolution(resolution));
        }
        Ok(Self::Histogram(Box::new(Distribution {
            histogram,
            scale,
            resolution,
        })))
    }

    pub fn quantiles(
        points: impl IntoIterator<Item = (Quantile, Point)>,
        n: u64,
        moments: Moments,
    ) -> Result<Self, EvidenceError> {
        let Moments { mean, min, max } = moments;
        let points: Ordered<Quantile, Point> = points.into_iter().collect();
        if n == 0 || (points.is_empty() && mean.is_none()) {
            return Err(EvidenceError::Empty);
        }
        for point in points.values() {
            finite(point.value)?;
            if !(point.resolution.is_finite() && point.resolution >= 0.0) {
                return Err(EvidenceError::BadResolution(point.resolution));
            }
        }
        [mean, min, max]
            .into_iter()
            .flatten()
            .try_for_each(|v| finite(v).map(drop))?;
        in_order(&points, min, max)?;
        Ok(Self::Quantiles(Box::new(Quantiles {
            points,
            n,
            mean,
            min,
            max,
            of_single_names: Vec::new(),
        })))
    }

    /// What is known of several names together, of which each has these percentiles of its own.
    pub fn without_percentiles(
        n: u64,
        moments: Moments,
        of_single_names: Vec<Quantile>,
    ) -> Result<Self, EvidenceError> {
        let mut evidence = Self::quantiles([], n, moments)?;
        if let Self::Quantiles(quantiles) = &mut evidence {
            quantiles.of_single_names = of_single_names;
        }
        Ok(evidence)
    }

    pub fn estimate(estimate: Estimate) -> Result<Self, EvidenceError> {
        let Estimate {
            point,
            low,
            high,
            confidence,
        } = estimate;
        [point, low, high]
            .into_iter()
            .try_for_each(|v| finite(v).map(drop))?;
        if !(low <= point && point <= high) {
            return Err(EvidenceError::BadInterval("does not hold its point"));
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(EvidenceError::BadInterval(
                "needs a confidence between 0 and 1",
            ));
        }
        Ok(Self::Estimate(estimate))
    }

    pub fn proportion(count: u64, of: u64) -> Result<Self, EvidenceError> {
        if of == 0 {
            return Err(EvidenceError::NothingCounted);
        }
        if count > of {
            return Err(EvidenceError::MoreThanAll { count, of });
        }
        Ok(Self::Proportion(Proportion { count, of }))
    }

    pub fn value(value: f64) -> Result<Self, EvidenceError> {
        finite(value).map(Self::Value)
    }

    /// The name of the kind, as `inspect` and the run file write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Samples(_) => "samples",
            Self::Histogram(_) => "histogram",
            Self::Quantiles(_) => "quantiles",
            Self::Estimate(_) => "estimate",
            Self::Proportion(_) => "count",
            Self::Value(_) => "value",
        }
    }

    /// How many observations stand behind it, where that is known.
    pub fn observations(&self) -> Option<u64> {
        match self {
            Self::Samples(s) => u64::try_from(s.values.len()).ok(),
            Self::Histogram(d) => Some(d.histogram.len()),
            Self::Quantiles(q) => Some(q.n),
            Self::Proportion(p) => Some(p.of),
            Self::Estimate(_) | Self::Value(_) => None,
        }
    }

    /// The smallest value it is known to hold, to refuse what cannot be negative.
    pub fn smallest(&self) -> Option<f64> {
        let least = |values: &mut dyn Iterator<Item = f64>| values.reduce(f64::min);
        match self {
            Self::Samples(s) => least(&mut s.values.iter().copied()),
            Self::Histogram(_) | Self::Proportion(_) => None,
            Self::Quantiles(q) => least(
                &mut q
                    .points
                    .values()
                    .map(|p| p.value)
                    .chain(q.min)
                    .chain(q.mean)
                    .chain(q.max),
            ),
            Self::Estimate(e) => Some(e.point),
            Self::Value(v) => Some(*v),
        }
    }

    /// Which statistics could be read from it beside the usual ones, where a rule asks for them.
    pub fn statistics_on_request(&self) -> Vec<Statistic> {
        match self {
            Self::Samples(_) | Self::Histogram(_) => Quantile::ON_REQUEST
                .into_iter()
                .map(Statistic::Quantile)
                .chain([Statistic::Min])
                .collect(),
            Self::Quantiles(q) => q.min.map(|_| Statistic::Min).into_iter().collect(),
            Self::Estimate(_) | Self::Value(_) | Self::Proportion(_) => Vec::new(),
        }
    }

    /// Which statistics could be read from it.
    pub fn statistics(&self) -> Vec<Statistic> {
        match self {
            Self::Samples(_) | Self::Histogram(_) => Quantile::USUAL
                .into_iter()
                .map(Statistic::Quantile)
                .chain([Statistic::Mean, Statistic::Max])
                .collect(),
            Self::Quantiles(q) => q
                .points
                .keys()
                .filter(|&&k| k < Quantile::MAX)
                .map(|&k| Statistic::Quantile(k))
                .chain(q.mean.map(|_| Statistic::Mean))
                .chain(q.max.map(|_| Statistic::Max))
                .collect(),
            Self::Estimate(_) | Self::Value(_) => vec![Statistic::Value],
            Self::Proportion(_) => vec![Statistic::Rate],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_rise_but_for_what_rounding_hides() {
        let of = |p50: f64, p95: f64, resolution: f64| {
            let point = |value| Point { value, resolution };
            let points = [(Quantile::P50, point(p50)), (Quantile::P95, point(p95))];
            Evidence::quantiles(points, 100, Moments::default())
        };
        assert!(of(3.0, 100.0, 0.0).is_ok());
        assert!(of(3.0, 3.0, 0.0).is_ok());
        assert!(of(110.0, 109.0, 10.0).is_ok());
        let error = of(100.0, 3.0, 1.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p50 is 100 and p95 is 3, which cannot be of one distribution"
        );
        let turned = Moments {
            mean: Some(2.0),
            min: Some(3.0),
            max: Some(1.0),
        };
        assert!(Evidence::quantiles([], 100, turned).is_err());
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        assert!(Evidence::samples(vec![]).is_err());
        assert!(Evidence::samples(vec![1.0, f64::NAN]).is_err());
        assert!(Evidence::value(f64::INFINITY).is_err());
        assert!(Evidence::proportion(4, 3).is_err());
        assert!(Evidence::proportion(0, 0).is_err());
        assert!(Evidence::weighted_samples(vec![1.0], Some(vec![0.0])).is_err());
        let estimate = Estimate {
            point: 1.0,
            low: 2.0,
            high: 3.0,
            confidence: 0.95,
        };
        assert!(Evidence::estimate(estimate).is_err());
    }
}
