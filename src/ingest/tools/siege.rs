//! siege's text and JSON (`-j`). Its times are rounded to 10 ms, so no latency is taken from it.

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{ALL_REQUESTS, Latency, Requests, Sheet, Throughput};
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "siege",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "siege's JSON (`-j`)",
            recognise: |head| head.has_keys(&["transactions", "availability"]),
            read: Read::Whole(parse),
            facts: FACTS,
        },
        Form {
            what: "siege's text",
            recognise: |head| {
                !head.is_json()
                    && head.has_line("Transactions:")
                    && head.has_line("Availability:")
                    && head.has_line("Transaction rate:")
            },
            read: Read::Whole(parse),
            facts: FACTS,
        },
    ],
};

const FACTS: Facts = Facts {
    evidence: "errors and throughput; no latency",
    resolution: "10 ms, which is too coarse for a gate: the times are left out",
    lost: "its version, the address, every time",
    tested: "4.0.7",
};

fn parse(text: &str) -> anyhow::Result<Run> {
    // Both forms are lines of a name and a number; names of the JSON are quoted and hold underscores.
    let value = |names: [&str; 2]| {
        let mut found = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let key = key.trim().trim_start_matches('{').trim().trim_matches('"');
            if names.contains(&key) {
                let number = value.split_whitespace().next().unwrap_or_default();
                found = number.trim_end_matches(',').parse::<f64>().ok();
            }
        }
        found
    };
    let whole = |names| value(names).and_then(crate::ingest::sheet::whole);
    // `transactions` are those that succeeded.
    let succeeded = whole(["transactions", "Transactions"]);
    let failed = whole(["failed_transactions", "Failed transactions"]);
    let (Some(succeeded), Some(failed)) = (succeeded, failed) else {
        return Err(anyhow!("it does not say how many transactions there were"))
            .hint("siege was stopped: look at what it printed");
    };
    let mut sheet = Sheet::new("siege", None);
    if let Some(seconds) = value(["elapsed_time", "Elapsed time"]) {
        sheet.lasted(seconds);
    }
    sheet.warn(
        "siege rounds its times to 10 ms: no latency is taken from it; use a tool that tells more",
    );
    sheet.requests(Requests {
        subject: ALL_REQUESTS,
        role: Role::Outcome,
        requests: succeeded.saturating_add(failed),
        failures: failed,
        latency: Latency::Absent,
        throughput: value(["transaction_rate", "Transaction rate"]).map(Throughput::outcome),
    })?;
    sheet.run()
}
