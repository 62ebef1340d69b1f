//! `[[source]]`: where the results come from when none is named.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::compare::Origin;
use crate::ingest::mapping::Mapping;
use crate::load::scenario::{Watched, watched_beside};
use crate::toml_file::nearest::near;
use crate::toml_file::{Located, Problem, Table};

use super::Origins;
use super::file::{SourceFile, USUAL_TIMEOUT};

/// One source of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Tells the workloads of several sources apart.
    pub name: Option<String>,
    pub work: Work,
    /// What reads its results, where that is said.
    pub mapping: Option<String>,
    /// Paths and patterns of the files that define the load.
    pub inputs: Vec<String>,
    /// How often the work is done, and what `{n}` counts to.
    pub runs: u32,
    /// What is measured beside its command.
    pub watch: Vec<Watched>,
    pub around: Around,
    /// What samples its process where something regressed.
    pub profile: Option<String>,
    /// What was asked of its load tool, by name.
    pub parameters: BTreeMap<String, String>,
    pub from: Origin,
}

/// What is done around all runs of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// How long is waited where another source ran before.
    pub pause: Option<Duration>,
    /// Shell commands.
    pub setup: Option<String>,
    pub teardown: Option<String>,
}

/// What has to be done before results can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Somebody else has measured.
    Nothing { results: String },
    /// Any tool, through the shell, ended where it takes longer than `timeout`.
    Command {
        command: String,
        results: String,
        timeout: Duration,
    },
    /// A load scenario of our own.
    Scenario { scenario: String },
}

pub(super) fn sources(
    files: &[Located<Table<SourceFile>>],
    mappings: &[Mapping],
    origins: &Origins<'_>,
) -> Result<Vec<Source>, Problem> {
    for file in files {
        is_known(file, mappings)?;
    }
    let sources = files.iter().map(|file| source(file, origins));
    let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
    tell_apart(&sources, files)?;
    Ok(sources)
}

fn is_known(file: &SourceFile, mappings: &[Mapping]) -> Result<(), Problem> {
    let Some(name) = &file.mapping else {
        return Ok(());
    };
    if file.scenario.is_some() {
        return Err(name
            .error("a scenario writes run files, which need no mapping")
            .hint("leave out `mapping`"));
    }
    let names = || mappings.iter().map(|mapping| mapping.name.as_str());
    if names().any(|known| known == &***name) {
        return Ok(());
    }
    let hint = match near(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "add [mapping.{}], which says how its files are read",
            &***name
        ),
    };
    Err(name
        .error(format!("there is no [mapping.{}]", &***name))
        .hint(hint))
}

fn source(file: &Located<Table<SourceFile>>, origins: &Origins<'_>) -> Result<Source, Problem> {
    if let (Some(timeout), None) = (&file.timeout, &file.command) {
        let message = "`timeout` has no `command` that it could end";
        return Err(timeout
            .error_here(message)
            .hint("a scenario says itself how long it takes, and results are only read"));
    }
    if let (Some(watch), None) = (&file.watch, &file.command) {
        return Err(watch
            .error_here("[[source.watch]] has no `command` beside which it could watch")
            .hint("a scenario has its own [[watch]], and results are only read"));
    }
    has_runs(file)?;
    if let (Some(parameters), Some(_)) = (&file.parameters, &file.scenario) {
        return Err(parameters
            .error_here("[[source]] has `scenario` and also `parameters`")
            .hint("a scenario says its load by itself: leave out `parameters`"));
    }
    let watch = file.watch.as_ref().map(|watch| watched_beside(watch));
    let work = match (&file.scenario, &file.command, &file.results) {
        (Some(scenario), None, None) => Work::Scenario {
            scenario: scenario.to_string(),
        },
        (Some(_), _, _) => {
            return Err(file
                .error_here("[[source]] has `scenario` and also `command` or `results`")
                .hint("a scenario is run by perfgate itself: keep one of them"));
        }
        (None, Some(command), Some(results)) => {
            if file.runs.get() > 1 && !results.contains("{n}") {
                // Every run would overwrite the one before, and one would be judged as many.
                return Err(results
                    .error("it has no `{n}`, and there are several `runs`")
                    .hint("give each run its own file: out/run{n}_stats.csv"));
            }
            let timeout = file.timeout.as_ref();
            Work::Command {
                command: command.to_string(),
                results: results.to_string(),
                timeout: timeout.map_or(USUAL_TIMEOUT, |timeout| timeout.0),
            }
        }
        (None, Some(_), None) => {
            return Err(file
                .error_here("[[source]] has a `command` and no `results`")
                .hint("name the files that it writes: results = \"out/run{n}_stats.csv\""));
        }
        (None, None, Some(results)) => Work::Nothing {
            results: results.to_string(),
        },
        (None, None, None) => {
            return Err(file
                .error_here("[[source]] names no results")
                .hint("add `results`, or `command` with `results`, or `scenario`"));
        }
    };
    let parameters = file.parameters.iter().flat_map(|table| table.entries());
    let inputs = file.inputs.iter().flat_map(|inputs| inputs.entries());
    Ok(Source {
        name: file.name.as_ref().map(|name| name.to_string()),
        work,
        mapping: file.mapping.as_ref().map(|name| name.to_string()),
        inputs: inputs.map(|input| input.to_string()).collect(),
        runs: file.runs.to().unwrap_or(1),
        watch: watch.transpose()?.unwrap_or_default(),
        around: Around {
            pause: file.pause.as_ref().map(|pause| pause.0),
            setup: file.setup.as_ref().map(|command| command.to_string()),
            teardown: file.teardown.as_ref().map(|command| command.to_string()),
        },
        profile: file.profile.as_ref().map(|command| command.to_string()),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.0.clone()))
            .collect(),
        from: origins.of(file.span()),
    })
}

