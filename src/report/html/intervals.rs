//! All gated series on one axis: how far each moved, how sure that is, and where its limit lies.

use serde::Serialize;

use super::axis::Axis;
use super::markup::Markup;
use super::parts::folded;
use super::svg::{Across, At, Side, Svg};
use super::table::{Column, Table};
use crate::model::Better;
use crate::report::change;
use crate::report::conclusion;
use crate::report::entry::Entry;
use crate::report::sentence::Sentence;
use crate::report::units;
use crate::report::view::{GroupKind, View};
use crate::report::why;

/// How many rows are visible at first, and how many the page has at most.
const IN_SIGHT: usize = 30;
const MOST: usize = 300;
/// Beyond this the axis would show nothing of the others.
const WIDEST: f64 = 1.0;
/// An axis that shows no more than this would make much of nothing.
const NARROWEST: f64 = 0.02;

/// A change as a fraction of the baseline, in which more is worse.
#[derive(Clone, Copy, Debug, Serialize)]
struct IntervalPlace {
    low: Option<f64>,
    at: f64,
    high: Option<f64>,
    limit: f64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Row<'a> {
    #[serde(skip)]
    entry: &'a Entry,
    #[serde(skip)]
    kind: GroupKind,
    series: String,
    worse_by: IntervalPlace,
}

/// What is drawn, and what cannot be.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Intervals<'a> {
    rows: Vec<Row<'a>>,
    /// Gated and compared, and judged by another size than a ratio.
    #[serde(skip)]
    without: usize,
    #[serde(skip)]
    left_out: usize,
}

impl IntervalPlace {
    fn of(entry: &Entry) -> Option<Self> {
        let by = entry.change.filter(|_| !entry.is_rate())?;
        let worse = |ratio: f64| match entry.better {
            Better::Lower => ratio - 1.0,
            Better::Higher => 1.0 - ratio,
        };
        let ends = (by.low().map(worse), by.high().map(worse));
        let (low, high) = match entry.better {
            Better::Lower => ends,
            Better::Higher => (ends.1, ends.0),
        };
        let most = entry.rule.max_regression;
        Some(Self {
            low,
            at: worse(by.ratio),
            high,
            limit: match entry.better {
                Better::Lower => most,
                Better::Higher => 1.0 - 1.0 / (1.0 + most),
            },
        })
    }

    fn beyond(&self) -> f64 {
        self.at - self.limit
    }

    /// How far from no change it reaches.
    fn reach(&self) -> f64 {
        let ends = [
            self.low.unwrap_or(self.at),
            self.at,
            self.high.unwrap_or(self.at),
            1.5 * self.limit,
        ];
        ends.into_iter()
            .map(f64::abs)
            .fold(0.0, f64::max)
            .min(WIDEST)
    }
}

/// What a row is to its reader, as a class of the style.
pub(super) fn tone(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Failing => "bad",
        GroupKind::Warning | GroupKind::Possible | GroupKind::Incomparable => "doubt",
        GroupKind::Better => "good",
        GroupKind::NoSignal | GroupKind::New | GroupKind::NotGated | GroupKind::Unchanged => "calm",
    }
}

