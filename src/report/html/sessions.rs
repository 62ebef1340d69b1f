//! How a series moved over the sessions of the baseline, with the anchor and what is tolerated.

use serde::Serialize;

use super::axis::Axis;
use super::frame::Frame;
use super::markup::Markup;
use super::measured::{Known, OfSession, minute};
use super::runs::colour;
use super::svg::{Across, At};
use super::table::{Column, Table};
use crate::report::conclusion;
use crate::report::document::{Document, Trend};
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::trend;
use crate::report::units::{self, Scale};

/// One session is no course.
const FEWEST: usize = 2;
/// The newest, which are what a reader asks about.
const MOST: usize = 100;
const HEIGHT: f64 = 110.0;

#[derive(Clone, Debug, Serialize)]
struct Point {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<jiff::Timestamp>,
    /// Counted from zero, in the order of the legend.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<usize>,
}

/// The course of one series.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Course<'a> {
    #[serde(skip)]
    entry: &'a Entry,
    series: String,
    unit: &'a str,
    sessions: Vec<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor_limit: Option<f64>,
}

/// The machines of the sessions that are drawn, each with a colour.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Machines(Vec<String>);

impl Machines {
    fn number(&mut self, key: &str) -> usize {
        match self.0.iter().position(|known| known == key) {
            Some(known) => known,
            None => {
                self.0.push(key.to_owned());
                self.0.len() - 1
            }
        }
    }

    pub(super) fn told(&self) -> impl Iterator<Item = Sentence> {
        self.0.iter().map(|key| Sentence::default().foreign(key))
    }
}

impl<'a> Course<'a> {
    pub(super) fn of(entry: &'a Entry, known: &Known<'_>, machines: &mut Machines) -> Option<Self> {
        let mut sessions = known.trend(entry);
        let surplus = sessions.len().saturating_sub(MOST);
        sessions.drain(..surplus);
        let mut point = |session: OfSession| Point {
            value: session.value,
            at: session.at,
            environment: session.environment.map(|key| machines.number(&key)),
        };
        Self::through(entry, sessions.into_iter().map(&mut point).collect())
    }

    /// The only course that a stored document holds: that of its worst series.
    pub(super) fn stored(document: &'a Document) -> Option<Self> {
        let trend = document.trend.as_ref()?;
        let is_it = |entry: &&Entry| is_of(trend, entry);
        let entry = document.comparisons.iter().find(is_it)?;
        let point = |value: &f64| Point {
            value: *value,
            at: None,
            environment: None,
        };
        Self::through(entry, trend.sessions.iter().map(point).collect())
    }

    fn through(entry: &'a Entry, sessions: Vec<Point>) -> Option<Self> {
        let finite = sessions.iter().all(|point| point.value.is_finite());
        let drift = entry.drift.as_ref();
        let anchor = drift.map(|drift| drift.anchor_value);
        (sessions.len() >= FEWEST && finite).then(|| Self {
            entry,
            series: format!("{} {}", entry.shown_subject(), entry.metric_statistic()),
            unit: &entry.unit,
            sessions,
            now: entry.current.as_ref().map(|side| side.value),
            limit: trend::limit(entry).filter(|_| entry.gated),
            anchor,
            anchor_limit: drift.map(|drift| trend::drifted_to(entry.better, drift)),
        })
    }

    /// A course in which nothing ever moved is one number.
    pub(super) fn moved(&self) -> bool {
        let first = self.sessions.first().map_or(0.0, |point| point.value);
        let values = self.sessions.iter().map(|point| point.value);
        values
            .chain(self.now)
            .any(|value| (value - first).abs() > 0.0)
    }

    fn scale(&self) -> Scale {
        let values = self.sessions.iter().map(|point| point.value);
        self.entry.scale(values.chain(self.now))
    }

