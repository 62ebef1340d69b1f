//! Pieces of evidence of one metric as one piece.
//!
//! Histograms and counts are added, samples stand one after another. Single numbers follow what they mean: rates and
//! counts of the generator add up, what is said per 1000 requests is worked out anew from the requests of all, and
//! of everything else (memory, open files, CPU of a generator) the worst machine speaks for all.

use hdrhistogram::Histogram;

use crate::model::evidence::{Distribution, Samples};
use crate::model::{Better, Evidence, Measurement, MetricName};

/// One machine's share.
pub(super) struct Part<'a> {
    pub(super) evidence: &'a Evidence,
    /// That the machine counted in all its subjects.
    pub(super) requests: u64,
}

/// What the generator says of itself that adds up over generators.
const COUNTS: [&str; 5] = ["due", "sent", "late", "dropped", "unfinished"];
/// The end of a unit of which each machine knows only its own requests.
const PER_REQUESTS: &str = "/1000 req";

pub(super) fn joined(
    name: &MetricName,
    like: &Measurement,
    parts: &[Part<'_>],
    requests: u64,
) -> Result<Evidence, String> {
    let mixed = || "the runs hold different kinds of evidence".to_owned();
    let evidence = parts.iter().map(|part| part.evidence);
    match &like.evidence {
        Evidence::Histogram(first) => {
            let all = evidence.map(|e| match e {
                Evidence::Histogram(one) => Some(&**one),
                _ => None,
            });
            histograms(first, &all.collect::<Option<Vec<_>>>().ok_or_else(mixed)?)
        }
        Evidence::Samples(_) => {
            let all = evidence.map(|e| match e {
                Evidence::Samples(one) => Some(one),
                _ => None,
            });
            samples(&all.collect::<Option<Vec<_>>>().ok_or_else(mixed)?)
        }
        Evidence::Proportion(_) => {
            let (mut count, mut of) = (0_u64, 0_u64);
            for one in evidence {
                let Evidence::Proportion(share) = one else {
                    return Err(mixed());
                };
                let too_many = || "more requests than can be counted".to_owned();
                count = count.checked_add(share.count()).ok_or_else(too_many)?;
                of = of.checked_add(share.of()).ok_or_else(too_many)?;
            }
            Evidence::proportion(count, of).map_err(|error| error.to_string())
        }
        Evidence::Value(_) => {
            let mut values = Vec::new();
            for part in parts {
                let Evidence::Value(value) = part.evidence else {
                    return Err(mixed());
                };
                values.push((*value, part.requests));
            }
            let value = value(name, like, &values, requests);
            Evidence::value(value).map_err(|error| error.to_string())
        }
        Evidence::Quantiles(_) | Evidence::Estimate(_) => Err(format!(
            "{} cannot be put together exactly; histograms, samples and counts can",
            like.evidence.kind()
        )),
    }
}

fn histograms(first: &Distribution, all: &[&Distribution]) -> Result<Evidence, String> {
    let grid = |d: &Distribution| (d.histogram.low(), d.histogram.sigfig());
    for one in all {
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
    let high = all.iter().map(|one| one.histogram.high()).max();
    let (low, digits) = grid(first);
    let mut sum = Histogram::new_with_bounds(low, high.unwrap_or(u64::MAX / 2), digits)
        .map_err(|error| format!("the histograms have impossible bounds: {error}"))?;
    sum.auto(true);
    for one in all {
        sum.add(&one.histogram)
            .map_err(|error| format!("the histograms cannot be added: {error}"))?;
    }
    sum.auto(false);
    Evidence::histogram(sum, first.scale).map_err(|error| error.to_string())
}

fn samples(all: &[&Samples]) -> Result<Evidence, String> {
    let values = all.iter().flat_map(|one| one.values().iter().copied());
    let weighted = all.iter().filter(|one| one.weights().is_some()).count();
    let weights = match weighted {
        0 => None,
        n if n == all.len() => {
            let weights = all.iter().filter_map(|one| one.weights());
            Some(weights.flatten().copied().collect())
        }
        _ => return Err("some of the samples have weights and some have none".to_owned()),
    };
    Evidence::weighted_samples(values.collect(), weights).map_err(|error| error.to_string())
}

/// One number of several machines; `values` come with the requests of their machine, `requests` is all of them.
#[expect(
    clippy::cast_precision_loss,
    reason = "requests beyond 2^53 do not occur"
)]
fn value(name: &MetricName, like: &Measurement, values: &[(f64, u64)], requests: u64) -> f64 {
    let worst = |values: &mut dyn Iterator<Item = f64>| {
        let worse = match like.better {
            Better::Lower => f64::max,
            Better::Higher => f64::min,
        };
        values.reduce(worse).unwrap_or(0.0)
    };
    if name.as_str() == MetricName::THROUGHPUT || COUNTS.contains(&name.as_str()) {
        return values.iter().map(|(value, _)| value).sum();
    }
    if like.unit.as_str().ends_with(PER_REQUESTS) && requests > 0 {
        let share = |of: u64| of as f64 / requests as f64;
        return worst(&mut values.iter().map(|(value, of)| value * share(*of)));
    }
    worst(&mut values.iter().map(|(value, _)| *value))
}
