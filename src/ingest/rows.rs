//! Rows of a CSV file in a stream: quoted as RFC 4180 says, any delimiter, columns found by their names.

use std::cell::Cell;
use std::io::{BufRead, Read};
use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use csv::{ByteRecord, Position, ReaderBuilder};

use super::source::{self, End, ResultBytes, refuse_utf16};
use crate::hint::WithHint;

/// The names of the columns, where the file has a header.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    names: Vec<String>,
}

/// One row: its cells are read as text only when they are asked for.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    record: &'a ByteRecord,
}

impl Columns {
    pub(super) fn of(record: &ByteRecord) -> Self {
        let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
        Self {
            names: record.iter().map(name).collect(),
        }
    }

    pub(super) fn named(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The column, where there is one of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    pub(super) fn required(&self, name: &str) -> anyhow::Result<usize> {
        self.find(name)
            .ok_or_else(|| anyhow!("there is no column `{name}`"))
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

impl<'a> Row<'a> {
    pub(super) fn of(record: &'a ByteRecord) -> Self {
        Self { record }
    }

    pub(super) fn len(&self) -> usize {
        self.record.len()
    }

    pub(super) fn bytes(&self, at: usize) -> &'a [u8] {
        self.record.get(at).unwrap_or_default()
    }

    /// A cell of plain digits, which is what most numbers are: read without a look at the rest of their grammar.
    pub(super) fn digits(&self, at: usize) -> Option<u64> {
        let cell = self.bytes(at);
        // Nineteen digits always fit.
        if cell.is_empty() || cell.len() > 19 {
            return None;
        }
        cell.iter().try_fold(0_u64, |number, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit <= 9).then(|| number * 10 + u64::from(digit))
        })
    }

    pub(super) fn text(&self, at: usize) -> anyhow::Result<&'a str> {
        let cell = self
            .record
            .get(at)
            .with_context(|| format!("it has {} columns, and not {}", self.len(), at + 1))?;
        std::str::from_utf8(cell)
            .with_context(|| format!("column {}: it is not UTF-8", at + 1))
            .hint(source::CONVERT)
    }

    pub(super) fn number<T: FromStr>(&self, at: usize, what: &str) -> anyhow::Result<T> {
        let text = self.text(at)?;
        text.trim()
            .parse()
            .map_err(|_| anyhow!("column {}: `{text:.40}` is no {what}", at + 1))
    }
}

/// Gives every row, the first included, to `each`. A row that `each` refuses is an error, unless it is the last one and
/// was cut off.
pub(super) fn each(
    source: ResultBytes<'_>,
    delimiter: u8,
    mut each: impl FnMut(u64, &ByteRecord) -> anyhow::Result<()>,
) -> anyhow::Result<End> {
    let last = Cell::new(b'\n');
    let mut plain = source.open()?;
    refuse_utf16(plain.fill_buf().context("read its start")?)?;
    let watched = Watched {
        inner: plain,
        last: &last,
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(256 * 1024)
        .from_reader(watched);
    let mut record = ByteRecord::new();
    let mut pending: Option<(u64, anyhow::Error)> = None;
    let mut rows = 0_u64;
    loop {
        let more = match reader.read_byte_record(&mut record) {
            Ok(more) => more,
            Err(error) if is_cut(&error) && rows > 0 => return Ok(End::Cut),
            Err(error) => return Err(error.into()),
        };
        if let Some((line, error)) = pending.take() {
            if more || last.get() == b'\n' || rows < 2 {
                return Err(error.context(format!("line {line}")));
            }
            return Ok(End::Cut);
        }
        if !more {
            return Ok(End::Complete);
        }
        rows += 1;
        let line = record.position().map_or(0, Position::line);
        if record.as_slice().len() > 16 * 1024 * 1024 {
            bail!("line {line}: it is longer than 16 MiB");
        }
        if let Err(error) = each(line, &record) {
            pending = Some((line, error));
        }
    }
}

fn is_cut(error: &csv::Error) -> bool {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
        _ => false,
    }
}

/// Remembers the last byte that was read.
struct Watched<'a, R> {
    inner: R,
    last: &'a Cell<u8>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(byte) = read.checked_sub(1).and_then(|at| buffer.get(at)) {
            self.last.set(*byte);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> anyhow::Result<(Vec<f64>, End)> {
        let mut all = Vec::new();
        let end = each(ResultBytes::Bytes(text.as_bytes()), b',', |_, record| {
            all.push(Row::of(record).number(1, "number")?);
            Ok(())
        })?;
        Ok((all, end))
    }

    #[test]
    fn only_a_last_row_without_its_break_counts_as_cut_off() {
        assert_eq!(
            numbers("a,1\n\"b\nc\",2\n").unwrap(),
            (vec![1.0, 2.0], End::Complete)
        );
        assert_eq!(numbers("a,1\nb").unwrap(), (vec![1.0], End::Cut));
        let error = numbers("a,1\nb,x\nc,3\n").unwrap_err();
        assert_eq!(format!("{error:#}"), "line 2: column 2: `x` is no number");
        assert!(numbers("a,1\nb,x\n").is_err());
        assert!(numbers("a").is_err());
    }
}
