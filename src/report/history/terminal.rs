//! A history on a terminal: a line for each series, then where they moved. One series alone is drawn large.

use unicode_width::UnicodeWidthStr;

use super::super::Style;
use super::super::terminal::ascii;
use super::super::tone::Tone;
use super::super::units::{count, plural};
use super::chart::{Chart, bars};
use super::words::{
    by, changes, commit, drift, head, heading, name, number_of_changes, ratio, scale, short, size,
    trend,
};
use crate::history::{Change, Direction, History, RatioHistory, SeriesHistory, Strength};
use crate::text::columns::{Columns, plain};
use crate::text::{sanitize, shorten};

const WIDTH: usize = 100;
/// A name longer than this loses its middle.
const NAME: usize = 44;
/// A line of bars has this room at most, and is left out below.
const BARS: (usize, usize) = (8, 40);
const ROWS: usize = 10;
/// The least widths of a line of ratios: its numbers stand where those of the next history do.
const RATIO_WIDTHS: [usize; 4] = [0, 8, 8, 9];
/// Of all series together; a series that is asked for alone shows them all.
const MOST_WEAK: usize = 10;

/// The whole history as text.
pub fn text(history: &History, style: &Style) -> String {
    let mut page = Page {
        text: String::new(),
        style,
    };
    page.line(&head(history));
    match history.series.as_slice() {
        [] => page.line("no series was found"),
        [one] => page.large(one),
        all => page.table(all),
    }
    page.changes(history);
    page.ratios(&history.ratios);
    match style.ascii {
        true => ascii(&page.text),
        false => page.text,
    }
}

