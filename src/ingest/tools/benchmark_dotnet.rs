//! BenchmarkDotNet's JSON (`*-report-full.json`, `-full-compressed.json`, `-brief.json`, `-brief-compressed.json`).

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::json;
use crate::ingest::sheet::{Figure, Sheet, Spread, of_several};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "benchmarkdotnet",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "BenchmarkDotNet's JSON (`--exporters json`)",
        recognise: |head| {
            head.has_keys(&["Title", "HostEnvironmentInfo"])
                && head.text().contains("\"BenchmarkDotNetVersion\"")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "samples, one for each iteration of the workload, without the outliers that it took out itself; quantiles (p25, p50, p75) and the mean where it does not list them; `allocated` with `[MemoryDiagnoser]`",
            resolution: "none",
            lost: "why a benchmark failed; the machine and the version of .NET; the settings of a job beside its name; collections of garbage; other diagnosers",
            tested: "",
        },
    }],
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    host_environment_info: Host,
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Host {
    #[serde(rename = "BenchmarkDotNetVersion")]
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Benchmark {
    display_info: Option<String>,
    full_name: Option<String>,
    #[serde(rename = "Type")]
    class: Option<String>,
    method: Option<String>,
    parameters: Option<String>,
    /// Null where the benchmark failed.
    statistics: Option<Statistics>,
    memory: Option<Memory>,
}

/// In nanoseconds for one operation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    original_values: Option<Vec<f64>>,
    n: Option<u64>,
    min: Option<f64>,
    q1: Option<f64>,
    median: f64,
    mean: Option<f64>,
    q3: Option<f64>,
    max: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Memory {
    bytes_allocated_per_operation: Option<f64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    let output: Output = json::lenient(text)?;
    let version = output.host_environment_info.version;
    let mut sheet = Sheet::new("benchmarkdotnet", version.as_deref());
    let mut of_name: BTreeMap<String, u32> = BTreeMap::new();
    for benchmark in &output.benchmarks {
        *of_name.entry(benchmark.name()?).or_default() += 1;
    }
    let mut failed = Vec::new();
    for benchmark in &output.benchmarks {
        let mut subject = benchmark.name()?;
        // The same method in several jobs differs in nothing else.
        if of_name.get(&subject) > Some(&1)
            && let Some(job) = benchmark.job()
        {
            subject = format!("{subject} ({job})");
        }
        let failures = u64::from(benchmark.statistics.is_none());
        sheet.failures(&subject, failures, 1)?;
        let Some(statistics) = &benchmark.statistics else {
            failed.push(subject);
            continue;
        };
        if let (Some(values), Some(n)) = (&statistics.original_values, statistics.n)
            && !values.is_empty()
        {
            sheet.holds(&subject, (values.len(), n), "values")?;
        }
        let evidence = statistics
            .evidence()
            .with_context(|| format!("`{subject}`"))?;
        sheet.time(&subject, &Unit::new("ns"), Ok(evidence))?;
        let allocated = benchmark
            .memory
            .as_ref()
            .and_then(|memory| memory.bytes_allocated_per_operation);
        if let Some(bytes) = allocated {
            let figure = Figure {
                subject: &subject,
                metric: "allocated",
                unit: Unit::new("B"),
                better: Better::Lower,
                role: Role::Outcome,
            };
            sheet.put(figure, Evidence::value(bytes))?;
        }
    }
    if failed.len() == output.benchmarks.len() {
        return Err(anyhow!(
            "none of its {} benchmarks was measured",
            failed.len()
        ))
        .hint("look at what BenchmarkDotNet printed: did its filter match one, and did it build?");
    }
    if !failed.is_empty() {
        sheet.warn(format!(
            "{} benchmarks failed: {}",
            failed.len(),
            failed.join(", ")
        ));
    }
    sheet.run()
}

impl Benchmark {
    fn name(&self) -> anyhow::Result<String> {
        if let Some(name) = self.full_name.as_ref().filter(|name| !name.is_empty()) {
            return Ok(name.clone());
        }
        let method = self
            .method
            .as_deref()
            .context("a benchmark has neither `FullName` nor `Method`")?;
        let class = self.class.iter().map(|class| format!("{class}."));
        let parameters = self.parameters.iter().filter(|text| !text.is_empty());
        let parameters = parameters.map(|text| format!("({text})"));
        Ok(class.chain([method.to_owned()]).chain(parameters).collect())
    }

    /// `Md5: Job-ABC(Runtime=.NET 8.0) [N=10]` without what stands around it.
    fn job(&self) -> Option<&str> {
        let (_, job) = self.display_info.as_deref()?.split_once(": ")?;
        Some(job.split(" [").next().unwrap_or(job).trim())
    }
}

impl Statistics {
    fn evidence(&self) -> anyhow::Result<Evidence> {
        if let Some(values) = self.original_values.as_ref().filter(|all| !all.is_empty()) {
            return Ok(Evidence::samples(values.clone())?);
        }
        let point = |share, value: Option<f64>| Some((share, value?, 0.0));
        Spread {
            points: [
                point(0.25, self.q1),
                point(0.5, Some(self.median)),
                point(0.75, self.q3),
            ]
            .into_iter()
            .flatten()
            .collect(),
            n: of_several(self.n)?,
            moments: Moments {
                mean: self.mean,
                min: self.min,
                max: self.max,
            },
        }
        .evidence()
    }
}
