//! CSV records as Python writes them, streamed in constant memory.
//!
//! Not the csv crate, for three reasons. It does not tell that a quote was still open at the end of the file, nor
//! whether the last record had its line end, and both show that the writer was stopped. It gives fields without their
//! quotes, where a history's name is looked up as it stands in the file. And it takes longer: records of a history alone
//! are split at 870 MB/s of CPU time, here at 1,500 MB/s, which is the difference between about 430 and 540 MB/s for a
//! gigabyte with its numbers read (`cargo bench --bench history`, which has the csv crate beside it).

use std::borrow::Cow;
use std::io::{BufRead, Read};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::{source, text};

/// No record of Locust's comes near it; what does is not its CSV.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;

pub(super) struct Records<R> {
    reader: R,
    record: Vec<u8>,
    /// Where each field starts, and one behind the last where a further one would.
    starts: Vec<usize>,
    /// The line that the record starts on, counted from 1.
    line: u64,
    lines_read: u64,
    ended: bool,
}

/// One record, borrowed until the next is read.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    starts: &'a [usize],
    pub line: u64,
    /// Whether the record has its line end: one without may have been cut in its last field.
    pub ended: bool,
}

impl<R: BufRead> Records<R> {
    /// Refuses what is empty or UTF-16 as every format does, and passes over a byte order mark.
    pub(super) fn of(mut reader: R) -> anyhow::Result<Self> {
        let head = reader.fill_buf().context("read its first bytes")?;
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            reader.consume(3);
        } else if let Some(&[0xff, 0xfe] | &[0xfe, 0xff]) = head.first_chunk::<2>() {
            text::decode(head.to_vec())?;
        }
        Ok(Self {
            reader,
            record: Vec::new(),
            starts: Vec::new(),
            line: 0,
            lines_read: 0,
            ended: true,
        })
    }

    /// The next record that is not a blank line.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Record<'_>>> {
        loop {
            self.record.clear();
            self.starts.clear();
            self.starts.push(0);
            self.line = self.lines_read + 1;
            if !self.append_line()? {
                return Ok(None);
            }
            self.split()?;
            if self.drop_line_end() {
                break;
            }
        }
        Ok(Some(Record {
            bytes: &self.record,
            starts: &self.starts,
            line: self.line,
            ended: self.ended,
        }))
    }

    fn append_line(&mut self) -> anyhow::Result<bool> {
        let room = (LONGEST_RECORD + 1).saturating_sub(self.record.len());
        let read = (&mut self.reader)
            .take(room as u64)
            .read_until(b'\n', &mut self.record)
            .with_context(|| format!("line {}", self.line))?;
        if self.record.len() > LONGEST_RECORD {
            return Err(anyhow!("line {}: it is longer than 16 MiB", self.line))
                .hint("this is not a line of Locust's: check the path");
        }
        self.lines_read += 1;
        Ok(read > 0)
    }

    /// Finds the fields of a line, and of those after it while a quote is open.
    fn split(&mut self) -> anyhow::Result<()> {
        let (mut seen, mut inside) = (0, false);
        loop {
            let mut splitter = Splitter {
                starts: &mut self.starts,
                inside,
            };
            splitter.split(seen, self.record.get(seen..).unwrap_or_default());
            inside = splitter.inside;
            seen = self.record.len();
            if !inside {
                return Ok(());
            }
            if !self.append_line()? {
                return Err(anyhow!(
                    "line {}: a quote is opened and not closed",
                    self.line
                ))
                .hint("the file may be cut short: was the run stopped while it wrote?");
            }
        }
    }

    /// Whether anything is left.
    fn drop_line_end(&mut self) -> bool {
        self.ended = self.record.last() == Some(&b'\n');
        for end in [b'\n', b'\r'] {
            if self.record.last() == Some(&end) {
                self.record.pop();
            }
        }
        self.starts.push(self.record.len() + 1);
        !self.record.trim_ascii_start().is_empty()
    }
}

