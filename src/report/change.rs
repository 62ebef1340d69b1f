//! The words of a change: how much, in which direction, and how sure that is.

use super::entry::Entry;
use super::sentence::Sentence;
use super::units::{self, Scale};
use crate::compare::{Change, OutcomeName};
use crate::model::Better;
use crate::model::MetricName;
use crate::model::unit::Dimension;

/// `22.6 % slower (17 % to 28 %)`; for shares `2.2 points higher`; empty where there is none.
pub(super) fn change(entry: &Entry) -> Sentence {
    if entry.is_rate() {
        return points(entry);
    }
    match entry.change {
        Some(change) => relative(change, words(entry)),
        None if has_no_ratio(entry) => absolute(entry),
        None => Sentence::default(),
    }
}

/// `+29 % (25 to 33)`, `+1.8 points`; empty where the change has to be told in words.
pub(super) fn short(entry: &Entry) -> Sentence {
    if entry.is_rate() {
        let (Some(baseline), Some(current)) = (&entry.baseline, &entry.current) else {
            return Sentence::default();
        };
        let difference = current.value - baseline.value;
        let size = units::points(difference.abs());
        if entry.outcome == OutcomeName::Incomparable || size == "0" {
            return Sentence::default();
        }
        let sign = if difference > 0.0 { '+' } else { '-' };
        let unit = if size == "1" { "point" } else { "points" };
        return Sentence::new(format!("{sign}{size} {unit}"));
    }
    match entry.change.filter(|by| by.ratio < 10.0) {
        Some(by) => Sentence::new(format!(
            "{}{}",
            units::coarse_signed(by.ratio - 1.0),
            bare_interval(by)
        )),
        None => Sentence::default(),
    }
}

/// ` (25 to 33)`, in per cent, where both ends are known.
pub(super) fn bare_interval(by: Change) -> String {
    let bare = |fraction: f64| {
        let text = units::coarse_signed(fraction);
        let text = text.trim_end_matches(" %");
        text.strip_prefix('+').unwrap_or(text).to_owned()
    };
    match (by.low(), by.high()) {
        (Some(low), Some(high)) if high < 10.0 => {
            format!(" ({} to {})", bare(low - 1.0), bare(high - 1.0))
        }
        (Some(low), _) => format!(" (from {})", bare(low - 1.0)),
        (None, Some(high)) => format!(" (up to {})", bare(high - 1.0)),
        (None, None) => String::new(),
    }
}

/// Judged by its absolute size: a change from zero has no ratio, and neither has a change of a value that can be negative.
pub(super) fn has_no_ratio(entry: &Entry) -> bool {
    let both = entry.baseline.is_some() && entry.current.is_some();
    both && !entry.is_rate() && entry.change.is_none() && entry.outcome != OutcomeName::Incomparable
}

/// `500 ms from zero`, `12 MiB/h higher`
fn absolute(entry: &Entry) -> Sentence {
    let (Some(baseline), Some(current)) = (&entry.baseline, &entry.current) else {
        return Sentence::default();
    };
    let difference = current.value - baseline.value;
    if difference.abs() <= 0.0 {
        return Sentence::new("no difference");
    }
    let size = Scale::of(&entry.unit(), [difference]).by_hand();
    if baseline.value.abs() <= 0.0 {
        return size.write(difference).own(" from zero");
    }
    let direction = if difference > 0.0 {
        " higher"
    } else {
        " lower"
    };
    size.write(difference.abs()).own(direction)
}

/// What more and less of it are called.
pub(super) fn words(entry: &Entry) -> (&'static str, &'static str) {
    match (entry.unit().dimension(), entry.better) {
        (Dimension::Time(_), Better::Lower) => ("slower", "faster"),
        _ => ("higher", "lower"),
    }
}

