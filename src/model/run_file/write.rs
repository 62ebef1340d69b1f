//! [`Run`]s to text: the same bytes for the same run, keys sorted, one line per metric, numbers as short as they
//! can be and still be read as the same.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};

use super::layout::line;
use super::{SCHEMA, histogram};
use crate::model::evidence::Quantiles;
use crate::model::run::Metrics;
use crate::model::{Environment, Evidence, Load, Measurement, MetricName, Role, Run, ToolName};

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
                    let written = Written::of(name, measurement, Detail::Full);
                    (line(&name.as_str()), line(&written))
                }),
            );
            (line(&subject.as_str()), metrics)
        }),
    )
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
            (*environment != Environment::default()).then(|| line(&Machine::of(environment))),
        ),
        ("inputs", provenance.inputs.as_ref().map(line)),
        ("invalid", provenance.invalid.as_ref().map(line)),
        (
            "load",
            provenance.load.as_ref().map(|load| line(&Asked::of(load))),
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
            provenance.tool.as_ref().map(|tool| line(&Tool::of(tool))),
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
    let written: BTreeMap<&str, Written<'_>> = metrics
        .iter()
        .map(|(name, measurement)| (name.as_str(), Written::of(name, measurement, detail)))
        .collect();
    line(&written)
}

macro_rules! written {
    ($name:ident { $($key:ident: $type:ty,)* }) => {
        #[derive(serde::Serialize)]
        struct $name<'a> {
            $(#[serde(skip_serializing_if = "Option::is_none")] $key: Option<$type>,)*
        }
    };
}

written!(Tool {
    name: &'a str,
    version: &'a str,
});

impl<'a> Tool<'a> {
    fn of(tool: &'a ToolName) -> Self {
        Self {
            name: Some(&tool.name),
            version: tool.version.as_deref(),
        }
    }
}

written!(Asked {
    digest: &'a str,
    terms: BTreeMap<&'a str, &'a str>,
});

impl<'a> Asked<'a> {
    fn of(load: &'a Load) -> Self {
        let terms = load.terms.iter();
        Self {
            digest: load.digest.as_deref(),
            terms: (!load.terms.is_empty()).then(|| {
                terms
                    .map(|(name, term)| (name.as_str(), term.as_str()))
                    .collect()
            }),
        }
    }
}

written!(Machine {
    arch: &'a str,
    assumed: bool,
    compiler: &'a str,
    cores: u32,
    cpu: &'a str,
    image: &'a str,
    kernel: &'a str,
    key: &'a str,
    memory_gib: f64,
    os: &'a str,
    runner: &'a str,
});

impl<'a> Machine<'a> {
    fn of(environment: &'a Environment) -> Self {
        Self {
            arch: environment.arch.as_deref(),
            assumed: environment.assumed.then_some(true),
            compiler: environment.compiler.as_deref(),
            cores: environment.cores,
            cpu: environment.cpu.as_deref(),
            image: environment.image.as_deref(),
            kernel: environment.kernel.as_deref(),
            key: environment.key.as_deref(),
            memory_gib: environment.memory_gib,
            os: environment.os.as_deref(),
            runner: environment.runner.as_deref(),
        }
    }
}

written!(Written {
    better: &'a str,
    count: u64,
    estimate: Interval,
    histogram: String,
    max: f64,
    mean: f64,
    min: f64,
    n: u64,
    of: u64,
    quantiles: BTreeMap<String, f64>,
    resolution: Resolution,
    role: &'a str,
    samples: &'a [f64],
    scale: f64,
    unit: &'a str,
    value: f64,
    weights: &'a [f64],
});

#[derive(serde::Serialize)]
struct Interval {
    confidence: f64,
    high: f64,
    low: f64,
    point: f64,
}

enum Resolution {
    All(f64),
    Each(BTreeMap<String, f64>),
}

impl Serialize for Resolution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(step) => step.serialize(serializer),
            Self::Each(steps) => steps.serialize(serializer),
        }
    }
}

impl Resolution {
    fn of(quantiles: &Quantiles) -> Option<Self> {
        let mut steps = quantiles.points().values().map(|point| point.resolution);
        let first = steps.next()?;
        if steps.all(|step| step.total_cmp(&first).is_eq()) {
            return (first > 0.0).then_some(Self::All(first));
        }
        let each = quantiles
            .points()
            .iter()
            .filter(|(_, point)| point.resolution > 0.0)
            .map(|(quantile, point)| (quantile.fraction().to_string(), point.resolution))
            .collect();
        Some(Self::Each(each))
    }
}

impl<'a> Written<'a> {
    fn of(name: &MetricName, measurement: &'a Measurement, detail: Detail) -> Self {
        let better = measurement.better;
        let told = detail == Detail::Full || name.known_direction() != Some(better);
        let unit = measurement.unit.as_str();
        let mut written = Self {
            better: told.then_some(better.as_str()),
            role: match measurement.role {
                Role::Outcome => None,
                Role::Total => Some("total"),
                Role::Fixed => Some("fixed"),
            },
            unit: (!unit.is_empty() || name.as_str() != MetricName::ERRORS).then_some(unit),
            count: None,
            estimate: None,
            histogram: None,
            max: None,
            mean: None,
            min: None,
            n: None,
            of: None,
            quantiles: None,
            resolution: None,
            samples: None,
            scale: None,
            value: None,
            weights: None,
        };
        written.hold(&measurement.evidence);
        written
    }

    fn hold(&mut self, evidence: &'a Evidence) {
        match evidence {
            Evidence::Samples(samples) => {
                self.samples = Some(samples.values());
                self.weights = samples.weights();
            }
            Evidence::Histogram(distribution) => {
                self.histogram = Some(histogram::encode(&distribution.histogram));
                self.scale = Some(distribution.scale);
                self.resolution = (distribution.resolution > 0.0)
                    .then_some(Resolution::All(distribution.resolution));
            }
            Evidence::Quantiles(quantiles) => {
                let moments = quantiles.moments();
                self.max = moments.max;
                self.mean = moments.mean;
                self.min = moments.min;
                self.n = Some(quantiles.n());
                self.quantiles = Some(
                    quantiles
                        .points()
                        .iter()
                        .map(|(quantile, point)| (quantile.fraction().to_string(), point.value))
                        .collect(),
                );
                self.resolution = Resolution::of(quantiles);
            }
            Evidence::Estimate(estimate) => {
                self.estimate = Some(Interval {
                    confidence: estimate.confidence,
                    high: estimate.high,
                    low: estimate.low,
                    point: estimate.point,
                });
            }
            Evidence::Proportion(proportion) => {
                self.count = Some(proportion.count());
                self.of = Some(proportion.of());
            }
            Evidence::Value(value) => self.value = Some(*value),
        }
    }
}
