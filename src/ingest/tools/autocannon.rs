//! autocannon's JSON (`-j`).

use anyhow::anyhow;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{
    Latency, Requests, Sheet, Spread, Throughput, Times, agree, count, whole,
};
use crate::ingest::{endpoint, json};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "autocannon",
    class: ToolClass::Load,
    forms: &[Form {
        what: "autocannon's JSON (`-j`)",
        recognise: |head| head.has_keys(&["url", "connections", "pipelining", "latency"]),
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p1, p2.5, p10, p25, p50, p75, p90, p97.5, p99, p99.9, …)",
            resolution: "1 ms; the mean 0.01 ms",
            lost: "its version, p95, failures inside the latency; with a rate (`-R`) most of the latency is made up by autocannon",
            tested: "9.0",
        },
    }],
};

const STEP_MS: f64 = 1.0;

#[derive(Deserialize)]
struct Output {
    url: String,
    connections: Option<u64>,
    pipelining: Option<u64>,
    duration: f64,
    start: Option<String>,
    #[serde(default)]
    errors: u64,
    #[serde(default)]
    timeouts: u64,
    #[serde(default)]
    mismatches: u64,
    #[serde(default)]
    non2xx: u64,
    #[serde(rename = "1xx")]
    of_1xx: Option<u64>,
    #[serde(rename = "2xx")]
    of_2xx: Option<u64>,
    #[serde(rename = "3xx")]
    of_3xx: Option<u64>,
    #[serde(rename = "4xx")]
    of_4xx: Option<u64>,
    #[serde(rename = "5xx")]
    of_5xx: Option<u64>,
    latency: Map<String, Value>,
    requests: Map<String, Value>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let start = text.find('{').unwrap_or(0);
    let output: Output = json::document(text.get(start..).unwrap_or(text))?;
    let latency = |key: &str| output.latency.get(key).and_then(Value::as_f64);
    let answered = output
        .requests
        .get("total")
        .and_then(Value::as_f64)
        .and_then(whole)
        .unwrap_or(0);
    let classes = [
        output.of_1xx,
        output.of_2xx,
        output.of_3xx,
        output.of_4xx,
        output.of_5xx,
    ];
    if classes.iter().any(Option::is_some) {
        let sum = classes.into_iter().flatten();
        let sum = sum.fold(0, u64::saturating_add);
        let total = ("`requests.total`", answered);
        agree(("the sum of `1xx` to `5xx`", sum), total)?;
    }
    // Timeouts are among the errors.
    let errors = output.errors.max(output.timeouts);
    if answered == 0 && errors == 0 {
        return Err(anyhow!("no request was made"))
            .hint("look at what autocannon printed: did it reach the service?");
    }
    let mut sheet = Sheet::new("autocannon", None);
    sheet.lasted(output.duration);
    sheet.provenance().started_at = output.start.as_deref().and_then(|at| at.parse().ok());
    for (term, value) in [
        ("connections", output.connections),
        ("pipelining", output.pipelining),
    ] {
        if let Some(value) = value {
            sheet.asked(term, value);
        }
    }
    let counted = latency("totalCount").and_then(whole).unwrap_or(answered);
    if counted < answered {
        sheet.warn(format!(
            "`latency.totalCount` holds the times of {counted} of {answered} answers"
        ));
        sheet.provenance().partial = true;
    }
    let mut rate_is_fixed = false;
    if counted > answered.saturating_add(answered / 10) {
        rate_is_fixed = true;
        sheet.warn(format!(
            "of {counted} latencies only {answered} were measured: with a rate autocannon adds the waiting that it thinks others had"
        ));
    }
    let points = output.latency.iter().filter_map(|(key, value)| {
        let percent: f64 = key.strip_prefix('p')?.replace('_', ".").parse().ok()?;
        Some((percent / 100.0, value.as_f64()?, STEP_MS))
    });
    let spread = Spread {
        points: points.collect(),
        n: answered,
        moments: Moments {
            mean: latency("average"),
            min: latency("min"),
            max: latency("max"),
        },
    };
    let times = if answered == 0 {
        Latency::Absent
    } else {
        let times = Times::ms(spread.evidence()?);
        if output.non2xx == 0 {
            Latency::Successes(times)
        } else {
            Latency::All(times)
        }
    };
    let per_second = count(answered) / output.duration;
    let failures = output
        .non2xx
        .saturating_add(output.mismatches)
        .min(answered)
        .saturating_add(errors);
    sheet.requests(Requests {
        subject: endpoint::path(&output.url),
        role: Role::Outcome,
        requests: answered.saturating_add(errors),
        failures,
        latency: times,
        throughput: (answered > 0 && per_second.is_finite()).then(|| {
            if rate_is_fixed {
                Throughput::fixed(per_second)
            } else {
                Throughput::outcome(per_second)
            }
        }),
    })?;
    sheet.run()
}
