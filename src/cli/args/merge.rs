//! `perfgate merge`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;

const EXAMPLES: &str = "\
Examples:
  perfgate merge host1.json host2.json --output both.json
  perfgate merge host*.json --output all.json --environment load-lab";

/// Several runs of one workload, put on at the same time by several machines, to one run
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct MergeArgs {
    /// The run file of each machine, two or more
    #[arg(value_name = "RUN", required = true, num_args = 2.., value_hint = clap::ValueHint::FilePath)]
    pub(crate) runs: Vec<PathBuf>,

    /// Where the one run goes
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Name of the machine class, where the machines are not of one
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
}
