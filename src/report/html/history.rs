//! A history as a page: what moved first, then each series over its time with its levels and changes, and all of them in
//! a table. Points are merged where a picture has no room for each.

use std::cmp::Reverse;

use serde::Serialize;

use super::axis::Axis;
use super::frame::Frame;
use super::markup::Markup;
use super::parts::{cards, folded, section};
use super::svg::{Across, At};
use super::table::{Column, Table};
use super::whole::Whole;
use crate::history::{
    Change, Direction, History, OfHistory, Point, RatioHistory, SeriesHistory, Strength,
};
use crate::report::history::words;
use crate::report::sentence::Sentence;
use crate::report::units::{self, Scale, plural};
use crate::stats::order;
use crate::text::sanitize;

/// The most series that are drawn, and the most points of each.
const DRAWN: usize = 24;
const POINTS: usize = 100;
/// More points than this are a line without dots.
const DOTS: usize = 40;
const ROWS: usize = 2_000;
const WEAK: usize = 50;
const HEIGHT: f64 = 130.0;

#[derive(Serialize)]
struct Data<'a> {
    schema: &'a str,
    history: &'a OfHistory,
    series: Vec<SeriesData<'a>>,
    ratios: Vec<&'a RatioHistory>,
}

/// What is drawn; `perfgate history --format json` has every point.
#[derive(Serialize)]
struct SeriesData<'a> {
    series: String,
    unit: &'a str,
    environment: Option<&'a str>,
    workload: Option<&'a str>,
    points: Vec<Merged<'a>>,
    changes: &'a [Change],
}

/// Neighbours, by their median.
#[derive(Clone, Debug, Serialize)]
struct Merged<'a> {
    value: f64,
    points: usize,
    from: String,
    to: String,
    /// The newest.
    commit: &'a str,
    #[serde(skip)]
    at: f64,
}

/// The page of a history.
pub fn history(history: &History) -> Result<String, serde_json::Error> {
    let mut drawn: Vec<&SeriesHistory> = history.series.iter().collect();
    drawn.sort_by_key(|series| Reverse(worth(series)));
    drawn.truncate(DRAWN);
    let ratios: Vec<&RatioHistory> = history.ratios.iter().take(DRAWN).collect();
    let data = Data {
        schema: &history.schema,
        history: &history.history,
        series: drawn.iter().map(|series| SeriesData::of(series)).collect(),
        ratios: ratios.clone(),
    };
    let head = words::head(history);
    let whole = Whole {
        title: &format!("perfgate history: {head}"),
        data: &serde_json::to_string(&Wrapped { history: &data })?,
    };
    Ok(whole.write(|page| {
        header(page, history, &head);
        changes(page, history);
        pictures(page, history, &drawn);
        together(page, &ratios, history.ratios.len());
        all(page, history);
    }))
}

/// The document of a history stands beside that of a verdict.
#[derive(Serialize)]
struct Wrapped<'a> {
    history: &'a Data<'a>,
}

/// What a reader wants to see first: the newest certain changes, then what drifted, then what moves at all.
fn worth(series: &SeriesHistory) -> (Option<jiff::Timestamp>, bool, bool, usize) {
    let newest = series
        .strong()
        .map(|change| change.first_after.date.0)
        .max();
    let is_worse = |direction| direction == Direction::Worse;
    let drifted = series.drift.as_ref();
    let drifted = drifted
        .is_some_and(|drift| is_worse(drift.direction) && drift.relative.abs() > drift.budget);
    let moves = series.trend.as_ref().is_some_and(|trend| trend.certain);
    (newest, drifted, moves, series.changes.len())
}

impl<'a> SeriesData<'a> {
    fn of(series: &'a SeriesHistory) -> Self {
        Self {
            series: series.name(),
            unit: series.unit.as_str(),
            environment: series.environment.as_deref(),
            workload: series.workload.as_deref(),
            points: parts(series).into_iter().flatten().collect(),
            changes: &series.changes,
        }
    }
}

/// The points between gaps, merged: nothing is drawn across a gap.
fn parts(series: &SeriesHistory) -> Vec<Vec<Merged<'_>>> {
    let each = series.points.len().div_ceil(POINTS).max(1);
    let ends = series.gaps.iter().map(|gap| gap.first_after.point);
    let mut from = 0;
    let mut parts = Vec::new();
    for to in ends.chain([series.points.len()]) {
        let part = series.points.get(from..to).unwrap_or_default();
        parts.push(part.chunks(each).filter_map(merged).collect());
        from = to;
    }
    parts
}

