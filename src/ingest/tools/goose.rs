//! goose (Rust): `report.json`, of 0.18 and 0.19, and the log of its requests (`--request-log`) in each of its formats.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::json;
use crate::ingest::records::{self, EachRecord, Record, RecordConventions, Recorder, Sink};
use crate::ingest::rows::{self, Columns, Row};
use crate::ingest::sheet::{Latency, Requests, Sheet, Throughput, Times, agree, count};
use crate::ingest::source::{End, ResultBytes};
use crate::model::{Evidence, Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "goose",
    class: ToolClass::Load,
    forms: &[
        Form {
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
        },
        Form {
            what: "goose's log of requests as JSON (`--request-format json`)",
            recognise: |head| {
                head.has_keys(&["elapsed", "scenario_index", "coordinated_omission_elapsed"])
            },
            read: Read::Stream(|source, options| log(source, options, each_json)),
            facts: LOG,
        },
        Form {
            what: "goose's log of requests as CSV (`--request-format csv`)",
            recognise: |head| {
                let columns = head.columns(',');
                columns.first() == Some(&"elapsed")
                    && columns.contains(&"coordinated_omission_elapsed")
            },
            read: Read::Stream(|source, options| log(source, options, each_csv)),
            facts: LOG,
        },
        Form {
            what: "goose's log of requests as it is in memory (`--request-format raw`)",
            recognise: |head| head.starts_with(RAW),
            read: Read::Stream(|source, options| log(source, options, each_raw)),
            facts: LOG,
        },
    ],
};

/// How each line of the raw log begins.
const RAW: &str = "GooseRequestMetric { elapsed: ";

const LOG: Facts = Facts {
    evidence: "histogram",
    resolution: "1 µs (0.19), 1 ms (0.18)",
    lost: "its version, the users; it holds the requests before all users had started, which the report leaves out",
    tested: "0.19.0",
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
        let timed = usize::try_from(endpoint.raw_data.counter)?;
        sheet.holds(name, (timed, requests), "times")?;
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
        let times = ("the number of its times", counted);
        agree(times, ("`counter`", self.counter))?;
        if counted > requests {
            agree(times, ("that of its successes and failures", requests))?;
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

/// One line of the log. A request that the test called a failure (or no failure) afterwards has a second line.
struct Hit<'a> {
    elapsed_ms: u64,
    user: u64,
    method: &'a str,
    name: Cow<'a, str>,
    ms: f64,
    success: bool,
    status: u16,
    error: Cow<'a, str>,
    update: bool,
}

/// The last request of a user, until it is known that no second line corrects it.
struct Held {
    elapsed_ms: u64,
    subject: String,
    ms: f64,
    failed: Option<String>,
}

#[derive(Default)]
struct Users {
    last: HashMap<u64, Held>,
}

impl Users {
    fn add(&mut self, hit: &Hit<'_>, sink: Sink<'_>) -> anyhow::Result<()> {
        let failed = (!hit.success).then(|| match hit.error.as_ref() {
            "" => format!("status {}", hit.status),
            error => error.to_owned(),
        });
        let held = Held {
            elapsed_ms: hit.elapsed_ms,
            subject: format!("{} {}", hit.method.to_ascii_uppercase(), hit.name),
            ms: hit.ms,
            failed,
        };
        match self.last.insert(hit.user, held) {
            // The second line stands in place of the first.
            Some(before) if hit.update && before.elapsed_ms == hit.elapsed_ms => Ok(()),
            Some(before) => before.give(sink),
            None => Ok(()),
        }
    }

    fn end(self, sink: Sink<'_>) -> anyhow::Result<()> {
        let mut rest: Vec<(u64, Held)> = self.last.into_iter().collect();
        rest.sort_by_key(|(user, _)| *user);
        rest.into_iter().try_for_each(|(_, held)| held.give(sink))
    }
}

impl Held {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
    fn give(&self, sink: Sink<'_>) -> anyhow::Result<()> {
        sink(&Record {
            subject: &self.subject,
            role: Role::Outcome,
            start_s: Some(self.elapsed_ms as f64 / 1e3),
            ms: self.ms,
            failed: self.failed.as_deref(),
        })
    }
}

fn log(source: &ResultBytes<'_>, options: &ReadOptions, each: EachRecord) -> anyhow::Result<Run> {
    let start = source.head()?;
    let head = Head::of(&start);
    // 0.18 writes whole milliseconds and nothing else.
    let has_us =
        ["response_time_us", "response_time_fraction_us"].map(|key| head.text().contains(key));
    let kind = RecordConventions {
        step_ms: if has_us.contains(&true) { 0.001 } else { 1.0 },
        rate_is_fixed: false,
        epoch: false,
    };
    let mut sheet = Sheet::new("goose", None);
    records::read(*source, options, kind, each)?.write(&mut sheet)?;
    sheet.run()
}

#[derive(Deserialize)]
struct Line<'a> {
    elapsed: u64,
    #[serde(borrow)]
    raw: RawRequest<'a>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    response_time: f64,
    response_time_fraction_us: Option<f64>,
    status_code: u16,
    success: bool,
    update: bool,
    user: u64,
    #[serde(borrow)]
    error: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawRequest<'a> {
    method: &'a str,
}

