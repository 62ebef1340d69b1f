//! One point per metric and request. Of nine points of a request, one is its duration; only that is read.

use std::borrow::Cow;

use anyhow::{Context, bail};
use csv::ByteRecord;
use serde::Deserialize;

use super::subject;
use crate::ingest::records::{self, EachRecord, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Columns, Row};
use crate::ingest::sheet::{ALL_REQUESTS, Sheet};
use crate::ingest::source::{End, ResultBytes};
use crate::ingest::{ReadOptions, json};
use crate::model::{Role, Run};

const HTTP: &str = "http_req_duration";
const GRPC: &str = "grpc_req_duration";

pub(super) fn json(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    read(*source, options, each_json)
}

pub(super) fn csv(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    read(*source, options, each_csv)
}

fn read(source: ResultBytes<'_>, options: &ReadOptions, each: EachRecord) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("k6", None);
    let kind = RecordConventions {
        step_ms: 0.0,
        // Neither output names the executor.
        rate_is_fixed: false,
        epoch: true,
    };
    records::read(source, options, kind, each)?.write(&mut sheet)?;
    sheet.run()
}

#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    value: f64,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Default, Deserialize)]
struct Tags<'a> {
    #[serde(borrow)]
    expected_response: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
}

/// A request, whichever output it is from. A tag that a script switched off is empty.
struct Request<'a> {
    is_grpc: bool,
    end_s: f64,
    ms: f64,
    expected_response: &'a str,
    error_code: &'a str,
    group: &'a str,
    method: &'a str,
    name: &'a str,
    status: &'a str,
}

impl Request<'_> {
    fn give(&self, sink: &mut dyn FnMut(&Record<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let name = if self.name.is_empty() {
            ALL_REQUESTS
        } else {
            self.name
        };
        let mut subject = subject(self.method, name);
        let mut role = Role::Outcome;
        for (group, word) in [("::setup", "setup"), ("::teardown", "teardown")] {
            if self.group == group
                || self
                    .group
                    .strip_prefix(group)
                    .is_some_and(|rest| rest.starts_with("::"))
            {
                subject = format!("{word} {subject}");
                role = Role::Fixed;
            }
        }
        let reason = self.failed().then(|| self.reason());
        sink(&Record {
            subject: &subject,
            role,
            // k6 stamps a request when it has ended.
            start_s: Some(self.end_s - self.ms / 1e3),
            ms: self.ms,
            failed: reason.as_deref(),
        })
    }

    fn failed(&self) -> bool {
        match self.expected_response {
            "true" => false,
            "false" => true,
            _ if self.is_grpc => !matches!(self.status, "" | "0"),
            // Where the script left the tag out, k6's own rule.
            _ => match self.status.parse::<u16>() {
                Ok(status) => !(200..400).contains(&status),
                Err(_) => !self.error_code.is_empty(),
            },
        }
    }

    fn reason(&self) -> String {
        match (self.status, self.error_code) {
            ("" | "0", "") => "no answer".to_owned(),
            ("" | "0", code) => format!("no answer (k6's error {code})"),
            (status, _) => format!("status {status}"),
        }
    }
}

/// The name of the metric, without parsing the line: it comes first, but for definitions of metrics.
fn metric(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(br#"{"metric":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    rest.get(..end)
}

#[derive(Deserialize)]
struct AnyLine<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    metric: Cow<'a, str>,
}

