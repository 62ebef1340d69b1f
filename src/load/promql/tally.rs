//! What was seen of the metrics of a query, look by look.

use std::collections::BTreeMap;

use super::Query;
use super::evaluate::{Answer, Labels, evaluate};
use super::parse::{Leaf, SeriesFunction};
use crate::load::counter;
use crate::load::exposition::Sample;

/// A query, and what it has seen since counting began.
#[derive(Clone, Debug)]
pub struct Tally {
    query: Query,
    /// By leaf, then by labels.
    seen: Vec<BTreeMap<Labels, Seen>>,
    has_looked: bool,
}

/// One series since counting began.
#[derive(Clone, Copy, Debug)]
struct Seen {
    last: f64,
    /// Whether it was there at the last look.
    is_there: bool,
    grown: f64,
    sum: f64,
    looks: f64,
    highest: f64,
    lowest: f64,
}

impl Seen {
    fn first(value: f64) -> Self {
        Self {
            last: value,
            is_there: true,
            grown: 0.0,
            sum: value,
            looks: 1.0,
            highest: value,
            lowest: value,
        }
    }

    fn see(&mut self, value: f64) {
        // What went away began anew from nothing.
        let before = if self.is_there { self.last } else { 0.0 };
        self.grown += counter::growth(before, value);
        self.last = value;
        self.is_there = true;
        self.sum += value;
        self.looks += 1.0;
        self.highest = self.highest.max(value);
        self.lowest = self.lowest.min(value);
    }

    fn value(&self, look: SeriesFunction, seconds: f64) -> Option<f64> {
        match look {
            SeriesFunction::Last => self.is_there.then_some(self.last),
            SeriesFunction::Increase => Some(self.grown),
            SeriesFunction::Rate => Some(self.grown / seconds),
            SeriesFunction::Mean => Some(self.sum / self.looks),
            SeriesFunction::Highest => Some(self.highest),
            SeriesFunction::Lowest => Some(self.lowest),
        }
    }
}

impl Tally {
    pub fn new(query: Query) -> Self {
        Self {
            seen: vec![BTreeMap::new(); query.leaves.len()],
            query,
            has_looked: false,
        }
    }

    pub fn query(&self) -> &Query {
        &self.query
    }

