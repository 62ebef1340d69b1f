//! What was found, with the `[[source]]` that it becomes.

/// A tool that measures, with the command by which it leaves the most to judge.
#[derive(Clone, Debug, Default)]
pub(super) struct Finding {
    /// As people call it.
    pub(super) tool: &'static str,
    /// What tells its results from those of other sources.
    pub(super) name: String,
    /// The files that showed it.
    pub(super) files: Vec<String>,
    /// More of the kind, which are not written.
    pub(super) left_out: Vec<String>,
    /// Lines above the source: what its flags are for, and what is still to decide.
    pub(super) comments: Vec<String>,
    pub(super) command: String,
    pub(super) results: String,
    /// The files that define the load.
    pub(super) inputs: Vec<String>,
    /// How base and head are measured in turns, where nothing has to be started first.
    pub(super) turns: Option<Turns>,
    /// Steps of the job that come before it.
    pub(super) setup: Vec<String>,
}

/// `[ab]` of a benchmark.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    pub(super) build: Option<String>,
    /// The command of the source, where nothing is said.
    pub(super) run: Option<String>,
    pub(super) comments: Vec<String>,
}

/// The most findings of one kind that become sources: a longer config would not be read to its end.
pub(super) const MOST_OF_A_KIND: usize = 3;

/// The folder that results are written to.
pub(super) const OUT: &str = "out";

/// `tool`, or `tool-stem` where there are several of it.
pub(super) fn source_name(tool: &str, file: &str, several: bool) -> String {
    if !several {
        return tool.to_owned();
    }
    let stem = file.rsplit('/').next().unwrap_or(file);
    let stem = stem.split('.').next().unwrap_or(stem);
    let plain: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{tool}-{plain}")
}
