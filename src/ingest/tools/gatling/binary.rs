//! The log of 3.13 and later: big-endian records, with names written once and then referred to by a number.

use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read};

use anyhow::{Context, anyhow, bail};

use super::{KIND, subject};
use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::records::{self, Record, Sink};
use crate::ingest::sheet::Sheet;
use crate::ingest::source::{End, ResultBytes};
use crate::model::{Role, Run};

/// No name or message is longer.
const LONGEST_TEXT: u32 = 1024 * 1024;
const MOST_ITEMS: u32 = 10_000;

/// A zero byte and the version as a string.
pub(super) fn is_log(bytes: &[u8]) -> bool {
    let Some((&[0], rest)) = bytes.split_first_chunk::<1>() else {
        return false;
    };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else {
        return false;
    };
    let length = u32::from_be_bytes(*length);
    let version = usize::try_from(length)
        .ok()
        .and_then(|length| rest.get(..length));
    (3..=32).contains(&length)
        && version.is_some_and(|version| {
            version.first().is_some_and(u8::is_ascii_digit)
                && version.contains(&b'.')
                && version.iter().all(|byte| byte.is_ascii_graphic())
        })
}

pub(super) fn read(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut decoder = Decoder::new(*source)?;
    let run = decoder.run().context("its first record")?;
    let mut sheet = Sheet::new("gatling", Some(&run.version));
    if !run.class.is_empty() {
        sheet.provenance().scenario = Some(run.class);
    }
    records::read(*source, options, KIND, each)?.write(&mut sheet)?;
    sheet.run()
}

struct RunRecord {
    version: String,
    class: String,
    start_ms: f64,
}

struct Decoder<'a> {
    reader: Box<dyn BufRead + 'a>,
    cached: HashMap<i32, String>,
    /// How many bytes were read.
    at: u64,
}

impl<'a> Decoder<'a> {
    fn new(source: ResultBytes<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            reader: source.open()?,
            cached: HashMap::new(),
            at: 0,
        })
    }

    fn bytes<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn byte(&mut self) -> std::io::Result<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    fn int(&mut self) -> std::io::Result<i32> {
        self.bytes().map(i32::from_be_bytes)
    }

    fn skip(&mut self, length: u32) -> std::io::Result<Vec<u8>> {
        if length > LONGEST_TEXT {
            return Err(std::io::Error::new(
                ErrorKind::InvalidData,
                format!("a text of {length} bytes"),
            ));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.reader)
            .take(u64::from(length))
            .read_to_end(&mut bytes)?;
        self.at += read as u64;
        if u32::try_from(read).is_ok_and(|read| read < length) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    fn length(&mut self, most: u32) -> std::io::Result<u32> {
        let length = self.int()?;
        u32::try_from(length)
            .ok()
            .filter(|length| *length <= most)
            .ok_or_else(|| {
                std::io::Error::new(ErrorKind::InvalidData, format!("{length} is no length"))
            })
    }

    /// Bytes, then one that says how they are to be read: 0 is Latin-1, 1 is UTF-16.
    fn string(&mut self) -> std::io::Result<String> {
        let length = self.length(LONGEST_TEXT)?;
        if length == 0 {
            return Ok(String::new());
        }
        let bytes = self.skip(length)?;
        Ok(match self.byte()? {
            0 => bytes.into_iter().map(char::from).collect(),
            _ => {
                let units = bytes.chunks(2).map(|pair| match pair {
                    [low, high] => u16::from_le_bytes([*low, *high]),
                    _ => 0xfffd,
                });
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or('\u{fffd}'))
                    .collect()
            }
        })
    }

    /// A new name comes with a number above zero, a known one is its number below zero.
    fn cached(&mut self) -> std::io::Result<String> {
        let number = self.int()?;
        if number >= 0 {
            let text = self.string()?;
            if self.cached.len() < 100_000 {
                self.cached.insert(number, text.clone());
            }
            return Ok(text);
        }
        let known = number
            .checked_neg()
            .and_then(|number| self.cached.get(&number));
        known.cloned().ok_or_else(|| {
            std::io::Error::new(
                ErrorKind::InvalidData,
                format!("name {number} was not written before"),
            )
        })
    }

    fn groups(&mut self) -> std::io::Result<Vec<String>> {
        let n = self.length(MOST_ITEMS)?;
        (0..n).map(|_| self.cached()).collect()
    }

    fn run(&mut self) -> anyhow::Result<RunRecord> {
        if self.byte()? != 0 {
            bail!("it does not begin like a log of Gatling");
        }
        let version = self.string()?;
        let class = self.string()?;
        #[expect(clippy::cast_precision_loss, reason = "a time in ms is below 2^53")]
        let start_ms = i64::from_be_bytes(self.bytes()?) as f64;
        self.string()?;
        for _ in 0..self.length(MOST_ITEMS)? {
            self.string()?;
        }
        for _ in 0..self.length(MOST_ITEMS)? {
            let length = self.length(LONGEST_TEXT)?;
            self.skip(length)?;
        }
        Ok(RunRecord {
            version,
            class,
            start_ms,
        })
    }
}

enum Next {
    Request {
        groups: Vec<String>,
        name: String,
        start: f64,
        end: f64,
        ok: bool,
        message: String,
    },
    Other,
}

impl Decoder<'_> {
    fn next(&mut self, kind: u8) -> std::io::Result<Option<Next>> {
        Ok(Some(match kind {
            1 => {
                let groups = self.groups()?;
                let name = self.cached()?;
                let (start, end) = (f64::from(self.int()?), f64::from(self.int()?));
                let ok = self.byte()? != 0;
                let message = self.cached()?;
                Next::Request {
                    groups,
                    name,
                    start,
                    end,
                    ok,
                    message,
                }
            }
            2 => {
                self.bytes::<9>()?;
                Next::Other
            }
            3 => {
                self.groups()?;
                self.bytes::<13>()?;
                Next::Other
            }
            4 => {
                self.cached()?;
                self.bytes::<4>()?;
                Next::Other
            }
            _ => return Ok(None),
        }))
    }
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut decoder = Decoder::new(source)?;
    let run = decoder.run().context("its first record")?;
    loop {
        let at = decoder.at;
        let kind = match decoder.byte() {
            Ok(kind) => kind,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(End::Complete),
            Err(error) => return Err(error.into()),
        };
        let next = match decoder.next(kind) {
            Ok(next) => next,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(End::Cut),
            Err(error) => return Err(anyhow!("byte {at}: {error}")),
        };
        let Some(next) = next else {
            return Err(anyhow!("byte {at}: {kind} is no kind of record")).hint(
                "this version of Gatling may write another log: the versions that are read stand in the documentation of formats",
            );
        };
        if let Next::Request {
            groups,
            name,
            start,
            end,
            ok,
            message,
        } = next
        {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            sink(&Record {
                subject: &subject(&groups, &name),
                role: Role::Outcome,
                start_s: Some((run.start_ms + start) / 1e3),
                ms: end - start,
                failed: (!ok).then_some(if message.is_empty() { "KO" } else { &message }),
            })
            .with_context(|| format!("byte {at}"))?;
        }
    }
}
