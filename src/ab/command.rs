//! A command as one of the two versions: started anew for every window, and measured from its start to its end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::filter::Filter;
use super::order::Version;
use super::round::Window;
use super::witness::CPU_TIME;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::group::{Awaited, Cores, Launch, Spending, Spent, spend};
use crate::load::profiler::Profiler;
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Stacks, Subject, Unit};
use crate::stats::order;
use crate::text::sanitize;

/// The longest text that is put into the environment of a window, so that the addresses of its stack differ from window
/// to window and no single layout decides.
const MOST_PADDING: usize = 4096;
/// How often the start of the shell alone is measured.
const EMPTY_RUNS: usize = 9;
/// The start of the shell is taken off where it is at least this share of what is measured.
const WORTH_TAKING_OFF: f64 = 0.01;
/// So much of what a failing command printed is shown.
const SHOWN_LINES: usize = 10;

/// The command of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// For the shell.
    pub command: String,
    pub folder: PathBuf,
    /// Run before every window, and not measured.
    pub prepare: Option<String>,
    /// Variables beside those that every window has.
    pub environment: BTreeMap<String, String>,
    /// How it is told what is still in doubt.
    pub filter: Filter,
}

/// One execution of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    pub spent: Spent,
    /// How long what runs before it took.
    pub preparing: Duration,
}

/// What holds for the windows of both versions.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// Of the order and of whatever the commands make random: both get it as `PERFGATE_SEED`.
    pub seed: u64,
    /// Of one execution.
    pub timeout: Duration,
    /// A command that fails is measured all the same, and its failures are counted.
    pub ignores_failure: bool,
    /// Where both run, if anywhere in particular.
    pub cores: Option<&'a Cores>,
    pub stop: &'a Stop,
}

impl Program {
    pub fn new(command: &str, folder: &Path) -> Self {
        Self {
            command: command.to_owned(),
            folder: folder.to_owned(),
            prepare: None,
            environment: BTreeMap::new(),
            filter: Filter::of_command(command).unwrap_or_default(),
        }
    }

    /// Runs it once, with `{filter}` as what is still in doubt. `None` where somebody asked to stop.
    pub fn execute(
        &self,
        window: &Window<'_>,
        conditions: &Conditions<'_>,
    ) -> anyhow::Result<Option<Executed>> {
        let doing = || {
            format!(
                "measure {} in round {}",
                window.version.as_str(),
                window.round + 1
            )
        };
        let mut preparing = Duration::ZERO;
        if let Some(prepare) = &self.prepare {
            let prepared = self.run(prepare, window, conditions).with_context(doing)?;
            let Some((spent, output)) = prepared else {
                return Ok(None);
            };
            preparing = spent.wall;
            if !spent.ended.is_success {
                return Err(failed(prepare, &spent, output))
                    .with_context(doing)
                    .hint(
                        "--prepare has to end with 0: what is measured behind it could be anything",
                    );
            }
        }
        let command = self.filter.put(&self.command, window.in_doubt);
        let Some((spent, output)) = self.run(&command, window, conditions).with_context(doing)?
        else {
            return Ok(None);
        };
        if !spent.ended.is_success && !conditions.ignores_failure {
            return Err(failed(&command, &spent, output)).with_context(doing).hint(
                "a command that fails may have done less; --ignore-failure measures it all the same and counts the failures",
            );
        }
        Ok(Some(Executed { spent, preparing }))
    }

    /// Runs it once more to be sampled.
    pub fn sample(
        &self,
        profiler: &str,
        window: &Window<'_>,
        conditions: &Conditions<'_>,
    ) -> anyhow::Result<Stacks> {
        if let Some(prepare) = &self.prepare {
            self.run(prepare, window, conditions)?;
        }
        let profiler = Profiler {
            command: profiler,
            folder: &self.folder,
        };
        let mut environment = environment(window, conditions.seed);
        environment.extend(self.environment.clone());
        let command = self.filter.put(&self.command, window.in_doubt);
        profiler
            .of_command(&command, &environment, conditions.stop)
            .with_context(|| format!("sample {}", window.version.as_str()))
    }

    fn run(
        &self,
        command: &str,
        window: &Window<'_>,
        conditions: &Conditions<'_>,
    ) -> anyhow::Result<Option<(Spent, File)>> {
        let starting = || format!("start `{}` in {}", shown(command), self.folder.display());
        // A file and no pipe: nobody has to read while something is measured.
        let output = tempfile::tempfile().context("keep the output of a command")?;
        let writer = output.try_clone().context("keep the output of a command")?;
        let mut environment = environment(window, conditions.seed);
        environment.extend(self.environment.clone());
        let launch = Launch {
            command,
            folder: &self.folder,
            environment: &environment,
            stdout: Stdio::null(),
            stderr: writer.into(),
        };
        let is_stopped = || conditions.stop.is_asked();
        let spending = Spending {
            within: conditions.timeout,
            is_stopped: &is_stopped,
            counts_instructions: true,
            cores: conditions.cores,
        };
        match spend(launch, &spending).with_context(starting)? {
            Awaited::Ended(spent) => Ok(Some((spent, output))),
            Awaited::Stopped => Ok(None),
            Awaited::TimedOut => Err(anyhow!(
                "`{}` took longer than {} s and was ended, with all that it started",
                shown(command),
                conditions.timeout.as_secs_f64()
            ))
            .hint("where it needs more time, give it with --timeout"),
        }
    }

