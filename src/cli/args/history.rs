//! `perfgate history`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;
use super::baseline::BaselineFlags;
use super::words::HistoryFormat;

const EXAMPLES: &str = "\
Examples:
  perfgate history --baseline main.json
  perfgate history 'GET /search latency.p95' --since 2026-01-01
  perfgate history --output history.html
  perfgate history --format ndjson > history.ndjson";

/// How series moved over all that the baseline ever held, from the commits of its file: trend, drift, change points
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct HistoryArgs {
    /// Only series or subjects of this name, as reports write it; `*` stands for anything
    #[arg(value_name = "SERIES")]
    pub(crate) series: Option<String>,

    #[command(flatten)]
    pub(crate) file: BaselineFlags,

    /// Leave out what was measured before this day or time: 2026-01-31, 2026-01-31T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = since)]
    pub(crate) since: Option<jiff::Timestamp>,

    /// Only machines of this name; `*` stands for anything
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// What stdout gets; what --output gets, which is a page where nothing is said
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<HistoryFormat>,

    /// Write it to this file instead
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// A day begins in UTC, as the times in a baseline are.
fn since(text: &str) -> Result<jiff::Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    format!("{text}T00:00:00Z").parse().map_err(|_| {
        format!("`{text}` is neither a day (2026-01-31) nor a time (2026-01-31T12:00:00Z)")
    })
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn days_and_times_are_read_and_nothing_else() {
        let day = since("2026-01-31").unwrap();
        assert_eq!(day, since("2026-01-31T00:00:00Z").unwrap());
        assert!(since("2026-01-31T01:00:00+02:00").unwrap() < day);
        for bad in ["", "yesterday", "2026-13-01", "2026", "1h"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }
}
