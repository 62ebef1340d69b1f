//! One record per request, however many: each becomes a count in a histogram while it is read, so that memory depends on
//! the number of endpoints and not on the length of the file.

use std::collections::{BTreeMap, HashMap};

use anyhow::{anyhow, bail};
use hdrhistogram::Histogram;

use super::ReadOptions;
use super::sheet::{ALL_REQUESTS, Latency, Requests, Sheet, Throughput, Times, count};
use super::source::{End, ResultBytes};
use crate::hint::WithHint;
use crate::model::{Evidence, MetricName, Role};
use crate::text::{sanitize, shorten};

/// Times that were not rounded are recorded in ticks of 100 ns, so that the histograms of fast services are as fine as
/// those of slow ones.
const TICKS_PER_MS: f64 = 1e4;
/// As in perfgate's own runs: three digits.
const DIGITS: u8 = 3;
/// No request takes longer than a day.
const LONGEST_MS: f64 = 86_400_000.0;
/// Each has a histogram of up to 150 KB.
const MOST_SUBJECTS: usize = 300;
/// Reasons of failures that are told for each endpoint.
const MOST_REASONS: usize = 3;
const LONGEST_REASON: usize = 120;

/// One request, as a line of a tool's file tells it.
pub(super) struct Record<'a> {
    pub subject: &'a str,
    /// Whether it belongs to the measured load, or to what was done before and after.
    pub role: Role,
    /// When it was sent, in seconds; since 1970, or since any other moment that all records share.
    pub start_s: Option<f64>,
    pub ms: f64,
    /// Why it failed.
    pub failed: Option<&'a str>,
}

