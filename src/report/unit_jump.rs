//! A series that is about a thousand times what it was, or whose runs are: more often a unit than a change.

use super::document::Document;
use super::entry::Entry;
use super::sentence::Sentence;
use super::units;
use crate::model::unit::Dimension;

/// So far from a power of a thousand is still taken for one: the program may have changed as well.
const OFF_BY: f64 = 1.6;

/// For the first of the gated series in which units may have been mixed up.
pub(super) fn remark(document: &Document) -> Option<Sentence> {
    let gated = document.comparisons.iter().filter(|entry| entry.gated);
    let mut found = gated.filter_map(jump);
    let first = found.next()?;
    let more = found.count();
    Some(match more {
        0 => first,
        _ => first.own(format!(
            " (and {} alike)",
            units::plural(more, "more series", "more series")
        )),
    })
}

fn jump(entry: &Entry) -> Option<Sentence> {
    let has_sizes = matches!(
        entry.unit().dimension(),
        Dimension::Time(_) | Dimension::Bytes(_)
    );
    if !has_sizes {
        return None;
    }
    let sides = [&entry.baseline, &entry.current].into_iter().flatten();
    let within = sides.into_iter().find_map(|side| {
        let positive = || side.values.iter().copied().filter(|value| *value > 0.0);
        let (low, high) = (positive().reduce(f64::min)?, positive().reduce(f64::max)?);
        power_of_a_thousand(high / low)
    });
    let series = format!("{} {}", entry.shown_subject(), entry.metric_statistic());
    let advice =
        ": one of them may have been read in another unit (`perfgate inspect` shows what was read)";
    if let Some(times) = within {
        let words = format!(" differ by about {} times", units::count(times));
        let runs = Sentence::new("the runs of ").foreign(&series);
        return Some(runs.own(words).own(advice));
    }
    let ratio = entry.change?.ratio;
    let times = power_of_a_thousand(ratio.max(1.0 / ratio))?;
    let words = format!(" differ by about {} times", units::count(times));
    let sides = Sentence::new("the two sides of ").foreign(&series);
    Some(sides.own(words).own(advice))
}

/// 1,000, a million, or a thousand million, where it is about that.
fn power_of_a_thousand(ratio: f64) -> Option<f64> {
    let is_near = |power: &f64| (power / OFF_BY..=power * OFF_BY).contains(&ratio);
    [1e3, 1e6, 1e9].into_iter().find(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_a_power_of_a_thousand_is_taken_for_a_unit() {
        for (ratio, power) in [
            (999.0, Some(1e3)),
            (1_024.0, Some(1e3)),
            (1_400.0, Some(1e3)),
            (1_050_000.0, Some(1e6)),
            (1.0, None),
            (10.0, None),
            (100.0, None),
            (5_000.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(power_of_a_thousand(ratio), power, "{ratio}");
        }
    }
}
