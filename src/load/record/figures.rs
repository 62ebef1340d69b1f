//! From a record to a run: which subjects and metrics there are, and what they are called.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::model::evidence::Moments;
use crate::model::{
    Better, Evidence, EvidenceError, Measurement, MetricName, Point, Quantile, Role, Run,
    Statistic, Subject, Unit,
};

use super::validity::{as_f64, is_changed};
use super::{LONGEST, Record, TICK, Tally, TimeRange, quantile, ticks};

/// A part of the counted time that is measured on its own: a phase with a name, or all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The name, which is put in front of its subjects.
    pub name: Option<String>,
    pub counted: Duration,
    /// When it was counted, in one piece or several.
    pub when: Vec<TimeRange>,
    /// Whether its load is the same from its beginning to its end, and long enough that the service could show a course.
    pub steady: bool,
}

/// When a phase of an open level took place, and the rates with which it began and ended.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseTime {
    /// `None` where it was not counted.
    pub span: Option<usize>,
    pub when: TimeRange,
    pub from: f64,
    pub to: f64,
}

/// The subjects and spans of one level, and how they are written into a run.
#[derive(Clone, Debug)]
pub struct Figures {
    pub prefix: Option<String>,
    pub subjects: Vec<String>,
    pub spans: Vec<Span>,
    /// The phases of an open level that was run.
    pub phases: Vec<PhaseTime>,
    /// The flows that are measured as a whole.
    pub wholes: Vec<String>,
    /// Requests that take longer are counted.
    pub slow: Option<Duration>,
    /// Subjects of what users do once, which may have been before counting began.
    pub once: Vec<String>,
    /// Whether the load is open. Then the throughput was asked for and is not an outcome.
    pub open: bool,
}

impl Figures {
    /// The index of the tally of a subject in a span.
    pub fn tally_index(&self, span: usize, subject: usize) -> usize {
        span * self.subjects.len() + subject
    }

    /// The subject of a tally, as it is called in the run.
    pub fn name(&self, tally_index: usize) -> Subject {
        let count = self.subjects.len().max(1);
        let name = self
            .subjects
            .get(tally_index % count)
            .map_or("", String::as_str);
        self.subject(self.spans.get(tally_index / count), name)
    }

    /// Every subject that may be written, in the order of the flows, followed by the total, whole flows, and the
    /// generator.
    pub fn order(&self) -> Vec<Subject> {
        let spans = self.spans.iter().flat_map(|span| {
            let names = self.subjects.iter().map(String::as_str).chain(["total"]);
            let names = names.chain(self.wholes.iter().map(String::as_str));
            names.map(move |name| self.subject(Some(span), name))
        });
        spans.chain([self.subject(None, "generator")]).collect()
    }

    pub fn tally_count(&self) -> usize {
        self.spans.len() * self.subjects.len()
    }

    pub fn write(&self, record: &Record, cpu: f64, run: &mut Run) -> Result<(), EvidenceError> {
        let mut unfinished = 0;
        let rows = record.tallies().chunks(self.subjects.len().max(1));
        for (number, (span, tallies)) in self.spans.iter().zip(rows).enumerate() {
            let mut total = Tally::default();
            for (name, tally) in self.subjects.iter().zip(tallies) {
                total.add(tally);
                let figures = SubjectTally {
                    subject: self.subject(Some(span), name),
                    tally,
                    counted: span.counted,
                    role: Role::Outcome,
                };
                figures.write(self.open, self.slow, run)?;
            }
            unfinished += total
                .failed
                .get(&super::FailureKind::Unfinished)
                .unwrap_or(&0);
            if self.subjects.len() > 1 {
                let figures = SubjectTally {
                    subject: self.subject(Some(span), "total"),
                    tally: &total,
                    counted: span.counted,
                    role: Role::Total,
                };
                figures.write(self.open, self.slow, run)?;
            }
            self.write_wholes((number, span), record, run)?;
            self.warn_of_left_out(span, tallies, run);
            self.outage(span, &total, record, run)?;
            self.warn_of_unreached(span, tallies, run);
        }
        self.behaviour(record, run)?;
        self.generator(record, unfinished, cpu, run)
    }

