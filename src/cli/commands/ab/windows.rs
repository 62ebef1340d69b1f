//! Windows of commands: the commands themselves measured, or what they wrote.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::ab::command::{Conditions, Program, run_of, worth_taking_off};
use crate::ab::{Busy, Filter, Version, Window};
use crate::cli::results;
use crate::cli::results::sources::{begun_now, pattern};
use crate::hint::WithHint;
use crate::ingest::{self, ReadOptions};
use crate::load::Stop;
use crate::model::{Run, Stacks, Subject};

/// What measures both versions.
pub(super) trait Measures {
    /// Windows that are not measured, before the first that is.
    fn warm_up(&mut self, times: usize, stop: &Stop) -> anyhow::Result<()>;
    fn begin_block(&mut self, _stop: &Stop) -> anyhow::Result<()> {
        Ok(())
    }
    fn window(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>>;
    fn end_block(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
    /// Base and head sampled once more by a profiler; `None` where none is asked for.
    fn sample(&mut self, _profiler: Option<&str>) -> Option<anyhow::Result<[Stacks; 2]>> {
        None
    }
    /// What a reader of the verdict should know.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    /// The time that the versions themselves have run since the warm-up.
    fn busy(&self) -> Busy;
}

fn of_version(programs: &[Program; 2], version: Version) -> &Program {
    let [base, head] = programs;
    match version {
        Version::Base => base,
        Version::Head => head,
    }
}

fn sampled(
    programs: &[Program; 2],
    profiler: &str,
    conditions: &Conditions<'_>,
) -> anyhow::Result<[Stacks; 2]> {
    let [base, head] = programs;
    Ok([
        base.sample(profiler, &before_all(Version::Base), conditions)?,
        head.sample(profiler, &before_all(Version::Head), conditions)?,
    ])
}

fn before_all(version: Version) -> Window<'static> {
    Window {
        version,
        round: 0,
        repetition: 0,
        in_doubt: None,
    }
}

/// The commands themselves are measured.
pub(super) struct Commanded<'a> {
    programs: [Program; 2],
    conditions: Conditions<'a>,
    subject: Subject,
    startup: Option<Duration>,
    /// That of one version, which short commands fill by running several times.
    window: Duration,
    /// How often that is, for both.
    times: usize,
    busy: Busy,
}

impl<'a> Commanded<'a> {
    pub(super) fn new(
        programs: [Program; 2],
        conditions: Conditions<'a>,
        (name, window): (&str, Option<Duration>),
    ) -> Self {
        Self {
            window: window.unwrap_or_default(),
            times: 1,
            programs,
            conditions,
            subject: Subject::new(name),
            startup: None,
            busy: Busy::default(),
        }
    }
}

impl Measures for Commanded<'_> {
    fn warm_up(&mut self, times: usize, stop: &Stop) -> anyhow::Result<()> {
        let mut shortest = Duration::MAX;
        // How often a window holds a command is known once it has run.
        let times = times.max(usize::from(!self.window.is_zero()));
        for _ in 0..times {
            for version in Version::BOTH {
                if stop.is_asked() {
                    return Ok(());
                }
                let program = of_version(&self.programs, version);
                if let Some(executed) = program.execute(&before_all(version), &self.conditions)? {
                    shortest = shortest.min(executed.spent.wall);
                }
            }
        }
        self.times = repetitions(self.window, shortest);
        // Without a warm-up nobody knows yet whether they are short.
        if times > 0 && shortest < Duration::from_millis(200) {
            let [base, _] = &self.programs;
            self.startup = worth_taking_off(base.startup(&self.conditions)?, shortest);
        }
        Ok(())
    }

    fn window(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>> {
        let program = of_version(&self.programs, window.version);
        let mut executions = Vec::with_capacity(self.times);
        for repetition in 0..self.times {
            let window = Window {
                repetition,
                ..window.clone()
            };
            let Some(executed) = program.execute(&window, &self.conditions)? else {
                return Ok(None);
            };
            self.busy.add_window(&executed);
            executions.push(executed.spent);
        }
        let startup = self.startup.unwrap_or_default();
        let mut run = run_of(
            &executions,
            &self.subject,
            startup,
            self.conditions.ignores_failure,
        )?;
        if executions.iter().any(|spent| spent.left_running) {
            let version = window.version.as_str();
            run.warnings.push(format!(
                "the command of {version} left processes running, which were ended"
            ));
        }
        Ok(Some(run))
    }

    fn sample(&mut self, profiler: Option<&str>) -> Option<anyhow::Result<[Stacks; 2]>> {
        Some(sampled(&self.programs, profiler?, &self.conditions))
    }

    fn notes(&self) -> Vec<String> {
        let taken_off = self.startup.map(|startup| {
            format!(
                "the start of the shell, {:.1} ms, is taken off the times",
                1000.0 * startup.as_secs_f64()
            )
        });
        let times = self.times;
        let repeated = (times > 1).then(|| {
            format!("each command ran {times} times a round, and the middle of them counts")
        });
        taken_off.into_iter().chain(repeated).collect()
    }

    fn busy(&self) -> Busy {
        self.busy
    }
}