pub(super) fn relative(change: Change, (more, less): (&'static str, &'static str)) -> Sentence {
    let ratio = change.ratio;
    let size = units::percent((ratio - 1.0).abs());
    let head = if size == "0 %" {
        "no difference".to_owned()
    } else if ratio >= 10.0 {
        format!("{} times the baseline", without_cents(ratio))
    } else {
        format!("{size} {}", if ratio > 1.0 { more } else { less })
    };
    let interval = match (change.low(), change.high()) {
        (Some(low), Some(high)) if low >= 1.0 => {
            format!(" ({} to {})", end(low - 1.0), end(high - 1.0))
        }
        (Some(low), Some(high)) if high <= 1.0 => {
            format!(
                " ({} to {})",
                units::coarse(1.0 - high),
                units::coarse(1.0 - low)
            )
        }
        // On both sides of nothing: signs say which end is more.
        (Some(low), Some(high)) => {
            format!(" ({} to {})", end_signed(low - 1.0), end_signed(high - 1.0))
        }
        (Some(low), None) => format!(" (from {})", end_signed(low - 1.0)),
        (None, Some(high)) => format!(" (up to {})", end_signed(high - 1.0)),
        (None, None) => String::new(),
    };
    Sentence::new(head + &interval)
}

/// More than this is told in times the baseline, and beyond a thousand times the number says nothing any more.
const TOLD_IN_TIMES: f64 = 9.0;
const MOST_TIMES: f64 = 1000.0;

/// The end of an interval.
fn end(fraction: f64) -> String {
    match fraction {
        most if most >= MOST_TIMES => "more than 1,000 times".to_owned(),
        many if many >= TOLD_IN_TIMES => format!("{} times", without_cents(many + 1.0)),
        few => units::coarse(few),
    }
}

fn end_signed(fraction: f64) -> String {
    if fraction >= TOLD_IN_TIMES {
        end(fraction)
    } else {
        units::coarse_signed(fraction)
    }
}

fn without_cents(ratio: f64) -> String {
    if ratio < 100.0 {
        format!("{ratio:.1}")
    } else {
        format!("{ratio:.0}")
    }
}

fn points(entry: &Entry) -> Sentence {
    let (Some(baseline), Some(current)) = (&entry.baseline, &entry.current) else {
        return Sentence::default();
    };
    if entry.outcome == OutcomeName::Incomparable {
        return Sentence::default();
    }
    let difference = current.value - baseline.value;
    let size = units::points(difference.abs());
    Sentence::new(match size.as_str() {
        "0" => "no difference".to_owned(),
        "1" => format!("1 point {}", direction(difference)),
        size => format!("{size} points {}", direction(difference)),
    })
}

fn direction(difference: f64) -> &'static str {
    if difference > 0.0 { "higher" } else { "lower" }
}

/// `errors 0.1 % -> 2.3 %`
pub(super) fn rates(entry: &Entry) -> Option<Sentence> {
    let (baseline, current) = (entry.baseline.as_ref()?, entry.current.as_ref()?);
    if !entry.is_rate() || entry.outcome == OutcomeName::Incomparable {
        return None;
    }
    let share = Scale::share();
    let metric = if entry.metric == MetricName::ERRORS {
        Sentence::new(MetricName::ERRORS)
    } else {
        Sentence::default().foreign(&entry.metric)
    };
    let both = metric
        .own(" ")
        .then(share.write(baseline.value))
        .own(" -> ")
        .then(share.write(current.value));
    Some(both.own(" (").then(points(entry)).own(")"))
}

/// The number of each run, in one unit.
pub(super) fn each_run(entry: &Entry, values: &[f64]) -> Sentence {
    let scale = entry.scale(values.iter().copied());
    Sentence::join(values.iter().map(|value| scale.write(*value)), ", ")
}

/// A number that a person wrote, in a unit that fits the series.
pub(super) fn amount(entry: &Entry, value: f64) -> Sentence {
    entry.scale([value]).by_hand().write(value)
}
