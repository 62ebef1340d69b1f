//! The words of a history that a terminal and a page share.

use crate::history::{
    Change, Commit, Drift, History, RatioHistory, SeriesHistory, Size, SizeOf, Strength, Trend,
};
use crate::model::Statistic;
use crate::report::units::{Scale, coarse_signed, limit, percent, plural};
use crate::text::{sanitize, shorten};

pub(in crate::report) fn head(history: &History) -> String {
    let of = &history.history;
    let dates = || {
        history
            .series
            .iter()
            .flat_map(|s| &s.points)
            .map(|p| p.date)
    };
    let mut head = format!(
        "{}: {} in {}",
        sanitize::inline(&of.baseline),
        plural(of.runs, "run", "runs"),
        plural(of.versions, "version", "versions")
    );
    if let (Some(first), Some(last)) = (dates().min(), dates().max()) {
        head.push_str(&format!(", {} to {}", first.day(), last.day()));
    }
    head
}

pub(in crate::report) fn heading(series: &SeriesHistory) -> String {
    let environment = series
        .environment
        .as_deref()
        .unwrap_or("no environment recorded");
    sanitize::inline(&match &series.workload {
        Some(workload) => format!("{workload}: {environment}"),
        None => environment.to_owned(),
    })
}

pub(in crate::report) fn name(series: &SeriesHistory) -> String {
    sanitize::inline(&series.name())
}

pub(in crate::report) fn scale(series: &SeriesHistory) -> Scale {
    if series.statistic == Statistic::Rate {
        return Scale::share();
    }
    Scale::of(&series.unit, series.points.iter().map(|point| point.value))
}

pub(in crate::report) fn trend(trend: Option<&Trend>, scale: &Scale) -> String {
    match trend {
        None => "?".to_owned(),
        Some(trend) if !trend.certain => "none".to_owned(),
        Some(trend) => size(&trend.size, scale, false),
    }
}

pub(in crate::report) fn drift(drift: &Drift) -> String {
    format!(
        "{} since {} (budget {})",
        coarse_signed(drift.relative),
        sanitize::inline(&shorten::middle(&drift.anchor, 16)),
        limit(drift.budget)
    )
}

pub(in crate::report) fn size(size: &Size, scale: &Scale, with_interval: bool) -> String {
    let sign = if size.value > 0.0 { "+" } else { "" };
    let (value, low, high) = match size.of {
        SizeOf::Relative => (
            percent(size.value),
            coarse_signed(size.low),
            coarse_signed(size.high),
        ),
        SizeOf::Difference => (
            scale.write(size.value).terminal(),
            scale.number(size.low).terminal(),
            scale.number(size.high).terminal(),
        ),
    };
    match with_interval {
        true => format!("{sign}{value} ({low} to {high})"),
        false => format!("{sign}{value}"),
    }
}

pub(in crate::report) fn commit(commit: &Commit) -> String {
    format!("{} ({})", short(&commit.commit), commit.date.day())
}

/// As short as git shows it; another name of a build stays whole.
pub(in crate::report) fn short(commit: &str) -> String {
    let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = commit.get(..9).filter(|_| is_hash);
    sanitize::inline(shown.unwrap_or(&shorten::middle(commit, 24)))
}

/// `, by pelt alone`, of a change that one detector sees.
pub(in crate::report) fn by(change: &Change) -> String {
    match change.strength {
        Strength::Strong => String::new(),
        Strength::Weak => {
            let detectors: Vec<&str> = change.detectors.iter().map(|d| d.as_str()).collect();
            format!(", by {} alone", detectors.join(" and "))
        }
    }
}

/// `3`, or `3 + 1 weak`.
pub(in crate::report) fn number_of_changes(series: &SeriesHistory) -> String {
    let strong = series.strong().count();
    match series.changes.len() - strong {
        0 => strong.to_string(),
        weak => format!("{strong} + {weak} weak"),
    }
}

/// All of a strength, the newest first.
pub(in crate::report) fn changes(
    history: &History,
    strength: Strength,
) -> Vec<(&SeriesHistory, &Change)> {
    let all = history.series.iter();
    let all = all.flat_map(|series| series.changes.iter().map(move |change| (series, change)));
    let mut changes: Vec<_> = all
        .filter(|(_, change)| change.strength == strength)
        .collect();
    changes.sort_by_key(|(_, change)| std::cmp::Reverse(change.first_after.date));
    changes
}

/// The newest ratio, and what all that follow on each other make.
pub(in crate::report) fn ratio(ratios: &RatioHistory) -> Option<(String, String)> {
    let newest = ratios.points.last()?;
    let percent = |ratio: f64| {
        let sign = if ratio > 1.0 { "+" } else { "" };
        format!("{sign}{}", percent(ratio - 1.0))
    };
    Some((percent(newest.ratio), percent(newest.chained)))
}
