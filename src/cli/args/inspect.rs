//! `perfgate inspect`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;
use super::flags::ReadFlags;
use super::words::InspectFormat;

const EXAMPLES: &str = "\
Examples:
  perfgate inspect out/run1_stats.csv
  perfgate inspect target/criterion --format json";

/// What was understood of a result: tool, series, evidence, units, warnings
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct InspectArgs {
    /// File or folder
    #[arg(value_name = "RESULT", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) result: PathBuf,

    /// What stdout gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InspectFormat::Text)]
    pub(crate) format: InspectFormat,

    #[command(flatten)]
    pub(crate) read: ReadFlags,
}
