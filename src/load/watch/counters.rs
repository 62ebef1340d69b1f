//! Every counter of a Prometheus endpoint, summed over its labels: what a service did for one request. Pure.

use std::collections::BTreeMap;

use super::resource_record::PER_REQUEST;
use crate::load::exposition::{self, Sample};
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Unit};

/// The most names that are kept, in their order; a service that has more counts what nobody reads.
const MOST: usize = 100;
/// What its runtime counts of itself on its own clock says nothing of a request.
const OF_THE_CLOCK: [&str; 2] = ["_created", "_start_time_seconds"];

/// The sums of all counters, and how much they grew since counting began.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    known: BTreeMap<String, Growth>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Growth {
    last: f64,
    grown: f64,
    /// It fell: its process began anew, and what it counted is not known.
    fell: bool,
}

impl Counters {
    pub(super) fn take(&mut self, page: &str, samples: &[Sample<'_>]) {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        for name in exposition::counters(page) {
            sums.insert(name, 0.0);
        }
        for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
            let bare = sample.name.as_ref();
            let declared = [Some(bare), bare.strip_suffix("_total")];
            let name = declared
                .into_iter()
                .flatten()
                .find(|name| sums.contains_key(*name));
            if let Some(sum) = name.and_then(|name| sums.get_mut(name)) {
                *sum += sample.value;
            }
        }
        let is_first = self.known.is_empty();
        let mut room = MOST.saturating_sub(self.known.len());
        for (name, sum) in sums {
            if OF_THE_CLOCK.iter().any(|end| name.ends_with(end)) {
                continue;
            }
            match self.known.get_mut(name) {
                Some(growth) => {
                    growth.fell |= sum < growth.last;
                    growth.grown += (sum - growth.last).max(0.0);
                    growth.last = sum;
                }
                None if room > 0 => {
                    room -= 1;
                    // One that appears later began at zero.
                    let grown = if is_first { 0.0 } else { sum };
                    let last = sum;
                    let growth = Growth {
                        last,
                        grown,
                        fell: false,
                    };
                    self.known.insert(name.to_owned(), growth);
                }
                None => {}
            }
        }
    }

    pub(super) fn begin_counting(&mut self) {
        for growth in self.known.values_mut() {
            growth.grown = 0.0;
            growth.fell = false;
        }
    }

    pub(super) fn per_request(&self, requests: u64) -> Vec<(MetricName, Measurement)> {
        let whole = self
            .known
            .iter()
            .filter(|(_, growth)| !growth.fell && requests > 0);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a run has less than 2^53 requests"
        )]
        let of_one = |growth: &Growth| growth.grown / requests as f64;
        whole
            .filter_map(|(name, growth)| {
                let measurement = Measurement {
                    unit: Unit::new(PER_REQUEST),
                    better: Better::Lower,
                    role: Role::Covariate,
                    evidence: Evidence::value(of_one(growth)).ok()?,
                };
                Some((MetricName::new(format!("{name}_per_request")), measurement))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(counters: &mut Counters, text: &str) {
        let samples: Vec<Sample<'_>> = exposition::samples(text).map(Result::unwrap).collect();
        counters.take(text, &samples);
    }

    fn told(counters: &Counters, requests: u64) -> Vec<(String, f64)> {
        let figures = counters.per_request(requests).into_iter();
        figures
            .map(|(name, measured)| match measured.evidence {
                Evidence::Value(value) => (name.to_string(), value),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn counters_are_summed_over_their_labels_and_gauges_are_none() {
        let text = |a: u32, b: u32, depth: u32| {
            format!(
                "# TYPE queries_total counter\nqueries_total{{t=\"a\"}} {a}\nqueries_total{{t=\"b\"}} {b}\n\
                 # TYPE depth gauge\ndepth {depth}\n# TYPE never_total counter\n\
                 # TYPE hits counter\nhits_total {a}\n"
            )
        };
        let mut counters = Counters::default();
        page(&mut counters, &text(100, 7, 1));
        page(&mut counters, &text(120, 7, 2));
        counters.begin_counting();
        page(&mut counters, &text(150, 17, 9));
        let expected = [("hits", 3.0), ("never_total", 0.0), ("queries_total", 4.0)];
        let expected = expected.map(|(name, value)| (format!("{name}_per_request"), value));
        assert_eq!(told(&counters, 10), expected);
        assert_eq!(told(&counters, 0), []);
    }

    #[test]
    fn a_counter_that_fell_tells_nothing_of_the_run() {
        let mut counters = Counters::default();
        page(&mut counters, "# TYPE a_total counter\na_total 100\n");
        counters.begin_counting();
        page(&mut counters, "# TYPE a_total counter\na_total 3\n");
        page(&mut counters, "# TYPE a_total counter\na_total 300\n");
        assert_eq!(told(&counters, 10), []);
    }
}
