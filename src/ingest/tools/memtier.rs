//! memtier_benchmark's JSON (`--json-out-file`).

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, whole,
};
use crate::model::evidence::Moments;
use crate::model::run_file::decode_histogram;
use crate::model::{Evidence, Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "memtier_benchmark",
    class: ToolClass::Load,
    forms: &[Form {
        what: "memtier_benchmark's JSON (`--json-out-file`)",
        recognise: |head| {
            head.has_keys(&["configuration"])
                && head.text().contains("\"run_count\"")
                && head.text().contains("\"key_prefix\"")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "histogram; quantiles (those of `--print-percentiles`) where it cannot be unpacked; the mean in older versions, which write none",
            resolution: "8 µs, from 16 ms on 0.1 % of the value",
            lost: "its version; answers of the server that are errors, which count as answered; hits and misses; of which command a connection error was; runs of `--run-count`, of which it writes the best and the worst (refused)",
            tested: "1.2.17, 1.4.0, 2.3.0",
        },
    }],
};

#[derive(Deserialize)]
struct Output {
    configuration: Map<String, Value>,
    /// Absent where there was more than one run, and where the run was stopped.
    #[serde(rename = "ALL STATS")]
    stats: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Runtime {
    #[serde(rename = "Start time")]
    start_ms: Option<f64>,
    #[serde(rename = "Total duration")]
    duration_ms: Option<f64>,
    #[serde(rename = "Interrupted")]
    interrupted: Option<String>,
}

/// One command, or their sum. Times are in ms.
#[derive(Deserialize)]
struct Commands {
    #[serde(rename = "Count")]
    count: Option<u64>,
    #[serde(rename = "Ops/sec")]
    rate: f64,
    #[serde(rename = "Connection Errors", default)]
    connection_errors: u64,
    #[serde(rename = "Latency")]
    mean: Option<f64>,
    #[serde(rename = "Min Latency")]
    min: Option<f64>,
    #[serde(rename = "Max Latency")]
    max: Option<f64>,
    #[serde(rename = "Percentile Latencies")]
    percentiles: Option<Map<String, Value>>,
}

/// What else stands beside the commands.
const OTHERS: [&str; 3] = ["Runtime", "Totals", "Active Clients"];

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)?;
    let mut sheet = Sheet::new("memtier_benchmark", None);
    let asked = |term: &str| {
        output
            .configuration
            .get(term)
            .filter(|value| !value.is_null())
    };
    if asked("run_count").and_then(Value::as_u64) > Some(1) {
        return Err(anyhow!(
            "it holds more than one run, as a best, a worst and an average one"
        ))
        .hint("leave `--run-count` out, and write each run to a file of its own");
    }
    let stats = output
        .stats
        .ok_or_else(|| anyhow!("it has no `ALL STATS`"))
        .hint("memtier_benchmark was stopped: look at what it printed")?;
    let limit = asked("rate_limit")
        .and_then(Value::as_u64)
        .filter(|limit| *limit > 0);
    for term in [
        "protocol",
        "clients",
        "threads",
        "pipeline",
        "ratio",
        "data_size",
    ] {
        match asked(term) {
            Some(Value::String(value)) => sheet.asked(term, value),
            Some(value) => sheet.asked(term, value),
            None => {}
        }
    }
    if let Some(limit) = limit {
        sheet.asked("rate of each connection", format!("{limit}/s"));
    }
    if let Some(runtime) = stats.get("Runtime") {
        let runtime = Runtime::deserialize(runtime).context("`Runtime`")?;
        if let Some(ms) = runtime.duration_ms {
            sheet.lasted(ms / 1e3);
        }
        if let Some(ms) = runtime.start_ms {
            sheet.started_ms(ms);
        }
        if runtime.interrupted.as_deref() == Some("true") {
            sheet.warn("it was interrupted: the run is shorter than it should have been");
            sheet.provenance().partial = true;
        }
    }
    let totals = stats.get("Totals").context("`ALL STATS` has no `Totals`")?;
    let totals = Commands::deserialize(totals).context("`Totals`")?;
    if totals.count.is_none()
        && sheet.provenance().duration_s.is_none()
        && let Some(seconds) = duration_asked(&output.configuration, totals.rate)
    {
        sheet.lasted(seconds);
    }
    // The lists beside them are the same times once more, as a histogram for people.
    let all: Vec<(&String, &Value)> = stats
        .iter()
        .filter(|(name, value)| value.is_object() && !OTHERS.contains(&name.as_str()))
        .collect();
    let mut made = Vec::new();
    for (name, value) in all {
        let commands = Commands::deserialize(value).with_context(|| format!("`{name}`"))?;
        if commands.rate > 0.0 || commands.count > Some(0) {
            made.push((name.as_str(), commands));
        }
    }
    let broken = totals.connection_errors;
    if broken > 0 {
        sheet.warn(format!(
            "{broken} connections broke or could not be made: they count as failed requests of `{ALL_REQUESTS}`"
        ));
    }
    // Only the sum counts them, so it has to be judged for them.
    let role = if broken > 0 {
        Role::Outcome
    } else {
        Role::Total
    };
    if made.len() > 1 || broken > 0 {
        totals
            .write((ALL_REQUESTS, role), limit.is_some(), &mut sheet)
            .context("`Totals`")?;
    }
    for (name, commands) in made {
        commands
            .write((name, Role::Outcome), limit.is_some(), &mut sheet)
            .with_context(|| format!("`{name}`"))?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("no request was made"))
            .hint("look at what memtier_benchmark printed: did it reach the server?");
    }
    sheet.run()
}

