//! `perfgate init`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;

const EXAMPLES: &str = "\
Examples:
  perfgate init --dry-run                   what it would write for what is here
  perfgate init                             write it; no file that is there is touched
  perfgate init http://127.0.0.1:8080/items a service, and a first scenario for it
  perfgate init openapi.yaml                the same from a description of its interface";

/// Write a config, a workflow and, for a service, a first scenario, for what is found here
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct InitArgs {
    /// The address of a service, or a file to make the scenario of: OpenAPI (JSON or YAML), or HAR
    #[arg(value_name = "URL|FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) what: Option<String>,

    /// Print what would be written, under the names of its files, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Where the config goes
    #[arg(long, value_name = "FILE", default_value = "perfgate.toml", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: PathBuf,
}
