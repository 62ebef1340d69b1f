//! What endpoints did over time, by their rows in a history. The cumulative columns are exact: between two rows lie so
//! many requests and failures, and their mean is the difference of the sums. Only the seconds with the highest number of
//! users are looked at, because a load that still grows makes any service slower.

use std::collections::BTreeMap;

use crate::model::course::{self, Courses};
use crate::model::{EvidenceError, Role, Run, Subject};
use crate::stats::trend::{self, Point, Share};

/// More rows of an endpoint are thinned; what is cumulative loses nothing by that.
const MOST_ROWS: usize = 1_200;
/// Of more endpoints than this nothing is said.
const MOST_ENDPOINTS: usize = 500;
/// The most points of which a course is made, and the requests behind each.
const POINTS: f64 = 60.0;
const PER_POINT: f64 = 20.0;

/// One row of an endpoint: what it had done by then.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EndpointRow {
    pub second: u64,
    pub users: u64,
    pub requests: u64,
    pub failures: u64,
    pub mean_ms: f64,
    /// Of the last ten seconds, where the row tells them.
    pub p50: Option<u64>,
    pub p99: Option<u64>,
}

/// The rows of every endpoint.
#[derive(Debug, Default)]
pub(super) struct EndpointRows {
    of: BTreeMap<Subject, (Role, Vec<EndpointRow>)>,
    /// When counting began.
    first: Option<u64>,
    highest: u64,
}

/// What lies between two rows.
struct Interval {
    /// Seconds of load before it.
    at: f64,
    length: f64,
    requests: f64,
    failures: f64,
    sum_ms: f64,
}

impl EndpointRows {
    pub(super) fn add(&mut self, (subject, role): (&Subject, Role), reading: EndpointRow) {
        if reading.users > self.highest {
            self.highest = reading.users;
        }
        self.first.get_or_insert(reading.second);
        if !self.of.contains_key(subject) && self.of.len() > MOST_ENDPOINTS {
            return;
        }
        let (_, rows) = self
            .of
            .entry(subject.clone())
            .or_insert_with(|| (role, Vec::new()));
        rows.push(reading);
        if rows.len() > MOST_ROWS {
            let mut keep = true;
            rows.retain(|_| {
                keep = !keep;
                !keep
            });
        }
    }

    /// The rows of every endpoint, unless there are too many.
    pub(super) fn rows(&self) -> Option<impl Iterator<Item = (&Subject, &[EndpointRow])>> {
        let few = self.of.len() <= MOST_ENDPOINTS;
        let all = self.of.iter();
        few.then(|| all.map(|(subject, (_, rows))| (subject, rows.as_slice())))
    }

    /// Writes what is certain of each endpoint, or of all together where the history has nothing else.
    pub(super) fn write(&self, run: &mut Run) -> Result<(), EvidenceError> {
        if self.of.len() > MOST_ENDPOINTS || self.highest == 0 {
            return Ok(());
        }
        let alone = self.of.values().all(|(role, _)| *role == Role::Total);
        let mut said = Vec::new();
        for (subject, (role, rows)) in &self.of {
            let is_asked = alone || *role != Role::Total;
            if is_asked && self.is_held(rows) && run.subjects.contains_key(subject) {
                said.extend(self.courses(rows).write(subject, run)?);
            }
        }
        course::tell(said, run);
        Ok(())
    }

    /// Whether the highest number of users was kept for a fifth of the time, and no peak of a load that rises and falls.
    fn is_held(&self, rows: &[EndpointRow]) -> bool {
        let held: f64 = self.intervals(rows).iter().map(|one| one.length).sum();
        let ends = rows.first().zip(rows.last());
        let all = ends.map_or(0, |(first, last)| last.second.saturating_sub(first.second));
        held > 0.0 && held >= 0.2 * all as f64
    }

    fn intervals(&self, rows: &[EndpointRow]) -> Vec<Interval> {
        let mut at = 0.0;
        let mut intervals = Vec::new();
        for pair in rows.windows(2) {
            let [before, after] = pair else { continue };
            let full = before.users == self.highest && after.users == self.highest;
            let grew = |of: fn(&EndpointRow) -> u64| of(after).checked_sub(of(before));
            let grown = grew(|r| r.requests).zip(grew(|r| r.failures));
            let (Some((requests, failures)), true) = (grown, full) else {
                continue;
            };
            let length = after.second.saturating_sub(before.second) as f64;
            let sum = |reading: &EndpointRow| reading.mean_ms * reading.requests as f64;
            intervals.push(Interval {
                at,
                length,
                requests: requests as f64,
                failures: failures as f64,
                sum_ms: sum(after) - sum(before),
            });
            at += length;
        }
        intervals
    }

