//! A run while an adapter fills it: every number is checked on its way in, so that no adapter has to.
//!
//! What contradicts itself (percentiles out of order, more failures than requests, a rate that does not fit count and
//! duration) is an error or a warning here, for all tools alike.

use std::fmt::Display;

use anyhow::{Context, anyhow, bail};

use crate::hint::WithHint;
use crate::model::evidence::Moments;
use crate::model::{
    Better, Evidence, EvidenceError, Load, Measurement, MetricName, Point, Provenance, Quantile,
    Role, Run, Subject, ToolName, Unit,
};

/// The name of what sums up every request of a run, where a tool does not name an endpoint.
pub(super) const ALL_REQUESTS: &str = "all requests";

pub(super) struct Sheet {
    run: Run,
}

/// What a load tool says of one endpoint.
pub(super) struct Requests<'a> {
    pub subject: &'a str,
    pub role: Role,
    /// All that were made, failed ones included.
    pub requests: u64,
    pub failures: u64,
    pub latency: Latency,
    pub throughput: Option<Throughput>,
}

/// Whose times a latency holds.
pub(super) enum Latency {
    /// The output has none.
    Absent,
    Successes(Times),
    /// Failed requests are among them, and the tool does not time them apart.
    All(Times),
}

pub(super) struct Times {
    pub unit: &'static str,
    pub evidence: Evidence,
}

/// Requests per second, and whether it is an outcome or what was asked for.
#[derive(Clone, Copy)]
pub(super) struct Throughput {
    pub per_second: f64,
    pub role: Role,
}

/// One number of a benchmark or of a tool's own.
pub(super) struct Figure<'a> {
    pub subject: &'a str,
    pub metric: &'a str,
    pub unit: Unit,
    pub better: Better,
    pub role: Role,
}

/// A distribution of which a tool tells quantiles: share, value and the step at which the value was rounded.
#[derive(Default)]
pub(super) struct Spread {
    pub points: Vec<(f64, f64, f64)>,
    pub n: u64,
    pub moments: Moments,
}

impl Throughput {
    pub(super) fn outcome(per_second: f64) -> Self {
        Self {
            per_second,
            role: Role::Outcome,
        }
    }

    /// The tool was told how many requests a second to make.
    pub(super) fn fixed(per_second: f64) -> Self {
        Self {
            per_second,
            role: Role::Fixed,
        }
    }
}

impl Times {
    pub(super) fn ms(evidence: Evidence) -> Self {
        Self {
            unit: "ms",
            evidence,
        }
    }
}

impl Spread {
    /// As evidence, where its numbers do not contradict each other.
    pub(super) fn evidence(mut self) -> anyhow::Result<Evidence> {
        self.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.check_order()?;
        let points = self
            .points
            .iter()
            .map(|&(share, value, resolution)| {
                let quantile = Quantile::from_fraction(share)
                    .ok_or_else(|| anyhow!("{share} is not a quantile between 0 and 1"))?;
                Ok((quantile, Point { value, resolution }))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Evidence::quantiles(points, self.n, self.moments)?)
    }

    pub(super) fn check_order(&self) -> anyhow::Result<()> {
        let Moments { mean, min, max } = self.moments;
        let named = |share: f64| format!("p{}", (share * 1e6).round() / 1e4);
        let coarsest = self.points.iter().map(|point| point.2).fold(0.0, f64::max);
        let mut low = min.map(|min| ("the smallest".to_owned(), min, coarsest));
        for &(share, value, step) in &self.points {
            if let Some((name, before, before_step)) = &low
                && value + step.max(*before_step) + before.abs() * 1e-6 < *before
            {
                bail!(
                    "its percentiles contradict each other: {} is {value}, and {name} is {before}",
                    named(share)
                );
            }
            low = Some((named(share), value, step));
        }
        let slack = |value: f64| coarsest + value.abs() * 1e-6;
        let highest = low.map(|(name, value, _)| (name, value));
        let ends = [
            (highest, max.map(|max| ("the largest", max))),
            (
                mean.map(|mean| ("the mean".to_owned(), mean)),
                max.map(|max| ("the largest", max)),
            ),
            (
                min.map(|min| ("the smallest".to_owned(), min)),
                mean.map(|mean| ("the mean", mean)),
            ),
        ];
        for (below, above) in ends {
            if let (Some((low_name, low)), Some((high_name, high))) = (below, above)
                && low > high + slack(high)
            {
                bail!(
                    "its numbers contradict each other: {high_name} is {high}, and {low_name} is {low}"
                );
            }
        }
        Ok(())
    }
}

impl Sheet {
    pub(super) fn new(tool: &str, version: Option<&str>) -> Self {
        Self {
            run: Run {
                provenance: Provenance {
                    tool: Some(ToolName {
                        name: tool.to_owned(),
                        version: version.map(str::to_owned),
                    }),
                    ..Provenance::default()
                },
                ..Run::default()
            },
        }
    }

