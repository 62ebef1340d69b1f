//! A stream of events that is heard while it comes: when each came, whether it is the last, and what checks need of it.

use std::time::{Duration, Instant};

use super::context::ThreadContext;
use super::script::PreparedCall;
use super::trace::Event;
use crate::load::clock::Moment;
use crate::load::definition::secret;
use crate::load::http::events::{EventReader, Listener, Stream, StreamEvent, is_event_stream};
use crate::load::http::{Failure, FailureKind, Response};
use crate::load::record::EventTimes;
use crate::load::request::StreamDecoder;
use crate::load::scenario::Events;
use crate::load::template::{Escape, Values};
use crate::text::duration;

/// How long the end of the answer is awaited behind the event that says that it is the last: with it, the connection can
/// be used again.
const REST: Duration = Duration::from_millis(100);
/// The most data that can be looked at.
const LARGEST: usize = 16 * 1024 * 1024;
/// As much of the last event says what it was.
const EXAMPLE: usize = 1024;

/// What one request hears.
pub struct Hearing<'a> {
    context: &'a ThreadContext,
    awaited: &'a Events,
    /// The data of the last event contains this.
    until: Option<String>,
    /// Whether the data of all events is looked at.
    keeps: bool,
    reader: EventReader,
    decoder: StreamDecoder,
    /// Whether the answer is a stream.
    is_stream: bool,
    /// When the request was sent.
    sent: Moment,
    /// When the head of the answer was there.
    begun: Instant,
    leaves: Option<Instant>,
    /// When the time of the step is over.
    deadline: Moment,
    /// The last one alone, where the others are not looked at.
    events: Vec<StreamEvent>,
    size: usize,
    count: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    between: Vec<Duration>,
    /// When the last event that was awaited came.
    ended: Option<Moment>,
}

impl<'a> Hearing<'a> {
    /// Nothing where the step awaits no events.
    pub fn of(
        context: &'a ThreadContext,
        call: &'a PreparedCall,
        (values, deadline): (&Values, Moment),
    ) -> Result<Option<Box<Self>>, Failure> {
        let Some(awaited) = &call.call.events else {
            return Ok(None);
        };
        let until = awaited.until.as_ref().map(|until| {
            let mut text = String::new();
            let rendered = until.render(values, Escape::None, &mut text);
            rendered
                .map(|()| text)
                .map_err(|missing| Failure::new(FailureKind::Capture, missing.to_string()))
        });
        Ok(Some(Box::new(Self {
            context,
            awaited,
            until: until.transpose()?,
            keeps: call.wanted.body,
            reader: EventReader::default(),
            decoder: StreamDecoder::Plain,
            is_stream: false,
            sent: context.now(),
            begun: Instant::now(),
            leaves: None,
            deadline,
            events: Vec::new(),
            size: 0,
            count: 0,
            first: None,
            last: None,
            between: Vec::new(),
            ended: None,
        })))
    }

    /// Before a request is sent.
    pub fn begin(&mut self, sent: Moment) {
        self.sent = sent;
    }

    /// Whether the answer is a stream, which was shown when it began.
    pub fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// When the answer was there, where that was before its last byte was read.
    pub fn ended(&self) -> Option<Moment> {
        self.ended
    }

