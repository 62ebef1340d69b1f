//! [`Run`]s to text: the same bytes for the same run, keys sorted, one line per metric, numbers as short as they
//! can be and still be read as the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::form::{
    Entries, EnvironmentForm, EstimateForm, LoadForm, MeasurementForm, Object, Resolution, Text,
    TimelineForm, ToolForm,
};
use super::layout::line;
use super::{SCHEMA, histogram};
use crate::model::evidence::Quantiles;
use crate::model::run::Metrics;
use crate::model::{
    Environment, Evidence, Load, Measurement, MetricName, Point, Quantile, Role, Run, Timeline,
    ToolName,
};

/// How much is written that a reader would know without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// For people and other programs.
    Full,
    /// For baselines, which are small.
    Brief,
}

/// One pretty, stable JSON document, ending in a newline.
pub fn write(run: &Run) -> String {
    let mut members = vec![("schema", line(&SCHEMA))];
    let mut header = header(run);
    header.push(("subjects", subjects(run)));
    let timeline = run.timeline.as_deref();
    header.extend(timeline.map(|timeline| ("timeline", self::timeline(timeline))));
    header.sort_by_key(|(key, _)| *key);
    members.append(&mut header);
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| format!("  \"{key}\": {value}"))
        .collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

fn subjects(run: &Run) -> String {
    block(
        2,
        run.subjects.iter().map(|(subject, metrics)| {
            let metrics = block(
                4,
                metrics.iter().map(|(name, measurement)| {
                    let written = MeasurementForm::of(name, measurement, Detail::Full);
                    (line(&name.as_str()), line(&written))
                }),
            );
            (line(&subject.as_str()), metrics)
        }),
    )
}

/// One subject on one line.
fn timeline(timeline: &Timeline) -> String {
    let form = TimelineForm::of(timeline);
    let members = [
        form.slice_s.map(|slice| (line("slice_s"), line(&slice))),
        form.subjects.map(|subjects| {
            let each = subjects
                .0
                .iter()
                .map(|(name, text)| (line(name), line(text)));
            (line("subjects"), block(4, each))
        }),
        form.gauges.map(|gauges| {
            let each = gauges.0.iter().map(|(subject, gauges)| {
                let each = gauges.0.iter();
                let each = each.map(|(metric, gauge)| (line(metric), line(gauge)));
                (line(subject), block(6, each))
            });
            (line("gauges"), block(4, each))
        }),
    ];
    block(2, members.into_iter().flatten())
}

/// An object over several lines.
fn block(indent: usize, members: impl Iterator<Item = (String, String)>) -> String {
    let (inner, outer) = (" ".repeat(indent + 2), " ".repeat(indent));
    let members: Vec<String> = members
        .map(|(key, value)| format!("{inner}{key}: {value}"))
        .collect();
    if members.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{\n{}\n{outer}}}", members.join(",\n"))
    }
}

