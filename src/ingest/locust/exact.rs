//! The list of `--json` and `--json-file`: every rounded response time with its count. It is complete
//! and its sums are exact, and it has no row that sums up all endpoints; none is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};

use super::endpoint::{self, Endpoint, Latency};
use super::rounding;
use crate::hint::WithHint;
use crate::model::evidence::Moments;
use crate::model::unsettled::Counts;
use crate::model::{Point, Quantile, Role, Run};

/// Those that Locust reports elsewhere: `PERCENTILES_TO_REPORT` of `locust/stats.py`.
const REPORTED: [f64; 10] = [0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999];

/// What is read of an entry; versions add keys.
#[derive(Deserialize)]
struct Entry {
    name: String,
    method: Option<String>,
    start_time: Option<f64>,
    last_request_timestamp: Option<f64>,
    num_requests: u64,
    /// Requests that carry no response time.
    #[serde(default)]
    num_none_requests: u64,
    num_failures: u64,
    total_response_time: f64,
    min_response_time: Option<f64>,
    max_response_time: Option<f64>,
    response_times: SlowestFirst,
}

struct SlowestFirst(Vec<(f64, u64)>);

/// From the first request of any endpoint to the last.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    end: f64,
}

pub(super) fn parse(text: &str) -> anyhow::Result<Run> {
    let entries: Vec<Entry> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => {
            return Err(placed(&error))
                .hint("the file may be cut short, or hold other output: `locust --json-file NAME` writes the JSON alone");
        }
    };
    if entries
        .iter()
        .all(|entry| entry.num_requests == 0 && entry.num_failures == 0)
    {
        return Err(anyhow!("no request was made"))
            .hint("look at Locust's output: did any user start?");
    }
    let mut run = endpoint::empty_run();
    let span = Span::of(&entries);
    if let Some(span) = span {
        run.provenance.started_at = span.started_at();
        run.provenance.duration_s = span.seconds();
    }
    let mut seen = BTreeSet::new();
    for (number, entry) in (1..).zip(entries) {
        let (subject, _) =
            endpoint::named(entry.method.as_deref().unwrap_or_default(), &entry.name);
        if !seen.insert(subject.clone()) {
            bail!("entry {number}: there is an earlier one for `{subject}`");
        }
        if entry.num_requests == 0 && entry.num_failures == 0 {
            endpoint::idle(subject, &mut run);
            continue;
        }
        entry
            .endpoint(span)
            .and_then(|endpoint| endpoint.record(&mut run))
            .with_context(|| format!("entry {number} (`{subject}`)"))?;
    }
    Ok(run)
}

/// serde_json's message with the place in front, as everywhere.
fn placed(error: &serde_json::Error) -> anyhow::Error {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    anyhow!("line {}, column {}: {what}", error.line(), error.column())
}

impl Span {
    fn of(entries: &[Entry]) -> Option<Self> {
        let times = |time: fn(&Entry) -> Option<f64>| {
            entries.iter().filter_map(time).filter(|time| *time > 0.0)
        };
        Some(Self {
            start: times(|entry| entry.start_time).reduce(f64::min)?,
            end: times(|entry| entry.last_request_timestamp).reduce(f64::max)?,
        })
    }

    fn seconds(self) -> Option<f64> {
        let seconds = self.end - self.start;
        (seconds.is_finite() && seconds > 0.0).then_some(seconds)
    }

    fn started_at(self) -> Option<jiff::Timestamp> {
        let ms = (self.start * 1e3).round();
        // Beyond 2^53 it is no time, and `jiff` bounds the rest.
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        (ms < 9e15)
            .then_some(ms as i64)
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
    }
}

impl Entry {
    fn endpoint(self, span: Option<Span>) -> anyhow::Result<Endpoint> {
        let (requests, failures) = (self.num_requests, self.num_failures);
        if failures > requests {
            bail!("`num_failures` is {failures}, and `num_requests` is {requests}");
        }
        let (subject, _) = endpoint::named(self.method.as_deref().unwrap_or_default(), &self.name);
        // Locust's own rate (`StatsEntry.total_rps`) is over the whole run too: that of an endpoint
        // which was asked twice in a millisecond is not 2,000 a second.
        let rate = span
            .and_then(Span::seconds)
            .map(|seconds| requests as f64 / seconds);
        Ok(Endpoint {
            subject,
            role: Role::Outcome,
            requests,
            failures,
            latency: self.latency()?,
            requests_per_second: rate,
        })
    }

    fn latency(&self) -> anyhow::Result<Option<Latency>> {
        let timed = self
            .num_requests
            .checked_sub(self.num_none_requests)
            .context("`num_none_requests` is more than `num_requests`")?;
        let SlowestFirst(slowest_first) = &self.response_times;
        let counted = slowest_first
            .iter()
            .try_fold(0_u64, |sum, (_, n)| sum.checked_add(*n));
        if counted != Some(timed) {
            bail!("`response_times` does not count the {timed} timed requests of `num_requests`");
        }
        if timed == 0 {
            return Ok(None);
        }
        let times = [
            Some(self.total_response_time),
            self.min_response_time,
            self.max_response_time,
        ];
        if let Some(time) = times.into_iter().flatten().find(|time| *time < 0.0) {
            bail!("a response time is negative: {time}");
        }
        let slowest_first = slowest_first.iter();
        let counts = Counts::new(
            slowest_first
                .map(|(ms, count)| (rounding::point(*ms), *count))
                .collect(),
            self.num_requests,
        );
        let points: BTreeMap<Quantile, Point> = REPORTED
            .into_iter()
            .filter_map(|q| {
                let quantile = Quantile::from_fraction(q)?;
                Some((quantile, counts.percentile(q)?))
            })
            .collect();
        let moments = Moments {
            mean: Some(self.total_response_time / timed as f64),
            min: self.min_response_time,
            max: self.max_response_time,
        };
        Ok(Some(Latency {
            points,
            n: timed,
            moments,
            counts: Some(counts),
        }))
    }
}

impl<'de> Deserialize<'de> for SlowestFirst {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CountVisitor)
    }
}

/// A map would keep the last of two equal keys, and lose the requests of the first.
struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = SlowestFirst;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("response times in ms with their counts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SlowestFirst, A::Error> {
        let mut counts: Vec<(f64, u64)> = Vec::new();
        while let Some((key, count)) = map.next_entry::<String, u64>()? {
            // Some versions write `120.0`.
            let ms = key
                .parse::<f64>()
                .ok()
                .filter(|ms| ms.is_finite() && *ms >= 0.0);
            let ms =
                ms.ok_or_else(|| A::Error::custom(format!("`{key:.40}` is not a response time")))?;
            counts.push((ms, count));
        }
        counts.sort_by(|a, b| b.0.total_cmp(&a.0));
        if let Some([(ms, _), _]) = counts
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if a.0.total_cmp(&b.0).is_eq()))
        {
            return Err(A::Error::custom(format!(
                "response time {ms} is counted twice"
            )));
        }
        Ok(SlowestFirst(counts))
    }
}
