//! JTL as CSV: columns by name, any delimiter, with or without a header.

use anyhow::{Context, bail};

use super::{STEP_MS, is_transaction, reason};
use crate::ingest::ReadOptions;
use crate::ingest::head::Head;
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::rows::{self, Columns, Row};
use crate::ingest::sheet::{Sheet, count};
use crate::ingest::source::{End, ResultBytes};
use crate::model::{Role, Run};

const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// The first columns, which are the same in every version that writes no header.
const WITHOUT_HEADER: [&str; 8] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
];

/// How the columns of a file are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    delimiter: u8,
    has_header: bool,
}

impl Layout {
    pub(super) fn of(head: &Head<'_>) -> Option<Self> {
        if head.is_json() || head.starts_with("<") {
            return None;
        }
        DELIMITERS.into_iter().find_map(|delimiter| {
            let cells = head.columns(delimiter);
            let has = |name: &str| cells.contains(&name);
            let has_header =
                has("elapsed") && has("label") && (has("success") || has("responseCode"));
            let is_number = |at: usize, length: std::ops::RangeInclusive<usize>| {
                cells.get(at).is_some_and(|cell| {
                    length.contains(&cell.len()) && cell.bytes().all(|b| b.is_ascii_digit())
                })
            };
            let is_row = cells.len() >= 12
                && is_number(0, 12..=14)
                && is_number(1, 1..=9)
                && cells
                    .iter()
                    .skip(7)
                    .any(|cell| matches!(*cell, "true" | "false"));
            (has_header || is_row).then_some(Self {
                delimiter: u8::try_from(delimiter).unwrap_or(b','),
                has_header,
            })
        })
    }
}

pub(super) fn read(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("jmeter", None);
    let kind = RecordConventions {
        step_ms: STEP_MS,
        rate_is_fixed: false,
        epoch: true,
    };
    let records = records::read(*source, options, kind, each)?;
    records.write(&mut sheet)?;
    let bytes = source.head()?;
    let head = Head::of(&bytes);
    if let Some(layout) = Layout::of(&head)
        && layout.has_header
        && !head
            .columns(char::from(layout.delimiter))
            .contains(&"responseMessage")
    {
        sheet.warn(
            "there is no column `responseMessage`: transactions cannot be told from the requests inside them, and would be counted beside them",
        );
    }
    sheet.run()
}

struct Places {
    elapsed: usize,
    label: usize,
    timestamp: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    success: Option<usize>,
    failure_message: Option<usize>,
    sample_count: Option<usize>,
    data_type: Option<usize>,
    url: Option<usize>,
}

impl Places {
    fn of(columns: &Columns) -> anyhow::Result<Self> {
        Ok(Self {
            elapsed: columns.required("elapsed")?,
            label: columns.required("label")?,
            timestamp: columns.find("timeStamp"),
            code: columns.find("responseCode"),
            message: columns.find("responseMessage"),
            success: columns.find("success"),
            failure_message: columns.find("failureMessage"),
            sample_count: columns.find("SampleCount"),
            data_type: columns.find("dataType"),
            url: columns.find("URL"),
        })
    }
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let bytes = source.head()?;
    let layout =
        Layout::of(&Head::of(&bytes)).context("its first line is no header of JMeter's")?;
    let mut places = if layout.has_header {
        None
    } else {
        Some((
            Places::of(&Columns::named(&WITHOUT_HEADER))?,
            WITHOUT_HEADER.len(),
        ))
    };
    rows::each(source, layout.delimiter, |_, record| {
        let row = Row::of(record);
        let Some((at, columns)) = &places else {
            let columns = Columns::of(record);
            places = Some((Places::of(&columns)?, columns.len()));
            return Ok(());
        };
        if row.len() < *columns {
            bail!("it has {} columns, and not {columns}", row.len());
        }
        // JMeter appends to a file that is there: the header may come again.
        if row.bytes(at.elapsed) == b"elapsed" {
            return Ok(());
        }
        let cell = |at: Option<usize>| at.map_or(Ok(""), |at| row.text(at));
        if let Some(at) = at.sample_count
            && row.bytes(at) != b"1"
            && row.number::<u64>(at, "number of samples")? > 1
        {
            bail!("it sums up several samples in one row, and their times are not told");
        }
        let bytes = |at: Option<usize>| at.map_or(&b""[..], |at| row.bytes(at));
        let succeeded = match bytes(at.success) {
            b"true" => true,
            b"false" => false,
            // The column may be switched off.
            _ => bytes(at.code)
                .first()
                .is_some_and(|digit| b"23".contains(digit)),
        };
        let reason = if succeeded {
            None
        } else {
            Some(reason(cell(at.code)?, cell(at.failure_message)?))
        };
        let message = bytes(at.message);
        // One that the end of the run cut short, or in which a request failed, has no message.
        let is_unlike_a_request = message.is_empty()
            && at.data_type.is_some_and(|at| row.bytes(at).is_empty())
            && at.url.is_some_and(|at| row.bytes(at) == b"null");
        let transaction = is_transaction(message) || is_unlike_a_request;
        let start_s = at.timestamp.map(|at| match row.digits(at) {
            Some(ms) => Ok(count(ms) / 1e3),
            None => seconds(row.text(at)?),
        });
        let ms = match row.digits(at.elapsed) {
            Some(ms) => count(ms),
            None => row.number(at.elapsed, "response time")?,
        };
        sink(&Record {
            subject: row.text(at.label)?,
            role: if transaction {
                Role::Total
            } else {
                Role::Outcome
            },
            start_s: start_s.transpose()?,
            ms,
            failed: reason.as_deref(),
        })
    })
}

/// Milliseconds since 1970, or a date without a zone, which tells durations only.
fn seconds(text: &str) -> anyhow::Result<f64> {
    let text = text.trim();
    if let Ok(ms) = text.parse::<f64>() {
        return Ok(ms / 1e3);
    }
    let no_time = || {
        format!(
            "`{text:.40}` is no time that can be read: use `jmeter.save.saveservice.timestamp_format=ms`"
        )
    };
    let plain = text.replace('/', "-").replacen(' ', "T", 1);
    let at: jiff::civil::DateTime = plain.parse().with_context(no_time)?;
    // Years since 2020, so that nobody takes it for a moment in time.
    let since = at.duration_since(jiff::civil::date(2020, 1, 1).at(0, 0, 0, 0));
    Ok(since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_tell_durations() {
        let (a, b) = ("2026/11/27 23:31:02.744", "2026/11/27 23:31:03.000");
        assert!((seconds(b).unwrap() - seconds(a).unwrap() - 0.256).abs() < 1e-6);
        assert!((seconds("1795822063537").unwrap() - 1_795_822_063.537).abs() < 1e-6);
        assert!(seconds("27.11.26").is_err());
    }
}
