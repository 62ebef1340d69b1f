//! JMeter: result files (JTL) as CSV and as XML, and the dashboard's `statistics.json`.

mod rows;
mod statistics;
mod xml;

use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "jmeter",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "JMeter's CSV (JTL)",
            recognise: |head| rows::Layout::of(head).is_some(),
            read: Read::Stream(rows::read),
            facts: Facts {
                evidence: "histogram",
                resolution: "1 ms",
                lost: "its version, the plan; times without a zone where `timestamp_format` is a date",
                tested: "2.13, 5.6.3",
            },
        },
        Form {
            what: "JMeter's XML (JTL)",
            recognise: |head| head.starts_with("<") && head.has_line("<testResults"),
            read: Read::Stream(xml::read),
            facts: Facts {
                evidence: "histogram",
                resolution: "1 ms",
                lost: "its version, the plan",
                tested: "2.13, 5.6.3",
            },
        },
        Form {
            what: "JMeter's statistics.json",
            recognise: |head| {
                head.is_json()
                    && head.text().contains("\"transaction\"")
                    && head.text().contains("\"pct1ResTime\"")
                    && head.text().contains("\"sampleCount\"")
            },
            read: Read::Whole(statistics::parse),
            facts: Facts {
                evidence: "quantiles (p50, p90, p95, p99)",
                resolution: "1 ms",
                lost: "its version, the duration, failures inside the latency; that `pct1` to `pct3` are p90, p95 and p99 is JMeter's default and not told",
                tested: "5.6.3",
            },
        },
    ],
};

/// Times are whole milliseconds.
const STEP_MS: f64 = 1.0;

/// What a Transaction Controller writes: a row that repeats the requests inside it.
fn is_transaction(message: &[u8]) -> bool {
    message.starts_with(b"Number of samples in transaction")
}

/// Why a sample failed, in few words.
fn reason(code: &str, failure_message: &str) -> String {
    if !failure_message.is_empty() {
        failure_message.to_owned()
    } else if code.is_empty() {
        "no response code".to_owned()
    } else if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("status {code}")
    } else {
        code.to_owned()
    }
}
