//! `[[source]]` entries to results: their tools and scenarios are run, their patterns are looked up.

mod around;
mod command;
mod inputs;
pub(crate) mod pattern;
mod watched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::results::scenarios::{LoadOptions, ScenarioRunner};
use crate::cli::results::times::Times;
use crate::cli::settings::config::{Source, USUAL_TIMEOUT, Work};
use crate::cli::settings::provenance::Maker;
use crate::compare::Origin;
use crate::hint::WithHint;
use crate::ingest::{self, Since};

pub(crate) use self::watched::ObservedBeside;

/// File systems keep times coarsely, so a result may look a little older than its command. It counts only where the
/// file system itself cannot be asked for its time.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// Where the results of one source are.
pub(crate) struct Produced {
    /// Its place in the config, counted from zero.
    pub(crate) source: usize,
    /// The line of the config.
    pub(crate) from: Origin,
    pub(crate) maker: Maker,
    pub(crate) label: Label,
    /// What reads them, where that is said.
    pub(crate) mapping: Option<String>,
    pub(crate) executions: Vec<Execution>,
}

/// What tells the workload of a source apart from others.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) source: Option<String>,
    pub(crate) inputs: Option<String>,
    /// What was asked of its load tool, by name.
    pub(crate) parameters: BTreeMap<String, String>,
}

/// What came of doing the work once, or of looking where somebody else did it.
pub(crate) struct Execution {
    pub(crate) paths: Vec<PathBuf>,
    /// When the command began that should have written them.
    pub(crate) since: Option<Since>,
    pub(crate) watched: ObservedBeside,
}

impl Execution {
    fn found(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            since: None,
            watched: ObservedBeside::default(),
        }
    }
}