fn each_json(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    source.each_line(|_, line| {
        let is_grpc = match metric(line) {
            Some(name) if name == HTTP.as_bytes() => false,
            Some(name) if name == GRPC.as_bytes() => true,
            // Whether the line is whole does not matter to what is not read, unless it is the last one.
            Some(_) if line.ends_with(b"}") => return Ok(()),
            _ => {
                let any: AnyLine<'_> = json::line(line)?;
                if any.r#type != "Point" {
                    return Ok(());
                }
                match any.metric.as_ref() {
                    HTTP => false,
                    GRPC => true,
                    _ => return Ok(()),
                }
            }
        };
        let Point { data } = json::line(line)?;
        let at: jiff::Timestamp = data
            .time
            .parse()
            .with_context(|| format!("`{:.40}` is no time", data.time))?;
        let tag = |tag: &'_ Option<Cow<'_, str>>| tag.as_deref().unwrap_or_default().to_owned();
        let tags = &data.tags;
        let name = tags.name.as_deref().or(tags.url.as_deref());
        Request {
            is_grpc,
            end_s: at.as_duration().as_secs_f64(),
            ms: data.value,
            expected_response: tags.expected_response.as_deref().unwrap_or_default(),
            error_code: tags.error_code.as_deref().unwrap_or_default(),
            group: tags.group.as_deref().unwrap_or_default(),
            method: tags.method.as_deref().unwrap_or_default(),
            name: name.unwrap_or_default(),
            status: &tag(&tags.status),
        }
        .give(sink)
    })
}

/// Where the columns stand; versions of k6 and `systemTags` add and leave out some.
struct Places {
    metric: usize,
    timestamp: usize,
    value: usize,
    expected_response: Option<usize>,
    error_code: Option<usize>,
    group: Option<usize>,
    method: Option<usize>,
    name: Option<usize>,
    url: Option<usize>,
    status: Option<usize>,
}

impl Places {
    fn of(columns: &Columns) -> anyhow::Result<Self> {
        Ok(Self {
            metric: columns.required("metric_name")?,
            timestamp: columns.required("timestamp")?,
            value: columns.required("metric_value")?,
            expected_response: columns.find("expected_response"),
            error_code: columns.find("error_code"),
            group: columns.find("group"),
            method: columns.find("method"),
            name: columns.find("name"),
            url: columns.find("url"),
            status: columns.find("status"),
        })
    }
}

fn each_csv(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut places: Option<(Places, usize)> = None;
    rows::each(source, b',', |_, record: &ByteRecord| {
        let Some((at, columns)) = &places else {
            let columns = Columns::of(record);
            places = Some((Places::of(&columns)?, columns.len()));
            return Ok(());
        };
        let row = Row::of(record);
        // Values of own tags are written as they are, so a row may have more columns than the header.
        if row.len() < *columns {
            bail!("it has {} columns, and the header {columns}", row.len());
        }
        let is_grpc = match row.bytes(at.metric) {
            name if name == HTTP.as_bytes() => false,
            name if name == GRPC.as_bytes() => true,
            _ => return Ok(()),
        };
        let cell = |at: Option<usize>| at.map_or(Ok(""), |at| row.text(at));
        let name = match cell(at.name)? {
            "" => cell(at.url)?,
            name => name,
        };
        Request {
            is_grpc,
            end_s: seconds(row.text(at.timestamp)?)?,
            ms: row.number(at.value, "duration")?,
            expected_response: cell(at.expected_response)?,
            error_code: cell(at.error_code)?,
            group: cell(at.group)?,
            method: cell(at.method)?,
            name,
            status: cell(at.status)?,
        }
        .give(sink)
    })
}

/// `K6_CSV_TIME_FORMAT`: seconds, milliseconds, microseconds or nanoseconds since 1970, or RFC 3339.
fn seconds(text: &str) -> anyhow::Result<f64> {
    let no_time = || format!("`{text:.40}` is no time");
    if text.contains('T') {
        let at: jiff::Timestamp = text.parse().with_context(no_time)?;
        return Ok(at.as_duration().as_secs_f64());
    }
    let number: f64 = text.trim().parse().ok().with_context(no_time)?;
    let size = match number.abs() {
        n if n < 1e11 => 1.0,
        n if n < 1e14 => 1e3,
        n if n < 1e17 => 1e6,
        _ => 1e9,
    };
    Ok(number / size)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn the_time_of_a_csv_is_told_by_its_size() {
        for text in [
            "1795821803",
            "1795821803000",
            "1795821803000000",
            "1795821803000000000",
            "2026-11-27T23:23:23Z",
        ] {
            assert!(
                (seconds(text).unwrap() - 1_795_821_803.0).abs() < 1e-3,
                "{text}"
            );
        }
        assert!(seconds("noon").is_err());
    }
}
