//! `perfgate doctor`.

use clap::Args;

use super::TEMPLATE;
use super::baseline::BaselineFlags;
use super::words::InspectFormat;

const EXAMPLES: &str = "\
Examples:
  perfgate doctor                           is the gate of perfgate.toml able to fail?
  perfgate doctor --baseline main.json
  perfgate doctor --format json             for programs: `perfgate schema doctor`";

/// Is this gate able to fail? Looks at rules, sources, baseline and machine, and tries the gate on its own runs
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES, after_help = "Exit codes: 0 able to fail, 1 something is found, 2 could not look")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) file: BaselineFlags,

    /// What stdout gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InspectFormat::Text)]
    pub(crate) format: InspectFormat,
}
