//! `[[source]]`: where the results come from when none is named.

use crate::compare::Origin;
use crate::toml_file::Form;

use super::ConfigError;
use super::limits::origin;

pub(super) const SOURCE_KEYS: [&str; 4] = ["scenario", "command", "results", "runs"];

/// More than this is a slip of the keyboard.
const MOST_RUNS: u32 = 1000;

/// One source of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub work: Work,
    /// How often the work is done, and what `{n}` counts to.
    pub runs: u32,
    pub from: Origin,
}

/// What has to be done before results can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Somebody else has measured.
    Nothing { results: String },
    /// Any tool, through the shell.
    Command { command: String, results: String },
    /// A load scenario of our own.
    Scenario { scenario: String },
}

pub(super) fn source(form: &Form<'_>) -> Result<Source, ConfigError> {
    let text = |key| form.text(key).map(|field| field.map(|field| field.value));
    let work = match (text("scenario")?, text("command")?, text("results")?) {
        (Some(scenario), None, None) => Work::Scenario { scenario },
        (Some(_), _, _) => {
            return Err(form.error("[[source]] has `scenario` and also `command` or `results`"));
        }
        (None, Some(command), Some(results)) => Work::Command { command, results },
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
    if let Work::Command { results, .. } | Work::Nothing { results } = &work
        && runs > 1
        && !results.contains("{n}")
        && matches!(work, Work::Command { .. })
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
        work,
        runs,
        from: origin(form.place()),
    })
}
