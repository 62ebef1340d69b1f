//! How the worst series moved over the sessions of the baseline: a drawing of Mermaid with its numbers beside it.

use super::conclusion;
use super::document::{Document, Trend};
use super::entry::Entry;
use super::sentence::Sentence;
use crate::compare::{Drift, LEAST_RISE};
use crate::model::Better;

/// The sessions that are drawn, the newest.
const DRAWN: usize = 20;
/// One session is no course.
const FEWEST: usize = 2;

/// What a comment shows of it.
pub(super) struct Drawn {
    /// `GET /search p95: 83.9, 84.1, 84.0 → 103 ms, limit 92.4 ms`
    pub(super) line: Sentence,
    /// Words of ours and numbers alone.
    pub(super) chart: String,
}

impl Trend {
    pub(super) fn drawn(&self, document: &Document) -> Option<Drawn> {
        let is_it = |entry: &&Entry| {
            (&entry.subject, &entry.metric, entry.statistic)
                == (&self.subject, &self.metric, self.statistic)
        };
        let entry = document.comparisons.iter().find(is_it)?;
        let from = self.sessions.len().saturating_sub(DRAWN);
        let sessions = self.sessions.get(from..)?;
        let (now, limit) = (entry.current.as_ref()?.value, limit(entry)?);
        let mut values: Vec<f64> = sessions.to_vec();
        values.push(now);
        if sessions.len() < FEWEST || !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let scale = entry.scale(values.iter().copied().chain([limit]));
        let numbers = sessions.iter().map(|value| scale.number(*value));
        let line = conclusion::series(entry)
            .own(": ")
            .then(Sentence::join(numbers, ", "))
            .own(" → **")
            .then(scale.write(now))
            .own("**, limit ")
            .then(scale.write(limit));
        // The same digits as in the line, without the signs that group them.
        let plain = |value: f64| scale.number(value).terminal().replace(',', "");
        let labels: Vec<String> = (1..=sessions.len())
            .map(|n| format!("\"{n}\""))
            .chain(["\"now\"".to_owned()])
            .collect();
        let list = |values: &[f64]| -> Option<String> {
            let values: Vec<String> = values.iter().map(|value| plain(*value)).collect();
            let are_numbers = values.iter().all(|value| value.parse::<f64>().is_ok());
            are_numbers.then(|| values.join(", "))
        };
        let limits = vec![limit; values.len()];
        Some(Drawn {
            line,
            chart: format!(
                "xychart-beta\n    x-axis [{}]\n    line [{}]\n    line [{}]\n",
                labels.join(", "),
                list(&values)?,
                list(&limits)?
            ),
        })
    }
}

/// The value at which it is too much, without the certainty that is asked for as well.
pub(super) fn limit(entry: &Entry) -> Option<f64> {
    let before = entry.baseline.as_ref()?.value;
    if entry.is_rate() {
        return Some(
            before
                + entry
                    .rule
                    .min_delta
                    .filter(|d| *d > 0.0)
                    .unwrap_or(LEAST_RISE),
        );
    }
    let tolerated = 1.0 + entry.rule.max_regression;
    let by_ratio = match entry.better {
        Better::Lower => before * tolerated,
        Better::Higher => before / tolerated,
    };
    Some(match (entry.rule.min_delta, entry.better) {
        (Some(delta), Better::Lower) => by_ratio.max(before + delta),
        (Some(delta), Better::Higher) => by_ratio.min(before - delta),
        (None, _) => by_ratio,
    })
}

/// The value at which the budget of the anchor is used up.
pub(super) fn drifted_to(better: Better, drift: &Drift) -> f64 {
    match better {
        Better::Lower => drift.anchor_value * (1.0 + drift.budget),
        Better::Higher => drift.anchor_value / (1.0 + drift.budget),
    }
}
