//! `perfgate report`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;
use super::flags::{GateFlags, OriginFlags, PolicyFlags, ReadFlags, SourceFlag};

const EXAMPLES: &str = "\
Examples:
  perfgate report out/run1.json --output run1.html
  perfgate report results/ --baseline main.json --output report.html
  perfgate report out/verdict.json --output report.html";

/// Write one page for a browser: of results, of results against a baseline, or of a stored verdict
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Files or folders with results, or the verdict that `check --report json=PATH` wrote
    #[arg(value_name = "RESULT|VERDICT", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Where the page is written
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) gate: GateFlags,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) source: SourceFlag,

    #[command(flatten)]
    pub(crate) read: ReadFlags,
}
