//! Whether files of Locust are of one run: what a history says at its two ends, held against the figures of others.
//!
//! Locust writes a row of the history each second, the statistics each second and once more at the end, and the JSON
//! at the very end. Killed in between, one of them is some seconds behind the others, and never more.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::files::{Member, Set};
use super::table::Table;
use super::{exact, open};
use crate::ingest::{source, text};
use crate::model::{Evidence, MetricName, Role, Run};

/// How many seconds a file of a run may be behind another: the statistics are written every second, and the history is
/// flushed every ten.
const STATS_BEHIND_S: f64 = 3.0;
const HISTORY_BEHIND_S: f64 = 15.0;
/// So few requests say nothing.
const FEW: f64 = 20.0;
/// Of the end of a history; a row has some hundred bytes.
const TAIL: u64 = 64 * 1024;

/// Whether a CSV set and a JSON tell of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Sameness {
    Same,
    Different,
    /// One of them cannot be read.
    Unknown,
}

/// What a CSV set says of its run as a whole.
pub(in crate::ingest) struct SetSigns {
    ends: Option<Ends>,
    /// What it counted, and how many seconds that may be behind.
    counted: Option<(f64, f64)>,
}

impl SetSigns {
    pub(in crate::ingest) fn of(prefix: &Path) -> Self {
        let set = Set::at(prefix);
        let ends = Ends::of(&set.path(Member::History));
        let stats = open(&set.path(Member::Stats)).and_then(super::stats_csv::read);
        let stats = stats.ok().map(|stats| (requests(&stats), STATS_BEHIND_S));
        let history = ends.and_then(|ends| ends.requests);
        Self {
            ends,
            counted: stats.or(history.map(|counted| (counted, HISTORY_BEHIND_S))),
        }
    }
}

/// What a JSON says of its run as a whole.
pub(in crate::ingest) struct JsonSigns(Option<Run>);

impl JsonSigns {
    pub(in crate::ingest) fn of(json: &Path) -> Self {
        let read = text::read_text(json).and_then(|text| exact::parse(&text));
        Self(read.ok())
    }

    pub(in crate::ingest) fn sameness(&self, set: &SetSigns) -> Sameness {
        let Some(json) = &self.0 else {
            return Sameness::Unknown;
        };
        let begun = json.provenance.started_at.map(jiff::Timestamp::as_second);
        if let (Some(ends), Some(begun)) = (&set.ends, begun)
            && !ends.cover(begun)
        {
            return Sameness::Different;
        }
        match set.counted {
            Some((counted, behind)) if is_near(counted, json, behind) => Sameness::Same,
            Some(_) => Sameness::Different,
            None => Sameness::Unknown,
        }
    }
}

/// Whether another file of the run may hold so many requests.
fn is_near(counted: f64, run: &Run, behind_s: f64) -> bool {
    let own = requests(run);
    let seconds = run.provenance.duration_s.filter(|seconds| *seconds > 0.0);
    // Without a duration anything but a multiple may be.
    let behind = seconds.map_or(own, |seconds| own / seconds * behind_s);
    (own - counted).abs() <= behind + FEW
}

/// What the endpoints counted; where there are none, the total.
fn requests(run: &Run) -> f64 {
    let counted = |total: bool| -> f64 {
        let errors = run.subjects.values().filter_map(|metrics| {
            let errors = metrics.get(MetricName::ERRORS)?;
            match &errors.evidence {
                Evidence::Proportion(share) if (errors.role == Role::Total) == total => {
                    Some(share.of() as f64)
                }
                _ => None,
            }
        });
        errors.sum()
    };
    let endpoints = counted(false);
    if endpoints > 0.0 {
        endpoints
    } else {
        counted(true)
    }
}

/// The first and the last row of a history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ends {
    first: i64,
    last: i64,
    /// Of all endpoints, in the last row that sums them up.
    requests: Option<f64>,
}

impl Ends {
    /// `None` where it is not there or cannot be read.
    pub(super) fn of(history: &Path) -> Option<Self> {
        let mut table = Table::of(open(history).ok()?).ok()?;
        let second = table.required("Timestamp").ok()?;
        let first = table.next().ok()??.count(&second).ok()?;
        let first = i64::try_from(first).ok()?;
        let (last, requests) = tail(history).unwrap_or((first, None));
        Some(Self {
            first,
            last: last.max(first),
            requests,
        })
    }

    pub(super) fn started_at(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(self.first).ok()
    }

    /// Whether a run that began then may be this one.
    fn cover(&self, second: i64) -> bool {
        const CLOCKS: i64 = 5;
        (self.first - CLOCKS..=self.last + CLOCKS).contains(&second)
    }

    /// Why the history cannot be of the run whose final figures these are.
    pub(super) fn refused_by(&self, run: &Run) -> Option<String> {
        let counted = self
            .requests
            .filter(|counted| !is_near(*counted, run, HISTORY_BEHIND_S))?;
        Some(format!(
            "it counts {counted} requests at its end, and the statistics {}",
            requests(run)
        ))
    }
}

/// The second of the last row, and the requests of the last one that sums up.
fn tail(history: &Path) -> Option<(i64, Option<f64>)> {
    let mut file: File = source::open(history).ok()?;
    let length = file.metadata().ok()?.len();
    let mut head = Vec::new();
    BufReader::new(file.try_clone().ok()?)
        .take(TAIL)
        .read_to_end(&mut head)
        .ok()?;
    let header = head.split_inclusive(|byte| *byte == b'\n').next()?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut end = Vec::new();
    file.take(TAIL).read_to_end(&mut end).ok()?;
    // The first line of the tail is cut, or is the header.
    let (_, rows) = end.split_at_checked(end.iter().position(|byte| *byte == b'\n')? + 1)?;
    let mut table = Table::of(Cursor::new([header, rows].concat())).ok()?;
    let second = table.required("Timestamp").ok()?;
    let name = table.required("Name").ok()?;
    let total = table.required("Total Request Count").ok()?;
    let (mut last, mut requests) = (None, None);
    while let Ok(Some(row)) = table.next() {
        let Ok(at) = row.count(&second) else { break };
        last = i64::try_from(at).ok();
        if row.text(&name).is_ok_and(|name| name == "Aggregated") {
            requests = row.number(&total).ok();
        }
    }
    Some((last?, requests))
}