    /// When its events came.
    pub fn times(&self) -> EventTimes<'_> {
        EventTimes {
            first: self.first.map(|first| first.since(self.sent)),
            between: &self.between,
        }
    }

    /// What did not come in time.
    pub fn late(&self, failure: Failure) -> Failure {
        match (failure.kind, self.is_stream, self.count) {
            (FailureKind::Timeout, true, 0) => Failure::new(failure.kind, "no event"),
            (FailureKind::Timeout, true, _) => {
                Failure::new(failure.kind, "no end of the stream of events")
            }
            _ => failure,
        }
    }

    /// Gives the answer what was heard of it.
    pub fn finish(&mut self, answer: &mut Response) {
        if !self.is_stream {
            return;
        }
        let flaw = self.flaw();
        let events = std::mem::take(&mut self.events);
        if self.keeps {
            let data = events.iter().map(|event| event.data.as_str());
            answer.body = data.collect::<Vec<_>>().join("\n").into();
        }
        answer.stream = Some(Box::new(Stream { events, flaw }));
    }

    /// Why what was heard is not what was awaited.
    fn flaw(&self) -> Option<Failure> {
        if self.ended.is_some() {
            return None;
        }
        let Events { count, lasts, .. } = self.awaited;
        let lasts_until = self.awaited.lasts.map(|lasts| self.begun + lasts);
        let is_over = lasts_until.is_some_and(|end| end <= Instant::now());
        let what = match (self.count, count, &self.until, lasts) {
            (0, _, _, Some(lasts)) if is_over => {
                format!("no event came for {}", duration::text(*lasts))
            }
            (0, ..) => "the stream ended without an event".to_owned(),
            _ if is_over => return None,
            (came, Some(count), None, _) => {
                format!("the stream ended behind {came} of {count} events")
            }
            (_, _, Some(until), _) => format!("the stream ended without an event with `{until}`"),
            (_, None, None, Some(lasts)) => {
                format!("the stream ended before {}", duration::text(*lasts))
            }
            (_, None, None, None) => return None,
        };
        let within = match self.reader.is_within() {
            true => ", within an event, which has no empty line behind it",
            false => "",
        };
        let failure = Failure::new(FailureKind::Check, format!("{what}{within}"));
        let last = self.events.last().map(|event| &event.data);
        let said = last.and_then(|data| {
            let begin = data
                .char_indices()
                .nth(EXAMPLE)
                .map_or(data.len(), |(at, _)| at);
            secret::said(data.get(..begin)?)
        });
        Some(match said {
            Some(said) => failure.example(format!("the last event was {said}")),
            None => failure,
        })
    }

    fn event(&mut self, event: StreamEvent, now: Moment) -> Result<(), Failure> {
        match self.last.replace(now) {
            None => self.first = Some(now),
            Some(before) => self.between.push(now.since(before)),
        }
        self.count += 1;
        self.context
            .trace(|| Event::Came(now.since(self.sent), event.clone()));
        let is_named = self
            .until
            .as_ref()
            .is_some_and(|until| event.data.contains(until.as_str()));
        let is_counted = self.awaited.count.is_some_and(|count| self.count >= count);
        if !self.keeps {
            self.events.clear();
            self.size = 0;
        }
        self.size += event.data.len();
        if self.size > LARGEST {
            let what = "more than 16 MiB of events cannot be looked at";
            return Err(Failure::new(FailureKind::Broken, what));
        }
        self.events.push(event);
        if is_named || is_counted {
            self.ended = Some(now);
            // An answer that is there is not late because its end is awaited.
            let left = self.deadline.since(now) / 2;
            let rest = if is_named {
                REST.min(left)
            } else {
                Duration::ZERO
            };
            self.leaves = Some(Instant::now() + rest);
        }
        Ok(())
    }
}

impl Listener for Hearing<'_> {
    fn begins(&mut self, answer: &Response) -> Result<bool, Failure> {
        self.is_stream = answer.status < 300 && is_event_stream(answer);
        if !self.is_stream {
            return Ok(false);
        }
        self.decoder = StreamDecoder::of(answer)?;
        self.begun = answer.begun.unwrap_or(self.begun);
        self.leaves = self.awaited.lasts.map(|lasts| self.begun + lasts);
        self.context.trace(|| Event::Answered(answer.clone()));
        Ok(true)
    }

    fn hears(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if self.ended.is_some() {
            // What comes behind the last event was not awaited.
            return Ok(());
        }
        let plain = self.decoder.piece(piece)?;
        let now = self.context.now();
        let mut came = Vec::new();
        let read = self
            .reader
            .read(plain.as_deref().unwrap_or(piece), &mut |event| {
                came.push(event)
            });
        for event in came {
            self.event(event, now)?;
            if self.ended.is_some() {
                return Ok(());
            }
        }
        read.map_err(|what| Failure::new(FailureKind::Broken, what))
    }

    fn leaves_at(&self) -> Option<Instant> {
        self.leaves
    }
}
