//! One execution of a workload on one build, with where it came from.

use std::collections::BTreeMap;

use super::{
    Better, Environment, Evidence, Load, MetricName, Ordered, Subject, Timeline, Unit, Unsettled,
};

/// The same type for base and head, for a fresh result and a stored one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub provenance: Provenance,
    pub subjects: BTreeMap<Subject, Metrics>,
    /// What a reader of the result should know: rounding, failures inside latency, what was dropped.
    pub warnings: Vec<String>,
    /// What happened when. No part of what is judged, and of no baseline.
    pub timeline: Option<Box<Timeline>>,
    /// Set where a load tool named the subjects, until it is decided which of the names are of one endpoint.
    pub unsettled: Option<Box<Unsettled>>,
}

/// Most subjects have one metric or few.
pub type Metrics = Ordered<MetricName, Measurement>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    pub tool: Option<ToolName>,
    /// RFC 3339, UTC.
    pub started_at: Option<jiff::Timestamp>,
    /// Runs of one session on one machine share it.
    pub session: Option<String>,
    /// Runs of one session that share it were measured in one start of the program: they share its heap and layout.
    pub launch: Option<u32>,
    pub duration_s: Option<f64>,
    pub commit: Option<String>,
    /// The workload, where the tool names it; series of different scenarios are not comparable.
    pub scenario: Option<String>,
    /// The name of the source that made it, or the label that its user gave it.
    pub source: Option<String>,
    /// A digest of the files that the source calls its inputs.
    pub inputs: Option<String>,
    pub load: Option<Load>,
    pub environment: Environment,
    /// It was ended early: what it holds is true and less than was asked for.
    pub partial: bool,
    /// Why its numbers say nothing about the system under test; such a run is never judged.
    pub invalid: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolName {
    pub name: String,
    pub version: Option<String>,
}

/// What was measured of one metric of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    pub unit: Unit,
    pub better: Better,
    pub role: Role,
    pub evidence: Evidence,
}

impl Run {
    /// Takes in another part of the same run: its subjects and its warnings. A subject that both hold is refused, and told.
    pub fn add_part(&mut self, part: Self) -> Result<(), Subject> {
        for (subject, metrics) in part.subjects {
            if self.subjects.contains_key(&subject) {
                return Err(subject);
            }
            self.subjects.insert(subject, metrics);
        }
        self.warnings.extend(part.warnings);
        Ok(())
    }
}

impl Measurement {
    /// Shown, and judged by no rule that does not name its metric.
    pub fn fixed(unit: &str, better: Better, evidence: Evidence) -> Self {
        Self {
            unit: Unit::new(unit),
            better,
            role: Role::Fixed,
            evidence,
        }
    }
}

/// Whether a measurement is an outcome of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    #[default]
    Outcome,
    /// Sums up other subjects (Locust's `Aggregated`): shown, not gated unless a rule names the subject.
    Total,
    /// Follows from something else, so it is no outcome of its own: the arrival rate of an open load model, a
    /// throughput worked out from a time. Shown, not gated unless a rule names the metric.
    Fixed,
    /// Recorded to tell why something else moved: CPU per request, a counter of the service. It is compared for a
    /// likely cause alone, and is a series only where a rule names the metric.
    Covariate,
}

/// How long a load tool measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredTime {
    pub seconds: f64,
    pub requests: f64,
}

impl MeasuredTime {
    /// Beyond this factor two measured times were asked for, and one of the two loads is another.
    const LARGEST_FACTOR: f64 = 1.5;

    /// Whether the times of two loads differ by more than runs of one load do.
    ///
    /// Where a number of requests was asked for, a slower service takes longer for the same number: then the time is a
    /// result and no part of the load.
    pub fn is_other_load(self, other: Self) -> bool {
        let apart = |a: f64, b: f64| a.max(b) > Self::LARGEST_FACTOR * a.min(b);
        apart(self.seconds, other.seconds) && apart(self.requests, other.requests)
    }
}

impl Run {
    /// The share of its requests that failed, where it says.
    pub fn failed_share(&self) -> Option<f64> {
        let (count, of) = self.failed_of()?;
        #[expect(clippy::cast_precision_loss, reason = "request counts stay below 2^53")]
        let share = count as f64 / of.max(1) as f64;
        Some(share)
    }

    /// Failed requests and all of them, where it says; totals over subjects count only where nothing else is there.
    fn failed_of(&self) -> Option<(u64, u64)> {
        let of_role = |total: bool| {
            let counted = self.subjects.values().filter_map(|metrics| {
                let measurement = metrics.get(MetricName::ERRORS)?;
                let Evidence::Proportion(share) = &measurement.evidence else {
                    return None;
                };
                ((measurement.role == Role::Total) == total).then(|| (share.count(), share.of()))
            });
            counted.reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1)))
        };
        of_role(false).or_else(|| of_role(true))
    }

    /// How long it measured and how many requests it counted meanwhile, where it says both.
    pub fn measured_time(&self) -> Option<MeasuredTime> {
        let seconds = self
            .provenance
            .duration_s
            .filter(|seconds| *seconds > 0.0)?;
        let (_, requests) = self.failed_of().filter(|(_, of)| *of > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "request counts stay below 2^53")]
        let requests = requests as f64;
        Some(MeasuredTime { seconds, requests })
    }

    /// Both are records of one and the same measurement: nobody measures the same times twice.
    pub fn is_same_measurement(&self, other: &Self) -> bool {
        let measured = |run: &Self| {
            run.subjects.values().any(|metrics| {
                let single = |m: &Measurement| {
                    matches!(m.evidence, Evidence::Value(_) | Evidence::Proportion(_))
                };
                metrics.values().any(|m| !single(m))
            })
        };
        self.provenance.started_at == other.provenance.started_at
            && (self.provenance.started_at.is_some() || measured(self))
            && self.subjects == other.subjects
    }

    pub fn insert(&mut self, subject: Subject, metric: MetricName, measurement: Measurement) {
        self.subjects
            .entry(subject)
            .or_default()
            .insert(metric, measurement);
    }
}
