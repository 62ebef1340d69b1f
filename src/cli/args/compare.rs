//! `perfgate compare`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;
use super::flags::{OutputFlags, PolicyFlags, ReadFlags, SourceFlag};

const EXAMPLES: &str = "\
Examples:
  perfgate compare before/ after/
  perfgate compare target/criterion@main target/criterion
  perfgate compare --old a1_stats.csv --old a2_stats.csv --new b1_stats.csv --new b2_stats.csv";

/// Two sets of results, no config file: the same table and the same verdict rules
#[derive(Debug, Args)]
#[command(
    help_template = TEMPLATE,
    before_help = EXAMPLES,
    override_usage = "perfgate compare [OPTIONS] OLD NEW\n       perfgate compare [OPTIONS] --old PATH... --new PATH..."
)]
pub(crate) struct CompareArgs {
    /// File or folder of before
    #[arg(
        value_name = "OLD",
        required_unless_present = "old_results",
        requires = "new"
    )]
    pub(crate) old: Option<PathBuf>,

    /// File or folder of after
    #[arg(value_name = "NEW")]
    pub(crate) new: Option<PathBuf>,

    /// One of several results of before; repeatable
    #[arg(
        long = "old",
        id = "old_results",
        value_name = "PATH",
        requires = "new_results",
        conflicts_with = "old"
    )]
    pub(crate) old_results: Vec<PathBuf>,

    /// One of several results of after; repeatable
    #[arg(
        long = "new",
        id = "new_results",
        value_name = "PATH",
        requires = "old_results",
        conflicts_with = "new"
    )]
    pub(crate) new_results: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,

    #[command(flatten)]
    pub(crate) source: SourceFlag,

    #[command(flatten)]
    pub(crate) read: ReadFlags,

    #[command(flatten)]
    pub(crate) output: OutputFlags,
}