fn merged(points: &[Point]) -> Option<Merged<'_>> {
    let (first, last) = points.first().zip(points.last())?;
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    Some(Merged {
        value: order::median(&values)?,
        points: points.len(),
        from: first.date.day(),
        to: last.date.day(),
        commit: &last.commit,
        at: f64::midpoint(seconds(first.date.0), seconds(last.date.0)),
    })
}

#[expect(clippy::cast_precision_loss, reason = "seconds of any year")]
fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_second() as f64
}

fn header(page: &mut Markup, history: &History, head: &str) {
    let strong = words::changes(history, Strength::Strong);
    let worse = strong
        .iter()
        .filter(|(_, change)| change.direction == Direction::Worse);
    let worse = worse.count();
    let (tone, word) = match (worse, strong.len()) {
        (0, 0) => ("calm", "NO CHANGES"),
        (0, _) => ("good", "CHANGES"),
        _ => ("doubt", "CHANGES"),
    };
    let class = format!("verdict {tone}");
    page.element("header", &[("class", &class)], |page| {
        page.element("p", &[("class", "badge")], |badge| badge.text(word));
        page.element("h1", &[], |h1| {
            h1.text(&format!(
                "perfgate history: {}, {worse} towards worse",
                plural(strong.len(), "change", "changes")
            ));
        });
        page.line();
        page.element("p", &[("class", "soft")], |p| p.text(head));
    });
    page.line();
}

fn changes(page: &mut Markup, history: &History) {
    let strong = words::changes(history, Strength::Strong);
    if !strong.is_empty() {
        section(page, "changes", "Changes", |page| {
            let told = "Two detectors of different kinds agree, within one point.";
            page.paragraph("soft", &Sentence::new(told));
            table_of_changes(&strong, ROWS).write(page);
        });
    }
    let weak = words::changes(history, Strength::Weak);
    if !weak.is_empty() {
        let title = format!(
            "{}, seen by one of two detectors",
            plural(weak.len(), "weak change", "weak changes")
        );
        folded(page, &title, |page| {
            table_of_changes(&weak, WEAK).write(page);
            if let Some(more) = weak.len().checked_sub(WEAK).filter(|more| *more > 0) {
                let said = format!("{} older; --format json has them all.", units::count(more));
                page.paragraph("soft", &Sentence::new(said));
            }
        });
    }
}

fn table_of_changes(changes: &[(&SeriesHistory, &Change)], most: usize) -> Table {
    let mut table = Table::stacked(&[
        Column::Word("direction"),
        Column::Words("series"),
        Column::Number("level"),
        Column::Words("size"),
        Column::Words("between"),
    ]);
    for (series, change) in changes.iter().take(most) {
        let scale = words::scale(series);
        let tone = match (change.strength, change.direction) {
            (Strength::Strong, Direction::Worse) => "bad",
            (Strength::Strong, Direction::Better) => "good",
            _ => "calm",
        };
        let size = Sentence::new(words::size(&change.size, &scale, true));
        let level = scale
            .number(change.before)
            .own(" → ")
            .then(scale.write(change.after));
        let between = commit(&change.last_before.commit, &change.last_before.date.day())
            .own(" and ")
            .then(commit(
                &change.first_after.commit,
                &change.first_after.date.day(),
            ));
        let row = vec![
            Sentence::new(change.direction.as_str()),
            named(series),
            level,
            size.own(words::by(change)),
            between,
        ];
        table.toned(tone, row);
    }
    table
}

fn commit(commit: &str, day: &str) -> Sentence {
    Sentence::default()
        .foreign(&words::short(commit))
        .own(format!(" ({day})"))
}

/// The series with its machine.
fn named(series: &SeriesHistory) -> Sentence {
    Sentence::default()
        .foreign(&series.name())
        .own(" ")
        .foreign(&words::heading(series))
}

fn pictures(page: &mut Markup, history: &History, drawn: &[&SeriesHistory]) {
    if drawn.is_empty() {
        return;
    }
    section(page, "series", "Over time", |page| {
        let mut said = Sentence::new(
            "The median of the runs of each build, oldest first; each picture is of one machine. Strong lines are the levels between the changes that two detectors see, red after one towards worse and green after one towards better; the thin line is the anchor; nothing is drawn across a gap.",
        );
        let left_out = history.series.len() - drawn.len();
        if left_out > 0 {
            said = said.own(format!(
                " {} more are in the table below, and drawn where they are named: `perfgate history SERIES --format html`.",
                units::count(left_out)
            ));
        }
        page.paragraph("soft", &said);
        cards(page, |page| {
            drawn.iter().for_each(|series| card(page, series))
        });
    });
}