fn each_json(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut users = Users::default();
    let end = source.each_line(|_, line| {
        let line: Line<'_> = json::line(line)?;
        let hit = Hit {
            elapsed_ms: line.elapsed,
            user: line.user,
            method: line.raw.method,
            name: line.name,
            ms: line.response_time + line.response_time_fraction_us.unwrap_or(0.0) / 1e3,
            success: line.success,
            status: line.status_code,
            error: line.error,
            update: line.update,
        };
        users.add(&hit, sink)
    })?;
    users.end(sink)?;
    Ok(end)
}

fn each_csv(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut columns: Option<Columns> = None;
    let mut users = Users::default();
    let end = rows::each(source, b',', |_, record| {
        let Some(known) = &columns else {
            columns = Some(Columns::of(record));
            return Ok(());
        };
        let row = Row::of(record);
        let at = |name| known.required(name);
        let ms = match known.find("response_time_us") {
            Some(us) => row.number::<f64>(us, "time in µs")? / 1e3,
            None => row.number(at("response_time")?, "time in ms")?,
        };
        // `GooseRawRequest { method: Post, url: "…", …`
        let raw = row.text(at("raw")?)?;
        let method = raw
            .split_once("method: ")
            .and_then(|(_, rest)| rest.split(',').next())
            .context("column `raw`: it has no method")?;
        let hit = Hit {
            elapsed_ms: row.number(at("elapsed")?, "time in ms")?,
            user: row.number(at("user")?, "number of a user")?,
            method,
            name: row.text(at("name")?)?.into(),
            ms,
            success: row.number(at("success")?, "true or false")?,
            status: row.number(at("status_code")?, "status")?,
            error: row.text(at("error")?)?.into(),
            update: row.number(at("update")?, "true or false")?,
        };
        users.add(&hit, sink)
    })?;
    users.end(sink)?;
    Ok(end)
}

fn each_raw(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut users = Users::default();
    let end = source.each_line(|_, line| {
        let text = std::str::from_utf8(line).context("it is not UTF-8")?;
        let fields = fields(text);
        let word = |name: &str| {
            let field = fields.iter().find(|(known, _)| *known == name);
            field
                .map(|(_, value)| *value)
                .with_context(|| format!("it has no `{name}`"))
        };
        let number = |name: &str| -> anyhow::Result<f64> {
            let value = word(name)?;
            value
                .parse()
                .with_context(|| format!("`{name}`: `{value:.40}` is no number"))
        };
        let whole = |name: &str| -> anyhow::Result<u64> {
            let value = word(name)?;
            value
                .parse()
                .with_context(|| format!("`{name}`: `{value:.40}` is no whole number"))
        };
        let hit = Hit {
            elapsed_ms: whole("elapsed")?,
            user: whole("user")?,
            method: word("method")?,
            name: unquoted(word("name")?),
            ms: number("response_time")? + number("response_time_fraction_us").unwrap_or(0.0) / 1e3,
            success: word("success")? == "true",
            status: u16::try_from(whole("status_code")?).context("`status_code`")?,
            error: unquoted(word("error")?),
            update: word("update")? == "true",
        };
        users.add(&hit, sink)
    })?;
    users.end(sink)?;
    Ok(end)
}

/// `name: value` of Rust's own text of a value, at any depth; what stands between quotes is one value.
fn fields(line: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut name = None;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b':' => {
                name = line.get(start..at).map(str::trim);
                start = at + 1;
            }
            b',' | b'{' | b'}' => {
                let value = line.get(start..at).map_or("", str::trim);
                fields.extend(name.take().map(|name| (name, value)));
                start = at + 1;
            }
            _ => {}
        }
    }
    fields
}

fn unquoted(text: &str) -> Cow<'_, str> {
    let inside = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    if inside.contains('\\') {
        inside.replace("\\\"", "\"").replace("\\\\", "\\").into()
    } else {
        inside.into()
    }
}
