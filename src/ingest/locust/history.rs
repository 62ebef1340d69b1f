//! `PREFIX_stats_history.csv`: a row per second, and per endpoint with `--csv-full-history`; streamed.
//!
//! Requests, failures and mean after a warm-up are differences of the cumulative columns, hence exact.
//! Percentiles cannot be subtracted: with full history they are those of the last ten seconds, and
//! their median over the rows after the warm-up stands for the run; without it they are cumulative,
//! so that none can be given once a warm-up is dropped.

use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::course::{EndpointRow, EndpointRows};
use super::endpoint;
use super::over_time;
use super::table::{Column, Row, Table};
use super::timeline::{RowPhase, Timeline, WINDOW};
use super::track::{Cumulated, Figures, Percentiles, Report, Totals, Track};
use super::users::Users;
use crate::hint::WithHint;
use crate::model::{Quantile, Role, Run};

/// More are names that should have been grouped, and would not fit memory.
const MOST_ENDPOINTS: usize = 100_000;

struct Columns {
    second: Column,
    users: Option<Column>,
    method: Column,
    name: Column,
    rate: Option<Column>,
    requests: Column,
    failures: Column,
    mean: Column,
    min: Option<Column>,
    max: Option<Column>,
    percentiles: Vec<Column>,
}

struct History {
    columns: Columns,
    quantiles: Vec<Quantile>,
    warmup: Option<Duration>,
    timeline: Timeline,
    /// `None` where the file does not tell them.
    users: Option<Users>,
    tracks: Vec<Track>,
    /// By type and name as they stand in the file.
    by_name: HashMap<(Vec<u8>, Vec<u8>), usize>,
    /// The same in the order of the tracks: rows come in the same order every second.
    names: Vec<(Vec<u8>, Vec<u8>)>,
    expected: usize,
    restarted: bool,
    /// What was measured, to tell the course of it.
    readings: EndpointRows,
    /// Reused for each row.
    window: Vec<Option<u64>>,
    /// Where in it the p50 and the p99 are.
    drawn: [Option<usize>; 2],
}

fn timestamp(second: u64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(i64::try_from(second).ok()?).ok()
}

pub(super) fn read(reader: impl BufRead, warmup: Option<Duration>) -> anyhow::Result<Run> {
    let mut table = Table::of(reader)?;
    let mut history = History::of(&table, warmup)?;
    while let Some(row) = table.next()? {
        history.row(&row)?;
    }
    history.finish()
}

