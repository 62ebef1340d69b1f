//! `perfgate run`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::TEMPLATE;
use super::flags::{OriginFlags, RemoteFlag, RunFlags};
use super::watched;
use crate::cli::values;
use crate::load::scenario::{Arrivals, Pause, Share, Watched};

const EXAMPLES: &str = "\
Examples:
  perfgate run http://127.0.0.1:8080/items --rate 200 --for 30s
  perfgate run localhost:8080/items --users 50 --requests 10000
  perfgate run localhost:8080/items --rate 50 --json '{\"name\": \"tea\"}'
  perfgate run load/api.toml --once --verbose
  perfgate run load/api.toml --output out/run1.json
  perfgate run load/api.toml --find-max 'latency.p99 < 100ms, errors < 0.1%'";

/// Put load on an HTTP service, from a scenario or a URL, and write what was measured as a run
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// A scenario file, or the URL of one request
    #[arg(value_name = "SCENARIO|URL", value_hint = clap::ValueHint::FilePath)]
    pub(crate) what: String,

    #[command(flatten)]
    pub(crate) load: LoadFlags,

    /// Search the largest rate at which these hold, such as 'latency.p99 < 100ms, errors < 0.1%'; --for is of each level
    #[arg(long, value_name = "CONDITIONS", help_heading = "Load", conflicts_with_all = ["users", "requests", "think", "share", "start_at"])]
    pub(crate) find_max: Option<String>,

    #[command(flatten)]
    pub(crate) request: RequestFlags,

    /// Take each flow once, with one user, and say how each step went; nothing is measured, and no run is written
    #[arg(long, help_heading = "Load", conflicts_with_all = ["find_max", "rate", "users", "for", "requests", "warmup", "think", "share", "start_at", "output", "format", "watch"])]
    pub(crate) once: bool,

    /// With --once: every request and answer, and what was captured; secrets are not shown
    #[arg(long, requires = "once", help_heading = "Output")]
    pub(crate) verbose: bool,

    /// Measure a process or group beside the requests: pid:1234, name:server, cgroup:PATH; repeatable
    #[arg(long, value_name = "WHAT", value_parser = watched::parse, help_heading = "Load")]
    pub(crate) watch: Vec<Watched>,

    #[command(flatten)]
    pub(crate) remote: RemoteFlag,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) made: RunFlags,
}

/// How much load; with a scenario most of them replace what it says.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadFlags {
    /// Requests a second, sent when they are due whether the service keeps up or not
    #[arg(long, value_name = "PER-SECOND", value_parser = rate, conflicts_with = "users")]
    pub(crate) rate: Option<f64>,

    /// Users that each wait for an answer before they go on
    #[arg(long, value_name = "N")]
    pub(crate) users: Option<NonZeroUsize>,

    /// How long it is measured, behind the warm-up
    #[arg(long = "for", id = "for", value_name = "DURATION", value_parser = values::duration)]
    pub(crate) duration: Option<Duration>,

    /// How many requests are measured, instead of how long
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "for")]
    pub(crate) requests: Option<u64>,

    /// Load that is put on before, and not measured
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) warmup: Option<Duration>,

    /// How requests of a rate are spread in time: evenly, or as those of many people
    #[arg(long, value_enum, value_name = "HOW", requires = "rate")]
    pub(crate) arrivals: Option<ArrivalsWord>,

    /// No more users than this at once under a rate; what finds none free waits
    #[arg(long, value_name = "N", conflicts_with = "users")]
    pub(crate) max_users: Option<NonZeroUsize>,

    /// Pause of a user between two requests: 1s, or 1s..3s
    #[arg(long, value_name = "DURATION", value_parser = pause, conflicts_with = "rate")]
    pub(crate) think: Option<Pause>,

    /// One machine's part of the load: 2/3 is the second of three, whose runs `perfgate merge` puts together
    #[arg(long, value_name = "N/OF")]
    pub(crate) share: Option<Share>,

    /// When it begins, so that several machines begin together: 2026-11-20T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) start_at: Option<jiff::Timestamp>,

    /// Worker threads [default: decided from the machine]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Where the random numbers begin
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// What is sent; a scenario says it itself.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestFlags {
    /// [default: GET, or POST with a body]
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Such as 'authorization: Bearer abc'; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<String>,

    /// The body: a text, @FILE, or - for standard input
    #[arg(long, value_name = "TEXT|@FILE|-", conflicts_with = "json")]
    pub(crate) body: Option<String>,

    /// A JSON body, with its content type: a text, @FILE, or - for standard input
    #[arg(long, value_name = "TEXT|@FILE|-")]
    pub(crate) json: Option<String>,

    /// An answer that takes longer is an error
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,

    /// Speak HTTP/2
    #[arg(long)]
    pub(crate) http2: bool,

    /// Certificates to trust beside the system's, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,

    /// Take any certificate of the service
    #[arg(long)]
    pub(crate) insecure: bool,

    /// The certificate by which each user proves who it is, as PEM
    #[arg(long, value_name = "FILE", requires = "key", value_hint = clap::ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,

    /// The private key of --cert, as PEM
    #[arg(long, value_name = "FILE", requires = "cert", value_hint = clap::ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalsWord {
    Constant,
    Poisson,
}

impl From<ArrivalsWord> for Arrivals {
    fn from(word: ArrivalsWord) -> Self {
        match word {
            ArrivalsWord::Constant => Self::Constant,
            ArrivalsWord::Poisson => Self::Poisson,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(format!(
            "`{text}` is not a rate; write requests a second, like `200`"
        )),
    }
}

fn pause(text: &str) -> Result<Pause, String> {
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (values::duration(low)?, values::duration(high)?),
        None => (values::duration(text)?, values::duration(text)?),
    };
    if low > high {
        return Err(format!("`{text}` ends before it begins"));
    }
    Ok(Pause { low, high })
}

fn header(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((name, _)) if !name.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is not a header; write it like `accept: text/html`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_pauses_are_read_and_impossible_ones_refused() {
        assert_eq!(rate("200"), Ok(200.0));
        assert_eq!(rate("0.5/s"), Ok(0.5));
        for bad in ["0", "-1", "NaN", "inf", "fast", ""] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        let seconds = Duration::from_secs;
        let (low, high) = (seconds(1), seconds(3));
        assert_eq!(pause("1s..3s"), Ok(Pause { low, high }));
        assert_eq!(pause("1s"), Ok(Pause { low, high: low }));
        for bad in ["3s..1s", "1", "..", "1s.."] {
            assert!(pause(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_header_needs_a_name_and_a_colon() {
        assert!(header("accept: text/html").is_ok());
        assert!(header("empty:").is_ok());
        assert!(header("accept").is_err());
        assert!(header(": x").is_err());
    }
}