    pub(super) fn write(&self, page: &mut Markup) {
        page.element("figure", &[("class", "card")], |page| {
            page.element("figcaption", &[], |caption| {
                caption.sentence(&conclusion::series(self.entry));
                if let Some(drift) = &self.entry.drift {
                    caption.element("span", &[("class", "soft")], |span| {
                        span.text(" since ");
                        span.sentence(&Sentence::default().foreign(&drift.anchor));
                        span.text(" ");
                        span.text(&units::coarse_signed(drift.change.ratio - 1.0));
                        span.text(", budget ");
                        span.text(&units::limit(drift.budget));
                    });
                }
            });
            if let Some(drawn) = self.drawn() {
                page.put(&drawn);
            }
            self.table().folded(page, "The numbers");
        });
        page.line();
    }

    fn drawn(&self) -> Option<Markup> {
        let values = self.sessions.iter().map(|point| point.value);
        let lines = [self.now, self.limit, self.anchor, self.anchor_limit];
        let axis = Axis::around(values.chain(lines.into_iter().flatten()))?;
        let scale = self.scale();
        let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
            scale.tick(value, step).spoken()
        });
        for (class, value) in [
            ("limit", self.limit),
            ("anchor", self.anchor),
            ("limit budget", self.anchor_limit),
        ] {
            if let Some(value) = value {
                frame.level(class, value);
            }
        }
        let columns = self.sessions.len() + usize::from(self.now.is_some());
        #[expect(clippy::cast_precision_loss, reason = "a number of sessions")]
        let column = |i: usize| Across((i as f64 + 0.5) / columns as f64);
        let mut places: Vec<At> = self
            .sessions
            .iter()
            .enumerate()
            .map(|(i, point)| At::new(column(i), frame.down(point.value)))
            .collect();
        if let Some(now) = self.now {
            places.push(At::new(column(self.sessions.len()), frame.down(now)));
        }
        frame.svg.path("path course", &places);
        for (point, at) in self.sessions.iter().zip(&places) {
            let class = format!("{} open", colour(point.environment.unwrap_or(0)));
            frame.svg.dot(&class, *at);
        }
        let first = self.sessions.first().and_then(|point| point.at);
        let first = first.map_or_else(
            || "oldest".to_owned(),
            |at| at.strftime("%Y-%m-%d").to_string(),
        );
        frame.under(Across(0.0), &first);
        if let (Some(_), Some(at)) = (self.now, places.last()) {
            frame.svg.dot("current", *at);
            frame.under(Across(1.0), "now");
        }
        Some(frame.finish(&format!(
            "{} over {} of the baseline, and now",
            conclusion::series(self.entry).spoken(),
            units::plural(self.sessions.len(), "session", "sessions"),
        )))
    }

    fn table(&self) -> Table {
        let scale = self.scale();
        let machines = self.sessions.iter().any(|p| p.environment.is_some());
        let mut columns = vec![Column::Words("session"), Column::Number("value")];
        if machines {
            columns.push(Column::Number("machine"));
        }
        let mut table = Table::new(&columns);
        for (i, point) in self.sessions.iter().enumerate() {
            let mut row = vec![
                Sentence::new(point.at.map_or_else(|| units::count(i + 1), minute)),
                scale.write(point.value),
            ];
            if machines {
                row.push(Sentence::new(
                    point
                        .environment
                        .map_or_else(String::new, |number| units::count(number + 1)),
                ));
            }
            table.rows.push(row);
        }
        for (name, value) in [
            ("now", self.now),
            ("limit", self.limit),
            ("anchor", self.anchor),
            ("budget of the anchor", self.anchor_limit),
        ] {
            if let Some(value) = value {
                table.rows.push(vec![
                    Sentence::new(name),
                    scale.write(value),
                    Sentence::default(),
                ]);
            }
        }
        table
    }
}

fn is_of(trend: &Trend, entry: &Entry) -> bool {
    (&entry.subject, &entry.metric, entry.statistic)
        == (&trend.subject, &trend.metric, trend.statistic)
}