    /// What starting an empty command takes, the same way: the median of a few.
    pub fn startup(&self, conditions: &Conditions<'_>) -> anyhow::Result<Duration> {
        let window = Window {
            version: Version::Base,
            round: 0,
            repetition: 0,
            in_doubt: None,
        };
        let mut times = Vec::new();
        for _ in 0..EMPTY_RUNS {
            if let Some((spent, _)) = self.run(":", &window, conditions)? {
                times.push(spent.wall.as_secs_f64());
            }
        }
        Ok(Duration::from_secs_f64(
            order::median(&times).unwrap_or(0.0),
        ))
    }
}

/// The file that the name of a program stands for.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Takes the start of the shell off what is measured, where it is a noticeable part of it.
pub fn worth_taking_off(startup: Duration, shortest: Duration) -> Option<Duration> {
    let share = startup.as_secs_f64() / shortest.as_secs_f64().max(f64::MIN_POSITIVE);
    (share >= WORTH_TAKING_OFF).then_some(startup)
}

/// What the executions of one window tell of a subject.
pub fn run_of(
    executions: &[Spent],
    subject: &Subject,
    startup: Duration,
    counts_failures: bool,
) -> anyhow::Result<Run> {
    let mut run = Run::default();
    let mut put = |metric: &str, unit: &str, role: Role, evidence| {
        let measurement = Measurement {
            unit: Unit::new(unit),
            better: Better::Lower,
            role,
            evidence,
        };
        run.insert(subject.clone(), MetricName::new(metric), measurement);
    };
    // A command that is shorter than the start of a shell has still taken some time.
    const LEAST: f64 = 1e-6;
    let walls = executions.iter().map(|spent| spent.wall.as_secs_f64());
    let walls = walls.map(|wall| (wall - startup.as_secs_f64()).max(LEAST));
    let walls = Evidence::samples(walls.collect())?;
    put(MetricName::TIME, "s", Role::Outcome, walls);
    for (metric, unit, role, of) in FIGURES {
        let figures: Option<Vec<f64>> = executions.iter().map(of).collect();
        if let Some(middle) = figures.and_then(|figures| order::median(&figures)) {
            put(metric, unit, role, Evidence::value(middle)?);
        }
    }
    if counts_failures {
        let failed = executions.iter().filter(|spent| !spent.ended.is_success);
        let (failed, of) = (failed.count(), executions.len());
        let evidence = Evidence::proportion(u64::try_from(failed)?, u64::try_from(of)?)?;
        put(MetricName::ERRORS, "", Role::Outcome, evidence);
    }
    Ok(run)
}

type OfExecution = fn(&Spent) -> Option<f64>;

/// What the system counts of an execution beside its time, by metric, unit and role.
const FIGURES: [(&str, &str, Role, OfExecution); 6] = [
    ("user_time", "s", Role::Fixed, |spent| {
        Some(spent.usage?.user.as_secs_f64())
    }),
    ("system_time", "s", Role::Fixed, |spent| {
        Some(spent.usage?.system.as_secs_f64())
    }),
    (CPU_TIME, "s", Role::Fixed, |spent| {
        let usage = spent.usage?;
        Some((usage.user + usage.system).as_secs_f64())
    }),
    ("rss_peak", "MiB", Role::Outcome, |spent| {
        Some(number(spent.usage?.peak_memory) / (1024.0 * 1024.0))
    }),
    ("page_faults", "", Role::Fixed, |spent| {
        spent.usage?.page_faults.map(number)
    }),
    // Outside the kernel, of the command and of all that it starts.
    ("instructions", "", Role::Fixed, |spent| {
        spent.instructions.map(number)
    }),
];

#[expect(
    clippy::cast_precision_loss,
    reason = "a difference of 1e-16 is not seen"
)]
fn number(count: u64) -> f64 {
    count as f64
}

/// Equal on both sides of a round, but for the padding.
fn environment(window: &Window<'_>, seed: u64) -> BTreeMap<String, String> {
    let turn = 2 * window.round + usize::from(window.version == Version::Head);
    let turn = u64::try_from(turn).unwrap_or(u64::MAX);
    let mut dice = fastrand::Rng::with_seed(seed.wrapping_add(turn.wrapping_mul(0x9e37_79b9)));
    for _ in 0..window.repetition {
        dice.usize(..MOST_PADDING);
    }
    BTreeMap::from([
        ("PERFGATE_SEED".to_owned(), seed.to_string()),
        ("PERFGATE_ROUND".to_owned(), (window.round + 1).to_string()),
        (
            "PERFGATE_PADDING".to_owned(),
            "x".repeat(dice.usize(..MOST_PADDING)),
        ),
    ])
}