/// Everything but schema and subjects: key and JSON, sorted.
pub(crate) fn header(run: &Run) -> Vec<(&'static str, String)> {
    let provenance = &run.provenance;
    let environment = &provenance.environment;
    [
        ("commit", provenance.commit.as_ref().map(line)),
        ("duration_s", provenance.duration_s.as_ref().map(line)),
        (
            "environment",
            (*environment != Environment::default())
                .then(|| line(&EnvironmentForm::of(environment))),
        ),
        ("inputs", provenance.inputs.as_ref().map(line)),
        ("invalid", provenance.invalid.as_ref().map(line)),
        (
            "load",
            provenance
                .load
                .as_ref()
                .map(|load| line(&LoadForm::of(load))),
        ),
        ("partial", provenance.partial.then(|| line(&true))),
        ("scenario", provenance.scenario.as_ref().map(line)),
        ("session", provenance.session.as_ref().map(line)),
        ("source", provenance.source.as_ref().map(line)),
        (
            "started_at",
            provenance.started_at.map(|time| line(&time.to_string())),
        ),
        (
            "tool",
            provenance
                .tool
                .as_ref()
                .map(|tool| line(&ToolForm::of(tool))),
        ),
        (
            "warnings",
            (!run.warnings.is_empty()).then(|| line(&run.warnings)),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.map(|value| (key, value)))
    .collect()
}

/// All metrics of a subject on one line.
pub(crate) fn metrics_line(metrics: &Metrics, detail: Detail) -> String {
    let written: BTreeMap<&str, MeasurementForm<'_>> = metrics
        .iter()
        .map(|(name, measurement)| {
            (
                name.as_str(),
                MeasurementForm::of(name, measurement, detail),
            )
        })
        .collect();
    line(&written)
}

impl<'a> ToolForm<'a> {
    fn of(tool: &'a ToolName) -> Self {
        Self {
            name: Some(Text::of(&tool.name)),
            version: Text::opt(tool.version.as_deref()),
        }
    }
}

impl<'a> LoadForm<'a> {
    fn of(load: &'a Load) -> Self {
        let terms = load.terms.iter();
        Self {
            digest: Text::opt(load.digest.as_deref()),
            terms: (!load.terms.is_empty()).then(|| {
                Entries(
                    terms
                        .map(|(name, term)| (Text::of(name), Text::of(term)))
                        .collect(),
                )
            }),
        }
    }
}

impl<'a> EnvironmentForm<'a> {
    fn of(environment: &'a Environment) -> Self {
        Self {
            arch: Text::opt(environment.arch.as_deref()),
            assumed: environment.assumed.then_some(true),
            compiler: Text::opt(environment.compiler.as_deref()),
            cores: environment.cores,
            cpu: Text::opt(environment.cpu.as_deref()),
            image: Text::opt(environment.image.as_deref()),
            kernel: Text::opt(environment.kernel.as_deref()),
            key: Text::opt(environment.key.as_deref()),
            memory_gib: environment.memory_gib,
            os: Text::opt(environment.os.as_deref()),
            runner: Text::opt(environment.runner.as_deref()),
        }
    }
}

impl<'a> MeasurementForm<'a> {
    fn of(name: &MetricName, measurement: &'a Measurement, detail: Detail) -> Self {
        let better = measurement.better;
        let told = detail == Detail::Full || name.known_direction() != Some(better);
        let unit = measurement.unit.as_str();
        let named = !unit.is_empty() || name.as_str() != MetricName::ERRORS;
        Self {
            better: told.then(|| Text::of(better.as_str())),
            role: match measurement.role {
                Role::Outcome => None,
                Role::Total => Some(Text::of("total")),
                Role::Fixed => Some(Text::of("fixed")),
                Role::Covariate => Some(Text::of("covariate")),
            },
            unit: named.then(|| Text::of(unit)),
            ..Self::holding(&measurement.evidence)
        }
    }

    fn holding(evidence: &'a Evidence) -> Self {
        let empty = Self::default();
        match evidence {
            Evidence::Samples(samples) => Self {
                samples: Some(Cow::Borrowed(samples.values())),
                weights: samples.weights().map(Cow::Borrowed),
                ..empty
            },
            Evidence::Histogram(distribution) => Self {
                histogram: Some(Text(histogram::encode(&distribution.histogram).into())),
                scale: Some(distribution.scale),
                resolution: (distribution.resolution > 0.0)
                    .then_some(Resolution::All(distribution.resolution)),
                ..empty
            },
            Evidence::Quantiles(quantiles) => {
                let moments = quantiles.moments();
                Self {
                    max: moments.max,
                    mean: moments.mean,
                    min: moments.min,
                    n: Some(quantiles.n()),
                    quantiles: Some(by_quantile(quantiles, |point| Some(point.value))),
                    resolution: resolution(quantiles),
                    ..empty
                }
            }
            Evidence::Estimate(estimate) => Self {
                estimate: Some(Object(EstimateForm {
                    confidence: Some(estimate.confidence),
                    high: Some(estimate.high),
                    low: Some(estimate.low),
                    point: Some(estimate.point),
                })),
                ..empty
            },
            Evidence::Proportion(proportion) => Self {
                count: Some(proportion.count()),
                of: Some(proportion.of()),
                ..empty
            },
            Evidence::Value(value) => Self {
                value: Some(*value),
                ..empty
            },
        }
    }
}

fn by_quantile<'a>(
    quantiles: &Quantiles,
    number: impl Fn(&Point) -> Option<f64>,
) -> Entries<'a, f64> {
    let points = quantiles.points().iter();
    let entry = |(quantile, point): (&Quantile, &Point)| {
        let key = quantile.fraction().to_string();
        number(point).map(|number| (Text(key.into()), number))
    };
    Entries(points.filter_map(entry).collect())
}

/// One step where all quantiles have the same, and none where no quantile has any.
fn resolution<'a>(quantiles: &Quantiles) -> Option<Resolution<'a>> {
    let mut steps = quantiles.points().values().map(|point| point.resolution);
    let first = steps.next()?;
    if steps.all(|step| step.total_cmp(&first).is_eq()) {
        return (first > 0.0).then_some(Resolution::All(first));
    }
    let of = |point: &Point| (point.resolution > 0.0).then_some(point.resolution);
    Some(Resolution::Each(by_quantile(quantiles, of)))
}
