//! `perfgate init`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;

const EXAMPLES: &str = "\
Examples:
  perfgate init --dry-run                   what it would write for what is here
  perfgate init                             write it; no file that is there is touched
  perfgate init http://127.0.0.1:8080/items a service, and a first scenario for it
  perfgate init openapi.yaml                the same from a description of its interface
  perfgate init --from-curl 'curl -H \"accept: */*\" http://127.0.0.1:8080/items'";

/// Write a config, a workflow and, for a service, a first scenario, for what is found here
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct InitArgs {
    /// The address of a service, or a file to make the scenario of: OpenAPI (JSON or YAML), HAR, or Artillery
    #[arg(value_name = "URL|FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) what: Option<String>,

    /// Make the scenario of a command of curl, as a browser copies it
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["what", "from_har", "from_artillery"])]
    pub(crate) from_curl: Option<String>,

    /// Make the scenario of a recording of a browser
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "from_artillery"], value_hint = clap::ValueHint::FilePath)]
    pub(crate) from_har: Option<PathBuf>,

    /// Make the scenario of a script of Artillery
    #[arg(long, value_name = "FILE", conflicts_with = "what", value_hint = clap::ValueHint::FilePath)]
    pub(crate) from_artillery: Option<PathBuf>,

    /// Take requests that may change data of the service, too
    #[arg(long)]
    pub(crate) unsafe_methods: bool,

    /// Print what would be written, under the names of its files, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Where the config goes
    #[arg(long, value_name = "FILE", default_value = "perfgate.toml", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: PathBuf,
}
