//! How far series have moved from a pinned anchor, so that forty times one percent is seen.

use super::comparison::Drift;
use super::effect::{self, Effect, Logs};
use super::judge::{Judged, ratio};
use super::layout::Layout;
use super::readings::{assumed_spread, towards_worse, value};
use crate::model::Anchor;
use crate::stats::{order, reading};

/// Holds every compared series against the anchor's budget.
pub(super) fn measure_all(all: &mut [Judged], anchor: &Anchor, layout: &Layout<'_>) {
    for judged in all {
        judged.measured.drift = drift(judged, anchor, layout);
    }
}

fn drift(judged: &Judged, anchor: &Anchor, layout: &Layout<'_>) -> Option<Drift> {
    let series = &judged.series;
    let base: Vec<f64> = anchor
        .runs
        .iter()
        .filter_map(|run| {
            let measurement = run.subjects.get(&series.subject)?.get(&series.metric)?;
            let factor = measurement.unit.factor_to(&series.unit)?;
            let found = reading::read(&measurement.evidence, series.statistic)?;
            let level = found.value * factor;
            (level > 0.0).then(|| towards_worse(series, level))
        })
        .collect();
    if base.is_empty() || judged.measured.current_logs.is_empty() {
        return None;
    }
    let logs = Logs {
        base,
        current: judged.measured.current_logs.clone(),
        base_spans_sittings: layout.base_spans_sittings && anchor.runs.len() > 1,
        assumed_spread: assumed_spread(series.statistic),
        ..Logs::default()
    };
    let found = Effect::of(&logs)?;
    let budget = anchor.budget.ln_1p();
    let anchor_value = order::median(&logs.base).map(|log| value(series, log))?;
    Some(Drift {
        anchor: anchor.label.clone(),
        anchor_value,
        change: ratio(
            series,
            (found.shift, found.low, found.high),
            effect::CONFIDENCE,
        ),
        budget: anchor.budget,
        // The budget is a limit on the level: beyond it, and surely more than half of it.
        broken: judged.asked.gated && found.shift > budget && found.low > budget / 2.0,
    })
}
