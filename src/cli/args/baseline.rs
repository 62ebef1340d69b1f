//! `perfgate baseline update|show|pin`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TEMPLATE;
use super::flags::{OriginFlags, ReadFlags, RemoteFlag, SourceFlag};
use super::words::InspectFormat;
use crate::cli::values;

pub(crate) const EXAMPLES: &str = "\
Examples:
  perfgate baseline update --baseline main.json out/run*_stats.csv
  perfgate baseline show --baseline main.json
  perfgate baseline pin --baseline main.json --label v1.4 --budget 15%";

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    Update(UpdateArgs),
    Show(ShowArgs),
    Pin(PinArgs),
}

/// Which baseline, and which config says so.
#[derive(Clone, Debug, Args)]
pub(crate) struct BaselineFlags {
    /// The file, or a name in baselines/ [default: that of perfgate.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<String>,

    /// The config file [default: the nearest perfgate.toml up to the repository root]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  perfgate baseline update --baseline main.json out/run*_stats.csv
  perfgate baseline update                  measure the sources of perfgate.toml, and add them
  perfgate baseline update --accept-regression 'encrypts at rest now' out/run*_stats.csv";

/// Add runs to a baseline file; creates it, and refuses runs that the gate would fail
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = UPDATE_EXAMPLES)]
pub(crate) struct UpdateArgs {
    /// Files or folders with the results to add, or other baseline files whose runs are added [default: the sources of perfgate.toml]
    #[arg(value_name = "RESULT", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) file: BaselineFlags,

    /// Take runs that the gate would fail; the reason is kept with them
    #[arg(long, value_name = "REASON")]
    pub(crate) accept_regression: Option<String>,

    /// Take runs that are invalid or partial, or in which more than 1 % of the requests failed
    #[arg(long)]
    pub(crate) force: bool,

    /// How many runs are kept for each workload on each machine
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) window: u16,

    #[command(flatten)]
    pub(crate) remote: RemoteFlag,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) source: SourceFlag,

    #[command(flatten)]
    pub(crate) read: ReadFlags,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  perfgate baseline show --baseline main.json
  perfgate baseline show --format json";

/// What a baseline holds: workloads, environments, sessions, commits, latest values and their spread
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = SHOW_EXAMPLES)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) file: BaselineFlags,

    /// What stdout gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InspectFormat::Text)]
    pub(crate) format: InspectFormat,
}

const PIN_EXAMPLES: &str = "\
Examples:
  perfgate baseline pin --label v1.4                the newest session of the baseline
  perfgate baseline pin --label v1.4 --budget 15% out/run*_stats.csv
  perfgate baseline pin --remove";

/// Pin a state as the anchor that slow drift is measured against
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = PIN_EXAMPLES)]
pub(crate) struct PinArgs {
    /// Results of that state [default: the newest session of the baseline]
    #[arg(value_name = "RESULT", conflicts_with_all = ["pinned_session", "remove"], value_hint = clap::ValueHint::AnyPath)]
    pub(crate) results: Vec<PathBuf>,

    /// What the state is called: a release, a date
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "remove",
        conflicts_with = "remove"
    )]
    pub(crate) label: Option<String>,

    /// How much worse than the anchor is too much
    #[arg(long, value_name = "PERCENT", default_value = "15%", value_parser = values::percent)]
    pub(crate) budget: f64,

    /// A session of the baseline instead of the newest one
    #[arg(
        long = "session",
        id = "pinned_session",
        value_name = "NAME",
        conflicts_with = "remove"
    )]
    pub(crate) session: Option<String>,

    /// Take the anchor out
    #[arg(long)]
    pub(crate) remove: bool,

    #[command(flatten)]
    pub(crate) file: BaselineFlags,

    /// Name of the machine class of the given results
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    #[command(flatten)]
    pub(crate) read: ReadFlags,
}
