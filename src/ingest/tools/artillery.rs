//! Artillery's report (`artillery run -o report.json`).

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree, count,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "artillery",
    class: ToolClass::Load,
    forms: &[Form {
        what: "Artillery's report (`-o`)",
        recognise: |head| {
            head.has_keys(&["aggregate"])
                && (head.text().contains("\"vusers.")
                    || head.text().contains("\"http.")
                    || head.text().contains("\"firstMetricAt\""))
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "quantiles (p50, p75, p90, p95, p99, p99.9)",
            resolution: "4 % of the value (a sketch); the mean 0.1 ms",
            lost: "its version, endpoints without the plugin `metrics-by-endpoint`, failures inside their latency",
            tested: "2.0",
        },
    }],
};

const BY_ENDPOINT: &str = "plugins.metrics-by-endpoint.";
/// Neighbouring values of the sketch differ by this share.
const STEP: f64 = 0.04;

#[derive(Deserialize)]
struct Report {
    aggregate: Aggregate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregate {
    #[serde(default)]
    counters: BTreeMap<String, u64>,
    #[serde(default)]
    summaries: BTreeMap<String, Summary>,
    #[serde(default)]
    histograms: BTreeMap<String, Summary>,
    first_metric_at: Option<f64>,
    last_metric_at: Option<f64>,
}

#[derive(Clone, Deserialize)]
struct Summary {
    count: u64,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    p50: Option<f64>,
    p75: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    p999: Option<f64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    // What `artillery run` prints may stand in front.
    let start = text.find('{').context("there is no JSON in it")?;
    let Report { aggregate } = json::document(text.get(start..).unwrap_or(text))?;
    let mut sheet = Sheet::new("artillery", None);
    if let (Some(first), Some(last)) = (aggregate.first_metric_at, aggregate.last_metric_at) {
        sheet.lasted((last - first) / 1e3);
        sheet.started_ms(first);
    }
    let seconds = sheet.provenance().duration_s;
    let requests = aggregate.counter("http.requests");
    if requests == 0 {
        return Err(anyhow!("no HTTP request was made"))
            .hint("only HTTP is read of Artillery's report: look at what it printed");
    }
    let answered = aggregate.counter("http.responses");
    if answered > requests {
        let counted = ("`http.requests`", requests);
        agree(("`http.responses`", answered), counted)?;
    }
    if let Some(timed) = aggregate.summary("http.response_time")
        && timed.count < answered
    {
        sheet.warn(format!(
            "`http.response_time` holds the times of {} of {answered} answers",
            timed.count
        ));
        sheet.provenance().partial = true;
    }
    let unanswered = requests.saturating_sub(answered);
    let failed = aggregate.bad_codes("http.codes.");
    for (name, n) in aggregate
        .counters
        .iter()
        .filter(|(name, _)| name.starts_with("errors."))
        .take(3)
    {
        sheet.warn(format!("{n} times {}", name.trim_start_matches("errors.")));
    }
    let clean = aggregate.summary("http.response_time.2xx").filter(|_| {
        // Redirects are answers too, and stand in a summary of their own.
        aggregate.summary("http.response_time.3xx").is_none()
    });
    let latency = match (clean, aggregate.summary("http.response_time")) {
        (Some(summary), _) => Latency::Successes(Times::ms(summary.evidence()?)),
        (None, Some(summary)) => Latency::All(Times::ms(summary.evidence()?)),
        (None, None) => Latency::Absent,
    };
    let endpoints = aggregate.endpoints();
    let role = if endpoints.is_empty() {
        Role::Outcome
    } else {
        Role::Total
    };
    // Arrivals are what was asked for.
    let rate = |n: u64| seconds.map(|seconds| Throughput::fixed(count(n) / seconds));
    sheet.requests(Requests {
        subject: ALL_REQUESTS,
        role,
        requests,
        failures: failed.saturating_add(unanswered).min(requests),
        latency,
        throughput: rate(requests),
    })?;
    if endpoints.is_empty() {
        sheet.warn("one number for all endpoints hides which of them changed: the plugin `metrics-by-endpoint` tells them apart");
    }
    for (name, summary) in endpoints {
        let failed = aggregate.bad_codes(&format!("{BY_ENDPOINT}{name}.codes."));
        sheet
            .requests(Requests {
                subject: name,
                role: Role::Outcome,
                requests: summary.count,
                failures: failed.min(summary.count),
                latency: Latency::All(Times::ms(summary.evidence()?)),
                throughput: rate(summary.count),
            })
            .with_context(|| format!("`{name}`"))?;
    }
    sheet.run()
}

impl Aggregate {
    fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    fn summary(&self, name: &str) -> Option<&Summary> {
        let found = self
            .summaries
            .get(name)
            .or_else(|| self.histograms.get(name));
        found.filter(|summary| summary.count > 0)
    }

    /// Answers with a status of 400 and above.
    fn bad_codes(&self, prefix: &str) -> u64 {
        let bad = self.counters.iter().filter(|(name, _)| {
            let code = name
                .strip_prefix(prefix)
                .and_then(|code| code.parse::<u16>().ok());
            code.is_some_and(|code| code >= 400)
        });
        bad.map(|(_, n)| n).sum()
    }

    fn endpoints(&self) -> Vec<(&str, &Summary)> {
        let prefix = format!("{BY_ENDPOINT}response_time.");
        let all = if self.summaries.is_empty() {
            &self.histograms
        } else {
            &self.summaries
        };
        all.iter()
            .filter_map(|(name, summary)| Some((name.strip_prefix(&prefix)?, summary)))
            .filter(|(_, summary)| summary.count > 0)
            .collect()
    }
}

impl Summary {
    fn evidence(&self) -> anyhow::Result<crate::model::Evidence> {
        let points = [
            (0.5, self.p50),
            (0.75, self.p75),
            (0.9, self.p90),
            (0.95, self.p95),
            (0.99, self.p99),
            (0.999, self.p999),
        ];
        Spread {
            points: points
                .into_iter()
                .filter_map(|(share, ms)| Some((share, ms?, ms? * STEP)))
                .collect(),
            n: self.count,
            moments: Moments {
                mean: self.mean,
                min: self.min,
                max: self.max,
            },
        }
        .evidence()
    }
}
