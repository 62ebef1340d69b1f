//! JTL as XML: samples may hold other samples, and each request counts once.

use std::io::BufRead;

use anyhow::{Context, anyhow};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{STEP_MS, is_transaction, reason};
use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::records::{self, Record, RecordConventions, Sink};
use crate::ingest::sheet::Sheet;
use crate::ingest::source::{self, End, ResultBytes};
use crate::model::{Role, Run};

pub(super) fn read(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let mut sheet = Sheet::new("jmeter", None);
    let kind = RecordConventions {
        step_ms: STEP_MS,
        rate_is_fixed: false,
        epoch: true,
    };
    let records = records::read(*source, options, kind, each)?;
    records.write(&mut sheet)?;
    sheet.run()
}

/// A sample whose end tag has not been seen yet.
#[derive(Default)]
struct Open {
    transaction: bool,
}

#[derive(Default)]
struct Sample {
    elapsed: f64,
    start_ms: Option<f64>,
    success: bool,
    label: String,
    code: String,
    /// It repeats the requests inside it.
    transaction: bool,
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    let mut reader = Reader::from_reader(source.open()?);
    let mut buffer = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut closed = false;
    let mut samples = 0_u64;
    loop {
        buffer.clear();
        let place = reader.buffer_position();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            // A file that was not closed is one whose run was stopped.
            Err(_) if samples > 0 && is_at_end(&mut reader) => return Ok(End::Cut),
            Err(error) => {
                return Err(anyhow!("byte {place}: {error}")).hint(
                    "the file may hold two results one after another: let JMeter write a new file",
                );
            }
        };
        match event {
            Event::Start(tag) if is_sample(&tag) => {
                samples += 1;
                let sample = Sample::of(&tag).with_context(|| format!("byte {place}"))?;
                sample.give(&open, sink)?;
                open.push(Open {
                    transaction: sample.transaction,
                });
            }
            Event::Empty(tag) if is_sample(&tag) => {
                samples += 1;
                let sample = Sample::of(&tag).with_context(|| format!("byte {place}"))?;
                sample.give(&open, sink)?;
            }
            Event::End(tag) => match tag.name().as_ref() {
                b"httpSample" | b"sample" => {
                    open.pop();
                }
                b"testResults" => closed = true,
                _ => {}
            },
            Event::Eof => {
                return Ok(if closed { End::Complete } else { End::Cut });
            }
            _ => {}
        }
    }
}

fn is_at_end<R: BufRead>(reader: &mut Reader<R>) -> bool {
    reader.get_mut().fill_buf().is_ok_and(<[u8]>::is_empty)
}

fn is_sample(tag: &BytesStart<'_>) -> bool {
    matches!(tag.name().as_ref(), b"httpSample" | b"sample")
}

impl Sample {
    fn of(tag: &BytesStart<'_>) -> anyhow::Result<Self> {
        let mut sample = Self::default();
        let mut timed = false;
        let (mut message, mut data_type) = (String::new(), None);
        for attribute in tag.attributes() {
            let attribute = attribute?;
            if std::str::from_utf8(&attribute.value).is_err() {
                return Err(anyhow!("it is not UTF-8")).hint(source::CONVERT);
            }
            let text = attribute.unescape_value()?;
            match attribute.key.as_ref() {
                b"t" => {
                    sample.elapsed = text
                        .parse()
                        .with_context(|| format!("`{text:.40}` is no response time"))?;
                    timed = true;
                }
                b"ts" => sample.start_ms = text.parse().ok(),
                b"s" => sample.success = text == "true",
                b"lb" => sample.label = text.into_owned(),
                b"rc" => sample.code = text.into_owned(),
                b"rm" => message = text.into_owned(),
                b"dt" => data_type = Some(text.into_owned()),
                _ => {}
            }
        }
        // One that the end of the run cut short, or in which a request failed, has no message.
        let is_unlike_a_request = tag.name().as_ref() == b"sample"
            && message.is_empty()
            && data_type.as_deref() == Some("");
        sample.transaction = is_transaction(message.as_bytes()) || is_unlike_a_request;
        if !timed {
            return Err(anyhow!("a sample has no response time (`t`)"));
        }
        Ok(sample)
    }

    /// Inside a transaction are requests; inside a request are its redirects and embedded files, which it counts itself.
    fn give(
        &self,
        open: &[Open],
        sink: &mut dyn FnMut(&Record<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if open.iter().any(|outer| !outer.transaction) {
            return Ok(());
        }
        let role = if self.transaction {
            Role::Total
        } else {
            Role::Outcome
        };
        let reason = reason(&self.code, "");
        sink(&Record {
            subject: &self.label,
            role,
            start_s: self.start_ms.map(|ms| ms / 1e3),
            ms: self.elapsed,
            failed: (!self.success).then_some(reason.as_str()),
        })
    }
}
