//! redis-benchmark: its CSV (`--csv`), its text, and the one line of each test that `-q` prints.

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::quantity;
use crate::ingest::sheet::{Figure, Latency, Requests, Sheet, Spread, Throughput, Times};
use crate::model::evidence::Moments;
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "redis-benchmark",
    class: ToolClass::Load,
    forms: &[
        Form {
            what: "redis-benchmark's text",
            recognise: |head| {
                head.text().contains("====== ") && head.text().contains(" requests completed in ")
            },
            read: Read::Whole(text),
            facts: Facts {
                evidence: "quantiles (p50, p95, p99)",
                resolution: RESOLUTION,
                lost: "its version, the address; it stops at the first error, and what was not run then is missing",
                tested: "7.0.15",
            },
        },
        Form {
            what: "redis-benchmark's CSV (`--csv`)",
            recognise: |head| head.starts_with(HEADER),
            read: Read::Whole(csv),
            facts: Facts {
                evidence: "quantiles (p50, p95, p99)",
                resolution: RESOLUTION,
                lost: "its version, the address, the connections, the number of requests (so the latency is shown and not judged; the throughput is judged), errors: it stops at the first",
                tested: "7.0.15",
            },
        },
        Form {
            what: "redis-benchmark's short text (`-q`)",
            recognise: |head| {
                head.text().contains(SHORT_RATE) && !head.text().contains(" requests completed in ")
            },
            read: Read::Whole(short),
            facts: Facts {
                evidence: "p50",
                resolution: RESOLUTION,
                lost: "all that the CSV does not tell, and every time but p50",
                tested: "7.0.15",
            },
        },
    ],
};

const HEADER: &str = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\"";
const SHORT_RATE: &str = " requests per second, p50=";
const RESOLUTION: &str = "8 µs, from 16 ms on 0.1 % of the value";
const STOPPED: &str = "redis-benchmark stopped: look at what it printed";

/// It prints whole microseconds of a histogram of three digits whose finest step is 8 µs.
/// <https://github.com/redis/redis/blob/7.0/src/redis-benchmark.c>, `CONFIG_LATENCY_HISTOGRAM_MIN_VALUE`.
fn step(ms: f64) -> f64 {
    (ms / 1000.0).max(0.008)
}

/// Average, minimum, p50, p95, p99 and maximum, in this order in every output that has them.
fn spread(ms: [f64; 6], n: u64) -> Spread {
    let [mean, min, p50, p95, p99, max] = ms;
    Spread {
        points: vec![
            (0.5, p50, step(p50)),
            (0.95, p95, step(p95)),
            (0.99, p99, step(p99)),
        ],
        n,
        moments: Moments {
            mean: Some(mean),
            min: Some(min),
            max: Some(max),
        },
    }
}

/// A test of which it is not told how many requests there were.
fn uncounted(sheet: &mut Sheet, subject: &str, rate: f64, spread: Spread) -> anyhow::Result<()> {
    let figure = |metric, unit: &str, better| Figure {
        subject,
        metric,
        unit: Unit::new(unit),
        better,
        role: Role::Outcome,
    };
    sheet.put(
        figure(MetricName::THROUGHPUT, "req/s", Better::Higher),
        Evidence::value(rate),
    )?;
    sheet.put(
        figure(MetricName::LATENCY, "ms", Better::Lower),
        Ok(spread.evidence()?),
    )
}

fn csv(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("redis-benchmark", None);
    for (number, line) in (1..).zip(text.lines()) {
        // Errors of later tests may stand behind the rows where both streams went into one file.
        if !line.starts_with('"') || line.starts_with(HEADER) {
            continue;
        }
        let cells = || -> Option<(&str, f64, [f64; 6])> {
            let line = line.strip_prefix('"')?.strip_suffix('"')?;
            // The name is not escaped: a command of a user's own may hold quotes and commas.
            let mut cells: Vec<&str> = line.rsplitn(8, "\",\"").collect();
            cells.reverse();
            let [name, rate, times @ ..] = cells.as_slice() else {
                return None;
            };
            let times: Vec<f64> = times.iter().map_while(|cell| printed(cell)).collect();
            Some((name, printed(rate)?, times.try_into().ok()?))
        };
        let (name, rate, times) = cells().with_context(|| {
            format!("line {number}: it is not a name and seven numbers: the file is cut off")
        })?;
        uncounted(&mut sheet, name, rate, spread(times, 1))?;
    }
    if sheet.is_empty() {
        return Err(anyhow!("it holds no test behind its header")).hint(STOPPED);
    }
    sheet.warn("redis-benchmark's CSV does not say how many requests there were: the latency is shown and not judged. Give its text, without `--csv`");
    sheet.run()
}

