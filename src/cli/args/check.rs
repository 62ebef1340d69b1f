//! `perfgate check`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;
use super::flags::{
    GateFlags, OriginFlags, OutputFlags, PolicyFlags, ReadFlags, RemoteFlag, SourceFlag,
};
use super::post::{PostFlags, PostWhen};
use super::words::RulesFromWord;

const EXAMPLES: &str = "\
Examples:
  perfgate check --baseline main.json out/run*_stats.csv
  perfgate check --baseline '{base}' --report junit=out/gate.xml
  perfgate check --report json=out/verdict.json --post auto
  perfgate check --targets out/run1_stats.csv
  perfgate check                            all of it from perfgate.toml";

/// The gate: judge current results against a baseline by the rules of perfgate.toml
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Files or folders with the current results [default: the sources of perfgate.toml, else what is recognised here]
    #[arg(value_name = "RESULT", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) gate: GateFlags,

    /// Hold the results against the budgets of perfgate.toml and judge nothing else; needs no baseline
    #[arg(long, conflicts_with_all = ["baseline", "require_baseline"], help_heading = "Policy")]
    pub(crate) targets: bool,

    /// Judge this series alone, named as reports name it (`GET /search latency.p95`); can be given several times
    #[arg(long, value_name = "SERIES", help_heading = "Policy")]
    pub(crate) only: Vec<String>,

    /// End with 3 where there is no baseline yet
    #[arg(long, help_heading = "Policy")]
    pub(crate) require_baseline: bool,

    /// Whose rules and whose baseline judge a pull request: its own, or those of the branch that it goes to [default: head]
    #[arg(long, value_enum, value_name = "WHOSE", help_heading = "Policy")]
    pub(crate) rules_from: Option<RulesFromWord>,

    #[command(flatten)]
    pub(crate) remote: RemoteFlag,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) source: SourceFlag,

    #[command(flatten)]
    pub(crate) read: ReadFlags,

    #[command(flatten)]
    pub(crate) output: OutputFlags,

    /// Put the verdict on the pull request as well
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        num_args = 0..=1,
        default_value_t = PostWhen::Never,
        default_missing_value = "auto",
        help_heading = "Posting"
    )]
    pub(crate) post: PostWhen,

    #[command(flatten)]
    pub(crate) to: PostFlags,
}