/// Gives each record of a file to the sink.
pub(super) type EachRecord = fn(ResultBytes<'_>, Sink<'_>) -> anyhow::Result<End>;
pub(super) type Sink<'a> = &'a mut dyn FnMut(&Record<'_>) -> anyhow::Result<()>;

/// What holds for all records of a file.
#[derive(Clone, Copy)]
pub(super) struct RecordConventions {
    /// The step at which the tool rounded each time, in ms.
    pub step_ms: f64,
    /// The tool was told how many requests a second to make.
    pub rate_is_fixed: bool,
    /// Whether `start_s` counts from 1970.
    pub epoch: bool,
}

impl RecordConventions {
    /// Times that the tool rounded are recorded in its own steps, so that they stay as it wrote them.
    fn ticks_per_ms(self) -> f64 {
        if self.step_ms > 0.0 {
            1.0 / self.step_ms
        } else {
            TICKS_PER_MS
        }
    }
}

#[derive(Default)]
struct Span {
    start: Option<f64>,
    end: Option<f64>,
}

impl Span {
    fn add(&mut self, start_s: f64, ms: f64) {
        let end = start_s + ms / 1e3;
        self.start = Some(self.start.map_or(start_s, |known| known.min(start_s)));
        self.end = Some(self.end.map_or(end, |known| known.max(end)));
    }

    fn seconds(&self) -> Option<f64> {
        let seconds = self.end? - self.start?;
        (seconds > 0.0).then_some(seconds)
    }
}

struct Tally {
    role: Role,
    successes: Histogram<u64>,
    failures: u64,
    reasons: BTreeMap<String, u64>,
}

/// All records of a file.
pub(super) struct Records {
    kind: RecordConventions,
    tallies: HashMap<String, Tally>,
    total: Tally,
    span: Span,
    left_out: u64,
    end: End,
    /// The start of the newest request, and the longest time between two that follow each other in the file.
    last: Option<f64>,
    pause: f64,
    /// Whether the file says which requests failed.
    tells_errors: bool,
}

impl Tally {
    fn new(role: Role) -> anyhow::Result<Self> {
        Ok(Self {
            role,
            successes: Histogram::<u64>::new(DIGITS).map_err(|error| anyhow!("{error}"))?,
            failures: 0,
            reasons: BTreeMap::new(),
        })
    }

    fn add(&mut self, record: &Record<'_>, kind: RecordConventions) -> anyhow::Result<()> {
        match record.failed {
            None => {
                self.successes
                    .record(ticks(record.ms, kind.ticks_per_ms()))
                    .map_err(|error| anyhow!("{error}"))?;
            }
            Some(reason) => {
                self.failures += 1;
                if let Some(known) = self.reasons.get_mut(reason) {
                    *known += 1;
                } else if self.reasons.len() < 64 {
                    self.reasons.insert(reason.to_owned(), 1);
                }
            }
        }
        Ok(())
    }

    fn all(&self) -> u64 {
        self.successes.len() + self.failures
    }

    /// The reasons by how often they occurred, for a warning.
    fn told(&self, subject: &str) -> Option<String> {
        if self.failures == 0 {
            return None;
        }
        let mut reasons: Vec<(&String, u64)> = self.reasons.iter().map(|(r, n)| (r, *n)).collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let told: Vec<String> = reasons
            .iter()
            .take(MOST_REASONS)
            .map(|(reason, n)| format!("{n} times with {}", shortened(reason)))
            .collect();
        Some(format!("`{subject}` failed {}", told.join(", ")))
    }
}

/// Times that a tool holds in memory, as one histogram.
pub(super) struct Recorder {
    histogram: Histogram<u64>,
}

impl Recorder {
    pub(super) fn new() -> anyhow::Result<Self> {
        let histogram = Histogram::<u64>::new(DIGITS).map_err(|error| anyhow!("{error}"))?;
        Ok(Self { histogram })
    }

    pub(super) fn add_ms(&mut self, ms: f64) -> anyhow::Result<()> {
        self.add_n_ms(ms, 1)
    }

    pub(super) fn add_n_ms(&mut self, ms: f64, n: u64) -> anyhow::Result<()> {
        if !(0.0..=LONGEST_MS).contains(&ms) {
            bail!("{ms} ms is not a response time");
        }
        self.histogram
            .record_n(ticks(ms, TICKS_PER_MS), n)
            .map_err(|error| anyhow!("{error}"))
    }

    pub(super) fn mean_ms(&self) -> f64 {
        self.histogram.mean() / TICKS_PER_MS
    }

    /// None where nothing was recorded.
    pub(super) fn evidence(self, step_ms: f64) -> anyhow::Result<Option<Evidence>> {
        if self.histogram.is_empty() {
            return Ok(None);
        }
        let evidence = Evidence::rounded_histogram(self.histogram, 1.0 / TICKS_PER_MS, step_ms)?;
        Ok(Some(evidence))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers let pass what is from 0 to a day"
)]
fn ticks(ms: f64, per_ms: f64) -> u64 {
    (ms * per_ms).round() as u64
}

/// A reason is the tested system's text: one line, and short.
pub(super) fn shortened(message: &str) -> String {
    shorten::end(&sanitize::inline(message.trim()), LONGEST_REASON)
}

/// Reads all records, without those that were sent before the warm-up was over. Records are not in the order of their
/// start, so the start of the run is looked for first where there is a warm-up.
pub(super) fn read(
    source: ResultBytes<'_>,
    options: &ReadOptions,
    kind: RecordConventions,
    each: EachRecord,
) -> anyhow::Result<Records> {
    let warmup = options.warmup.filter(|warmup| !warmup.is_zero());
    let from = match warmup {
        None => None,
        Some(warmup) => {
            let mut first: Option<f64> = None;
            each(source, &mut |record| {
                if let Some(start) = record.start_s {
                    first = Some(first.map_or(start, |known| known.min(start)));
                }
                Ok(())
            })?;
            let Some(first) = first else {
                return Err(anyhow!(
                    "a warm-up cannot be dropped: the records carry no times"
                ))
                .hint("leave out --warmup, or let the tool write when each request was sent");
            };
            Some(first + warmup.as_secs_f64())
        }
    };
    let mut records = Records {
        kind,
        tallies: HashMap::new(),
        total: Tally::new(Role::Total)?,
        span: Span::default(),
        left_out: 0,
        end: End::Complete,
        last: None,
        pause: 0.0,
        tells_errors: true,
    };
    records.end = each(source, &mut |record| records.add(record, from))?;
    if records.total.all() == 0 && records.left_out > 0 {
        bail!(
            "all {} requests were sent during the warm-up",
            records.left_out
        );
    }
    Ok(records)
}

impl Records {
    fn add(&mut self, record: &Record<'_>, from: Option<f64>) -> anyhow::Result<()> {
        if !(0.0..=LONGEST_MS).contains(&record.ms) {
            bail!("{} ms is not a response time", record.ms);
        }
        if let Some(start) = record.start_s {
            if !start.is_finite() {
                bail!("{start} is not a time");
            }
            if from.is_some_and(|from| start < from) {
                self.left_out += 1;
                return Ok(());
            }
            self.pause = self.pause.max(self.last.map_or(0.0, |last| start - last));
            self.last = Some(self.last.map_or(start, |last| last.max(start)));
            self.span.add(start, record.ms);
        }
        // What sums up other requests is no request of its own.
        if record.role != Role::Total {
            self.total.add(record, self.kind)?;
        }
        if let Some(tally) = self.tallies.get_mut(record.subject) {
            return tally.add(record, self.kind);
        }
        if self.tallies.len() >= MOST_SUBJECTS {
            return Err(anyhow!(
                "more than {MOST_SUBJECTS} different requests, such as `{}`",
                shortened(record.subject)
            ))
            .hint("names that hold ids or search words are no endpoints: give requests a name in the load tool");
        }
        let mut tally = Tally::new(record.role)?;
        tally.add(record, self.kind)?;
        self.tallies.insert(record.subject.to_owned(), tally);
        Ok(())
    }

    /// The longest time between the starts of two requests that follow each other, in seconds.
    pub(super) fn longest_pause(&self) -> f64 {
        self.pause
    }

    /// The file does not say which requests failed.
    pub(super) fn without_errors(mut self) -> Self {
        self.tells_errors = false;
        self
    }

    /// Writes each endpoint, and all of them together where there are several.
    pub(super) fn write(self, sheet: &mut Sheet) -> anyhow::Result<()> {
        if self.total.all() == 0 {
            return Err(anyhow!("it holds no request"))
                .hint("look at what the load tool printed: did it reach the service?");
        }
        let kind = self.kind;
        let seconds = self.span.seconds();
        if let Some(seconds) = seconds {
            sheet.lasted(seconds);
        }
        if kind.epoch
            && let Some(start) = self.span.start
        {
            sheet.started_ms(start * 1e3);
        }
        if self.left_out > 0 {
            sheet.warn(format!(
                "{} requests of the warm-up are left out",
                self.left_out
            ));
        }
        if self.end == End::Cut {
            sheet.warn("its last line is cut off: the tool was stopped while it wrote");
            sheet.provenance().partial = true;
        }
        let mut tallies: Vec<(String, Tally)> = self.tallies.into_iter().collect();
        tallies.sort_by(|a, b| a.0.cmp(&b.0));
        let several = tallies.len() > 1;
        let has_total_name = tallies.iter().any(|(name, _)| name == ALL_REQUESTS);
        for (subject, tally) in tallies {
            if let Some(told) = tally.told(&subject) {
                sheet.warn(told);
            }
            put(&subject, tally, (kind, seconds), sheet)?;
        }
        if several && !has_total_name {
            put(ALL_REQUESTS, self.total, (kind, seconds), sheet)?;
        }
        if !self.tells_errors {
            sheet.leave_out(MetricName::ERRORS);
        }
        Ok(())
    }
}

fn put(
    subject: &str,
    tally: Tally,
    (kind, seconds): (RecordConventions, Option<f64>),
    sheet: &mut Sheet,
) -> anyhow::Result<()> {
    let (requests, failures) = (tally.all(), tally.failures);
    let throughput = seconds.map(|seconds| {
        let rate = count(requests) / seconds;
        if kind.rate_is_fixed {
            Throughput::fixed(rate)
        } else {
            Throughput::outcome(rate)
        }
    });
    let latency = if tally.successes.is_empty() {
        Latency::All(Times::ms(Evidence::Value(0.0)))
    } else {
        let evidence =
            Evidence::rounded_histogram(tally.successes, 1.0 / kind.ticks_per_ms(), kind.step_ms)?;
        Latency::Successes(Times::ms(evidence))
    };
    sheet.requests(Requests {
        subject,
        role: tally.role,
        requests,
        failures,
        latency,
        throughput,
    })
}
