//! The runs of a session by the builds that they measured.

use std::collections::BTreeMap;

use super::document::{Point, Time};
use super::gathered::{Gathered, SeriesValue};
use crate::model::Session;

/// The runs of one build in one session.
pub(super) struct Build<'a> {
    pub commit: Option<&'a str>,
    /// Places among all that were gathered.
    pub runs: Vec<usize>,
}

/// In the order in which they came first: where base and head were measured in turns, a session holds two.
pub(super) fn builds<'a>(session: &Session<'a>, places: &[usize]) -> Vec<Build<'a>> {
    let mut builds: Vec<Build<'a>> = Vec::new();
    for (run, place) in session.runs.iter().zip(places) {
        let commit = run.provenance.commit.as_deref();
        match builds.iter_mut().find(|build| build.commit == commit) {
            Some(build) => build.runs.push(*place),
            None => builds.push(Build {
                commit,
                runs: vec![*place],
            }),
        }
    }
    builds
}

impl Build<'_> {
    /// Without a value yet.
    pub(super) fn point(&self, gathered: &Gathered, session: &Session<'_>) -> Option<Point> {
        let recorded = self.runs.iter();
        let recorded = recorded.filter_map(|run| gathered.recorded.get(*run));
        let recorded = recorded.min_by_key(|recorded| recorded.date)?;
        let runs = || self.runs.iter().filter_map(|run| gathered.runs.get(*run));
        let started = runs().filter_map(|run| run.provenance.started_at).min();
        Some(Point {
            commit: self.commit.unwrap_or(&recorded.commit).to_owned(),
            recorded_in: recorded.commit.clone(),
            date: Time(started.unwrap_or(recorded.date)),
            environment: None,
            session: session.name.map(str::to_owned),
            value: 0.0,
            runs: 0,
        })
    }

    /// The numbers of each series.
    pub(super) fn values(&self, gathered: &Gathered) -> BTreeMap<usize, Vec<f64>> {
        let mut values: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let readings = self.runs.iter();
        let readings = readings.filter_map(|run| gathered.readings.get(*run));
        for SeriesValue { series, value } in readings.flatten() {
            values.entry(*series).or_default().push(*value);
        }
        values
    }
}
