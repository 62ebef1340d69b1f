//! `perfgate post`, and what it shares with `check --post`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::TEMPLATE;
use crate::cli::settings::config::values;

const EXAMPLES: &str = "\
Examples:
  perfgate post out/verdict.json            the pull request of this CI job
  perfgate post out/verdict.json --id api --status 'perf: api'
  perfgate check --report json=out/verdict.json --post auto";

/// Put a verdict on the pull request: one comment per gate, kept up to date
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct PostArgs {
    /// The verdict, as `check --report json=PATH` wrote it
    #[arg(value_name = "VERDICT", value_hint = clap::ValueHint::FilePath)]
    pub(crate) verdict: PathBuf,

    /// End with 2 where it cannot be posted
    #[arg(long)]
    pub(crate) required: bool,

    /// Template for the comment instead of the shipped one
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) template: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) to: PostFlags,
}

/// Where a verdict is posted, and when.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Posting")]
pub(crate) struct PostFlags {
    /// Name of this gate, where a pull request has several; each has its own comment [default: workflow and job]
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,

    /// The pull request [default: that of the CI job]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pr: Option<u64>,

    /// When the comment is written
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = CommentWhen::OnChange)]
    pub(crate) comment: CommentWhen,

    /// Set a commit status of this name as well
    #[arg(long, value_name = "NAME")]
    pub(crate) status: Option<String>,

    /// Set a check run of this name as well
    #[arg(long, value_name = "NAME")]
    pub(crate) check_run: Option<String>,

    /// Certificate of an authority to believe beside the system's, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,

    /// How long posting may take in all, waiting for rate limits included
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "90s")]
    pub(crate) post_timeout: Duration,
}

/// Whether `check` posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PostWhen {
    /// Where it can; a failure is a warning
    Auto,
    /// A failure ends with 2
    Required,
    Never,
}

/// When the comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CommentWhen {
    /// Where it would say something else than it does
    OnChange,
    /// By every run
    Always,
    /// For the first time only where the gate does not pass
    OnFailure,
}
