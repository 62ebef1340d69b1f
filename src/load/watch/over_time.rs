//! What was read of one value at each look, in slices of time. Pure: times are counted from when counting began.

use std::time::Duration;

use crate::model::timeline::{FINEST_MS, Gauge, MOST_SLICES, Timeline, short};
use crate::model::{MetricName, Subject, Unit};

/// One value over time, of any length in the same room.
#[derive(Clone, Debug)]
pub(super) struct OverTime {
    /// Of a slice; doubled whenever they would be too many.
    length: Duration,
    slices: Vec<Looks>,
}

/// All looks in one slice.
#[derive(Clone, Copy, Debug)]
struct Looks {
    slice: usize,
    sum: f64,
    count: f64,
}

/// What a task has seen of each of its values, by their names.
pub(super) type Seen = Vec<(MetricName, Unit, OverTime)>;

impl Default for OverTime {
    fn default() -> Self {
        Self {
            length: Duration::from_millis(FINEST_MS),
            slices: Vec::new(),
        }
    }
}

impl OverTime {
    pub(super) fn add(&mut self, at: Duration, value: f64) {
        let mut slice = self.slice(at);
        while slice >= MOST_SLICES {
            self.fold();
            slice = self.slice(at);
        }
        self.put(Looks {
            slice,
            sum: value,
            count: 1.0,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    fn slice(&self, at: Duration) -> usize {
        let slice = at.as_nanos() / self.length.as_nanos().max(1);
        usize::try_from(slice).unwrap_or(usize::MAX)
    }

    fn put(&mut self, looks: Looks) {
        match self.slices.last_mut() {
            // Time never goes back.
            Some(last) if last.slice >= looks.slice => {
                last.sum += looks.sum;
                last.count += looks.count;
            }
            _ => self.slices.push(looks),
        }
    }

    fn fold(&mut self) {
        self.length = self.length.saturating_mul(2);
        for looks in std::mem::take(&mut self.slices) {
            self.put(Looks {
                slice: looks.slice / 2,
                ..looks
            });
        }
    }

    /// A timeline of this value alone, which others can be added to.
    pub(super) fn timeline(&self, subject: &Subject, metric: MetricName, unit: Unit) -> Timeline {
        let value = |looks: &Looks| (looks.slice, short(looks.sum / looks.count));
        let values = self.slices.iter().map(value).collect();
        let gauge = Gauge { unit, values };
        let mut timeline = Timeline::new(self.length.as_secs_f64());
        timeline
            .gauges
            .insert(subject.clone(), [(metric, gauge)].into());
        timeline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_looks_needs_no_more_room_than_a_minute_and_keeps_their_means() {
        let mut level = OverTime::default();
        for second in 0..86_400 {
            level.add(
                Duration::from_secs(second),
                f64::from(second % 2 == 0) * 3.0,
            );
        }
        let subject = Subject::new("shop");
        let timeline = level.timeline(&subject, MetricName::new("rss"), Unit::new("MiB"));
        assert!((timeline.slice_s - 204.8).abs() < 1e-9);
        let (_, gauge) = timeline.gauges("shop").next().unwrap();
        assert_eq!(gauge.values.len(), 422);
        let mean = |(_, value): &&(usize, f64)| (value - 1.5).abs() < 0.01;
        assert_eq!(gauge.values.iter().filter(mean).count(), 422);
    }

    #[test]
    fn looks_at_short_intervals_are_apart() {
        let mut level = OverTime::default();
        for (at, value) in [(0, 1.0), (50, 2.0), (250, 4.0), (1250, 8.0)] {
            level.add(Duration::from_millis(at), value);
        }
        let timeline = level.timeline(&Subject::new("a"), MetricName::new("b"), Unit::none());
        let (_, gauge) = timeline.gauges("a").next().unwrap();
        assert_eq!(gauge.values, [(0, 1.5), (2, 4.0), (12, 8.0)]);
    }
}