    pub(super) fn provenance(&mut self) -> &mut Provenance {
        &mut self.run.provenance
    }

    /// How long the load lasted.
    pub(super) fn lasted(&mut self, seconds: f64) {
        if seconds.is_finite() && seconds > 0.0 {
            self.run.provenance.duration_s = Some(seconds);
        }
    }

    /// A run that was stopped is true and less than what was asked for.
    pub(super) fn asked_to_last(&mut self, asked: f64, seconds: f64) {
        if seconds < asked * 0.9 {
            self.warn(format!(
                "it ended after {seconds:.1} of the {asked:.1} s that were asked for"
            ));
            self.run.provenance.partial = true;
        }
    }

    pub(super) fn started_ms(&mut self, epoch_ms: f64) {
        self.run.provenance.started_at = timestamp_ms(epoch_ms);
    }

    /// Something that was asked for, as far as the output tells: part of what makes two runs comparable.
    pub(super) fn asked(&mut self, term: &str, value: impl Display) {
        self.run
            .provenance
            .load
            .get_or_insert_with(Load::default)
            .terms
            .insert(term.to_owned(), value.to_string());
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.run.warnings.contains(&warning) {
            self.run.warnings.push(warning);
        }
    }

    pub(super) fn has(&self, subject: &str, metric: &str) -> bool {
        self.run
            .subjects
            .get(subject)
            .is_some_and(|metrics| metrics.get(metric).is_some())
    }

    pub(super) fn put(
        &mut self,
        figure: Figure<'_>,
        evidence: Result<Evidence, EvidenceError>,
    ) -> anyhow::Result<()> {
        let Figure {
            subject,
            metric,
            unit,
            better,
            role,
        } = figure;
        let evidence = evidence.with_context(|| format!("`{subject}`, {metric}"))?;
        if self.has(subject, metric) {
            bail!("`{subject}` has two values of {metric}");
        }
        let never_negative = [
            MetricName::LATENCY,
            MetricName::TIME,
            MetricName::THROUGHPUT,
        ];
        if let Some(least) = evidence.smallest()
            && least < 0.0
            && never_negative.contains(&metric)
        {
            bail!("`{subject}`, {metric}: {least} is negative");
        }
        let measurement = Measurement {
            unit,
            better,
            role,
            evidence,
        };
        self.run
            .insert(Subject::new(subject), MetricName::new(metric), measurement);
        Ok(())
    }

    /// The typical duration of a benchmark: lower is better, and it is judged.
    pub(super) fn time(
        &mut self,
        subject: &str,
        unit: &Unit,
        evidence: Result<Evidence, EvidenceError>,
    ) -> anyhow::Result<()> {
        let figure = Figure {
            subject,
            metric: MetricName::TIME,
            unit: unit.clone(),
            better: Better::Lower,
            role: Role::Outcome,
        };
        self.put(figure, evidence)
    }

    /// How many executions of a benchmark failed, of how many.
    pub(super) fn failures(&mut self, subject: &str, failures: u64, of: u64) -> anyhow::Result<()> {
        let figure = Figure {
            subject,
            metric: MetricName::ERRORS,
            unit: Unit::none(),
            better: Better::Lower,
            role: Role::Outcome,
        };
        self.put(figure, Evidence::proportion(failures, of))
    }

