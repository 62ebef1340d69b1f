//! k6's three summaries: the same metrics in three shapes, brought into one.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::subject;
use crate::hint::WithHint;
use crate::ingest::json;
use crate::ingest::sheet::{
    ALL_REQUESTS, Figure, Latency, Requests, Sheet, Spread, Throughput, Times, count, whole,
};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, Role, Run, Unit};

/// What a script adds so that its summary carries what is judged.
const TREND_STATS: &str = "summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'count']";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MetricType {
    Trend,
    Rate,
    Counter,
    Gauge,
}

/// One metric, whichever summary it is from.
#[derive(Clone, Debug)]
struct Metric {
    kind: MetricType,
    /// `time`, `data`, `default`; the export does not say.
    contains: Option<String>,
    values: BTreeMap<String, f64>,
}

#[derive(Default)]
struct Summary {
    version: Option<String>,
    seconds: Option<f64>,
    metrics: BTreeMap<String, Metric>,
    /// Thresholds that failed, as `metric: expression`.
    broken: Vec<String>,
}

#[derive(Deserialize)]
struct Exported {
    metrics: BTreeMap<String, Map<String, Value>>,
}

#[derive(Deserialize)]
struct Handled {
    state: Option<State>,
    metrics: BTreeMap<String, HandledMetric>,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "testRunDurationMs")]
    duration_ms: Option<f64>,
}

#[derive(Deserialize)]
struct HandledMetric {
    r#type: String,
    contains: Option<String>,
    values: Map<String, Value>,
    #[serde(default)]
    thresholds: BTreeMap<String, Threshold>,
}

#[derive(Deserialize)]
struct Threshold {
    ok: bool,
}

#[derive(Deserialize)]
struct MachineReadable {
    config: Config,
    metadata: Metadata,
    results: Results,
}

/// `script` holds the source of the test, which may hold secrets: it is never read.
#[derive(Deserialize)]
struct Config {
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct Metadata {
    k6_version: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    metrics: Vec<NamedMetric>,
    checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    #[serde(default)]
    metrics: Vec<NamedMetric>,
}

#[derive(Deserialize)]
struct NamedMetric {
    name: String,
    #[serde(flatten)]
    metric: HandledMetric,
}

pub(super) fn exported(text: &str) -> anyhow::Result<Run> {
    let exported: Exported = json::document(text)?;
    let mut summary = Summary::default();
    for (name, values) in exported.metrics {
        // In this file `true` says that the threshold failed.
        if let Some(Value::Object(thresholds)) = values.get("thresholds") {
            let failed = thresholds
                .iter()
                .filter(|(_, failed)| **failed == Value::Bool(true));
            summary
                .broken
                .extend(failed.map(|(expression, _)| format!("{name}: {expression}")));
        }
        let values = numbers(&values);
        let has = |keys: &[&str]| keys.iter().all(|key| values.contains_key(*key));
        // It has no types either: the values tell.
        let kind = if has(&["passes", "fails"]) {
            MetricType::Rate
        } else if has(&["count", "rate"]) {
            MetricType::Counter
        } else if has(&["value"]) {
            MetricType::Gauge
        } else {
            MetricType::Trend
        };
        let metric = Metric {
            kind,
            contains: None,
            values,
        };
        summary.metrics.insert(name, metric);
    }
    summary.run()
}

pub(super) fn handled(text: &str) -> anyhow::Result<Run> {
    let handled: Handled = json::document(text)?;
    let mut summary = Summary {
        seconds: handled
            .state
            .and_then(|state| state.duration_ms)
            .map(|ms| ms / 1e3),
        ..Summary::default()
    };
    for (name, metric) in handled.metrics {
        summary.add(name, metric)?;
    }
    summary.run()
}

pub(super) fn machine_readable(text: &str) -> anyhow::Result<Run> {
    let read: MachineReadable = json::document(text)?;
    let mut summary = Summary {
        version: read.metadata.k6_version,
        seconds: read.config.duration,
        ..Summary::default()
    };
    let checks = read.results.checks.map(|checks| checks.metrics);
    for NamedMetric { name, metric } in read
        .results
        .metrics
        .into_iter()
        .chain(checks.unwrap_or_default())
    {
        summary.add(name, metric)?;
    }
    summary.run()
}

/// What is left out of `summaryTrendStats` is null in some versions.
fn numbers(values: &Map<String, Value>) -> BTreeMap<String, f64> {
    let number = |(key, value): (&String, &Value)| Some((key.clone(), value.as_f64()?));
    values.iter().filter_map(number).collect()
}

/// `p(95)`, `p95` and `med` as a share.
fn share(key: &str) -> Option<f64> {
    if key == "med" {
        return Some(0.5);
    }
    let percent = key.strip_prefix('p')?;
    let percent = match percent.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?,
        None => percent,
    };
    let percent: f64 = percent.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

impl Summary {
    fn add(&mut self, name: String, metric: HandledMetric) -> anyhow::Result<()> {
        let kind = match metric.r#type.as_str() {
            "trend" => MetricType::Trend,
            "rate" => MetricType::Rate,
            "counter" => MetricType::Counter,
            "gauge" => MetricType::Gauge,
            other => bail!("metric `{name}`: `{other}` is no type of k6's"),
        };
        let failed = metric
            .thresholds
            .iter()
            .filter(|(_, threshold)| !threshold.ok);
        self.broken
            .extend(failed.map(|(expression, _)| format!("{name}: {expression}")));
        let metric = Metric {
            kind,
            contains: metric.contains,
            values: numbers(&metric.values),
        };
        self.metrics.insert(name, metric);
        Ok(())
    }

