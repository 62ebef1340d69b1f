//! `perfgate post`, and what it shares with `check --post`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::TEMPLATE;
use crate::cli::values;
use crate::text::sanitize;

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

    /// What to say where there is no verdict, because the gate ended before it judged
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

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

    /// Address of the page that has every row, linked from the comment [default: the page of the run]
    #[arg(long, value_name = "URL", value_parser = page)]
    pub(crate) full_table: Option<String>,

    /// Certificate of an authority to believe beside the system's, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,

    /// How long posting may take in all, waiting for rate limits included
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "90s")]
    pub(crate) post_timeout: Duration,
}

/// An address that can be a link's.
fn page(text: &str) -> Result<String, String> {
    let is_page = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if is_page && sanitize::is_plain_url(text) {
        Ok(text.to_owned())
    } else {
        Err("it is no http address of a page".to_owned())
    }
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
