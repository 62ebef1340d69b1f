//! Pieces of evidence of one metric as one piece.
//!
//! Histograms and counts are added, samples stand one after another. Single numbers follow what they mean: rates and
//! counts of the generator add up, what is said per 1000 requests is worked out anew from the requests of all, and
//! of everything else (memory, open files, CPU of a generator) the worst machine speaks for all.

use crate::model::joined::{self, Weighted};
use crate::model::{Better, Evidence, Measurement, MetricName};

/// One machine's share.
pub(super) struct Part<'a> {
    pub(super) evidence: &'a Evidence,
    /// That the machine counted in all its subjects.
    pub(super) requests: u64,
}

/// What the generator says of itself that adds up over generators.
const COUNTS: [&str; 7] = [
    "due",
    "sent",
    "late",
    "dropped",
    "unfinished",
    "unable",
    "resent",
];
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
        Evidence::Quantiles(_) | Evidence::Estimate(_) => Err(format!(
            "{} cannot be put together exactly; histograms, samples and counts can",
            like.evidence.kind()
        )),
    }
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
