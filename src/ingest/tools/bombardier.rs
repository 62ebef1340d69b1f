//! bombardier's JSON (`--print result --format json`, with `--latencies` for percentiles), and the text that it prints
//! unless it is told otherwise.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::outline::Outline;
use crate::ingest::records::shortened;
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, count,
};
use crate::ingest::{endpoint, json, quantity};
use crate::model::evidence::Moments;
use crate::model::{Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "bombardier",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "bombardier's JSON (`-o json`)",
            recognise: |head| {
                head.has_keys(&["spec", "result"]) && is_spec(head)
                    || head.has_line("Bombarding ")
                        && head
                            .lines()
                            .any(|line| Outline::of(line).is_some_and(|o| o.has_all(&["spec"])))
            },
            read: Read::Whole(parse),
            facts: Facts {
                evidence: QUANTILES,
                resolution: "1 µs",
                lost: "its version, failures inside the latency",
                tested: "1.2.6",
            },
        },
        Form {
            what: "bombardier's text",
            recognise: |head| head.lines().any(is_head_of_table),
            read: Read::Whole(text),
            facts: Facts {
                evidence: QUANTILES,
                resolution: "two decimals of ms or s, 1 µs below",
                lost: "its version, the method, the rate that was asked for, how long it took, the throughput (its `Reqs/sec` is the mean of short steps, which was twice the truth where few requests fell into one), failures inside the latency; without its first line (`-p r`) the address and the connections",
                tested: "1.2.6",
            },
        },
    ],
};

const QUANTILES: &str =
    "quantiles (with `--latencies`: p50, p75, p90, p95, p99), else mean and maximum";

fn is_head_of_table(line: &str) -> bool {
    line.split_whitespace()
        .eq(["Statistics", "Avg", "Stdev", "Max"])
}

fn is_spec(head: &Head<'_>) -> bool {
    head.text().contains("\"numberOfConnections\"")
}

/// Whole microseconds.
const STEP_MS: f64 = 0.001;

#[derive(Deserialize)]
struct Output {
    spec: Spec,
    result: RunResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    number_of_connections: u64,
    method: String,
    url: String,
    rate: Option<u64>,
    /// With `-n`.
    number_of_requests: Option<u64>,
    /// With `-d`.
    test_duration_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunResult {
    time_taken_seconds: f64,
    req1xx: u64,
    req2xx: u64,
    req3xx: u64,
    req4xx: u64,
    req5xx: u64,
    others: u64,
    #[serde(default)]
    errors: Vec<Failure>,
    latency: Microseconds,
    rps: Option<Rates>,
}

/// Of requests a second, in steps of some milliseconds.
#[derive(Deserialize)]
struct Rates {
    mean: f64,
}

#[derive(Deserialize)]
struct Failure {
    description: String,
    count: u64,
}

/// In microseconds, though no unit is named.
#[derive(Deserialize)]
struct Microseconds {
    mean: f64,
    max: f64,
    #[serde(default)]
    percentiles: BTreeMap<String, f64>,
}

fn parse(text: &str) -> anyhow::Result<Run> {
    // `-p intro,result` puts a line of text in front.
    let start = text
        .find("{\"spec\"")
        .or_else(|| text.find('{'))
        .context("there is no JSON in it")?;
    let output: Output = json::document(text.get(start..).unwrap_or(text))?;
    let Output { spec, result } = output;
    let answered = [
        result.req1xx,
        result.req2xx,
        result.req3xx,
        result.req4xx,
        result.req5xx,
    ]
    .into_iter()
    .fold(0_u64, u64::saturating_add);
    let requests = answered.saturating_add(result.others);
    let failures = result
        .req4xx
        .saturating_add(result.req5xx)
        .saturating_add(result.others);
    if requests == 0 {
        return Err(anyhow!("no request was made"))
            .hint("look at what bombardier printed: did it reach the service?");
    }
    let mut sheet = Sheet::new("bombardier", None);
    sheet.lasted(result.time_taken_seconds);
    let subject = endpoint::named(&spec.method, &spec.url);
    if let Some(asked) = spec.number_of_requests {
        sheet.holds(&subject, (usize::try_from(requests)?, asked), "requests")?;
    }
    let seconds = result.time_taken_seconds;
    if let Some(asked) = spec.test_duration_seconds {
        sheet.asked_to_last(asked, seconds);
    }
    sheet.asked("connections", spec.number_of_connections);
    if let Some(rate) = spec.rate {
        sheet.asked("rate", format!("{rate}/s"));
    }
    for failure in result.errors.iter().take(3) {
        sheet.warn(format!(
            "{} requests failed with {}",
            failure.count,
            shortened(&failure.description)
        ));
    }
    let ms = |us: f64| us / 1e3;
    let spread = Spread {
        points: result
            .latency
            .percentiles
            .iter()
            .filter_map(|(percent, us)| {
                Some((percent.parse::<f64>().ok()? / 100.0, ms(*us), STEP_MS))
            })
            .collect(),
        n: requests,
        moments: Moments {
            mean: Some(ms(result.latency.mean)),
            min: None,
            max: Some(ms(result.latency.max)),
        },
    };
    if spread.points.is_empty() {
        sheet.warn("there are no percentiles: run bombardier with `--latencies`");
    }
    let per_second = count(requests) / seconds;
    // A single step of it may be far off, so that it is no proof.
    if let Some(rates) = &result.rps
        && !(per_second / 2.0..=per_second * 2.0).contains(&rates.mean)
    {
        sheet.warn(format!(
            "{requests} requests in {seconds:.1} s are {per_second:.1} a second, and it counts {:.1} a second",
            rates.mean
        ));
    }
    let rate = if spec.rate.is_some() {
        Throughput::fixed(per_second)
    } else {
        Throughput::outcome(per_second)
    };
    sheet.requests(Requests {
        subject: &subject,
        role: Role::Outcome,
        requests,
        failures,
        latency: Latency::All(Times::ms(spread.evidence()?)),
        throughput: (answered > 0 && per_second.is_finite()).then_some(rate),
    })?;
    sheet.run()
}

/// What the text says, line by line.
#[derive(Default)]
struct Seen {
    /// `Bombarding URL for 10s using 2 connection(s)`.
    path: Option<String>,
    asked: Option<u64>,
    connections: Option<u64>,
    moments: Moments,
    in_distribution: bool,
    points: Vec<(f64, f64, f64)>,
    in_errors: bool,
    errors: Vec<(String, u64)>,
    /// Of the status codes from 1xx to 5xx.
    codes: Option<[u64; 5]>,
    /// Requests without a status.
    others: Option<u64>,
}

fn text(text: &str) -> anyhow::Result<Run> {
    if text.lines().filter(|line| is_head_of_table(line)).count() > 1 {
        return Err(anyhow!(
            "it holds the output of more than one run of bombardier"
        ))
        .hint("write each run to a file of its own");
    }
    let mut seen = Seen::default();
    for (number, line) in (1..).zip(text.lines()) {
        seen.line(line)
            .with_context(|| format!("line {number}: `{line:.60}`"))?;
    }
    seen.run()
}

impl Seen {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        if let Some((url, load)) = line
            .strip_prefix("Bombarding ")
            .and_then(|rest| rest.split_once(' '))
        {
            self.path = Some(endpoint::path(url).to_owned());
            let words: Vec<&str> = load.split_whitespace().collect();
            match words.as_slice() {
                ["with", requests, "request(s)", "using", connections, ..] => {
                    self.asked = Some(requests.parse().context("it tells no requests")?);
                    self.connections = connections.parse().ok();
                }
                ["for", _, "using", connections, ..] => {
                    self.connections = connections.parse().ok();
                }
                _ => {}
            }
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Latency", "Distribution"] => self.in_distribution = true,
            ["Latency", mean, _, max] => {
                let ms = |text: &str| quantity::time(text).map(|time| time.ms().0);
                self.moments.mean = Some(ms(mean).context("it has no mean")?);
                self.moments.max = Some(ms(max).context("it has no maximum")?);
            }
            ["HTTP", "codes:"] => self.in_distribution = false,
            [share, value] if self.in_distribution && share.ends_with('%') => {
                let share: f64 = share.trim_end_matches('%').parse()?;
                let (ms, step) = quantity::time(value).context("it has no time")?.ms();
                self.points.push((share / 100.0, ms, step.max(STEP_MS)));
            }
            ["1xx", ..] => self.codes = Some(codes(line)?),
            ["others", "-", others] => self.others = Some(others.parse()?),
            ["Errors:"] => self.in_errors = true,
            ["Throughput:", ..] => self.in_errors = false,
            [.., "-", count] if self.in_errors => {
                let what = line.trim().rsplit_once(" - ").map_or("", |(what, _)| what);
                self.errors.push((what.trim().to_owned(), count.parse()?));
            }
            _ => {}
        }
        Ok(())
    }

