//! pgbench: its text, and the log of each transaction (`--log`).

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::quantity;
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{
    ALL_REQUESTS, CONTRADICTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree, count,
};
use crate::ingest::source::{End, ResultBytes};
use crate::model::evidence::Moments;
use crate::model::{MetricName, Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "pgbench",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "pgbench's log of transactions (`--log`)",
            recognise: is_log,
            read: Read::Stream(log),
            facts: Facts {
                evidence: "histogram",
                resolution: "1 µs",
                lost: "its version, the names of the scripts, the clients; with `--sampling-rate` the throughput; the throughput with `--rate` or `--max-tries` is shown and not judged",
                tested: "15.18",
            },
        },
        Form {
            what: "pgbench's text",
            recognise: |head| {
                head.has_line("transaction type: ")
                    && head.has_line("number of transactions actually processed:")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "the mean (it has no percentiles: use `--log`)",
                resolution: "1 µs",
                lost: "the address, the database, percentiles, failures inside the mean",
                tested: "15.18",
            },
        },
    ],
};

/// `client transaction µs script seconds µs`, and one or two columns more. The aggregated log begins with the seconds.
fn is_log(head: &Head<'_>) -> bool {
    let is_row = |line: &str| {
        let cells: Vec<&str> = line.split(' ').collect();
        let [client, transaction, time, script, seconds, us, more @ ..] = cells.as_slice() else {
            return false;
        };
        let digits = |cell: &str, most: usize| {
            (1..=most).contains(&cell.len()) && cell.bytes().all(|b| b.is_ascii_digit())
        };
        digits(client, 6)
            && digits(transaction, 19)
            && (digits(time, 12) || FAILURES.contains(time))
            && digits(script, 3)
            && seconds.len() == 10
            && digits(seconds, 10)
            && digits(us, 6)
            && more.len() <= 2
            && more.iter().all(|cell| digits(cell, 12))
    };
    let mut lines = head.lines().filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.take(2).all(is_row)
}

/// What stands instead of a time.
const FAILURES: [&str; 4] = ["skipped", "serialization", "deadlock", "failed"];

fn log(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("pgbench", None);
    let start = source.head()?;
    let first = Head::of(&start);
    // The seventh column is how late a transaction began, with `--rate`, or how often it was tried, with `--max-tries`.
    let may_have_a_rate = first.columns(' ').len() > 6;
    let kind = RecordConventions {
        step_ms: 0.001,
        rate_is_fixed: may_have_a_rate,
        epoch: true,
    };
    records::read(*source, options, kind, each)?.write(&mut sheet)?;
    if let Some(share) = sampled(&first) {
        sheet.warn(format!(
            "it holds about {:.2} % of the transactions (`--sampling-rate`): no throughput is taken from it",
            share * 100.0
        ));
        sheet.leave_out(MetricName::THROUGHPUT);
    }
    sheet.run()
}

/// The share of transactions that were logged, where that is not all: each client numbers those that it makes.
fn sampled(head: &Head<'_>) -> Option<f64> {
    /// Fewer tell no share.
    const ENOUGH: u64 = 20;
    let mut clients: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for line in head.lines() {
        let (client, rest) = line.split_once(' ')?;
        let number: u64 = rest.split(' ').next()?.parse().ok()?;
        let (lines, last) = clients.entry(client).or_default();
        *lines += 1;
        *last = (*last).max(number);
    }
    let mut all = clients.into_values();
    let (lines, made) = all.try_fold((0_u64, 0_u64), |sum, (lines, last)| {
        Some((sum.0.checked_add(lines)?, sum.1.checked_add(last)?))
    })?;
    // Where a log is complete both are the same, but for the first of them that an older file may have held.
    (made >= ENOUGH && lines < made - made / 20).then(|| count(lines) / count(made))
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b' ', |_, record| {
        let row = Row::of(record);
        if !(6..=8).contains(&row.len()) {
            bail!("it has {} columns, and not 6 to 8", row.len());
        }
        let time = row.text(2)?;
        let failed = FAILURES.contains(&time).then_some(time);
        let ms = match failed {
            Some(_) => 0.0,
            None => row.number::<f64>(2, "time in µs")? / 1e3,
        };
        let script: u32 = row.number(3, "number of a script")?;
        let seconds: f64 = row.number(4, "time in s")?;
        if seconds < 1e9 {
            return Err(anyhow!("column 5: {seconds} is no time since 1970"))
                .hint("with `--aggregate-interval` the log holds sums: leave it out");
        }
        let us: f64 = row.number(5, "time in µs")?;
        sink(&Record {
            subject: &format!("script {script}"),
            role: Role::Outcome,
            // The time is that of its end.
            start_s: Some(seconds + us / 1e6 - ms / 1e3),
            ms,
            failed,
        })
    })
}

