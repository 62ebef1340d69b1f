//! goose (Rust): `report.json`, of 0.18 and 0.19.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::records::Recorder;
use crate::ingest::sheet::{Latency, Requests, Sheet, Throughput, Times, count};
use crate::model::{Evidence, Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "goose",
    class: ToolClass::Load,
    forms: &[Form {
        what: "goose's report.json",
        recognise: |head| {
            head.has_keys(&["raw_metrics"])
                || head.is_json()
                    && head.text().contains("\"goose_version\"")
                    && head.text().contains("\"raw_metrics\"")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "histogram",
            resolution: "1.6 % of the value (0.19), 1 ms (0.18)",
            lost: "failures inside the latency; the requests before all users had started, unless `--no-reset-metrics`; the version (0.18)",
            tested: "0.19.0",
        },
    }],
};

#[derive(Deserialize)]
struct Report {
    goose_version: Option<String>,
    started: Option<String>,
    raw_metrics: Metrics,
}

#[derive(Deserialize)]
struct Metrics {
    duration: Option<f64>,
    total_users: Option<u64>,
    requests: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    raw_data: RawData,
    success_count: u64,
    fail_count: u64,
}

#[derive(Deserialize)]
struct RawData {
    counter: u64,
    /// 0.19: microseconds, in buckets.
    times_us: Option<BTreeMap<String, u64>>,
    /// 0.18: whole milliseconds.
    times: Option<BTreeMap<String, u64>>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let report: Report = json::document(text)?;
    let mut sheet = Sheet::new("goose", report.goose_version.as_deref());
    sheet.provenance().started_at = report.started.as_deref().and_then(|at| at.parse().ok());
    let metrics = report.raw_metrics;
    if let Some(seconds) = metrics.duration {
        sheet.lasted(seconds);
    }
    if let Some(users) = metrics.total_users {
        sheet.asked("users", users);
    }
    let seconds = sheet.provenance().duration_s;
    let made = metrics
        .requests
        .iter()
        .filter(|(_, endpoint)| endpoint.success_count + endpoint.fail_count > 0);
    let mut any = false;
    for (name, endpoint) in made {
        any = true;
        let requests = endpoint.success_count.saturating_add(endpoint.fail_count);
        let latency = endpoint
            .raw_data
            .evidence(requests)
            .with_context(|| format!("`{name}`"))?;
        sheet.requests(Requests {
            subject: name,
            role: Role::Outcome,
            requests,
            failures: endpoint.fail_count,
            latency: latency.map_or(Latency::Absent, |evidence| {
                Latency::All(Times::ms(evidence))
            }),
            // The whole seconds of the run are too coarse for a check, and fine enough for a rate.
            throughput: seconds.map(|seconds| Throughput::outcome(count(requests) / seconds)),
        })?;
    }
    if !any {
        return Err(anyhow!("no request was made"))
            .hint("look at what goose printed: did it reach the service?");
    }
    sheet.run()
}

impl RawData {
    fn evidence(&self, requests: u64) -> anyhow::Result<Option<Evidence>> {
        let (times, per_ms) = match (&self.times_us, &self.times) {
            (Some(times), _) => (times, 1e3),
            (None, Some(times)) => (times, 1.0),
            (None, None) => bail!("it has neither `times_us` nor `times`"),
        };
        let mut recorder = Recorder::new()?;
        for (key, n) in times {
            let value: f64 = key
                .parse()
                .with_context(|| format!("`{key:.40}` is no time"))?;
            recorder.add_n_ms(value / per_ms, *n)?;
        }
        let counted: u64 = times.values().sum();
        if counted != self.counter || counted > requests {
            bail!("its times count {counted} requests, and it has {requests}");
        }
        // Buckets of µs grow with the value: a step of the typical one is a sixty-fourth of the mean.
        let step = if self.times_us.is_some() {
            recorder.mean_ms() / 64.0
        } else {
            1.0
        };
        recorder.evidence(step)
    }
}