    fn courses(&self, rows: &[EndpointRow]) -> Courses {
        let intervals = self.intervals(rows);
        let length: f64 = intervals.iter().map(|one| one.length).sum();
        let requests: f64 = intervals.iter().map(|one| one.requests).sum();
        let count = POINTS.min(requests / PER_POINT).min(intervals.len() as f64);
        let mut points: Vec<Interval> = Vec::new();
        for one in intervals {
            let behind = length / count.max(1.0) * points.len() as f64;
            match points.last_mut() {
                Some(last) if one.at + 1e-9 < behind => {
                    last.length += one.length;
                    last.requests += one.requests;
                    last.failures += one.failures;
                    last.sum_ms += one.sum_ms;
                }
                _ => points.push(one),
            }
        }
        let middle = |one: &Interval| (one.at + one.length / 2.0) / length;
        let means = points
            .iter()
            .filter(|one| one.requests >= 1.0 && one.sum_ms > 0.0);
        let means: Vec<Point> = means
            .map(|one| Point {
                at: middle(one),
                value: (one.sum_ms / one.requests).ln(),
            })
            .collect();
        let asked = points.iter().filter(|one| one.requests >= 1.0);
        let shares: Vec<Share> = asked
            .map(|one| Share {
                at: middle(one),
                count: one.failures,
                of: one.requests,
            })
            .collect();
        Courses {
            latency: trend::latency(&means, |share| self.moment(rows, share * length)),
            errors: trend::rise_of_share(&shares).unwrap_or(0.0) * 100.0,
        }
    }

    /// Seconds since the first row, when so much of the full load had passed.
    fn moment(&self, rows: &[EndpointRow], passed: f64) -> f64 {
        let full = rows.iter().find(|row| row.users == self.highest);
        let from = full.map_or(0, |row| row.second);
        from.saturating_sub(self.first.unwrap_or(from)) as f64 + passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute in which each second has ten requests more, after ten seconds in which users come.
    fn readings(mean_ms: impl Fn(u64) -> f64) -> EndpointRows {
        let mut readings = EndpointRows::default();
        let subject = Subject::new("GET /");
        let (mut requests, mut sum) = (0, 0.0);
        for second in 0..=70_u64 {
            let noise = 1.0 + 0.02 * f64::from(u8::try_from(second * 7 % 5).unwrap());
            requests += 30;
            sum += 30.0 * mean_ms(second) * noise;
            let reading = EndpointRow {
                second: 1_000 + second,
                users: (second + 1).min(10),
                requests,
                failures: 0,
                mean_ms: sum / requests as f64,
                ..EndpointRow::default()
            };
            readings.add((&subject, Role::Outcome), reading);
        }
        readings
    }

    #[test]
    fn only_what_changes_under_the_full_load_is_told() {
        let courses = |readings: EndpointRows| {
            let (_, rows) = &readings.of[&Subject::new("GET /")];
            readings.courses(rows).latency
        };
        // As long as users come, everything gets slower.
        let growing = readings(|second| 5.0 * (second + 1).min(10) as f64);
        assert_eq!(courses(growing), trend::latency(&[], |_| 0.0));
        let step = courses(readings(|second| if second < 40 { 5.0 } else { 20.0 }));
        assert!((250.0..350.0).contains(&step.step()), "{step:?}");
        let line = courses(readings(|second| 5.0 + 0.1 * second as f64));
        assert!(
            (60.0..120.0).contains(&line.rise()) && line.step() == 0.0,
            "{line:?}"
        );
    }

    #[test]
    fn long_histories_are_thinned() {
        let mut readings = EndpointRows::default();
        let subject = Subject::new("GET /");
        for second in 0..100_000 {
            let reading = EndpointRow {
                second,
                users: 5,
                requests: second,
                failures: 0,
                mean_ms: 3.0,
                ..EndpointRow::default()
            };
            readings.add((&subject, Role::Outcome), reading);
        }
        assert!(readings.of[&subject].1.len() <= MOST_ROWS);
        assert_eq!(
            readings.courses(&readings.of[&subject].1).latency.rise(),
            0.0
        );
    }
}
