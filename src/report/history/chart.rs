//! Points drawn with the signs of a terminal: a line of bars, and a chart of several lines.

use crate::stats::order;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// Noise is not drawn larger than this share of the level.
const LEAST_RANGE: f64 = 0.1;

/// Values as bars, one a column; neighbours share one where there are more values than columns.
pub(super) fn bars(values: &[f64], columns: usize, ascii: bool) -> String {
    let signs = if ascii { ASCII_BARS } else { BARS };
    let columns = columned(values, columns);
    let Some(range) = Range::of(&columns) else {
        return String::new();
    };
    columns
        .iter()
        .filter_map(|value| signs.get(range.row(*value, signs.len())))
        .collect()
}

/// Values as bars, with a space where there is none.
pub(in crate::report) fn bars_with_gaps(values: &[Option<f64>], ascii: bool) -> String {
    let signs = if ascii { ASCII_BARS } else { BARS };
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let Some(range) = Range::of(&known) else {
        return " ".repeat(values.len());
    };
    let sign = |value: f64| signs.get(range.row(value, signs.len())).copied();
    values
        .iter()
        .map(|value| value.and_then(sign).unwrap_or(' '))
        .collect()
}

/// The median of the values of each column.
fn columned(values: &[f64], columns: usize) -> Vec<f64> {
    if values.len() <= columns {
        return values.to_vec();
    }
    (0..columns)
        .filter_map(|column| {
            let at = |column: usize| column * values.len() / columns;
            order::median(values.get(at(column)..at(column + 1))?)
        })
        .collect()
}

struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn of(values: &[f64]) -> Option<Self> {
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let middle = f64::midpoint(low, high);
        let least = (LEAST_RANGE * middle.abs()).max(f64::MIN_POSITIVE);
        let half = (high - low).max(least) / 2.0;
        (half.is_finite()).then_some(Self {
            low: middle - half,
            high: middle + half,
        })
    }

    /// From 0 at the bottom.
    fn row(&self, value: f64, rows: usize) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        let place = (value - self.low) / (self.high - self.low) * rows as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "cut to the rows"
        )]
        let row = place.max(0.0) as usize;
        row.min(rows.saturating_sub(1))
    }
}

/// What is drawn large.
pub(super) struct Chart<'a> {
    pub values: &'a [f64],
    /// The places among the values at which something is marked below the chart.
    pub marks: &'a [usize],
    pub columns: usize,
    pub rows: usize,
    pub ascii: bool,
    pub label: &'a dyn Fn(f64) -> String,
}

impl Chart<'_> {
    pub(super) fn lines(&self) -> Vec<String> {
        let drawn = columned(self.values, self.columns);
        let Some(range) = Range::of(&drawn) else {
            return Vec::new();
        };
        let rows: Vec<usize> = drawn.iter().map(|v| range.row(*v, self.rows)).collect();
        let labels = [
            (self.rows.saturating_sub(1), (self.label)(range.high)),
            (0, (self.label)(range.low)),
        ];
        let width = labels.iter().map(|(_, text)| text.chars().count()).max();
        let width = width.unwrap_or(0);
        let (sign, side) = if self.ascii {
            ('*', '|')
        } else {
            ('●', '│')
        };
        let mut lines: Vec<String> = (0..self.rows)
            .rev()
            .map(|row| {
                let label = labels.iter().find(|(at, _)| *at == row);
                let label = label.map_or("", |(_, text)| text.as_str());
                let dots: String = rows
                    .iter()
                    .map(|at| if *at == row { sign } else { ' ' })
                    .collect();
                format!("{label:>width$} {side}{}", dots.trim_end())
            })
            .collect();
        if !self.marks.is_empty() {
            let mut below = vec![' '; drawn.len()];
            for mark in self.marks {
                let column = mark * drawn.len() / self.values.len().max(1);
                if let Some(place) = below.get_mut(column) {
                    *place = '^';
                }
            }
            let below: String = below.into_iter().collect();
            lines.push(format!("{:width$}  {}", "", below.trim_end()));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_their_values_and_noise_stays_small() {
        assert_eq!(bars(&[1.0, 2.0, 3.0, 8.0], 10, false), "▁▂▃█");
        assert_eq!(bars(&[1.0, 8.0], 10, true), "_#");
        assert_eq!(bars(&[100.0, 100.1, 99.9], 10, false), "▅▅▄");
        assert_eq!(bars(&[0.0, 0.0], 10, false), "▅▅");
        assert_eq!(bars(&[], 10, false), "");
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(bars(&many, 8, false), "▁▂▃▄▅▆▇█");
        let gaps = [Some(1.0), None, Some(8.0)];
        assert_eq!(bars_with_gaps(&gaps, false), "▁ █");
        assert_eq!(bars_with_gaps(&[None, None], true), "  ");
    }

    #[test]
    fn a_chart_has_its_ends_named_and_its_changes_marked() {
        let values = [1.0, 1.0, 1.0, 3.0, 3.0, 3.0];
        let chart = Chart {
            values: &values,
            marks: &[3],
            columns: 40,
            rows: 3,
            ascii: true,
            label: &|value| format!("{value:.0} ms"),
        };
        assert_eq!(
            chart.lines(),
            ["3 ms |   ***", "     |", "1 ms |***", "         ^"]
        );
    }
}