impl<'a> Intervals<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        let gated = view.groups.iter().flat_map(|group| {
            let of = group.entries.iter().filter(|entry| entry.gated);
            of.map(|entry| (*entry, group.kind))
        });
        let compared = gated.filter(|(entry, _)| entry.outcome.is_compared());
        let (mut rows, mut without) = (Vec::new(), 0);
        for (entry, kind) in compared {
            match IntervalPlace::of(entry) {
                Some(worse_by) => rows.push(Row {
                    entry,
                    kind,
                    series: format!("{} {}", entry.shown_subject(), entry.metric_statistic()),
                    worse_by,
                }),
                None => without += 1,
            }
        }
        rows.sort_by(|a, b| b.worse_by.beyond().total_cmp(&a.worse_by.beyond()));
        let left_out = rows.len().saturating_sub(MOST);
        rows.truncate(MOST);
        Self {
            rows,
            without,
            left_out,
        }
    }

    pub(super) fn write(&self, page: &mut Markup) {
        if self.rows.is_empty() {
            return;
        }
        let reach = self
            .rows
            .iter()
            .map(|row| row.worse_by.reach())
            .fold(NARROWEST, f64::max);
        let axis = Axis::between(-reach * 1.02, reach * 1.02);
        page.element("section", &[("id", "changes")], |page| {
            page.element("h2", &[], |h2| h2.text("How far each series moved"));
            page.paragraph("soft", &self.caption());
            page.element("div", &[("class", "intervals")], |page| {
                ruler(page, &axis);
                for row in self.rows.iter().take(IN_SIGHT) {
                    row.write(page, &axis);
                }
                if self.rows.len() > IN_SIGHT {
                    let more = units::count(self.rows.len() - IN_SIGHT);
                    let title = format!("{more} more, further inside their limits");
                    folded(page, &title, |page| {
                        ruler(page, &axis);
                        for row in self.rows.iter().skip(IN_SIGHT) {
                            row.write(page, &axis);
                        }
                    });
                }
            });
            self.table().folded(page, "The numbers of this picture");
        });
        page.line();
    }

    fn caption(&self) -> Sentence {
        let mut said = Sentence::new(
            "Per cent of the baseline, worse to the right. The dot is the estimate, the bar its interval, the broken line the limit; sorted by how far each lies beyond its limit.",
        );
        if self.without > 0 {
            said = said.own(format!(
                " {} no percentage (errors, counts) and stand in the tables alone.",
                units::plural(self.without, "series has", "series have")
            ));
        }
        if self.left_out > 0 {
            said = said.own(format!(
                " {} further inside are left out.",
                units::count(self.left_out)
            ));
        }
        said
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            Column::Words("series"),
            Column::Number("change"),
            Column::Number("from"),
            Column::Number("to"),
            Column::Number("limit"),
        ]);
        for row in &self.rows {
            let by = row.entry.change;
            let end = |end: Option<f64>| {
                Sentence::new(end.map_or_else(
                    || "not bounded".to_owned(),
                    |ratio| units::coarse_signed(ratio - 1.0),
                ))
            };
            table.rows.push(vec![
                conclusion::series(row.entry),
                Sentence::new(by.map_or_else(String::new, |by| {
                    let sign = if by.ratio > 1.0 { "+" } else { "-" };
                    let size = units::percent((by.ratio - 1.0).abs());
                    if size == "0 %" {
                        size
                    } else {
                        format!("{sign}{size}")
                    }
                })),
                end(by.and_then(|by| by.low())),
                end(by.and_then(|by| by.high())),
                why::limits(row.entry),
            ]);
        }
        table
    }
}

/// The numbers above the rows.
fn ruler(page: &mut Markup, axis: &Axis) {
    let mut svg = Svg::new(16.0);
    for tick in axis.ticks(5) {
        let at = Across(axis.share(tick));
        let side = match at.0 {
            left if left < 0.08 => Side::After,
            right if right > 0.92 => Side::Before,
            _ => Side::Middle,
        };
        svg.text(At::new(at, 12.0), side, &units::coarse_signed(tick));
    }
    page.element("div", &[("class", "row ruler")], |row| {
        row.put(&svg.finish_beside());
    });
    page.line();
}

impl Row<'_> {
    fn write(&self, page: &mut Markup, axis: &Axis) {
        let class = format!("row {}", tone(self.kind));
        let word = match self.kind {
            GroupKind::Failing | GroupKind::Warning | GroupKind::Possible | GroupKind::Better => {
                self.kind.word(self.entry)
            }
            _ => "",
        };
        let size = change::short(self.entry);
        let size = if size.is_empty() {
            change::change(self.entry)
        } else {
            size
        };
        page.element("div", &[("class", &class)], |row| {
            row.element("div", &[("class", "name")], |name| {
                name.sentence(&conclusion::series(self.entry));
            });
            row.put(&self.drawn(axis));
            row.element("div", &[("class", "size")], |cell| {
                cell.sentence(&size);
                if !word.is_empty() {
                    cell.text(" ");
                    cell.element("b", &[("class", "word")], |b| b.text(word));
                }
            });
        });
        page.line();
    }

    fn drawn(&self, axis: &Axis) -> Markup {
        const HEIGHT: f64 = 18.0;
        const MIDDLE: f64 = HEIGHT / 2.0;
        let place = &self.worse_by;
        let at = |value: f64| Across(axis.share(value).clamp(0.0, 1.0));
        let low = at(place.low.unwrap_or(f64::NEG_INFINITY));
        let high = at(place.high.unwrap_or(f64::INFINITY));
        let limit = at(place.limit);
        let mut svg = Svg::new(HEIGHT);
        svg.upright("zero", at(0.0), HEIGHT);
        svg.line("bar", At::new(low, MIDDLE), At::new(high, MIDDLE));
        if high.0 > limit.0 {
            let class = if place.beyond() > 0.0 {
                "bar beyond"
            } else {
                "bar past"
            };
            let from = Across(low.0.max(limit.0));
            svg.line(class, At::new(from, MIDDLE), At::new(high, MIDDLE));
        }
        svg.upright("limit", limit, HEIGHT);
        let class = if place.beyond() > 0.0 {
            "est beyond"
        } else {
            "est"
        };
        svg.dot(class, At::new(at(place.at), MIDDLE));
        let size = change::change(self.entry);
        svg.finish(&format!(
            "{}: {}, limit {}",
            conclusion::series(self.entry).spoken(),
            size.spoken(),
            why::limits(self.entry).spoken()
        ))
    }
}
