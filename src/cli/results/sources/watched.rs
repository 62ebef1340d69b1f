//! What was measured beside the command of a source, and how it becomes a part of the run that the command wrote.

use anyhow::anyhow;

use crate::cli::output::Output;
use crate::hint::WithHint;
use crate::load::scenario;
use crate::load::watch::{Manner, WatchBeside};
use crate::model::{Measurement, MetricName, Run, Subject, Timeline};

/// Tools tell when they began to the second.
const TO_THE_SECOND: f64 = 2.0;

/// What was measured while a command ran once.
#[derive(Default)]
pub(crate) struct ObservedBeside {
    measurements: Vec<(Subject, MetricName, Measurement)>,
    /// What was seen, and when the watch began.
    timeline: Option<(Timeline, jiff::Timestamp)>,
}

impl ObservedBeside {
    /// Does the work and watches for as long as it takes. What ends meanwhile is no longer under test, so that is an
    /// error.
    pub(super) fn beside(
        what: &[scenario::Watched],
        output: &mut Output<'_>,
        work: impl FnOnce(&mut Output<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        if what.is_empty() {
            work(output)?;
            return Ok(Self::default());
        }
        let watch = WatchBeside::start(what.to_vec(), Manner::BesideLoad)?;
        let began = jiff::Timestamp::now();
        work(output)?;
        let observed = watch.finish()?;
        for warning in &observed.warnings {
            output.warn(warning);
        }
        if let Some(ended) = observed.ended.into_iter().next() {
            return Err(anyhow!(ended)).hint(
                "what is watched has to run before the command begins and until it has ended",
            );
        }
        Ok(Self {
            measurements: observed.measurements,
            timeline: observed.timeline.map(|timeline| (timeline, began)),
        })
    }

    /// One run may be read several times, once for each of its files.
    pub(crate) fn add_to(&self, mut runs: Vec<&mut Run>) -> anyhow::Result<()> {
        if self.measurements.is_empty() {
            return Ok(());
        }
        let is_other = |run: &&mut Run| runs.first().is_some_and(|first| **run != **first);
        if runs.iter().any(is_other) {
            return Err(anyhow!(
                "the command wrote several runs at once, and what was watched belongs to all of them together"
            ))
            .hint("let it write one run, and set `runs` to how often it is to be measured");
        }
        for run in &mut runs {
            let taken = |(subject, _, _): &&(Subject, _, _)| run.subjects.contains_key(subject);
            if let Some((subject, _, _)) = self.measurements.iter().find(taken) {
                return Err(anyhow!(
                    "watch {subject}: the results hold a subject of this name"
                ))
                .hint("give [[source.watch]] another `name`");
            }
            for (subject, metric, measurement) in &self.measurements {
                run.insert(subject.clone(), metric.clone(), measurement.clone());
            }
            self.draw(run);
        }
        Ok(())
    }

    /// Puts what was seen on one time axis with what the command tells of its time, where it tells when it began.
    fn draw(&self, run: &mut Run) {
        let Some((mut seen, began)) = self.timeline.clone() else {
            return;
        };
        let Some(of_command) = run.timeline.take() else {
            run.timeline = Some(Box::new(seen));
            return;
        };
        let later = run.provenance.started_at;
        let both = later
            .map(|at| at.duration_since(began).as_secs_f64())
            .filter(|later| *later > -TO_THE_SECOND)
            .and_then(|later| seen.add((*of_command).clone(), later));
        run.timeline = Some(match both {
            Some(()) => Box::new(seen),
            None => of_command,
        });
    }
}