/// How often a command of this length fits into a window: once at least.
fn repetitions(window: Duration, shortest: Duration) -> usize {
    /// What is over sooner is lost in what starting it costs.
    const MOST: usize = 100;
    let fit = window.as_nanos() / shortest.as_nanos().max(1);
    usize::try_from(fit).unwrap_or(MOST).clamp(1, MOST)
}

/// What the commands write is read after each run.
pub(super) struct ByResults<'a> {
    programs: [Program; 2],
    conditions: Conditions<'a>,
    pattern: &'a str,
    read: ReadOptions,
    busy: Busy,
}

impl<'a> ByResults<'a> {
    pub(super) fn new(
        programs: [Program; 2],
        conditions: Conditions<'a>,
        pattern: &'a str,
        read: ReadOptions,
    ) -> Self {
        Self {
            programs,
            conditions,
            pattern,
            read,
            busy: Busy::default(),
        }
    }

    /// What the results say of their tool says how it is asked for what is in doubt, unless the command does.
    fn asks_as(&mut self, run: &Run) {
        let tool = run.provenance.tool.as_ref();
        let Some(filter) = tool.and_then(|tool| Filter::of_tool(&tool.name)) else {
            return;
        };
        for program in &mut self.programs {
            if Filter::of_command(&program.command).is_none() {
                program.filter = filter;
            }
        }
    }

    fn results(&self, folder: &Path, read: &ReadOptions) -> anyhow::Result<Run> {
        let mut paths = pattern::paths(folder, self.pattern);
        paths.retain(|path| ingest::is_there(path));
        if paths.is_empty() {
            return Err(anyhow!("found nothing that matches {}", self.pattern))
                .hint("--results is a path or pattern from the folder of each command");
        }
        let results = results::read(&paths, read).or_else(|error| {
            // Only its age speaks against what can be read without asking for it.
            let of_any_age = ReadOptions {
                since: None,
                ..read.clone()
            };
            match results::read(&paths, &of_any_age) {
                Ok(_) => Err(no_new_result(&paths)).hint(
                    "look at what the command prints; results that are older than it are not taken",
                ),
                Err(_) => Err(error),
            }
        })?;
        together(results.into_runs(), &paths)
    }
}

impl Measures for ByResults<'_> {
    fn sample(&mut self, profiler: Option<&str>) -> Option<anyhow::Result<[Stacks; 2]>> {
        Some(sampled(&self.programs, profiler?, &self.conditions))
    }

    fn warm_up(&mut self, times: usize, stop: &Stop) -> anyhow::Result<()> {
        for _ in 0..times {
            for version in Version::BOTH {
                if stop.is_asked() {
                    return Ok(());
                }
                of_version(&self.programs, version)
                    .execute(&before_all(version), &self.conditions)?;
            }
        }
        Ok(())
    }

    fn window(&mut self, window: &Window<'_>) -> anyhow::Result<Option<Run>> {
        let program = of_version(&self.programs, window.version);
        let since = begun_now(&program.folder, self.pattern);
        let Some(executed) = program.execute(window, &self.conditions)? else {
            return Ok(None);
        };
        self.busy.add_window(&executed);
        let read = ReadOptions {
            since: Some(since),
            ..self.read.clone()
        };
        let (version, round) = (window.version.as_str(), window.round + 1);
        let run = self
            .results(&program.folder, &read)
            .with_context(|| format!("read the results of {version} in round {round}"))?;
        self.asks_as(&run);
        Ok(Some(run))
    }

    fn busy(&self) -> Busy {
        self.busy
    }
}

fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

fn no_new_result(paths: &[PathBuf]) -> anyhow::Error {
    anyhow!("{}: no new result was written", shown(paths))
}

/// One run a window: several files are parts of it, and none of them tells the same twice.
fn together(runs: Vec<Run>, paths: &[PathBuf]) -> anyhow::Result<Run> {
    let mut whole: Option<Run> = None;
    for run in runs {
        let Some(whole) = &mut whole else {
            whole = Some(run);
            continue;
        };
        if let Err(subject) = whole.add_part(run) {
            return Err(anyhow!(
                "{}: `{subject}` is in it more than once",
                shown(paths)
            ))
            .hint("one run of a command is one result: let each run write over the last");
        }
    }
    whole.ok_or_else(|| no_new_result(paths))
}