impl History {
    fn of<R: BufRead>(table: &Table<R>, warmup: Option<Duration>) -> anyhow::Result<Self> {
        let (quantiles, percentiles): (Vec<Quantile>, _) = table.percentiles()?.into_iter().unzip();
        let drawn = [Quantile::P50, Quantile::P99];
        let drawn = drawn.map(|wanted| quantiles.iter().position(|quantile| *quantile == wanted));
        // Cumulative extremes cannot be split, so they are only read where nothing is dropped.
        let extreme = |name| match warmup {
            None => table.optional(name),
            Some(_) => Ok(None),
        };
        Ok(Self {
            columns: Columns {
                second: table.required("Timestamp")?,
                users: table.optional("User Count")?,
                method: table.required("Type")?,
                name: table.required("Name")?,
                rate: table.optional("Requests/s")?,
                requests: table.required("Total Request Count")?,
                failures: table.required("Total Failure Count")?,
                mean: table.required("Total Average Response Time")?,
                min: extreme("Total Min Response Time")?,
                max: extreme("Total Max Response Time")?,
                percentiles,
            },
            quantiles,
            warmup,
            timeline: Timeline::new(warmup),
            users: Some(Users::default()),
            tracks: Vec::new(),
            by_name: HashMap::new(),
            names: Vec::new(),
            expected: 0,
            restarted: false,
            readings: EndpointRows::default(),
            window: Vec::new(),
            drawn,
        })
    }

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let totals = Totals {
            requests: row.count(&self.columns.requests)?,
            failures: row.count(&self.columns.failures)?,
        };
        let second = row.count(&self.columns.second)?;
        // The load is not what was measured: a file that does not tell it is read all the same.
        let count = self.columns.users.as_ref();
        match count.and_then(|column| row.count(column).ok()) {
            Some(count) => {
                if let Some(users) = &mut self.users {
                    users.see(second, count);
                }
            }
            None => self.users = None,
        }
        let phase = self
            .timeline
            .advance(second, totals.requests)
            .with_context(|| format!("line {}", row.line()))?;
        let at = self.track_of(row)?;
        let Some(track) = self.tracks.get_mut(at) else {
            return Ok(());
        };
        let earlier = track.last().requests;
        if totals.requests > earlier {
            self.timeline.saw_requests();
        }
        let has_window =
            phase == RowPhase::Measured && self.columns.window(row, &mut self.window)?;
        if phase == RowPhase::Warmup {
            track.warm_up(totals, row.number(&self.columns.mean)?);
        } else {
            if totals.requests < earlier {
                track.restart();
                // An endpoint may reappear later than the total was set to zero.
                if track.role == Role::Total {
                    self.timeline.restart();
                    self.restarted = true;
                }
            }
            track.measure(totals);
            if let Some(users) = &self.columns.users {
                let [p50, p99] = self.drawn.map(|at| {
                    let told = self.window.get(at.filter(|_| has_window)?);
                    told.copied().flatten()
                });
                let reading = EndpointRow {
                    second,
                    users: row.count(users)?,
                    requests: totals.requests,
                    failures: totals.failures,
                    mean_ms: row.number(&self.columns.mean)?,
                    p50,
                    p99,
                };
                self.readings.add((&track.subject, track.role), reading);
            }
        }
        let columns = &self.columns;
        columns.keep(row, &mut track.cumulated)?;
        if has_window {
            track.window(&self.window);
        }
        Ok(())
    }

    /// The track of a row's endpoint: nearly always the one behind that of the row before.
    fn track_of(&mut self, row: &Row<'_>) -> anyhow::Result<usize> {
        let key = (row.raw(&self.columns.method), row.raw(&self.columns.name));
        let named = |at: usize| {
            self.names
                .get(at)
                .is_some_and(|(method, name)| (method.as_slice(), name.as_slice()) == key)
        };
        let at = [self.expected, 0].into_iter().find(|at| named(*at));
        let at = match at {
            Some(at) => at,
            None => self.look_up(row)?,
        };
        self.expected = at + 1;
        Ok(at)
    }

    fn look_up(&mut self, row: &Row<'_>) -> anyhow::Result<usize> {
        let (method, name) = (row.raw(&self.columns.method), row.raw(&self.columns.name));
        let key = (method.to_vec(), name.to_vec());
        if let Some(at) = self.by_name.get(&key) {
            return Ok(*at);
        }
        if self.tracks.len() == MOST_ENDPOINTS {
            return Err(anyhow!(
                "line {}: there are more than {MOST_ENDPOINTS} endpoints",
                row.line()
            ))
            .hint("group requests with `name=\"/user/[id]\"` in the locustfile");
        }
        let (method, name) = (
            row.text(&self.columns.method)?,
            row.text(&self.columns.name)?,
        );
        let (subject, role) = endpoint::named(&method, &name);
        let at = self.tracks.len();
        self.tracks
            .push(Track::new(subject, role, self.quantiles.len()));
        self.names.push(key.clone());
        self.by_name.insert(key, at);
        Ok(at)
    }

    fn percentiles(&self) -> Percentiles {
        let full = self.tracks.iter().any(|track| track.role != Role::Total);
        match (full, self.warmup) {
            (true, _) => Percentiles::Sliding,
            (false, None) => Percentiles::Cumulative,
            (false, Some(_)) => Percentiles::CumulativeWithWarmup,
        }
    }

    fn finish(self) -> anyhow::Result<Run> {
        if self.tracks.is_empty() {
            return Err(anyhow!("it has a header and no rows"))
                .hint("the run may have ended before Locust's first flush: look at its output");
        }
        let seconds = self.timeline.measured_seconds()?;
        let percentiles = self.percentiles();
        let mut run = endpoint::empty_run();
        let origin = self.timeline.origin();
        run.provenance.started_at = timestamp(origin);
        run.provenance.duration_s = Some(seconds as f64);
        run.provenance.load = self.users.as_ref().and_then(Users::load);
        run.warnings = self.notes(percentiles, seconds);
        let report = Report {
            quantiles: &self.quantiles,
            percentiles,
            seconds,
        };
        for track in self.tracks {
            let subject = track.subject.clone();
            let figures = self.columns.figures(&track.cumulated)?;
            let endpoint = track.finish(figures, &report)?;
            match endpoint {
                Some(_) if run.subjects.contains_key(&subject) => {
                    bail!("two endpoints are both `{subject}`")
                }
                Some(endpoint) => endpoint.record(&mut run)?,
                None if self.warmup.is_some() => run.warnings.push(format!(
                    "{subject} made no request after the warm-up: it is left out"
                )),
                None => endpoint::idle(subject, &mut run),
            }
        }
        self.readings.write(&mut run)?;
        let timeline = self.readings.timeline(origin, self.warmup.is_none());
        run.timeline = timeline.map(|mut timeline| {
            if percentiles != Percentiles::Sliding {
                over_time::without_percentiles(&mut timeline);
            }
            Box::new(timeline)
        });
        Ok(run)
    }

    fn notes(&self, percentiles: Percentiles, seconds: u64) -> Vec<String> {
        let mut notes = Vec::new();
        match (percentiles, self.warmup) {
            (Percentiles::Sliding, Some(_)) if seconds < WINDOW => notes.push(format!(
                "no percentiles: {seconds} s after the warm-up are shorter than the {WINDOW} s over which Locust takes them"
            )),
            (Percentiles::Sliding, Some(_)) => notes.push(format!(
                "percentiles are medians of Locust's {WINDOW} s windows after the warm-up"
            )),
            (Percentiles::Sliding, None) => notes.push(format!(
                "percentiles are medians of Locust's {WINDOW} s windows"
            )),
            (Percentiles::CumulativeWithWarmup, _) => notes.push(
                "no percentiles: without --csv-full-history Locust's hold the warm-up".to_owned(),
            ),
            (Percentiles::Cumulative, _) => {}
        }
        if percentiles != Percentiles::Sliding {
            notes.push(
                "only the Aggregated row is in this history: `locust --csv-full-history` writes every endpoint"
                    .to_owned(),
            );
        }
        if self.restarted {
            notes.push(
                "Locust set its statistics to zero during the run: what came before is not counted"
                    .to_owned(),
            );
        }
        notes
    }
}