struct Page<'a> {
    text: String,
    style: &'a Style,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        let line = sanitize::without_command_at_start(line.trim_end().to_owned());
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.text.push('\n');
        let title = Tone::Strong.paint(title, self.style);
        self.line(&title);
    }

    fn width(&self) -> usize {
        self.style.width.unwrap_or(WIDTH)
    }

    fn table(&mut self, all: &[SeriesHistory]) {
        let has_drift = all.iter().any(|series| series.drift.is_some());
        let rows: Vec<[String; 5]> = all.iter().map(row).collect();
        let (drift, gap) = if has_drift { ("drift", 2) } else { ("", 0) };
        let heads = ["series", "newest", "trend", drift, "changes"];
        let columns = Columns {
            gaps: [2, 2, 2, gap, 2],
            ..Columns::of_numbers(shorten::middle_to_width)
        };
        let cells = rows.iter().map(|row| row.each_ref().map(String::as_str));
        let fitted = columns.fitted(cells.chain([heads]));
        let room = self.width().saturating_sub(fitted.used() + 2).min(BARS.1);
        let head = fitted.line(heads, plain);
        let mut place = None;
        for (series, row) in all.iter().zip(&rows) {
            let own = (series.workload.as_deref(), series.environment.as_deref());
            if place != Some(own) {
                place = Some(own);
                self.title(&heading(series));
                let head = Tone::Faint.paint(&head, self.style);
                self.line(&head);
            }
            let mut line = fitted.line(row.each_ref(), plain);
            if room >= BARS.0 {
                let pad = (fitted.used() + 2).saturating_sub(line.width());
                line.push_str(&" ".repeat(pad));
                let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
                line.push_str(&bars(&values, room, self.style.ascii));
            }
            self.line(&line);
        }
    }

    fn large(&mut self, series: &SeriesHistory) {
        self.title(&format!("{}  {}", name(series), heading(series)));
        let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
        let scale = scale(series);
        let marks: Vec<usize> = series.strong().map(|c| c.first_after.point).collect();
        let chart = Chart {
            values: &values,
            marks: &marks,
            // The labels of a chart take up to a dozen columns.
            columns: self.width().saturating_sub(16).max(BARS.0),
            rows: ROWS,
            ascii: self.style.ascii,
            label: &|value| scale.write(value).terminal(),
        };
        for line in chart.lines() {
            self.line(&format!("  {line}"));
        }
        if let (Some(first), Some(last)) = (series.points.first(), series.points.last()) {
            self.line(&format!(
                "  {} from {} ({}) to {} ({})",
                plural(series.points.len(), "point", "points"),
                first.date.day(),
                short(&first.commit),
                last.date.day(),
                short(&last.commit)
            ));
        }
        let [_, newest, trend, drift, _] = row(series);
        self.line(&format!("  newest {newest}, trend {trend}"));
        if series.drift.is_some() {
            self.line(&format!("  drift {drift}"));
        }
        for gap in &series.gaps {
            self.line(&format!(
                "  gap: nothing between {} and {}",
                commit(&gap.last_before),
                commit(&gap.first_after)
            ));
        }
    }

    /// Head over base, where both were measured in one session: on whatever machine.
    fn ratios(&mut self, all: &[RatioHistory]) {
        if all.is_empty() {
            return;
        }
        self.title("measured together: head over base, on any machine");
        let head = "  newest, all that follow on each other, pairs";
        let head = Tone::Faint.paint(head, self.style);
        self.line(&head);
        let rows = all.iter().map(|ratios| {
            let name = shorten::middle_to_width(&sanitize::inline(&ratios.full_name()), NAME);
            let (newest, chained) = ratio(ratios)?;
            let pairs = plural(ratios.points.len(), "pair", "pairs");
            Some([name, newest, chained, pairs])
        });
        let rows: Vec<Option<[String; 4]>> = rows.collect();
        let columns = Columns::of_numbers(shorten::middle_to_width);
        let mut fitted = columns.fitted(rows.iter().flatten().map(|row| row.each_ref()));
        for (width, least) in fitted.widths.iter_mut().zip(RATIO_WIDTHS) {
            *width = (*width).max(least);
        }
        for (ratios, row) in all.iter().zip(&rows) {
            let Some(row) = row else { continue };
            let mut line = format!("  {}  ", fitted.line(row.each_ref(), plain));
            let room = self.width().saturating_sub(line.width() + 1).min(BARS.1);
            if room >= BARS.0 {
                let values: Vec<f64> = ratios.points.iter().map(|point| point.chained).collect();
                line.push_str(&bars(&values, room, self.style.ascii));
            }
            self.line(&line);
        }
    }

    fn changes(&mut self, history: &History) {
        let all = &history.series;
        let strong = changes(history, Strength::Strong);
        let weak = changes(history, Strength::Weak);
        self.title("changes");
        if strong.is_empty() {
            self.line("  none");
        }
        for (series, change) in strong {
            self.change(series, change, all.len());
        }
        if weak.is_empty() {
            return;
        }
        self.title("weak: one of two detectors sees it");
        let most = if all.len() == 1 {
            weak.len()
        } else {
            MOST_WEAK
        };
        for (series, change) in weak.iter().take(most) {
            self.change(series, change, all.len());
        }
        if let Some(more) = weak.len().checked_sub(most).filter(|more| *more > 0) {
            self.line(&format!(
                "  and {} older; --format json has them all",
                count(more)
            ));
        }
    }

    fn change(&mut self, series: &SeriesHistory, change: &Change, of: usize) {
        let tone = match (change.strength, change.direction) {
            (Strength::Weak, _) => Tone::Faint,
            (_, Direction::Worse) => Tone::Bad,
            (_, Direction::Better) => Tone::Good,
            (_, Direction::None) => Tone::Plain,
        };
        let scale = scale(series);
        let size = tone.paint(&size(&change.size, &scale, true), self.style);
        let direction = match change.direction {
            Direction::None => String::new(),
            direction => format!(", {}", direction.as_str()),
        };
        let by = by(change);
        let place = match (of, &series.environment) {
            (1, _) | (_, None) => String::new(),
            (_, Some(environment)) => format!(" ({})", sanitize::inline(environment)),
        };
        self.line(&format!("  {}{place}", name(series)));
        self.line(&format!(
            "    {} → {}, {size}{direction}{by}",
            scale.number(change.before).terminal(),
            scale.write(change.after).terminal()
        ));
        self.line(&format!(
            "    between {} and {}",
            commit(&change.last_before),
            commit(&change.first_after)
        ));
    }
}

/// Name, newest value, trend, drift, number of changes.
fn row(series: &SeriesHistory) -> [String; 5] {
    let scale = scale(series);
    let newest = series.points.last().map(|point| point.value);
    [
        shorten::middle_to_width(&name(series), NAME),
        newest.map_or(String::new(), |value| scale.write(value).terminal()),
        trend(series.trend.as_ref(), &scale),
        series.drift.as_ref().map_or(String::new(), drift),
        number_of_changes(series),
    ]
}
