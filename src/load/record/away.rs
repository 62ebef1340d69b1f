//! When no request of any subject succeeded: the outage of a run.

use std::time::Duration;

use super::{Figures, Record, Span, Tally, TimeRange};
use crate::model::{Better, Evidence, EvidenceError, Measurement, MetricName, Role, Run, Unit};

impl Figures {
    /// How long no request had succeeded when counting ended.
    pub fn silent_end(&self, record: &Record) -> Option<Duration> {
        let rows = record.tallies().chunks(self.subjects.len().max(1));
        let spans = self.spans.iter().zip(rows);
        let (span, tallies) = spans.max_by_key(|(span, _)| span.when.last().map(|w| w.until))?;
        let mut total = Tally::default();
        tallies.iter().for_each(|tally| total.add(tally));
        let last = silent_times(span, &total, record).pop()?;
        (last.until == span.when.last()?.until).then(|| last.length())
    }

    /// Writes for how long no request of any subject succeeded. It is an outcome of the run, and so it is judged even
    /// on a total.
    pub(super) fn outage(
        &self,
        span: &Span,
        total: &Tally,
        record: &Record,
        run: &mut Run,
    ) -> Result<(), EvidenceError> {
        if total.all() == 0 {
            return Ok(());
        }
        let silent_times = silent_times(span, total, record);
        let length: Duration = silent_times.iter().map(|range| range.length()).sum();
        let name = match self.subjects.as_slice() {
            [only] => only,
            _ => "total",
        };
        let subject = self.subject(Some(span), name);
        if let Some(first) = silent_times.first()
            && total.succeeded() > 0
        {
            let begin = span.when.first().map_or(Duration::ZERO, |when| when.from);
            run.warnings.push(format!(
                "{subject}: no request succeeded for {:.1} s, from {:.1} s after counting began",
                length.as_secs_f64(),
                first.from.saturating_sub(begin).as_secs_f64()
            ));
        }
        let longest = silent_times.iter().map(|range| range.length()).max();
        for (name, role, length) in [
            (MetricName::OUTAGE, Role::Outcome, length),
            (
                MetricName::OUTAGE_LONGEST,
                Role::Fixed,
                longest.unwrap_or_default(),
            ),
        ] {
            let measurement = Measurement {
                unit: Unit::new("s"),
                better: Better::Lower,
                role,
                evidence: Evidence::value(length.as_secs_f64())?,
            };
            run.insert(subject.clone(), MetricName::new(name), measurement);
        }
        Ok(())
    }
}

/// The times at which no request succeeded.
fn silent_times(span: &Span, total: &Tally, record: &Record) -> Vec<TimeRange> {
    let usual = total.usual(span.counted);
    let whole = |range| record.silence.within(range, usual);
    span.when.iter().copied().flat_map(whole).collect()
}
