//! What the subjects of a level did over time, as metrics of the run, as warnings, and as its timeline.

mod behaviour;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Figures, PhaseTime, Record, Sliced, TimeRange};
use crate::model::timeline::{FINEST_MS, Timeline};
use crate::model::{
    Better, Evidence, EvidenceError, Measurement, MetricName, Role, Run, Subject, Unit,
};
use behaviour::{Behaviour, LatencyCourse, moment, time};

/// So many courses are told in words, the largest first.
const TOLD: usize = 5;
/// A phase with so many times the rate of another is a spike.
const SPIKE: f64 = 1.2;
/// Rates that differ by less are the same.
const SAME_RATE: f64 = 1.05;

/// A sentence about a course, and how large it is.
struct Sentence {
    size: f64,
    text: String,
}

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
                courses(&behaviour, &subject, run, &mut said)?;
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
        said.sort_by(|a, b| b.size.total_cmp(&a.size));
        let more = said.len().saturating_sub(TOLD);
        run.warnings
            .extend(said.into_iter().take(TOLD).map(|s| s.text));
        if more > 0 {
            let others = match more {
                1 => "one more of its kind".to_owned(),
                more => format!("{more} more of their kind"),
            };
            run.warnings.push(format!(
                "{others}: `latency_trend`, `step`, `errors_trend`, `outage` and `recovery` of the run have them all"
            ));
        }
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
                put(
                    run,
                    &subject,
                    Figure::outcome(MetricName::RECOVERY, "s", seconds),
                )?;
            }
        }
        Ok(())
    }
}

struct Figure {
    metric: &'static str,
    unit: &'static str,
    role: Role,
    value: f64,
}

impl Figure {
    fn outcome(metric: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            metric,
            unit,
            role: Role::Outcome,
            value,
        }
    }

    /// It follows from another one, which is judged.
    fn fixed(metric: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            role: Role::Fixed,
            ..Self::outcome(metric, unit, value)
        }
    }
}

fn put(run: &mut Run, subject: &Subject, figure: Figure) -> Result<(), EvidenceError> {
    // The digits behind are noise, and would fill baselines.
    let value = (figure.value * 100.0).round() / 100.0;
    let measurement = Measurement {
        unit: Unit::new(figure.unit),
        better: Better::Lower,
        role: figure.role,
        evidence: Evidence::value(value)?,
    };
    run.insert(subject.clone(), MetricName::new(figure.metric), measurement);
    Ok(())
}

fn courses(
    behaviour: &Behaviour,
    subject: &Subject,
    run: &mut Run,
    said: &mut Vec<Sentence>,
) -> Result<(), EvidenceError> {
    let (latency, errors) = (behaviour.latency(), behaviour.errors());
    put(
        run,
        subject,
        Figure::outcome(MetricName::LATENCY_TREND, "%", latency.rise()),
    )?;
    put(
        run,
        subject,
        Figure::outcome(MetricName::ERRORS_TREND, "%", errors),
    )?;
    // It is a part of the trend, which is judged.
    put(
        run,
        subject,
        Figure::fixed(MetricName::STEP, "%", latency.step()),
    )?;
    if latency.rise() >= MetricName::LEAST_TREND {
        let change = match latency {
            LatencyCourse::Rose(change) | LatencyCourse::Stepped { change, .. } => change,
            LatencyCourse::Steady => return Ok(()),
        };
        let how = match latency {
            LatencyCourse::Stepped { at, .. } => format!("at {} and stayed", moment(at)),
            _ => format!("over the run: by {:.0} %", latency.rise()),
        };
        said.push(Sentence {
            size: latency.rise(),
            text: format!(
                "latency of `{subject}` rose from {} to {} {how}",
                time(change.before),
                time(change.after)
            ),
        });
    }
    if errors >= MetricName::LEAST_ERRORS_TREND {
        said.push(Sentence {
            size: errors,
            text: format!("errors of `{subject}` rose over the run: by {errors:.1} points"),
        });
    }
    Ok(())
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
    put(
        run,
        subject,
        Figure::outcome(MetricName::OUTAGE, "s", total),
    )?;
    put(
        run,
        subject,
        Figure::fixed(MetricName::OUTAGE_LONGEST, "s", longest),
    )?;
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