/// How long a run lasted whose result tells neither that nor counts (1.2): what was asked for, in seconds, or in requests
/// of which it made so many a second.
fn duration_asked(configuration: &Map<String, Value>, rate: f64) -> Option<f64> {
    let asked = |term: &str| configuration.get(term)?.as_f64().filter(|n| *n > 0.0);
    asked("test_time").or_else(|| {
        let requests = asked("requests")? * asked("clients")? * asked("threads")?;
        (rate > 0.0).then(|| requests / rate)
    })
}

impl Commands {
    fn write(
        self,
        (subject, role): (&str, Role),
        rate_is_fixed: bool,
        sheet: &mut Sheet,
    ) -> anyhow::Result<()> {
        let count = match (self.count, sheet.provenance().duration_s) {
            (Some(count), _) => count,
            // Older versions tell it by rate and duration, if at all.
            (None, Some(seconds)) => {
                whole((self.rate * seconds).round()).context("its `Ops/sec` is no rate")?
            }
            (None, None) => bail!("it has neither `Count` nor the duration of the run"),
        };
        let latency = if count == 0 {
            Latency::Absent
        } else {
            Latency::Successes(Times::ms(self.times(count)?))
        };
        let throughput = if rate_is_fixed {
            Throughput::fixed(self.rate)
        } else {
            Throughput::outcome(self.rate)
        };
        sheet.requests(Requests {
            subject,
            role,
            requests: count.saturating_add(self.connection_errors),
            failures: self.connection_errors,
            latency,
            throughput: Some(throughput),
        })
    }

    fn times(&self, count: u64) -> anyhow::Result<Evidence> {
        let packed = self
            .percentiles
            .as_ref()
            .and_then(|all| all.get("Histogram log format")?.get("Compressed Histogram"))
            .and_then(Value::as_str);
        // It holds whole microseconds.
        if let Some(histogram) = packed.and_then(|text| decode_histogram(text).ok())
            && !histogram.is_empty()
        {
            return Ok(Evidence::rounded_histogram(histogram, 1e-3, FINEST_MS)?);
        }
        let points = self.percentiles.iter().flatten().filter_map(|(name, ms)| {
            let per_cent: f64 = name.strip_prefix('p')?.parse().ok()?;
            let ms = ms.as_f64()?;
            Some((per_cent / 100.0, ms, (ms / 1e3).max(FINEST_MS)))
        });
        Spread {
            points: points.collect(),
            n: count,
            moments: Moments {
                // 2.3.0 writes 0 for the sum of the commands.
                mean: self.mean.filter(|mean| *mean > 0.0),
                min: self.min,
                max: self.max,
            },
        }
        .evidence()
    }
}

/// The finest step of its histogram, which counts from 10 µs with three digits.
/// <https://github.com/RedisLabs/memtier_benchmark/blob/master/run_stats_types.h>, `LATENCY_HDR_MIN_VALUE`.
const FINEST_MS: f64 = 0.008;