    /// Everything that a load tool says of one endpoint.
    pub(super) fn requests(&mut self, of: Requests<'_>) -> anyhow::Result<()> {
        let Requests {
            subject,
            role,
            requests,
            failures,
            latency,
            throughput,
        } = of;
        if requests == 0 {
            return Err(anyhow!("`{subject}`: no request was made"))
                .hint("look at what the load tool printed: did it reach the service?");
        }
        let figure = |metric, unit: &str, better, role| Figure {
            subject,
            metric,
            unit: Unit::new(unit),
            better,
            role,
        };
        self.put(
            figure(MetricName::ERRORS, "", Better::Lower, role),
            Evidence::proportion(failures, requests),
        )?;
        if let Some(rate) = throughput.filter(|rate| rate.per_second > 0.0) {
            self.check_rate(subject, (requests - failures, requests), rate.per_second)?;
            let role = if role == Role::Outcome {
                rate.role
            } else {
                role
            };
            let figure = figure(MetricName::THROUGHPUT, "req/s", Better::Higher, role);
            self.put(figure, Evidence::value(rate.per_second))?;
        }
        let (times, mixed) = match latency {
            Latency::Absent => return Ok(()),
            Latency::Successes(times) => (times, false),
            Latency::All(times) => (times, failures > 0),
        };
        if failures == requests {
            self.warn(format!(
                "all {requests} requests of `{subject}` failed: their times are no latency and are left out"
            ));
            return Ok(());
        }
        if mixed {
            let tool = self.tool().to_owned();
            self.warn(format!(
                "latency of `{subject}` includes {failures} failed requests of {requests}: {tool} does not time them apart"
            ));
        }
        let figure = figure(MetricName::LATENCY, times.unit, Better::Lower, role);
        self.put(figure, Ok(times.evidence))
    }

    /// How many single measurements the output holds of those that it says there were: with fewer it is no whole run.
    pub(super) fn holds(
        &mut self,
        subject: &str,
        (held, said): (usize, u64),
        what: &str,
    ) -> anyhow::Result<()> {
        let held = u64::try_from(held)?;
        if held > said {
            return Err(anyhow!(
                "`{subject}` holds {held} {what}, and says that there are {said}"
            ))
            .hint(CONTRADICTS);
        }
        if held < said {
            self.warn(format!(
                "`{subject}` holds {held} of its {said} {what}: the output is not complete"
            ));
            self.run.provenance.partial = true;
        }
        Ok(())
    }

    /// A rate has to fit how many requests there were in how much time.
    fn check_rate(
        &mut self,
        subject: &str,
        (least, most): (u64, u64),
        rate: f64,
    ) -> anyhow::Result<()> {
        let Some(seconds) = self.run.provenance.duration_s else {
            return Ok(());
        };
        let implied = rate * seconds;
        let (least, most) = (count(least), count(most));
        let said = || {
            format!(
                "`{subject}`: {rate:.1} requests a second for {seconds:.1} s are {implied:.0} requests, and it counts {most:.0}"
            )
        };
        if implied + 2.0 < least / 2.0 || implied > most * 2.0 + 2.0 {
            return Err(anyhow!("{}", said())).hint(CONTRADICTS);
        }
        if implied + 2.0 < least * 0.9 || implied > most * 1.1 + 2.0 {
            self.warn(said());
        }
        Ok(())
    }

    fn tool(&self) -> &str {
        let tool = self.run.provenance.tool.as_ref();
        tool.map_or("the tool", |tool| tool.name.as_str())
    }

