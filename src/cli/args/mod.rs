//! What can be typed. Clap only: nothing here is looked up, joined or decided.

mod ab;
mod baseline;
mod check;
mod compare;
mod doctor;
mod flags;
mod history;
mod init;
mod inspect;
mod merge;
mod post;
mod report;
mod run;
mod watch;
pub(crate) mod watched;
mod words;

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use ab::{AbArgs, AbMeasuring, AbRevisions, AbServices};
pub(crate) use baseline::{BaselineCommand, BaselineFlags, PinArgs, ShowArgs, UpdateArgs};
pub(crate) use check::CheckArgs;
pub(crate) use compare::CompareArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use flags::{OriginFlags, OutputFlags, PolicyFlags, ReadFlags, Report};
pub(crate) use history::HistoryArgs;
pub(crate) use init::InitArgs;
pub(crate) use inspect::InspectArgs;
pub(crate) use merge::MergeArgs;
pub(crate) use post::{CommentWhen, PostArgs, PostFlags, PostWhen};
pub(crate) use report::ReportArgs;
pub(crate) use run::{LoadFlags, RequestFlags, RunArgs};
pub(crate) use watch::{WatchArgs, WhatFlags};
pub(crate) use words::ReadAs;
pub(crate) use words::{HistoryFormat, InspectFormat, ReportFormat, typed};

/// Examples stand before the options: they are what a reader came for.
const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}
";

const EXAMPLES: &str = "\
Examples:
  perfgate init                             a config and a workflow for what is found here
  perfgate check --baseline main.json       judge what lies here against a baseline
  perfgate compare before/ after/           two sets of results, no config
  perfgate ab --base ./old --head ./new     two commands or services, measured in turns
  perfgate baseline update --baseline main.json out/run*_stats.csv
  perfgate history --baseline main.json     how series moved over the commits of the baseline
  perfgate report results/ --baseline main.json --output report.html
  perfgate post out/verdict.json            put a verdict on the pull request
  perfgate run http://127.0.0.1:8080/items --rate 200 --for 30s
  perfgate inspect target/criterion         what was understood of a result";

const AFTER: &str = "\
Exit codes: 0 pass, 1 fail, 2 could not do the work,
            3 could not tell, where a decision was asked for,
            130 a measurement was interrupted";

/// Decides whether a change made the software slower, and says how sure it is
#[derive(Debug, Parser)]
#[command(
    name = "perfgate",
    version,
    help_template = TEMPLATE,
    before_help = EXAMPLES,
    after_help = AFTER,
    subcommand_required = true,
    arg_required_else_help = false,
    max_term_width = 100,
)]
pub(crate) struct Cli {
    /// Work as if started in DIR; every path is relative to it
    #[arg(short = 'C', global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,

    /// When to colour; auto also heeds NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    Doctor(DoctorArgs),
    Check(Box<CheckArgs>),
    Compare(CompareArgs),
    Ab(Box<AbArgs>),
    Run(Box<RunArgs>),
    Watch(WatchArgs),
    Merge(MergeArgs),
    /// Keep the runs that results are compared with: update, show, pin
    #[command(
        subcommand,
        help_template = TEMPLATE,
        before_help = baseline::EXAMPLES,
    )]
    Baseline(BaselineCommand),
    History(HistoryArgs),
    Report(Box<ReportArgs>),
    Post(PostArgs),
    Inspect(InspectArgs),
    /// Print the JSON Schema of one of perfgate's files
    #[command(help_template = TEMPLATE, before_help = "\
Examples:
  perfgate schema config > perfgate.schema.json")]
    Schema {
        /// Which file
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print shell completions
    #[command(help_template = TEMPLATE, before_help = "\
Examples:
  perfgate completions bash > ~/.local/share/bash-completion/completions/perfgate")]
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of perfgate or of one command
    #[command(help_template = TEMPLATE, before_help = "\
Examples:
  perfgate man > perfgate.1
  perfgate man baseline update > perfgate-baseline-update.1")]
    Man {
        /// The command, as it is typed
        #[arg(value_name = "COMMAND")]
        of: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// perfgate.run/1: one run
    Run,
    /// perfgate.baseline/1: a window of runs
    Baseline,
    /// perfgate.verdict/1: what a gate decided
    Verdict,
    /// perfgate.history/1: how series moved
    History,
    /// perfgate.doctor/1: whether a gate is able to fail
    Doctor,
    /// perfgate.toml
    Config,
    /// A load scenario
    Scenario,
}

/// The whole grammar, for help, completions, manual pages and the reference.
pub(crate) fn grammar() -> clap::Command {
    Cli::command()
}