struct Splitter<'a> {
    starts: &'a mut Vec<usize>,
    /// Within quotes.
    inside: bool,
}

impl Splitter<'_> {
    /// Eight bytes at a time: byte by byte this alone would take the time of the whole promise.
    fn split(&mut self, from: usize, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        let mut at = from;
        for word in words {
            let bytes = u64::from_le_bytes(*word);
            if positions(bytes, b'"') != 0 {
                self.bytes(at, word);
            } else if !self.inside {
                let mut commas = positions(bytes, b',');
                while commas != 0 {
                    self.starts
                        .push(at + commas.trailing_zeros() as usize / 8 + 1);
                    commas &= commas - 1;
                }
            }
            at += 8;
        }
        self.bytes(at, rest);
    }

    fn bytes(&mut self, at: usize, bytes: &[u8]) {
        for (at, byte) in (at..).zip(bytes) {
            match byte {
                b'"' => self.inside = !self.inside,
                b',' if !self.inside => self.starts.push(at + 1),
                _ => {}
            }
        }
    }
}

/// The high bit of each byte that equals the one looked for. A sum of seven bits cannot carry into
/// the next byte, so there is no false one.
fn positions(bytes: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    let zero_where_equal = bytes ^ u64::from_le_bytes([byte; 8]);
    !(((zero_where_equal & LOW) + LOW) | zero_where_equal | LOW)
}

impl<'a> Record<'a> {
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// A field as it stands in the file, quotes and all. Empty where there is none.
    pub(super) fn raw(&self, index: usize) -> &'a [u8] {
        match self.starts.get(index..index + 2) {
            Some(&[start, next]) => self.bytes.get(start..next - 1).unwrap_or_default(),
            _ => &[],
        }
    }

    /// A field's text, its quotes taken off.
    pub(super) fn text(&self, index: usize) -> anyhow::Result<Cow<'a, str>> {
        let text = std::str::from_utf8(self.raw(index))
            .map_err(|_| anyhow!("line {}: it is not UTF-8", self.line))
            .hint(source::CONVERT)?;
        let inner = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        Ok(match inner {
            Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
            Some(inner) => Cow::Borrowed(inner),
            None => Cow::Borrowed(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(csv: &str) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::of(csv.as_bytes()).unwrap();
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let texts = (0..record.len()).map(|i| record.text(i).unwrap().into_owned());
            all.push((record.line, texts.collect()));
        }
        all
    }

    #[test]
    fn quoted_fields_keep_commas_quotes_and_line_ends() {
        let csv = "a,b\r\n\"x,\"\"y\"\"\",2\r\n\r\n\"one\ntwo\",3\nlast,";
        let texts = [
            (1, ["a", "b"]),
            (2, ["x,\"y\"", "2"]),
            (4, ["one\ntwo", "3"]),
            (6, ["last", ""]),
        ];
        assert_eq!(
            all(csv),
            texts.map(|(line, t)| (line, t.map(str::to_owned).to_vec()))
        );
    }

    #[test]
    fn what_the_csv_crate_reads_is_read_alike() {
        let history = include_bytes!("../../../tests/fixtures/locust/base-1/run_stats_history.csv");
        let mut theirs = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&history[..]);
        let theirs: Vec<Vec<String>> = theirs
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let ours = all(std::str::from_utf8(history).unwrap());
        assert_eq!(
            ours.into_iter().map(|(_, texts)| texts).collect::<Vec<_>>(),
            theirs
        );
    }

    #[test]
    fn a_line_without_end_is_refused_in_bounded_memory() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let error = Records::of(endless).unwrap().next().map(drop).unwrap_err();
        assert_eq!(format!("{error:#}"), "line 1: it is longer than 16 MiB");
        let unclosed = std::io::Cursor::new(b"\"").chain(std::io::repeat(b'\n'));
        let error = Records::of(std::io::BufReader::new(unclosed))
            .unwrap()
            .next()
            .map(drop);
        assert!(format!("{:#}", error.unwrap_err()).contains("16 MiB"));
    }
}
