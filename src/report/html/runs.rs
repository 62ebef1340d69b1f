//! The runs of both sides of a series, each as a dot in the order in which they were made.

use serde::Serialize;

use super::axis::Axis;
use super::frame::Frame;
use super::markup::Markup;
use super::measured::{Known, Of, minute};
use super::svg::{Across, At};
use super::table::{Column, Table};
use crate::model::Run;
use crate::report::change;
use crate::report::conclusion;
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::trend;
use crate::report::units::{self, Scale};

/// Beyond these colours they begin again.
const COLOURS: usize = 8;
const HEIGHT: f64 = 110.0;

/// One run.
#[derive(Clone, Debug, Serialize)]
struct Dot {
    value: f64,
    /// Counted from zero, in the order of the legend.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<jiff::Timestamp>,
}

/// The runs of one series.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Runs<'a> {
    #[serde(skip)]
    entry: &'a Entry,
    series: String,
    unit: &'a str,
    baseline: Vec<Dot>,
    current: Vec<Dot>,
    /// Each run of one side was made beside one of the other.
    paired: bool,
}

/// The class of the colour of a session, or of a machine.
pub(super) fn colour(index: usize) -> String {
    format!("c{}", index % COLOURS)
}

impl<'a> Runs<'a> {
    pub(super) fn of(
        entry: &'a Entry,
        known: Option<&Known<'_>>,
        interleaved: bool,
    ) -> Option<Self> {
        let dots = |of: Of| -> Vec<Dot> {
            let side = match of {
                Of::Baseline => &entry.baseline,
                Of::Current => &entry.current,
            };
            let values = side.as_ref().map_or(&[][..], |side| &side.values);
            let runs: Vec<&Run> = known.map_or_else(Vec::new, |known| known.runs(entry, of));
            let dot = |(i, value): (usize, &f64)| {
                let run = runs.get(i).copied();
                Dot {
                    value: *value,
                    session: run.and_then(|run| known?.session(run)),
                    started_at: run.and_then(|run| run.provenance.started_at),
                }
            };
            values.iter().enumerate().map(dot).collect()
        };
        let (baseline, current) = (dots(Of::Baseline), dots(Of::Current));
        let finite = |dots: &[Dot]| dots.iter().all(|dot| dot.value.is_finite());
        let is_any = !(baseline.is_empty() && current.is_empty());
        (is_any && finite(&baseline) && finite(&current)).then(|| Self {
            entry,
            series: format!("{} {}", entry.shown_subject(), entry.metric_statistic()),
            unit: &entry.unit,
            paired: interleaved && baseline.len() == current.len() && baseline.len() > 1,
            baseline,
            current,
        })
    }

    /// Runs that are all alike are a line of dots, which a number says as well.
    pub(super) fn show_anything(&self) -> bool {
        let mut all = self.baseline.iter().chain(&self.current);
        let first = all.next().map_or(0.0, |dot| dot.value);
        all.any(|dot| (dot.value - first).abs() > 0.0)
    }

    pub(super) fn has_one_side(&self) -> bool {
        self.baseline.is_empty() || self.current.is_empty()
    }

    /// Which of the sessions it shows.
    pub(super) fn sessions(&self) -> impl Iterator<Item = usize> {
        let all = self.baseline.iter().chain(&self.current);
        all.filter_map(|dot| dot.session)
    }

    fn scale(&self) -> Scale {
        let all = self.baseline.iter().chain(&self.current);
        self.entry.scale(all.map(|dot| dot.value))
    }

    /// The limit, where both sides are there.
    fn limit(&self) -> Option<f64> {
        let both = self.entry.gated && !self.baseline.is_empty() && !self.current.is_empty();
        trend::limit(self.entry).filter(|_| both)
    }

    pub(super) fn write(&self, page: &mut Markup) {
        page.element("figure", &[("class", "card")], |page| {
            page.element("figcaption", &[], |caption| {
                caption.sentence(&conclusion::series(self.entry));
                caption.element("span", &[("class", "soft")], |span| {
                    span.text(" ");
                    span.sentence(&change::short(self.entry));
                });
            });
            if let Some(drawn) = self.drawn() {
                page.put(&drawn);
            }
            self.table().folded(page, "The numbers");
        });
        page.line();
    }

