//! The shape of a run: rate, median, tail and errors over its time, one line each.

use crate::model::timeline::{Latencies, Slice};
use crate::model::{Run, Unit};
use crate::report::{Style, figures};
use crate::text::duration;

use super::TOTAL;

/// Fewer slices are no course.
const FEWEST: usize = 8;
const COLUMNS: usize = 60;
/// The name of a line before it, and its ends behind it.
const BESIDE: usize = 34;

/// What happened in one column.
#[derive(Default)]
struct Column {
    requests: u64,
    errors: u64,
    successes: Latencies,
    seconds: f64,
}

/// Empty where the run does not say what happened when.
pub(super) fn shape(run: &Run, style: &Style, room: usize) -> String {
    let columns = columns(run, room.saturating_sub(BESIDE).clamp(FEWEST, COLUMNS));
    let seconds: f64 = columns.iter().map(|column| column.seconds).sum();
    if columns.is_empty() {
        return String::new();
    }
    let rate = |column: &Column| Some(count(column.requests) / column.seconds);
    let p50 = |column: &Column| column.successes.quantile(0.5);
    let p99 = |column: &Column| column.successes.quantile(0.99);
    let errors = |column: &Column| {
        (column.requests > 0).then(|| count(column.errors) / count(column.requests))
    };
    let time = |value: f64| figures::quantity(value, &Unit::new("ms"));
    let per_second = |value: f64| format!("{}/s", figures::count(whole(value)));
    let mut text = format!("over {}\n", duration::text(of_seconds(seconds)));
    let mut line = |name: &str, values: Vec<Option<f64>>, told: &dyn Fn(f64) -> String| {
        let known = values.iter().copied().flatten();
        let ends = known.clone().reduce(f64::min).zip(known.reduce(f64::max));
        if let Some((low, high)) = ends {
            let bars = figures::bars(&values, style.ascii);
            let (low, high) = (told(low), told(high));
            let ends = if low == high {
                low
            } else {
                format!("{low} to {high}")
            };
            text.push_str(&format!("  {name:<6}  {bars}  {ends}\n"));
        }
    };
    line("rate", columns.iter().map(rate).collect(), &per_second);
    line("p50", columns.iter().map(p50).collect(), &time);
    line("p99", columns.iter().map(p99).collect(), &time);
    if columns.iter().any(|column| column.errors > 0) {
        line(
            "errors",
            columns.iter().map(errors).collect(),
            &figures::share,
        );
    }
    text.push('\n');
    text
}

/// All subjects together, neighbours in one column where there are more slices than columns.
fn columns(run: &Run, most: usize) -> Vec<Column> {
    let Some(timeline) = &run.timeline else {
        return Vec::new();
    };
    let subjects = timeline.subjects.iter();
    let own = subjects.filter(|(subject, _)| subject.as_str() != TOTAL);
    let slices: Vec<&Slice> = own.flat_map(|(_, slices)| slices).collect();
    let Some(last) = slices.iter().map(|slice| slice.index).max() else {
        return Vec::new();
    };
    // The last slice may have ended before its time: it would be drawn as a fall.
    let whole = last.max(1);
    if whole < FEWEST {
        return Vec::new();
    }
    let each = whole.div_ceil(most);
    let mut columns: Vec<Column> = Vec::new();
    columns.resize_with(whole / each, Column::default);
    for slice in slices {
        if let Some(column) = columns.get_mut(slice.index / each) {
            column.requests += slice.requests();
            column.errors += slice.errors;
            column.successes.add(&slice.successes);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 600")]
    let seconds = each as f64 * timeline.slice_s;
    for column in &mut columns {
        column.seconds = seconds;
    }
    columns
}

fn of_seconds(seconds: f64) -> std::time::Duration {
    std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "requests of one run")]
fn count(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of requests that were counted"
)]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Subject;
    use crate::model::timeline::Timeline;

    /// Ten requests in each slice of a tenth of a second, and a slow and failing time in between.
    fn run(slices: usize) -> Run {
        let slice = |index: usize| {
            let slow = (slices / 2..slices / 2 + slices / 10).contains(&index);
            let micros = if slow { 90_000.0 } else { 2_000.0 };
            Slice {
                index,
                errors: if slow { 5 } else { 0 },
                successes: Latencies::of([(Latencies::bucket(micros), 10)]),
            }
        };
        let mut timeline = Timeline::new(0.1);
        let all: Vec<Slice> = (0..slices).map(slice).collect();
        timeline.subjects.insert(Subject::new("GET /"), all.clone());
        timeline.subjects.insert(Subject::new("total"), all);
        Run {
            timeline: Some(Box::new(timeline)),
            ..Run::default()
        }
    }

    #[test]
    fn a_slow_time_in_the_middle_is_seen_and_totals_count_once() {
        let text = shape(&run(101), &Style::default(), 60);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "over 10s", "{text}");
        assert!(
            lines[1].contains("rate") && lines[1].contains("100/s to 150/s"),
            "{text}"
        );
        assert!(lines[3].starts_with("  p99     ▁▁▁"), "{text}");
        assert!(lines[3].contains('█'), "{text}");
        assert!(lines[4].contains("0 % to 33"), "{text}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= 60),
            "{text}"
        );
    }

    #[test]
    fn without_errors_there_is_no_line_of_them_and_a_short_run_has_no_shape() {
        let mut calm = run(101);
        let timeline = calm.timeline.as_mut().unwrap();
        for slice in timeline.subjects.values_mut().flatten() {
            slice.errors = 0;
        }
        assert!(!shape(&calm, &Style::default(), 80).contains("errors"));
        assert_eq!(shape(&run(7), &Style::default(), 80), "");
        assert_eq!(shape(&Run::default(), &Style::default(), 80), "");
    }
}
