//! `perfgate ab`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, FromArgMatches};

use super::TEMPLATE;
use super::flags::{OriginFlags, OutputFlags, PolicyFlags, RemoteFlag};
use super::words::{ReadAs, ReadAsParser};
use crate::cli::values;

const EXAMPLES: &str = "\
Examples:
  perfgate ab --base './old input' --head './new input'
  perfgate ab --base-folder ../main --base 'make bench' --head 'make bench' --results bench.json
  perfgate ab --base './old --port {port}' --head './new --port {port}' --scenario load/api.toml
  perfgate ab --base-ref origin/main --build 'make' --run './tool input'
  perfgate ab --base-ref main --bench      # a criterion crate; --bench='-p parser --bench words'
  perfgate ab --rerun verdict.json         # what [ab] of perfgate.toml says, for what was in doubt only
  perfgate ab                              # what [ab] of perfgate.toml says";

/// Measure base and head in turns on this machine, until it is known what changed; no stored baseline
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct AbArgs {
    /// The command of before, for the shell; {filter} in it is what is still in doubt
    #[arg(long, value_name = "COMMAND", requires = "head")]
    pub(crate) base: Option<String>,

    /// The command of after
    #[arg(long, value_name = "COMMAND", requires = "base")]
    pub(crate) head: Option<String>,

    /// The folder that the command of before is run in [default: here]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) base_folder: Option<PathBuf>,

    /// The folder that the command of after is run in [default: here]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) head_folder: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) revisions: AbRevisions,

    #[command(flatten)]
    pub(crate) services: AbServices,

    #[command(flatten)]
    pub(crate) measuring: AbMeasuring,

    /// The config file [default: the nearest perfgate.toml up to the repository root]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) output: OutputFlags,
}

impl AbArgs {
    /// Nothing is typed: what is measured is for the config to say.
    pub(crate) fn of_config() -> anyhow::Result<Self> {
        let command = Self::augment_args(clap::Command::new("ab"));
        let nothing = command.try_get_matches_from(["ab"])?;
        Ok(Self::from_arg_matches(&nothing)?)
    }

    /// Whether the command line says what the two versions are.
    pub(crate) fn names_versions(&self) -> bool {
        self.base.is_some()
            || self.revisions.run.is_some()
            || self.revisions.bench.is_some()
            || self.services.base_url.is_some()
    }
}

/// Revisions of one repository as the two versions.
#[derive(Debug, Args)]
#[command(next_help_heading = "Revisions")]
pub(crate) struct AbRevisions {
    /// The revision of before; measured is the commit where head has left it [default: the target of the pull request, else origin/HEAD]
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["base", "base_url"])]
    pub(crate) base_ref: Option<String>,

    /// The revision of after [default: HEAD]
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["base", "base_url"])]
    pub(crate) head_ref: Option<String>,

    /// Measure the folder as it is as head, with what is not committed yet
    #[arg(long, conflicts_with_all = ["head_ref", "base", "base_url"])]
    pub(crate) head_worktree: bool,

    /// Compare with --base-ref itself, and not with the commit where head has left it
    #[arg(long, requires = "base_ref")]
    pub(crate) exact: bool,

    /// Builds each revision, once, in a worktree of its own
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["base", "base_url"])]
    pub(crate) build: Option<String>,

    /// Build both revisions anew, and not take what an earlier comparison built of the same commit
    #[arg(long, conflicts_with_all = ["base", "base_url"])]
    pub(crate) rebuild: bool,

    /// What is measured of each revision, run in its worktree; {port} and {filter} as in --base
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["base", "head", "base_url", "base_folder", "head_folder"])]
    pub(crate) run: Option<String>,

    /// Measure the criterion benchmarks of each revision: cargo builds them, and they run for short rounds; ARGS are for `cargo bench --no-run`
    #[arg(
        long,
        value_name = "ARGS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["run", "base", "base_url", "scenario", "results", "prepare", "name", "base_folder", "head_folder"]
    )]
    pub(crate) bench: Option<String>,
}

