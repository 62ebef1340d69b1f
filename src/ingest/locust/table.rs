//! A CSV table by its header: columns by name, cells as numbers, errors with line and column.

use std::borrow::Cow;
use std::io::BufRead;

use anyhow::{anyhow, bail};

use super::records::{Record, Records};
use crate::hint::WithHint;
use crate::ingest::text;
use crate::model::Quantile;

/// Locust reports eleven unless told otherwise.
const MOST_PERCENTILES: usize = 100;

pub(super) struct Table<R> {
    records: Records<R>,
    header: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    index: usize,
    name: String,
}

#[derive(Clone, Copy)]
pub(super) struct Row<'a>(Record<'a>);

/// A cell put by: of a million rows only the last one's figure may be needed as a number.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptCell {
    raw: Vec<u8>,
    line: u64,
}

impl KeptCell {
    pub(super) fn keep(&mut self, row: &Row<'_>, column: &Column) -> anyhow::Result<()> {
        row.uncut(column)?;
        self.raw.clear();
        self.raw.extend_from_slice(row.raw(column));
        self.line = row.line();
        Ok(())
    }

    /// What `Row::number` says of the cell.
    pub(super) fn number(&self, column: &Column) -> anyhow::Result<f64> {
        let text = String::from_utf8_lossy(&self.raw);
        number(text.trim_matches('"')).map_err(|what| fault(self.line, column, &self.raw, what))
    }
}

impl<R: BufRead> Table<R> {
    pub(super) fn of(reader: R) -> anyhow::Result<Self> {
        let mut records = Records::of(reader)?;
        let Some(first) = records.next()? else {
            text::decode(Vec::new())?;
            bail!("it is empty");
        };
        let header = (0..first.len())
            .map(|index| first.text(index).map(Cow::into_owned))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { records, header })
    }

    pub(super) fn optional(&self, name: &str) -> anyhow::Result<Option<Column>> {
        let mut found = (0..).zip(&self.header).filter(|(_, title)| *title == name);
        let column = found.next().map(|(index, _)| Column {
            index,
            name: name.to_owned(),
        });
        if found.next().is_some() {
            bail!("line 1: column `{name}` occurs twice");
        }
        Ok(column)
    }

    pub(super) fn required(&self, name: &str) -> anyhow::Result<Column> {
        match self.optional(name)? {
            Some(column) => Ok(column),
            None => Err(anyhow!("line 1: there is no column `{name}`"))
                .hint("Locust 1.0 and later write it; was the header edited or cut?"),
        }
    }

    /// The percentile columns but `100%`, which rounds the maximum that has a column of its own.
    pub(super) fn percentiles(&self) -> anyhow::Result<Vec<(Quantile, Column)>> {
        let mut columns: Vec<(Quantile, Column)> = Vec::new();
        for (index, title) in (0..).zip(&self.header) {
            let percent = title.strip_suffix('%').and_then(|n| n.parse::<f64>().ok());
            let quantile = percent.and_then(|percent| Quantile::from_fraction(percent / 100.0));
            let Some(quantile) = quantile.filter(|quantile| *quantile < Quantile::MAX) else {
                continue;
            };
            if columns.iter().any(|(other, _)| *other == quantile) {
                bail!("line 1: column `{title}` occurs twice");
            }
            if columns.len() == MOST_PERCENTILES {
                bail!("line 1: there are more than {MOST_PERCENTILES} percentile columns");
            }
            let name = title.clone();
            columns.push((quantile, Column { index, name }));
        }
        Ok(columns)
    }

    /// The next row. One that does not fit the header was cut, or is not of this table.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row<'_>>> {
        let columns = self.header.len();
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        if record.len() != columns {
            let (line, fields) = (record.line, record.len());
            return Err(anyhow!(
                "line {line}: it has {fields} fields, and the header has {columns}"
            ))
            .hint("the file may be cut short: was the run stopped while it wrote?");
        }
        Ok(Some(Row(record)))
    }
}

impl<'a> Row<'a> {
    pub(super) fn line(&self) -> u64 {
        self.0.line
    }

