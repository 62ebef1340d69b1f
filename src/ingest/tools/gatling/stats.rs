//! `js/stats.json` of a report: groups hold requests, and the times of successes and failures are apart.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::hint::WithHint;
use crate::ingest::json;
use crate::ingest::sheet::{
    ALL_REQUESTS, CONTRADICTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree, whole,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    path: String,
    stats: Stats,
    #[serde(default)]
    contents: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    number_of_requests: Split,
    min_response_time: Split,
    max_response_time: Split,
    percentiles1: Split,
    percentiles2: Split,
    percentiles3: Split,
    percentiles4: Split,
    mean_number_of_requests_per_second: Split,
}

/// Numbers, or `-` where there is none; some versions write them as text.
#[derive(Deserialize)]
struct Split {
    total: Value,
    ok: Value,
    ko: Value,
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn parse(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("gatling", None);
    sheet.warn("percentiles of stats.json can be configured: that they are p50, p75, p95 and p99 is assumed");
    // `global_stats.json` is the numbers of all requests alone.
    if let Ok(stats) = serde_json::from_str::<Stats>(text) {
        stats.lasted(&mut sheet)?;
        stats.record(ALL_REQUESTS, Role::Outcome, &mut sheet)?;
        return sheet.run();
    }
    let root: Node = json::document(text)?;
    root.stats.lasted(&mut sheet)?;
    root.stats.record(ALL_REQUESTS, Role::Total, &mut sheet)?;
    root.walk(&mut sheet)?;
    sheet.run()
}

impl Node {
    fn walk(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        for node in self.contents.values() {
            // The times of a group are sums over the requests inside it.
            if node.r#type == "REQUEST" {
                let name = plain(&node.path);
                node.stats
                    .record(&name, Role::Outcome, sheet)
                    .with_context(|| format!("`{name}`"))?;
            }
            node.walk(sheet)?;
        }
        Ok(())
    }
}

/// Names are escaped for HTML.
fn plain(name: &str) -> String {
    name.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Two decimals, and the rates of few requests are small.
const RATE_STEP: f64 = 0.01;

impl Stats {
    /// Every rate is over the same seconds, which only the rates tell: those of all requests are told best.
    fn lasted(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let of = &self.mean_number_of_requests_per_second;
        let Some(rate) = number(&of.total).filter(|rate| *rate >= 100.0 * RATE_STEP) else {
            return Ok(());
        };
        let parts = number(&of.ok).unwrap_or(0.0) + number(&of.ko).unwrap_or(0.0);
        if (parts - rate).abs() > 2.0 * RATE_STEP + rate * 0.01 {
            return Err(anyhow!(
                "`meanNumberOfRequestsPerSecond`: `ok` and `ko` together is {parts}, and `total` {rate}"
            ))
            .hint(CONTRADICTS);
        }
        if let Some(requests) = number(&self.number_of_requests.total) {
            sheet.lasted(requests / rate);
        }
        Ok(())
    }

    fn record(&self, subject: &str, role: Role, sheet: &mut Sheet) -> anyhow::Result<()> {
        let counted = |value: &Value| number(value).and_then(whole);
        let total =
            counted(&self.number_of_requests.total).context("`numberOfRequests` is no number")?;
        let failures = counted(&self.number_of_requests.ko).unwrap_or(0);
        let good = counted(&self.number_of_requests.ok).unwrap_or(0);
        agree(
            ("`ok` and `ko` together", good.saturating_add(failures)),
            ("`total`", total),
        )
        .with_context(|| format!("`numberOfRequests` of `{subject}`"))?;
        let points = [
            (0.5, &self.percentiles1),
            (0.75, &self.percentiles2),
            (0.95, &self.percentiles3),
            (0.99, &self.percentiles4),
        ];
        let latency = if good == 0 {
            Latency::Absent
        } else {
            let spread = Spread {
                points: points
                    .into_iter()
                    .filter_map(|(share, split)| Some((share, number(&split.ok)?, 1.0)))
                    .collect(),
                n: good,
                moments: Moments {
                    // Gatling rounds its mean to whole ms, and a mean is taken for exact here.
                    mean: None,
                    min: number(&self.min_response_time.ok),
                    max: number(&self.max_response_time.ok),
                },
            };
            Latency::Successes(Times::ms(spread.evidence()?))
        };
        sheet.requests(Requests {
            subject,
            role,
            requests: total,
            failures,
            latency,
            throughput: number(&self.mean_number_of_requests_per_second.total)
                .map(Throughput::outcome),
        })
    }
}
