//! k6: the stream of points (`--out json`, `--out csv`) and the summaries (`--summary-export`, the data of `handleSummary`,
//! the machine-readable summary).

mod points;
mod summary;

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::endpoint;
use crate::ingest::head::Head;

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "k6",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "k6's stream of points (`--out json`)",
            recognise: is_stream,
            read: Read::Stream(points::json),
            facts: Facts {
                evidence: "histogram",
                resolution: "none",
                lost: "its version, custom metrics, checks and thresholds (the summary has them), parts of the latency",
                tested: "0.46, 1.8.1, 2.2.0",
            },
        },
        Form {
            what: "k6's CSV (`--out csv`)",
            recognise: |head| head.starts_with("metric_name,timestamp,metric_value,"),
            read: Read::Stream(points::csv),
            facts: Facts {
                evidence: "histogram",
                resolution: "none; the time of each request is in whole seconds by default",
                lost: "its version, custom metrics, checks and thresholds (the summary has them), parts of the latency",
                tested: "0.46, 1.8.1, 2.2.0",
            },
        },
        Form {
            what: "k6's summary from `handleSummary`",
            recognise: |head| {
                head.has_keys(&["root_group", "metrics", "state"])
                    || head.has_keys(&["root_group", "state"])
            },
            read: Read::Whole(summary::handled),
            facts: SUMMARY,
        },
        Form {
            what: "k6's machine-readable summary (`--new-machine-readable-summary`)",
            recognise: |head| {
                head.has_keys(&["config", "metadata"]) && head.text().contains("\"k6_version\"")
                    || head.has_keys(&["config", "metadata", "results", "version"])
            },
            read: Read::Whole(summary::machine_readable),
            facts: Facts {
                tested: "1.8.1, 2.2.0",
                ..SUMMARY
            },
        },
        Form {
            what: "k6's summary (`--summary-export`)",
            recognise: |head| {
                head.has_keys(&["root_group"]) && !head.has_keys(&["state"])
                    || (head.has_keys(&["metrics"])
                        && head.text().contains("\"http_req_duration\"")
                        && !head.has_keys(&["state"]))
            },
            read: Read::Whole(summary::exported),
            facts: SUMMARY,
        },
    ],
};

const SUMMARY: Facts = Facts {
    evidence: "quantiles (those of `summaryTrendStats`)",
    resolution: "none",
    lost: "p99 and the number of requests behind a sub-metric, unless `summaryTrendStats` asks for `p(99)` and `count`; the version, in all but the machine-readable one",
    tested: "0.46, 1.8.1, 2.2.0",
};

fn is_stream(head: &Head<'_>) -> bool {
    head.has_keys(&["type", "data", "metric"])
}

/// `GET /search`: scripts name requests with or without the method.
fn subject(method: &str, name: &str) -> String {
    let named = name
        .strip_prefix(method)
        .is_some_and(|rest| rest.starts_with(' '));
    if named && !method.is_empty() {
        name.to_owned()
    } else {
        endpoint::named(method, name)
    }
}

/// Every counter tells how long the run was, by its count and its rate.
fn check_length(name: &str, counter: [Option<f64>; 2], seconds: f64) -> anyhow::Result<()> {
    let [Some(count), Some(rate)] = counter else {
        return Ok(());
    };
    let told = count / rate;
    let fits = (seconds / 2.0 - 1.0..=seconds * 2.0 + 1.0).contains(&told);
    if told.is_finite() && !fits {
        return Err(anyhow!(
            "count and rate of {name} are those of a run of {told:.1} s, and the run was one of {seconds:.1} s"
        ))
        .hint("the summary contradicts itself: let k6 write it again");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_method_in_the_name_is_not_written_twice() {
        assert_eq!(subject("GET", "GET /search"), "GET /search");
        assert_eq!(subject("GET", "http://h:1/search"), "GET /search");
        assert_eq!(subject("GET", "search"), "GET search");
        assert_eq!(subject("", "search"), "search");
    }
}
