//! Merges the evidence of one metric.
//!
//! Histograms and counts are added, and samples are joined. Single numbers are merged by what they mean: rates and
//! counts of the generator are added; figures per 1000 requests are computed again from the requests of all machines;
//! of everything else (memory, open files, CPU of a generator) the worst machine counts.

use crate::model::evidence::Estimate;
use crate::model::joined::{self, Weighted};
use crate::model::{Better, Evidence, Measurement, MetricName};

/// The evidence of one machine.
pub(super) struct EvidencePart<'a> {
    pub(super) evidence: &'a Evidence,
    /// The number of requests that the machine counted in all its subjects.
    pub(super) requests: u64,
}

/// The counts of the generator, which add up over machines.
const COUNTS: [&str; 7] = [
    "due",
    "sent",
    "late",
    "dropped",
    "unfinished",
    "unable",
    "resent",
];
/// The end of a unit that refers to the requests of one machine.
const PER_REQUESTS: &str = "/1000 req";

pub(super) fn joined(
    name: &MetricName,
    like: &Measurement,
    parts: &[EvidencePart<'_>],
    requests: u64,
) -> Result<Evidence, String> {
    let mixed = || "the runs hold different kinds of evidence".to_owned();
    let evidence = parts.iter().map(|part| part.evidence);
    match &like.evidence {
        Evidence::Histogram(_) => {
            let all = evidence.map(|e| match e {
                Evidence::Histogram(one) => Some(Weighted::whole(&**one)),
                _ => None,
            });
            joined::histograms(&all.collect::<Option<Vec<_>>>().ok_or_else(mixed)?)
        }
        Evidence::Samples(_) => {
            let all = evidence.map(|e| match e {
                Evidence::Samples(one) => Some(Weighted::whole(one)),
                _ => None,
            });
            joined::samples(&all.collect::<Option<Vec<_>>>().ok_or_else(mixed)?)
        }
        Evidence::Proportion(_) => {
            let all = evidence.map(|e| match e {
                Evidence::Proportion(share) => Some(*share),
                _ => None,
            });
            let all: Vec<_> = all.collect::<Option<_>>().ok_or_else(mixed)?;
            joined::proportions(all.into_iter())
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
        Evidence::Estimate(_) => {
            let all = parts.iter().map(|part| match part.evidence {
                Evidence::Estimate(estimate) => Ok(*estimate),
                _ => Err(mixed()),
            });
            let all: Vec<Estimate> = all.collect::<Result<_, _>>()?;
            // What is watched from several machines is one thing: the worst that was seen of it.
            let ascending = |a: &Estimate, b: &Estimate| a.point.total_cmp(&b.point);
            let worst = match like.better {
                Better::Lower => all.into_iter().max_by(ascending),
                Better::Higher => all.into_iter().min_by(ascending),
            };
            worst.map(Evidence::Estimate).ok_or_else(mixed)
        }
        Evidence::Quantiles(_) => Err(format!(
            "{} cannot be put together exactly; histograms, samples and counts can",
            like.evidence.kind()
        )),
    }
}

/// Merges single numbers. Each of `values` comes with the requests of its machine; `requests` is the sum of all.
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
    let adds_up = [MetricName::THROUGHPUT, MetricName::FLOW_RATE].contains(&name.as_str())
        || COUNTS.contains(&name.as_str())
        || like.unit.as_str() == "Mbit/s";
    if adds_up {
        return values.iter().map(|(value, _)| value).sum();
    }
    if like.unit.as_str().ends_with(PER_REQUESTS) && requests > 0 {
        let share = |of: u64| of as f64 / requests as f64;
        return worst(&mut values.iter().map(|(value, of)| value * share(*of)));
    }
    worst(&mut values.iter().map(|(value, _)| *value))
}
