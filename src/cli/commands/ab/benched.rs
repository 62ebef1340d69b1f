//! Windows of the benchmarks of a criterion crate: every executable that holds something in doubt is run, for short
//! rounds of one pace.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::windows::Measures;
use crate::ab::command::{Conditions, Executed};
use crate::ab::criterion::{BenchTarget, Iterations, Pace};
use crate::ab::{Busy, Version, Window};
use crate::cli::results;
use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::load::Stop;
use crate::model::{Run, Subject};
use crate::text::sanitize;

/// An executable of one version, and what it was seen to measure.
struct Bench {
    target: BenchTarget,
    subjects: BTreeSet<Subject>,
}

pub(super) struct Benched<'a> {
    benches: [Vec<Bench>; 2],
    conditions: Conditions<'a>,
    /// That of one round of a benchmark, where it was asked for.
    asked: Option<Duration>,
    budget: Duration,
    pace: Pace,
    /// Where the executables write, which is read and emptied after each of them.
    home: tempfile::TempDir,
    iterations: Iterations,
    left_out: BTreeSet<String>,
    busy: Busy,
}

impl<'a> Benched<'a> {
    pub(super) fn new(
        targets: [Vec<BenchTarget>; 2],
        conditions: Conditions<'a>,
        (asked, budget): (Option<Duration>, Duration),
        arguments: &str,
    ) -> anyhow::Result<Self> {
        let mut left_out = BTreeSet::new();
        let benches = targets.map(|targets| {
            let (taken, other): (Vec<_>, Vec<_>) =
                targets.into_iter().partition(BenchTarget::is_criterion);
            left_out.extend(other.into_iter().map(|target| target.name));
            let bench = |target| Bench {
                target,
                subjects: BTreeSet::new(),
            };
            taken.into_iter().map(bench).collect::<Vec<_>>()
        });
        let benched = Self {
            conditions,
            asked,
            budget,
            pace: asked.map_or_else(Pace::calibrating, Pace::of),
            home: tempfile::tempdir().context("make a folder for what criterion writes")?,
            iterations: Iterations::default(),
            left_out,
            busy: Busy::default(),
            benches,
        };
        for version in Version::BOTH {
            if benched.of(version).is_empty() && !conditions.stop.is_asked() {
                return Err(benched.nothing(version, arguments)).hint("a criterion benchmark is a [[bench]] with `harness = false` in Cargo.toml; other benchmarks are measured with --run and --results");
            }
        }
        Ok(benched)
    }

    fn nothing(&self, version: Version, arguments: &str) -> anyhow::Error {
        let built = BenchTarget::build_command(arguments);
        let built = format!(
            "`{}` built no criterion benchmark of {}",
            sanitize::inline(&built),
            version.as_str()
        );
        match self.left_out() {
            None => anyhow!(built),
            Some(others) => anyhow!("{built}; {others}"),
        }
    }

    fn left_out(&self) -> Option<String> {
        let names: Vec<String> = self.left_out.iter().map(|n| sanitize::inline(n)).collect();
        (!names.is_empty()).then(|| {
            format!(
                "bench targets that are not criterion's are left out: {}",
                names.join(", ")
            )
        })
    }

    fn of(&self, version: Version) -> &[Bench] {
        let [base, head] = &self.benches;
        match version {
            Version::Base => base,
            Version::Head => head,
        }
    }

    /// What one executable measures of what is in doubt; `None` where somebody asked to stop.
    fn execute(
        &self,
        target: &BenchTarget,
        window: &Window<'_>,
    ) -> anyhow::Result<Option<(Run, Executed)>> {
        let home: PathBuf = self.home.path().join("criterion");
        let emptied = match std::fs::remove_dir_all(&home) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::create_dir(&home),
        };
        emptied.with_context(|| format!("empty {}", home.display()))?;
        let program = target.program(self.pace, &home);
        let Some(executed) = program.execute(window, &self.conditions)? else {
            return Ok(None);
        };
        let doing = || {
            format!(
                "read what the benchmarks in {} wrote for {} in round {}",
                target.name,
                window.version.as_str(),
                window.round + 1
            )
        };
        let read = results::read(std::slice::from_ref(&home), &ReadOptions::default());
        let runs = read.with_context(doing)?.into_runs();
        let first = runs.into_iter().next();
        Ok(Some((first.unwrap_or_default(), executed)))
    }

    /// What all executables measure of what is in doubt, each its own.
    fn whole(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>> {
        let mut whole: Option<Run> = None;
        let mut busy = Busy::default();
        for bench in self.of(window.version) {
            let asked: Option<Vec<Subject>> = window.in_doubt.map(|subjects| {
                let own = |subject: &&Subject| bench.subjects.contains(*subject);
                subjects.iter().filter(own).cloned().collect()
            });
            if asked.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let own = Window {
                in_doubt: asked.as_deref(),
                ..window.clone()
            };
            let Some((run, executed)) = self.execute(&bench.target, &own)? else {
                return Ok(None);
            };
            busy.add_window(&executed);
            let Some(whole) = &mut whole else {
                whole = Some(run);
                continue;
            };
            if let Err(subject) = whole.add_part(run) {
                return Err(anyhow!(
                    "`{}` is a benchmark of {} and of another bench target",
                    sanitize::inline(subject.as_str()),
                    bench.target.name
                ))
                .hint("rename one, or measure one target: --bench='--bench NAME'");
            }
        }
        self.busy += busy;
        Ok(Some(whole.unwrap_or_default()))
    }

    /// Runs all of a version once: what each executable measures, and how long that takes.
    fn calibrate(&mut self, version: Version) -> anyhow::Result<Option<(usize, Duration)>> {
        let window = Window {
            version,
            round: 0,
            repetition: 0,
            in_doubt: None,
        };
        let begun = Instant::now();
        let mut found = Vec::new();
        for bench in self.of(version) {
            let doing = || format!("run the benchmarks in {} once", bench.target.name);
            let Some((run, _)) = self.execute(&bench.target, &window).with_context(doing)? else {
                return Ok(None);
            };
            found.push(run.subjects.into_keys().collect::<BTreeSet<Subject>>());
        }
        let took = begun.elapsed();
        let count = found.iter().map(BTreeSet::len).sum();
        let [base, head] = &mut self.benches;
        let benches = match version {
            Version::Base => base,
            Version::Head => head,
        };
        for (bench, subjects) in benches.iter_mut().zip(found) {
            bench.subjects = subjects;
        }
        Ok(Some((count, took)))
    }
}

impl Measures for Benched<'_> {
    /// Both run once at least: that tells which executable holds what, and of base how long the rounds can be.
    fn warm_up(&mut self, times: usize, stop: &Stop) -> anyhow::Result<()> {
        for turn in 0..times.max(1) {
            for version in Version::BOTH {
                if stop.is_asked() {
                    return Ok(());
                }
                let Some((count, took)) = self.calibrate(version)? else {
                    return Ok(());
                };
                if turn == 0 && version == Version::Base && self.asked.is_none() {
                    self.pace = Pace::calibrated(took, count, self.budget);
                }
            }
        }
        Ok(())
    }

    fn window(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>> {
        let Some(mut run) = self.whole(window)? else {
            return Ok(None);
        };
        let is_head = window.version == Version::Head;
        self.iterations.record(&mut run, is_head)?;
        Ok(Some(run))
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![self.pace.note()];
        notes.extend(self.left_out());
        notes.extend(self.iterations.note());
        notes
    }

    fn busy(&self) -> Busy {
        self.busy
    }
}