    /// Warns of percentiles that are left out because perfgate's own lateness may have changed them.
    fn warn_of_left_out(&self, span: &Span, tallies: &[Tally], run: &mut Run) {
        for (name, tally) in self.subjects.iter().zip(tallies) {
            let changed = tally.changed();
            let Some(first) = changed.first() else {
                continue;
            };
            let names: Vec<String> = changed
                .iter()
                .map(|q| Statistic::Quantile(*q).to_string())
                .collect();
            let own_delay = is_changed(&tally.response, &tally.least, first.fraction());
            run.warnings.push(format!(
                "{}: {} left out, as the load generator was late: up to {:.2} ms of it may be its own",
                self.subject(Some(span), name),
                names.join(", "),
                own_delay.unwrap_or_default().as_secs_f64() * 1e3
            ));
        }
    }

    /// Warns of steps that were never reached because an earlier one always fails.
    fn warn_of_unreached(&self, span: &Span, tallies: &[Tally], run: &mut Run) {
        let (mut never, mut any) = (Vec::new(), false);
        for (name, tally) in self.subjects.iter().zip(tallies) {
            match tally.all() {
                0 if self.once.contains(name) => {}
                0 => never.push(self.subject(Some(span), name).to_string()),
                _ => any = true,
            }
        }
        if any && !never.is_empty() {
            let never = never.join(", ");
            run.warnings
                .push(format!("never reached, so not measured: {never}"));
        }
    }

    pub(super) fn subject(&self, span: Option<&Span>, name: &str) -> Subject {
        let phase = span.and_then(|span| span.name.as_deref());
        let words: Vec<&str> = [self.prefix.as_deref(), phase, Some(name)]
            .into_iter()
            .flatten()
            .collect();
        Subject::new(words.join(" "))
    }

    fn generator(
        &self,
        record: &Record,
        unfinished: u64,
        cpu: f64,
        run: &mut Run,
    ) -> Result<(), EvidenceError> {
        let subject = self.subject(None, "generator");
        let mut put = |metric: &str, unit: &str, better, evidence| {
            let measurement = Measurement::fixed(unit, better, evidence);
            run.insert(subject.clone(), MetricName::new(metric), measurement);
        };
        let arrivals = record.arrivals;
        if self.open {
            if let Some(lag) = milliseconds(&record.lag)? {
                put("lag", "ms", Better::Lower, lag);
            }
            for (metric, better, count) in [
                ("due", Better::Higher, arrivals.due),
                ("late", Better::Lower, arrivals.late),
                ("dropped", Better::Lower, arrivals.dropped),
            ] {
                put(metric, "", better, Evidence::value(as_f64(count))?);
            }
        }
        let sent = if self.open {
            arrivals.sent
        } else {
            record.tallies().iter().map(Tally::all).sum()
        };
        put("sent", "", Better::Higher, Evidence::value(as_f64(sent))?);
        if record.unable > 0 {
            let unable = Evidence::value(as_f64(record.unable))?;
            put("unable", "", Better::Lower, unable);
        }
        if record.resent > 0 {
            let resent = Evidence::value(as_f64(record.resent))?;
            put("resent", "", Better::Lower, resent);
        }
        let counted: Duration = self.spans.iter().map(|span| span.counted).sum();
        if !record.checking.is_zero() && !counted.is_zero() {
            let share = record.checking.as_secs_f64() / counted.as_secs_f64();
            put(
                "checking",
                "%",
                Better::Lower,
                Evidence::value(share * 100.0)?,
            );
        }
        let unfinished = Evidence::value(as_f64(unfinished))?;
        put("unfinished", "", Better::Lower, unfinished);
        put("cpu", "%", Better::Lower, Evidence::value(cpu * 100.0)?);
        Ok(())
    }
}

/// The tally of one subject, to be written into a run.
struct SubjectTally<'a> {
    subject: Subject,
    tally: &'a Tally,
    counted: Duration,
    role: Role,
}

