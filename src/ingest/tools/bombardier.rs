//! bombardier's JSON (`--print result --format json`, with `--latencies` for percentiles).

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::outline::Outline;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{Latency, Requests, Sheet, Spread, Throughput, Times, count};
use crate::ingest::{endpoint, json};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "bombardier",
    class: ToolClass::Load,
    forms: &[Form {
        what: "bombardier's JSON (`-o json`)",
        recognise: |head| {
            head.has_keys(&["spec", "result"]) && is_spec(head)
                || head.has_line("Bombarding ")
                    && head
                        .lines()
                        .any(|line| Outline::of(line).is_some_and(|o| o.has_all(&["spec"])))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (with `--latencies`: p50, p75, p90, p95, p99), else mean and maximum",
            resolution: "1 µs",
            lost: "its version, failures inside the latency",
            tested: "1.2.6",
        },
    }],
};

fn is_spec(head: &Head<'_>) -> bool {
    head.text().contains("\"numberOfConnections\"")
}

/// Whole microseconds.
const STEP_MS: f64 = 0.001;

#[derive(Deserialize)]
struct Output {
    spec: Spec,
    result: RunResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    number_of_connections: u64,
    method: String,
    url: String,
    rate: Option<u64>,
    /// With `-n`.
    number_of_requests: Option<u64>,
    /// With `-d`.
    test_duration_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunResult {
    time_taken_seconds: f64,
    req1xx: u64,
    req2xx: u64,
    req3xx: u64,
    req4xx: u64,
    req5xx: u64,
    others: u64,
    #[serde(default)]
    errors: Vec<Failure>,
    latency: Microseconds,
    rps: Option<Rates>,
}

/// Of requests a second, in steps of some milliseconds.
#[derive(Deserialize)]
struct Rates {
    mean: f64,
}

#[derive(Deserialize)]
struct Failure {
    description: String,
    count: u64,
}

/// In microseconds, though no unit is named.
#[derive(Deserialize)]
struct Microseconds {
    mean: f64,
    max: f64,
    #[serde(default)]
    percentiles: BTreeMap<String, f64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    // `-p intro,result` puts a line of text in front.
    let start = text
        .find("{\"spec\"")
        .or_else(|| text.find('{'))
        .context("there is no JSON in it")?;
    let output: Output = json::document(text.get(start..).unwrap_or(text))?;
    let Output { spec, result } = output;
    let answered = [
        result.req1xx,
        result.req2xx,
        result.req3xx,
        result.req4xx,
        result.req5xx,
    ]
    .into_iter()
    .fold(0_u64, u64::saturating_add);
    let requests = answered.saturating_add(result.others);
    let failures = result
        .req4xx
        .saturating_add(result.req5xx)
        .saturating_add(result.others);
    if requests == 0 {
        return Err(anyhow!("no request was made"))
            .hint("look at what bombardier printed: did it reach the service?");
    }
    let mut sheet = Sheet::new("bombardier", None);
    sheet.lasted(result.time_taken_seconds);
    let subject = endpoint::named(&spec.method, &spec.url);
    if let Some(asked) = spec.number_of_requests {
        sheet.holds(&subject, (usize::try_from(requests)?, asked), "requests")?;
    }
    let seconds = result.time_taken_seconds;
    if let Some(asked) = spec
        .test_duration_seconds
        .filter(|asked| seconds < asked * 0.9)
    {
        sheet.warn(format!(
            "it ended after {seconds:.1} of the {asked:.1} s that were asked for"
        ));
        sheet.provenance().partial = true;
    }
    sheet.asked("connections", spec.number_of_connections);
    if let Some(rate) = spec.rate {
        sheet.asked("rate", format!("{rate}/s"));
    }
    for failure in result.errors.iter().take(3) {
        sheet.warn(format!(
            "{} requests failed with {}",
            failure.count,
            shortened(&failure.description)
        ));
    }
    let ms = |us: f64| us / 1e3;
    let spread = Spread {
        points: result
            .latency
            .percentiles
            .iter()
            .filter_map(|(percent, us)| {
                Some((percent.parse::<f64>().ok()? / 100.0, ms(*us), STEP_MS))
            })
            .collect(),
        n: requests,
        moments: Moments {
            mean: Some(ms(result.latency.mean)),
            min: None,
            max: Some(ms(result.latency.max)),
        },
    };
    if spread.points.is_empty() {
        sheet.warn("there are no percentiles: run bombardier with `--latencies`");
    }
    let per_second = count(requests) / seconds;
    // A single step of it may be far off, so that it is no proof.
    if let Some(rates) = &result.rps
        && !(per_second / 2.0..=per_second * 2.0).contains(&rates.mean)
    {
        sheet.warn(format!(
            "{requests} requests in {seconds:.1} s are {per_second:.1} a second, and it counts {:.1} a second",
            rates.mean
        ));
    }
    let rate = if spec.rate.is_some() {
        Throughput::fixed(per_second)
    } else {
        Throughput::outcome(per_second)
    };
    sheet.requests(Requests {
        subject: &subject,
        role: Role::Outcome,
        requests,
        failures,
        latency: Latency::All(Times::ms(spread.evidence()?)),
        throughput: (answered > 0 && per_second.is_finite()).then_some(rate),
    })?;
    sheet.run()
}
