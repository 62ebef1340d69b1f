//! Gatling: `simulation.log` as text (up to 3.12) and binary (from 3.13), and the report's `stats.json`.

mod binary;
mod stats;
mod text;

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::records::RecordConventions;

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "gatling",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "Gatling's simulation.log (text)",
            recognise: |head| {
                head.lines()
                    .find(|line| !line.is_empty())
                    .is_some_and(|line| {
                        line.starts_with("ASSERTION\t") || line.starts_with("RUN\t")
                    })
                    && head.has_line("RUN\t")
            },
            read: Read::Stream(text::read),
            facts: LOG,
        },
        Form {
            what: "Gatling's simulation.log (binary)",
            recognise: |head| binary::is_log(head.bytes()),
            read: Read::Stream(binary::read),
            facts: Facts {
                tested: "3.15.0",
                ..LOG
            },
        },
        Form {
            what: "Gatling's stats.json",
            recognise: |head| {
                head.is_json()
                    && head.text().contains("\"numberOfRequests\"")
                    && head.text().contains("\"percentiles1\"")
            },
            read: Read::Whole(stats::parse),
            facts: Facts {
                evidence: "quantiles (p50, p75, p95, p99)",
                resolution: "1 ms",
                lost: "its version; its duration is worked out of its rates; that `percentiles1` to `4` are p50, p75, p95 and p99 is Gatling's default and not told",
                tested: "3.10.5",
            },
        },
    ],
};

const LOG: Facts = Facts {
    evidence: "histogram",
    resolution: "1 ms",
    lost: "the users that were asked for; groups are no requests and are left out",
    tested: "3.10.5",
};

const KIND: RecordConventions = RecordConventions {
    step_ms: 1.0,
    rate_is_fixed: false,
    epoch: true,
};

/// `find / GET /search`: a request by the groups it is in.
fn subject(groups: &[&str], name: &str) -> String {
    if groups.is_empty() {
        name.to_owned()
    } else {
        format!("{} / {name}", groups.join(" / "))
    }
}
