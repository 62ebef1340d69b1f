//! One measurement as written to [`Measurement`]: unit, direction and role, and that they suit the metric.

use super::error::Flaw;
use super::evidence;
use super::form::MeasurementForm;
use super::histogram::HistogramMemory;
use super::rules::{BETTER, ROLES, needs_unit, suits};
use crate::model::unit::Dimension;
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Subject, Unit};
use crate::text::nearest::near;

/// What the runs of one document share: their names, and a bound.
#[derive(Default)]
pub(super) struct Known {
    pub(super) memory: HistogramMemory,
    metrics: Vec<MetricName>,
    units: Vec<Unit>,
    subjects: Subjects,
}

/// The subjects of the run before and of this one, each in the order of the document.
#[derive(Default)]
struct Subjects {
    before: Vec<Subject>,
    at: usize,
    now: Vec<Subject>,
}

impl Known {
    /// A run of ten thousand subjects has a handful of these; beyond that they are not looked for.
    const MOST: usize = 8;

    pub(super) fn within(memory: &HistogramMemory) -> Self {
        Self {
            memory: memory.clone(),
            ..Self::default()
        }
    }

    pub(super) fn next_run(&mut self) {
        self.subjects.before = std::mem::take(&mut self.subjects.now);
        self.subjects.at = 0;
    }

    /// Runs mostly hold the same subjects, sorted in a file of ours: one step further in the run before is the
    /// same name, or one that came or went.
    pub(super) fn subject(&mut self, name: &str) -> Subject {
        let Subjects { before, at, now } = &mut self.subjects;
        while before.get(*at).is_some_and(|old| old.as_str() < name) {
            *at += 1;
        }
        let subject = match before.get(*at) {
            Some(old) if old.as_str() == name => old.clone(),
            _ => Subject::new(name),
        };
        now.push(subject.clone());
        subject
    }

    pub(super) fn metric(&mut self, name: &str) -> MetricName {
        if let Some(metric) = self.metrics.iter().find(|metric| metric.as_str() == name) {
            return metric.clone();
        }
        let metric = MetricName::new(name);
        if self.metrics.len() < Self::MOST {
            self.metrics.push(metric.clone());
        }
        metric
    }

    fn unit(&mut self, name: &str) -> Unit {
        if let Some(unit) = self.units.iter().find(|unit| unit.as_str() == name) {
            return unit.clone();
        }
        let unit = Unit::new(name);
        if self.units.len() < Self::MOST {
            self.units.push(unit.clone());
        }
        unit
    }
}

pub(super) fn take(
    metric: &MetricName,
    form: MeasurementForm<'_>,
    known: &mut Known,
) -> Result<Measurement, Flaw> {
    let unit = unit(
        metric,
        form.unit.as_ref().map(|text| text.0.as_ref()),
        known,
    )?;
    let better = better(metric, form.better.as_ref().map(|text| text.0.as_ref()))?;
    let role = role(form.role.as_ref().map(|text| text.0.as_ref()))?;
    let evidence = evidence::take(form, &known.memory)?;
    if metric.known_direction().is_some() {
        refuse_negative(metric, &evidence)?;
    }
    Ok(Measurement {
        unit,
        better,
        role,
        evidence,
    })
}

fn unit(metric: &MetricName, written: Option<&str>, known: &mut Known) -> Result<Unit, Flaw> {
    let name = metric.as_str();
    let Some(written) = written else {
        return if !needs_unit(name) {
            Ok(Unit::none())
        } else {
            Err(Flaw::new("it has no `unit`").hint(match name {
                MetricName::LATENCY | MetricName::TIME => "for example \"unit\": \"ms\"",
                MetricName::THROUGHPUT => "for example \"unit\": \"req/s\"",
                _ => "a plain number has \"unit\": \"\"",
            }))
        };
    };
    let unit = known.unit(written);
    if suits(name, unit.dimension()) {
        return Ok(unit);
    }
    let shown = super::place::shown(written);
    let flaw = match name {
        MetricName::LATENCY | MetricName::TIME => Flaw::new(format!(
            "`{name}` is a time, and `{shown}` is not a unit of time"
        ))
        .hint(near(written, times()).map_or_else(
            || {
                "units of time are ns, us, ms, s and min; another metric needs a name of its own"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        )),
        MetricName::THROUGHPUT => Flaw::new(format!(
            "`throughput` is something per time, and its unit cannot be `{shown}`"
        ))
        .hint("for example \"unit\": \"req/s\""),
        _ => Flaw::new(format!(
            "`{name}` is a number of events, and its unit cannot be `{shown}`"
        ))
        .hint("leave the unit out"),
    };
    Err(flaw.at("unit"))
}

/// The units of time.
fn times() -> impl Iterator<Item = &'static str> {
    let times = Unit::KNOWN.into_iter();
    times.filter_map(|(name, dimension)| matches!(dimension, Dimension::Time(_)).then_some(name))
}

fn better(metric: &MetricName, written: Option<&str>) -> Result<Better, Flaw> {
    match written {
        Some(text) => text
            .parse()
            .map_err(|()| Flaw::none_of(text, &BETTER).at("better")),
        None => metric.known_direction().ok_or_else(|| {
            Flaw::new("a metric of your own naming needs `better`").hint(
                "write \"better\": \"lower\" or \"better\": \"higher\"; only latency, time, errors and throughput are known",
            )
        }),
    }
}

fn role(written: Option<&str>) -> Result<Role, Flaw> {
    match written {
        None => Ok(Role::Outcome),
        Some("total") => Ok(Role::Total),
        Some("fixed") => Ok(Role::Fixed),
        Some("covariate") => Ok(Role::Covariate),
        Some(other) => Err(Flaw::none_of(other, &ROLES).at("role")),
    }
}

/// What takes time, fails or passes cannot do so less than never.
fn refuse_negative(metric: &MetricName, evidence: &Evidence) -> Result<(), Flaw> {
    if evidence.smallest().is_none_or(|least| least >= 0.0) {
        return Ok(());
    }
    let flaw = |value: f64| {
        Flaw::new(format!("{value} is negative, and `{metric}` cannot be"))
            .hint("the clock or the tool went wrong: measure again")
    };
    Err(match evidence {
        Evidence::Samples(samples) => {
            let first = samples.values().iter().enumerate().find(|(_, v)| **v < 0.0);
            let (index, value) = first.map_or((0, f64::NAN), |(i, v)| (i, *v));
            flaw(value).at_index(index).at("samples")
        }
        Evidence::Quantiles(quantiles) => {
            let moments = quantiles.moments();
            let named = [
                ("mean", moments.mean),
                ("min", moments.min),
                ("max", moments.max),
            ];
            let point = quantiles.points().iter().find(|(_, p)| p.value < 0.0);
            match (
                point,
                named.into_iter().find(|(_, v)| v.is_some_and(|v| v < 0.0)),
            ) {
                (Some((quantile, point)), _) => flaw(point.value)
                    .at(&quantile.fraction().to_string())
                    .at("quantiles"),
                (None, Some((key, value))) => flaw(value.unwrap_or_default()).at(key),
                (None, None) => flaw(f64::NAN).at("quantiles"),
            }
        }
        Evidence::Estimate(estimate) => flaw(estimate.point).at("point").at("estimate"),
        Evidence::Value(value) => flaw(*value).at("value"),
        Evidence::Histogram(_) | Evidence::Proportion(_) => return Ok(()),
    })
}