impl SubjectTally<'_> {
    fn write(
        &self,
        open: bool,
        slow: Option<Duration>,
        run: &mut Run,
    ) -> Result<(), EvidenceError> {
        let all = self.tally.all();
        if all == 0 {
            return Ok(());
        }
        let fixed = match self.role {
            Role::Total => Role::Total,
            Role::Outcome | Role::Fixed | Role::Covariate => Role::Fixed,
        };
        let mut put = |metric: &str, unit: &str, role, evidence| {
            let better = match metric {
                MetricName::THROUGHPUT => Better::Higher,
                _ => Better::Lower,
            };
            let measurement = Measurement {
                unit: Unit::new(unit),
                better,
                role,
                evidence,
            };
            run.insert(self.subject.clone(), MetricName::new(metric), measurement);
        };
        let changed = self.tally.changed();
        let latency = match changed.first() {
            None => milliseconds(&self.tally.response)?,
            Some(_) => self.tally.without(&changed)?,
        };
        if let Some(latency) = latency {
            put(MetricName::LATENCY, "ms", self.role, latency);
        }
        if let Some(service) = milliseconds(&self.tally.service)? {
            put("service", "ms", fixed, service);
        }
        let events = self.tally.events.iter();
        for (metric, times) in events.flat_map(|events| events.each()) {
            if let Some(times) = milliseconds(times)? {
                put(metric, "ms", self.role, times);
            }
        }
        for (metric, times) in &self.tally.server {
            if let Some(times) = milliseconds(times)? {
                put(metric, "ms", fixed, times);
            }
        }
        let succeeded = self.tally.succeeded();
        if let Some(slow) = slow.filter(|_| succeeded > 0) {
            let longer = self.tally.response.count_between(ticks(slow) + 1, LONGEST);
            put(
                "slow",
                "",
                fixed,
                Evidence::proportion(longer.min(succeeded), succeeded)?,
            );
        }
        for (metric, time, count) in self.tally.phases.means() {
            let mean = time.as_secs_f64() * 1e3 / as_f64(count);
            put(metric, "ms", Role::Covariate, Evidence::value(mean)?);
        }
        let bytes = self.tally.bytes;
        if bytes.received > 0 && succeeded > 0 {
            let mean = as_f64(bytes.bodies) / as_f64(succeeded);
            put("response_size", "B", fixed, Evidence::value(mean)?);
            for (metric, bytes) in [("sent", bytes.sent), ("received", bytes.received)] {
                if self.counted > Duration::ZERO {
                    let rate = as_f64(bytes) * 8.0 / 1e6 / self.counted.as_secs_f64();
                    put(metric, "Mbit/s", fixed, Evidence::value(rate)?);
                }
            }
        }
        let errors = Evidence::proportion(self.tally.failures(), all)?;
        put(MetricName::ERRORS, "", self.role, errors);
        for (kind, count) in &self.tally.failed {
            let metric = format!("errors_{}", kind.as_str());
            put(&metric, "", fixed, Evidence::proportion(*count, all)?);
        }
        if self.counted > Duration::ZERO {
            let rate = as_f64(self.tally.succeeded()) / self.counted.as_secs_f64();
            let role = if open { fixed } else { self.role };
            put(
                MetricName::THROUGHPUT,
                "req/s",
                role,
                Evidence::value(rate)?,
            );
        }
        Ok(())
    }
}

/// The percentiles that are written where perfgate's own lateness may have changed some of them.
const PERCENTILES: [Quantile; 5] = Quantile::USUAL;

impl Tally {
    /// The percentiles that perfgate's own lateness may have changed, among those for which there are enough requests.
    fn changed(&self) -> Vec<Quantile> {
        let carried = |q: &Quantile| q.needed_observations() <= self.succeeded();
        let changed =
            |q: &Quantile| is_changed(&self.response, &self.least, q.fraction()).is_some();
        PERCENTILES
            .into_iter()
            .filter(carried)
            .filter(changed)
            .collect()
    }

    /// The latency as the percentiles that were not changed.
    fn without(&self, changed: &[Quantile]) -> Result<Option<Evidence>, EvidenceError> {
        let kept = PERCENTILES.into_iter().filter(|q| {
            let carried = q.needed_observations() <= self.succeeded();
            carried && !changed.contains(q)
        });
        let points: Vec<(Quantile, Point)> = kept
            .filter_map(|q| {
                let value = quantile(&self.response, q.fraction())?;
                let value = value.as_secs_f64() * 1e3;
                let resolution = 0.0;
                Some((q, Point { value, resolution }))
            })
            .collect();
        if points.is_empty() {
            return Ok(None);
        }
        Evidence::quantiles(points, self.succeeded(), Moments::default()).map(Some)
    }
}