    fn drawn(&self) -> Option<Markup> {
        let all = self.baseline.iter().chain(&self.current);
        let values: Vec<f64> = all.map(|dot| dot.value).collect();
        // A limit that is far from all runs would press them together.
        let own = Axis::around(values.iter().copied())?;
        let limit = self.limit().filter(|limit| {
            let away = own.share(*limit);
            (-1.5..=2.5).contains(&away)
        });
        let axis = Axis::around(values.iter().copied().chain(limit))?;
        let scale = self.scale();
        let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
            scale.tick(value, step).spoken()
        });
        let bottom = frame.bottom();
        if let Some(limit) = limit {
            frame.level("limit", limit);
        }
        let (before, now) = (self.baseline.len(), self.current.len());
        let columns = if self.paired { before } else { before + now };
        #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
        let column = |i: usize| Across((i as f64 + 0.5) / columns as f64);
        let offset = if self.paired { 0 } else { before };
        if self.paired {
            for (i, (old, new)) in self.baseline.iter().zip(&self.current).enumerate() {
                let ends = [old, new].map(|dot| At::new(column(i), frame.down(dot.value)));
                let [from, to] = ends;
                frame.svg.line("pair", from, to);
            }
        } else if before > 0 && now > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
            let between = Across(before as f64 / columns as f64);
            frame.svg.upright("grid", between, bottom);
        }
        let sides = [
            (
                &self.baseline,
                0,
                before,
                "open",
                "baseline",
                &self.entry.baseline,
            ),
            (&self.current, offset, now, "", "now", &self.entry.current),
        ];
        for (dots, first, count, mark, name, side) in sides {
            #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
            let ends = [first, first + count].map(|i| Across(i as f64 / columns as f64));
            if let (Some(side), [from, to]) = (side.as_ref().filter(|_| count > 0), ends) {
                let down = frame.down(side.value);
                frame
                    .svg
                    .line("middle", At::new(from, down), At::new(to, down));
                if !self.paired && !self.has_one_side() {
                    frame.under(Across(f64::midpoint(from.0, to.0)), name);
                }
            }
            for (i, dot) in dots.iter().enumerate() {
                let class = format!("{} {mark}", colour(dot.session.unwrap_or(0)));
                let at = At::new(column(first + i), frame.down(dot.value));
                frame.svg.dot(class.trim(), at);
            }
        }
        if self.paired {
            let pairs = units::plural(before, "pair", "pairs");
            frame.under(Across(0.5), &format!("{pairs}: baseline open, now filled"));
        }
        let written = |side: &Option<crate::compare::Side>| {
            side.as_ref().map_or_else(
                || "none".to_owned(),
                |side| scale.write(side.value).spoken(),
            )
        };
        Some(frame.finish(&format!(
            "{}: {} in the baseline about {}, {} now about {}",
            conclusion::series(self.entry).spoken(),
            units::plural(before, "run", "runs"),
            written(&self.entry.baseline),
            units::plural(now, "run", "runs"),
            written(&self.entry.current),
        )))
    }

    fn table(&self) -> Table {
        let scale = self.scale();
        let sessions = self.sessions().next().is_some();
        let times = self
            .baseline
            .iter()
            .chain(&self.current)
            .any(|dot| dot.started_at.is_some());
        let mut columns = vec![
            Column::Words("side"),
            Column::Number("run"),
            Column::Number("value"),
        ];
        if sessions {
            columns.push(Column::Number("session"));
        }
        if times {
            columns.push(Column::Words("started (UTC)"));
        }
        let mut table = Table::new(&columns);
        for (name, dots) in [("baseline", &self.baseline), ("now", &self.current)] {
            for (i, dot) in dots.iter().enumerate() {
                let mut row = vec![
                    Sentence::new(name),
                    Sentence::new(units::count(i + 1)),
                    scale.write(dot.value),
                ];
                if sessions {
                    row.push(Sentence::new(
                        dot.session
                            .map_or_else(String::new, |session| units::count(session + 1)),
                    ));
                }
                if times {
                    row.push(Sentence::new(
                        dot.started_at.map_or_else(String::new, minute),
                    ));
                }
                table.rows.push(row);
            }
        }
        table
    }
}