/// All transactions, or those of one script.
#[derive(Default)]
struct Part {
    name: String,
    processed: Option<u64>,
    /// How many there should have been, with `-t`.
    of: Option<u64>,
    failed: u64,
    skipped: u64,
    mean: Option<f64>,
    /// Each transaction was timed; else the mean is worked out of the run's duration.
    timed: bool,
    rate: Option<f64>,
    /// Before version 14: over the time of connecting too.
    rate_with_connecting: Option<f64>,
}

/// What is said of the run as a whole.
#[derive(Default)]
struct Whole {
    clients: Option<u64>,
    /// Transactions of each client, with `-t`.
    each: Option<u64>,
    connecting_s: f64,
    rate_is_fixed: bool,
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut version = None;
    let mut terms: Vec<(&str, String)> = Vec::new();
    let mut seconds = None;
    let mut whole = Whole::default();
    let mut parts: Vec<Part> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("pgbench (") {
            version = rest.split([' ', ')']).next().map(str::to_owned);
        }
        if let Some((name, value)) = line.split_once(": ") {
            let value = value.trim();
            match name {
                "transaction type" => {
                    if !parts.is_empty() {
                        return Err(anyhow!(
                            "it holds the output of more than one run of pgbench"
                        ))
                        .hint("write each run to a file of its own");
                    }
                    parts.push(Part {
                        name: value.to_owned(),
                        ..Part::default()
                    });
                }
                "scaling factor" => terms.push(("scale", value.to_owned())),
                "query mode" => terms.push(("query mode", value.to_owned())),
                "number of clients" => {
                    whole.clients = value.parse().ok();
                    terms.push(("connections", value.to_owned()));
                }
                "number of transactions per client" => whole.each = value.parse().ok(),
                "number of threads" => terms.push(("threads", value.to_owned())),
                "maximum number of tries" => terms.push(("tries", value.to_owned())),
                "duration" => seconds = quantity::time(value).map(|time| time.ns / 1e9),
                "rate limit schedule lag" => whole.rate_is_fixed = true,
                _ if name.starts_with("SQL script ") => parts.push(Part {
                    name: value.to_owned(),
                    ..Part::default()
                }),
                _ => {}
            }
        }
        if let Some(value) = line.strip_prefix("initial connection time = ") {
            whole.connecting_s = quantity::time(value).map_or(0.0, |time| time.ns / 1e9);
        }
        if let Some(part) = parts.last_mut() {
            part.line(line.trim_start_matches(" - "));
        }
    }
    let mut sheet = Sheet::new("pgbench", version.as_deref());
    if let Some(seconds) = seconds {
        sheet.lasted(seconds);
    }
    for (term, value) in terms {
        sheet.asked(term, value);
    }
    sheet.warn("pgbench's text has no percentiles: `--log` writes each transaction");
    whole.fits(&parts)?;
    let rate_is_fixed = whole.rate_is_fixed;
    let several = parts.len() > 1;
    for (at, mut part) in parts.into_iter().enumerate() {
        if several && at == 0 {
            ALL_REQUESTS.clone_into(&mut part.name);
            part.write(Role::Total, rate_is_fixed, &mut sheet)?;
        } else {
            part.write(Role::Outcome, rate_is_fixed, &mut sheet)?;
        }
    }
    sheet.run()
}

impl Whole {
    /// What is said several times has to agree.
    fn fits(&self, parts: &[Part]) -> anyhow::Result<()> {
        let Some((all, scripts)) = parts.split_first() else {
            return Ok(());
        };
        if let (Some(clients), Some(each), Some(of)) = (self.clients, self.each, all.of) {
            let what = "the number of clients times that of transactions per client";
            agree(
                (what, clients.saturating_mul(each)),
                ("the number of transactions to be made", of),
            )?;
        }
        if let Some(processed) = all.processed
            && !scripts.is_empty()
            // Some versions count skipped ones among those of a script.
            && all.skipped == 0
        {
            let of_scripts = scripts.iter().filter_map(|script| script.processed).sum();
            agree(
                ("the number of transactions of all scripts", of_scripts),
                ("the number of transactions processed", processed),
            )?;
        }
        self.fits_duration(all)
    }