    fn value(&self, metric: &str, key: &str) -> Option<f64> {
        self.metrics.get(metric)?.values.get(key).copied()
    }

    /// Failed and all requests of a selection of tags, such as `{name:GET /}`.
    fn failures(&self, tags: &str) -> Option<(u64, u64)> {
        let metric = format!("http_req_failed{tags}");
        let (failed, all) = match (self.value(&metric, "matches"), self.value(&metric, "total")) {
            (Some(matches), Some(total)) => (matches, total),
            // A failed request is a pass of the rate of failures.
            _ => {
                let failed = self.value(&metric, "passes")?;
                (failed, failed + self.value(&metric, "fails")?)
            }
        };
        Some((whole(failed)?, whole(all)?))
    }

    fn requests(&self, tags: &str) -> Option<u64> {
        whole(self.value(&format!("http_reqs{tags}"), "count")?)
    }

    fn run(self) -> anyhow::Result<Run> {
        let mut sheet = Sheet::new("k6", self.version.as_deref());
        let rate = self.value("http_reqs", "rate");
        let seconds = self.seconds.or_else(|| {
            let (requests, rate) = (self.value("http_reqs", "count")?, rate?);
            (rate > 0.0).then(|| requests / rate)
        });
        if let Some(seconds) = seconds {
            for name in ["http_reqs", "iterations"] {
                let counter = [self.value(name, "count"), self.value(name, "rate")];
                super::check_length(name, counter, seconds)?;
            }
            sheet.lasted(seconds);
        }
        if let (Some(min), Some(max)) = (self.value("vus", "min"), self.value("vus", "max"))
            && min.total_cmp(&max).is_eq()
        {
            // Only where they never changed are the users what was asked for.
            sheet.asked("users", max);
        }
        self.total(seconds, &mut sheet)?;
        for name in self.metrics.keys() {
            self.sub_metric(name, &mut sheet)
                .with_context(|| format!("metric `{name}`"))?;
        }
        for (name, metric) in &self.metrics {
            self.other(name, metric, &mut sheet)
                .with_context(|| format!("metric `{name}`"))?;
        }
        for broken in &self.broken {
            sheet.warn(format!("k6's own threshold failed: {broken}"));
        }
        sheet.run()
    }

    fn total(&self, seconds: Option<f64>, sheet: &mut Sheet) -> anyhow::Result<()> {
        let Some(requests) = self.requests("") else {
            if self.metrics.is_empty() {
                return Err(anyhow!("it holds no metric"))
                    .hint("k6 wrote it before anything was measured: look at what it printed");
            }
            // A test of something other than HTTP.
            return Ok(());
        };
        let (failures, counted) = self.failures("").unwrap_or((0, requests));
        if counted != requests {
            bail!("http_req_failed counts {counted} requests, and http_reqs {requests}");
        }
        let clean = "http_req_duration{expected_response:true}";
        let latency = if let Some(metric) = self.metrics.get(clean) {
            let evidence = self.spread(metric, Some(requests - failures))?;
            evidence.map(|evidence| Latency::Successes(Times::ms(evidence)))
        } else if let Some(metric) = self.metrics.get("http_req_duration") {
            let evidence = self.spread(metric, Some(requests))?;
            evidence.map(|evidence| Latency::All(Times::ms(evidence)))
        } else {
            None
        };
        let per_second = seconds.map(|seconds| count(requests) / seconds);
        let missing_tail = self
            .metrics
            .get("http_req_duration")
            .is_some_and(|metric| !metric.values.keys().any(|key| share(key) == Some(0.99)));
        if missing_tail {
            sheet.warn(format!(
                "k6's summary has no p99 and no counts: add `{TREND_STATS}` to the script's options (perfgate's module for k6 exports it: docs/start-k6.md), or use `--out json`"
            ));
        }
        sheet.requests(Requests {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            requests,
            failures,
            latency: latency.unwrap_or(Latency::Absent),
            throughput: per_second.map(Throughput::outcome),
        })
    }

