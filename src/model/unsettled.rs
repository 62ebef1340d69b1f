//! What a result of a load tool tells under each single name, for names that are put together later.
//!
//! It lives only between reading a result and deciding its names: no file of ours holds it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Point, Subject};
use crate::text::{sanitize, shorten};

/// The details of a run whose subjects may still get other names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unsettled {
    /// The counted latencies behind a subject's percentiles, where the tool gives them.
    pub counts: BTreeMap<Subject, Counts>,
    pub remarks: Remarks,
}

/// How often each rounded value occurred, slowest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    slowest_first: Vec<(Point, u64)>,
    /// All requests, those without a time too.
    requests: u64,
}

impl Counts {
    /// `slowest_first` has to be in that order.
    pub fn new(slowest_first: Vec<(Point, u64)>, requests: u64) -> Self {
        Self {
            slowest_first,
            requests,
        }
    }

    pub fn slowest_first(&self) -> &[(Point, u64)] {
        &self.slowest_first
    }

    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The fastest value beyond which at most a share of `1 - fraction` lies. The share of requests is rounded
    /// down, as Locust does (`calculate_response_time_percentile` of `locust/stats.py`).
    #[expect(
        clippy::cast_precision_loss,
        reason = "requests beyond 2^53 do not occur"
    )]
    pub fn percentile(&self, fraction: f64) -> Option<Point> {
        let rest_allowed = (self.requests as f64 * fraction).trunc();
        let mut rest = self.requests;
        self.slowest_first.iter().find_map(|&(point, count)| {
            rest = rest.saturating_sub(count);
            (rest as f64 <= rest_allowed).then_some(point)
        })
    }
}

/// Sentences about subjects, as facts: where subjects are put together, so are these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remarks {
    /// Failed requests that the latency includes, of all requests.
    pub failed_in_latency: BTreeMap<Subject, (u64, u64)>,
    /// Subjects of which no request carries a time, with their requests.
    pub untimed: BTreeMap<Subject, u64>,
    /// Subjects that made no request.
    pub idle: BTreeSet<Subject>,
    pub reasons: Reasons,
}

/// Why requests failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasons {
    /// How often each message occurred.
    pub of: BTreeMap<Subject, BTreeMap<String, u64>>,
    /// All failures of each subject that has any.
    pub failures: BTreeMap<Subject, u64>,
    /// The file that holds the rest.
    pub file: String,
}

/// The rest is in the tool's own file.
const MOST_SUBJECTS: usize = 5;
const LONGEST_MESSAGE: usize = 120;

impl Remarks {
    /// One sentence for each fact.
    pub fn sentences(&self) -> Vec<String> {
        let latency = self
            .failed_in_latency
            .iter()
            .map(|(subject, (failed, of))| failed_in_latency(subject, *failed, *of));
        let untimed = self.untimed.iter().map(|(s, n)| untimed(s, *n));
        let idle = self.idle.iter().map(idle);
        let mut all: Vec<String> = latency.chain(untimed).chain(idle).collect();
        all.extend(self.reasons.sentences());
        all
    }
}

pub fn failed_in_latency(subject: &Subject, failed: u64, of: u64) -> String {
    format!(
        "latency of {subject} includes {failed} failed requests of {of}: Locust does not time them apart"
    )
}

pub fn untimed(subject: &Subject, requests: u64) -> String {
    format!("{subject} has no latency: none of its {requests} requests carries a response time")
}

pub fn idle(subject: &Subject) -> String {
    format!("{subject} made no request: it is left out")
}

impl Reasons {
    /// The most frequent message of the subjects that failed most.
    pub fn sentences(&self) -> Vec<String> {
        let mut failed: Vec<(&Subject, u64)> = self.failures.iter().map(|(s, n)| (s, *n)).collect();
        failed.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let left = failed.len().saturating_sub(MOST_SUBJECTS);
        let mut sentences: Vec<String> = failed
            .into_iter()
            .take(MOST_SUBJECTS)
            .filter_map(|(subject, _)| {
                let messages = self.of.get(subject)?.iter();
                let (message, times) =
                    messages.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))?;
                let message = shortened(message);
                (*times > 0).then(|| format!("{subject} failed {times} times with {message}"))
            })
            .collect();
        if left > 0 {
            sentences.push(format!(
                "{left} more endpoints had failures: see {}",
                self.file
            ));
        }
        sentences
    }
}

/// The message is the tested system's text: one line, and short.
fn shortened(message: &str) -> String {
    shorten::end(&sanitize::inline(message), LONGEST_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_of_many_lines_becomes_short_and_one() {
        let short = shortened(&"é\n".repeat(200));
        assert_eq!(short.chars().count(), LONGEST_MESSAGE + 1);
        assert!(!short.contains('\n'));
        assert_eq!(shortened("404"), "404");
    }

    #[test]
    fn a_percentile_is_read_from_the_slow_end() {
        let point = |value| Point {
            value,
            resolution: 1.0,
        };
        let counts = Counts::new(
            vec![(point(100.0), 1), (point(20.0), 4), (point(10.0), 5)],
            10,
        );
        let at = |fraction| counts.percentile(fraction).unwrap().value;
        // Of ten requests, five took 10 ms: the median is still the upper of the middle two.
        assert_eq!([0.5, 0.49, 0.9, 0.89].map(at), [20.0, 10.0, 100.0, 20.0]);
    }

    #[test]
    fn the_most_frequent_message_of_those_that_failed_most_is_told() {
        let mut reasons = Reasons {
            file: "x_failures.csv".to_owned(),
            ..Reasons::default()
        };
        for n in 1..=6_u64 {
            let subject = Subject::new(format!("GET /{n}"));
            reasons.failures.insert(subject.clone(), n);
            let messages = [("500".to_owned(), n), ("404".to_owned(), n)];
            reasons.of.insert(subject, messages.into());
        }
        let told = reasons.sentences();
        assert_eq!(told.first().unwrap(), "GET /6 failed 6 times with 404");
        assert_eq!(told.len(), 6);
        assert_eq!(
            told.last().unwrap(),
            "1 more endpoints had failures: see x_failures.csv"
        );
    }
}