    /// Each client makes one transaction after the other, so that their mean and their number are the time of the run,
    /// as their number and the rate are.
    fn fits_duration(&self, all: &Part) -> anyhow::Result<()> {
        let (Some(clients), Some(processed), Some(mean), Some(rate)) =
            (self.clients, all.processed, all.mean, all.rate)
        else {
            return Ok(());
        };
        // With a rate, what waits for its turn is in the mean.
        if self.rate_is_fixed || clients == 0 || processed == 0 || rate <= 0.0 {
            return Ok(());
        }
        let by_mean = mean / 1e3 * count(processed.saturating_add(all.failed)) / count(clients);
        let by_rate = count(processed) / rate;
        // It depends on the version whether the time of connecting is in the mean.
        let with_connecting = all
            .rate_with_connecting
            .filter(|rate| *rate > 0.0)
            .map_or(by_rate + self.connecting_s, |rate| count(processed) / rate);
        let too_short = !all.timed && by_mean < by_rate.min(with_connecting) / 2.0;
        if too_short || by_mean > by_rate.max(with_connecting) * 2.0 {
            return Err(anyhow!(
                "the average latency is that of a run of {by_mean:.3} s, and the rate that of one of {by_rate:.3} s"
            ))
            .hint(CONTRADICTS);
        }
        Ok(())
    }
}

impl Part {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |text: &str| quantity::number(text).map(|(value, _)| value);
        match words.as_slice() {
            [
                "number",
                "of",
                "transactions",
                "actually",
                "processed:",
                done,
                ..,
            ] => {
                let (done, of) = done
                    .split_once('/')
                    .map_or((*done, None), |(done, of)| (done, Some(of)));
                self.processed = done.parse().ok();
                self.of = of.and_then(|of| of.parse().ok());
            }
            [done, "transactions", share, ..] if share.starts_with('(') => {
                self.processed = done.parse().ok();
                self.rate = words
                    .iter()
                    .skip_while(|word| **word != "=")
                    .nth(1)
                    .and_then(|rate| number(rate.trim_end_matches(')')));
            }
            ["number", "of", "failed", "transactions:", n, ..] => {
                self.failed = n.parse().unwrap_or(0);
            }
            ["number", "of", "transactions", "skipped:", n, ..] => {
                self.skipped = n.parse().unwrap_or(0);
            }
            ["latency", "average", "=", ms, "ms", ..] => self.mean = number(ms),
            ["latency", "stddev", "=", ..] => self.timed = true,
            ["tps", "=", rate, "(including", "connections", ..] => {
                self.rate_with_connecting = number(rate);
                self.rate = self.rate.or(self.rate_with_connecting);
            }
            ["tps", "=", rate, ..] => self.rate = number(rate),
            _ => {}
        }
    }

    fn write(self, role: Role, rate_is_fixed: bool, sheet: &mut Sheet) -> anyhow::Result<()> {
        let name = &self.name;
        let processed = self
            .processed
            .with_context(|| format!("`{name}`: it does not say how many transactions there were"))
            .hint("pgbench was stopped: look at what it printed")?;
        if let Some(of) = self.of.filter(|of| processed > *of) {
            let all = ("the number of those to be made", of);
            agree(("the number of transactions processed", processed), all)
                .with_context(|| format!("`{name}`"))?;
        }
        let begun = processed
            .saturating_add(self.failed)
            .saturating_add(self.skipped);
        // A client that is aborted makes none of the transactions that it should have made.
        let requests = begun.max(self.of.unwrap_or(0));
        let never = requests - begun;
        if never > 0 {
            sheet.warn(format!(
                "{never} of {requests} transactions were not made: pgbench gives up a client after an error"
            ));
        }
        if self.skipped > 0 {
            sheet.warn(format!(
                "{} transactions of `{name}` were skipped, because they would have begun later than the latency limit: they count as failed",
                self.skipped
            ));
        }
        let latency = match self.mean.filter(|_| processed > 0) {
            None => Latency::Absent,
            Some(mean) => {
                let spread = Spread {
                    points: Vec::new(),
                    n: processed,
                    moments: Moments {
                        mean: Some(mean),
                        min: None,
                        max: None,
                    },
                };
                let times = Times::ms(spread.evidence()?);
                if self.failed > 0 {
                    Latency::All(times)
                } else {
                    Latency::Successes(times)
                }
            }
        };
        let throughput = self.rate.filter(|_| processed > 0).map(|rate| {
            if rate_is_fixed {
                Throughput::fixed(rate)
            } else {
                Throughput::outcome(rate)
            }
        });
        sheet.requests(Requests {
            subject: name,
            role,
            requests,
            failures: requests - processed,
            latency,
            throughput,
        })
    }
}