/// What is done around runs needs runs of ours.
fn has_runs(file: &SourceFile) -> Result<(), Problem> {
    if file.command.is_some() || file.scenario.is_some() {
        return Ok(());
    }
    let refused =
        |what: &str| format!("`{what}` has no `command` or `scenario` around which it could be");
    let error = if let Some(pause) = &file.pause {
        pause.error_here(refused("pause"))
    } else if let Some(setup) = &file.setup {
        setup.error_here(refused("setup"))
    } else if let Some(teardown) = &file.teardown {
        teardown.error_here(refused("teardown"))
    } else if let Some(profile) = &file.profile {
        profile.error_here(refused("profile"))
    } else {
        return Ok(());
    };
    Err(error
        .hint("these `results` are only read: take it out, or add the `command` that writes them"))
}

/// Scenarios are told apart by what they do. Of what a command does perfgate knows only the name of its source: two of
/// them without names would be judged as one workload, and so would one scenario that is named twice.
fn tell_apart(sources: &[Source], files: &[Located<Table<SourceFile>>]) -> Result<(), Problem> {
    let mut names: BTreeMap<&str, &Source> = BTreeMap::new();
    for (source, file) in sources.iter().zip(files) {
        if let Some(name) = &file.name
            && let Some(first) = names.insert(&***name, source)
        {
            let message = format!(
                "two [[source]] are named `{}`: {} and this one",
                &***name, first.from
            );
            return Err(name
                .error_here(message)
                .hint("give each of them a name of its own: it tells their workloads apart"));
        }
    }
    for (index, (source, file)) in sources.iter().zip(files).enumerate() {
        let mut others = sources.iter().enumerate().filter(|(at, _)| *at != index);
        let pooled = others.find(|(_, other)| is_pooled(source, other));
        if let (None, Some((_, other))) = (&source.name, pooled) {
            let what = match &source.work {
                Work::Scenario { scenario } => {
                    format!(
                        "[[source]] has no `name`, and {} runs {scenario}, too",
                        other.from
                    )
                }
                Work::Nothing { .. } | Work::Command { .. } => format!(
                    "[[source]] has no `name`, and {} is of results or a command, too",
                    other.from
                ),
            };
            return Err(file
                .error_here(what)
                .hint("give each a name of its own, such as name = \"browsing\": it tells their workloads apart"));
        }
    }
    Ok(())
}

/// Nothing but their names would tell their workloads apart.
fn is_pooled(one: &Source, other: &Source) -> bool {
    match (&one.work, &other.work) {
        (Work::Scenario { scenario: one }, Work::Scenario { scenario: other }) => one == other,
        (Work::Scenario { .. }, _) | (_, Work::Scenario { .. }) => false,
        _ => true,
    }
}