fn failed(command: &str, spent: &Spent, output: File) -> anyhow::Error {
    let what = format!("`{}` ended with {}", shown(command), spent.ended.how);
    match last_lines(output) {
        lines if lines.is_empty() => anyhow!(what),
        lines => anyhow!("{what}: {}", lines.join(" / ")),
    }
}

fn last_lines(mut output: File) -> Vec<String> {
    const READ: u64 = 16 * 1024;
    let mut bytes = Vec::new();
    let length = output.metadata().map_or(0, |facts| facts.len());
    let read = output
        .seek(SeekFrom::Start(length.saturating_sub(READ)))
        .and_then(|_| output.read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let skip = lines.len().saturating_sub(SHOWN_LINES);
    lines.into_iter().skip(skip).map(sanitize::line).collect()
}

fn shown(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    sanitize::inline(&crate::text::shorten::end(&words.join(" "), 80))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window<'static> = Window {
        version: Version::Base,
        round: 2,
        repetition: 0,
        in_doubt: None,
    };

    fn program(command: &str) -> Program {
        Program::new(command, &std::env::temp_dir())
    }

    fn execute(program: &Program, stop: &Stop) -> anyhow::Result<Option<Spent>> {
        let conditions = Conditions {
            seed: 7,
            timeout: Duration::from_secs(20),
            ignores_failure: false,
            cores: None,
            stop,
        };
        let executed = program.execute(&WINDOW, &conditions)?;
        Ok(executed.map(|executed| executed.spent))
    }

    #[test]
    fn an_execution_tells_its_time_and_what_the_system_counted() {
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let spent = execute(&program(busy), &Stop::new()).unwrap().unwrap();
        assert!(
            spent.ended.is_success && spent.wall > Duration::from_millis(2),
            "{spent:?}"
        );
        let twice = [spent.clone(), spent.clone()];
        let run = run_of(&twice, &Subject::new("loop"), Duration::ZERO, true).unwrap();
        let metrics: Vec<&str> = run.subjects[&Subject::new("loop")]
            .keys()
            .map(MetricName::as_str)
            .collect();
        for metric in [
            "time",
            "user_time",
            "system_time",
            "cpu_time",
            "rss_peak",
            "errors",
        ] {
            assert!(metrics.contains(&metric), "{metrics:?}");
        }
        let usage = spent.usage.unwrap();
        assert!(
            usage.user + usage.system > Duration::from_millis(1),
            "{usage:?}"
        );
        assert!(usage.peak_memory > 500_000, "{usage:?}");
    }

    #[test]
    fn a_failing_command_is_told_with_its_round_and_what_it_printed() {
        let error = execute(&program("echo no such table >&2; exit 3"), &Stop::new()).unwrap_err();
        let text = format!("{error:#}");
        for part in ["measure base in round 3", "exit status 3", "no such table"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(crate::hint::of(&error).is_some_and(|hint| hint.contains("--ignore-failure")));
    }

    #[test]
    fn a_stop_ends_the_command_at_once() {
        let stop = Stop::new();
        stop.ask();
        let begun = std::time::Instant::now();
        assert!(execute(&program("sleep 30"), &stop).unwrap().is_none());
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_is_left_running_is_ended_and_told() {
        let spent = execute(&program("sleep 30 & exit 0"), &Stop::new())
            .unwrap()
            .unwrap();
        assert!(spent.left_running, "{spent:?}");
    }

    #[test]
    fn preparing_is_not_measured_and_has_to_succeed() {
        let mut slow = program("true");
        slow.prepare = Some("sleep 0.3".to_owned());
        let spent = execute(&slow, &Stop::new()).unwrap().unwrap();
        assert!(spent.wall < Duration::from_millis(290), "{spent:?}");
        slow.prepare = Some("exit 1".to_owned());
        assert!(execute(&slow, &Stop::new()).is_err());
    }

    #[test]
    fn both_versions_of_a_round_get_one_seed_and_paddings_of_their_own() {
        let head = Window {
            version: Version::Head,
            ..WINDOW
        };
        let (base, head) = (environment(&WINDOW, 5), environment(&head, 5));
        assert_eq!(base["PERFGATE_SEED"], head["PERFGATE_SEED"]);
        assert_eq!(base["PERFGATE_ROUND"], "3");
        assert_ne!(base["PERFGATE_PADDING"], head["PERFGATE_PADDING"]);
        let again = Window {
            repetition: 1,
            ..WINDOW
        };
        let again = environment(&again, 5);
        assert_ne!(base["PERFGATE_PADDING"], again["PERFGATE_PADDING"]);
        assert_eq!(base, environment(&WINDOW, 5));
    }

    #[test]
    fn the_start_of_the_shell_is_taken_off_short_commands_only() {
        let ms = Duration::from_millis;
        assert_eq!(worth_taking_off(ms(2), ms(20)), Some(ms(2)));
        assert_eq!(worth_taking_off(ms(2), ms(2000)), None);
    }
}
