//! Several pieces of evidence of one metric as one piece, where that is exact: parts of one load put on by several
//! machines, or endpoints that a tool kept under one name for each id.
//!
//! Each piece comes with a weight. Weight 1 is the union of what was observed. Another weight lets each of its
//! observations count for more or for less; the number of observations stays what it was.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::evidence::{Distribution, Moments, Proportion, Samples};
use super::unsettled::Counts;
use super::{Evidence, Point};

/// One piece, and how much each of its observations counts.
#[derive(Clone, Copy, Debug)]
pub struct Weighted<'a, T> {
    pub piece: &'a T,
    pub weight: f64,
}

impl<'a, T> Weighted<'a, T> {
    /// As it was observed.
    pub fn whole(piece: &'a T) -> Self {
        Self { piece, weight: 1.0 }
    }

    fn is_whole(&self) -> bool {
        self.weight.total_cmp(&1.0).is_eq()
    }
}

pub fn histograms(parts: &[Weighted<'_, Distribution>]) -> Result<Evidence, String> {
    let Some(first) = parts.first().map(|part| part.piece) else {
        return Err("it holds no values".to_owned());
    };
    let grid = |d: &Distribution| (d.histogram.low(), d.histogram.sigfig());
    for one in parts.iter().map(|part| part.piece) {
        if one.scale.total_cmp(&first.scale).is_ne() {
            return Err(format!(
                "the histograms have different scales, {} and {}",
                first.scale, one.scale
            ));
        }
        // On another grid values would move to the nearest of its steps.
        if grid(one) != grid(first) {
            return Err("the histograms have different steps".to_owned());
        }
    }
    let high = parts.iter().map(|part| part.piece.histogram.high()).max();
    let (low, digits) = grid(first);
    let mut sum = Histogram::new_with_bounds(low, high.unwrap_or(u64::MAX / 2), digits)
        .map_err(|error| format!("the histograms have impossible bounds: {error}"))?;
    sum.auto(true);
    if parts.iter().all(Weighted::is_whole) {
        for part in parts {
            sum.add(&part.piece.histogram)
                .map_err(|error| format!("the histograms cannot be added: {error}"))?;
        }
    } else {
        let mut shares: BTreeMap<u64, f64> = BTreeMap::new();
        for part in parts {
            for bucket in part.piece.histogram.iter_recorded() {
                *shares.entry(bucket.value_iterated_to()).or_default() +=
                    count(bucket.count_at_value()) * part.weight;
            }
        }
        for (value, times) in rounded(shares) {
            sum.record_n(value, times)
                .map_err(|error| format!("the histograms cannot be added: {error}"))?;
        }
    }
    sum.auto(false);
    let steps = parts.iter().map(|part| part.piece.resolution);
    Evidence::rounded_histogram(sum, first.scale, steps.fold(0.0, f64::max))
        .map_err(|error| error.to_string())
}

pub fn samples(parts: &[Weighted<'_, Samples>]) -> Result<Evidence, String> {
    let values = parts.iter().flat_map(|part| part.piece.values().iter());
    let with_weights = parts
        .iter()
        .filter(|part| part.piece.weights().is_some())
        .count();
    let weights = match with_weights {
        0 if parts.iter().all(Weighted::is_whole) => None,
        0 => Some(
            parts
                .iter()
                .flat_map(|part| part.piece.values().iter().map(|_| part.weight))
                .collect(),
        ),
        n if n == parts.len() => Some(
            parts
                .iter()
                .flat_map(|part| {
                    let weights = part.piece.weights().unwrap_or_default().iter();
                    weights.map(|weight| weight * part.weight)
                })
                .collect(),
        ),
        _ => return Err("some of the samples have weights and some have none".to_owned()),
    };
    Evidence::weighted_samples(values.copied().collect(), weights)
        .map_err(|error| error.to_string())
}

pub fn proportions(parts: impl Iterator<Item = Proportion>) -> Result<Evidence, String> {
    let (mut failed, mut of) = (0_u64, 0_u64);
    for share in parts {
        let too_many = || "more requests than can be counted".to_owned();
        failed = failed.checked_add(share.count()).ok_or_else(too_many)?;
        of = of.checked_add(share.of()).ok_or_else(too_many)?;
    }
    Evidence::proportion(failed, of).map_err(|error| error.to_string())
}

/// Values that the tool had rounded and counted.
pub fn counts(parts: &[Weighted<'_, Counts>]) -> Counts {
    let mut points: BTreeMap<Ascending, (Point, f64)> = BTreeMap::new();
    for part in parts {
        for (point, times) in part.piece.slowest_first() {
            let held = points
                .entry(Ascending(point.value))
                .or_insert((*point, 0.0));
            held.0.resolution = held.0.resolution.max(point.resolution);
            held.1 += count(*times) * part.weight;
        }
    }
    let steps: BTreeMap<Ascending, Point> = points.iter().map(|(k, (p, _))| (*k, *p)).collect();
    let mut counted: Vec<(Point, u64)> = rounded(points.into_iter().map(|(k, (_, n))| (k, n)))
        .into_iter()
        .filter_map(|(key, times)| Some((*steps.get(&key)?, times)))
        .collect();
    counted.reverse();
    let requests = parts.iter().map(|part| part.piece.requests());
    Counts::new(counted, requests.fold(0, u64::saturating_add))
}

/// A number of a file, which is never NaN, in its order.
#[derive(Clone, Copy, Debug)]
struct Ascending(f64);

impl PartialEq for Ascending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Ascending {}
impl PartialOrd for Ascending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ascending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// How many observations there are, and what is known of all of them together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub n: u64,
    pub moments: Moments,
}

impl Summary {
    /// `None` where the evidence tells no number of observations.
    pub fn of(evidence: &Evidence) -> Option<Self> {
        let n = evidence.observations().filter(|n| *n > 0)?;
        let moments = match evidence {
            Evidence::Quantiles(quantiles) => quantiles.moments(),
            Evidence::Histogram(d) => Moments {
                mean: Some(d.histogram.mean() * d.scale),
                min: Some(count(d.histogram.min()) * d.scale),
                max: Some(count(d.histogram.max()) * d.scale),
            },
            Evidence::Samples(samples) if samples.weights().is_none() => {
                let values = samples.values();
                Moments {
                    mean: Some(values.iter().sum::<f64>() / count(n)),
                    min: values.iter().copied().reduce(f64::min),
                    max: values.iter().copied().reduce(f64::max),
                }
            }
            _ => return None,
        };
        Some(Self { n, moments })
    }
}

/// The mean of all, and their extremes, from those of each. A figure that one lacks is known of none.
pub fn summaries(parts: &[Weighted<'_, Summary>]) -> Summary {
    let n = parts.iter().map(|part| part.piece.n);
    let share = |part: &Weighted<'_, Summary>| count(part.piece.n) * part.weight;
    let all: f64 = parts.iter().map(share).sum();
    let sum: Option<f64> = parts
        .iter()
        .map(|part| Some(part.piece.moments.mean? * share(part)))
        .sum();
    let extreme = |of: fn(&Moments) -> Option<f64>, beyond: fn(f64, f64) -> f64| {
        let each: Option<Vec<f64>> = parts.iter().map(|part| of(&part.piece.moments)).collect();
        each.and_then(|values| values.into_iter().reduce(beyond))
    };
    Summary {
        n: n.fold(0, u64::saturating_add),
        moments: Moments {
            mean: sum.filter(|_| all > 0.0).map(|sum| sum / all),
            min: extreme(|m| m.min, f64::min),
            max: extreme(|m| m.max, f64::max),
        },
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 do not occur"
)]
fn count(n: u64) -> f64 {
    n as f64
}

/// Weighted counts as whole ones, in the order of their keys: each running total is rounded, so that no quantile
/// moves by more than one observation, and whole counts stay as they are.
fn rounded<K>(shares: impl IntoIterator<Item = (K, f64)>) -> Vec<(K, u64)> {
    let (mut total, mut given) = (0.0_f64, 0_u64);
    shares
        .into_iter()
        .map(|(key, share)| {
            total += share;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a total of counts, which is neither negative nor beyond 2^53"
            )]
            let due = total.round().max(0.0) as u64;
            let times = due.saturating_sub(given);
            given += times;
            (key, times)
        })
        .filter(|(_, times)| *times > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(values: impl IntoIterator<Item = u64>) -> Distribution {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        values
            .into_iter()
            .for_each(|value| histogram.record(value).unwrap());
        match Evidence::histogram(histogram, 0.001).unwrap() {
            Evidence::Histogram(distribution) => *distribution,
            other => panic!("{}", other.kind()),
        }
    }

    #[test]
    fn histograms_together_are_the_histogram_of_the_union() {
        let (fast, slow) = (recorded(1..1_000), recorded((500..2_000).map(|v| v * 7)));
        let union = recorded((1..1_000).chain((500..2_000).map(|v| v * 7)));
        let all = [Weighted::whole(&fast), Weighted::whole(&slow)];
        let Evidence::Histogram(joined) = histograms(&all).unwrap() else {
            panic!("another kind");
        };
        assert_eq!(joined.histogram, union.histogram);
        // A weight that is a whole number repeats each observation.
        let twice = Weighted {
            piece: &fast,
            weight: 2.0,
        };
        let Evidence::Histogram(joined) = histograms(&[twice]).unwrap() else {
            panic!("another kind");
        };
        let held = |histogram: &Histogram<u64>| -> Vec<(u64, u64)> {
            let recorded = histogram.iter_recorded();
            recorded
                .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
                .collect()
        };
        let both = recorded((1..1_000).chain(1..1_000));
        assert_eq!(held(&joined.histogram), held(&both.histogram));
    }

    #[test]
    fn weights_lose_no_observation_and_move_no_quantile_by_more_than_one() {
        let shares = (0..1_000).map(|key| (key, 0.3));
        let counts = rounded(shares);
        assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 300);
        for fraction in [0.1, 0.5, 0.9] {
            let below: u64 = counts
                .iter()
                .filter(|(key, _)| f64::from(*key) < 1_000.0 * fraction)
                .map(|(_, n)| n)
                .sum();
            assert!((count(below) - 300.0 * fraction).abs() <= 1.0, "{fraction}");
        }
    }

    #[test]
    fn means_are_weighted_by_their_requests() {
        let one = |n, mean, max| Summary {
            n,
            moments: Moments {
                mean: Some(mean),
                min: None,
                max: Some(max),
            },
        };
        let (few, many) = (one(10, 100.0, 300.0), one(90, 10.0, 50.0));
        let all = summaries(&[Weighted::whole(&few), Weighted::whole(&many)]);
        assert_eq!(all, one(100, 19.0, 300.0));
    }
}