    /// The quantiles of a trend; none where it counted nothing.
    fn spread(&self, metric: &Metric, known: Option<u64>) -> anyhow::Result<Option<Evidence>> {
        let told = metric.values.get("count").and_then(|n| whole(*n));
        // Where nothing says how many there were, one is the only number that is certain.
        let n = told.or(known).unwrap_or(1);
        if n == 0 {
            return Ok(None);
        }
        if let (Some(told), Some(known)) = (told, known)
            && told != known
        {
            bail!("it counts {told} requests, and k6 {known} elsewhere");
        }
        let value = |key: &str| metric.values.get(key).copied();
        let mut points: Vec<(f64, f64, f64)> = Vec::new();
        for (key, value) in &metric.values {
            // `med` and `p(50)` are the same.
            if let Some(share) = share(key)
                && !points
                    .iter()
                    .any(|(known, _, _)| known.total_cmp(&share).is_eq())
            {
                points.push((share, *value, 0.0));
            }
        }
        let spread = Spread {
            points,
            n,
            moments: Moments {
                mean: value("avg"),
                min: value("min"),
                max: value("max"),
            },
        };
        spread.evidence().map(Some)
    }

    /// `http_req_duration{name:GET /search}` is an endpoint; other tags sum up endpoints.
    fn sub_metric(&self, name: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let Some(tags) = name.strip_prefix("http_req_duration") else {
            return Ok(());
        };
        let Some(inner) = tags
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        else {
            return Ok(());
        };
        if inner.replace(' ', "") == "expected_response:true" {
            return Ok(());
        }
        let Some(metric) = self.metrics.get(name) else {
            return Ok(());
        };
        let (subject, role) = selected(inner);
        let failures = self.failures(tags);
        let known = failures.map(|(_, all)| all).or_else(|| self.requests(tags));
        let told = metric.values.get("count").and_then(|n| whole(*n)).or(known);
        if told == Some(0) {
            sheet.warn(format!(
                "no request matches `{name}`: a threshold on it always holds"
            ));
            return Ok(());
        }
        if told.is_none() {
            sheet.warn(format!(
                "k6 does not say how many requests `{subject}` had: it is shown and not judged. Add `count` to `summaryTrendStats`"
            ));
        }
        if let Some((failed, all)) = failures {
            let figure = Figure {
                subject: &subject,
                metric: "errors",
                unit: Unit::none(),
                better: Better::Lower,
                role,
            };
            sheet.put(figure, Evidence::proportion(failed, all))?;
            if failed == all {
                return Ok(());
            }
            if failed > 0 {
                sheet.warn(format!("latency of `{subject}` includes {failed} failed requests of {all}: k6 does not time them apart there"));
            }
        } else if self.failures("").is_some_and(|(failed, _)| failed > 0) {
            sheet.warn(format!("latency of `{subject}` may include failed requests: k6 does not time them apart there"));
        }
        if let Some(evidence) = self.spread(metric, known)? {
            let figure = Figure {
                subject: &subject,
                metric: "latency",
                unit: Unit::new("ms"),
                better: Better::Lower,
                role,
            };
            sheet.put(figure, Ok(evidence))?;
        }
        Ok(())
    }

