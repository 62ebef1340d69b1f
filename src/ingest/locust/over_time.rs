//! What happened when, as far as a history tells it. Requests and failures of each second are differences of cumulative
//! columns, and so is the mean of their times: these are exact. The time of a single request is not in it, so that the
//! slices of the timeline count requests without one, and percentiles, which Locust takes over ten seconds, stand beside
//! them as what was looked at in each second.

use std::collections::BTreeMap;

use super::course::{EndpointRow, EndpointRows};
use crate::model::timeline::{Gauge, Latencies, Slice, Timeline, in_order, short};
use crate::model::{MetricName, Subject, Unit};

const PERCENTILES: [&str; 2] = ["latency_p50", "latency_p99"];

/// One endpoint from row to row.
#[derive(Default)]
struct OverTime {
    slices: Vec<Slice>,
    gauges: BTreeMap<&'static str, Vec<(usize, f64)>>,
}

impl OverTime {
    fn see(&mut self, origin: u64, before: &EndpointRow, after: &EndpointRow) {
        let grew = |of: fn(&EndpointRow) -> u64| of(after).checked_sub(of(before));
        // Locust set its totals to zero in between.
        let Some((requests, failures)) = grew(|r| r.requests).zip(grew(|r| r.failures)) else {
            return;
        };
        // A row stands at the end of its second.
        let second = after.second.saturating_sub(origin).saturating_sub(1);
        let index = usize::try_from(second).unwrap_or(usize::MAX);
        if requests > 0 {
            self.slices.push(Slice {
                index,
                errors: failures.min(requests),
                successes: Latencies::untold(requests.saturating_sub(failures)),
            });
            let sum = |reading: &EndpointRow| reading.mean_ms * reading.requests as f64;
            let mean = (sum(after) - sum(before)) / requests as f64;
            if mean >= 0.0 {
                self.look("latency_mean", index, mean);
            }
        }
        for (name, ms) in PERCENTILES.into_iter().zip([after.p50, after.p99]) {
            if let Some(ms) = ms {
                self.look(name, index, ms as f64);
            }
        }
    }

    fn look(&mut self, name: &'static str, index: usize, value: f64) {
        let values = self.gauges.entry(name).or_default();
        if values.last().is_none_or(|(last, _)| *last < index) {
            values.push((index, short(value)));
        }
    }

    fn put(self, subject: &Subject, timeline: &mut Timeline) {
        let gauge = |(name, values)| {
            let unit = Unit::new("ms");
            (MetricName::new(name), Gauge { unit, values })
        };
        let slices = in_order(self.slices);
        timeline.subjects.insert(subject.clone(), slices);
        let gauges = self.gauges.into_iter().map(gauge).collect();
        timeline.gauges.insert(subject.clone(), gauges);
    }
}

impl EndpointRows {
    /// From `origin` on, the second in which the load began. An endpoint has no row before its first request, so that
    /// what its first row holds happened in it, unless a warm-up was dropped.
    pub(super) fn timeline(&self, origin: u64, from_zero: bool) -> Option<Timeline> {
        let mut timeline = Timeline::new(1.0);
        for (subject, rows) in self.rows()? {
            let mut over_time = OverTime::default();
            if let Some(first) = rows.first().filter(|_| from_zero) {
                let nothing = EndpointRow {
                    second: first.second.saturating_sub(1),
                    ..EndpointRow::default()
                };
                over_time.see(origin, &nothing, first);
            }
            for pair in rows.windows(2) {
                if let [before, after] = pair {
                    over_time.see(origin, before, after);
                }
            }
            over_time.put(subject, &mut timeline);
        }
        timeline.shorten();
        (!timeline.is_empty()).then_some(timeline)
    }
}

/// Those of a history without endpoints are of everything up to a row, and no course.
pub(super) fn without_percentiles(timeline: &mut Timeline) {
    for gauges in timeline.gauges.values_mut() {
        gauges.retain(|name, _| !PERCENTILES.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn readings(rows: &[(u64, u64, u64, f64)]) -> EndpointRows {
        let mut all = EndpointRows::default();
        for (second, requests, failures, mean_ms) in rows {
            let reading = EndpointRow {
                second: *second,
                users: 5,
                requests: *requests,
                failures: *failures,
                mean_ms: *mean_ms,
                p50: None,
                p99: (*requests > 10).then_some(250),
            };
            all.add((&Subject::new("GET /"), Role::Outcome), reading);
        }
        all
    }

    #[test]
    fn each_second_has_its_requests_failures_and_mean_and_no_time_of_one_request() {
        let rows = [
            (101, 10, 1, 20.0),
            (102, 30, 1, 40.0),
            (104, 30, 1, 40.0),
            (105, 40, 6, 45.0),
        ];
        let timeline = readings(&rows).timeline(100, true).unwrap();
        let slices = timeline.slices("GET /");
        let seen: Vec<_> = slices
            .iter()
            .map(|s| (s.index, s.requests(), s.errors))
            .collect();
        assert_eq!(seen, [(0, 10, 1), (1, 20, 0), (4, 10, 5)]);
        assert!(slices.iter().all(|slice| slice.latency(0.5).is_none()));
        let gauges: Vec<_> = timeline.gauges("GET /").collect();
        let values = |at: usize| gauges[at].1.values.as_slice();
        assert_eq!(gauges[0].0.as_str(), "latency_mean");
        assert_eq!(values(0), [(0, 20.0), (1, 50.0), (4, 60.0)]);
        assert_eq!(gauges[1].0.as_str(), "latency_p99");
        assert_eq!(values(1), [(1, 250.0), (3, 250.0), (4, 250.0)]);
    }

    #[test]
    fn what_a_warm_up_or_a_reset_took_away_is_not_made_up() {
        let rows = [
            (110, 500, 0, 9.0),
            (111, 520, 0, 9.0),
            (112, 5, 0, 9.0),
            (113, 8, 0, 9.0),
        ];
        let timeline = readings(&rows).timeline(100, false).unwrap();
        let slices = timeline.slices("GET /").iter();
        let seen: Vec<_> = slices.map(|s| (s.index, s.requests())).collect();
        assert_eq!(seen, [(10, 20), (12, 3)]);
        assert_eq!(EndpointRows::default().timeline(0, true), None);
    }
}