fn printed(text: &str) -> Option<f64> {
    quantity::number(text).map(|(value, _)| value)
}

fn short(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("redis-benchmark", None);
    // What is going on is written over the same line, with a carriage return.
    for line in text.split(['\r', '\n']) {
        let Some((start, p50)) = line.split_once(SHORT_RATE) else {
            continue;
        };
        let cells = || -> Option<(&str, f64, f64)> {
            let (name, rate) = start.rsplit_once(": ")?;
            Some((
                name.trim(),
                printed(rate)?,
                printed(p50.split_whitespace().next()?)?,
            ))
        };
        let (name, rate, p50) = cells().with_context(|| format!("`{line:.60}` is no test"))?;
        let spread = Spread {
            points: vec![(0.5, p50, step(p50))],
            n: 1,
            ..Spread::default()
        };
        uncounted(&mut sheet, name, rate, spread)?;
    }
    sheet.warn("`redis-benchmark -q` does not say how many requests there were: the latency is shown and not judged. Leave out `-q`");
    sheet.run()
}

/// One test of the text, while its lines are read.
#[derive(Default)]
struct Test<'a> {
    name: &'a str,
    completed: Option<(u64, f64)>,
    rate: Option<f64>,
    in_summary: bool,
    times: Option<[f64; 6]>,
}

fn text(text: &str) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("redis-benchmark", None);
    let mut tests: Vec<Test<'_>> = Vec::new();
    for line in text.split(['\r', '\n']) {
        let line = line.trim();
        let heading = line
            .find("====== ")
            .and_then(|at| line.get(at + 7..)?.strip_suffix(" ======"));
        if let Some(name) = heading {
            tests.push(Test {
                name,
                ..Test::default()
            });
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [clients, "parallel", "clients"] = words.as_slice() {
            sheet.asked("connections", clients);
        }
        if let Some(test) = tests.last_mut() {
            test.line(&words);
        }
    }
    let mut seconds = 0.0;
    for test in tests {
        seconds += test.completed.map_or(0.0, |(_, seconds)| seconds);
        test.write(&mut sheet)?;
    }
    sheet.lasted(seconds);
    sheet.run()
}

impl Test<'_> {
    fn line(&mut self, words: &[&str]) {
        match words {
            [n, "requests", "completed", "in", seconds, "seconds"] => {
                self.completed = n.parse().ok().zip(printed(seconds));
            }
            ["throughput", "summary:", rate, ..] => self.rate = printed(rate),
            ["latency", "summary", ..] => self.in_summary = true,
            [_, _, _, _, _, _] if self.in_summary && self.times.is_none() => {
                let times: Vec<f64> = words.iter().map_while(|cell| printed(cell)).collect();
                self.times = times.try_into().ok();
            }
            _ => {}
        }
    }

    fn write(self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let name = self.name;
        let cut = || anyhow!("`{name}`: it ends before the summary");
        let (requests, _) = self.completed.ok_or_else(cut).hint(STOPPED)?;
        let rate = self.rate.ok_or_else(cut).hint(STOPPED)?;
        let times = self.times.ok_or_else(cut).hint(STOPPED)?;
        sheet.requests(Requests {
            subject: name,
            role: Role::Outcome,
            requests,
            // It ends at the first error, without a summary.
            failures: 0,
            latency: Latency::Successes(Times::ms(spread(times, requests).evidence()?)),
            throughput: Some(Throughput::outcome(rate)),
        })
    }
}