impl Columns {
    fn keep(&self, row: &Row<'_>, cumulated: &mut Cumulated) -> anyhow::Result<()> {
        cumulated.mean.keep(row, &self.mean)?;
        if let (Some(min), Some(max)) = (&self.min, &self.max) {
            cumulated.min.keep(row, min)?;
            cumulated.max.keep(row, max)?;
        }
        Ok(())
    }

    fn figures(&self, cumulated: &Cumulated) -> anyhow::Result<Figures> {
        let mut figures = Figures {
            mean_ms: cumulated.mean.number(&self.mean)?,
            ..Figures::default()
        };
        if let (Some(min), Some(max)) = (&self.min, &self.max) {
            figures.min = Some(cumulated.min.number(min)?);
            figures.max = Some(cumulated.max.number(max)?);
        }
        Ok(figures)
    }

    /// Reads a row's percentiles; whether the row has any.
    fn window(&self, row: &Row<'_>, window: &mut Vec<Option<u64>>) -> anyhow::Result<bool> {
        window.clear();
        let mut positive = false;
        for column in &self.percentiles {
            let ms = row.known_ms(column)?;
            positive |= ms.is_some_and(|ms| ms > 0);
            window.push(ms);
        }
        // Before the first window is full, and where nothing was asked in it, Locust writes zeros.
        // Beside a rate they are true: requests of less than half a millisecond.
        let rate = self.rate.as_ref().filter(|_| !positive);
        Ok(positive
            || rate
                .map_or(Ok(None), |rate| row.known(rate))?
                .is_some_and(|r| r > 0.0))
    }
}