    fn run(self) -> anyhow::Result<Run> {
        let cut = || anyhow!("it ends before its counts of status codes");
        let hint = "bombardier was stopped, or could not start: look at what it printed";
        let codes = self.codes.ok_or_else(cut).hint(hint)?;
        let others = self.others.ok_or_else(cut).hint(hint)?;
        let answered = codes.into_iter().fold(0_u64, u64::saturating_add);
        let requests = answered.saturating_add(others);
        let [_, _, _, of_client, of_server] = codes;
        let failures = [of_client, of_server, others]
            .into_iter()
            .fold(0_u64, u64::saturating_add);
        if requests == 0 {
            return Err(anyhow!("no request was made"))
                .hint("look at what bombardier printed: did it reach the service?");
        }
        let mut sheet = Sheet::new("bombardier", None);
        let subject = self.path.unwrap_or_else(|| ALL_REQUESTS.to_owned());
        if let Some(asked) = self.asked {
            sheet.holds(&subject, (usize::try_from(requests)?, asked), "requests")?;
        }
        if let Some(connections) = self.connections {
            sheet.asked("connections", connections);
        }
        for (what, count) in self.errors.iter().take(3) {
            sheet.warn(format!("{count} requests failed with {}", shortened(what)));
        }
        let latency = if self.points.is_empty() && self.moments.mean.is_none() {
            Latency::Absent
        } else {
            if self.points.is_empty() {
                sheet.warn("there are no percentiles: run bombardier with `--latencies`");
            }
            let spread = Spread {
                points: self.points,
                n: requests,
                moments: self.moments,
            };
            Latency::All(Times::ms(spread.evidence()?))
        };
        sheet.requests(Requests {
            subject: &subject,
            role: Role::Outcome,
            requests,
            failures,
            latency,
            throughput: None,
        })?;
        sheet.run()
    }
}

/// `1xx - 0, 2xx - 149, 3xx - 0, 4xx - 0, 5xx - 0`.
fn codes(line: &str) -> anyhow::Result<[u64; 5]> {
    let mut codes = [0; 5];
    let mut cells = line.split(',');
    for (of, name) in codes.iter_mut().zip(["1xx", "2xx", "3xx", "4xx", "5xx"]) {
        let cell = cells.next().and_then(|cell| cell.trim().strip_prefix(name));
        let number = cell.and_then(|cell| cell.trim().strip_prefix('-'));
        *of = number
            .with_context(|| format!("it does not count {name}"))?
            .trim()
            .parse()?;
    }
    Ok(codes)
}