    /// Everything else belongs to the whole run.
    fn other(&self, name: &str, metric: &Metric, sheet: &mut Sheet) -> anyhow::Result<()> {
        const READ: [&str; 10] = [
            "http_req_duration",
            "http_req_failed",
            "http_reqs",
            "vus",
            "vus_max",
            "iterations",
            "checks",
            "checks_total",
            "checks_succeeded",
            "checks_failed",
        ];
        if name == "checks" || name == "checks_failed" {
            return self.checks(name, sheet);
        }
        if READ.contains(&name) || name.contains('{') {
            return Ok(());
        }
        let short = name.strip_prefix("http_req_");
        let built_in = short.is_some()
            || matches!(
                name,
                "data_sent" | "data_received" | "iteration_duration" | "group_duration"
            );
        let is_time = metric.contains.as_deref() == Some("time")
            || (built_in && metric.kind == MetricType::Trend);
        let unit = match metric.contains.as_deref() {
            _ if is_time => "ms",
            Some("data") => "B",
            _ if name.starts_with("data_") => "B",
            _ => "",
        };
        let figure = Figure {
            subject: ALL_REQUESTS,
            metric: short.unwrap_or(name),
            unit: Unit::new(unit),
            better: if is_time {
                Better::Lower
            } else {
                Better::Higher
            },
            // Only of a time is it known which direction is better, and parts of the latency are no outcome of their own.
            role: if is_time && !built_in {
                Role::Outcome
            } else {
                Role::Fixed
            },
        };
        let evidence = match metric.kind {
            MetricType::Trend => {
                let known = short.and(self.requests(""));
                match self.spread(metric, known)? {
                    Some(evidence) => evidence,
                    None => return Ok(()),
                }
            }
            MetricType::Rate => {
                let (part, all) = match (metric.values.get("matches"), metric.values.get("total")) {
                    (Some(matches), Some(total)) => (*matches, *total),
                    _ => {
                        let passes = metric.values.get("passes").copied().unwrap_or_default();
                        (
                            passes,
                            passes + metric.values.get("fails").copied().unwrap_or_default(),
                        )
                    }
                };
                let (Some(part), Some(all)) = (whole(part), whole(all)) else {
                    bail!("its counts are no whole numbers");
                };
                if all == 0 {
                    return Ok(());
                }
                Evidence::proportion(part, all)?
            }
            MetricType::Counter => match metric.values.get("count") {
                Some(total) => Evidence::value(*total)?,
                None => return Ok(()),
            },
            MetricType::Gauge => match metric.values.get("value") {
                Some(last) => Evidence::value(*last)?,
                None => return Ok(()),
            },
        };
        sheet.put(figure, Ok(evidence))
    }

    /// How many checks of the script failed, of all.
    fn checks(&self, name: &str, sheet: &mut Sheet) -> anyhow::Result<()> {
        let value = |key: &str| self.value(name, key).and_then(whole);
        let counted = match (value("matches"), value("total")) {
            (Some(failed), Some(all)) => Some((failed, all)),
            _ => value("fails")
                .zip(value("passes"))
                .map(|(fails, passes)| (fails, fails + passes)),
        };
        let Some((failed, all)) = counted.filter(|(_, all)| *all > 0) else {
            return Ok(());
        };
        let figure = Figure {
            subject: ALL_REQUESTS,
            metric: "failed_checks",
            unit: Unit::none(),
            better: Better::Lower,
            role: Role::Outcome,
        };
        sheet.put(figure, Evidence::proportion(failed, all))
    }
}

/// The subject that a selection of tags stands for: `name:GET /search` and `method:GET,name:/search` are endpoints.
fn selected(tags: &str) -> (String, Role) {
    let mut name = None;
    let mut method = "";
    let mut others = false;
    // A value may hold commas and colons itself, so a tag begins where a known form does.
    for part in tags.split(',').map(str::trim) {
        match part.split_once(':') {
            Some(("name", value)) => name = Some(value.trim().to_owned()),
            Some(("method", value)) => method = value.trim(),
            Some(("url", value)) if name.is_none() => name = Some(value.trim().to_owned()),
            Some(("expected_response", _)) => {}
            Some((key, _)) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                others = true;
            }
            _ => {
                if let Some(name) = &mut name {
                    name.push_str(", ");
                    name.push_str(part);
                }
            }
        }
    }
    match name {
        Some(name) if !others => (subject(method, &name), Role::Outcome),
        _ => (tags.trim().to_owned(), Role::Total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_in_each_way_they_are_written() {
        assert_eq!(share("p(95)"), Some(0.95));
        assert_eq!(share("p95"), Some(0.95));
        assert_eq!(share("med"), Some(0.5));
        assert!((share("p(99.9)").unwrap() - 0.999).abs() < 1e-12);
        for key in ["passes", "p(101)", "p(", "avg", "p"] {
            assert_eq!(share(key), None, "{key}");
        }
    }

    #[test]
    fn only_a_name_is_an_endpoint() {
        assert_eq!(selected("name:GET /search").0, "GET /search");
        assert_eq!(selected("name:http://h:1/a, b").0, "/a, b");
        assert_eq!(selected("method:PUT,name:/a").0, "PUT /a");
        assert_eq!(
            selected("scenario:buy"),
            ("scenario:buy".to_owned(), Role::Total)
        );
        assert_eq!(selected("name:a,scenario:buy").1, Role::Total);
    }
}
