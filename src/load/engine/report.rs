//! From measured levels to one run, with what makes it partial or invalid.

use std::collections::BTreeMap;
use std::time::Duration;

use super::level::Measured;
use crate::load::definition;
use crate::load::record::{Generator, histogram};
use crate::load::scenario::{Level, Scenario};
use crate::load::watch::Observed;
use crate::load::wire::Kind;
use crate::model::{Run, Subject, ToolName};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub run: Run,
    /// Of each kind of failure: how often it was met, and the first of them in words.
    pub failures: Vec<(Kind, u64, String)>,
    /// The same sentence by sentence, the most frequent first.
    pub reasons: Vec<Reason>,
    /// Every subject that there may be, in the order of the levels and flows.
    pub order: Vec<Subject>,
    /// For how long nothing had succeeded when the load ended.
    pub silent_end: Option<Duration>,
}

/// One way in which requests of a subject failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub subject: Subject,
    pub kind: Kind,
    pub what: String,
    pub count: u64,
    /// What the service said the first time.
    pub example: Option<String>,
}

pub struct Report {
    run: Run,
    failures: BTreeMap<Kind, (u64, String)>,
    counted: Duration,
    silent_end: Option<Duration>,
    reasons: Vec<Reason>,
    order: Vec<Subject>,
}

impl Measured {
    /// Counted requests, whatever became of them.
    pub fn requests(&self) -> u64 {
        let tallies = self.record.tallies().iter();
        tallies.map(crate::load::record::Tally::all).sum()
    }

    /// Why it says nothing about the service, and what else is to be told of the generator.
    fn judged(&self) -> (Option<String>, Option<String>) {
        let (mut response, mut least) = (histogram(), histogram());
        for tally in self.record.tallies() {
            response.add(&tally.response).ok();
            least.add(&tally.least).ok();
        }
        let mut reasons = self.record.reasons.by_kind();
        let why = reasons.remove(&Kind::Local);
        let generator = Generator {
            lag: &self.record.lag,
            response: &response,
            least: &least,
            arrived: self.record.arrived,
            unable: (self.record.unable, why.as_ref().map_or("", |(_, why)| why)),
            absent: self.absent,
            counted: self.counted,
            requests: self.requests(),
            busy: self.busy,
            users: self.users,
        };
        (generator.invalid(), generator.warning())
    }
}

impl Report {
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
        }
    }

    pub fn add(
        &mut self,
        level: &Level,
        measured: &Measured,
        observed: Observed,
    ) -> anyhow::Result<()> {
        let Measured {
            figures,
            record,
            cpu,
            ..
        } = measured;
        figures.write(record, *cpu, &mut self.run)?;
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
        let (invalid, warning) = measured.judged();
        self.run.warnings.extend(warning.map(named));
        let invalid = invalid.or(observed.ended.into_iter().next());
        self.silent_end = figures.silent_end(record);
        let provenance = &mut self.run.provenance;
        provenance.invalid = provenance.invalid.take().or(invalid.map(named));
        provenance.partial |= measured.partial;
        for (kind, (count, first)) in record.reasons.by_kind() {
            let known = self.failures.entry(kind);
            known.or_insert_with(|| (0, first)).0 += count;
        }
        for (place, kind, sentence) in record.reasons.sorted() {
            self.reasons.push(Reason {
                subject: figures.name(place),
                kind,
                what: sentence.what.clone(),
                count: sentence.count,
                example: sentence.example.clone(),
            });
        }
        self.order.extend(figures.order());
        self.counted += measured.counted;
        Ok(())
    }

    pub fn has_levels(&self) -> bool {
        !self.run.subjects.is_empty()
    }

    /// Levels were left out.
    pub fn end_early(&mut self) {
        self.run.provenance.partial = true;
    }

    pub fn outcome(mut self) -> Outcome {
        self.reasons
            .sort_by_key(|reason| std::cmp::Reverse(reason.count));
        self.run.provenance.duration_s = Some(self.counted.as_secs_f64());
        Outcome {
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
