//! How far series have moved from a pinned anchor, so that forty times one percent is seen.

use super::comparison::Drift;
use super::effect::{self, Prepared, Typical};
use super::levels::{Levels, SidesBySession};
use super::measured::MeasuredSeries;
use super::scale::Scale;
use super::shown::ratio;
use crate::model::{Anchor, Series};
use crate::stats::{order, reading};

/// What a series is held against, as its gate does it.
pub(super) struct Against<'a> {
    pub anchor: &'a Anchor,
    /// The baseline is many sessions of one run each, and so is the anchor.
    pub spans_sessions: bool,
    /// Of one test of the gate.
    pub level: f64,
    /// What the series of the gate say of sessions.
    pub typical: Typical,
}

/// Holds one compared series against the anchor's budget.
pub(super) fn drift(
    series: &Series,
    measured: &MeasuredSeries,
    against: &Against<'_>,
) -> Option<Drift> {
    let Against {
        anchor,
        spans_sessions: spans,
        level,
        typical,
    } = *against;
    let levels = measured.log_levels()?;
    let values: Vec<f64> = anchor
        .runs
        .iter()
        .filter_map(|run| {
            let measurement = run.subjects.get(&series.subject)?.get(&series.metric)?;
            let factor = measurement.unit.factor_to(&series.unit)?;
            let found = reading::read(&measurement.evidence, series.statistic)?;
            Some(found.value * factor).filter(|value| *value > 0.0)
        })
        .collect();
    let base: Vec<f64> = values
        .iter()
        .map(|v| Scale::Log.level(series, *v))
        .collect();
    if base.is_empty() {
        return None;
    }
    let anchor_value = Scale::Log.value(series, order::median(&base)?);
    let levels = Levels {
        sessions: if spans && base.len() > 1 {
            SidesBySession::BaseSpansSessions
        } else {
            SidesBySession::Apart
        },
        base,
        base_as_history: false,
        history_in_base: 0,
        launches: None,
        ..levels.clone()
    };
    let found = Prepared::new(levels).effect(typical)?;
    let current = Scale::Log.value(series, found.current);
    let beyond_step = (current - anchor_value).abs() > measured.step;
    // The level is beyond its budget, and it is certain that it rose.
    let sure = found.p_worse <= level && found.ranks.say_worse(level);
    Some(Drift {
        anchor: anchor.label.clone(),
        anchor_value,
        change: ratio(
            series,
            (found.shift, found.low, found.high),
            effect::CONFIDENCE,
        ),
        budget: anchor.budget,
        broken: found.shift > anchor.budget.ln_1p() && beyond_step && sure,
    })
}
