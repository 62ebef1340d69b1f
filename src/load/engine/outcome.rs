//! From the results of all levels to one run, with what makes it partial or invalid.

use std::collections::BTreeMap;
use std::time::Duration;

use super::level::LevelResult;
use crate::load::definition;
use crate::load::http::FailureKind;
use crate::load::record::{GeneratorHealth, histogram};
use crate::load::scenario::{Level, Scenario};
use crate::load::watch::Observed;
use crate::model::timeline::{FINEST_MS, Timeline};
use crate::model::{Run, Subject, ToolName};

/// The result of a run.
#[derive(Clone, Debug)]
pub struct LoadOutcome {
    pub run: Run,
    /// How often each kind of failure was met, and the sentence of the first.
    pub failures: Vec<(FailureKind, u64, String)>,
    /// The failures again, sentence by sentence, the most frequent first.
    pub reasons: Vec<FailureReason>,
    /// Every subject that the run may have, in the order of the levels and flows.
    pub order: Vec<Subject>,
    /// For how long no request had succeeded when the load ended.
    pub silent_end: Option<Duration>,
}

/// One way in which requests of a subject failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureReason {
    pub subject: Subject,
    pub kind: FailureKind,
    pub what: String,
    pub count: u64,
    /// What the service answered the first time.
    pub example: Option<String>,
}

/// Builds the run of several levels.
pub struct RunBuilder {
    run: Run,
    failures: BTreeMap<FailureKind, (u64, String)>,
    counted: Duration,
    silent_end: Option<Duration>,
    reasons: Vec<FailureReason>,
    order: Vec<Subject>,
    timeline: Timeline,
    /// How far the timeline reaches, in seconds.
    reached: f64,
}

impl LevelResult {
    /// The number of counted requests, whether they succeeded or failed.
    pub fn requests(&self) -> u64 {
        let tallies = self.record.tallies().iter();
        tallies.map(crate::load::record::Tally::all).sum()
    }

    /// Why the result says nothing about the service, and a warning where it does.
    fn validity(&self) -> (Option<String>, Option<String>) {
        let (mut response, mut least) = (histogram(), histogram());
        for tally in self.record.tallies() {
            response.add(&tally.response).ok();
            least.add(&tally.least).ok();
        }
        let mut reasons = self.record.reasons.by_kind();
        let why = reasons.remove(&FailureKind::Local);
        let health = GeneratorHealth {
            lag: &self.record.lag,
            response: &response,
            least: &least,
            arrivals: self.record.arrivals,
            unable: (self.record.unable, why.as_ref().map_or("", |(_, why)| why)),
            stalls: self.stalls,
            counted: self.counted,
            requests: self.requests(),
            saturation: self.saturation,
            users: self.users,
        };
        (health.invalid(), health.warning())
    }
}

impl RunBuilder {
    pub fn new(scenario: &Scenario) -> Self {
        let mut run = Run::default();
        run.provenance.tool = Some(ToolName {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        });
        run.provenance.scenario = Some(scenario.name.clone());
        run.provenance.load = Some(definition::of(scenario));
        run.provenance.started_at = Some(jiff::Timestamp::now());
        Self {
            run,
            failures: BTreeMap::new(),
            counted: Duration::ZERO,
            silent_end: None,
            reasons: Vec::new(),
            order: Vec::new(),
            timeline: Timeline::new(Duration::from_millis(FINEST_MS).as_secs_f64()),
            reached: 0.0,
        }
    }

    pub fn add(
        &mut self,
        level: &Level,
        result: &LevelResult,
        observed: Observed,
    ) -> anyhow::Result<()> {
        let LevelResult {
            figures,
            record,
            cpu,
            ..
        } = result;
        figures.write(record, *cpu, &mut self.run)?;
        // Their slices are doublings of the same length.
        self.timeline.add(figures.timeline(record), self.reached);
        if let Some(seen) = observed.timeline {
            let seen = match &level.prefix {
                Some(prefix) => seen.renamed(|subject| format!("{prefix} {subject}")),
                None => seen,
            };
            self.timeline.add(seen, self.reached);
        }
        self.reached += figures.last_counted().as_secs_f64();
        let named = |text: String| match &level.prefix {
            Some(prefix) => format!("{prefix}: {text}"),
            None => text,
        };
        for (subject, metric, measurement) in observed.measurements {
            let subject = match &level.prefix {
                Some(prefix) => Subject::new(format!("{prefix} {subject}")),
                None => subject,
            };
            self.run.insert(subject, metric, measurement);
        }
        let warnings = observed.warnings.into_iter().map(named);
        self.run.warnings.extend(warnings);
        self.run.warnings.extend(result.aborted.clone().map(named));
        let (invalid, warning) = result.validity();
        self.run.warnings.extend(warning.map(named));
        let invalid = invalid.or(observed.ended.into_iter().next());
        self.silent_end = figures.silent_end(record);
        let provenance = &mut self.run.provenance;
        provenance.invalid = provenance.invalid.take().or(invalid.map(named));
        provenance.partial |= result.partial;
        for (kind, (count, first)) in record.reasons.by_kind() {
            let known = self.failures.entry(kind);
            known.or_insert_with(|| (0, first)).0 += count;
        }
        for (tally, kind, sentence) in record.reasons.sorted() {
            self.reasons.push(FailureReason {
                subject: figures.name(tally),
                kind,
                what: sentence.what.clone(),
                count: sentence.count,
                example: sentence.example.clone(),
            });
        }
        self.order.extend(figures.order());
        self.counted += result.counted;
        Ok(())
    }

    pub fn has_levels(&self) -> bool {
        !self.run.subjects.is_empty()
    }

    /// Marks the run as partial, because levels were left out.
    pub fn end_early(&mut self) {
        self.run.provenance.partial = true;
    }

    pub fn outcome(mut self) -> LoadOutcome {
        self.reasons
            .sort_by_key(|reason| std::cmp::Reverse(reason.count));
        self.run.provenance.duration_s = Some(self.counted.as_secs_f64());
        self.run.timeline = (!self.timeline.is_empty()).then(|| Box::new(self.timeline));
        LoadOutcome {
            run: self.run,
            failures: self
                .failures
                .into_iter()
                .map(|(kind, (count, first))| (kind, count, first))
                .collect(),
            silent_end: self.silent_end,
            reasons: self.reasons,
            order: self.order,
        }
    }
}