/// The results of every source, in the order of the config; `folder` is where its paths start. `times` says of each
/// source how often it is run, `None` for not at all.
pub(crate) fn produce(
    sources: &[Source],
    times: impl Fn(usize, &Source) -> Option<Times>,
    (folder, load_options): (&Path, &LoadOptions<'_>),
    output: &mut Output<'_>,
) -> anyhow::Result<Vec<Produced>> {
    let reading = |source: &Source| format!("read [[source]] of {}", source.from);
    // All of them before anything is measured: a slip in the last is told at once.
    let labels = sources
        .iter()
        .map(|source| label(source, folder).with_context(|| reading(source)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let interrupt = Interrupt::listen()?;
    let work = Worker {
        loads: ScenarioRunner {
            sources,
            folder,
            load_options,
            interrupt: &interrupt,
        },
        interrupt: &interrupt,
        folder,
    };
    let mut produced = Vec::new();
    for (index, (source, label)) in sources.iter().zip(labels).enumerate() {
        let Some(times) = times(index, source) else {
            continue;
        };
        let ran_before = produced
            .iter()
            .any(|one: &Produced| one.maker == Maker::Ourselves);
        produced.push(Produced {
            source: index,
            from: source.from.clone(),
            maker: match source.work {
                Work::Nothing { .. } => Maker::Somebody,
                Work::Command { .. } | Work::Scenario { .. } => Maker::Ourselves,
            },
            label,
            mapping: source.mapping.clone(),
            executions: work
                .with_around(source, (times, ran_before), output)
                .with_context(|| reading(source))?,
        });
    }
    Ok(produced)
}

fn label(source: &Source, folder: &Path) -> anyhow::Result<Label> {
    Ok(Label {
        source: source.name.clone(),
        inputs: inputs::digest(&source.inputs, folder)?,
        parameters: source.parameters.clone(),
    })
}

struct Worker<'a> {
    loads: ScenarioRunner<'a>,
    interrupt: &'a Interrupt,
    /// Where the paths of the config start.
    folder: &'a Path,
}

impl Worker<'_> {
    /// Waits, sets up, does the work and tears down, however the work ended.
    fn with_around(
        &self,
        source: &Source,
        (times, ran_before): (Times, bool),
        output: &mut Output<'_>,
    ) -> anyhow::Result<Vec<Execution>> {
        let around = &source.around;
        if let (Some(pause), true) = (around.pause, ran_before) {
            around::pause(pause, self.interrupt, output)?;
        }
        let timeout = match &source.work {
            Work::Command { timeout, .. } => *timeout,
            Work::Nothing { .. } | Work::Scenario { .. } => USUAL_TIMEOUT,
        };
        let order = |command| command::SourceCommand {
            command,
            folder: here(self.folder),
            timeout,
        };
        let set_up = match &around.setup {
            Some(setup) => around::set_up(&order(setup), self.interrupt, output),
            None => Ok(()),
        };
        // What a setup has begun before it failed is torn down, too.
        let done = set_up.and_then(|()| self.executions(source, times, output));
        if let Some(teardown) = &around.teardown {
            let torn_down = around::tear_down(&order(teardown), self.interrupt, output);
            // The first thing that went wrong is the one to tell.
            return done.and_then(|done| torn_down.map(|()| done));
        }
        done
    }

    fn executions(
        &self,
        source: &Source,
        times: Times,
        output: &mut Output<'_>,
    ) -> anyhow::Result<Vec<Execution>> {
        match &source.work {
            Work::Nothing { results } => {
                let runs = if results.contains("{n}") {
                    source.runs
                } else {
                    1
                };
                (1..=runs)
                    .map(|n| self.look_up(&Wanted { results, source, n }))
                    .collect()
            }
            Work::Command {
                command,
                results,
                timeout,
            } => {
                // All are run before any is looked for: a command may write later what it measured earlier.
                let mut done = Vec::new();
                for n in times.all() {
                    let since = begun_now(self.folder, &numbered(results, n));
                    let order = command::SourceCommand {
                        command: &numbered(command, n),
                        folder: here(self.folder),
                        timeout: *timeout,
                    };
                    let watched = ObservedBeside::beside(&source.watch, output, |output| {
                        command::run(&order, self.interrupt, output)
                    })?;
                    done.push((since, watched));
                }
                times
                    .all()
                    .zip(done)
                    .map(|(n, (since, watched))| {
                        let found = self.look_up(&Wanted { results, source, n })?;
                        Ok(Execution {
                            since: Some(since),
                            watched,
                            ..found
                        })
                    })
                    .collect()
            }
            Work::Scenario { scenario } => {
                let paths = self.loads.run((source, scenario), times, output)?;
                Ok(vec![Execution::found(paths)])
            }
        }
    }

    /// Every result of the pattern: `{n}` counts the runs, `*` is any part of a name.
    fn look_up(&self, wanted: &Wanted<'_>) -> anyhow::Result<Execution> {
        let name = numbered(wanted.results, wanted.n);
        let mut paths = pattern::paths(self.folder, &name);
        // `target/criterion@main` and the prefix of a Locust run are no paths of their own.
        paths.retain(|path| ingest::is_there(path));
        if paths.is_empty() {
            let (n, of) = (wanted.n, wanted.source);
            let what = if wanted.results.contains("{n}") {
                format!(
                    "found no {name}, which is run {n} of {} of {}",
                    of.runs, of.from
                )
            } else {
                format!("found nothing that matches {name}")
            };
            return Err(anyhow!(what)).hint("run the load tool first, or correct `results`");
        }
        Ok(Execution::found(paths))
    }
}

/// The time of a file that is written now where the results will be: no clock but that of their file system is
/// known to agree with theirs.
pub(crate) fn begun_now(folder: &Path, results: &str) -> Since {
    let near = pattern::nearest_folder(folder, results);
    let marker = tempfile::Builder::new()
        .prefix(".perfgate.")
        .tempfile_in(&near)
        .and_then(|file| file.as_file().metadata())
        .and_then(|facts| facts.modified());
    Since::new(marker.unwrap_or_else(|_| SystemTime::now() - CLOCK_STEP))
}

/// The results of one run of a source.
struct Wanted<'a> {
    results: &'a str,
    source: &'a Source,
    n: u32,
}

fn numbered(text: &str, n: u32) -> String {
    text.replace("{n}", &n.to_string())
}

fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}