fn card(page: &mut Markup, series: &SeriesHistory) {
    page.element("figure", &[("class", "card")], |page| {
        page.element("figcaption", &[], |caption| {
            caption.sentence(&named(series));
            caption.element("span", &[("class", "soft")], |span| {
                let scale = words::scale(series);
                span.text(&format!(
                    " trend {}",
                    words::trend(series.trend.as_ref(), &scale)
                ));
                if let Some(drift) = &series.drift {
                    span.text(&format!(", drift {}", words::drift(drift)));
                }
            });
        });
        let parts = parts(series);
        if let Some(drawn) = picture(series, &parts) {
            page.put(&drawn);
        }
        numbers(series, &parts).folded(page, "The numbers");
    });
    page.line();
}

fn picture(series: &SeriesHistory, parts: &[Vec<Merged<'_>>]) -> Option<Markup> {
    let points = || parts.iter().flatten();
    let scale = words::scale(series);
    let anchor = series.drift.as_ref().map(|drift| drift.anchor_value);
    let axis = Axis::around(points().map(|point| point.value).chain(anchor))?;
    let time = Axis::around(points().map(|point| point.at))?;
    let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
        scale.tick(value, step).spoken()
    });
    if let Some(anchor) = anchor {
        frame.level("anchor", anchor);
    }
    let across = |at: f64| Across(time.share(at));
    let has_dots = points().count() <= DOTS;
    // Behind dots the line is faint.
    let class = if has_dots {
        "path course"
    } else {
        "path now typical"
    };
    for part in parts {
        let places: Vec<At> = part
            .iter()
            .map(|point| At::new(across(point.at), frame.down(point.value)))
            .collect();
        frame.svg.path(class, &places);
    }
    levels(series, &mut frame, &across);
    if has_dots {
        for point in points() {
            let at = At::new(across(point.at), frame.down(point.value));
            frame.svg.dot("c0 open", at);
        }
    }
    let (first, last) = series.points.first().zip(series.points.last())?;
    frame.under(Across(0.0), &first.date.day());
    if first.date.day() != last.date.day() {
        frame.under(Across(1.0), &last.date.day());
    }
    Some(frame.finish(&format!(
        "{} over {}, with {}",
        sanitize::inline(&series.name()),
        plural(series.points.len(), "point", "points"),
        plural(series.strong().count(), "change", "changes")
    )))
}

/// The levels before and after each certain change, from the change before it to the one behind it.
fn levels(series: &SeriesHistory, frame: &mut Frame, across: &dyn Fn(f64) -> Across) {
    let time = |place: usize| series.points.get(place).map(|point| seconds(point.date.0));
    let strong: Vec<&Change> = series.strong().collect();
    for (i, change) in strong.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| strong.get(i));
        let from = before.map_or(0, |before| before.first_after.point);
        let behind = strong.get(i + 1).map(|behind| behind.last_before.point);
        let to = behind.unwrap_or(series.points.len().saturating_sub(1));
        let class = match change.direction {
            Direction::Worse => "bar bad",
            Direction::Better => "bar good",
            Direction::None => "bar calm",
        };
        for (class, value, from, to) in [
            ("middle", change.before, from, change.last_before.point),
            (class, change.after, change.first_after.point, to),
        ] {
            if let (Some(from), Some(to)) = (time(from), time(to)) {
                let down = frame.down(value);
                frame.svg.line(
                    class,
                    At::new(across(from), down),
                    At::new(across(to), down),
                );
            }
        }
    }
}

