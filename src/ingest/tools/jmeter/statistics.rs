//! `statistics.json` of the dashboard: one entry per label, and `Total`.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::STEP_MS;
use crate::ingest::json;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, count,
};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    sample_count: u64,
    error_count: u64,
    error_pct: Option<f64>,
    mean_res_time: f64,
    median_res_time: Option<f64>,
    min_res_time: f64,
    max_res_time: f64,
    pct1_res_time: f64,
    pct2_res_time: f64,
    pct3_res_time: f64,
    throughput: Option<f64>,
}

pub(super) fn parse(text: &str) -> anyhow::Result<Run> {
    let entries: BTreeMap<String, Entry> = json::document(text)?;
    let mut sheet = Sheet::new("jmeter", None);
    sheet.warn("percentiles of statistics.json can be configured: that they are p90, p95 and p99 is assumed");
    for (label, entry) in &entries {
        if entry.sample_count == 0 {
            continue;
        }
        entry
            .record(label, &mut sheet)
            .with_context(|| format!("`{label}`"))?;
    }
    sheet.run()
}

impl Entry {
    fn record(&self, label: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let points = [
            (0.5, self.median_res_time),
            (0.9, Some(self.pct1_res_time)),
            (0.95, Some(self.pct2_res_time)),
            (0.99, Some(self.pct3_res_time)),
        ];
        let spread = Spread {
            points: points
                .into_iter()
                .filter_map(|(share, ms)| Some((share, ms?, STEP_MS)))
                .collect(),
            n: self.sample_count,
            moments: Moments {
                mean: Some(self.mean_res_time),
                min: Some(self.min_res_time),
                max: Some(self.max_res_time),
            },
        };
        if let Some(percent) = self.error_pct {
            let counted = count(self.error_count) / count(self.sample_count) * 100.0;
            if (percent - counted).abs() > 0.1 {
                bail!("`errorPct` is {percent}, and by `errorCount` it is {counted}");
            }
        }
        let is_total = label == "Total";
        sheet.requests(Requests {
            subject: if is_total { ALL_REQUESTS } else { label },
            role: if is_total { Role::Total } else { Role::Outcome },
            requests: self.sample_count,
            failures: self.error_count,
            latency: Latency::All(Times::ms(spread.evidence()?)),
            throughput: self.throughput.map(Throughput::outcome),
        })
    }
}
