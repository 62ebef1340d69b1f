//! h2load: its text, and the log of `--log-file`.

use anyhow::{Context, anyhow, bail};

use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::head::Head;
use crate::ingest::quantity;
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Row};
use crate::ingest::sheet::{
    ALL_REQUESTS, Latency, Requests, Sheet, Spread, Throughput, Times, agree, count,
};
use crate::ingest::source::{End, ResultBytes};
use crate::model::evidence::Moments;
use crate::model::{MetricName, Role, Run};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "h2load",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "h2load's log (`--log-file`)",
            recognise: is_log,
            read: Read::Stream(log),
            facts: Facts {
                evidence: "histogram",
                resolution: "1 µs",
                lost: "its version, the address; a later run appends to the same file",
                tested: "1.52",
            },
        },
        Form {
            what: "h2load's text",
            recognise: |head| {
                head.has_line("time for request:")
                    || head.has_line("progress: 10% done") && head.has_line("starting benchmark")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "mean, minimum and maximum (it has no percentiles: use `--log-file`)",
                resolution: "two decimals of ms or s, or whole µs",
                lost: "its version, the address, percentiles, failures inside the latency",
                tested: "1.52",
            },
        },
    ],
};

/// Three columns: time in µs since 1970, status, duration in µs.
fn is_log(head: &Head<'_>) -> bool {
    let cells = head.columns('\t');
    let digits = |at: usize| {
        cells
            .get(at)
            .is_some_and(|cell| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit()))
    };
    cells.len() == 3
        && digits(0)
        && cells.first().is_some_and(|cell| cell.len() == 16)
        && cells.get(1).is_some_and(|cell| {
            cell.parse::<i32>()
                .is_ok_and(|s| s == -1 || (100..600).contains(&s))
        })
        && digits(2)
}

fn log(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("h2load", None);
    let kind = RecordConventions {
        step_ms: 0.001,
        rate_is_fixed: false,
        epoch: true,
    };
    let records = records::read(*source, options, kind, each)?;
    let pause = records.longest_pause();
    records.write(&mut sheet)?;
    if pause > 5.0 {
        sheet.warn(format!(
            "nothing was sent for {pause:.0} s: h2load appends to its log, so this may be several runs; no throughput is taken from it"
        ));
        sheet.leave_out(MetricName::THROUGHPUT);
        sheet.provenance().duration_s = None;
    }
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    rows::each(source, b'\t', |_, record| {
        let row = Row::of(record);
        if row.len() != 3 {
            bail!("it has {} columns, and not 3", row.len());
        }
        let us: f64 = row.number(0, "time in µs")?;
        let status: i32 = row.number(1, "status")?;
        let reason = if status == -1 {
            "no answer".to_owned()
        } else {
            format!("status {status}")
        };
        sink(&Record {
            subject: ALL_REQUESTS,
            role: Role::Outcome,
            start_s: Some(us / 1e6),
            ms: row.number::<f64>(2, "duration in µs")? / 1e3,
            failed: (!(100..400).contains(&status)).then_some(&reason),
        })
    })
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut clients = 0_u64;
    let mut warm_up = false;
    let mut finished: Option<(f64, f64)> = None;
    let mut counts: Option<(u64, u64, u64)> = None;
    let mut bad = 0_u64;
    let mut times = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |text: &str| text.parse::<u64>().ok();
        match words.as_slice() {
            ["spawning", "thread", _, n, "total", ..] => clients += number(n).unwrap_or(0),
            ["Warm-up", ..] => warm_up = true,
            ["finished", "in", seconds, rate, "req/s,", ..] => {
                if finished.is_some() {
                    return Err(anyhow!(
                        "it holds the output of more than one run of h2load"
                    ))
                    .hint("write each run to a file of its own");
                }
                let seconds = quantity::time(seconds.trim_end_matches(',')).map(|t| t.ns / 1e9);
                finished = seconds.zip(rate.parse().ok());
            }
            [
                "requests:",
                total,
                "total,",
                _,
                "started,",
                done,
                "done,",
                succeeded,
                "succeeded,",
                failed,
                ..,
            ] => {
                if let Some((good, done)) = number(succeeded).zip(number(done))
                    && good > done
                {
                    agree(("`succeeded`", good), ("`done`", done))?;
                }
                counts = number(total)
                    .zip(number(done))
                    .zip(number(failed))
                    .map(|((a, b), c)| (a, b, c));
            }
            [
                "status",
                "codes:",
                _,
                "2xx,",
                _,
                "3xx,",
                c4,
                "4xx,",
                c5,
                "5xx",
            ] => {
                bad = number(c4).unwrap_or(0) + number(c5).unwrap_or(0);
            }
            ["time", "for", "request:", min, max, mean, ..] => {
                times = quantity::time(min)
                    .zip(quantity::time(max))
                    .zip(quantity::time(mean));
            }
            _ => {}
        }
    }
    let Some((seconds, rate)) = finished else {
        return Err(anyhow!("there is no line `finished in …`"))
            .hint("h2load was stopped: look at what it printed");
    };
    let (total, done, failed) = counts.context("there is no line `requests: …`")?;
    let mut sheet = Sheet::new("h2load", None);
    // With a warm-up the seconds include it, and the rate does not.
    if warm_up && rate > 0.0 {
        sheet.lasted(count(done) / rate);
    } else {
        sheet.lasted(seconds);
    }
    if clients > 0 {
        sheet.asked("connections", clients);
    }
    sheet.warn("h2load's text has no percentiles: `--log-file FILE` writes each request");
    let latency = match times.filter(|_| done > 0) {
        None => Latency::Absent,
        Some(((min, max), mean)) => {
            let spread = Spread {
                points: Vec::new(),
                n: done,
                moments: Moments {
                    mean: Some(mean.ms().0),
                    min: Some(min.ms().0),
                    max: Some(max.ms().0),
                },
            };
            Latency::All(Times::ms(spread.evidence()?))
        }
    };
    sheet.requests(Requests {
        subject: ALL_REQUESTS,
        role: Role::Outcome,
        requests: total,
        failures: failed.max(bad).min(total),
        latency,
        throughput: (rate > 0.0).then(|| Throughput::outcome(rate)),
    })?;
    sheet.run()
}
