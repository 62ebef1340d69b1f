//! What was measured of two builds in one session: head over base. A machine that is twice as fast has the same ratios, so
//! the points of all machines are one series.

use std::collections::{BTreeMap, BTreeSet};

use super::builds::{Build, builds};
use super::document::{RatioHistory, RatioPoint};
use super::filter::HistoryFilter;
use super::gathered::Gathered;
use crate::model::{self, Session, WorkloadKey};
use crate::stats::order;

impl Gathered {
    /// The commits of sessions that measured two builds: which of the two is the base only their repository knows.
    pub fn measured_together(&self) -> BTreeSet<String> {
        let history = model::History::of(&self.runs);
        let mut commits = BTreeSet::new();
        for workload in &history.workloads {
            let mut places = workload.places();
            for session in &workload.sessions {
                let runs: Vec<usize> = places.by_ref().take(session.runs.len()).collect();
                if let [
                    Build {
                        commit: Some(a), ..
                    },
                    Build {
                        commit: Some(b), ..
                    },
                ] = builds(session, &runs).as_slice()
                {
                    commits.extend([(*a).to_owned(), (*b).to_owned()]);
                }
            }
        }
        commits
    }

    pub(super) fn ratios(
        &self,
        history: &model::History<'_>,
        filter: &HistoryFilter,
        label: &dyn Fn(&WorkloadKey) -> Option<String>,
    ) -> Vec<RatioHistory> {
        let mut found: BTreeMap<(Option<String>, usize), Vec<RatioPoint>> = BTreeMap::new();
        for workload in &history.workloads {
            if !filter.takes_environment(&workload.key) {
                continue;
            }
            let mut places = workload.places();
            for session in &workload.sessions {
                let runs: Vec<usize> = places.by_ref().take(session.runs.len()).collect();
                let all = builds(session, &runs);
                let Some((base, head)) = self.sides(&all) else {
                    continue;
                };
                for (index, mut point) in self.pairs(session, base, head) {
                    if filter.since.is_some_and(|since| point.date.0 < since)
                        || !self.is_asked(index, filter)
                    {
                        continue;
                    }
                    point.environment = workload.key.environment.clone();
                    let series = (label(&workload.key), index);
                    found.entry(series).or_default().push(point);
                }
            }
        }
        let ratios = found.into_iter();
        let mut ratios: Vec<RatioHistory> = ratios
            .filter_map(|((workload, index), points)| self.of_pairs(index, workload, points))
            .collect();
        ratios.sort_by_cached_key(|ratios| (ratios.workload.clone(), ratios.name()));
        ratios
    }

    /// Base and head, where a session holds two builds of which the repository knows the older one.
    fn sides<'b, 'a>(&self, all: &'b [Build<'a>]) -> Option<(&'b Build<'a>, &'b Build<'a>)> {
        let [a, b] = all else { return None };
        let place = |build: &Build<'_>| self.order.get(build.commit?).copied();
        match (place(a), place(b)) {
            (Some(of_a), Some(of_b)) if of_b < of_a => Some((b, a)),
            // A head that was squashed into another commit is not known.
            (None, Some(_)) => Some((b, a)),
            (Some(_), _) => Some((a, b)),
            (None, None) => None,
        }
    }

    fn pairs(
        &self,
        session: &Session<'_>,
        base: &Build<'_>,
        head: &Build<'_>,
    ) -> Vec<(usize, RatioPoint)> {
        let points = head.point(self, session).zip(base.point(self, session));
        let Some((of_head, of_base)) = points else {
            return Vec::new();
        };
        let bases = base.values(self);
        let heads = head.values(self).into_iter();
        heads
            .filter_map(|(index, head)| {
                let base = bases.get(&index)?;
                let below = order::median(base).filter(|value| *value > 0.0)?;
                let ratio = order::median(&head)? / below;
                let point = RatioPoint {
                    commit: of_head.commit.clone(),
                    base: of_base.commit.clone(),
                    recorded_in: of_head.recorded_in.clone(),
                    date: of_head.date,
                    environment: None,
                    session: of_head.session.clone(),
                    ratio,
                    chained: ratio,
                    runs: head.len(),
                    base_runs: base.len(),
                };
                (ratio.is_finite() && ratio > 0.0).then_some((index, point))
            })
            .collect()
    }

    fn of_pairs(
        &self,
        index: usize,
        workload: Option<String>,
        mut points: Vec<RatioPoint>,
    ) -> Option<RatioHistory> {
        let series = self.series.get(index)?;
        points.sort_by_key(|point| point.date);
        chain(&mut points);
        Some(RatioHistory {
            subject: series.subject.to_string(),
            metric: series.metric.to_string(),
            statistic: series.statistic,
            better: series.better,
            workload,
            points,
        })
    }
}

/// Where each base is the head of the point before, the ratios multiply to one course.
fn chain(points: &mut [RatioPoint]) {
    let mut before: Option<(String, f64)> = None;
    for point in points {
        let so_far = match &before {
            Some((head, chained)) if *head == point.base => *chained,
            _ => 1.0,
        };
        point.chained = so_far * point.ratio;
        before = Some((point.commit.clone(), point.chained));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::document::Time;

    fn point(base: &str, commit: &str, ratio: f64) -> RatioPoint {
        RatioPoint {
            commit: commit.to_owned(),
            base: base.to_owned(),
            recorded_in: commit.to_owned(),
            date: Time(jiff::Timestamp::UNIX_EPOCH),
            environment: None,
            session: None,
            ratio,
            chained: ratio,
            runs: 5,
            base_runs: 5,
        }
    }

    #[test]
    fn ratios_multiply_while_each_base_is_the_head_before() {
        let mut points = [
            point("a", "b", 1.1),
            point("b", "c", 0.5),
            point("x", "y", 2.0),
            point("y", "z", 2.0),
        ];
        chain(&mut points);
        let chained: Vec<f64> = points.iter().map(|point| point.chained).collect();
        assert_eq!(chained, [1.1, 1.1 * 0.5, 2.0, 4.0]);
    }
}