fn numbers(series: &SeriesHistory, parts: &[Vec<Merged<'_>>]) -> Table {
    let scale = words::scale(series);
    let mut table = Table::new(&[
        Column::Words("measured"),
        Column::Words("commit"),
        Column::Number("value"),
        Column::Number("points"),
    ]);
    for point in parts.iter().flatten() {
        let when = match point.from == point.to {
            true => point.from.clone(),
            false => format!("{} to {}", point.from, point.to),
        };
        table.rows.push(vec![
            Sentence::new(when),
            Sentence::default().foreign(&words::short(point.commit)),
            scale.write(point.value),
            Sentence::new(units::count(point.points)),
        ]);
    }
    table
}

/// What was measured of two builds in one session.
fn together(page: &mut Markup, ratios: &[&RatioHistory], all: usize) {
    if ratios.is_empty() {
        return;
    }
    section(page, "together", "Measured together", |page| {
        let mut said = Sentence::new(
            "Head over base, where one session measured both: such a ratio means the same on every machine. The line multiplies those that follow on each other, and begins anew at 1 where a base is not the head before.",
        );
        if all > ratios.len() {
            said = said.own(format!(
                " {} more are not drawn.",
                units::count(all - ratios.len())
            ));
        }
        page.paragraph("soft", &said);
        cards(page, |page| {
            ratios.iter().for_each(|ratios| pairs(page, ratios))
        });
    });
}

fn pairs(page: &mut Markup, ratios: &RatioHistory) {
    let from = ratios.points.len().saturating_sub(POINTS);
    let points = ratios.points.get(from..).unwrap_or_default();
    page.element("figure", &[("class", "card")], |page| {
        page.element("figcaption", &[], |caption| {
            caption.sentence(&Sentence::default().foreign(&ratios.full_name()));
            if let Some((newest, chained)) = words::ratio(ratios) {
                caption.element("span", &[("class", "soft")], |span| {
                    span.text(&format!(" newest {newest}, together {chained}"));
                });
            }
        });
        let values = points.iter().map(|point| point.chained);
        if let Some(axis) = Axis::around(values.chain([1.0])) {
            let scale = Scale::of(&crate::model::Unit::none(), [1.0]);
            let mut frame = Frame::new(axis, HEIGHT, &|value, step| {
                scale.tick(value, step).spoken()
            });
            frame.level("anchor", 1.0);
            #[expect(clippy::cast_precision_loss, reason = "a hundred points")]
            let across = |i: usize| Across((i as f64 + 0.5) / points.len() as f64);
            let mut course: Vec<At> = Vec::new();
            for (i, point) in points.iter().enumerate() {
                let follows = i.checked_sub(1).and_then(|i| points.get(i));
                if follows.is_some_and(|before| before.commit != point.base) {
                    frame.svg.path("path course", &std::mem::take(&mut course));
                }
                course.push(At::new(across(i), frame.down(point.chained)));
            }
            frame.svg.path("path course", &course);
            for (i, point) in points.iter().enumerate().filter(|_| points.len() <= DOTS) {
                frame
                    .svg
                    .dot("c0 open", At::new(across(i), frame.down(point.chained)));
            }
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                frame.under(Across(0.0), &first.date.day());
                if first.date.day() != last.date.day() {
                    frame.under(Across(1.0), &last.date.day());
                }
            }
            let title = format!(
                "{}, head over base, over {}",
                sanitize::inline(&ratios.full_name()),
                plural(points.len(), "pair", "pairs")
            );
            page.put(&frame.finish(&title));
        }
        let mut table = Table::new(&[
            Column::Words("measured"),
            Column::Words("base"),
            Column::Words("head"),
            Column::Number("head over base"),
            Column::Number("together"),
        ]);
        for point in points {
            table.rows.push(vec![
                Sentence::new(point.date.day()),
                Sentence::default().foreign(&words::short(&point.base)),
                Sentence::default().foreign(&words::short(&point.commit)),
                Sentence::new(format!("{:.3}", point.ratio)),
                Sentence::new(format!("{:.3}", point.chained)),
            ]);
        }
        table.folded(page, "The numbers");
    });
    page.line();
}

fn all(page: &mut Markup, history: &History) {
    section(page, "all", "All series", |page| {
        let mut table = Table::new(&[
            Column::Words("series"),
            Column::Words("machine"),
            Column::Number("newest"),
            Column::Number("trend"),
            Column::Words("drift"),
            Column::Words("changes"),
            Column::Number("points"),
        ]);
        for series in history.series.iter().take(ROWS) {
            let scale = words::scale(series);
            let newest = series.points.last().map(|point| scale.write(point.value));
            let drift = series.drift.as_ref().map(|drift| {
                Sentence::new(units::coarse_signed(drift.relative))
                    .own(" since ")
                    .foreign(&drift.anchor)
            });
            table.rows.push(vec![
                Sentence::default().foreign(&series.name()),
                Sentence::default().foreign(&words::heading(series)),
                newest.unwrap_or_default(),
                Sentence::new(words::trend(series.trend.as_ref(), &scale)),
                drift.unwrap_or_default(),
                Sentence::new(words::number_of_changes(series)),
                Sentence::new(units::count(series.points.len())),
            ]);
        }
        table.write(page);
        if let Some(more) = history
            .series
            .len()
            .checked_sub(ROWS)
            .filter(|more| *more > 0)
        {
            let said = format!("{} more; --format json has them all.", units::count(more));
            page.paragraph("soft", &Sentence::new(said));
        }
    });
}
