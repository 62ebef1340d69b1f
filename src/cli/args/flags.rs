//! Flags that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::words::{
    DecideWord, IdsWord, InconclusiveWord, InspectFormat, MissingWord, OtherEnvironmentWord,
    ReadAs, ReadAsParser, ReportFormat,
};
use crate::cli::values;

/// How results are read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadFlags {
    /// Read every result as this format, or by this [mapping.NAME] of perfgate.toml, instead of recognising it
    #[arg(long, value_parser = ReadAsParser, value_name = "FORMAT")]
    pub(crate) from: Option<ReadAs>,

    /// Leave out the first part of every run, where the result tells what happened when
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) warmup: Option<Duration>,

    /// Whether names of a load tool that differ only in their ids are put together [default: merge]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) ids: Option<IdsWord>,
}

/// What is known of results that do not say it themselves.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Origin of the results")]
pub(crate) struct OriginFlags {
    /// Name of the machine class, instead of what is found out about this machine
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// The session that the runs belong to [default: the CI job]
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,

    /// The commit that was measured [default: that of the CI job, else the one checked out where the results lie]
    #[arg(long, value_name = "SHA")]
    pub(crate) commit: Option<String>,
}

/// Which workload results belong to that are named on the command line.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SourceFlag {
    /// Name of the source that the given results are from: only results of one source are compared
    #[arg(long, value_name = "NAME", help_heading = "Origin of the results", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) source: Option<String>,
}

/// What load may be put on.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct RemoteFlag {
    /// Put load on hosts that are neither this machine nor in a private network
    #[arg(long, help_heading = "Load")]
    pub(crate) allow_remote: bool,
}

/// What the verdict is decided by.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyFlags {
    /// How much worse is tolerated, where no rule says otherwise [default: 2.5%]
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    pub(crate) max_regression: Option<f64>,

    /// What fails: a change that is certain, or any estimate beyond the limit [default: certain]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) decide: Option<DecideWord>,

    /// Count a series as undecided where its runs could not have shown a change of this size
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    pub(crate) max_detectable: Option<f64>,

    /// What follows where it cannot be told [default: warn]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_inconclusive: Option<InconclusiveWord>,

    /// What follows where a series has vanished [default: fail]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_missing: Option<MissingWord>,

    /// What follows where the other side was measured elsewhere [default: refuse]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_other_environment: Option<OtherEnvironmentWord>,

    /// Ask for a decision: what cannot be told, and a baseline that is not there, end with 3
    #[arg(long)]
    pub(crate) strict: bool,

    /// Both sides were measured in turns on one machine
    #[arg(long)]
    pub(crate) interleaved: bool,
}

/// Where the verdict goes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// What stdout gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,

    /// Write the same verdict to a file as well, such as junit=out/perfgate.xml; repeatable
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = parse_report)]
    pub(crate) reports: Vec<Report>,

    /// List every series, those that did not move or are not gated too
    #[arg(long)]
    pub(crate) all: bool,

    /// List every gated series with the number of each run of both sides
    #[arg(long)]
    pub(crate) runs: bool,

    /// Show the notes that call for nothing to be done, too: settings, rounding, machine
    #[arg(long)]
    pub(crate) verbose: bool,

    /// Template for markdown instead of the shipped one
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) template: Option<PathBuf>,
}

/// One `--report FORMAT=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) format: ReportFormat,
    pub(crate) path: PathBuf,
}

fn parse_report(text: &str) -> Result<Report, String> {
    let (word, path) = text
        .split_once('=')
        .ok_or("expected FORMAT=PATH, such as junit=out/perfgate.xml")?;
    let format = ReportFormat::from_str(word, false).map_err(|_| {
        let known: Vec<String> = ReportFormat::value_variants()
            .iter()
            .map(|format| super::words::typed(*format))
            .collect();
        format!("unknown format '{word}', known: {}", known.join(", "))
    })?;
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    Ok(Report {
        format,
        path: PathBuf::from(path),
    })
}

/// The baseline and the config of a gate.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GateFlags {
    /// What to compare with: a path, or a name in baselines/; {base} is the target branch
    #[arg(long, value_name = "PATH|NAME")]
    pub(crate) baseline: Option<String>,

    /// The config file [default: the nearest perfgate.toml up to the repository root]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

/// What becomes of a run that was measured.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunFlags {
    /// Where the run goes [default: perfgate-results/ and the time]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// What stdout gets: a summary, or the run file itself
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InspectFormat::Text, help_heading = "Output")]
    pub(crate) format: InspectFormat,
}
