//! `perfgate watch`.

use std::time::Duration;

use clap::Args;

use super::TEMPLATE;
use super::flags::{OriginFlags, RunFlags};
use crate::cli::values;
use crate::model::Better;

const EXAMPLES: &str = "\
Examples:
  perfgate watch --for 10m --process gunicorn --host
  perfgate watch --for 24h --cgroup api=system.slice/api.service --output soak.json
  perfgate watch --for 1h --prometheus http://127.0.0.1:9090/metrics --metrics queue_depth

Each of --pid, --process, --cgroup and --prometheus takes NAME= before it, which the run calls it.";

/// Measure what a service and its machine use, without any load of ours, and write it as a run
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = EXAMPLES)]
pub(crate) struct WatchArgs {
    /// For how long; Ctrl-C ends it early and keeps what was seen
    #[arg(long = "for", id = "for", value_name = "DURATION", value_parser = long_enough)]
    pub(crate) duration: Duration,

    #[command(flatten)]
    pub(crate) what: WhatFlags,

    /// How often it is looked; a Prometheus endpoint at most every 5s
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    pub(crate) every: Duration,

    #[command(flatten)]
    pub(crate) origin: OriginFlags,

    #[command(flatten)]
    pub(crate) made: RunFlags,
}

/// What is watched; each may be given several times.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is watched")]
pub(crate) struct WhatFlags {
    /// A process by its number; its end ends the watch
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<String>,

    /// All processes of a name; after a restart they are watched again
    #[arg(long, value_name = "NAME")]
    pub(crate) process: Vec<String>,

    /// A control group, by its path below /sys/fs/cgroup
    #[arg(long, value_name = "PATH")]
    pub(crate) cgroup: Vec<String>,

    /// The whole machine
    #[arg(long)]
    pub(crate) host: bool,

    /// A Prometheus endpoint
    #[arg(long, value_name = "URL", requires = "metrics")]
    pub(crate) prometheus: Option<String>,

    /// A metric of the endpoint, like 'http_requests_total{code="500"}'; lower is better, unless =higher stands behind
    #[arg(long, value_name = "METRIC", value_parser = metric, requires = "prometheus")]
    pub(crate) metrics: Vec<(String, Better)>,
}

fn long_enough(text: &str) -> Result<Duration, String> {
    let time = values::duration(text)?;
    if time.is_zero() {
        return Err("it has to be longer than nothing".to_owned());
    }
    Ok(time)
}

/// More often would cost the machine more than a watch may.
fn interval(text: &str) -> Result<Duration, String> {
    let time = values::duration(text)?;
    if time < Duration::from_millis(100) {
        return Err(format!("`{text}` is too often; 100ms is the shortest"));
    }
    Ok(time)
}

#[expect(clippy::unnecessary_wraps, reason = "clap takes parsers that may fail")]
fn metric(text: &str) -> Result<(String, Better), String> {
    let (selector, better) = match text.strip_suffix("=higher") {
        Some(selector) => (selector, Better::Higher),
        None => (text.strip_suffix("=lower").unwrap_or(text), Better::Lower),
    };
    Ok((selector.to_owned(), better))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_better_lower_unless_it_says_otherwise() {
        let of = |text: &str| metric(text).unwrap();
        assert_eq!(of("up=higher"), ("up".to_owned(), Better::Higher));
        let labelled = "hits{code=\"500\"}";
        assert_eq!(of(labelled), (labelled.to_owned(), Better::Lower));
        assert_eq!(of("depth=lower"), ("depth".to_owned(), Better::Lower));
    }

    #[test]
    fn nobody_watches_for_no_time_or_all_the_time() {
        assert!(long_enough("0s").is_err());
        assert!(interval("99ms").is_err());
        assert_eq!(interval("100ms"), Ok(Duration::from_millis(100)));
    }
}