/// A histogram as evidence in milliseconds, no larger than its largest value needs; `None` where it is empty.
pub(super) fn milliseconds(full: &Histogram<u64>) -> Result<Option<Evidence>, EvidenceError> {
    if full.is_empty() {
        return Ok(None);
    }
    let wrong = |why: &dyn std::fmt::Display| EvidenceError::BadHistogram(why.to_string());
    let mut small =
        Histogram::new_with_bounds(1, full.max().max(2), 3).map_err(|why| wrong(&why))?;
    small.add(full).map_err(|why| wrong(&why))?;
    let scale = as_f64(TICK) / 1e6;
    Evidence::histogram(small, scale).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::RequestTimes;
    use super::*;
    use crate::load::http::{Failure, FailureKind};

    fn figures(subjects: &[&str], open: bool) -> Figures {
        Figures {
            prefix: None,
            subjects: subjects.iter().map(|&name| name.to_owned()).collect(),
            phases: Vec::new(),
            spans: vec![Span {
                name: None,
                steady: false,
                counted: Duration::from_secs(2),
                when: vec![TimeRange {
                    from: Duration::ZERO,
                    until: Duration::from_secs(2),
                }],
            }],
            slow: None,
            wholes: Vec::new(),
            once: Vec::new(),
            open,
        }
    }

    fn written(figures: &Figures, record: &Record) -> Run {
        let mut run = Run::default();
        figures.write(record, 0.0, &mut run).unwrap();
        run
    }

    fn ms(millis: u64) -> RequestTimes {
        let time = Duration::from_millis(millis);
        RequestTimes {
            response: time,
            own_delay: Duration::ZERO,
            service: time,
        }
    }

    fn lines(run: &Run) -> Vec<String> {
        let mut lines = Vec::new();
        for (subject, metrics) in &run.subjects {
            for (metric, one) in metrics {
                lines.push(format!("{subject} {metric} {:?}", one.role));
            }
        }
        lines
    }

    #[test]
    fn failures_are_counted_by_kind_and_kept_out_of_latency() {
        let figures = figures(&["GET /"], false);
        let mut record = Record::new(figures.tally_count());
        (0..6).for_each(|_| record.succeed(0, ms(5)));
        record.fail(
            0,
            &Failure::new(FailureKind::Timeout, "no answer within 1 s"),
        );
        record.fail(0, &Failure::new(FailureKind::Status, "503"));
        let run = written(&figures, &record);
        let metrics = &run.subjects["GET /"];
        let Evidence::Histogram(latency) = &metrics["latency"].evidence else {
            panic!("latency is a histogram");
        };
        assert_eq!(latency.histogram.len(), 6);
        assert!((latency.scale * latency.histogram.max() as f64 - 5.0).abs() < 0.01);
        assert_eq!(
            metrics["errors"].evidence,
            Evidence::proportion(2, 8).unwrap()
        );
        assert_eq!(metrics["errors_timeout"].role, Role::Fixed);
        assert_eq!(metrics["throughput"].evidence, Evidence::Value(3.0));
        assert_eq!(metrics["throughput"].role, Role::Outcome);
        assert!(!run.subjects.contains_key("total"));
        assert_eq!(
            run.subjects["generator"]["sent"].evidence,
            Evidence::Value(8.0)
        );
    }

    #[test]
    fn lateness_of_our_own_voids_the_statistics_that_it_can_have_changed_and_no_other() {
        let figures = figures(&["GET /"], true);
        let mut record = Record::new(figures.tally_count());
        for n in 0..2_000_u64 {
            let own_delay = Duration::from_millis(if n % 25 == 0 { 15 } else { 0 });
            let response = Duration::from_millis(20) + own_delay;
            record.succeed(
                0,
                RequestTimes {
                    response,
                    own_delay,
                    service: response,
                },
            );
        }
        let run = written(&figures, &record);
        let latency = &run.subjects["GET /"]["latency"].evidence;
        let Evidence::Quantiles(latency) = latency else {
            panic!("quantiles alone");
        };
        let kept: Vec<Quantile> = latency.points().keys().copied().collect();
        assert_eq!(kept, [Quantile::P50, Quantile::P90, Quantile::P95]);
        assert_eq!(latency.n(), 2_000);
        assert!(
            run.warnings[0].starts_with("GET /: p99 left out"),
            "{:?}",
            run.warnings
        );
    }

    #[test]
    fn what_this_machine_could_not_send_is_no_request_of_the_service() {
        let figures = figures(&["GET /"], false);
        let mut record = Record::new(figures.tally_count());
        (0..6).for_each(|_| record.succeed(0, ms(5)));
        record.fail(0, &Failure::new(FailureKind::Local, "no port"));
        let run = written(&figures, &record);
        let errors = &run.subjects["GET /"]["errors"].evidence;
        assert_eq!(*errors, Evidence::proportion(0, 6).unwrap());
        assert!(!run.subjects["GET /"].contains_key("errors_local"));
        let unable = &run.subjects["generator"]["unable"].evidence;
        assert_eq!(*unable, Evidence::Value(1.0));
        assert_eq!(
            record.reasons.by_kind()[&FailureKind::Local],
            (1, "no port".to_owned())
        );
    }

    #[test]
    fn the_time_without_success_is_an_outcome_of_the_run() {
        let outage = |subjects: &[&str], silent_times: bool| {
            let figures = figures(subjects, false);
            let mut record = Record::new(figures.tally_count());
            (0..200).for_each(|at| {
                let at = Duration::from_millis(at * 10);
                if silent_times && at >= Duration::from_secs(1) {
                    record.fail(0, &Failure::new(FailureKind::Connect, "refused"));
                    record.silence.fail(at, at);
                } else {
                    record.succeed(0, ms(5));
                    record.silence.succeed(at, at);
                }
            });
            let run = written(&figures, &record);
            let name = if subjects.len() > 1 { "total" } else { "a" };
            let outage = run.subjects[name]["outage"].clone();
            assert_eq!((outage.role, outage.unit.as_str()), (Role::Outcome, "s"));
            let Evidence::Value(seconds) = outage.evidence else {
                panic!("one number");
            };
            (seconds, run.warnings)
        };
        let (seconds, warnings) = outage(&["a"], true);
        assert!((seconds - 1.0).abs() < 0.02, "{seconds}");
        assert_eq!(
            warnings,
            ["a: no request succeeded for 1.0 s, from 1.0 s after counting began"]
        );
        let (seconds, _) = outage(&["a", "b"], true);
        assert!((seconds - 1.0).abs() < 0.02, "{seconds}");
        assert_eq!(outage(&["a"], false), (0.0, Vec::new()));
    }

    #[test]
    fn several_subjects_have_a_total_and_phases_and_levels_stand_in_front() {
        let mut figures = figures(&["a", "b"], true);
        figures.prefix = Some("rate=5".to_owned());
        figures.spans.push(Span {
            steady: false,
            name: Some("peak".to_owned()),
            counted: Duration::from_secs(1),
            when: Vec::new(),
        });
        let mut record = Record::new(figures.tally_count());
        record.succeed(figures.tally_index(0, 0), ms(1));
        record.succeed(figures.tally_index(1, 1), ms(2));
        let lines = lines(&written(&figures, &record));
        for line in [
            "rate=5 a latency Outcome",
            "rate=5 a service Fixed",
            "rate=5 a throughput Fixed",
            "rate=5 peak b latency Outcome",
            "rate=5 peak total latency Total",
            "rate=5 total errors Total",
            "rate=5 generator due Fixed",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line} in {lines:#?}");
        }
        assert!(
            !lines.iter().any(|l| l.starts_with("rate=5 b ")),
            "{lines:#?}"
        );
    }

    #[test]
    fn a_histogram_in_a_run_is_as_small_as_it_can_be_and_loses_nothing() {
        let mut full = super::super::histogram();
        for n in 1..5_000 {
            full.saturating_record(n * 7);
        }
        let Some(Evidence::Histogram(small)) = milliseconds(&full).unwrap() else {
            panic!("a histogram");
        };
        assert!(small.histogram.distinct_values() < full.distinct_values() / 3);
        assert_eq!(small.histogram, full);
    }
}