    /// One look at all samples of a page.
    pub fn take(&mut self, samples: &[Sample<'_>]) {
        for (leaf, seen) in self.query.leaves.iter().zip(&mut self.seen) {
            let mut now: BTreeMap<Labels, f64> = samples
                .iter()
                .filter(|sample| sample.value.is_finite() && takes(leaf, sample))
                .map(|sample| (labels(sample), sample.value))
                .collect();
            for (labels, series) in seen.iter_mut() {
                match now.remove(labels) {
                    Some(value) => series.see(value),
                    None => series.is_there = false,
                }
            }
            for (labels, value) in now {
                let mut series = Seen::first(value);
                // One that appears later began at nothing.
                if self.has_looked {
                    series.grown = value;
                }
                seen.insert(labels, series);
            }
        }
        self.has_looked = true;
    }

    /// Counts from the last look on.
    pub fn begin_counting(&mut self) {
        for seen in &mut self.seen {
            seen.retain(|_, series| series.is_there);
            for series in seen.values_mut() {
                *series = Seen::first(series.last);
            }
        }
    }

    /// The one number that it gives for a time of so many seconds.
    pub fn value(&self, seconds: f64) -> Result<f64, String> {
        let leaf = |at: usize| {
            let look = self.query.leaves.get(at).map(|leaf| leaf.look);
            let seen = self.seen.get(at).into_iter().flatten();
            seen.filter_map(|(labels, series)| {
                Some((labels.clone(), series.value(look?, seconds)?))
            })
            .collect()
        };
        let number = match evaluate(&self.query.root, &leaf)? {
            Answer::Number(number) => number,
            Answer::Series(all) => match all.as_slice() {
                [] => return Err("it gives no series".to_owned()),
                [(_, number)] => *number,
                more => {
                    return Err(format!(
                        "it gives {} series and not one: put `sum(…)` around it, or name the labels",
                        more.len()
                    ));
                }
            },
        };
        if number.is_finite() {
            return Ok(number);
        }
        Err("it divides by nothing, or by a count that did not rise".to_owned())
    }
}

fn takes(leaf: &Leaf, sample: &Sample<'_>) -> bool {
    sample.name == leaf.name
        && leaf.matchers.iter().all(|matcher| {
            let own = sample.labels.iter().find(|(own, _)| *own == matcher.label);
            matcher.takes(own.map_or("", |(_, value)| value.as_ref()))
        })
}

fn labels(sample: &Sample<'_>) -> Labels {
    let all = sample.labels.iter();
    all.map(|(label, value)| (label.to_string(), value.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::exposition;

    const BEGIN: &str = "\
hits_total{code=\"200\",route=\"/a\"} 100
hits_total{code=\"500\",route=\"/a\"} 7
hits_total{code=\"200\",route=\"/b\"} 50
queue 3
seconds_bucket{le=\"0.1\"} 10
seconds_bucket{le=\"0.5\"} 10
seconds_bucket{le=\"+Inf\"} 10
";
    const MIDDLE: &str = "queue 9\n";
    const END: &str = "\
hits_total{code=\"200\",route=\"/a\"} 180
hits_total{code=\"500\",route=\"/a\"} 17
hits_total{code=\"200\",route=\"/b\"} 60
queue 6
seconds_bucket{le=\"0.1\"} 60
seconds_bucket{le=\"0.5\"} 100
seconds_bucket{le=\"+Inf\"} 110
";

    /// Ten seconds from the first page to the last.
    fn asked(query: &str) -> Result<f64, String> {
        let mut tally = Tally::new(Query::parse(query)?);
        let look = |tally: &mut Tally, page: &str| {
            let samples: Vec<Sample<'_>> = exposition::samples(page).flatten().collect();
            tally.take(&samples);
        };
        look(&mut tally, "hits_total{code=\"200\",route=\"/a\"} 1\n");
        look(&mut tally, BEGIN);
        tally.begin_counting();
        let middle = BEGIN.replace("queue 3\n", MIDDLE);
        look(&mut tally, &middle);
        look(&mut tally, END);
        tally.value(10.0)
    }

    #[test]
    fn expressions_are_worked_out_over_the_counted_time() {
        for (query, expected) in [
            ("sum(rate(hits_total[5m]))", 10.0),
            ("sum(increase(hits_total{code!=\"200\"}[1m]))", 10.0),
            (
                "sum(rate(hits_total{code=~\"5..\"}[1m])) / sum(rate(hits_total[1m])) * 100",
                10.0,
            ),
            ("max(sum by (route) (increase(hits_total[1h])))", 90.0),
            ("count(sum without (code) (hits_total))", 2.0),
            ("queue", 6.0),
            ("avg_over_time(queue[1m])", 6.0),
            ("max_over_time(queue[1m]) - min_over_time(queue[1m])", 6.0),
            ("-queue + 10", 4.0),
            ("histogram_quantile(0.5, rate(seconds_bucket[5m]))", 0.1),
            // 90 % of 100 is in the middle of the second bucket: 50 below, 40 in it.
            (
                "histogram_quantile(0.7, sum by (le) (rate(seconds_bucket[5m])))",
                0.3,
            ),
            ("histogram_quantile(0.99, rate(seconds_bucket[5m]))", 0.5),
            (
                "avg(increase(hits_total{route='/a', code=\"200\"}[5m]))",
                80.0,
            ),
        ] {
            let value = asked(query).unwrap();
            assert!((value - expected).abs() < 1e-9, "{query}: {value}");
        }
    }

    #[test]
    fn what_gives_no_single_number_says_why() {
        for (query, message) in [
            ("rate(hits_total[5m])", "3 series and not one"),
            ("hits_total{code=\"404\"}", "no series"),
            ("queue / (queue - queue)", "divides by nothing"),
            ("sum(rate(queue[5m])) / rate(hits_total[5m])", "same labels"),
            (
                "histogram_quantile(0.5, rate(hits_total[5m]))",
                "label `le`",
            ),
            (
                "histogram_quantile(50, rate(seconds_bucket[5m]))",
                "between 0 and 1",
            ),
            ("sum(1) + queue", "needs series"),
        ] {
            let error = asked(query).unwrap_err();
            assert!(error.contains(message), "{query}: {error}");
        }
    }

    #[test]
    fn a_counter_that_began_anew_counts_from_nothing() {
        let mut tally = Tally::new(Query::parse("sum(increase(hits[1m]))").unwrap());
        for page in ["hits 100\n", "hits 7\n", "", "hits 5\n", "hits 6\n"] {
            let samples: Vec<Sample<'_>> = exposition::samples(page).flatten().collect();
            tally.take(&samples);
        }
        assert_eq!(tally.value(1.0), Ok(7.0 + 5.0 + 1.0));
    }
}