/// Services as the two versions.
#[derive(Debug, Args)]
#[command(next_help_heading = "Services")]
pub(crate) struct AbServices {
    /// The load: both commands are services, started anew for every block on a port of their own ({port}, PORT)
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with_all = ["results", "prepare", "name"])]
    pub(crate) scenario: Option<PathBuf>,

    /// The service of before, where it runs already
    #[arg(
        long,
        value_name = "URL",
        requires = "head_url",
        requires = "scenario",
        conflicts_with = "base"
    )]
    pub(crate) base_url: Option<String>,

    /// The service of after, where it runs already
    #[arg(long, value_name = "URL", requires = "base_url")]
    pub(crate) head_url: Option<String>,

    /// How long one window of load counts [default: 1s], or each benchmark of --bench runs in a round; a command that is shorter is run as often as fits, each time anew, and the middle counts [default: once]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) window: Option<Duration>,

    /// Stop the service that is not loaded meanwhile (SIGSTOP), so that its background work costs nothing
    #[arg(long)]
    pub(crate) pause_idle: bool,

    #[command(flatten)]
    pub(crate) remote: RemoteFlag,
}

/// What is measured, how often and for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct AbMeasuring {
    /// Read what the commands write after each run, a path or pattern from their folder, instead of measuring the commands
    #[arg(long, value_name = "PATTERN")]
    pub(crate) results: Option<String>,

    /// Read these results as this format instead of recognising it
    #[arg(long, value_parser = ReadAsParser, value_name = "FORMAT", requires = "results")]
    pub(crate) from: Option<ReadAs>,

    /// What the commands are called in reports
    #[arg(
        long,
        value_name = "NAME",
        default_value = "command",
        conflicts_with = "results"
    )]
    pub(crate) name: String,

    /// Run before each measured command, and not measured
    #[arg(long, value_name = "COMMAND")]
    pub(crate) prepare: Option<String>,

    /// Runs of each command before the first that is measured
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) warmup: usize,

    /// Measure a command that fails all the same, and count its failures
    #[arg(long)]
    pub(crate) ignore_failure: bool,

    /// How long one run of a command may take
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "10m")]
    pub(crate) timeout: Duration,

    /// The most rounds; five are looked at first, and only what is in doubt then is measured on [default: 20; 1000 with --until-sure]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(crate) max_rounds: Option<usize>,

    /// Look after every block and go on until each series is certainly beyond its limit or within it; the time budget still ends it
    #[arg(long)]
    pub(crate) until_sure: bool,

    /// Run what is measured on cores of its own, apart from perfgate: all but one, or these, as in --pin=2-3 (Linux)
    #[arg(long, value_name = "CORES", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "base_url")]
    pub(crate) pin: Option<String>,

    /// Measure base against base as well, for five rounds, where the time budget has them left: what nothing differs by here
    #[arg(long, conflicts_with = "base_url")]
    pub(crate) control: bool,

    /// Build head three times more with its code linked in other orders (lld, mold, Go's linker), and tell what that alone changes of what got worse: a note, no verdict
    #[arg(long, conflicts_with_all = ["base", "base_url", "head_worktree"])]
    pub(crate) layout_check: bool,

    /// How long all the measuring may take [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) time_budget: Option<Duration>,

    /// Seed of the order; both commands get it as PERFGATE_SEED [default: made of the commands]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Measure only what this verdict left in doubt: a JSON report, of which the names of series are taken and nothing else
    #[arg(long, value_name = "VERDICT", value_hint = clap::ValueHint::FilePath)]
    pub(crate) rerun: Option<PathBuf>,

    /// Keep the runs of both sides as base.json and head.json in this folder
    #[arg(long = "output", value_name = "DIR", value_hint = clap::ValueHint::DirPath, help_heading = "Output")]
    pub(crate) kept: Option<PathBuf>,
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds @ 1..=1000) => Ok(rounds),
        _ => Err("rounds are a number from 1 to 1000".to_owned()),
    }
}