    pub(super) fn raw(&self, column: &Column) -> &'a [u8] {
        self.0.raw(column.index)
    }

    pub(super) fn text(&self, column: &Column) -> anyhow::Result<Cow<'a, str>> {
        self.0.text(column.index)
    }

    /// A whole number.
    pub(super) fn count(&self, column: &Column) -> anyhow::Result<u64> {
        self.uncut(column)?;
        match whole(self.raw(column)) {
            Some(count) => Ok(count),
            None => self
                .text(column)?
                .parse()
                .map_err(|_| self.fault(column, "is not a whole number")),
        }
    }

    /// A number that is finite and not negative: nothing that Locust measures is.
    pub(super) fn number(&self, column: &Column) -> anyhow::Result<f64> {
        self.uncut(column)?;
        number(&self.text(column)?).map_err(|what| self.fault(column, what))
    }

    /// The same, or `None` where Locust had nothing to report.
    pub(super) fn known(&self, column: &Column) -> anyhow::Result<Option<f64>> {
        match self.raw(column) {
            b"N/A" | b"\"N/A\"" => Ok(None),
            _ => self.number(column).map(Some),
        }
    }

    /// Whole milliseconds, or `None` where Locust had nothing to report.
    pub(super) fn known_ms(&self, column: &Column) -> anyhow::Result<Option<u64>> {
        match whole(self.raw(column)) {
            Some(ms) => self.uncut(column).map(|()| Some(ms)),
            None => Ok(self.known(column)?.map(nearest)),
        }
    }

    /// A number at the very end of a file without its line end could be half of one.
    fn uncut(&self, column: &Column) -> anyhow::Result<()> {
        if self.0.ended || column.index + 1 < self.0.len() {
            return Ok(());
        }
        Err(anyhow!(
            "line {}: the last line has no end, so its last number may be cut",
            self.0.line
        ))
        .hint("if the file is whole, end it with a newline")
    }

    fn fault(&self, column: &Column, what: &str) -> anyhow::Error {
        fault(self.0.line, column, self.raw(column), what)
    }
}

fn fault(line: u64, column: &Column, cell: &[u8], what: &str) -> anyhow::Error {
    let cell = String::from_utf8_lossy(cell);
    let shown: String = cell.chars().take(40).collect();
    anyhow!("line {line}, column `{}`: `{shown}` {what}", column.name)
}

fn number(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => Err("is not a finite number"),
        Ok(number) if number < 0.0 => Err("is negative"),
        Ok(number) => Ok(number),
        Err(_) => Err("is not a number"),
    }
}

/// Plain digits, which is what nearly every cell holds.
fn whole(bytes: &[u8]) -> Option<u64> {
    // Nineteen digits always fit.
    if bytes.is_empty() || bytes.len() > 19 {
        return None;
    }
    let mut number = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

fn nearest(ms: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite and not negative by the cell's check; `as` saturates above"
    )]
    let whole = ms.round() as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: &str) -> anyhow::Result<f64> {
        let csv = format!("Name,95%,100%\n/x,{value},9\n");
        let mut table = Table::of(csv.as_bytes())?;
        let column = table.required("95%")?;
        let row = table.next()?.unwrap();
        row.number(&column)
    }

    #[test]
    fn what_is_not_a_time_is_refused_by_line_and_column() {
        assert_eq!(cell("12.5").unwrap().to_string(), "12.5");
        assert_eq!(cell("\"12\"").unwrap().to_string(), "12");
        for (value, message) in [
            ("abc", "line 2, column `95%`: `abc` is not a number"),
            ("", "line 2, column `95%`: `` is not a number"),
            ("nan", "line 2, column `95%`: `nan` is not a finite number"),
            (
                "-inf",
                "line 2, column `95%`: `-inf` is not a finite number",
            ),
            ("-3", "line 2, column `95%`: `-3` is negative"),
        ] {
            assert_eq!(format!("{:#}", cell(value).unwrap_err()), message);
        }
    }

    #[test]
    fn whole_numbers_do_not_wrap() {
        assert_eq!(
            whole(b"9999999999999999999"),
            Some(9_999_999_999_999_999_999)
        );
        assert_eq!(whole(b"18446744073709551616"), None);
        assert_eq!(whole(b"1.0"), None);
        assert_eq!(whole(b""), None);
    }
}
