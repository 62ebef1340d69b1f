//! What the subjects of a level did over time, as metrics of the run, as warnings, and as its timeline.

mod behaviour;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Figures, PhaseTime, Record, Sliced, TimeRange};
use crate::model::course::{self, Figure, Sentence, moment, time};
use crate::model::timeline::{FINEST_MS, Timeline};
use crate::model::{Evidence, EvidenceError, MetricName, Run, Subject};
use behaviour::Behaviour;

/// A phase with so many times the rate of another is a spike.
const SPIKE: f64 = 1.2;
/// Rates that differ by less are the same.
const SAME_RATE: f64 = 1.05;

impl Figures {
    /// When counting began.
    fn origin(&self) -> Duration {
        let all = self.spans.iter().flat_map(|span| &span.when);
        all.map(|range| range.from).min().unwrap_or_default()
    }

    /// How long after that it ended.
    pub fn last_counted(&self) -> Duration {
        let all = self.spans.iter().flat_map(|span| &span.when);
        let end = all.map(|range| range.until).max().unwrap_or_default();
        end.saturating_sub(self.origin())
    }

    pub fn timeline(&self, record: &Record) -> Timeline {
        let finest = Duration::from_millis(FINEST_MS).as_secs_f64();
        let mut timeline = Timeline::new(finest);
        for (tally, sliced) in record.sliced().iter().enumerate() {
            let (slice_s, slices) = sliced.slices();
            if !slices.is_empty() {
                let mut own = Timeline::new(slice_s);
                own.subjects.insert(self.name(tally), slices);
                // Their lengths are doublings of one.
                timeline.add(own, 0.0);
            }
        }
        timeline
    }

    /// Writes what every subject did while its load was the same, and how soon it was back after a spike.
    pub(super) fn behaviour(&self, record: &Record, run: &mut Run) -> Result<(), EvidenceError> {
        let mut said = Vec::new();
        for (tally, sliced) in record.sliced().iter().enumerate() {
            let asked = record.tallies().get(tally).is_some_and(|t| t.all() > 0);
            let span = self.spans.get(tally / self.subjects.len().max(1));
            let Some(span) = span.filter(|_| asked) else {
                continue;
            };
            let subject = self.name(tally);
            let behaviour = Behaviour::new(sliced, &span.when, self.origin());
            if span.steady {
                said.extend(behaviour.courses().write(&subject, run)?);
            }
            if self.subjects.len() > 1 {
                let of_all = run
                    .subjects
                    .get(&self.subject(Some(span), "total"))
                    .and_then(|metrics| metrics.get(MetricName::OUTAGE));
                let of_all = match of_all.map(|outage| &outage.evidence) {
                    Some(Evidence::Value(seconds)) => *seconds,
                    _ => 0.0,
                };
                said.extend(outages(&behaviour, (&subject, of_all), run)?);
            }
        }
        self.recoveries(record, run, &mut said)?;
        course::tell(said, run);
        Ok(())
    }

    /// The steady phases that follow a spike, each with the steady phase before it.
    fn after_spikes(&self) -> Vec<(&PhaseTime, &PhaseTime)> {
        let steady = |phase: &&PhaseTime| {
            phase.span.is_some() && phase.from >= phase.to && phase.to >= phase.from
        };
        let mut found = Vec::new();
        for (place, after) in self.phases.iter().enumerate().filter(|(_, p)| steady(p)) {
            let earlier = self.phases.iter().take(place).enumerate().rev();
            let mut before = earlier.filter(|(_, p)| steady(p) && after.from <= p.from * SAME_RATE);
            let Some((start, before)) = before.next() else {
                continue;
            };
            let between = self.phases.iter().take(place).skip(start + 1);
            let peak = between.map(|p| p.from.max(p.to)).fold(0.0, f64::max);
            if peak >= before.from * SPIKE {
                found.push((before, after));
            }
        }
        found
    }

    fn recoveries(
        &self,
        record: &Record,
        run: &mut Run,
        said: &mut Vec<Sentence>,
    ) -> Result<(), EvidenceError> {
        for (before, after) in self.after_spikes() {
            for subject in 0..self.subjects.len() {
                let part = |phase: &PhaseTime| -> Option<(usize, Behaviour)> {
                    let tally = self.tally_index(phase.span?, subject);
                    let sliced: &Sliced = record.sliced().get(tally)?;
                    let when: [TimeRange; 1] = [phase.when];
                    Some((tally, Behaviour::new(sliced, &when, self.origin())))
                };
                let (Some((_, before)), Some((tally, back))) = (part(before), part(after)) else {
                    continue;
                };
                let Some((level, seconds)) = before
                    .level()
                    .and_then(|level| Some((level, back.recovery(level)?)))
                else {
                    continue;
                };
                let subject = self.name(tally);
                if seconds >= after.when.length().as_secs_f64() {
                    said.push(Sentence {
                        size: f64::MAX,
                        text: format!(
                            "latency of `{subject}` was not back at {} within the {seconds:.0} s after the load had fallen",
                            time(level)
                        ),
                    });
                }
                // After several spikes, the slowest recovery counts.
                let known = run
                    .subjects
                    .get(&subject)
                    .and_then(|m| m.get(MetricName::RECOVERY));
                let seconds = match known.map(|m| &m.evidence) {
                    Some(Evidence::Value(other)) => seconds.max(*other),
                    _ => seconds,
                };
                Figure::outcome(MetricName::RECOVERY, "s", seconds).put(&subject, run)?;
            }
        }
        Ok(())
    }
}

/// Of one subject among several. Where all were away for as long, that is told of all.
fn outages(
    behaviour: &Behaviour,
    (subject, of_all): (&Subject, f64),
    run: &mut Run,
) -> Result<Option<Sentence>, EvidenceError> {
    let outages = behaviour.outages();
    let total: f64 = outages.iter().map(|outage| outage.seconds).sum();
    let longest = outages
        .iter()
        .map(|outage| outage.seconds)
        .fold(0.0, f64::max);
    Figure::outcome(MetricName::OUTAGE, "s", total).put(subject, run)?;
    Figure::fixed(MetricName::OUTAGE_LONGEST, "s", longest).put(subject, run)?;
    let Some(first) = outages.first().filter(|_| total > 2.0 * of_all) else {
        return Ok(None);
    };
    let longest = match outages.len() {
        1 => String::new(),
        _ => format!(" in all, {longest:.1} s at the longest"),
    };
    Ok(Some(Sentence {
        size: total,
        text: format!(
            "no request of `{subject}` succeeded for {total:.1} s{longest}, from {}",
            moment(first.from)
        ),
    }))
}
