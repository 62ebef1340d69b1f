//! `[[source]]`: where the results come from when none is named.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compare::Origin;
use crate::toml_file::{Form, Placed, value};

use super::ConfigError;
use super::limits::origin;

pub(crate) const SOURCE_KEYS: [&str; 7] = [
    "name", "scenario", "command", "results", "inputs", "timeout", "runs",
];

/// A command that measures for longer than this is taken to hang, where the config gives it no time of its own.
const USUAL_TIMEOUT: Duration = Duration::from_secs(3600);

/// More than this is a slip of the keyboard.
const MOST_RUNS: u32 = 1000;

/// One source of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Tells the workloads of several sources apart.
    pub name: Option<String>,
    pub work: Work,
    /// Paths and patterns of the files that define the load.
    pub inputs: Vec<String>,
    /// How often the work is done, and what `{n}` counts to.
    pub runs: u32,
    pub from: Origin,
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

pub(crate) fn source(form: &Form<'_>) -> Result<Source, ConfigError> {
    let text = |key| form.text(key).map(value);
    let timeout = timeout(form)?;
    let work = match (text("scenario")?, text("command")?, text("results")?) {
        (Some(scenario), None, None) => Work::Scenario { scenario },
        (Some(_), _, _) => {
            return Err(form.error("[[source]] has `scenario` and also `command` or `results`"));
        }
        (None, Some(command), Some(results)) => Work::Command {
            command,
            results,
            timeout: timeout.map_or(USUAL_TIMEOUT, |timeout| timeout.value),
        },
        (None, Some(_), None) => {
            return Err(form
                .error("[[source]] has a `command` and no `results`")
                .hint("name the files that it writes: results = \"out/run{n}_stats.csv\""));
        }
        (None, None, Some(results)) => Work::Nothing { results },
        (None, None, None) => {
            return Err(form
                .error("[[source]] names no results")
                .hint("add `results`, or `command` with `results`, or `scenario`"));
        }
    };
    let runs = form.whole("runs", 1..=MOST_RUNS)?.map_or(1, |n| n.value);
    if let Work::Command { results, .. } = &work
        && runs > 1
        && !results.contains("{n}")
    {
        // Every run would overwrite the one before, and one would be judged as many.
        return Err(form
            .error_at(
                "results",
                "`results`: it has no `{n}`, and there are several `runs`",
            )
            .hint("give each run its own file: out/run{n}_stats.csv"));
    }
    Ok(Source {
        name: text("name")?,
        work,
        inputs: inputs(form)?,
        runs,
        from: origin(form.place()),
    })
}

fn timeout(form: &Form<'_>) -> Result<Option<Placed<Duration>>, ConfigError> {
    let Some(timeout) = form.duration("timeout")? else {
        return Ok(None);
    };
    if timeout.value.is_zero() {
        return Err(form.error_at("timeout", "`timeout`: nothing can be measured in no time"));
    }
    if form.has("command") {
        return Ok(Some(timeout));
    }
    Err(form
        .error_at("timeout", "`timeout` has no `command` that it could end")
        .hint("a scenario says itself how long it takes, and results are only read"))
}

fn inputs(form: &Form<'_>) -> Result<Vec<String>, ConfigError> {
    let Some(node) = form.node("inputs") else {
        return Ok(Vec::new());
    };
    let entries = node.one_or_more()?;
    entries
        .iter()
        .map(|entry| entry.text().map(str::to_owned))
        .collect()
}

/// Scenarios are told apart by what they do. Of what a command does perfgate knows only the name of its source: two of
/// them without names would be judged as one workload.
pub(crate) fn tell_apart(sources: &[Source], forms: &[Form<'_>]) -> Result<(), ConfigError> {
    let is_known_by_name = |source: &Source| !matches!(source.work, Work::Scenario { .. });
    let several = sources
        .iter()
        .filter(|source| is_known_by_name(source))
        .count()
        > 1;
    let mut names = BTreeSet::new();
    for (source, form) in sources.iter().zip(forms) {
        match &source.name {
            Some(name) if !names.insert(name) => {
                let message = format!("two [[source]] are named `{name}`");
                return Err(form
                    .error_at("name", message)
                    .hint("give each of them a name of its own: it tells their workloads apart"));
            }
            None if several && is_known_by_name(source) => {
                return Err(form
                    .error("[[source]] has no `name`, and there are several of results or commands")
                    .hint("give each a name of its own, such as name = \"browsing\": it tells their workloads apart"));
            }
            _ => {}
        }
    }
    Ok(())
}