    /// Takes a metric out of every subject: the output does not tell it.
    pub(super) fn leave_out(&mut self, metric: &str) {
        for metrics in self.run.subjects.values_mut() {
            *metrics = std::mem::take(metrics)
                .into_iter()
                .filter(|(name, _)| name.as_str() != metric)
                .collect();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.run.subjects.is_empty()
    }

    /// The run, which has to hold something.
    pub(super) fn run(self) -> anyhow::Result<Run> {
        if self.run.subjects.is_empty() {
            return Err(anyhow!("it holds no measurement"))
                .hint("look at what the tool printed: did it run to its end?");
        }
        Ok(self.run)
    }
}

pub(super) const CONTRADICTS: &str =
    "the output contradicts itself: is it complete, and of one run?";

/// Two counts of the same things, each with what gives it.
pub(super) fn agree(one: (&str, u64), other: (&str, u64)) -> anyhow::Result<()> {
    if one.1 == other.1 {
        return Ok(());
    }
    let ((one, first), (other, second)) = (one, other);
    Err(anyhow!("{one} is {first}, and {other} {second}")).hint(CONTRADICTS)
}

/// Of how many measurements a summary is; one where it does not say.
pub(super) fn of_several(said: Option<u64>) -> anyhow::Result<u64> {
    match said {
        Some(0) => Err(anyhow!("its numbers are those of 0 measurements")).hint(CONTRADICTS),
        said => Ok(said.unwrap_or(1)),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 do not occur"
)]
pub(super) fn count(n: u64) -> f64 {
    n as f64
}

/// A whole number that a tool wrote as one of JSON's or of text.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to 2^53 by the check"
)]
pub(super) fn whole(value: f64) -> Option<u64> {
    ((0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0)
        .then_some(value as u64)
}

/// A time in milliseconds since 1970, where it is one.
pub(super) fn timestamp_ms(epoch_ms: f64) -> Option<jiff::Timestamp> {
    let ms = epoch_ms.round();
    // Before 2000 it is no time of a measurement, and beyond 2^53 it is no time at all.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    (9e11..9e15)
        .contains(&ms)
        .then_some(ms as i64)
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(points: &[(f64, f64, f64)]) -> Spread {
        Spread {
            points: points.to_vec(),
            n: 100,
            moments: Moments::default(),
        }
    }

    #[test]
    fn percentiles_out_of_order_are_an_error_that_names_them() {
        let error = spread(&[(0.5, 3.0, 0.1), (0.99, 2.0, 0.1)])
            .evidence()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "its percentiles contradict each other: p99 is 2, and p50 is 3"
        );
        // Within the step at which they were printed they may cross.
        assert!(
            spread(&[(0.5, 3.0, 0.1), (0.99, 2.95, 0.1)])
                .evidence()
                .is_ok()
        );
        let mut beyond = spread(&[(0.5, 3.0, 0.0)]);
        beyond.moments.max = Some(2.0);
        assert!(beyond.evidence().is_err());
        let mut below = spread(&[(0.5, 3.0, 0.0)]);
        below.moments.min = Some(4.0);
        assert!(below.evidence().is_err());
    }

    fn endpoint(requests: u64, failures: u64, rate: f64) -> Requests<'static> {
        Requests {
            subject: "GET /",
            role: Role::Outcome,
            requests,
            failures,
            latency: Latency::All(Times::ms(Evidence::value(3.0).unwrap())),
            throughput: Some(Throughput::outcome(rate)),
        }
    }

    #[test]
    fn a_rate_that_does_not_fit_count_and_duration_is_told_or_refused() {
        let of = |rate| {
            let mut sheet = Sheet::new("tool", None);
            sheet.lasted(10.0);
            sheet
                .requests(endpoint(1000, 0, rate))
                .map(|()| sheet.run.warnings.len())
        };
        assert_eq!(of(100.0).unwrap(), 0);
        assert_eq!(of(130.0).unwrap(), 1);
        assert!(of(300.0).is_err());
        assert!(of(20.0).is_err());
    }

    #[test]
    fn where_everything_failed_there_is_no_latency() {
        let mut sheet = Sheet::new("tool", None);
        sheet.requests(endpoint(10, 10, 1.0)).unwrap();
        assert!(!sheet.has("GET /", "latency") && sheet.has("GET /", "errors"));
        assert!(sheet.requests(endpoint(0, 0, 1.0)).is_err());
        assert!(sheet.requests(endpoint(5, 6, 1.0)).is_err());
    }
}
